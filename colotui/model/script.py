"""A plan as a shell script that a careful person can read, keep, and run by hand instead of colotui."""

from __future__ import annotations

import shlex
import time
from collections.abc import Collection, Mapping

from colotui.model.pair import HostSpec
from colotui.model.plan import Plan, Step
from colotui.model.text import plain

_END = "COLOTUI"

_HEAD = r"""set -u
# -y goes through all steps without asking. Nothing else is read from the command line.
ask() {
  printf '\n%s\n  on %s\n' "$1" "$2"
  [ "${yes:-}" = -y ] && return 0
  printf '  Enter runs it, s leaves it out, Ctrl-C ends: '
  read -r answer && [ "$answer" != s ]
}
hand() {
  printf '\n%s\n  on %s, by hand:\n  %s\n' "$1" "$2" "$3"
  [ "${yes:-}" = -y ] && return 0
  printf '  done? Enter goes on, Ctrl-C ends: '
  read -r answer
}
failed() {
  printf '\nThat failed; nothing after it was run. Mend it, then run the script again from its beginning.\n' >&2
  exit 1
}
yes=${1:-}
"""


def script_text(
    plan: Plan, hosts: Mapping[str, HostSpec], made_at: float, already: Collection[int] = frozenset()
) -> str:
    """The script. Steps with shell lines run on their host over ssh; it asks before each one.

    `already`: indexes of the steps that were found to be so; they stand in it as remarks.

    Commands for QEMU's monitor are no shell commands: those are printed for the operator to give to the monitor.
    All texts are quoted and of one line, so no string of a host is ever executed as anything but itself.
    """
    when = time.strftime("%d %b %Y %H:%M:%S", time.localtime(made_at))
    lines = [
        "#!/bin/sh",
        f"# {plain(plan.title)}",
        f"# colotui's plan as it was on {when}. The hosts may have changed since: look first.",
        *(f"# {plain(line.label)}: {plain(line.text)}" for line in plan.lines),
        _HEAD.rstrip(),
    ]
    for number, step in enumerate(plan.steps, start=1):
        if number - 1 in already:
            lines += ["", f"# {number}. {plain(step.host)}: {plain(step.title)}: already so"]
        else:
            lines += ["", *_step(number, step, hosts.get(step.host))]
    return "\n".join(lines) + "\n"


def _step(number: int, step: Step, spec: HostSpec | None) -> list[str]:
    title = shlex.quote(f"{number}. {plain(step.title)}: {plain(step.why)}")
    where = shlex.quote(plain(f"{step.host} ({spec.address})" if spec else step.host))
    if not step.script or spec is None:
        return [f"hand {title} {where} {shlex.quote(plain(step.command))}"]
    return [
        f"if ask {title} {where}; then",
        f"{login(spec)} <<'{_END}' || failed",
        *(line for line in step.script if line != _END),
        _END,
        "fi",
    ]


def login(spec: HostSpec) -> str:
    """The shell line that runs its input as root on a host."""
    shell = "sh -eu" if spec.user == "root" else "sudo -n sh -eu"
    if spec.is_local:
        return "sudo sh -eu"
    words = ["ssh", "-o", "BatchMode=yes"]
    if spec.port != 22:
        words += ["-p", str(spec.port)]
    if spec.key:
        words += ["-i", spec.key]
    if spec.known_hosts:
        words += ["-o", f"UserKnownHostsFile={spec.known_hosts}"]
    return shlex.join([*words, f"{spec.user}@{spec.address}", shell])

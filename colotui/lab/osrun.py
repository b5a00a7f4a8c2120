"""Run the operating system's tools and turn their failures into one sentence."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from colotui.errors import LabError

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""A user's PATH often lacks the sbin folders, where half of these tools are."""

_NETWORK = re.compile(r"fail\w* (getting|to fetch|retriev)|couldn't download|resolve|connect", re.IGNORECASE)

_PACKAGES = {
    "debootstrap": "debootstrap",
    "ip": "iproute2",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "mount": "mount",
    "modprobe": "kmod",
}


def environment() -> dict[str, str]:
    """A small, fixed environment: the same messages everywhere, proxies passed on."""
    kept = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    return kept | {"PATH": PATH, "LC_ALL": "C", "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive", "TERM": "dumb"}


def tied(argv: Sequence[str]) -> list[str]:
    """`argv` so that the kernel kills it when its parent ends, however that happens."""
    return ["setpriv", "--pdeathsig", "KILL", "--", *argv]


def inside(root: Path, folder: Path, argv: Sequence[str]) -> list[str]:
    """`argv` run in `root` with `folder` seen as /mnt there; the root itself is not written to."""
    script = 'mount --bind "$1" "$2/mnt" && root=$2 && shift 2 && exec chroot "$root" "$@"'
    return ["unshare", "--mount", "--", "/bin/sh", "-c", script, "inside", str(folder), str(root), *argv]


def run(argv: Sequence[str], *, what: str, text: str = "", timeout: float = 60.0) -> str:
    """Run to the end and return its output; LabError `what` with its last line when it fails."""
    try:
        done = subprocess.run(
            argv, input=text, capture_output=True, text=True, errors="replace", timeout=timeout, env=environment()
        )
    except FileNotFoundError as error:
        raise missing(argv[0]) from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{what}: `{argv[0]}` did not end within {timeout:g} s.") from error
    if done.returncode:
        raise LabError(f"{what}: {last_line(done.stderr or done.stdout, done.returncode)}")
    return done.stdout


def follow(argv: Sequence[str], *, what: str, log: Path, line: Callable[[str], None]) -> None:
    """Run a long command; every line of its output goes to `log` and to `line`. It dies with this process."""
    try:
        process = subprocess.Popen(
            tied(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment(),
        )
    except FileNotFoundError as error:
        raise missing("setpriv") from error
    said: list[str] = []
    with log.open("a") as out:
        try:
            assert process.stdout is not None
            for text in process.stdout:
                out.write(text)
                said = [*said[-20:], text.strip()]
                line(text.strip())
            status = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
    if status:
        errors = [text for text in said if text.startswith(("E:", "W: Failure", "unshare:"))] or [t for t in said if t]
        why = last_line("\n".join(errors), status).removeprefix("E: ")
        network = " Is there a network? Another mirror: --mirror URL." if _NETWORK.search(why) else ""
        raise LabError(f"{what}: {why}", f"All it said is in {log}.{network}")


def last_line(text: str, status: int) -> str:
    """What a failed command said last, as one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and "dmesg(1)" not in line]
    return lines[-1][:300] if lines else f"it ended with status {status} and said nothing"


def missing(command: str) -> LabError:
    """The error for a tool that is not there, with the package that has it."""
    package = _PACKAGES.get(command, command)
    return LabError(f"`{command}` is not on this machine.", f"Install the package {package} and try again.")


def has(command: str) -> bool:
    """Is the tool there?"""
    return shutil.which(command, path=PATH) is not None


def need(commands: Sequence[str], say: Callable[[str], None]) -> None:
    """Make sure that the tools are there: by apt where there is apt, after saying so, else LabError."""
    absent = [command for command in commands if not has(command)]
    if not absent:
        return
    if not has("apt-get"):
        raise missing(absent[0])
    packages = sorted({_PACKAGES[command] for command in absent})
    say(f"installing {', '.join(packages)} on this machine (apt-get)")
    with contextlib.suppress(LabError):  # the lists that are there may do
        run(["apt-get", "-qq", "update"], what="apt-get update", timeout=300)
    run(
        ["apt-get", "-qqy", "--no-install-recommends", "install", *packages],
        what=f"installing {', '.join(packages)}",
        timeout=600,
    )
    for command in absent:
        if not has(command):
            raise missing(command)

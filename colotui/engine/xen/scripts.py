"""Lines of what stands around libxl: classic COLO's hotplug scripts, blktap2's syslog, and a domain's own xl log."""

from __future__ import annotations

import re
from dataclasses import dataclass

from colotui.engine.xen.log import LONGEST
from colotui.model.incident import Fact, Source

_SET = re.compile(
    r"Successful colo-agent-setup setup for (\S{1,64})\s+ifb_primary:\s*(\S{1,15}),\s+ifb_secondary:\s*(\S{1,15}),\s+"
    r"forwarddev:\s*(\S{1,15})\s*$"
)
_PROXY_SET = re.compile(r"Successful colo-proxy-setup\b")
_HOTPLUG: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("no-ifb", re.compile(r"Unable to find a free ifb device for \S")),
    ("tc-failed", re.compile(r"Unable to add ingress qdisc to nic |Unable to redirect ip packets from ")),
    ("tc-failed", re.compile(r"Unable to copy and forward ")),
    ("not-promiscuous", re.compile(r"device \S{1,64} cannot enter promiscuous mode")),
    ("wrong-mode", re.compile(r"Invalid mode: ")),
)
_BLKTAP = re.compile(r"(?:^|[ \]:])COLO: (.*)$")
_BLKTAP_WORDS: tuple[tuple[str, str], ...] = (
    ("disk-unprotected", "switch to unprotected mode due to internal error"),
    ("disk-failover", "failure detected, activating passthrough"),
    ("disk-commit", "the last commit is not finished"),
    ("disk-ring-full", "OOPS, ring is full"),
)
_SHUT = re.compile(r"Domain (\d{1,9}) has shut down, reason code (\d{1,3}) 0x[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class IfbsSet:
    """The scripts have wired one vif of a primary: its two ifbs, and the directly connected NIC."""

    vif: str
    primary: str
    secondary: str
    forward: str


def ifbs_set(line: str) -> IfbsSet | None:
    """The success line of the agent's script, which it writes at debug level only; None for another."""
    match = _SET.search(line[:1000])
    # the script ends the vif's name with a full stop
    return IfbsSet(match[1].rstrip("."), match[2], match[3], match[4]) if match else None


def hotplug_fact(host: str, line: str, at: float) -> Fact | None:
    """The fact of a line of xen-hotplug.log or of what `xl` shows of the scripts; None for one no rule needs."""
    words = line.strip()[:1000]
    if ifbs_set(words):
        what = "wired"
    elif _PROXY_SET.search(words):
        what = "proxy-set"
    else:
        what = next((what for what, pattern in _HOTPLUG if pattern.search(words)), "")
    return Fact(at, host, Source.LIBXL, what, words[:LONGEST]) if what else None


def blktap_fact(host: str, line: str, at: float) -> Fact | None:
    """The fact of a syslog line of blktap2's COLO filter; None for another."""
    match = _BLKTAP.search(line.strip()[:1000])
    if match is None:
        return None
    what = next((what for what, start in _BLKTAP_WORDS if match[1].startswith(start)), "")
    return Fact(at, host, Source.HOST, what, line.strip()[:LONGEST]) if what else None


def shutdown_fact(host: str, line: str, at: float) -> Fact | None:
    """The fact of a line of /var/log/xen/xl-GUEST.log that says a domain has shut down; None for another.

    `value` is the reason (0 poweroff, 1 reboot, 2 suspend, 3 crash). A triple fault looks like a reboot there.
    """
    match = _SHUT.search(line[:1000])
    if match is None:
        return None
    return Fact(at, host, Source.LIBXL, "shut-down", line.strip()[:LONGEST], float(match[2]))

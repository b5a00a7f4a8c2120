"""Reads what Xen says as facts: lines of `xl dmesg`, and of `xl` and libxl. Pure; never matched on a line number."""

from __future__ import annotations

import re

from colotui.model.incident import Fact, Source

LONGEST = 200
"""Characters kept of a line."""

TRIPLE_FAULT = re.compile(
    r"\(XEN\) (?:\[[^]]*\] )?(?:[\w./-]+:\d+:)?d(\d+)v(\d+) Triple fault(?: on VCPU(\d+))?"
    r" - invoking HVM shutdown action (\d+)"
)
"""Of old Xen (INFO, hidden by the default guest_loglvl) and of new Xen (ERR): that it is missing proves nothing."""

_LIBXL = re.compile(r"^libxl: (\w+): ([\w.]+):(\d+):(\w+): (?:Domain (\d+):)?(.*)$")
_XC = re.compile(r"^xc: (\w+): (.*)$")

_LIBXL_WORDS: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    ("qmp-timeout", "qmp_next", re.compile(r"^timeout$")),
    ("qmp-gone", "", re.compile(r"^(?:Unexpected end of socket|Socket read error|Failed to connect to QMP)")),
    ("device-setup", "", re.compile(r"COLO: failed to setup device for guest|colo_agent script .* setup failed")),
    ("module-gone", "", re.compile(r"^cannot open /dev/HA_compare|^cannot pass vmid to colo-agent")),
    ("suspend-failed", "", re.compile(r"^cannot suspend (?:primary|secondary) vm|^postsuspend fails")),
    ("resume-failed", "", re.compile(r"^cannot resume (?:primary|secondary) vm|^preresume fails|^cannot unpause")),
    ("disk-agent", "", re.compile(r"^cannot connecte? to |^cannot creating socket fd")),
    ("stream", "", re.compile(r"^reading data fails|^sending data fails|^invalid section:|^invalid status:")),
    ("terminated", "", re.compile(r"COLO: Domain suspend terminated with rc")),
)
"""libxl's messages: word for the rules, the function that must have said it ("" any), the text."""

_XC_WORDS = (
    ("heartbeat", re.compile(r"^rdexact failed \(select returned 0\)|^0-length read|^rdexact failed \(read rc: ")),
)

_XL_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("failover", re.compile(r"^migration target: COLO Failover for domain \d+")),
    ("destroyed", re.compile(r"^COLO: Primary domain has been destroyed")),
    ("backup-failed", re.compile(r"^COLO: Backup failed\? resuming domain at primary")),
    ("suspend-failed", re.compile(r"^Failed to suspend domain at primary")),
    ("creation-failed", re.compile(r"^migration target: Domain creation failed")),
)


def hypervisor_fact(host: str, line: str, at: float) -> Fact | None:
    """The triple fault of a line of `xl dmesg`, with the domain's number as its value; None for any other line."""
    match = TRIPLE_FAULT.search(line[:1000])
    if match is None:
        return None
    return Fact(at, host, Source.HYPERVISOR, "triple", line.strip()[:LONGEST], float(match.group(1)))


def libxl_fact(host: str, line: str, at: float) -> Fact | None:
    """The fact of a line that xl, libxl or libxc printed; None for one that no rule needs."""
    words = line.strip()[:1000]
    match = _LIBXL.match(words)
    what = ""
    if match is not None:
        function, text = match.group(4), match.group(6)
        what = next((w for w, who, p in _LIBXL_WORDS if who in ("", function) and p.search(text)), "")
    elif (match := _XC.match(words)) is not None:
        what = next((w for w, p in _XC_WORDS if p.search(match.group(2))), "")
    else:
        what = next((w for w, p in _XL_WORDS if p.search(words)), "")
    return Fact(at, host, Source.LIBXL, what, words[:LONGEST]) if what else None

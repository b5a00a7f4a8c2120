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

_STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S{1,8} \[\d+\] ")
# Two processes share the terminal and cut each other's lines: "xc: libxl: error: ...", "error: libxl_remus.c:87:...".
_LIBXL = re.compile(r"(?:^|\blibxl: )(\w+): ([\w.]+\.c):(\d+):(\w+): (?:Domain (\d+): ?)?(.*)$")
_XC = re.compile(r"^xc: (\w+): (.*)$")
_ASSERTION = re.compile(r"^xl: ([\w.]+\.c):\d+: (\w+): Assertion `(.*)' failed")

_LIBXL_WORDS: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    ("qmp-timeout", "qmp_next", re.compile(r"^timeout$")),
    (
        "qmp-gone",
        "",
        re.compile(r"^(?:Unexpected end of socket|Socket read error|Failed to connect to QMP|Connection error)"),
    ),
    ("device-setup", "", re.compile(r"(?:COLO|Remus): failed to setup device|colo_agent script .* setup failed")),
    ("module-gone", "", re.compile(r"^cannot open /dev/HA_compare|^cannot pass vmid to colo-agent")),
    ("suspend-failed", "", re.compile(r"^cannot suspend (?:primary|secondary) vm|^postsuspend fails")),
    ("resume-failed", "", re.compile(r"^cannot resume (?:primary|secondary) vm|^preresume fails|^cannot unpause")),
    (
        "restore-failed",
        "",
        re.compile(r"^cannot restore device model|^cannot do failover|^cannot enable secondary vm's"),
    ),
    ("restore-failed", "", re.compile(r"^getting secondary vm's dirty bitmap fails")),
    ("save-failed", "", re.compile(r"^Failed to save device model|^cannot start a new checkpoint|^commit fails")),
    ("save-failed", "", re.compile(r"^failed to wait for new checkpoint|^unable to fork")),
    ("teardown", "", re.compile(r"^COLO: failed to teardown device")),
    ("disk-agent", "", re.compile(r"^cannot connecte? to |^cannot creating socket fd")),
    ("stream", "", re.compile(r"^reading data fails|^sending data fails|^invalid section:|^invalid status:")),
    ("terminated", "", re.compile(r"COLO: Domain suspend terminated with rc")),
    ("no-colo", "", re.compile(r"^COLO is not supported")),
    ("no-proxy", "", re.compile(r"^can not create a netlink socket|^COLO: failed to setup colo proxy")),
    ("no-buffer", "", re.compile(r"^Remus: No support for network buffering")),
    ("disk-unhandled", "", re.compile(r"device not handled by checkpoint")),
    ("unsafe-needed", "", re.compile(r"^Unsafe mode must be enabled")),
    ("incoming-left", "", re.compile(r'^Domain with name ".*--incoming" already exists')),
    ("no-acknowledge", "", re.compile(r"^guest didn't acknowledge suspend")),
    ("not-paused", "", re.compile(r"^Unpausing domain: Invalid argument")),
    (
        "compare-lost",
        "",
        re.compile(r"^receive qemu colo-compare checkpoint error|^netlink bind error|^colo index \d+ has"),
    ),
    ("replication", "", re.compile(r"^replication error occurs when primary vm is running")),
    ("qmp-error", "", re.compile(r"^received an error message from QMP server")),
    ("hvm-only", "", re.compile(r"^COLO only supports hvm now")),
    ("peer-gone", "record_header_done", re.compile(r"^unexpected EOF reading record header")),
    ("failover", "libxl__colo_restore_teardown", re.compile(r"^failover$")),
    ("colo-fails", "libxl__colo_restore_teardown", re.compile(r"^colo fails$")),
)
"""libxl's messages: word for the rules, the function that must have said it ("" any), the text."""

_XC_WORDS = (
    ("heartbeat", re.compile(r"^rdexact failed \(select returned 0\)|^0-length read|^rdexact failed \(read rc: ")),
    ("failover", re.compile(r"^COLO Failover")),
    ("suspend-failed", re.compile(r"^save callback suspend\(\) failed")),
    ("save-failed", re.compile(r"^Save failed")),
    ("restore-failed", re.compile(r"^Restore failed")),
)

_XL_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("failover", re.compile(r"^migration target: COLO Failover for domain \d+")),
    ("destroyed", re.compile(r"^COLO: Primary domain has been destroyed")),
    ("backup-failed", re.compile(r"^COLO: Backup failed\? resuming domain at primary")),
    ("suspend-failed", re.compile(r"^Failed to suspend domain at primary")),
    ("backup-failed", re.compile(r"^Remus: Backup failed\? resuming domain at primary")),
    ("creation-failed", re.compile(r"^migration target: Domain creation failed")),
    ("failover", re.compile(r"^migration target: Remus Failover for domain \d+")),
    ("rename-failed", re.compile(r"^migration target \((?:COLO|Remus)\): Failed to rename domain")),
    ("wrong-options", re.compile(r"^option -c is conflict with|^Option -p must be used in conjunction with -c")),
    ("wrong-options", re.compile(r"^option -u must be specified when using COLO")),
    ("no-config", re.compile(r"^No config file stored for running domain")),
    ("crashed", re.compile(r"Segmentation fault")),
)
_ASSERTIONS = {
    "stream_complete": "stream-ended",
    "libxl__ao_inprogress_gc": "teardown-twice",
    "libxl__ev_qmp_send": "qmp-state",
}


def hypervisor_fact(host: str, line: str, at: float) -> Fact | None:
    """The triple fault of a line of `xl dmesg`, with the domain's number as its value; None for any other line."""
    match = TRIPLE_FAULT.search(line[:1000])
    if match is None:
        return None
    return Fact(at, host, Source.HYPERVISOR, "triple", line.strip()[:LONGEST], float(match.group(1)))


def libxl_fact(host: str, line: str, at: float) -> Fact | None:
    """The fact of a line that xl, libxl or libxc printed; None for one that no rule needs."""
    words = _STAMP.sub("", line.strip()[:1000])
    match = _LIBXL.search(words)
    what = ""
    if match is not None:
        function, text = match.group(4), match.group(6)
        what = next((w for w, who, p in _LIBXL_WORDS if who in ("", function) and p.search(text)), "")
    elif (match := _XC.match(words)) is not None:
        what = next((w for w, p in _XC_WORDS if p.search(match.group(2))), "")
    elif (match := _ASSERTION.match(words)) is not None:
        what = _ASSERTIONS.get(match.group(2), "assertion")
    else:
        what = next((w for w, p in _XL_WORDS if p.search(words)), "")
    return Fact(at, host, Source.LIBXL, what, words[:LONGEST]) if what else None

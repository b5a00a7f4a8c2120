"""The exit codes, in one table: the help, the README and the commands all use this one."""

from __future__ import annotations

OK = 0
WARNING = 1
CRITICAL = 2
UNKNOWN = 3
USAGE = 64
REFUSED = 65
FAILED = 67
INTERNAL = 70
INTERRUPTED = 130
BROKEN_PIPE = 141

TABLE: tuple[tuple[str, str], ...] = (
    ("0", "done; `status`: every guest is protected; `check`: nothing stands in the way"),
    ("1", "`status`: served, but not protected (or work is under way); `check`: a warning"),
    ("2", "`status`: not served; `check`: protection cannot work like this"),
    ("3", "`status`, `check`: not known, a witness is missing"),
    ("64", "the pair file or the command line is wrong"),
    ("65", "refused: not allowed in this state, not confirmed, or this QEMU cannot do COLO"),
    ("66", "another cockpit holds the lock of this guest"),
    ("67", "the plan stopped at a step that failed"),
    ("69", "a host cannot be reached, or a call on it failed"),
    ("70", "the hypervisor failed, or a fault inside colotui (the log is named)"),
    ("71", "the lab could not be made, changed or removed"),
    ("74", "a recording cannot be read or written"),
    ("130", "interrupted; a running plan stopped at a safe point"),
)

"""Reads records of a host's kernel log (/dev/kmsg) and tells those that explain how a guest pair failed. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 200
"""Characters kept of a record's text."""

_RECORD = re.compile(rb"^(\d+),(\d+),(\d+),[^;]*;([^\n]*)")

TELLING: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("oom", re.compile(r"Out of memory: Killed process \d+|oom-kill:|invoked oom-killer")),
    ("segfault", re.compile(r"\[\d+\]: segfault at |traps: \S+\[\d+\] (?:general protection|trap )")),
    (
        "link-down",
        re.compile(r"(?:Link is Down|NIC Link is Down|link is not ready|entered disabled state|carrier lost)"),
    ),
    ("link-up", re.compile(r"(?:Link is Up|NIC Link is Up|link becomes ready|entered forwarding state)")),
    (
        "disk",
        re.compile(
            r"I/O error, dev |Buffer I/O error|EXT4-fs error|XFS \(\S+\): .*(?:error|shutdown)|blk_update_request"
        ),
    ),
    (
        "hung-task",
        re.compile(r"blocked for more than \d+ seconds|soft lockup|rcu: INFO: rcu_\w+ (?:self-)?detected stall"),
    ),
    ("oops", re.compile(r"BUG: |Oops: |general protection fault|Kernel panic")),
    ("colo-module", re.compile(r"HA_compare: misc device register failed|HA_compare: can't create kernel thread")),
)
"""Kernel lines that a rule may cite, by their fixed part. They support a closer witness, and stand alone never."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record. `stamp`: seconds since the host's boot. `what`: one of TELLING, "" for a line of no use here."""

    level: int
    sequence: int
    stamp: float
    text: str
    what: str


def parse(data: bytes) -> Record | None:
    """A record as read from /dev/kmsg; None for bytes that are none."""
    match = _RECORD.match(data)
    if match is None:
        return None
    priority, sequence, stamp, body = match.groups()
    text = body[: 4 * LONGEST].decode("utf-8", "replace")[:LONGEST]
    what = next((what for what, pattern in TELLING if pattern.search(text)), "")
    return Record(int(priority) & 7, int(sequence), int(stamp) / 1e6, text, what)

"""The statistics the experimental agent keeps under /sys/kernel/debug/colo: which files to read, and what they say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from colotui.host.parsers import decode, number

ROOT = "/sys/kernel/debug/colo"
GROUPS = ("other", "ipv4", "tcp")
"""`ipv4` is there once sch_colo_ipv4 is loaded, `tcp` once sch_colo_tcp is."""

_TIMES = ("compare_count", "total_time", "max_time")
_LINE = re.compile(r"(\w{1,40}):\t+(-?\d{1,20})")
_QUEUES = {
    "master compare queueis not empty.": "primary, to compare",
    "master release queue is not empty.": "primary, to release",
    "slave compare queue is not empty.": "secondary, to compare",
    "slave release queue is not empty.": "secondary, to release",
}
_MOST = 64


@dataclass(frozen=True, slots=True)
class AgentStatistics:
    """What the agent counted since it was loaded or cleared; times in ns. None: not there, or not to be read.

    `counters` by group; `waiting`: by domain number, which queues hold packets.
    """

    compare_count: int | None = None
    total_ns: int | None = None
    max_ns: int | None = None
    counters: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    waiting: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def mean_ns(self) -> float | None:
        """The time of one comparison."""
        return self.total_ns / self.compare_count if self.compare_count and self.total_ns is not None else None

    @property
    def reasons(self) -> tuple[tuple[str, int], ...]:
        """What packets differed in, the most frequent first: ("tcp seq", 12)."""
        found = [
            (f"{group} {name}" if group != "other" else name, count)
            for group, counts in self.counters.items()
            for name, count in counts.items()
            if count > 0
        ]
        return tuple(sorted(found, key=lambda reason: (-reason[1], reason[0])))


def paths(domids: Iterable[int]) -> list[str]:
    """The files to read. Reading any of them changes nothing; only writing 0 clears."""
    found = [f"{ROOT}/{name}" for name in _TIMES]
    found += [f"{ROOT}/{group}/statistics_status" for group in GROUPS]
    return found + [f"{ROOT}/status{domid}" for domid in domids if domid >= 0]


def read(files: Mapping[str, object]) -> AgentStatistics:
    """What the files hold, by path; one that is not there (anything but bytes) is left out."""
    texts = {path: decode(data[:65536]) for path, data in files.items() if isinstance(data, bytes)}
    times = {name: number(texts.get(f"{ROOT}/{name}", "")) for name in _TIMES}
    counters: dict[str, dict[str, int]] = {}
    for group in GROUPS:
        text = texts.get(f"{ROOT}/{group}/statistics_status")
        if text is not None:
            counters[group] = statistics(text)
    waiting: dict[int, tuple[str, ...]] = {}
    for path, text in texts.items():
        domid = number(path.removeprefix(f"{ROOT}/status")) if path.startswith(f"{ROOT}/status") else None
        if domid is not None and len(waiting) < _MOST:
            waiting[domid] = tuple(_QUEUES[line] for line in text.splitlines() if line in _QUEUES)
    return AgentStatistics(times["compare_count"], times["total_time"], times["max_time"], counters, waiting)


def statistics(text: str) -> dict[str, int]:
    """The lines `name:<tabs>count`; anything else is skipped."""
    found: dict[str, int] = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match is not None and len(found) < _MOST:
            found[match[1]] = int(match[2])
    return found

"""Counts what snapshots show of what has happened: each checkpoint, mismatch, incident and ping once."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from typing import TypeVar

from colotui.model.checkpoint import Cause, Checkpoint
from colotui.model.incident import Kind
from colotui.model.mismatch import Mismatch
from colotui.model.past import CheckpointLog, MismatchLog
from colotui.model.protection import HOST_TO_HOST, GuestView, Snapshot, Witness
from colotui.model.timeline import Log

PAUSE_BOUNDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds (seconds) of the pause histogram: 7 to 12 ms is a well tuned pair, 45 ms one without quickack."""

PROTOCOLS = ("tcp", "udp", "icmp", "other")
"""What a mismatch may be of; any other word of a trace is `other`."""

T = TypeVar("T", Checkpoint, Mismatch)


def fresh(before: Log[T], now: Log[T], added: int) -> Iterator[T]:
    """The rows of `now` that `before` has not; `added` of them at most where rows have moved."""
    if now.grown_from(before):
        yield from now.rows_from(len(before))
        return
    # A row came late, or old ones were forgotten. Both logs rise in time, so one walk back from their ends finds it.
    old, new = len(before) - 1, len(now) - 1
    while added > 0 and new >= 0:
        row = now[new]
        if old >= 0 and before[old] == row:
            old -= 1
        else:
            added -= 1
            yield row
        new -= 1


class GuestTally:
    """What happened to one guest since the counting began. Pauses in seconds; see PAUSE_BOUNDS for `pause_counts`."""

    def __init__(self) -> None:
        self.checkpoints: Counter[Cause] = Counter()
        self.mismatches: Counter[str] = Counter()
        self.incidents: Counter[Kind] = Counter()
        self.pause_counts = [0] * (len(PAUSE_BOUNDS) + 1)
        self.pause_sum = 0.0
        self._checkpoints: tuple[CheckpointLog, int] = CheckpointLog(), 0
        self._mismatches: tuple[MismatchLog, int] = MismatchLog(), 0
        self._incidents: frozenset[str] = frozenset()

    def take(self, view: GuestView) -> None:
        """Count what `view` shows for the first time."""
        log, total = self._checkpoints
        if view.stats.total < total:  # whoever watches the guest began anew
            log, total = CheckpointLog(), 0
        for checkpoint in fresh(log, view.checkpoints, view.stats.total - total):
            self._checkpoint(checkpoint)
        self._checkpoints = view.checkpoints, view.stats.total
        seen, count = self._mismatches
        if view.mismatch_total < count:
            seen, count = MismatchLog(), 0
        for mismatch in fresh(seen, view.mismatches, view.mismatch_total - count):
            self.mismatches[mismatch.protocol if mismatch.protocol in PROTOCOLS else "other"] += 1
        self._mismatches = view.mismatches, view.mismatch_total
        for incident in view.incidents:
            if incident.id not in self._incidents:
                self.incidents[incident.now.kind] += 1
        # One that has left the list does not come back.
        self._incidents = frozenset(incident.id for incident in view.incidents)

    def _checkpoint(self, checkpoint: Checkpoint) -> None:
        self.checkpoints[checkpoint.cause] += 1
        if checkpoint.pause_ms is not None:
            seconds = checkpoint.pause_ms / 1000.0
            self.pause_counts[bisect_left(PAUSE_BOUNDS, seconds)] += 1
            self.pause_sum += max(seconds, 0.0)


class Tally:
    """The counts of one pair: `guests` by name, and of each host its pings over the forward link, asked and lost."""

    def __init__(self) -> None:
        self.guests: dict[str, GuestTally] = {}
        self.pings: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self._asked: dict[str, float] = {}

    def take(self, snapshot: Snapshot) -> None:
        """Count what `snapshot` shows for the first time. Snapshots come in order of time."""
        for view in snapshot.guests:
            self.guests.setdefault(view.name, GuestTally()).take(view)
        for witness in forward_witnesses(snapshot).values():
            if witness.at > self._asked.get(witness.host, 0.0):
                self._asked[witness.host] = witness.at
                self.pings[witness.host] += 1
                self.lost[witness.host] += witness.ok is False


def forward_witnesses(snapshot: Snapshot) -> dict[str, Witness]:
    """What each host last said of the other over the forward link, by the host that asked; every guest shows it."""
    found: dict[str, Witness] = {}
    for view in snapshot.guests:
        for witness in view.witnesses:
            if witness.name == HOST_TO_HOST and (witness.host not in found or witness.at > found[witness.host].at):
                found[witness.host] = witness
    return found

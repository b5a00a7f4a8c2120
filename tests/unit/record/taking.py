"""A pair's life made up: snapshots whose logs and events grow, late rows and lost ones included."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path

from colotui.model.checkpoint import Cause, Checkpoint
from colotui.model.incident import Confidence, Diagnosed, Fact, Incident, Kind, Source
from colotui.model.mismatch import Mismatch
from colotui.model.pair import Pair
from colotui.model.past import CheckpointLog, MismatchLog
from colotui.model.protection import Event, Severity, Snapshot
from colotui.model.timeline import Recorder
from colotui.record.retention import Keep
from colotui.record.store import Store
from tests.ui import samples

BEGIN = 1_790_000_000.0

SAMPLES: tuple[Snapshot, ...] = (
    samples.protected(), samples.warning(), samples.incident(), samples.unknown(), samples.mute(), samples.cut_off(),
    samples.two_live(), samples.syncing(), samples.failed_over(), samples.connecting(), samples.absent(),
    samples.hostile("[bold]\x1b]0;x\x07\u202e"),
)  # fmt: skip


def pair_of(snapshot: Snapshot) -> Pair:
    first, second = (host.spec for host in snapshot.hosts)
    return Pair(snapshot.pair, (first, second), tuple(guest.spec for guest in snapshot.guests))


PAIR = pair_of(SAMPLES[0])


@dataclass(frozen=True)
class Step:
    """What happens before one snapshot: seconds that pass, rows and events by how late they come."""

    passes: float = 0.5
    sample: int = 0
    checkpoints: Sequence[float] = ()
    mismatches: Sequence[float] = ()
    events: Sequence[float] = ()
    restarts: bool = False
    incident: bool = False


class Life:
    """Makes the snapshots of one cockpit after another."""

    def __init__(self, *, keep_s: float = 7200.0, keep_rows: int = 1 << 18, events: int = 500) -> None:
        self.now = BEGIN
        self._keep_s, self._keep_rows, self._most = keep_s, keep_rows, events
        self._count = 0
        self._begin()

    def _begin(self) -> None:
        self._checkpoints = Recorder(CheckpointLog, keep_s=self._keep_s, keep_rows=self._keep_rows)
        self._mismatches = Recorder(MismatchLog, keep_s=self._keep_s, keep_rows=self._keep_rows)
        self._events: deque[Event] = deque(maxlen=self._most)
        self._incidents: tuple[Incident, ...] = ()

    def live(self, step: Step) -> Snapshot:
        """The snapshot after a step."""
        self.now += step.passes
        if step.restarts:
            self._begin()
        for late in step.checkpoints:
            self._count += 1
            cause = tuple(Cause)[self._count % len(Cause)]
            pause = None if self._count % 5 == 0 else self._count / 7
            self._checkpoints.add(Checkpoint(self.now - late, cause, pause, self._count % 3 or None))
        for late in step.mismatches:
            self._count += 1
            what = f"length {self._count % 4} ≠ 79"
            self._mismatches.add(Mismatch(self.now - late, "TCP", what, "a", "b", self._count, None, None))
        for late in step.events:
            self._count += 1
            severity = tuple(Severity)[self._count % len(Severity)]
            self._events.append(Event(self.now - late, "alpha", f"event {self._count}", "", severity, "web01"))
        self._take_incident(step)
        sample = SAMPLES[step.sample % len(SAMPLES)]
        logs = {"checkpoints": self._checkpoints.log, "mismatches": self._mismatches.log}
        guests = tuple(replace(guest, **logs, incidents=self._incidents) for guest in sample.guests)
        events = tuple(sorted(self._events, key=attrgetter("at")))
        return replace(sample, at=self.now, guests=guests, events=events, event_total=self._count)

    def _take_incident(self, step: Step) -> None:
        if step.incident:
            fact = Fact(self.now, "alpha", Source.EXIT, "exit", "signal 9", 9.0)
            found = Diagnosed(
                Kind.PRIMARY_DEAD, "It is dead.", Confidence.PROVEN, self.now, (fact,), Severity.ERROR, "not served"
            )
            name = f"web01-{len(self._incidents) + 1}"
            self._incidents = (Incident(name, "web01", self.now, self.now, found), *self._incidents)
        elif self._incidents:
            self._incidents = (replace(self._incidents[0], seen_at=self.now), *self._incidents[1:])


def record(path: Path, snapshots: Sequence[Snapshot], *, keep: Keep | None = None, close: bool = True) -> None:
    """Record them, a commit after each other one; without `close` the file is left as a kill leaves it."""
    store = Store.open(path, PAIR, keep or Keep(0, 0))
    for index, snapshot in enumerate(snapshots):
        store.add(snapshot)
        if index % 2:
            store.commit()
    if close:
        store.close()
    else:
        store.commit()
        store.abandon()

"""A recording in memory, with the same calls as one in a file; and one of ten minutes with everything in it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace

from colotui.errors import RecordingError
from colotui.model.incident import Incident
from colotui.model.mismatch import Mismatch
from colotui.model.pair import Pair
from colotui.model.past import CheckpointLog, MismatchLog
from colotui.model.plan import Progress
from colotui.model.protection import Event, Severity, Snapshot
from colotui.model.recording import MarkKind, Run
from tests.ui import incidentsamples, samples

T0 = samples.NOW - 600.0
"""When the sample begins; it is ten minutes long, a frame a second, and has a gap from 200 s to 260 s."""

GAP = (T0 + 200.0, T0 + 260.0)
STORM_AT, DEATH_AT, ACT_AT = T0 + 100.4, T0 + 300.4, T0 + 330.6


class MemoryRecording:
    """`broken`: moments from which on nothing can be read."""

    def __init__(self, frames: Sequence[Snapshot], gaps: Sequence[tuple[float, float]] = ()) -> None:
        self.frames = list(frames)
        self.times = [frame.at for frame in frames]
        self.gaps: tuple[tuple[float, float], ...] = tuple(gaps)
        self.pair = Pair(frames[0].pair, (samples.ALPHA, samples.BETA), (samples.GUEST,))
        self.versions: Mapping[str, str] = {"colotui": "0.1.0", "schema": "1"}
        self.broken: float | None = None
        self.closed = False
        self.read = 0

    @property
    def begin(self) -> float:
        return self.times[0]

    @property
    def end(self) -> float:
        return self.times[-1]

    def at(self, moment: float) -> Snapshot:
        self.read += 1
        if self.broken is not None and moment >= self.broken:
            raise RecordingError("x.colorec", "a part of it is damaged.", "Look at another moment.")
        return self.frames[max(0, bisect_right(self.times, moment) - 1)]

    def after(self, moment: float) -> float | None:
        place = bisect_right(self.times, moment)
        return self.times[place] if place < len(self.times) else None

    def events(self, low: float, high: float) -> list[Event]:
        return [event for event in self.frames[-1].events if low <= event.at < high]

    def incidents(self) -> list[tuple[str, Incident]]:
        found: dict[str, tuple[str, Incident]] = {}
        for frame in self.frames:
            for view in frame.guests:
                found.update({incident.id: (view.name, incident) for incident in view.incidents})
        return sorted(found.values(), key=lambda pair: pair[1].opened_at)

    def checkpoints(self, guest: str, low: float, high: float) -> CheckpointLog:
        return self.frames[-1].guests[0].checkpoints.between(low, high)

    def mismatches(self, guest: str, low: float, high: float) -> MismatchLog:
        return self.frames[-1].guests[0].mismatches.between(low, high)

    def actions(self) -> list[Run]:
        found: dict[float, Run] = {}
        for frame in self.frames:
            for view in frame.guests:
                if (seen := view.progress) is not None:
                    found[seen.started_at] = Run(
                        view.name, seen.title, seen.action, seen.started_at, seen.ended_at, seen.failed, seen.steps
                    )
        return list(found.values())

    def marks(self, kind: MarkKind) -> Sequence[float]:
        if kind is MarkKind.INCIDENT:
            return [incident.opened_at for _, incident in self.incidents()]
        if kind is MarkKind.ACTION:
            return [run.begun for run in self.actions()]
        return [entry.at for entry in self.frames[-1].guests[0].mismatches]

    def close(self) -> None:
        self.closed = True


def sample() -> MemoryRecording:
    """Protected, a storm, a gap, the primary killed, a failover, then alone on beta."""
    every = MismatchLog.of(
        Mismatch(T0 + at + 0.2, "tcp", f"length {at} ≠ 79", "10.77.0.10", "10.77.0.1") for at in (10, 11, 50, 150)
    )
    made = samples.checkpoints(T0 + 199.0, 190)
    storm = Incident("web01-1", "web01", STORM_AT, STORM_AT, incidentsamples.STORM)
    death = Incident("web01-2", "web01", DEATH_AT, DEATH_AT, replace(incidentsamples.DEAD, since=DEATH_AT))
    acting = samples.progress(running=2)
    acting = replace(acting, started_at=ACT_AT, title="Fail over web01 to beta")
    frames = []
    for second in range(601):
        at = T0 + second
        if GAP[0] < at < GAP[1]:
            continue
        base, incidents, running = samples.protected(), list[Incident](), None
        if at >= STORM_AT:
            over = {"closed_at": T0 + 180.0, "closed_by": "it is calm again"} if at >= T0 + 180.0 else {}
            incidents.append(replace(storm, **over))  # type: ignore[arg-type]
        if at >= DEATH_AT:
            base = samples.incident()
            incidents.insert(0, death)
        if at >= ACT_AT:
            running = acting
        if at >= T0 + 400.0:
            base = samples.failed_over()
            incidents[0] = replace(death, closed_at=T0 + 400.0, closed_by="beta serves")
            running = replace(_ended(acting), ended_at=T0 + 399.5) if at < T0 + 410.0 else None
        frames.append(_frame(base, at, every, made, tuple(incidents), running))
    return MemoryRecording(frames, [GAP])


def _ended(progress: Progress) -> Progress:
    return replace(samples.progress(ended=True), started_at=progress.started_at, title=progress.title)


def _frame(
    base: Snapshot,
    at: float,
    every: MismatchLog,
    made: CheckpointLog,
    incidents: tuple[Incident, ...],
    progress: Progress | None,
) -> Snapshot:
    guest = base.guests[0]
    checkpoints = made.between(T0 - 1e6, at)
    guest = replace(
        guest,
        protection=replace(guest.protection, since=DEATH_AT if at >= DEATH_AT else T0 - 5000.0),
        checkpoints=checkpoints,
        stats=checkpoints.figures(1000 + len(checkpoints), at, 300.0),
        mismatches=every.between(T0, at),
        mismatch_total=len(every.between(T0, at)),
        incidents=incidents,
        progress=progress,
        # As a recorder without a screen has them: the reasons of then are not those of a replay.
        actions=dict.fromkeys(guest.actions, "read-only"),
    )
    count = int(at - T0) // 5 + 1
    events = [Event(T0 + 5.0 * number, "alpha", f"event {number}", severity=Severity.OK) for number in range(count)]
    hosts = tuple(
        replace(view, facts=replace(view.facts, taken_at=at - 0.4) if view.facts is not None else None)
        for view in base.hosts
    )
    return replace(
        base, at=at, guests=(guest,), events=tuple(events), event_total=count, hosts=hosts, read_only="it records"
    )  # type: ignore[arg-type]

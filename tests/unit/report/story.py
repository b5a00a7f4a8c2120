"""A recording in memory: a primary that is killed, found, and failed over from. For tests only."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from colotui.model.incident import Incident
from colotui.model.pair import Pair
from colotui.model.past import CheckpointLog, MismatchLog
from colotui.model.plan import Action, Line, Progress, StepProgress, StepState
from colotui.model.protection import Event, Probe, Severity, Snapshot
from colotui.model.recording import Run
from tests.ui import incidentsamples, samples

DIED = samples.DIED
GUEST = samples.GUEST.name
BEGIN, END = DIED - 290.0, DIED + 125.0
SILENT, ANSWERED = DIED - 0.804, DIED + 6.731
PRESSED, PROMOTED = DIED + 6.1, DIED + 6.642
PAIR = Pair("lab", (samples.ALPHA, samples.BETA), (samples.GUEST,))


@dataclass
class Story:
    """What a report needs of a recording, from lists."""

    pair: Pair = PAIR
    gaps: tuple[tuple[float, float], ...] = ()
    versions: Mapping[str, str] = field(default_factory=lambda: {"colotui": "0.4.0"})
    frames: list[Snapshot] = field(default_factory=list)
    past: list[Event] = field(default_factory=list)
    found: list[Incident] = field(default_factory=list)
    log: CheckpointLog = field(default_factory=CheckpointLog)
    differing: MismatchLog = field(default_factory=MismatchLog)
    runs: list[Run] = field(default_factory=list)
    reads: int = 0

    @property
    def begin(self) -> float:
        return self.frames[0].at

    @property
    def end(self) -> float:
        return self.frames[-1].at

    def place(self, moment: float) -> int:
        return bisect_right(self.frames, moment, key=lambda frame: frame.at)

    def at(self, moment: float) -> Snapshot:
        self.reads += 1
        return self.frames[max(self.place(moment) - 1, 0)]

    def after(self, moment: float) -> float | None:
        place = self.place(moment)
        return self.frames[place].at if place < len(self.frames) else None

    def events(self, low: float, high: float) -> list[Event]:
        return [event for event in self.past if low <= event.at < high]

    def incidents(self) -> list[tuple[str, Incident]]:
        return [(incident.guest, incident) for incident in self.found]

    def checkpoints(self, guest: str, low: float, high: float) -> CheckpointLog:
        return self.log.between(low, high)

    def mismatches(self, guest: str, low: float, high: float) -> MismatchLog:
        return self.differing.between(low, high)

    def actions(self) -> list[Run]:
        return self.runs


def incident(**changes: object) -> Incident:
    base = Incident(
        "web01-3", GUEST, DIED + 0.35, DIED + 6.5, incidentsamples.DEAD, DIED + 8.9, "`Fail over web01 to beta`"
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def run(**changes: object) -> Run:
    at = PRESSED
    steps = (
        StepProgress("fence", "alpha", "fence the old primary", "kill -0 4711; ip link set web01-net0 down",
                     "never two live copies", StepState.ALREADY, at + 0.01, at + 0.05, "pid 4711 is gone", True),
        StepProgress("stop-export", "beta", "stop the export", "nbd-server-stop", "frees parent0", StepState.DONE,
                     at + 0.05, at + 0.061, "done"),
        StepProgress("promote", "beta", "promote", "x-colo-lost-heartbeat", "the secondary carries on alone",
                     StepState.DONE, at + 0.061, at + 0.53, "migration failed as it should, guest running", True),
    )  # fmt: skip
    base = Run(GUEST, "Fail over web01 to beta", Action.FAILOVER, at, PROMOTED, "", steps)
    return replace(base, **changes)  # type: ignore[arg-type]


def _progress(at: float, done: Run) -> Progress | None:
    if at < done.begun:
        return None
    if done.ended is None or at < done.ended:
        return Progress(done.action, done.guest, done.title, done.steps, done.begun)
    results = (Line("Took", "0.5 s"), Line("Client gap", "7.5 s, seen by the probe"))
    return Progress(
        done.action, done.guest, done.title, done.steps, done.begun, done.ended, done.failed, results=results
    )


@cache
def _base(state: str) -> Snapshot:
    return samples.STATES[state]()


def _frame(at: float, done: Run) -> Snapshot:
    if at < DIED + 0.3:
        base, probe = _base("protected"), Probe("http://10.77.0.10/", True, at - 0.2, 14.0 + (at * 7.3) % 5)
        if at >= DIED:
            base = _base("incident")
    elif at < PROMOTED:
        base = _base("incident")
        probe = Probe("http://10.77.0.10/", False, at - 0.1, None, SILENT, 3, "timed out")
    else:
        base = _base("failed-over")
        answers = at >= ANSWERED
        probe = Probe("http://10.77.0.10/", answers, ANSWERED if at < ANSWERED + 2 else at - 0.2,
                      21.0 + (at * 3.1) % 4 if answers else None, None if answers else SILENT, 3)  # fmt: skip
    guest = base.guests[0]
    guest = replace(guest, probe=probe, progress=_progress(at, done), protection=replace(guest.protection, since=None))
    return replace(base, at=at, guests=(guest,))


def killed() -> Story:
    """Protected for five minutes, killed, alone for two."""
    done = run()
    times = [BEGIN + 0.5 * number for number in range(int((END - BEGIN) * 2))]
    times = sorted({*times, DIED + 0.36, ANSWERED})
    shift = samples.NOW - 0.4 - (DIED - 0.3)
    log = CheckpointLog.of(
        replace(one, at=one.at - shift) for one in samples.checkpoints(samples.NOW - 0.4) if one.at - shift < DIED
    )
    differ = MismatchLog.of(replace(one, at=one.at - 18.0) for one in samples.MISMATCHES)
    past = [
        *samples.DEATH_EVENTS,
        Event(DIED + 0.35, "colotui", "incident web01-3: primary process dead", "", Severity.ERROR, GUEST),
        Event(DIED + 1.9, "client", "the guest's service is silent", "timed out", Severity.ERROR, GUEST),
        Event(DIED - 61.0, "beta", "irqbalance started", "may undo the binding of eth0 and eth1", Severity.WARNING),
        Event(PRESSED, "operator", "Fail over web01 to beta", "3 steps", guest=GUEST),
        Event(PROMOTED, "operator", "failover web01: done", "3 steps, 0.5 s", guest=GUEST),
        Event(ANSWERED, "client", "the guest's service answers again", "", guest=GUEST),
    ]
    past.sort(key=lambda event: event.at)
    frames = [_frame(at, done) for at in times]
    return Story(frames=frames, past=past, found=[incident()], log=log, differing=differ, runs=[done])


def at(frame: Snapshot, moment: float) -> Snapshot:
    """The same frame at another moment."""
    return replace(frame, at=moment)


def spoiled(text: str) -> Story:
    """The story with `text` wherever a host, a guest or a file could have put it."""
    base = killed()
    spoil = samples.hostile(text).guests[0]
    told = replace(
        incidentsamples.DEAD, sentence=text, client=text, do_text=text, do_not=text, why_not=text, settle=text,
        witnesses=tuple(replace(fact, host=text, text=text, what=text) for fact in incidentsamples.DEAD.witnesses),
    )  # fmt: skip
    done = run()
    steps = tuple(replace(step, title=text, command=text, output=text, host=text) for step in done.steps)
    base.found = [incident(now=told, id=text, closed_by=text)]
    base.runs = [replace(done, title=text, steps=steps, failed=text)]
    base.past = [replace(event, source=text, text=text, detail=text) for event in base.past]
    base.versions = {"colotui": text, text: text}
    base.differing = MismatchLog.of(replace(one, what=text, protocol=text[:16]) for one in base.differing)
    base.frames = [
        replace(
            frame,
            guests=(
                replace(
                    frame.guests[0],
                    protection=replace(spoil.protection, headline=text),
                    copies=spoil.copies,
                    probe=replace(frame.guests[0].probe, target=text, error=text) if frame.guests[0].probe else None,
                    streams=tuple(replace(stream, name=text, unit=text) for stream in frame.guests[0].streams),
                ),
            ),
            hosts=tuple(replace(host, why=text) for host in frame.hosts),  # type: ignore[arg-type]
        )
        for frame in base.frames
    ]
    return base

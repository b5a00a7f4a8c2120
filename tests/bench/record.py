"""What recording costs, and how quick a day of it is read: python -m tests.bench.record [RECORDING] [HOURS]

A recording of a real pair (default: the example) is lived through again and again until it is a day. No assertion
on times: figures for README and for comparing machines.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

from colotui import paths
from colotui.model.pair import Pair
from colotui.model.past import CheckpointLog, MismatchLog
from colotui.model.protection import Event, Snapshot
from colotui.model.recording import MarkKind
from colotui.model.timeline import Recorder
from colotui.record.recording import Recording
from colotui.record.retention import Keep
from colotui.record.store import Store

T = TypeVar("T")

SEEKS = 200
COSTED_S = 600.0
"""Seconds of life in which every second is committed, as it is in a cockpit."""


class Loop:
    """The snapshots of a recording, again and again, each time later; logs and events go on growing."""

    def __init__(self, recording: Recording) -> None:
        self.pair: Pair = recording.pair
        self._recording = recording
        self._moments = [recording.begin]
        while (moment := recording.after(self._moments[-1])) is not None:
            self._moments.append(moment)
        self._snapshots = [recording.at(moment) for moment in self._moments]
        names = [guest.name for guest in self.pair.guests]
        far = recording.begin - 7200, recording.end + 10
        self._checkpoints = {name: list(recording.checkpoints(name, *far)) for name in names}
        self._mismatches = {name: list(recording.mismatches(name, *far)) for name in names}
        self._events = recording.events(recording.begin, far[1])
        self._logs = {name: (Recorder(CheckpointLog), Recorder(MismatchLog)) for name in names}
        self._kept: deque[Event] = deque(maxlen=500)
        self._total = 0

    @property
    def rate(self) -> float:
        """Snapshots a second."""
        return len(self._moments) / (self._recording.end - self._recording.begin)

    def lived(self, seconds: float) -> Iterator[Snapshot]:
        """So many seconds of life."""
        length = self._recording.end - self._recording.begin + 0.5
        for turn in range(int(seconds / length) + 1):
            shift = turn * length
            before = -float("inf") if turn == 0 else self._moments[0] - 0.5
            for moment, snapshot in zip(self._moments, self._snapshots, strict=True):
                if shift + moment - self._moments[0] > seconds:
                    return
                self._grow(before, moment, shift)
                before = moment
                yield self._shifted(snapshot, shift)

    def _grow(self, low: float, high: float, shift: float) -> None:
        for name, (checkpoints, mismatches) in self._logs.items():
            for row in _within(self._checkpoints[name], low, high):
                checkpoints.add(replace(row, at=row.at + shift))
            for mismatch in _within(self._mismatches[name], low, high):
                mismatches.add(replace(mismatch, at=mismatch.at + shift))
        for event in _within(self._events, low, high):
            self._kept.append(replace(event, at=event.at + shift))
            self._total += 1

    def _shifted(self, snapshot: Snapshot, shift: float) -> Snapshot:
        guests = tuple(
            replace(guest, checkpoints=self._logs[guest.name][0].log, mismatches=self._logs[guest.name][1].log)
            for guest in snapshot.guests
        )
        events = tuple(sorted(self._kept, key=attrgetter("at")))
        return replace(snapshot, at=snapshot.at + shift, guests=guests, events=events, event_total=self._total)


def _within(items: list[T], low: float, high: float) -> list[T]:
    """The items, oldest first, with `low` < time <= `high`."""
    when = attrgetter("at")
    return items[bisect_right(items, low, key=when) : bisect_right(items, high, key=when)]


def fill(loop: Loop, path: Path, seconds: float, commit_every: float) -> tuple[int, float]:
    """Record so many seconds; how many snapshots, and the CPU seconds that the recording alone took."""
    store = Store.open(path, loop.pair, Keep(0, 0))
    spent, count, due = 0.0, 0, 0.0
    for snapshot in loop.lived(seconds):
        begun = time.process_time()
        store.add(snapshot)
        if snapshot.at >= due:
            store.commit()
            due = snapshot.at + commit_every
        spent += time.process_time() - begun
        count += 1
    begun = time.process_time()
    store.close()
    return count, spent + time.process_time() - begun


def read(path: Path) -> None:
    """Open it, and jump about in it."""
    begun = time.perf_counter()
    recording = Recording.open(path)
    print(f"open: {(time.perf_counter() - begun) * 1e3:.1f} ms")
    chance, took, worked = random.Random(3), list[float](), list[float]()
    for _ in range(SEEKS):
        moment = chance.uniform(recording.begin, recording.end)
        begun, work = time.perf_counter(), time.process_time()
        recording.at(moment)
        took.append((time.perf_counter() - begun) * 1e3)
        worked.append((time.process_time() - work) * 1e3)
    took.sort()
    middle, most_of_them = took[SEEKS // 2], took[SEEKS * 95 // 100]
    print(f"{SEEKS} seeks anywhere: median {middle:.1f} ms, 95 % {most_of_them:.1f} ms, most {took[-1]:.1f} ms")
    # On a machine that does other things as well only this says what a seek costs.
    print(f"CPU of a seek: median {sorted(worked)[SEEKS // 2]:.1f} ms, most {max(worked):.1f} ms")
    moment, begun, steps = recording.begin + (recording.end - recording.begin) / 2, time.perf_counter(), 0
    while steps < 1000:
        found = recording.after(moment)
        if found is None:
            break
        recording.at(found)
        moment, steps = found, steps + 1
    if steps:
        print(f"the next frame: {(time.perf_counter() - begun) / steps * 1e3:.2f} ms")
    for kind in MarkKind:
        begun = time.perf_counter()
        marks = recording.marks(kind)
        print(f"{len(marks)} marks of {kind.value}: {(time.perf_counter() - begun) * 1e3:.0f} ms")
    begun = time.perf_counter()
    rows = recording.checkpoints(recording.pair.guests[0].name, recording.begin, recording.end)
    print(f"{len(rows)} checkpoints of the whole file: {(time.perf_counter() - begun) * 1e3:.0f} ms")
    recording.close()


def main() -> None:
    """Cost, size, speed."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else paths.example_recording()
    hours = float(sys.argv[2]) if len(sys.argv) > 2 else 24.0
    recording = Recording.open(source)
    with tempfile.TemporaryDirectory() as folder:
        loop = Loop(recording)
        count, spent = fill(loop, Path(folder) / "cost.colorec", COSTED_S, 1.0)
        share = spent / COSTED_S
        print(f"{loop.rate:.2f} snapshots/s: {spent / count * 1e3:.2f} ms of CPU each, {share * 100:.2f} % of a core")
        path = Path(folder) / "day.colorec"
        count, _ = fill(Loop(recording), path, hours * 3600.0, 30.0)
        size = path.stat().st_size
        print(f"{hours:g} h, {count} snapshots: {size / 2**20:.1f} MiB, {size / 2**20 / hours * 24:.1f} MiB a day")
        read(path)
    recording.close()


if __name__ == "__main__":
    main()

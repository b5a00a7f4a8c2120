"""Each checkpoint, mismatch, incident and ping is counted once, however often snapshots show it."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from colotui.metrics.tally import PAUSE_BOUNDS, GuestTally, Tally
from colotui.model.checkpoint import Cause, Checkpoint
from colotui.model.incident import Kind
from colotui.model.mismatch import Mismatch
from colotui.model.past import CheckpointLog, MismatchLog
from colotui.model.protection import HOST_TO_HOST, GuestView, Witness
from colotui.model.timeline import Recorder
from tests.unit.metrics.samples import full, incident, with_guest


def seen(log: CheckpointLog, total: int, **changes: object) -> GuestView:
    view = full().guests[0]
    return replace(view, checkpoints=log, stats=replace(view.stats, total=total), **changes)  # type: ignore[arg-type]


def test_rows_that_come_late_or_are_forgotten_are_counted_once() -> None:
    chance = random.Random(3)
    recorder, tally, total = Recorder(CheckpointLog, keep_s=50.0, keep_rows=400), GuestTally(), 0
    wanted: Counter[Cause] = Counter()
    for number in range(3000):
        late = chance.random() < 0.02
        at = number * 0.1 - (chance.random() * 3.0 if late else 0.0)
        cause = chance.choice(tuple(Cause))
        recorder.add(Checkpoint(at, cause, chance.random() * 100))
        wanted[cause] += 1
        total += 1
        if chance.random() < 0.3:
            for _ in range(chance.randrange(1, 3)):
                tally.take(seen(recorder.log, total))
    tally.take(seen(recorder.log, total))
    assert len(recorder.log) < 1000, "some were forgotten meanwhile"
    assert tally.checkpoints == wanted
    assert sum(tally.pause_counts) == total


def test_a_log_that_begins_anew_is_counted_from_its_beginning() -> None:
    tally = GuestTally()
    tally.take(seen(CheckpointLog.of([Checkpoint(1.0, Cause.FIRST, 600), Checkpoint(2.0, Cause.TCP, 9)]), 2))
    tally.take(seen(CheckpointLog.of([Checkpoint(9.0, Cause.FIRST, 500)]), 1))
    assert tally.checkpoints == {Cause.FIRST: 2, Cause.TCP: 1}


def test_pauses_fall_into_their_buckets() -> None:
    tally = GuestTally()
    pauses = (5.0, 5.1, 10_000.0, 10_000.1, None)
    log = CheckpointLog.of(Checkpoint(float(at), Cause.PERIODIC, pause) for at, pause in enumerate(pauses))
    tally.take(seen(log, len(pauses)))
    assert tally.checkpoints[Cause.PERIODIC] == 5
    counts = dict(zip((*PAUSE_BOUNDS, "more"), tally.pause_counts, strict=True))
    assert {bound: count for bound, count in counts.items() if count} == {0.005: 1, 0.01: 1, 10.0: 1, "more": 1}
    assert tally.pause_sum == pytest.approx(20.0102)


def test_protocols_are_bounded() -> None:
    log = MismatchLog.of(Mismatch(float(at), words, "differs") for at, words in enumerate(("tcp", "—", "x" * 900, "")))
    tally = GuestTally()
    for _ in range(2):
        tally.take(seen(CheckpointLog(), 0, mismatches=log, mismatch_total=4))
    assert tally.mismatches == {"tcp": 1, "other": 3}


def test_an_incident_is_counted_once_from_open_to_closed() -> None:
    tally = GuestTally()
    for closed in (False, False, True):
        tally.take(seen(CheckpointLog(), 0, incidents=(incident("web01-7", Kind.STORM, closed=closed),)))
    tally.take(seen(CheckpointLog(), 0, incidents=(incident("web01-8", Kind.STORM),)))
    assert tally.incidents == {Kind.STORM: 2}


def test_pings_are_counted_by_their_time() -> None:
    tally = Tally()
    for at, ok in ((1.0, True), (1.0, True), (3.0, False), (3.0, False), (5.0, True)):
        tally.take(with_guest(full(), witnesses=(Witness(HOST_TO_HOST, "alpha", "", ok, at),)))
    assert (tally.pings["alpha"], tally.lost["alpha"]) == (3, 1)

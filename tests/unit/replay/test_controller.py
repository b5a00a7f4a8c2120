"""The controller of a replay: frames at their time, jumps, and no action at all."""

from __future__ import annotations

import asyncio
import time

import pytest

from colotui.controller.base import Controller
from colotui.errors import ActionRefused, ColotuiError, RecordingError
from colotui.model.facts import Missing
from colotui.model.mismatch import Mismatch
from colotui.model.plan import Action
from colotui.model.protection import Snapshot
from colotui.model.recording import MarkKind
from colotui.replay.controller import ReplayController
from tests.ui import samples
from tests.unit.replay.memory import ACT_AT, DEATH_AT, GAP, STORM_AT, T0, sample

REASON = "this is a recording of 24 Nov 2026: nothing can be done here"


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def still(at: float | None = None) -> ReplayController:
    return ReplayController(sample(), at=at, playing=False)


def test_it_is_a_controller() -> None:
    replay: Controller = still()
    assert replay.snapshot.at == T0
    assert replay.refusal("web01", Action.FAILOVER) == REASON


async def test_every_action_is_refused_with_the_reason() -> None:
    replay = still()
    for refused in (
        replay.prepare("web01", Action.FAILOVER),
        replay.run(samples.failover_plan()),
        replay.retry("web01"),
        replay.undo("web01"),
        replay.capture("web01", True),
        replay.arm("web01", True),
        replay.bundle("web01"),
    ):
        with pytest.raises(ActionRefused) as caught:
            await refused
        assert REASON in str(caught.value)
    assert replay.cancel("web01") == REASON
    replay.leave("web01")
    found = await replay.packets("web01", Mismatch(T0, "tcp", "x"))
    assert isinstance(found, Missing)
    assert "recording" in found.why


def test_the_snapshot_of_a_moment_is_the_recorded_one() -> None:
    recording = sample()
    replay = ReplayController(recording, playing=False)
    for second in (0, 1, 99.9, 100.4, 101, 199.5, 261, 300.7, 400, 600):
        replay.seek(T0 + second)
        assert replay.snapshot is recording.at(T0 + second)
        assert replay.now() == T0 + second


def test_outside_and_in_a_gap_it_lands_at_the_edge() -> None:
    replay = still(at=0.0)
    assert replay.now() == T0
    assert "begins at" in replay.landed.why
    assert "ends at" in replay.seek(T0 + 9999).why
    assert replay.snapshot.at == T0 + 600
    assert replay.seek(T0 + 230).moment == GAP[0]
    assert replay.seek(T0 + 230).moment == GAP[1]


@pytest.mark.parametrize(
    ("kind", "times"),
    [
        (MarkKind.INCIDENT, (STORM_AT, DEATH_AT)),
        (MarkKind.MISMATCH, (T0 + 10.2, T0 + 11.2, T0 + 50.2, T0 + 150.2)),
        (MarkKind.ACTION, (ACT_AT,)),
    ],
)
def test_jumps_go_through_all_marks_of_a_kind_and_back(kind: MarkKind, times: tuple[float, ...]) -> None:
    replay = still()
    seen = []
    while (mark := replay.jump(kind, 1)) is not None:
        seen.append(mark.at)
        assert (mark.number, mark.count) == (len(seen), len(times))
        assert replay.now() == mark.seen >= mark.at
    assert tuple(seen) == times
    back = []
    while (mark := replay.jump(kind, -1)) is not None:
        back.append(mark.at)
    assert tuple(back) == tuple(reversed(times[:-1]))


def test_a_jump_shows_what_it_jumps_to() -> None:
    replay = still()
    mark = replay.jump(MarkKind.INCIDENT, 1)
    assert mark is not None
    assert [incident.id for incident in replay.snapshot.guests[0].incidents] == ["web01-1"]
    assert replay.named(mark).startswith("incident 1 of 2: checkpoint storm (web01), 2026-11-24 11:5")
    replay.seek(T0)
    assert replay.jump(MarkKind.MISMATCH, 1) is not None
    assert replay.snapshot.guests[0].mismatch_total == 1
    mark = replay.jump(MarkKind.ACTION, 1)
    assert mark is not None
    assert replay.snapshot.guests[0].progress is not None
    assert "Fail over web01 to beta" in replay.named(mark)


def test_back_right_after_a_jump_is_the_mark_before_and_later_the_mark_itself() -> None:
    clock = Clock()
    replay = ReplayController(sample(), monotonic=clock)
    replay.jump(MarkKind.INCIDENT, 1)
    replay.jump(MarkKind.INCIDENT, 1)
    clock.at += 1.0
    assert (mark := replay.jump(MarkKind.INCIDENT, -1)) is not None
    assert mark.at == STORM_AT
    clock.at += 10.0
    assert (mark := replay.jump(MarkKind.INCIDENT, -1)) is not None
    assert mark.at == STORM_AT


async def test_frames_come_as_their_time_comes() -> None:
    recording = sample()
    replay = ReplayController(recording, speed=32.0)
    seen: list[Snapshot] = []
    leave = replay.subscribe(seen.append)
    await replay.start()
    await replay.start()
    until = time.monotonic() + 10.0
    while len(seen) < 8 and time.monotonic() < until:
        await asyncio.sleep(0.02)
        for snapshot in seen:
            assert snapshot.at <= replay.now()
    times = [snapshot.at for snapshot in seen]
    assert len(times) >= 8
    assert times == sorted(set(times))
    leave()
    leave()
    await replay.close()
    assert recording.closed


async def test_it_stands_while_it_is_paused_and_at_the_end() -> None:
    recording = sample()
    replay = ReplayController(recording, at=T0 + 599.5, speed=16.0)
    await replay.start()
    for _ in range(100):
        await asyncio.sleep(0.02)
        if not replay.transport.playing and replay.snapshot.at == recording.end:
            break
    assert replay.snapshot.at == recording.end
    read = recording.read
    await asyncio.sleep(0.3)
    assert recording.read == read
    replay.toggle()
    assert replay.snapshot.at < T0 + 10
    assert replay.transport.playing
    replay.toggle()
    assert not replay.transport.playing
    await replay.close()


async def test_a_damaged_part_is_told_and_the_replay_stands() -> None:
    recording = sample()
    replay = ReplayController(recording, speed=64.0)
    told: list[ColotuiError] = []
    replay.troubled = told.append
    recording.broken = T0 + 20.0
    await replay.start()
    for _ in range(100):
        await asyncio.sleep(0.02)
        if told:
            break
    assert len(told) == 1
    assert not replay.transport.playing
    replay.seek(T0 + 5.0)
    with pytest.raises(RecordingError):
        replay.seek(T0 + 50.0)
    assert replay.now() == T0 + 5.0
    assert replay.snapshot.at == T0 + 5.0
    await replay.close()


async def test_reading_slowly_takes_a_quarter_of_the_time_at_most() -> None:
    recording = sample()
    at, spent = recording.at, 0.0

    def slow(moment: float) -> Snapshot:
        nonlocal spent
        begun = time.monotonic()
        time.sleep(0.05)
        found = at(moment)
        spent += time.monotonic() - begun
        return found

    recording.at = slow  # type: ignore[method-assign]
    replay = ReplayController(recording, speed=64.0)
    spent, begun = 0.0, time.monotonic()
    await replay.start()
    await asyncio.sleep(1.5)
    assert 0.0 < spent < 0.4 * (time.monotonic() - begun)
    await replay.close()

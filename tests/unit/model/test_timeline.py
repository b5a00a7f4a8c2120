"""The past as columns says exactly what a count over all rows says, and what was handed out never changes."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from colotui.model.checkpoint import Cause, Checkpoint, CheckpointStats, percentile
from colotui.model.mismatch import Mismatch
from colotui.model.past import CheckpointLog, MismatchLog
from colotui.model.timeline import KEEP_S, Recorder

TIMES = st.floats(0, 4000, allow_nan=False).map(lambda at: round(at, 3))
CHECKPOINTS = st.builds(
    Checkpoint,
    at=TIMES,
    cause=st.sampled_from(Cause),
    pause_ms=st.none() | st.floats(0, 1e4),
    pages=st.none() | st.integers(0, 10**7),
)
MANY = st.lists(CHECKPOINTS, max_size=80)


def ordered(items: list[Checkpoint]) -> list[Checkpoint]:
    return sorted(items, key=lambda item: item.at)


@given(MANY, st.integers(1, 40), st.sampled_from([0.5, 2.0, 7.3, 120.0]), st.integers(0, 4000))
def test_buckets_equal_a_count_over_all(items: list[Checkpoint], count: int, step: float, first: int) -> None:
    edges = [first + place * step for place in range(count + 1)]
    cut = CheckpointLog.of(items).cut(edges)
    assert len(cut) == count
    for place, stretch in enumerate(cut):
        inside = [item for item in ordered(items) if edges[place] <= item.at < edges[place + 1]]
        pauses = sorted(item.pause_ms for item in inside if item.pause_ms is not None)
        assert list(stretch) == inside
        assert stretch.forced == sum(item.cause.forced for item in inside)
        assert stretch.pauses() == pauses
        assert percentile(stretch.pauses(), 0.5) == percentile(pauses, 0.5)
        assert stretch.pages() == sorted(item.pages for item in inside if item.pages is not None)
        others = [item.pause_ms for item in inside if item.pause_ms is not None and item.cause is not Cause.FIRST]
        assert stretch.longest() == max(others, default=None)
        by_cause = stretch.by_cause()
        for cause in Cause:
            same = [item for item in inside if item.cause is cause]
            assert stretch.count_of(cause) == len(same)
            if same:
                known = sorted(item.pause_ms for item in same if item.pause_ms is not None)
                assert by_cause[cause] == (len(same), known)
            else:
                assert cause not in by_cause


@given(MANY, TIMES, st.sampled_from([1.0, 60.0, 3600.0]))
def test_figures_equal_those_over_all(items: list[Checkpoint], now: float, window: float) -> None:
    all_of_them = ordered(items)
    recent = [item for item in all_of_them if item.at > now - window]
    pauses = [item.pause_ms for item in recent if item.pause_ms is not None]
    pages = [item.pages for item in recent if item.pages is not None]
    span = window if len(all_of_them) > len(recent) else max(now - (recent[0].at if recent else now), 1.0)
    assert CheckpointLog.of(items).figures(7, now, window) == CheckpointStats(
        total=7,
        window_s=span,
        rate_per_s=len(recent) / span if recent else 0.0,
        forced_share=sum(item.cause.forced for item in recent) / len(recent) if recent else None,
        pause_p50_ms=percentile(pauses, 0.5),
        pause_p95_ms=percentile(pauses, 0.95),
        pause_max_ms=max(pauses, default=None),
        pages_p50=percentile(pages, 0.5),  # type: ignore[arg-type]
        last_at=all_of_them[-1].at if all_of_them else None,
    )


@given(MANY, TIMES)
def test_the_forced_one_before_and_after(items: list[Checkpoint], at: float) -> None:
    log = CheckpointLog.of(items)
    forced = [item.at for item in items if item.cause.forced]
    assert log.forced_before(at) == max((found for found in forced if found < at), default=None)
    assert log.forced_after(at) == min((found for found in forced if found > at), default=None)


@given(MANY, MANY)
def test_a_view_never_changes(first: list[Checkpoint], later: list[Checkpoint]) -> None:
    recorder = Recorder(CheckpointLog)
    for item in first:
        recorder.add(item)
    view = recorder.log
    before = list(view)
    for item in later:
        recorder.add(item)
    assert list(view) == before
    assert list(recorder.log) == ordered([*first, *later])
    assert recorder.log.grown_from(recorder.log)
    if [*first, *later] == ordered([*first, *later]):
        assert recorder.log.grown_from(view)


@settings(max_examples=30)
@given(st.lists(st.floats(0, 100).map(lambda at: round(at, 2)), max_size=200), st.integers(4, 50))
def test_memory_stays_bounded_and_the_newest_are_kept(times: list[float], most: int) -> None:
    recorder = Recorder(CheckpointLog, keep_s=30.0, keep_rows=most)
    for at in times:
        recorder.add(Checkpoint(at, Cause.PERIODIC, 1.0))
        assert len(recorder.log) <= most
    kept = [item.at for item in recorder.log]
    assert kept == sorted(kept)
    if times:
        assert kept[-1] == max(times)


def test_more_than_an_hour_at_ten_a_second_is_kept() -> None:
    recorder = Recorder(CheckpointLog)
    for index in range(80_000):
        recorder.add(Checkpoint(index * 0.1, Cause.TCP if index % 10 == 0 else Cause.PERIODIC, index % 7, 300))
    log = recorder.log
    now = log.last_at
    assert now is not None
    assert log.first_at is not None
    assert now - log.first_at >= 3600
    assert now - log.first_at <= KEEP_S + 700
    hour = log.between(now - 3600.0, math.inf)
    assert hour.forced == 3600
    assert len(hour) == 36_001
    assert [len(part) for part in log.cut([now - 3600 + 60 * place for place in range(61)])] == [600] * 60


def test_sequences() -> None:
    items = [Checkpoint(float(place), Cause.PERIODIC) for place in range(5)]
    log = CheckpointLog.of(items)
    assert log[0] == items[0]
    assert log[-1] == items[4]
    assert log[1:3] == items[1:3]
    assert log[::-1] == items[::-1]
    assert list(reversed(log)) == items[::-1]
    assert log.between(1, 3) == log.between(0.5, 3)
    assert hash(log.between(1, 3)) == hash(log.between(0.5, 3))
    assert log != CheckpointLog.of(items)
    assert log != items
    assert not CheckpointLog()
    assert CheckpointLog().first_at is None
    try:
        log[5]
    except IndexError:
        pass
    else:
        raise AssertionError


MISMATCHES = st.builds(
    Mismatch,
    at=TIMES,
    protocol=st.sampled_from(["tcp", "udp", ""]),
    what=st.sampled_from(["length 1 ≠ 2", "payload differs"]),
    source=st.just("10.0.0.1"),
    primary_length=st.none() | st.integers(0, 65535),
    secondary_length=st.none() | st.integers(0, 65535),
    forced_ms=st.none() | st.floats(0, 100),
)


@given(st.lists(MISMATCHES, max_size=60), TIMES)
def test_mismatches_come_back_as_they_were(items: list[Mismatch], at: float) -> None:
    log = MismatchLog.of(items)
    assert list(log) == sorted(items, key=lambda item: item.at)
    later = [item for item in items if item.at > at]
    assert len(log.after(at)) == len(later)
    counts = {name: sum(item.protocol == name for item in later) for name in ("tcp", "udp", "")}
    assert log.after(at).protocols() == {name: count for name, count in counts.items() if count}


def test_lengths_beyond_any_packet_do_not_break_it() -> None:
    odd = Mismatch(1.0, "tcp", "x", primary_length=10**12, secondary_length=0, forced_ms=1.0)
    assert next(iter(MismatchLog.of([odd]))) == replace(odd, primary_length=2**31 - 1)
    wild = CheckpointLog.of([Checkpoint(1.0, Cause.TCP, math.nan, 10**30)])
    assert wild[0] == Checkpoint(1.0, Cause.TCP, None, 2**31 - 1)

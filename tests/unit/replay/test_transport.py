"""The clock of a replay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colotui.replay.transport import SPEEDS, Transport
from colotui.replay.when import local


class Clock:
    def __init__(self) -> None:
        self.at = 50.0

    def __call__(self) -> float:
        return self.at


def made(gaps: list[tuple[float, float]] | None = None) -> tuple[Transport, Clock]:
    clock = Clock()
    return Transport(1000.0, 2000.0, gaps or [], monotonic=clock), clock


def test_it_stands_until_it_plays_and_stands_again() -> None:
    transport, clock = made()
    clock.at += 5
    assert transport.moment == 1000.0
    transport.play()
    clock.at += 5
    assert (transport.moment, transport.playing) == (1005.0, True)
    transport.pause()
    clock.at += 5
    assert (transport.moment, transport.playing) == (1005.0, False)


def test_speed_counts_from_when_it_changes() -> None:
    transport, clock = made()
    transport.play()
    clock.at += 10
    for _ in range(3):
        transport.change_speed(1)
    assert transport.speed == 8.0
    clock.at += 10
    assert transport.moment == 1090.0
    transport.be_at_speed(0.25)
    clock.at += 10
    assert transport.moment == 1092.5


def test_the_scale_of_speeds_ends() -> None:
    transport, _ = made()
    while transport.change_speed(1):
        pass
    assert transport.speed == SPEEDS[-1] == 64.0
    while transport.change_speed(-1):
        pass
    assert transport.speed == SPEEDS[0] == 0.25


def test_a_speed_beside_the_scale_finds_back_to_it() -> None:
    transport, _ = made()
    transport.be_at_speed(3.0)
    assert transport.change_speed(1)
    assert transport.speed == 4.0
    transport.be_at_speed(3.0)
    assert transport.change_speed(-1)
    assert transport.speed == 2.0


def test_it_stands_at_the_end_and_begins_anew() -> None:
    transport, clock = made()
    transport.play()
    clock.at += 5000
    assert (transport.moment, transport.playing, transport.ended) == (2000.0, False, True)
    transport.play()
    clock.at += 1
    assert (transport.moment, transport.playing) == (1001.0, True)


def test_playing_leaves_gaps_out() -> None:
    transport, clock = made([(1100.0, 1500.0), (1510.0, 1600.0)])
    transport.play()
    clock.at += 99
    assert transport.moment == 1099.0
    clock.at += 2
    assert transport.moment == 1501.0
    clock.at += 10
    assert transport.moment == 1601.0
    assert transport.until(1601.0) == 0.0


def test_until_does_not_count_gaps() -> None:
    transport, _ = made([(1100.0, 1500.0)])
    transport.be_at_speed(2.0)
    assert transport.until(1050.0) == 25.0
    assert transport.until(1600.0) == 100.0
    assert transport.until(900.0) == 0.0


@pytest.mark.parametrize(
    ("asked", "landed", "why"), [(500.0, 1000.0, "begins at"), (9999.0, 2000.0, "ends at"), (1700.0, 1700.0, "")]
)
def test_a_moment_outside_goes_to_the_nearest_end_and_says_so(asked: float, landed: float, why: str) -> None:
    transport, _ = made()
    landing = transport.seek(asked)
    assert landing.moment == transport.moment == landed
    assert bool(landing.why) is bool(why)
    assert why in landing.why
    assert not why or local(landed) in landing.why


def test_small_steps_cross_a_gap_both_ways() -> None:
    transport, _ = made([(1100.0, 1500.0)])
    transport.seek(1095.0)
    assert transport.seek(1105.0).moment == 1500.0
    assert "nothing was recorded" in transport.seek(1490.0).why
    assert transport.moment == 1100.0


def test_seeking_goes_on_playing() -> None:
    transport, clock = made()
    transport.play()
    transport.seek(1500.0)
    clock.at += 3
    assert transport.moment == 1503.0


@given(
    st.lists(st.tuples(st.floats(1000, 2000), st.floats(0, 100)), max_size=4),
    st.floats(1000, 2000),
    st.floats(0, 2000),
)
def test_it_never_stands_in_a_gap_and_never_goes_back(
    raw: list[tuple[float, float]], start: float, seconds: float
) -> None:
    gaps: list[tuple[float, float]] = []
    for low, length in sorted(raw):
        if not gaps or low > gaps[-1][1]:
            gaps.append((low, min(low + length, 2000.0)))
    transport, clock = made(gaps)
    before = transport.seek(start).moment
    transport.play()
    clock.at += seconds
    after = transport.moment
    assert transport.begin <= after <= transport.end
    assert after >= before or before == transport.end
    assert not any(low < after < high and after - low > 1e-6 and high - after > 1e-6 for low, high in gaps)

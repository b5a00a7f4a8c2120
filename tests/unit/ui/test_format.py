"""Numbers, durations and times follow the rules of the art direction."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colotui.ui import format as fmt


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "—"),
        (float("nan"), "—"),
        (0, "0.0"),
        (0.08, "0.08"),
        (0.004, "0.0"),
        (0.4, "0.4"),
        (6.84, "6.8"),
        (9.96, "10.0"),
        (25.64, "25.6"),
        (99.96, "100"),
        (257.4, "257"),
        (-0.8, "−0.8"),
        (-0.001, "0.0"),
    ],
)
def test_number(value: float | None, text: str) -> None:
    assert fmt.number(value) == text


@pytest.mark.parametrize(("value", "text"), [(3, "3"), (9999, "9999"), (274108, "274 108"), (None, "—"), (-2, "−2")])
def test_whole(value: float | None, text: str) -> None:
    assert fmt.whole(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.8, "+0.8"), (-12.3, "−12.3"), (0.0, "0.0"), (None, "—")])
def test_signed(value: float | None, text: str) -> None:
    assert fmt.signed(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "—"),
        (-1, "0.0 s"),
        (0.4, "0.4 s"),
        (13.1, "13 s"),
        (120, "2 min"),
        (3 * 3600 + 245, "3 h 04 min"),
        (3 * 86400 + 4 * 3600 + 720, "3 d 04:12"),
    ],
)
def test_duration(seconds: float | None, text: str) -> None:
    assert fmt.duration(seconds) == text


def test_finer_and_coarser_durations() -> None:
    assert fmt.fine_duration(0.08) == "0.08 s"
    assert fmt.fine_duration(13.42) == "13.4 s"
    assert fmt.fine_duration(200) == "3 min"
    assert fmt.lasting(9.2) == "9 s"
    assert fmt.lasting(-3) == "0 s"
    assert fmt.age(13.1) == "13 s old"


def test_bytes_and_memory() -> None:
    assert fmt.size_bytes(1_300_000) == ("1.3", "MB")
    assert fmt.size_bytes(999) == ("999", "B")
    assert fmt.size_binary(257 * 2**20) == ("257", "MiB")
    assert fmt.size_binary(2 * 2**30) == ("2", "GiB")
    assert fmt.rate_count(1210) == ("1.2", "k")
    assert fmt.link_speed(1000) == "1 Gb/s"
    assert fmt.link_speed(100) == "100 Mb/s"
    assert fmt.link_speed(2500) == "2.5 Gb/s"
    assert fmt.link_speed(None) == fmt.link_speed(-1) == ""


def test_a_unit_keeps_still_near_its_border() -> None:
    memory: dict[str, int] = {}
    assert fmt.size_bytes(1_050_000, memory, "link")[1] == "MB"
    assert (
        fmt.size_bytes(950_000, memory, "link") == ("0.9", "MB") or fmt.size_bytes(950_000, memory, "link")[1] == "MB"
    )
    assert fmt.size_bytes(400_000, memory, "link") == ("400", "kB")
    assert fmt.size_bytes(950_000, memory, "link") == ("950", "kB")


def test_times() -> None:
    at = datetime(2026, 11, 24, 12, 4, 18).timestamp() + 0.0961
    assert fmt.clock(at) == "12:04:18"
    assert fmt.clock_ms(at) == "12:04:18.096"
    assert fmt.clock_ms(at, 1) == "12:04:18.0"
    assert fmt.day_or_clock(at, at + 60) == "12:04:18"
    assert fmt.day_or_clock(at - 4 * 86400, at) == "20 Nov"
    assert fmt.clock(None) == fmt.clock_ms(None) == fmt.day_or_clock(None, at) == "—"


@given(st.floats(min_value=0, max_value=1e15))
def test_no_number_is_wide(value: float) -> None:
    text, unit = fmt.size_bytes(value)
    assert len(text) <= 5
    assert unit
    assert len(fmt.number(min(value, 99999.0))) <= 5


def test_plural() -> None:
    assert fmt.plural(1, "step") == "1 step"
    assert fmt.plural(7, "step") == "7 steps"
    assert fmt.plural(2, "entry", "entries") == "2 entries"

"""Which stretch of a recording is meant."""

from __future__ import annotations

import time

import pytest

from colotui.errors import UsageError
from colotui.report.window import AROUND, LONGEST, window_of
from tests.unit.report import story


def clock(at: float, form: str = "%H:%M:%S") -> str:
    return time.strftime(form, time.localtime(at))


@pytest.mark.parametrize("words", ["web01-3", "web01", "last", " last "])
def test_an_incident_with_two_minutes_before_and_after(words: str) -> None:
    window = window_of(words, story.killed())
    assert window.about == story.incident()
    assert window.low == pytest.approx(story.DIED - AROUND)
    assert window.high == pytest.approx(story.DIED + 8.9 + AROUND, abs=5)
    assert window.high <= story.END


def test_an_open_incident_reaches_to_the_end_and_a_long_one_is_cut() -> None:
    recording = story.killed()
    recording.found = [story.incident(closed_at=None)]
    assert window_of("last", recording).high == recording.end
    recording.found = [story.incident(opened_at=story.DIED + 9000, closed_at=story.DIED + 30000)]
    recording.frames[-1] = story.at(recording.frames[-1], story.DIED + 40000)
    window = window_of("last", recording)
    assert window.high - window.low == pytest.approx(LONGEST)
    assert "only its first 60 min" in window.note


def test_of_two_that_begin_alike_none_is_guessed() -> None:
    recording = story.killed()
    recording.found = [story.incident(), story.incident(id="web01-31", opened_at=story.DIED + 9)]
    assert window_of("web01-3", recording).about == recording.found[0]
    with pytest.raises(UsageError, match="not the beginning of one") as error:
        window_of("web01", recording)
    assert "web01-31" in error.value.what
    assert window_of("last", recording).about == recording.found[1]


@pytest.mark.parametrize("words", ["web02-1", "", "..x", "25:99..", "14:00..13:61", "\x1b[31m"])
def test_what_means_nothing_is_refused_with_what_there_is(words: str) -> None:
    recording = story.killed()
    if not words:
        recording.found = []
    with pytest.raises(UsageError) as error:
        window_of(words, recording)
    assert error.value.next_step
    assert "\x1b" not in str(error.value)


def test_two_times_of_day() -> None:
    low, high = story.DIED - 60, story.DIED + 30
    window = window_of(f"{clock(low)}..{clock(high)}", story.killed())
    assert window.low == pytest.approx(low, abs=1)
    assert window.high == pytest.approx(high, abs=1)
    assert window.about is None


def test_back_from_the_end_and_from_the_beginning() -> None:
    recording = story.killed()
    assert window_of("-1m..", recording).low == pytest.approx(recording.end - 60)
    assert window_of("..-30s", recording).high == pytest.approx(recording.end - 30)
    assert window_of("..", recording).low == recording.begin


def test_a_day_reaches_to_its_midnight() -> None:
    recording = story.killed()
    window = window_of(clock(story.DIED, "%Y-%m-%d"), recording)
    assert (window.low, window.high) == (recording.begin, recording.end)
    with pytest.raises(UsageError, match="nothing of `2001-01-01` was recorded"):
        window_of("2001-01-01", recording)


def test_past_midnight() -> None:
    recording = story.killed()
    night = time.mktime((2026, 11, 24, 23, 58, 0, 0, 0, -1))
    shift = night - recording.begin
    recording.frames = [story.at(frame, frame.at + shift) for frame in recording.frames]
    window = window_of("23:59..00:01", recording)
    assert (window.low, window.high) == (night + 60, night + 180)


def test_backwards_is_refused() -> None:
    with pytest.raises(UsageError, match="ends before it begins"):
        window_of("-1m..-2m", story.killed())

"""How a moment is written."""

from __future__ import annotations

from datetime import datetime

import pytest

from colotui.errors import UsageError
from colotui.replay.when import FORMS, Span, day, local, moment_of


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


SPAN = Span(at("2026-11-24 14:00:00"), at("2026-11-24 16:00:00"), at("2026-11-24 14:30:00"))
NIGHT = Span(at("2026-11-24 23:00:00"), at("2026-11-26 01:00:00"), at("2026-11-25 23:30:00"))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("14:03:20", "2026-11-24 14:03:20"),
        (" 14:03 ", "2026-11-24 14:03:00"),
        ("14:03:20.5", "2026-11-24 14:03:20.500"),
        ("9:05", "2026-11-24 09:05:00"),
        ("+5m", "2026-11-24 14:35:00"),
        ("-30s", "2026-11-24 14:29:30"),
        ("−90", "2026-11-24 14:28:30"),
        ("+1h30m", "2026-11-24 16:00:00"),
        ("+ 2 min 10 s", "2026-11-24 14:32:10"),
        ("2026-11-24 14:03", "2026-11-24 14:03:00"),
        ("2026-11-24T14:03:20", "2026-11-24 14:03:20"),
        ("2026-11-25", "2026-11-25 00:00:00"),
        ("BEGIN", "2026-11-24 14:00:00"),
        ("end", "2026-11-24 16:00:00"),
    ],
)
def test_forms(text: str, meant: str) -> None:
    assert moment_of(text, SPAN) == pytest.approx(at(meant))


def test_a_zone_and_epoch_seconds() -> None:
    assert moment_of("2026-11-24T14:03:20Z", SPAN) == at("2026-11-24T14:03:20+00:00")
    assert moment_of("2026-11-24 14:03+05:00", SPAN) == at("2026-11-24T14:03:00+05:00")
    assert moment_of("1795500000.5", SPAN) == 1795500000.5


@pytest.mark.parametrize(
    ("text", "meant"),
    [("23:10", "2026-11-25 23:10:00"), ("00:30", "2026-11-26 00:30:00"), ("12:00", "2026-11-25 12:00:00")],
)
def test_a_time_of_day_is_of_the_day_that_is_recorded_and_nearest(text: str, meant: str) -> None:
    assert moment_of(text, NIGHT) == at(meant)


@pytest.mark.parametrize(
    "text",
    ["", "noon", "25:00", "14:60", "+", "-", "5m", "+5x", "+5m x", "2026-13-01", "2026-11-24 1", "x" * 5000, "1:2:3",
     "+1e9", "٣:03", "14:03\x1b[31m", "nan", "+inf", "9999999999999999999"],
)  # fmt: skip
def test_what_is_no_time_is_said_with_the_forms(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        moment_of(text, SPAN)
    assert FORMS in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_words() -> None:
    assert local(SPAN.begin) == "2026-11-24 14:00:00"
    assert day(SPAN.begin) == "24 Nov 2026"

"""Moments of a recording in words: how they are said, and how the operator writes them."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from colotui.errors import UsageError
from colotui.model.text import plain

FORMS = "14:03:20, +5m, -30s, 2026-11-24 14:03, begin, end"
"""The ways to write a moment, by examples."""

_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)\s*")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}(?:\.[0-9]+)?))?")
_EPOCH = re.compile(r"[0-9]{9,11}(?:\.[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONGEST = 64
_MOST_DAYS = 400


@dataclass(frozen=True, slots=True)
class Span:
    """A recording's begin and end, and where one stands in it (epoch s)."""

    begin: float
    end: float
    now: float


def local(at: float) -> str:
    """`2026-11-24 14:03:20`, local time."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def day(at: float) -> str:
    """`24 Nov 2026`, local time."""
    then = time.localtime(at)
    return f"{then.tm_mday} {time.strftime('%b %Y', then)}"


def moment_of(text: str, span: Span) -> float:
    """The moment that `text` names (epoch s), which may lie outside the recording.

    A time of day without a date is of the day that lies in the recording and nearest to where one stands; `+5m` and
    `-1h30m` count from there; a date without a time is its midnight. Raises UsageError with the forms there are.
    """
    words = text.strip().lower()
    found = None if len(words) > _LONGEST else _read(words, span)
    if found is None or not math.isfinite(found):
        raise UsageError(f"`{plain(text.strip(), 40)}` is no time.", f"Write it as one of: {FORMS}.")
    return found


def _read(words: str, span: Span) -> float | None:
    if words in ("begin", "start"):
        return span.begin
    if words == "end":
        return span.end
    if words[:1] in ("+", "-", "−"):
        seconds = _seconds(words[1:].strip())
        return None if seconds is None else span.now + (seconds if words[0] == "+" else -seconds)
    if _EPOCH.fullmatch(words):
        return float(words)
    if clock := _CLOCK.fullmatch(words):
        return _of_some_day(clock, span)
    return _of_date(words) if _DATE.match(words) else None


def _seconds(words: str) -> float | None:
    """`90`, `5m`, `1h30m`, `2 min 10 s` as seconds."""
    total, at = 0.0, 0
    while at < len(words):
        part = _PART.match(words, at)
        if part is None:
            return None
        unit = _UNITS.get(part[2] or "s")
        if unit is None:
            return None
        total += float(part[1]) * unit
        at = part.end()
    return total if at else None


def _of_some_day(clock: re.Match[str], span: Span) -> float | None:
    hour, minute, second = int(clock[1]), int(clock[2]), float(clock[3] or 0.0)
    if hour > 23 or minute > 59 or second >= 60.0:
        return None
    first, last = (datetime.fromtimestamp(at).date() for at in (span.begin, span.end))
    here = datetime.fromtimestamp(span.now).date()
    days = min((last - first).days, _MOST_DAYS)
    candidates = {first + timedelta(days=number) for number in range(days + 1)} | {here}
    found = [datetime(one.year, one.month, one.day, hour, minute).timestamp() + second for one in sorted(candidates)]
    inside = [at for at in found if span.begin <= at <= span.end]
    return min(inside or found, key=lambda at: abs(at - span.now))


def _of_date(words: str) -> float | None:
    try:
        return datetime.fromisoformat(words.upper()).timestamp()
    except (ValueError, OverflowError, OSError):
        return None

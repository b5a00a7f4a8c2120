"""Moments in words, local time to the millisecond with its zone named; and words as a sentence."""

from __future__ import annotations

import time
from datetime import datetime

from colotui.ui.format import clock_ms, fine_duration


def day(at: float) -> str:
    """`24 Nov 2026`."""
    then = time.localtime(at)
    return f"{then.tm_mday} {time.strftime('%b %Y', then)}"


def full(at: float) -> str:
    """`12:04:18.096`."""
    return clock_ms(at)


def dated(at: float) -> str:
    """`24 Nov 2026 12:04:18.096`."""
    return f"{day(at)} {clock_ms(at)}"


def iso(at: float) -> str:
    """For a <time>: `2026-11-24T12:04:18.096+01:00`."""
    return datetime.fromtimestamp(at).astimezone().isoformat(timespec="milliseconds")


def zone(at: float) -> str:
    """The local zone: `CET, UTC+01:00`."""
    then = datetime.fromtimestamp(at).astimezone()
    name, offset = then.tzname() or "", then.isoformat()[-6:]
    return f"UTC{offset}" if not name or name[0] in "+-" else name if name == "UTC" else f"{name}, UTC{offset}"


def span(low: float, high: float) -> str:
    """A window: the day once where it is one day."""
    if day(low) == day(high):
        return f"{day(low)}, {full(low)[:8]} to {full(high)[:8]}"
    return f"{day(low)} {full(low)[:8]} to {day(high)} {full(high)[:8]}"


def since(zero: float | None, at: float) -> str:
    """How far from the first witness: `−1.2 s`, `0`, `+61 ms`, `+2 min`; "" without one."""
    if zero is None:
        return ""
    away = at - zero
    sign = "−" if away < 0 else "+"
    away = abs(away)
    if away < 0.0005:
        return "0"
    if away < 0.9995:
        return f"{sign}{away * 1000:.0f} ms"
    return f"{sign}{away:.1f} s" if away < 600.0 else f"{sign}{fine_duration(away)}"


def sentence(words: str) -> str:
    """With a capital and a full stop; an address or a name with signs in it keeps its small letter."""
    words = words.strip()
    first = words.partition(" ")[0].rstrip(",;")
    head = words[:1].upper() if first.replace("'", "").isalpha() else words[:1]
    return f"{head}{words[1:]}{'' if words[-1:] in ('.', '!', '?', '') else '.'}"

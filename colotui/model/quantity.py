"""Sizes, times and lists as words for a sentence."""

from __future__ import annotations

from collections.abc import Iterable

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def size(value: int) -> str:
    """Bytes in powers of 1024: `256 MiB`, `1.5 GiB`."""
    amount, unit = float(value), 0
    while abs(amount) >= 1023.5 and unit < len(_UNITS) - 1:
        amount /= 1024
        unit += 1
    text = f"{amount:.0f}" if abs(amount) >= 99.5 or amount == int(amount) else f"{amount:.1f}"
    return f"{text} {_UNITS[unit]}"


def millis(value: float) -> str:
    """Milliseconds without false precision: `0.03`, `0.8`, `12`, `1200`."""
    size = abs(value)
    digits = 2 if 0.005 <= size < 0.095 else 1 if size < 9.95 else 0
    return f"{value:.{digits}f}"


def listing(words: Iterable[str], most: int = 6) -> str:
    """`a, b, c`; of more than `most` the rest as a number."""
    found = list(words)
    shown = ", ".join(found[:most])
    return f"{shown} and {len(found) - most} more" if len(found) > most else shown

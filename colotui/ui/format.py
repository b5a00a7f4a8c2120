"""Numbers, durations, ages and times as words of a steady width, by the rules of the art direction."""

from __future__ import annotations

import math
import time
from collections.abc import MutableMapping, Sequence

MISSING = "—"
MINUS = "−"

_BYTES = ("B", "kB", "MB", "GB", "TB")
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB")
_COUNT = ("", "k", "M", "G")
_BITS = ("Mb/s", "Gb/s", "Tb/s")
_SWITCH_DOWN = 0.8


def number(value: float | None) -> str:
    """`6.8`, `25.6`, `257`, `0.08`: two significant digits below 10, none after the point from 100."""
    if value is None or not math.isfinite(value):
        return MISSING
    size = abs(value)
    if size >= 99.95:
        text = f"{size:.0f}"
    elif size >= 0.095 or size < 0.005:
        text = f"{size:.1f}" if size >= 0.005 else "0.0"
    else:
        text = f"{size:.2f}"
    return MINUS + text if value < 0 and text.strip("0.") else text


def whole(value: float | None) -> str:
    """A count without a fraction, thousands apart by a blank from 10 000."""
    if value is None or not math.isfinite(value):
        return MISSING
    text = f"{abs(value):.0f}"
    if len(text) > 4:
        text = f"{int(text):,}".replace(",", " ")
    return MINUS + text if value < 0 and text != "0" else text


def signed(value: float | None) -> str:
    """A difference: `+0.8`, `−12.3`, `0.0`."""
    text = number(value)
    return f"+{text}" if value is not None and value > 0 and text.strip("0.") else text


def scaled(
    value: float | None,
    units: Sequence[str],
    step: float = 1000.0,
    memory: MutableMapping[str, int] | None = None,
    key: str = "",
) -> tuple[str, str]:
    """A value and its unit. With `memory` the unit of `key` changes only when the value is clearly past it."""
    if value is None or not math.isfinite(value):
        return MISSING, ""
    size = abs(value)
    natural = 0
    while natural < len(units) - 1 and size >= step**natural * step * 0.9995:
        natural += 1
    index = natural
    if memory is not None and key:
        held = memory.get(key)
        if held is not None and natural == held - 1 and size >= step**held * _SWITCH_DOWN:
            index = held
        memory[key] = index
    shown = value / step**index
    return (whole(shown) if index == 0 and float(shown).is_integer() else number(shown)), units[index]


def size_bytes(value: float | None, memory: MutableMapping[str, int] | None = None, key: str = "") -> tuple[str, str]:
    """Bytes in powers of 1000: (`1.3`, `MB`)."""
    return scaled(value, _BYTES, 1000.0, memory, key)


def size_binary(value: float | None) -> tuple[str, str]:
    """Memory in powers of 1024: (`257`, `MiB`). Whole GiB lose the point."""
    text, unit = scaled(value, _BINARY, 1024.0)
    return (text[:-2] if text.endswith(".0") else text), unit


def rate_count(value: float | None, memory: MutableMapping[str, int] | None = None, key: str = "") -> tuple[str, str]:
    """Events a second: (`1.2`, `k`)."""
    return scaled(value, _COUNT, 1000.0, memory, key)


def link_speed(mbps: int | None) -> str:
    """`1 Gb/s`, `100 Mb/s`; "" when the NIC does not say."""
    if mbps is None or mbps <= 0:
        return ""
    text, unit = scaled(float(mbps), _BITS)
    return f"{text[:-2] if text.endswith('.0') else text} {unit}"


def duration(seconds: float | None) -> str:
    """How long: `0.4 s`, `13 s`, `2 min`, `4 h 12 min`, `3 d 04:12`."""
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    seconds = max(0.0, seconds)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes:02d} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours:02d}:{minutes:02d}"


def lasting(seconds: float) -> str:
    """For how long a state has lasted: as duration(), but in whole seconds."""
    return f"{max(0.0, seconds):.0f} s" if seconds < 9.95 else duration(seconds)


def fine_duration(seconds: float | None) -> str:
    """How long something measured took: `0.08 s`, `2.4 s`, `13.4 s`, else as duration()."""
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    seconds = max(0.0, seconds)
    if seconds < 0.995:
        return f"{seconds:.2f} s"
    return f"{seconds:.1f} s" if seconds < 99.95 else duration(seconds)


def clock(at: float | None) -> str:
    """`12:04:18`, local time."""
    return MISSING if at is None else time.strftime("%H:%M:%S", time.localtime(at))


def clock_ms(at: float | None, digits: int = 3) -> str:
    """`12:04:18.096`; `digits` after the point."""
    if at is None:
        return MISSING
    fraction = min(int((at % 1.0) * 10**digits), 10**digits - 1)
    return f"{clock(at)}.{fraction:0{digits}d}"


def day_or_clock(at: float | None, now: float) -> str:
    """The time of today, the day (`20 Nov`) of what is older."""
    if at is None:
        return MISSING
    then, today = time.localtime(at), time.localtime(now)
    if (then.tm_year, then.tm_yday) == (today.tm_year, today.tm_yday):
        return clock(at)
    return f"{then.tm_mday:2d} {time.strftime('%b', then)}"


def age(seconds: float) -> str:
    """`13 s old`."""
    return f"{lasting(seconds)} old"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 step`, `7 steps`."""
    return f"{count} {one if count == 1 else many or one + 's'}"

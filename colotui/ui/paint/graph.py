"""Graphs of checkpoint pauses: braille with two samples a cell, or one line of blocks, on a steady scale."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from colotui.model.past import CheckpointLog

WINDOW_S = 300.0
_LEFT = (0x40, 0x04, 0x02, 0x01)
_RIGHT = (0x80, 0x20, 0x10, 0x08)
# Each braille cell by how many dots high its two columns are.
_DOTS = tuple(
    tuple(chr(0x2800 + sum(_LEFT[:left]) + sum(_RIGHT[:right])) if left or right else " " for right in range(5))
    for left in range(5)
)
_BLOCKS = "▁▂▃▄▅▆▇█"
_ENOUGH = 10
_FAR = 6.0
_NICE = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True, slots=True)
class Bin:
    """All checkpoints of one stretch of time: the longest pause, and whether one was forced."""

    pause_ms: float | None = None
    forced: bool = False


_EMPTY = Bin()


def edges(end: float, count: int, window_s: float = WINDOW_S) -> list[float]:
    """The `count` + 1 borders of the stretches up to the one that holds `end`.

    They are fixed in time, so that nothing flickers while it moves on.
    """
    step = window_s / count
    last = math.floor(end / step)
    return [(last - count + 1 + place) * step for place in range(count + 1)]


def bins(log: CheckpointLog, end: float, count: int, window_s: float = WINDOW_S) -> list[Bin]:
    """`count` stretches up to `end`, oldest first.

    The first checkpoint of a protection is left out: it carries the whole guest, and would dwarf the others.
    """
    return [Bin(*found) if found is not None else _EMPTY for found in log.peaks(edges(end, count, window_s))]


def position(at: float, end: float, count: int, window_s: float = WINDOW_S) -> int | None:
    """The stretch a moment falls into; None when it is outside the window."""
    index = bisect_right(edges(end, count, window_s), at) - 1
    return index if 0 <= index < count else None


def nice_ceiling(value: float) -> float:
    """The next round number: 25.6 gives 30, 6.8 gives 8."""
    if value <= 0 or not math.isfinite(value):
        return 10.0
    power = 10.0 ** math.floor(math.log10(value))
    for nice in _NICE:
        if value <= nice * power * 1.0001:
            return nice * power
    return 10.0 * power


def scale_of(samples: Sequence[Bin]) -> float:
    """Full scale of a graph: a round number that holds the longest pause, never below 10 ms.

    A few pauses far above all others do not count: they leave at the top (see `beyond`), or the graph
    would show nothing but them.
    """
    pauses = sorted(sample.pause_ms for sample in samples if sample.pause_ms is not None)
    if len(pauses) >= _ENOUGH:
        usual = pauses[len(pauses) * 9 // 10]
        pauses = [pause for pause in pauses if pause <= usual * _FAR]
    return max(10.0, nice_ceiling(pauses[-1] if pauses else 0.0))


def beyond(sample: Bin, full: float) -> bool:
    """True when a pause is longer than the full scale."""
    return sample.pause_ms is not None and sample.pause_ms > full * 1.001


def _level(sample: Bin, full: float, levels: int) -> int:
    if sample.pause_ms is None:
        return 0
    return max(1, min(levels, math.ceil(sample.pause_ms / full * levels)))


def braille(samples: Sequence[Bin], rows: int, full: float) -> list[list[tuple[str, bool]]]:
    """`rows` lines from the top; each cell is its character and whether a forced checkpoint is in it."""
    heights = [_level(sample, full, rows * 4) for sample in samples]
    columns = [
        _column(heights[index], heights[index + 1], rows, samples[index].forced or samples[index + 1].forced)
        for index in range(0, len(samples) - 1, 2)
    ]
    return [[column[row] for column in columns] for row in range(rows)]


@lru_cache(maxsize=2048)
def _column(left: int, right: int, rows: int, forced: bool) -> tuple[tuple[str, bool], ...]:
    """The cells of one column from the top; `left` and `right` are heights in dots."""
    bases = range((rows - 1) * 4, -1, -4)
    return tuple((_DOTS[max(0, min(4, left - base))][max(0, min(4, right - base))], forced) for base in bases)


def blocks(samples: Sequence[Bin], full: float) -> list[tuple[str, bool]]:
    """One line: a block per sample."""
    return [
        (_BLOCKS[_level(sample, full, 8) - 1] if sample.pause_ms is not None else " ", sample.forced)
        for sample in samples
    ]

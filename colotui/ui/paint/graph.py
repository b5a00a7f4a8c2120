"""Graphs of checkpoint pauses: braille with two samples a cell, or one line of blocks, on a steady scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from colotui.model.checkpoint import Cause, Checkpoint

WINDOW_S = 300.0
_LEFT = (0x40, 0x04, 0x02, 0x01)
_RIGHT = (0x80, 0x20, 0x10, 0x08)
_BLOCKS = "▁▂▃▄▅▆▇█"
_ENOUGH = 10
_FAR = 6.0
_NICE = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True, slots=True)
class Bin:
    """All checkpoints of one stretch of time: the longest pause, and whether one was forced."""

    pause_ms: float | None = None
    forced: bool = False


def bins(checkpoints: Sequence[Checkpoint], now: float, count: int, window_s: float = WINDOW_S) -> list[Bin]:
    """`count` stretches up to `now`, oldest first. Their borders are fixed in time, so that nothing flickers.

    The first checkpoint of a protection is left out: it carries the whole guest, and would dwarf the others.
    """
    step = window_s / count
    last = math.floor(now / step)
    longest: list[float | None] = [None] * count
    forced = [False] * count
    for checkpoint in reversed(checkpoints):
        index = count - 1 - (last - math.floor(checkpoint.at / step))
        if index < 0:
            break
        if index >= count or checkpoint.cause is Cause.FIRST:
            continue
        if checkpoint.pause_ms is not None:
            before = longest[index]
            longest[index] = checkpoint.pause_ms if before is None else max(before, checkpoint.pause_ms)
        forced[index] = forced[index] or checkpoint.cause.forced
    return [Bin(pause, flag) for pause, flag in zip(longest, forced, strict=True)]


def position(at: float, now: float, count: int, window_s: float = WINDOW_S) -> int | None:
    """The stretch a moment falls into; None when it is outside the window."""
    step = window_s / count
    index = count - 1 - (math.floor(now / step) - math.floor(at / step))
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
    levels = rows * 4
    out: list[list[tuple[str, bool]]] = [[] for _ in range(rows)]
    for index in range(0, len(samples) - 1, 2):
        left, right = samples[index], samples[index + 1]
        heights = (_level(left, full, levels), _level(right, full, levels))
        forced = left.forced or right.forced
        for row in range(rows):
            base = (rows - 1 - row) * 4
            bits = 0
            for height, dots in zip(heights, (_LEFT, _RIGHT), strict=True):
                for dot in range(max(0, min(4, height - base))):
                    bits |= dots[dot]
            out[row].append((chr(0x2800 + bits) if bits else " ", forced))
    return out


def blocks(samples: Sequence[Bin], full: float) -> list[tuple[str, bool]]:
    """One line: a block per sample."""
    return [
        (_BLOCKS[_level(sample, full, 8) - 1] if sample.pause_ms is not None else " ", sample.forced)
        for sample in samples
    ]

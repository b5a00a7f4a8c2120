"""The line of a replay: does it play, which moment, how fast, and where in the recording with all its marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from colotui.replay.when import day
from colotui.ui.format import clock, duration
from colotui.ui.glyphs import WARN, to_ascii
from colotui.ui.paint.canvas import Canvas, Line, Span, width_of

_PLAYS = "▶ "
_STANDS = "||"
_PAST, _FUTURE, _GAP, _HEAD, _ACTION = "━", "─", "·", "█", "■"


@dataclass(frozen=True, slots=True)
class ReplayView:
    """A replay at one moment; times in epoch s. `incidents`: when each opened, and whether it is an error."""

    moment: float
    begin: float
    end: float
    playing: bool
    speed: float
    gaps: Sequence[tuple[float, float]] = ()
    incidents: Sequence[tuple[float, bool]] = ()
    actions: Sequence[float] = ()


def speed_words(speed: float) -> str:
    """`1x`, `64x`, `1/4x`."""
    return f"{speed:g}x" if speed >= 1.0 else f"1/{1 / speed:g}x"


def paint_replay(view: ReplayView, width: int, *, ascii_only: bool) -> list[Line]:
    """One row."""
    canvas = Canvas(width, 1, "panel")
    left, right = _left(view, width), _right(view, width)
    canvas.spans(_margin(width), 0, left)
    canvas.right(width - _margin(width), 0, right)
    start, count = bar_place(view, width)
    for x, (char, style) in enumerate(_bar(view, count), start):
        canvas.put(x, 0, char, style)
    lines = canvas.lines()
    return [tuple((to_ascii(text), style) for text, style in line) for line in lines] if ascii_only else lines


def bar_place(view: ReplayView, width: int) -> tuple[int, int]:
    """The first cell of the bar, and how many it has (0 when there is no room)."""
    start = _margin(width) + width_of(_left(view, width)) + 2
    return start, max(0, width - _margin(width) - width_of(_right(view, width)) - 2 - start)


def moment_at(view: ReplayView, width: int, x: int) -> float | None:
    """The moment under cell `x` of the row, for the mouse; None beside the bar."""
    start, count = bar_place(view, width)
    if not start <= x < start + count:
        return None
    return view.begin + (view.end - view.begin) * (x - start) / max(1, count - 1)


def _margin(width: int) -> int:
    return 2 if width >= 90 else 1


def _left(view: ReplayView, width: int) -> list[Span]:
    date = day(view.moment) if width >= 100 else day(view.moment).rpartition(" ")[0]
    return [
        (_PLAYS if view.playing else _STANDS, "accent-bold" if view.playing else "warn-bold"),
        (f"  {date:>11}  " if width >= 100 else f" {date:>6} ", "muted"),
        (clock(view.moment), "strong"),
        # The widest speed has its room, so that nothing moves when it changes.
        (f"  {speed_words(view.speed):>4}", "base"),
    ]


def _right(view: ReplayView, width: int) -> list[Span]:
    whole = duration(view.end - view.begin)
    if width < 120:
        return [(whole, "muted")]
    return [(f"{duration(view.moment - view.begin):>11}", "base"), (f" of {whole}", "muted")]


def _bar(view: ReplayView, count: int) -> list[Span]:
    """`count` cells: what was shown already, gaps, actions, incidents and the head, each over the ones before it."""
    if count < 1:
        return []
    length = max(view.end - view.begin, 1e-9)

    def cell(at: float) -> int:
        return max(0, min(count - 1, round((at - view.begin) / length * (count - 1))))

    head = cell(view.moment)
    cells: list[Span] = [(_PAST, "graph-high") if x < head else (_FUTURE, "low") for x in range(count)]
    for low, high in view.gaps:
        for x in range(cell(low), cell(high) + 1):
            cells[x] = (_GAP, "low")
    for at in view.actions:
        cells[cell(at)] = (_ACTION, "accent")
    for at, is_error in sorted(view.incidents, key=lambda mark: mark[1]):
        cells[cell(at)] = (WARN, "error-bold" if is_error else "warn-bold")
    cells[head] = (_HEAD, "strong")
    return cells

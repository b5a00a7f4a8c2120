"""Which cells of a painted line differ from those of the line it replaces."""

from __future__ import annotations

from operator import eq

from colotui.ui.paint.canvas import Line, cells_of, width_of

_GAP = 10
"""Unchanged cells between two changed ones that cost less to write again than to jump over."""


def _cells(line: Line) -> tuple[list[str], list[str]]:
    """Text and style of each cell."""
    texts: list[str] = []
    styles: list[str] = []
    for text, style in line:
        cells = cells_of(text)
        texts += cells
        styles += (style,) * len(cells)
    return texts, styles


def changed_runs(old: Line, new: Line) -> list[tuple[int, int]]:
    """The stretches (first cell, cell after the last) in which `new` differs from `old`.

    Never half of a wide character: its second cell is the empty text and goes with the first.
    """
    # Most spans are as they were: only those between the equal ones at both ends are looked at cell by cell.
    most = min(len(old), len(new))
    head = _equal(old, new)
    tail = min(most - head, _equal(old[::-1], new[::-1])) if head < most else 0
    old_texts, old_styles = _cells(old[head : len(old) - tail])
    new_texts, new_styles = _cells(new[head : len(new) - tail])
    if len(old_texts) != len(new_texts):
        return [(0, max(width_of(old), width_of(new)))]
    places = [
        index
        for index, (a, b, c, d) in enumerate(zip(old_texts, new_texts, old_styles, new_styles, strict=True))
        if a != b or c != d
    ]
    left = width_of(old[:head])
    runs: list[tuple[int, int]] = []
    for place in places:
        if runs and place - runs[-1][1] <= _GAP:
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    whole = (_whole(start, end, old_texts, new_texts) for start, end in runs)
    return [(left + start, left + end) for start, end in whole]


def _equal(old: Line, new: Line) -> int:
    """How many spans are the same from the start on."""
    count = 0
    for count, same in enumerate(map(eq, old, new), 1):
        if not same:
            return count - 1
    return count


def _whole(start: int, end: int, old: list[str], new: list[str]) -> tuple[int, int]:
    """The run with the wide characters at its borders whole."""
    while start > 0 and (not old[start] or not new[start]):
        start -= 1
    while end < len(new) and (not old[end] or not new[end]):
        end += 1
    return start, end

"""Which cells of a painted line differ from those of the line it replaces."""

from __future__ import annotations

from colotui.ui.paint.canvas import Line, cells_of

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
    old_texts, old_styles = _cells(old)
    new_texts, new_styles = _cells(new)
    count = len(new_texts)
    if len(old_texts) != count:
        return [(0, max(count, len(old_texts)))]
    places = [
        index
        for index, (a, b, c, d) in enumerate(zip(old_texts, new_texts, old_styles, new_styles, strict=True))
        if a != b or c != d
    ]
    runs: list[tuple[int, int]] = []
    for place in places:
        if runs and place - runs[-1][1] <= _GAP:
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    return [_whole(start, end, old_texts, new_texts) for start, end in runs]


def _whole(start: int, end: int, old: list[str], new: list[str]) -> tuple[int, int]:
    """The run with the wide characters at its borders whole."""
    while start > 0 and (not old[start] or not new[start]):
        start -= 1
    while end < len(new) and (not old[end] or not new[end]):
        end += 1
    return start, end

"""Spans on as many rows as they take, what belongs together kept together."""

from __future__ import annotations

import re
from collections.abc import Iterator

from colotui.ui.paint.canvas import Span, width_of
from colotui.ui.paint.sheet import wrapped

Spans = list[Span]
_GAPS = re.compile("(  +)")


def flow(spans: Spans, width: int) -> list[Spans]:
    """Spans on rows of at most `width` cells; nothing is lost but the blanks at a break.

    What stands between two gaps (of two blanks or more) stays together, unless it is longer than a row.
    """
    lines: list[Spans] = [[]]
    used = 0
    for gap, group in _groups(spans):
        wide = width_of(group)
        if lines[-1] and used + gap + wide > width:
            lines.append([])
            used = 0
        if lines[-1] and gap:
            lines[-1].append((" " * gap, "low"))
            used += gap
        if wide <= width:
            lines[-1] += group
            used += wide
            continue
        broken = _broken(group, width)
        lines[-1] += broken[0]
        lines += broken[1:]
        used = width_of(lines[-1])
    return lines


def _groups(spans: Spans) -> list[tuple[int, Spans]]:
    """The gap before each group, and the group."""
    found: list[tuple[int, Spans]] = [(0, [])]
    for text, style in spans:
        for piece in _GAPS.split(text):
            if len(piece) > 1 and piece.isspace():
                found.append((len(piece), []))
            elif piece:
                found[-1][1].append((piece, style))
    return [(gap, group) for gap, group in found if group]


def _broken(spans: Spans, width: int) -> list[Spans]:
    """A group that is longer than a row, broken at its blanks, and where there are none anywhere."""
    lines: list[Spans] = [[]]
    room = width
    for text, style in spans:
        for word in _words(text):
            wide = width_of([(word, style)])
            if wide > room and not word.isspace():
                if lines[-1]:
                    lines.append([])
                    room = width
                *full, word = wrapped(word, width)
                for part in full:
                    lines[-1].append((part, style))
                    lines.append([])
                wide = width_of([(word, style)])
            if word.isspace() and (not lines[-1] or wide > room):
                continue
            lines[-1].append((word, style))
            room -= wide
    return lines


def _words(text: str) -> Iterator[str]:
    """The words of a text and the blanks between them, each by itself."""
    start = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or (text[index] == " ") is not (text[start] == " "):
            yield text[start:index]
            start = index

"""A grid of cells to draw styled text on, handed out as lines of (text, style name) spans.

Every text is cleaned here, so that no string of a host reaches the terminal with a control
character, and everything is cut at a limit, so that nothing runs under the next column.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from rich.cells import cell_len

from colotui.model.text import plain

Span = tuple[str, str]
Line = tuple[Span, ...]

_LONGEST = 4096
# Each style name has a character of its own: a run of one style is found by taking that off the row's left end.
_MARK_OF: dict[str, str] = {}
_STYLE_OF: dict[str, str] = {}


def _mark(style: str) -> str:
    mark = _MARK_OF.get(style)
    if mark is None:
        mark = _MARK_OF[style] = chr(len(_MARK_OF) + 1)
        _STYLE_OF[mark] = style
    return mark


@lru_cache(maxsize=4096)
def cells_of(text: str) -> tuple[str, ...]:
    """`text` as one string per terminal cell: a wide character takes two (the second is ""), marks join their base."""
    if not text.isprintable():
        text = plain(text, _LONGEST)
    if text.isascii():
        return tuple(text)
    out: list[str] = []
    for char in text:
        width = cell_len(char)
        if width == 1:
            out.append(char)
        elif width == 2:
            out += (char, "")
        elif out:
            base = len(out) - 1 if out[-1] else len(out) - 2
            if len(out[base]) < 4:
                out[base] += char
    return tuple(out)


def clip(cells: tuple[str, ...], limit: int) -> tuple[str, ...]:
    """The first `limit` cells; the last becomes … when something is cut, never half of a wide character."""
    if len(cells) <= limit:
        return cells
    if limit <= 0:
        return ()
    kept = list(cells[: limit - 1])
    if kept and cells[limit - 1] == "" and cell_len(kept[-1]) == 2:
        kept[-1] = " "
    return (*kept, "…")


def width_of(spans: Iterable[Span]) -> int:
    """How many cells the spans take."""
    return sum(len(cells_of(text)) for text, _ in spans)


def fitted(spans: Sequence[Span], room: int) -> list[Span]:
    """`spans` within `room` cells: whole groups, divided by blank spans, go first; the last one is clipped."""
    kept = list(spans)
    while width_of(kept) > room:
        blanks = [index for index, (text, _) in enumerate(kept) if index and not text.strip()]
        if not blanks:
            break
        del kept[blanks[-1] :]
    return kept


class Canvas:
    """`height` rows of `width` cells. A row has a ground (the token of its background) that styles lie on.

    A style may name its own ground as `style@ground`: for what lies on only a part of the row.
    """

    def __init__(self, width: int, height: int, ground: str = "") -> None:
        self.width = max(0, width)
        self.height = max(0, height)
        self._cells = [[" "] * self.width for _ in range(self.height)]
        self._marks = [[_mark("base")] * self.width for _ in range(self.height)]
        self._grounds = [ground] * self.height

    def ground(self, y: int, token: str) -> None:
        """Give row `y` the background `token`."""
        if 0 <= y < self.height:
            self._grounds[y] = token

    def put(self, x: int, y: int, text: str, style: str = "base", limit: int | None = None) -> int:
        """Write `text` from cell `x` of row `y`, at most `limit` cells; the cell after it is returned."""
        cells = cells_of(text)
        room = self.width - x
        if limit is not None and limit < room:
            room = limit
        if len(cells) > room:
            cells = clip(cells, room)
        end = x + len(cells)
        if 0 <= y < self.height and x >= 0:
            self._cells[y][x:end] = cells
            self._marks[y][x:end] = _mark(style) * len(cells)
        return end

    def spans(self, x: int, y: int, spans: Iterable[Span], limit: int | None = None) -> int:
        """Write spans one after the other, together at most `limit` cells."""
        end = self.width if limit is None else min(self.width, x + limit)
        for text, style in spans:
            if x >= end:
                break
            x = self.put(x, y, text, style, end - x)
        return x

    def right(self, end: int, y: int, spans: Iterable[Span], limit: int | None = None) -> int:
        """Write spans so that they end before cell `end`; the cell they start at is returned."""
        listed = list(spans)
        wide = width_of(listed)
        room = end if limit is None else min(limit, end)
        start = end - min(wide, room)
        self.spans(start, y, listed, min(wide, room))
        return start

    def fill(self, x: int, y: int, count: int, char: str, style: str) -> None:
        """Repeat one character of width 1."""
        if count > 0:
            self.put(x, y, char * count, style)

    def window(self, top: int, count: int) -> Canvas:
        """`count` rows from row `top`; blank ones below the last."""
        part = Canvas(self.width, count)
        for y in range(min(count, self.height - top)):
            part._cells[y][:] = self._cells[top + y]
            part._marks[y][:] = self._marks[top + y]
            part._grounds[y] = self._grounds[top + y]
        return part

    def indented(self, by: int) -> Canvas:
        """The same rows with `by` blank cells on either side."""
        wider = Canvas(self.width + 2 * by, self.height)
        for y in range(self.height):
            wider._cells[y][by : by + self.width] = self._cells[y]
            wider._marks[y][by : by + self.width] = self._marks[y]
            wider._grounds[y] = self._grounds[y]
        return wider

    def lines(self) -> list[Line]:
        """The rows as spans; style names carry their ground as `style@ground`."""
        out: list[Line] = []
        for row, marks, ground in zip(self._cells, self._marks, self._grounds, strict=True):
            suffix = f"@{ground}" if ground else ""
            spans: list[Span] = []
            left = "".join(marks)
            start = 0
            while left:
                style = _STYLE_OF[left[0]]
                left = left.lstrip(left[0])
                end = self.width - len(left)
                spans.append(("".join(row[start:end]), style if "@" in style else style + suffix))
                start = end
            out.append(tuple(spans))
        return out


def text_of(line: Line) -> str:
    """The bare text of a line."""
    return "".join(text for text, _ in line)

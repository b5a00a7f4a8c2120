"""A page of rows that grows downward, for what scrolls: plans, help, panes in full."""

from __future__ import annotations

from collections.abc import Iterable

from colotui.ui.paint.canvas import Canvas, Line, Span, cells_of


def wrapped(text: str, width: int) -> list[str]:
    """`text` on lines of at most `width` cells, broken at blanks where there are any. Nothing is lost."""
    width = max(4, width)
    lines: list[str] = []
    line: list[str] = []
    for word in text.strip().split(" "):
        cells = cells_of(word)
        if line and len(line) + len(cells) + 1 > width:
            lines.append("".join(line))
            line = []
        line += (" ", *cells) if line else cells
        # A word of ten thousand letters costs ten thousand steps, not their square.
        start = 0
        while len(line) - start > width:
            cut = start + width if line[start + width] != "" else start + width - 1
            lines.append("".join(line[start:cut]))
            start = cut
        del line[:start]
    lines.append("".join(line))
    return lines


class Sheet:
    """Rows of placed spans; `canvas` draws a window of them."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._rows: list[list[tuple[int, list[Span], int, bool]]] = []
        self._grounds: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def row(self) -> int:
        """A new empty row; its number."""
        self._rows.append([])
        return len(self._rows) - 1

    def put(self, x: int, spans: Iterable[Span], limit: int | None = None, *, row: int | None = None) -> None:
        """Place spans from cell `x` of the last (or that) row."""
        room = self.width - x if limit is None else limit
        self._rows[-1 if row is None else row].append((x, list(spans), room, False))

    def right(self, end: int, spans: Iterable[Span], limit: int | None = None) -> None:
        """Place spans on the last row so that they end before `end`."""
        self._rows[-1].append((end, list(spans), end if limit is None else limit, True))

    def text(self, x: int, text: str, style: str, width: int) -> int:
        """Place `text` from the last row on, wrapped; how many rows it took."""
        lines = wrapped(text, width)
        start = len(self._rows) - 1
        for index, line in enumerate(lines):
            while start + index >= len(self._rows):
                self.row()
            self.put(x, [(line, style)], width, row=start + index)
        return len(lines)

    def rule(self, x: int, end: int) -> None:
        """A hairline on a row of its own."""
        self.row()
        self.put(x, [("─" * max(0, end - x), "hairline")])

    def ground(self, row: int, token: str) -> None:
        """The background of a row."""
        self._grounds[row] = token

    def draw(self, canvas: Canvas, y: int, top: int, count: int, x: int = 0) -> None:
        """Draw `count` rows from row `top` at row `y` of the canvas."""
        for index in range(top, min(top + count, len(self._rows))):
            if index in self._grounds:
                canvas.ground(y + index - top, self._grounds[index])
            for at, spans, limit, from_right in self._rows[index]:
                if from_right:
                    canvas.right(x + at, y + index - top, spans, limit)
                else:
                    canvas.spans(x + at, y + index - top, spans, limit)

    def lines(self) -> list[Line]:
        """All rows."""
        canvas = Canvas(self.width, len(self._rows))
        self.draw(canvas, 0, 0, len(self._rows))
        return canvas.lines()

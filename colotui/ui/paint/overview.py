"""The list of all guests of all pairs: one row each, in a very small terminal only sign, guest and key."""

from __future__ import annotations

from collections.abc import Sequence

from colotui.ui.fleet import Rank, Standing
from colotui.ui.format import age
from colotui.ui.paint.canvas import Canvas, Line, Span, width_of
from colotui.ui.paint.columns import GAP, Board, Placed, believed, is_old, key_spans, placed_columns, short_headline
from colotui.ui.paint.scene import pane_title
from colotui.ui.paint.tabs import ink_of, sign_of

HEAD_ROWS = 2
"""Rows above the first guest: the title and the names of the columns."""

_HEADLINE_ROOM = 24


def paint_list(board: Board, width: int, height: int) -> list[Line]:
    """Title, names of the columns, and as many guests as there is room for."""
    canvas = Canvas(width, height)
    margin = 2 if width >= 90 else 1
    room = height - HEAD_ROWS
    board.state.settle(len(board.rows), room)
    query = board.state.query
    key = board.keys.get("filter", "/")
    note: Span = (f"{key} {query}"[: width // 3], "accent-bold") if query else (f"{key} filter", "low")
    seen = min(room, len(board.rows))
    count = f"{seen} of {len(board.everything)}   " if seen < len(board.everything) else ""
    pane_title(canvas, 0, margin, width - margin, "", "guests", note="the worst first", right=((count, "low"), note))
    columns = placed_columns(board, width - 2 * margin)
    for column, x, wide in columns:
        if column.right:
            canvas.right(margin + x + wide, 1, [(column.name, "low")], wide)
        else:
            canvas.put(margin + x, 1, column.name, "low", wide if column.name != "key" else None)
    if not board.rows:
        canvas.put(margin, HEAD_ROWS, f"nothing matches {query}" if query else "no guests", "low", width - 2 * margin)
    top = board.state.top
    for index, row in enumerate(board.rows[top : top + room], start=top):
        _row(board, canvas, HEAD_ROWS + index - top, index, row, margin, columns)
    return board.finish(canvas)


def _row(
    board: Board, canvas: Canvas, y: int, index: int, row: Standing, margin: int, columns: Sequence[Placed]
) -> None:
    if index == board.state.cursor:
        canvas.ground(y, "cursor-background")
    if index < 9:
        canvas.put(margin, y, str(index + 1), "low")
    talk = _sentence(board, row, columns)
    for column, x, wide in columns:
        if talk is not None and talk[0] <= x < talk[1]:
            continue
        spans = column.draw(board, row)
        if column.right:
            canvas.right(margin + x + wide, y, spans, wide)
        else:
            canvas.spans(margin + x, y, spans, wide)
    if talk is not None:
        start, end, spans = talk
        canvas.spans(margin + start, y, spans, end - start)


def _sentence(board: Board, row: Standing, columns: Sequence[Placed]) -> tuple[int, int, list[Span]] | None:
    """Where there are no numbers to believe, their place says what is the matter: its cells and the words."""
    names = [column.name for column, _, _ in columns]
    last_x = columns[-1][1]
    if row.view is None:
        after = columns[names.index("pair") if "pair" in names else names.index("guest")]
        start = after[1] + after[2] + GAP
        return (start, last_x - GAP, [(row.brief or row.why, "base" if row.rank is Rank.UNKNOWN else "muted")])
    measured = [x for column, x, _ in columns if column.measured]
    if believed(board, row) or not measured:
        return None
    end = next((x for _, x, _ in columns if x > measured[-1]), last_x) - GAP
    if end - measured[0] < _HEADLINE_ROOM:
        return None
    if is_old(board, row):
        return (measured[0], end, [(age(board.now - row.at), "stale-age")])
    return (measured[0], end, [(short_headline(row), "base")])


def paint_tiny_list(board: Board, width: int, height: int) -> list[Line]:
    """A very small terminal: sign, guest and key."""
    canvas = Canvas(width, height)
    bad = sum(row.needs_you for row in board.everything)
    board.state.settle(len(board.rows), max(1, height - 1))
    canvas.put(0, 0, f"{bad} of {len(board.everything)} need you", "error-bold" if bad else "strong")
    top = board.state.top
    for y, (index, row) in enumerate(enumerate(board.rows[top : top + height - 1], start=top), start=1):
        if index == board.state.cursor:
            canvas.ground(y, "cursor-background")
        spans = key_spans(board, row)[:1]
        at = canvas.right(width, y, spans) if width_of(spans) + 8 <= width else width
        x = canvas.put(0, y, f"{sign_of(row)} ", ink_of(row))
        canvas.put(x, y, row.name, "name", max(0, at - x - 1))
    return board.finish(canvas)

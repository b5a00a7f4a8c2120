"""The box that asks for a moment of a recording: the field, the ways to write one, and what was wrong."""

from __future__ import annotations

from dataclasses import dataclass

from colotui.replay.when import FORMS, local
from colotui.ui.glyphs import BAD, to_ascii
from colotui.ui.paint.canvas import Canvas, Line
from colotui.ui.paint.sheet import wrapped

_WIDEST = 70
_HEIGHT = 10


@dataclass(frozen=True, slots=True)
class TimeView:
    """What is typed, with the cursor before character `at`; where one stands (epoch s); what was wrong."""

    text: str
    at: int
    now: float
    begin: float
    end: float
    wrong: str = ""


def paint_time(view: TimeView, width: int, *, ascii_only: bool) -> list[Line]:
    """The box, at most `width` cells wide."""
    width = min(_WIDEST, width)
    canvas = Canvas(width, _HEIGHT, "surface")
    canvas.put(0, 0, "┌" + "─" * max(0, width - 2) + "┐", "frame-primary")
    for row in range(1, _HEIGHT - 1):
        canvas.put(0, row, "│", "frame-primary")
        canvas.put(width - 1, row, "│", "frame-primary")
    canvas.put(0, _HEIGHT - 1, "└" + "─" * max(0, width - 2) + "┘", "frame-primary")
    canvas.put(3, 0, " Go to a time ", "strong", width - 6)
    room = width - 8
    canvas.put(4, 2, f"Now at {local(view.now)}", "base", room)
    canvas.put(4, 3, f"of {local(view.begin)} to {local(view.end)}", "muted", room)
    _field(view, canvas, 4, 5, room)
    said, style = (f"{BAD} {view.wrong}", "error") if view.wrong else ("", "muted")
    for row, text in enumerate(wrapped(said or FORMS, room)[:2], 6):
        canvas.put(4, row, text, style, room)
    canvas.spans(4, 8, [("enter", "strong"), (" go there   ", "muted"), ("esc", "strong"), (" stay", "muted")], room)
    lines = canvas.lines()
    return [tuple((to_ascii(text), style) for text, style in line) for line in lines] if ascii_only else lines


def _field(view: TimeView, canvas: Canvas, x: int, y: int, room: int) -> None:
    canvas.fill(x, y, room, " ", "field")
    # The cursor is always seen, however long the text is.
    start = max(0, view.at - (room - 2))
    end = canvas.put(x, y, view.text[start : view.at], "field", room - 1)
    canvas.put(end, y, view.text[view.at : view.at + 1] or " ", "caret", 1)
    canvas.put(end + 1, y, view.text[view.at + 1 :], "field", max(0, x + room - end - 1))

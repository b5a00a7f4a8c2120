"""What stands at the top before the first snapshot is there."""

from __future__ import annotations

from colotui.ui.glyphs import to_ascii
from colotui.ui.paint.canvas import Canvas, Line


def paint_waiting(width: int, height: int, what: str, *, ascii_only: bool = False) -> list[Line]:
    """A quiet strip that says what is awaited."""
    canvas = Canvas(width, height, "surface")
    canvas.spans(2, min(1, height - 1), [(" ◐ CONNECTING ", "badge"), (f"  {what}", "muted")])
    lines = canvas.lines()
    return [tuple((to_ascii(text), style) for text, style in line) for line in lines] if ascii_only else lines

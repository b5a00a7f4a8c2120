"""The title of a page in full: its name, what of it is shown, and the filter or the time it is held at."""

from __future__ import annotations

from colotui.ui.paint.canvas import Canvas, Line, Span
from colotui.ui.paint.checkpoints import held_spans
from colotui.ui.paint.hosts import ages
from colotui.ui.paint.scene import Scene, pane_title
from colotui.ui.paint.state import PaneState

_NUMBERS = {"hosts": "1", "wiring": "1", "checkpoints": "2"}


def paint_page_title(scene: Scene, pane: str, width: int, state: PaneState) -> list[Line]:
    """The title and an empty row."""
    canvas = Canvas(width, 2)
    note = ""
    right: list[Span] = []
    if pane == "checkpoints":
        note = f"{scene.axis.words} of time"
        right = held_spans(scene) if scene.axis.held else [("up to now", "low")]
    elif pane == "hosts":
        note = "all that is known of both"
        right = [*ages(scene)]
        if state.query:
            right = [(f"/ {state.query}"[: width // 3], "accent-bold"), ("   ", "low"), *right]
    else:
        note = f"how the packets of {scene.guest.name} go"
    pane_title(canvas, 0, 2, width - 2, _NUMBERS[pane], pane, note=note, right=tuple(right), focused=True)
    return scene.finish(canvas)

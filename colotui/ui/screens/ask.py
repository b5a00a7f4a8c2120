"""One question with one way on and one way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from colotui.ui.glyphs import to_ascii
from colotui.ui.paint.canvas import Canvas
from colotui.ui.paint.sheet import wrapped
from colotui.ui.widgets.lineview import LineView

if TYPE_CHECKING:
    from colotui.ui.app import CockpitApp


class AskScreen(ModalScreen[bool]):
    """True when the operator goes on. Escape, Enter and n stay: going on is never the reflex."""

    DEFAULT_CSS = """
    AskScreen { background: $background 70%; align: center middle; overflow: hidden; }
    AskScreen:ansi { background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,n", "answer(False)", "Stay", show=False),
        Binding("y", "answer(True)", "Go on", show=False),
    ]

    def __init__(self, title: str, text: str, yes: str, no: str) -> None:
        super().__init__()
        self.box = LineView(id="ask-box")
        self._title, self._text, self._yes, self._no = title, text, yes, no

    def compose(self) -> ComposeResult:
        """One box."""
        yield self.box

    def on_mount(self) -> None:
        """First picture."""
        self.redraw()

    def on_resize(self) -> None:
        """Fit the new size."""
        self.redraw()

    def forget_colours(self) -> None:
        """The theme changed."""
        self.box.forget_colours()

    def redraw(self) -> None:
        """Paint the question."""
        width = min(72, self.size.width)
        rows = wrapped(self._text, width - 8)
        height = len(rows) + 6
        canvas = Canvas(width, height, "surface")
        canvas.put(0, 0, "┌" + "─" * (width - 2) + "┐", "frame-primary")
        for row in range(1, height - 1):
            canvas.put(0, row, "│", "frame-primary")
            canvas.put(width - 1, row, "│", "frame-primary")
        canvas.put(0, height - 1, "└" + "─" * (width - 2) + "┘", "frame-primary")
        canvas.put(3, 0, f" {self._title} ", "strong", width - 6)
        for index, row_text in enumerate(rows):
            canvas.put(4, 2 + index, row_text, "base")
        x = canvas.spans(4, height - 2, [("esc", "strong"), (f" {self._no}    ", "muted"), ("y", "strong")])
        canvas.put(x, height - 2, f" {self._yes}", "muted")
        lines = canvas.lines()
        if cast("CockpitApp", self.app).ascii_only:
            lines = [tuple((to_ascii(text), style) for text, style in line) for line in lines]
        box = self.box
        box.styles.width, box.styles.height = width, height
        box.show(lines)

    def action_answer(self, yes: bool) -> None:
        """The answer."""
        self.dismiss(yes)

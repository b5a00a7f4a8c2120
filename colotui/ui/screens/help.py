"""The help: made from the bindings themselves, so that it is never out of date."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from colotui.ui.glyphs import to_ascii
from colotui.ui.keys import groups
from colotui.ui.paint.canvas import Canvas
from colotui.ui.paint.sheet import Sheet
from colotui.ui.widgets.lineview import LineView

if TYPE_CHECKING:
    from colotui.ui.app import CockpitApp

_SIGNS = (
    ("● ◐ ○ ✘ ?", "protected, working, alone or not yet, bad, not known"),
    ("▲", "at the client's line: it speaks; elsewhere: a warning"),
    ("◆", "a checkpoint that a mismatch forced"),
    ("↑", "in the graph: a pause beyond its scale"),
    ("═▶ ─▶ ╌", "checkpoints, other streams, held or cut"),
    ("13 s old", "a value older than three samples; — and the reason: it cannot be had"),
)


_WIDTH = 76


class HelpScreen(ModalScreen[None]):
    """All keys by group, then the signs."""

    DEFAULT_CSS = """
    HelpScreen { background: $background 70%; align: center middle; overflow: hidden; }
    HelpScreen:ansi { background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "dismiss", "Back", show=False),
        Binding("j,down,pagedown", "scroll(1)", "Down", show=False),
        Binding("k,up,pageup", "scroll(-1)", "Up", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.box = LineView(id="help-box")
        self._top = 0

    def compose(self) -> ComposeResult:
        """One box."""
        yield self.box

    def on_mount(self) -> None:
        """First picture."""
        self.redraw()

    def on_resize(self) -> None:
        """Fit the new size."""
        self.redraw()

    def sheets(self, width: int) -> list[Sheet]:
        """The help as one page, or as two beside each other where there is room."""
        app = cast("CockpitApp", self.app)
        pages = [Sheet(width), Sheet(width)] if self.size.width >= 2 * _WIDTH else [Sheet(width)]
        for index, (title, bindings) in enumerate(groups(replay=bool(app.recorded))):
            page = pages[-1] if index >= 2 else pages[0]
            _heading(page, title)
            for binding in bindings:
                page.row()
                page.put(2, [(app.shown_keys.get(binding.id or "", binding.key_display or binding.key), "strong")], 12)
                page.text(15, binding.description, "base", width - 17)
        _heading(pages[-1], "Signs")
        for sign, meaning in _SIGNS:
            pages[-1].row()
            pages[-1].put(2, [(sign, "strong")], 12)
            pages[-1].text(15, meaning, "base", width - 17)
        _heading(pages[-1], "")
        pages[-1].put(2, [("Each key can be moved in the user's keymap.", "low")])
        return pages

    def redraw(self) -> None:
        """Paint the window of the page."""
        room = min(_WIDTH, self.size.width)
        pages = self.sheets(room - 2)
        width = room * len(pages) - (len(pages) - 1) * 2
        rows = max(len(page) for page in pages)
        height = max(3, min(self.size.height - (2 if self.size.height > 20 else 0), rows + 3))
        self._top = max(0, min(self._top, rows - (height - 2)))
        canvas = Canvas(width, height, "surface")
        for index, page in enumerate(pages):
            page.draw(canvas, 1, self._top, height - 2, x=1 + index * (room - 2))
        canvas.put(0, 0, "┌" + "─" * (width - 2) + "┐", "frame-primary")
        for row in range(1, height - 1):
            canvas.put(0, row, "│", "frame-primary")
            canvas.put(width - 1, row, "│", "frame-primary")
        canvas.put(0, height - 1, "└" + "─" * (width - 2) + "┘", "frame-primary")
        canvas.put(3, 0, " Keys ", "strong")
        rest = " j k for the rest, esc back " if rows > height - 2 else " esc back "
        canvas.right(width - 3, height - 1, [(rest, "muted")])
        lines = canvas.lines()
        if cast("CockpitApp", self.app).ascii_only:
            lines = [tuple((to_ascii(text), style) for text, style in line) for line in lines]
        box = self.box
        box.styles.width, box.styles.height = width, height
        box.show(lines)

    def forget_colours(self) -> None:
        """The theme changed."""
        self.box.forget_colours()

    def action_scroll(self, by: int) -> None:
        """Move the window."""
        self._top += 3 * by
        self.redraw()


def _heading(page: Sheet, title: str) -> None:
    page.row()
    page.row()
    page.put(2, [(title, "bold")])

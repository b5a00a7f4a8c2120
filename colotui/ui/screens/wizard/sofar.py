"""The plan so far, over the page it was asked from."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from colotui.ui.format import plural
from colotui.ui.glyphs import to_ascii
from colotui.ui.paint.canvas import Canvas
from colotui.ui.paint.plan import Columns, PlanView, Stage, paint_steps
from colotui.ui.paint.sheet import Sheet
from colotui.ui.paint.wizard.steps import standing
from colotui.ui.paint.wizard.view import WizardView
from colotui.ui.widgets.lineview import LineView

if TYPE_CHECKING:
    from colotui.ui.setupapp import SetupApp

_WIDEST = 132


class SoFarScreen(ModalScreen[None]):
    """Asks for the view with every picture, so that the plan is the newest."""

    DEFAULT_CSS = """
    SoFarScreen { background: $background 70%; align: center middle; overflow: hidden; }
    SoFarScreen:ansi { background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,v,enter", "dismiss", "Back", show=False),
        Binding("j,down", "scroll(1)", "Down", show=False),
        Binding("k,up", "scroll(-1)", "Up", show=False),
        Binding("pagedown", "scroll(10)", "A page down", show=False),
        Binding("pageup", "scroll(-10)", "A page up", show=False),
    ]

    def __init__(self, view: Callable[[], WizardView]) -> None:
        super().__init__()
        self.box = LineView(id="so-far")
        self._view = view
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

    def forget_colours(self) -> None:
        """The theme changed."""
        self.box.forget_colours()

    def redraw(self) -> None:
        """Paint the window of the plan."""
        width, view = min(_WIDEST, self.size.width), self._view()
        inner = width - 8 if width >= 80 else width - 4
        sheet = Sheet(max(20, inner))
        if view.plan is not None:
            progress = standing(view, view.plan)
            columns = Columns.of(sheet.width, progress.steps, 0)
            paint_steps(sheet, view.wall, PlanView(Stage.READY, "", view.plan, progress), columns)
        height = max(3, min(self.size.height - 2, len(sheet) + 4))
        room = max(1, height - 4)
        self._top = max(0, min(self._top, len(sheet) - room))
        canvas = Canvas(width, height, "surface")
        sheet.draw(canvas, 2, self._top, room, x=(width - inner) // 2)
        canvas.put(0, 0, "┌" + "─" * (width - 2) + "┐", "frame-primary")
        for row in range(1, height - 1):
            canvas.put(0, row, "│", "frame-primary")
            canvas.put(width - 1, row, "│", "frame-primary")
        canvas.put(0, height - 1, "└" + "─" * (width - 2) + "┘", "frame-primary")
        count = len(view.plan.steps) if view.plan is not None else 0
        canvas.put(3, 0, f" The plan so far: {plural(count, 'step')} ", "strong", width - 6)
        shown = f" rows {self._top + 1} to {min(len(sheet), self._top + room)} of {len(sheet)}, "
        canvas.right(width - 3, height - 1, [(shown if len(sheet) > room else " ", "muted"), ("esc back ", "muted")])
        lines = canvas.lines()
        if cast("SetupApp", self.app).ascii_only:
            lines = [tuple((to_ascii(text), style) for text, style in line) for line in lines]
        self.box.styles.width, self.box.styles.height = width, height
        self.box.show(lines)

    def action_scroll(self, by: int) -> None:
        """Move the window."""
        self._top += by
        self.redraw()

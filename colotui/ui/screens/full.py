"""One pane over the whole screen, under the band that stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from colotui.ui.layout import Form, layout_for
from colotui.ui.paint.canvas import Canvas, Line
from colotui.ui.paint.full import checkpoints_page, host_sheet
from colotui.ui.paint.lists import event_text, filtered_events, filtered_mismatches, mismatch_text, paint_events
from colotui.ui.paint.lists import paint_mismatches as paint_mismatch_list
from colotui.ui.paint.scene import Scene, pane_title
from colotui.ui.paint.state import PaneState
from colotui.ui.paint.tiny import paint_tiny
from colotui.ui.paint.top import paint_top
from colotui.ui.widgets.lineview import LineView

if TYPE_CHECKING:
    from colotui.ui.app import CockpitApp

_NUMBERS = {"hosts": "1", "checkpoints": "2", "mismatches": "3", "events": "4"}


class FullScreen(Screen[None]):
    """`pane` in full. Escape or Enter goes back."""

    AUTO_FOCUS = ""
    DEFAULT_CSS = "FullScreen { layout: vertical; overflow: hidden; background: $background; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss", "Back", show=False),
        Binding("j,down", "move(1)", "Down", show=False),
        Binding("k,up", "move(-1)", "Up", show=False),
        Binding("pagedown", "move(15)", "A page down", show=False),
        Binding("pageup", "move(-15)", "A page up", show=False),
        Binding("g,home", "move(-1000000)", "To the first", show=False),
        Binding("G,end", "move(1000000)", "To the last", show=False),
        Binding("y", "copy", "Copy", show=False),
        Binding("T", "theme", "Next theme", show=False),
    ]

    def __init__(self, pane: str, query: str = "") -> None:
        super().__init__()
        self.pane = pane
        self.top = LineView(id="full-top")
        self.body = LineView(id="full-page")
        self.state = PaneState(query=query)

    @property
    def cockpit(self) -> CockpitApp:
        """The app."""
        return cast("CockpitApp", self.app)

    def compose(self) -> ComposeResult:
        """Band and page."""
        yield self.top
        yield self.body

    def on_mount(self) -> None:
        """First picture."""
        self.redraw()

    def on_resize(self) -> None:
        """Fit the new size."""
        self.redraw()

    def redraw(self) -> None:
        """Paint the newest scene."""
        scene = self.cockpit.scene()
        if scene is None or not self.is_mounted:
            return
        width, height = self.size
        layout = layout_for(width, height)
        top, page = self.top, self.body
        if layout.form is Form.TINY:
            top.styles.height = height
            top.show(paint_tiny(scene, width, height))
            page.display = False
            return
        page.display = True
        top.styles.height, page.styles.height = layout.top, height - layout.top
        top.show(paint_top(scene, width, layout.top))
        page.show(self.page(scene, width, height - layout.top))

    def page(self, scene: Scene, width: int, height: int) -> list[Line]:
        """The lines below the band: a gap, the pane, and the keys."""
        scene.focused = self.pane
        inner = height - 3
        canvas = Canvas(width, 1)
        keys = canvas.spans(2, 0, [("esc", "strong"), (" back   ", "muted"), ("j k", "strong"), (" move   ", "muted")])
        canvas.spans(keys, 0, [("y", "strong"), (" copy", "muted")])
        footer = scene.finish(canvas)
        blank = Canvas(width, 1).lines()
        if self.pane == "events":
            body = paint_events(scene, width, inner, self.state)
        elif self.pane == "mismatches":
            listed = paint_mismatch_list(scene, min(width - 2, 78), inner, self.state)
            body = [(("  ", "base"), *line) for line in listed]
        else:
            body = self._paged(scene, width, inner)
        return [*blank, *body, *blank, *footer][:height]

    def _paged(self, scene: Scene, width: int, height: int) -> list[Line]:
        canvas = Canvas(width, height)
        pane_title(canvas, 0, 2, width - 2, _NUMBERS[self.pane], self.pane, focused=True)
        room = height - 2
        if self.pane == "checkpoints":
            self.state.settle(0, room)
            return [*scene.finish(canvas)[:2], *scene.finish(checkpoints_page(scene, width - 4, room).indented(2))]
        views = (scene.left, scene.right)
        if width >= 120:
            half = (width - 4 - 6) // 2
            sheets = [host_sheet(scene, view, half) for view in views]
            self._settle(max(len(sheet) for sheet in sheets), room)
            for index, sheet in enumerate(sheets):
                sheet.draw(canvas, 2, self.state.top, room, x=2 + index * (half + 6))
        else:
            sheets = [host_sheet(scene, view, width - 4) for view in views]
            first = len(sheets[0]) + 2
            self._settle(first + len(sheets[1]), room)
            top = self.state.top
            sheets[0].draw(canvas, 2, top, room, x=2)
            start = max(0, first - top)
            sheets[1].draw(canvas, 2 + start, max(0, top - first), max(0, room - start), x=2)
        return scene.finish(canvas)

    def _settle(self, count: int, room: int) -> None:
        """A page has no cursor: moving scrolls it."""
        highest = max(0, count - room)
        self.state.count, self.state.room = highest + 1, 1
        self.state.cursor = min(self.state.cursor, highest)
        self.state.top = self.state.cursor

    def forget_colours(self) -> None:
        """The theme changed."""
        self.top.forget_colours()
        self.body.forget_colours()

    def action_move(self, by: int) -> None:
        """Cursor or page."""
        self.state.move(by)
        self.redraw()

    def action_copy(self) -> None:
        """Copy the chosen row, or the page."""
        scene = self.cockpit.scene()
        if scene is None:
            return
        text = ""
        if self.pane == "events":
            events = filtered_events(scene, self.state)
            text = event_text(events[self.state.cursor], scene.now) if events else ""
        elif self.pane == "mismatches":
            entries = filtered_mismatches(scene, self.state)
            text = mismatch_text(entries[self.state.cursor]) if entries else ""
        else:
            page = self.body.lines
            text = "\n".join("".join(part for part, _ in line).rstrip() for line in page)
        if text:
            self.app.copy_to_clipboard(text)
            self.cockpit.say("copied")

    def action_theme(self) -> None:
        """The next theme."""
        self.cockpit.next_theme()

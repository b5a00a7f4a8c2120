"""Both packets of one mismatch, decoded; on a wide terminal beside the list of mismatches."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from colotui.errors import ColotuiError
from colotui.model.mismatch import Mismatch
from colotui.ui.capturing import answered, toggle_capture
from colotui.ui.layout import Form, layout_for
from colotui.ui.paint.canvas import Canvas, Line
from colotui.ui.paint.footer import paint_footer
from colotui.ui.paint.lists import filtered_mismatches, paint_mismatches
from colotui.ui.paint.packets import Found, capture_spans, packets_sheet
from colotui.ui.paint.scene import Scene, pane_title
from colotui.ui.paint.sheet import Sheet
from colotui.ui.paint.state import PaneState
from colotui.ui.paint.tiny import paint_tiny
from colotui.ui.paint.top import paint_top
from colotui.ui.widgets.lineview import LineView

if TYPE_CHECKING:
    from colotui.ui.app import CockpitApp
    from colotui.ui.fleet import Watched

_LIST = 48
_GUTTER = 4
_WITH_LIST = 140


class PacketsScreen(Screen[None]):
    """The packets of `entry`; e and E go to the next and the previous mismatch. Escape goes back."""

    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    PacketsScreen { layout: vertical; overflow: hidden; background: $background; }
    PacketsScreen:ansi { background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss", "Back", show=False),
        Binding("j,down", "move(1)", "Down", show=False),
        Binding("k,up", "move(-1)", "Up", show=False),
        Binding("pagedown", "move(15)", "A page down", show=False),
        Binding("pageup", "move(-15)", "A page up", show=False),
        Binding("g,home", "move(-1000000)", "To the top", show=False),
        Binding("G,end", "move(1000000)", "To the bottom", show=False),
        Binding("e", "jump(1)", "The next mismatch", show=False),
        Binding("E", "jump(-1)", "The previous mismatch", show=False),
        Binding("c", "capture", "Packet capture on or off", id="capture", show=False),
        Binding("y", "copy", "Copy", show=False),
        Binding("T", "theme", "Next theme", show=False),
        Binding("z", "freeze", "Freeze", show=False),
    ]

    def __init__(self, entry: Mismatch, query: str = "") -> None:
        super().__init__()
        self.entry = entry
        self.found: Found = None
        self.top = LineView(id="packets-top")
        self.body = LineView(id="packets-page")
        self.listed = PaneState(query=query)
        self.scrolled = PaneState()
        self._sheet: tuple[object, Sheet] | None = None
        self._pair: Watched | None = None

    @property
    def cockpit(self) -> CockpitApp:
        """The app."""
        return cast("CockpitApp", self.app)

    def compose(self) -> ComposeResult:
        """Band and page."""
        yield from (self.top, self.body)

    def on_mount(self) -> None:
        """First picture, while the packets are looked for: on this pair, whichever is shown by the time they come."""
        self._pair = self.cockpit.shown
        self._look()

    def on_resize(self) -> None:
        """Fit the new size."""
        self.redraw()

    def _look(self) -> None:
        self.found = None
        self.redraw()
        scene = self.cockpit.scene()
        if scene is not None:
            self.run_worker(self._ask(scene.guest.name, self.entry), name="packets", exclusive=True)

    async def _ask(self, guest: str, entry: Mismatch) -> None:
        found = await answered((self._pair or self.cockpit.shown).connected.packets(guest, entry))
        if entry == self.entry:
            self.found = str(found) if isinstance(found, ColotuiError) else found
            self.redraw()

    def redraw(self) -> None:
        """Paint the newest scene."""
        scene = self.cockpit.scene()
        if scene is None or not self.is_mounted:
            return
        width, height = self.size
        layout = layout_for(width, height)
        if layout.form is Form.TINY:
            self.top.styles.height = height
            self.top.show(paint_tiny(scene, width, height))
            self.body.display = False
            return
        self.body.display = True
        self.top.styles.height, self.body.styles.height = layout.top, height - layout.top
        self.top.show(paint_top(scene, width, layout.top))
        self.body.show(self.page(scene, width, height - layout.top))

    def page(self, scene: Scene, width: int, height: int) -> list[Line]:
        """The lines below the band: a gap, list and packets, how the capture stands, and the keys."""
        blank = Canvas(width, 1).lines()
        airy = height >= 40
        inner = height - (5 if airy else 4)
        with_list = width >= _WITH_LIST
        left = 1 + _LIST + _GUTTER if with_list else 2
        canvas = Canvas(width - left, inner)
        pane_title(canvas, 0, 0, width - left - 2, "", "the packets of both copies", focused=True)
        sheet = self.sheet(scene, width - left - 2)
        room = inner - 2
        self.scrolled.settle(max(1, len(sheet) - room + 1), 1)
        sheet.draw(canvas, 2, self.scrolled.cursor, room)
        body = scene.finish(canvas)
        if with_list:
            gutter = (" " * _GUTTER, "base")
            body = [
                ((" ", "base"), *mine, gutter, *line) for mine, line in zip(self._list(scene, inner), body, strict=True)
            ]
        else:
            body = [((" " * left, "base"), *line) for line in body]
        stands = Canvas(width, 1)
        stands.spans(2, 0, capture_spans(scene, width), width - 4)
        footer = paint_footer(scene, "packets", width, len(sheet) - room - self.scrolled.cursor)
        return [*blank, *body, *(blank if airy else ()), *scene.finish(stands), *blank, *footer][:height]

    def _list(self, scene: Scene, height: int) -> list[Line]:
        scene.focused = "mismatches"
        at = self.entry.at
        entries = filtered_mismatches(scene, self.listed)
        self.listed.count = len(entries)
        self.listed.cursor = next((index for index, entry in enumerate(entries) if entry.at <= at), 0)
        return paint_mismatches(scene, _LIST, height, self.listed)

    def sheet(self, scene: Scene, width: int) -> Sheet:
        """The page, made anew only when something of it changed."""
        said = scene.protection
        key = (self.entry, id(self.found), width, scene.guest.capture is None, said.primary, scene.keys)
        if self._sheet is None or self._sheet[0] != key:
            self._sheet = (key, packets_sheet(scene, self.entry, self.found, width))
        return self._sheet[1]

    def forget_colours(self) -> None:
        """The theme changed."""
        self.top.forget_colours()
        self.body.forget_colours()

    def action_move(self, by: int) -> None:
        """Scroll."""
        self.scrolled.move(by)
        self.redraw()

    def action_jump(self, direction: int) -> None:
        """The next (1: older) or the previous mismatch of the list."""
        scene = self.cockpit.scene()
        entries = filtered_mismatches(scene, self.listed) if scene is not None else ()
        here = next((index for index, entry in enumerate(entries) if entry.at <= self.entry.at), 0)
        if not 0 <= here + direction < len(entries):
            self.cockpit.say("no more mismatches that way")
            return
        self.entry = entries[here + direction]
        self.scrolled = PaneState()
        self._look()

    def action_capture(self) -> None:
        """Switch the capture on or off."""
        toggle_capture(self.cockpit)

    def action_copy(self) -> None:
        """Copy the whole page of the packets."""
        if self._sheet is not None:
            lines = ("".join(part for part, _ in line).rstrip() for line in self._sheet[1].lines())
            self.app.copy_to_clipboard("\n".join(lines))
            self.cockpit.say("copied")

    def action_theme(self) -> None:
        """The next theme."""
        self.cockpit.next_theme()

    def action_freeze(self) -> None:
        """Stop or go on with the display."""
        self.cockpit.toggle_freeze()

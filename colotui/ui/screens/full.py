"""One pane over the whole screen, under the band that stays."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from colotui.ui.capturing import toggle_capture
from colotui.ui.keys import axis_bindings, time_bindings
from colotui.ui.layout import Form, layout_for
from colotui.ui.paint.canvas import Canvas, Line
from colotui.ui.paint.choosing import chosen_text, step_to_forced
from colotui.ui.paint.footer import paint_footer
from colotui.ui.paint.fullcheckpoints import checkpoints_page, shown_log
from colotui.ui.paint.fullhosts import hosts_sheet
from colotui.ui.paint.fullwiring import wiring_page
from colotui.ui.paint.lists import (
    event_text,
    filtered_events,
    filtered_mismatches,
    mismatch_text,
    paint_events,
    paint_mismatches,
    severities,
)
from colotui.ui.paint.newest import NewestFirst
from colotui.ui.paint.packets import capture_spans
from colotui.ui.paint.pagetitle import paint_page_title
from colotui.ui.paint.scene import Scene
from colotui.ui.paint.state import PaneState
from colotui.ui.paint.tiny import paint_tiny
from colotui.ui.paint.top import paint_top
from colotui.ui.screens.timekeys import TimeKeys
from colotui.ui.widgets.filterbar import FilterBar
from colotui.ui.widgets.lineview import LineView

if TYPE_CHECKING:
    from colotui.ui.app import CockpitApp

_FILTERED = ("hosts", "mismatches", "events")


class FullScreen(TimeKeys, Screen[None]):
    """`pane` in full: hosts, wiring, checkpoints, mismatches or events. Escape or Enter goes back."""

    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    FullScreen { layout: vertical; overflow: hidden; background: $background; }
    FullScreen #filter { dock: bottom; display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", show=False),
        Binding("enter", "enter", "The packets of a mismatch; else back", show=False),
        Binding("q", "dismiss", "Back", show=False),
        Binding("j,down", "move(1)", "Down", show=False),
        Binding("k,up", "move(-1)", "Up", show=False),
        Binding("pagedown", "move(15)", "A page down", show=False),
        Binding("pageup", "move(-15)", "A page up", show=False),
        Binding("g", "move(-1000000)", "To the first", show=False),
        Binding("G", "move(1000000)", "To the last", show=False),
        Binding("home", "ends(-1)", "To the first", show=False),
        Binding("end", "ends(1)", "To the last", show=False),
        Binding("e", "jump(1)", "Next error, or forced checkpoint", show=False),
        Binding("E", "jump(-1)", "Previous error, or forced checkpoint", show=False),
        Binding("slash", "filter", "Filter", show=False),
        Binding("tab,shift+tab", "other", "From the hosts to the wiring and back", show=False),
        Binding("c", "capture", "Packet capture on or off", id="capture", show=False),
        Binding("y", "copy", "Copy", show=False),
        Binding("T", "theme", "Next theme", show=False),
        Binding("z", "freeze", "Freeze", show=False),
        *axis_bindings(),
        *(binding for binding in time_bindings() if binding.key not in ("end", "home")),
    ]

    def __init__(self, pane: str, query: str = "") -> None:
        super().__init__()
        self.pane = pane
        self.top = LineView(id="full-top")
        self.body = LineView(id="full-page")
        self.filter_bar = FilterBar()
        self.state = PaneState(query=query)
        self.chosen: float | None = None

    @property
    def cockpit(self) -> CockpitApp:
        """The app."""
        return cast("CockpitApp", self.app)

    def compose(self) -> ComposeResult:
        """Band, page, and the line that takes a filter."""
        yield from (self.top, self.body, self.filter_bar)

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
        scene.focused, scene.selected_at = self.pane, self.chosen
        inner = height - 3
        blank = Canvas(width, 1).lines()
        if self.pane == "events":
            body = paint_events(scene, width, inner, self.state)
        elif self.pane == "mismatches":
            listed = paint_mismatches(scene, min(width - 2, 78), inner - 1, self.state)
            stands = Canvas(width - 4, 1)
            stands.spans(0, 0, capture_spans(scene, width))
            body = [(("  ", "base"), *line) for line in (*listed, *scene.finish(stands))]
        else:
            body = self._paged(scene, width, inner)
        below = self.state.count - 1 - self.state.top if self.pane in ("hosts", "wiring") else 0
        footer = paint_footer(scene, self.pane, width, below)
        return [*blank, *body, *blank, *footer][:height]

    def _paged(self, scene: Scene, width: int, height: int) -> list[Line]:
        title = paint_page_title(scene, self.pane, width, self.state)
        room = height - len(title)
        if self.pane == "checkpoints":
            self.state.settle(0, room)
            page = checkpoints_page(scene, width - 4, room).indented(2)
        elif self.pane == "wiring":
            whole = wiring_page(scene, width - 4)
            self._settle(whole.height, room)
            page = whole.window(self.state.top, room).indented(2)
        else:
            sheet = hosts_sheet(scene, width - 4, self.state)
            self._settle(len(sheet), room)
            page = Canvas(width, room)
            sheet.draw(page, 0, self.state.top, room, x=2)
        return [*title, *scene.finish(page)]

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

    # -- what the keys ask for --------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Cursor or page; in the checkpoints the one before or after."""
        scene = self.cockpit.scene()
        if self.pane == "checkpoints" and scene is not None:
            newest = NewestFirst(shown_log(scene))
            if newest:
                here = -1
                if self.chosen is not None:
                    here = bisect_left(newest, -self.chosen, key=lambda entry: -entry.at)
                self.chosen = newest[max(0, min(here + by, len(newest) - 1))].at
        else:
            self.state.move(by)
        self.redraw()

    def action_ends(self, which: int) -> None:
        """To the first or last row; on the time axis to the oldest, or back to now."""
        if self.pane != "checkpoints":
            self.action_move(which * 1_000_000)
        elif which > 0:
            self.action_time_now()
        else:
            self.action_time_oldest()

    def action_jump(self, direction: int) -> None:
        """The next (1: older) or previous warning, error, mismatch, or forced checkpoint."""
        scene = self.cockpit.scene()
        if scene is None:
            return
        if self.pane == "checkpoints":
            self.chosen = step_to_forced(scene, self.chosen, direction)
            if self.chosen is not None:
                scene.axis.reach(self.chosen, scene.now)
        elif self.pane == "mismatches":
            self.state.move(direction)
        elif self.pane == "events":
            places = severities(filtered_events(scene, self.state))
            here = self.state.cursor
            after = [at for at in places if at > here] if direction > 0 else [at for at in places[::-1] if at < here]
            if after:
                self.state.move(after[0] - here)
            else:
                self.cockpit.say("no more errors or warnings that way")
        self.redraw()

    def action_other(self) -> None:
        """From the hosts to their wiring, and back."""
        if self.pane in ("hosts", "wiring"):
            self.pane = "wiring" if self.pane == "hosts" else "hosts"
            self.state.cursor = 0
            self.redraw()

    def action_filter(self) -> None:
        """Open the filter line."""
        if self.pane in _FILTERED and self.body.display:
            self.filter_bar.value = self.state.query
            self.filter_bar.display = True
            self.filter_bar.focus()

    def on_filter_bar_typed(self, message: FilterBar.Typed) -> None:
        """Each letter filters; the end of typing gives the keys back."""
        self.state.query = message.query
        if message.done:
            self.filter_bar.display = False
            self.set_focus(None)
        self.redraw()

    def action_back(self) -> None:
        """One step out: the filter, then the screen."""
        if self.state.query and self.pane in _FILTERED:
            self.state.query = ""
            self.redraw()
        else:
            self.dismiss(None)

    def action_enter(self) -> None:
        """The packets of the chosen mismatch; from any other pane back."""
        scene = self.cockpit.scene()
        if self.pane != "mismatches" or scene is None:
            self.dismiss(None)
            return
        entries = filtered_mismatches(scene, self.state)
        if entries:
            # Screens that are not there at the first paint are imported when they are asked for.
            from colotui.ui.screens.packets import PacketsScreen

            self.app.push_screen(PacketsScreen(entries[self.state.cursor], self.state.query))

    def action_capture(self) -> None:
        """Switch the packet capture on or off."""
        if self.pane == "mismatches":
            toggle_capture(self.cockpit)

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
            whole = "\n".join("".join(part for part, _ in line).rstrip() for line in page)
            text = chosen_text(scene, self.chosen) or whole
        if text:
            self.app.copy_to_clipboard(text)
            self.cockpit.say("copied")

    def action_theme(self) -> None:
        """The next theme."""
        self.cockpit.next_theme()

    def action_freeze(self) -> None:
        """Stop or go on with the display."""
        self.cockpit.toggle_freeze()

"""The incidents of the guest: what is and was wrong, who says so, what to do about it and what not to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from colotui.model.incident import Incident
from colotui.ui.actions import BY_ACTION
from colotui.ui.keys import incidents_bindings
from colotui.ui.layout import Form, layout_for
from colotui.ui.paint.incidents import IncidentsState, beside, entry_at, list_width, paint_incidents
from colotui.ui.paint.incidentsheet import incident_text
from colotui.ui.paint.tiny import paint_tiny
from colotui.ui.paint.top import paint_top
from colotui.ui.widgets.filterbar import FilterBar
from colotui.ui.widgets.lineview import LineView

if TYPE_CHECKING:
    from colotui.ui.app import CockpitApp

_PAGE = 12


class IncidentsScreen(Screen[None]):
    """Enter opens the plan that is recommended; below 100 columns it first opens the incident. Escape goes back."""

    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    IncidentsScreen { layout: vertical; overflow: hidden; background: $background; }
    IncidentsScreen:ansi { background: $background; }
    IncidentsScreen #filter { dock: bottom; display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*incidents_bindings()]

    def __init__(self) -> None:
        super().__init__()
        self.top = LineView(id="incidents-top")
        self.body = LineView(id="incidents-page")
        self.filter_bar = FilterBar()
        self.state = IncidentsState()

    @property
    def cockpit(self) -> CockpitApp:
        """The app."""
        return cast("CockpitApp", self.app)

    @property
    def _single(self) -> bool:
        """True when the incident stands in place of the list."""
        return self.state.single and not beside(self.size.width)

    def compose(self) -> ComposeResult:
        """Band, page, and the line that takes a filter."""
        yield from (self.top, self.body, self.filter_bar)

    def on_mount(self) -> None:
        """First picture."""
        self.redraw()

    def on_resize(self) -> None:
        """Fit the new size."""
        self.redraw()

    def on_screen_resume(self) -> None:
        """Uncovered: nothing was painted meanwhile."""
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
        self.body.show(paint_incidents(scene, width, height - layout.top, self.state))

    def forget_colours(self) -> None:
        """The theme changed."""
        self.top.forget_colours()
        self.body.forget_colours()

    def _chosen(self) -> Incident | None:
        scene = self.cockpit.scene()
        return self.state.settle(scene) if scene is not None else None

    def _choose(self, place: int) -> None:
        scene = self.cockpit.scene()
        entries = self.state.entries(scene) if scene is not None else []
        if entries:
            self.state.choose(entries[max(0, min(place, len(entries) - 1))])
        self.redraw()

    # -- what the keys ask for --------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Another incident; where only one is shown, scroll it."""
        if self._single:
            self.action_page(by, rows=1)
            return
        self._chosen()
        self._choose(self.state.listed.cursor + by)

    def action_ends(self, which: int) -> None:
        """To the first or the last."""
        self.action_move(which * 1_000_000)

    def action_page(self, by: int, rows: int = _PAGE) -> None:
        """Scroll the incident."""
        self.state.scrolled.move(by * rows)
        self.redraw()

    def action_jump(self, direction: int) -> None:
        """The next (1) or the previous open one."""
        scene = self.cockpit.scene()
        if scene is None:
            return
        self._chosen()
        here = self.state.listed.cursor
        places = [index for index, entry in enumerate(self.state.entries(scene)) if entry.open]
        after = [at for at in places if at > here] if direction > 0 else [at for at in places[::-1] if at < here]
        if after:
            self._choose(after[0])
        else:
            self.cockpit.say("no more open incidents that way")

    def action_enter(self) -> None:
        """Open the incident where only the list is seen; else the plan that is recommended for it."""
        chosen = self._chosen()
        if chosen is None:
            return
        if not beside(self.size.width) and not self.state.single:
            self.state.single = True
            self.redraw()
            return
        if self.cockpit.go_to_incident(chosen):
            return
        scene = self.cockpit.scene(live=True)
        # The display may be frozen: what is run must be the advice of now.
        now = next((entry for entry in scene.guest.incidents if entry.id == chosen.id), None) if scene else None
        if now is None or not now.open:
            self.cockpit.say(f"incident {chosen.id} is over: there is nothing to run")
        elif now.now.do is None or now.now.do not in BY_ACTION:
            self.cockpit.say(f"nothing to run for it: {now.now.do_text or 'wait and watch'}")
        else:
            self.action_act(now.now.do.value)

    def action_act(self, name: str) -> None:
        """Open the plan of an action, or say why not: as in the cockpit."""
        self.cockpit.cockpit_screen.action_act(name)

    def action_bundle(self) -> None:
        """Collect a support bundle about this incident."""
        chosen, scene = self._chosen(), self.cockpit.scene(live=True)
        if chosen is None or scene is None or scene.replay:
            self.cockpit.cockpit_screen.action_bundle()
            return
        from colotui.ui.screens.bundle import BundleScreen

        hosts = tuple(view.spec.name for view in scene.snapshot.hosts)
        self.app.push_screen(BundleScreen(chosen.guest, hosts, incident=chosen.id))

    def action_copy(self) -> None:
        """Copy the whole incident as text."""
        chosen, scene = self._chosen(), self.cockpit.scene()
        if chosen is not None and scene is not None:
            self.app.copy_to_clipboard(incident_text(chosen, scene.now))
            self.cockpit.say(f"copied: incident {chosen.id}")

    def action_filter(self) -> None:
        """Open the filter line."""
        if not self.body.display:
            return
        self.state.single = False
        self.filter_bar.value = self.state.listed.query
        self.filter_bar.display = True
        self.filter_bar.focus()
        self.redraw()

    def on_filter_bar_typed(self, message: FilterBar.Typed) -> None:
        """Each letter filters; the end of typing gives the keys back."""
        self.state.listed.query = message.query
        if message.done:
            self.filter_bar.display = False
            self.set_focus(None)
        self.redraw()

    def action_back(self) -> None:
        """One step out: from the incident to the list, out of the filter, then out of the screen."""
        if self._single:
            self.state.single = False
        elif self.state.listed.query:
            self.state.listed.query = ""
        else:
            self.dismiss(None)
            return
        self.redraw()

    def action_freeze(self) -> None:
        """Stop or go on with the display."""
        self.cockpit.toggle_freeze()

    def action_theme(self) -> None:
        """The next theme."""
        self.cockpit.next_theme()

    def action_help(self) -> None:
        """The help."""
        self.cockpit.cockpit_screen.action_help()

    # -- the mouse --------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """A click on a row of the list chooses it; on a small terminal it opens it."""
        scene, width = self.cockpit.scene(), self.size.width
        if scene is None or self._single or event.widget is not self.body or event.x > list_width(width):
            return
        entry = entry_at(self.state.entries(scene), self.state, event.screen_y - self.body.region.y - 1)
        if entry is not None:
            self.state.choose(entry)
            self.state.single = not beside(width)
            self.redraw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves through the list, or scrolls the incident under it."""
        self._wheel(event.x, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The same upwards."""
        self._wheel(event.x, -1)

    def _wheel(self, x: int, by: int) -> None:
        if beside(self.size.width) and x > list_width(self.size.width):
            self.action_page(by, rows=3)
        else:
            self.action_move(by)

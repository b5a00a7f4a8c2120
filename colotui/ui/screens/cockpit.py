"""The cockpit: top line, ladder, four panes and the key bar, folded to the terminal, with all its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen

from colotui.model.plan import Action
from colotui.ui.actions import BY_ACTION, reason
from colotui.ui.keys import cockpit_bindings
from colotui.ui.layout import Form, Layout, layout_for
from colotui.ui.paint.keys import paint_keys
from colotui.ui.paint.ladder import paint_ladder
from colotui.ui.paint.tiny import paint_tiny
from colotui.ui.paint.top import paint_top
from colotui.ui.paint.waiting import paint_waiting
from colotui.ui.panes.base import Pane
from colotui.ui.panes.views import CheckpointsPane, EventsPane, HostsPane, MismatchesPane
from colotui.ui.widgets.filterbar import FilterBar
from colotui.ui.widgets.lineview import LineView

if TYPE_CHECKING:
    from colotui.ui.app import CockpitApp


class CockpitScreen(Screen[None]):
    """Draws the newest scene when told to; every key is an action here."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [*cockpit_bindings()]
    DEFAULT_CSS = """
    CockpitScreen { layout: vertical; overflow: hidden; background: $background; }
    CockpitScreen #middle { height: auto; layout: horizontal; overflow: hidden; }
    CockpitScreen #keys { dock: bottom; height: 1; }
    CockpitScreen #filter { dock: bottom; display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.layout_now: Layout | None = None
        self.tab_host = ""

    @property
    def cockpit(self) -> CockpitApp:
        """The app."""
        return cast("CockpitApp", self.app)

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield LineView(id="top")
        yield LineView(id="ladder")
        yield HostsPane(id="hosts")
        with Container(id="middle"):
            yield CheckpointsPane(id="checkpoints")
            yield MismatchesPane(id="mismatches")
        yield EventsPane(id="events")
        yield FilterBar()
        yield LineView(id="keys")

    def on_mount(self) -> None:
        """First picture."""
        self.relayout()

    def on_resize(self) -> None:
        """Fold anew."""
        self.relayout()

    def relayout(self) -> None:
        """Give each part its rows; nothing here depends on the state, so nothing jumps when a band appears."""
        width, height = self.size
        if width < 1 or height < 1:
            return
        layout = layout_for(width, height)
        if layout != self.layout_now:
            self.layout_now = layout
            self._apply(layout)
        self.redraw()

    def _apply(self, layout: Layout) -> None:
        tiny, tabbed = layout.form is Form.TINY, layout.form is Form.TABBED
        parts = {"top": layout.top, "ladder": layout.ladder, "hosts": layout.hosts, "events": layout.events}
        for name, rows in parts.items():
            part = self.query_one(f"#{name}")
            part.display = rows > 0
            part.styles.height = rows
            part.styles.margin = (0 if name == "top" else 1, 0, 0, 0)
        middle = self.query_one("#middle", Container)
        middle.display = not tiny
        middle.styles.margin = (1, 0, 0, 0)
        middle.styles.layout = "vertical" if tabbed else "horizontal"
        left, right = self.query_one(CheckpointsPane), self.query_one(MismatchesPane)
        left.styles.height, right.styles.height = layout.checkpoints, layout.mismatches
        left.styles.width = "100%" if tabbed else layout.graph_width
        right.styles.width = "1fr"
        right.styles.margin = (1, 0, 0, 0) if tabbed else (0, 0, 0, 3)
        middle.styles.height = layout.checkpoints + (1 + layout.mismatches if tabbed else 0)
        left.form = self.query_one(HostsPane).form = layout.form
        self.query_one("#keys").display = not tiny and not self.query_one(FilterBar).display

    def redraw(self) -> None:
        """Paint the newest scene into every part that is seen."""
        layout = self.layout_now
        if layout is None or not self.is_mounted:
            return
        width = self.size.width
        scene = self.cockpit.scene()
        top = self.query_one("#top", LineView)
        if scene is None:
            top.show(paint_waiting(width, layout.top, self.cockpit.waiting_for, ascii_only=self.cockpit.ascii_only))
            return
        scene.tab_host = self.tab_host
        pane = self.focused if isinstance(self.focused, Pane) else None
        scene.focused = pane.title if pane is not None else ""
        if layout.form is Form.TINY:
            top.show(paint_tiny(scene, width, layout.top))
            return
        if isinstance(pane, MismatchesPane):
            scene.selected_at = pane.chosen_at(scene)
        top.show(paint_top(scene, width, layout.top))
        if layout.ladder:
            self.query_one("#ladder", LineView).show(paint_ladder(scene, width, layout.ladder))
        tabbed = layout.form is Form.TABBED
        self.query_one(HostsPane).draw(scene, width, layout.hosts)
        self.query_one(CheckpointsPane).draw(scene, width if tabbed else layout.graph_width, layout.checkpoints)
        rest = width if tabbed else width - layout.graph_width - 3
        self.query_one(MismatchesPane).draw(scene, rest, layout.mismatches)
        self.query_one(EventsPane).draw(scene, width, layout.events)
        self.query_one("#keys", LineView).show(paint_keys(scene, width))

    def forget_colours(self) -> None:
        """The theme changed."""
        for widget in self.query(LineView):
            widget.forget_colours()

    def keep_cursors(self, new_events: int, new_mismatches: int) -> None:
        """Newer entries came in: cursors stay on their entry."""
        self.query_one(EventsPane).state.shifted(new_events)
        self.query_one(MismatchesPane).state.shifted(new_mismatches)

    # -- looking ----------------------------------------------------------------------------------

    def _list(self) -> Pane:
        """The pane that j, k and the filter mean: the focused one, else the events."""
        return self.focused if isinstance(self.focused, Pane) else self.query_one(EventsPane)

    def action_pane(self, name: str) -> None:
        """Focus a pane by its number."""
        self.query_one(f"#{name}", Pane).focus()
        self.call_after_refresh(self.redraw)

    def action_next(self) -> None:
        """Next pane, or the other host at 80 columns."""
        self._step_focus(1)

    def action_previous(self) -> None:
        """Previous pane."""
        self._step_focus(-1)

    def _step_focus(self, by: int) -> None:
        scene = self.cockpit.scene()
        if self.layout_now is not None and self.layout_now.form is Form.TABBED and scene is not None:
            shown_right = self.tab_host == scene.right.spec.name
            self.tab_host = (scene.left if shown_right else scene.right).spec.name
            self.redraw()
            return
        panes = list(self.query(Pane))
        here = panes.index(self.focused) if isinstance(self.focused, Pane) else -1 if by > 0 else 0
        panes[(here + by) % len(panes)].focus()
        self.call_after_refresh(self.redraw)

    def action_move(self, by: int) -> None:
        """Cursor up or down."""
        pane = self._list()
        if not pane.has_focus:
            pane.focus()
        else:
            pane.state.move(by)
        self.redraw()

    def action_page(self, by: int) -> None:
        """A page up or down."""
        pane = self._list()
        self.action_move(by * max(1, pane.state.room - 1))

    def action_ends(self, which: int) -> None:
        """To the newest or the oldest."""
        self.action_move(which * 1_000_000)

    def action_jump(self, direction: int) -> None:
        """Next or previous error in the events, or mismatch in the mismatches."""
        scene = self.cockpit.scene()
        pane = self._list()
        if scene is None:
            return
        if isinstance(pane, MismatchesPane):
            pane.state.move(direction)
            self.redraw()
            return
        events = self.query_one(EventsPane)
        if events.jump(scene, direction):
            events.focus()
        else:
            self.cockpit.say("no more errors or warnings that way")
        self.call_after_refresh(self.redraw)

    def on_pane_clicked(self, message: Pane.Clicked) -> None:
        """The mouse moved a cursor."""
        message.pane.focus()
        self.call_after_refresh(self.redraw)

    def action_filter(self) -> None:
        """Open the filter line for the events or the mismatches."""
        if self.layout_now is None or self.layout_now.form is Form.TINY:
            return
        target = self._list()
        if not target.lists:
            target = self.query_one(EventsPane)
        target.focus()
        bar = self.query_one(FilterBar)
        bar.target = target
        bar.value = target.state.query
        bar.display = True
        self.query_one("#keys").display = False
        bar.focus()

    def on_filter_bar_typed(self, message: FilterBar.Typed) -> None:
        """Each letter filters; the end of typing gives the keys back."""
        bar = self.query_one(FilterBar)
        if bar.target is None:
            return
        bar.target.state.query = message.query
        if message.done:
            bar.display = False
            self.query_one("#keys").display = True
            bar.target.focus()
            bar.target = None
        self.call_after_refresh(self.redraw)

    def action_copy(self) -> None:
        """Copy the chosen row, or the whole pane."""
        scene = self.cockpit.scene()
        text = self._list().text(scene) if scene is not None else ""
        if text:
            self.app.copy_to_clipboard(text)
            self.cockpit.say("copied: " + text.splitlines()[0][:60])

    def action_back(self) -> None:
        """One step out: the filter, then the focus, then the freeze."""
        pane = self.focused
        if isinstance(pane, Pane) and pane.state.query:
            pane.state.query = ""
        elif pane is not None:
            self.set_focus(None)
        elif self.cockpit.frozen is not None:
            self.cockpit.toggle_freeze()
        self.call_after_refresh(self.redraw)

    def action_full(self) -> None:
        """The focused pane in full."""
        pane = self.focused
        if isinstance(pane, Pane) and self.cockpit.scene() is not None:
            # Screens that are not there at the first paint are imported when they are asked for.
            from colotui.ui.screens.full import FullScreen

            self.app.push_screen(FullScreen(pane.title, pane.state.query))

    # -- the rest ---------------------------------------------------------------------------------

    def action_freeze(self) -> None:
        """Stop or go on with the display."""
        self.cockpit.toggle_freeze()

    def action_help(self) -> None:
        """The help."""
        from colotui.ui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen())

    def action_theme(self) -> None:
        """The next theme."""
        self.cockpit.next_theme()

    def action_mouse(self) -> None:
        """Give the mouse to the terminal, or take it back."""
        self.cockpit.toggle_mouse()

    def action_guest(self, by: int) -> None:
        """Another guest of the pair."""
        self.cockpit.next_guest(by)

    def action_view_plan(self) -> None:
        """The plan that runs or ended."""
        scene = self.cockpit.scene(live=True)
        if scene is None or scene.guest.progress is None:
            self.cockpit.say("no plan runs")
            return
        self._open_plan(scene.guest.name, None)

    def _open_plan(self, guest: str, action: Action | None) -> None:
        from colotui.ui.screens.plan import PlanScreen

        self.app.push_screen(PlanScreen(guest, action))

    def action_act(self, name: str) -> None:
        """Open the plan of an action; of a disabled one say why."""
        scene = self.cockpit.scene(live=True)
        if scene is None:
            self.cockpit.say("not connected yet")
            return
        action = Action(name)
        progress = scene.guest.progress
        if progress is not None and (progress.running or (action is Action.UNDO and progress.failed)):
            self._open_plan(scene.guest.name, None)
            return
        why = (self.cockpit.read_only and f"read-only: {self.cockpit.read_only}") or reason(scene.guest, action)
        if why:
            self.cockpit.say(f"{BY_ACTION[action].word}: {why}")
            return
        self._open_plan(scene.guest.name, action)

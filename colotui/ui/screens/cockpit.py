"""The cockpit: top line, ladder, four panes and the key bar, folded to the terminal, with all its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen

from colotui.model.plan import Action
from colotui.ui.actions import BY_ACTION, reason
from colotui.ui.capturing import toggle_capture
from colotui.ui.keys import cockpit_bindings, replay_bindings
from colotui.ui.layout import Form, Layout, layout_for
from colotui.ui.paint.keys import key_at, paint_keys
from colotui.ui.paint.ladder import paint_ladder
from colotui.ui.paint.tiny import paint_tiny
from colotui.ui.paint.top import paint_top
from colotui.ui.paint.waiting import paint_waiting
from colotui.ui.panes.base import Pane
from colotui.ui.panes.views import CheckpointsPane, EventsPane, HostsPane, MismatchesPane
from colotui.ui.screens.armkey import ArmKey
from colotui.ui.screens.timekeys import TimeKeys
from colotui.ui.widgets.filterbar import FilterBar
from colotui.ui.widgets.keybar import KeyBar
from colotui.ui.widgets.lineview import LineView

if TYPE_CHECKING:
    from colotui.ui.app import CockpitApp


class CockpitScreen(TimeKeys, ArmKey, Screen[None]):
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
        self._focused_before: Pane | None = None
        # Held, not queried: a tick that comes while the app closes finds the children gone.
        self.top = LineView(id="top")
        self.ladder = LineView(id="ladder")
        self.hosts = HostsPane(id="hosts")
        self.checkpoints = CheckpointsPane(id="checkpoints")
        self.mismatches = MismatchesPane(id="mismatches")
        self.events = EventsPane(id="events")
        self.middle = Container(self.checkpoints, self.mismatches, id="middle")
        self.filter_bar = FilterBar()
        self.key_bar = KeyBar(id="keys")
        self.panes: tuple[Pane, ...] = (self.hosts, self.checkpoints, self.mismatches, self.events)

    @property
    def cockpit(self) -> CockpitApp:
        """The app."""
        return cast("CockpitApp", self.app)

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield from (self.top, self.ladder, self.hosts, self.middle, self.events, self.filter_bar, self.key_bar)

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
        layout = self.layout_of(width, height)
        if layout != self.layout_now:
            self.layout_now = layout
            self._apply(layout)
        self.redraw()

    def layout_of(self, width: int, height: int) -> Layout:
        """How it folds."""
        return layout_for(width, height)

    def _apply(self, layout: Layout) -> None:
        tiny, tabbed = layout.form is Form.TINY, layout.form is Form.TABBED
        if tiny and isinstance(self.focused, Pane):
            # Textual takes the focus from what is not displayed; it comes back with the room.
            self._focused_before = self.focused
        parts = ((self.top, layout.top), (self.ladder, layout.ladder), (self.hosts, layout.hosts))
        for part, rows in (*parts, (self.events, layout.events)):
            part.display = rows > 0
            part.styles.height = rows
            part.styles.margin = (0 if part is self.top else 1, 0, 0, 0)
        self.middle.display = not tiny
        self.middle.styles.margin = (1, 0, 0, 0)
        self.middle.styles.layout = "vertical" if tabbed else "horizontal"
        self.middle.styles.height = layout.checkpoints + (1 + layout.mismatches if tabbed else 0)
        self.checkpoints.styles.height, self.mismatches.styles.height = layout.checkpoints, layout.mismatches
        self.checkpoints.styles.width = "100%" if tabbed else layout.graph_width
        self.mismatches.styles.width = "1fr"
        self.mismatches.styles.margin = (1, 0, 0, 0) if tabbed else (0, 0, 0, 3)
        self.checkpoints.form = self.hosts.form = layout.form
        self.key_bar.display = not tiny and not self.filter_bar.display
        if not tiny and self._focused_before is not None:
            if self.focused is None:
                self.set_focus(self._focused_before)
            self._focused_before = None

    def redraw(self) -> None:
        """Paint the newest scene into every part that is seen."""
        layout = self.layout_now
        if layout is None or not self.is_mounted:
            return
        width = self.size.width
        scene = self.cockpit.scene()
        if scene is None:
            waiting = self.cockpit.waiting_for
            self.top.show(paint_waiting(width, layout.top, waiting, ascii_only=self.cockpit.ascii_only))
            return
        scene.tab_host = self.tab_host
        pane = self.focused if isinstance(self.focused, Pane) else None
        scene.focused = pane.title if pane is not None else ""
        if layout.form is Form.TINY:
            self.top.show(paint_tiny(scene, width, layout.top))
            return
        if pane is self.mismatches:
            scene.selected_at = self.mismatches.chosen_at(scene)
        elif pane is self.checkpoints:
            scene.selected_at = self.checkpoints.chosen
        self.top.show(paint_top(scene, width, layout.top))
        if layout.ladder:
            self.ladder.show(paint_ladder(scene, width, layout.ladder))
        tabbed = layout.form is Form.TABBED
        self.hosts.draw(scene, width, layout.hosts)
        self.checkpoints.draw(scene, width if tabbed else layout.graph_width, layout.checkpoints)
        self.mismatches.draw(scene, width if tabbed else width - layout.graph_width - 3, layout.mismatches)
        self.events.draw(scene, width, layout.events)
        self.key_bar.show(paint_keys(scene, width))

    def forget_colours(self) -> None:
        """The theme changed."""
        for widget in (self.top, self.ladder, *self.panes, self.key_bar):
            widget.forget_colours()

    def keep_cursors(self, new_events: int, new_mismatches: int) -> None:
        """Newer entries came in: cursors stay on their entry."""
        self.events.state.shifted(new_events)
        self.mismatches.state.shifted(new_mismatches)

    def begin_anew(self) -> None:
        """Another guest is shown: no cursor or filter is left over from the one before."""
        self.checkpoints.chosen = None
        for pane in self.panes:
            pane.state.cursor, pane.state.top, pane.state.query, pane.state.following = 0, 0, "", True

    # -- looking ----------------------------------------------------------------------------------

    def _list(self) -> Pane:
        """The pane that j, k and the filter mean: the focused one, else the events."""
        return self.focused if isinstance(self.focused, Pane) else self.events

    def action_pane(self, name: str) -> None:
        """Focus a pane by its number."""
        self._enter(self.query_one(f"#{name}", Pane))

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
        panes = self.panes
        here = panes.index(self.focused) if isinstance(self.focused, Pane) else -1 if by > 0 else 0
        self._enter(panes[(here + by) % len(panes)])

    def _enter(self, pane: Pane) -> None:
        """Focus a pane and show it in the very next frame: Textual's own `focus` comes a frame later."""
        self.set_focus(pane)
        self.redraw()

    def action_move(self, by: int) -> None:
        """Cursor up or down."""
        pane = self._list()
        if not pane.has_focus:
            pane.focus()
        else:
            self._move(pane, by)
        self.redraw()

    def _move(self, pane: Pane, by: int) -> None:
        scene = self.cockpit.scene()
        if scene is not None:
            pane.move(scene, by)

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
        if isinstance(pane, MismatchesPane | CheckpointsPane):
            pane.move(scene, direction)
            self.redraw()
            return
        if self.events.jump(scene, direction):
            self.events.focus()
        else:
            self.cockpit.say("no more errors or warnings that way")
        self.call_after_refresh(self.redraw)

    def on_pane_clicked(self, message: Pane.Clicked) -> None:
        """The mouse moved a cursor."""
        self._enter(message.pane)

    def on_key_bar_clicked(self, message: KeyBar.Clicked) -> None:
        """A click on a key is that key."""
        scene = self.cockpit.scene()
        name = key_at(scene, self.size.width, message.x) if scene is not None else None
        for binding in (*cockpit_bindings(), *replay_bindings()):
            if binding.id == name:
                self.cockpit.run_named(binding.action)

    def action_filter(self) -> None:
        """Open the filter line for the events or the mismatches."""
        if self.layout_now is None or self.layout_now.form is Form.TINY:
            return
        target = self._list()
        if not target.lists:
            target = self.events
        target.focus()
        bar = self.filter_bar
        bar.target = target
        bar.value = target.state.query
        bar.display = True
        self.key_bar.display = False
        bar.focus()

    def on_filter_bar_typed(self, message: FilterBar.Typed) -> None:
        """Each letter filters; the end of typing gives the keys back."""
        bar = self.filter_bar
        if bar.target is None:
            return
        bar.target.state.query = message.query
        if message.done:
            bar.display = False
            self.key_bar.display = True
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
        elif pane is self.checkpoints and self.checkpoints.chosen is not None:
            self.checkpoints.chosen = None
        elif pane in (self.checkpoints, None) and self.cockpit.axis.held:
            self.cockpit.axis.back()
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

    def action_wiring(self) -> None:
        """The wiring of the packets in full."""
        if self.cockpit.scene() is not None:
            from colotui.ui.screens.full import FullScreen

            self.app.push_screen(FullScreen("wiring"))

    # -- the rest ---------------------------------------------------------------------------------

    def action_freeze(self) -> None:
        """Stop or go on with the display."""
        self.cockpit.toggle_freeze()

    def action_capture(self) -> None:
        """Switch the packet capture on or off."""
        toggle_capture(self.cockpit)

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

    def action_nth(self, number: int) -> None:
        """The guest at a place of the list."""
        self.cockpit.show_nth(number)

    def action_overview(self) -> None:
        """The list of all guests."""
        self.cockpit.open_list()

    def on_screen_resume(self) -> None:
        """Uncovered: nothing was painted meanwhile."""
        self.redraw()

    def action_bundle(self) -> None:
        """Collect a support bundle of the guest on the screen."""
        scene = self.cockpit.scene(live=True)
        if scene is None:
            self.cockpit.say("not connected yet")
            return
        if scene.replay:
            self.cockpit.say(f"support bundle: {scene.replay}")
            return
        from colotui.ui.screens.bundle import BundleScreen

        hosts = tuple(view.spec.name for view in scene.snapshot.hosts)
        self.app.push_screen(BundleScreen(scene.guest.name, hosts))

    def action_incidents(self) -> None:
        """What was and is wrong with the guest on the screen."""
        if self.cockpit.scene() is None:
            self.cockpit.say("not connected yet")
            return
        from colotui.ui.screens.incidents import IncidentsScreen

        self.app.push_screen(IncidentsScreen())

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
        if scene.replay:
            self.cockpit.say(f"{BY_ACTION[action].word}: {scene.replay}")
            return
        if progress is not None and (progress.running or (action is Action.UNDO and progress.failed)):
            self._open_plan(scene.guest.name, None)
            return
        why = self.cockpit.refusal() or reason(scene.guest, action)
        if why:
            self.cockpit.say(f"{BY_ACTION[action].word}: {why}")
            return
        self._open_plan(scene.guest.name, action)

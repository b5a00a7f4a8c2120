"""The cockpit app: paints at once, connects behind, and shows every snapshot the controller publishes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.control import Control
from textual._ansi_sequences import SYNC_END, SYNC_START
from textual._compositor import ChopsUpdate
from textual.app import App, AutopilotCallbackType
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.theme import Theme

from colotui.controller.base import Controller
from colotui.errors import ColotuiError
from colotui.model.plan import Progress
from colotui.model.protection import Snapshot
from colotui.model.text import plain, plain_lines
from colotui.ui.doing import Doing, Outcome, in_words
from colotui.ui.fleet import Fleet, Source, Standing, Watched, news_in_words
from colotui.ui.glyphs import to_ascii
from colotui.ui.keys import shown_keys
from colotui.ui.moment import guest_of, scene_of, urgent
from colotui.ui.paint.axis import TimeAxis
from colotui.ui.paint.scene import Scene
from colotui.ui.screens.cockpit import CockpitScreen
from colotui.ui.style import Palette
from colotui.ui.theme import COLOURS, DEFAULT, NO_COLOUR, TOKENS, choose, load_themes
from colotui.ui.widgets.cells import CellUpdate

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.command import Provider

    from colotui.model.incident import Incident

TICK_SECONDS = 0.5
_CLOSE_SECONDS = 35.0
_NEWS_SECONDS = 1.0


def _commands() -> type[Provider]:
    # Imported when the palette is opened: the first paint must not wait for it.
    from colotui.ui.commands import CockpitCommands

    return CockpitCommands


class CockpitApp(App[int]):
    """Give it a controller, or a function that makes one: that is called in a thread after the first paint.

    `pairs` are several such functions: then the list of all guests is the first picture, and a pair that
    cannot be watched is a row of it.
    """

    TITLE = "colotui"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS = {_commands}  # noqa: RUF012
    # The list of the palette cannot be drawn in no width at all: its margins go first.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-roomy")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q,ctrl+c", "quit", "Quit", show=False, priority=True)]
    CSS = """
    Toast { background: $panel; color: $foreground; max-width: 80; }
    Toast.-information { border-left: outer $accent; }
    .-ascii Toast.-information { border-left: ascii $accent; }
    .-ascii Toast.-error { border-left: ascii $error; }
    CommandPalette { background: $background 70%; }
    CommandPalette:ansi { background: $background; }
    CommandPalette > Vertical { background: $surface; margin: 3 8; min-width: 20; }
    CommandPalette.-narrow > Vertical { margin: 0; }
    CommandPalette SearchIcon { display: none; }
    CommandPalette CommandInput { padding: 0 2; }
    CommandInput > .input--placeholder, FilterBar > .input--placeholder { color: $text-low; }
    CommandPalette CommandList > .option-list--option-highlighted { background: $cursor-background; }
    CommandPalette CommandList { scrollbar-size-vertical: 1; }
    .-ascii CommandPalette #--input, .-ascii CommandPalette CommandList { border: blank; scrollbar-size-vertical: 0; }
    CommandPalette CommandList > .option-list--option { text-style: none; padding: 0 2; }
    CockpitScreen:ansi, FullScreen:ansi { background: $background; }
    """

    def __init__(
        self,
        controller: Controller | None = None,
        *,
        make_controller: Callable[[], Controller] | None = None,
        pairs: Sequence[Source] = (),
        theme: str | None = None,
        theme_folder: Path | None = None,
        ascii_only: bool = False,
        read_only: str = "",
        guest: str = "",
        keymap: Mapping[str, str] | None = None,
        export_folder: Path | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.themes_found: dict[str, Theme] = load_themes(theme_folder)
        self._no_colour = bool(os.environ.get("NO_COLOR"))
        chosen = choose(self.themes_found, theme or (NO_COLOUR if self._no_colour else DEFAULT))
        super().__init__(ansi_color=True if self._no_colour else None)
        self.palette = Palette({})
        self.ascii_only = ascii_only
        self.set_class(ascii_only, "-ascii", update=False)
        self.export_folder = export_folder or Path.cwd()
        self.frozen: Snapshot | None = None
        self.recordings: Callable[[], Sequence[str]] = tuple
        self.waiting_for = "reading the pair file"
        self.failure: ColotuiError | None = None
        self.cockpit_screen = self.make_screen()
        self.axis = TimeAxis()
        several = [Watched(name, make) for name, make in pairs]
        self.fleet = Fleet(several or [Watched("", make_controller, controller)])
        self.shown: Watched = self.fleet.pairs[0]
        self._list: Screen[None] | None = None
        self._telling = False
        self._said_read_only = read_only
        self._guest = guest
        self._now = now
        self._units: dict[str, int] = {}
        self._doing = Doing(self.redraw)
        self._mouse_on = True
        self._keymap_wanted = dict(keymap or {})
        self.shown_keys = shown_keys(self._keymap_wanted)
        for found in self.themes_found.values():
            self.register_theme(found)
        self.theme = chosen.name

    recorded = ""
    """Of a replay: why nothing can be done here."""

    def make_screen(self) -> CockpitScreen:
        """The ground screen; a replay has its own."""
        return CockpitScreen()

    # -- drawing ----------------------------------------------------------------------------------

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The own tokens, for themes that do not name them all."""
        return {"ansi-background": "ansi_black", "ansi-foreground": "ansi_white", **TOKENS}

    def get_default_screen(self) -> Screen[None]:
        """The cockpit is the ground screen."""
        return self.cockpit_screen

    def on_mount(self) -> None:
        """First paint, then everything that is slow."""
        self._take_colours()
        self.theme_changed_signal.subscribe(self, lambda _: self._theme_changed())
        if self._keymap_wanted:
            self.set_keymap(self._keymap_wanted)
        self.set_interval(TICK_SECONDS, self.redraw)
        if len(self.fleet.pairs) > 1:
            self.open_list()
        self.call_after_refresh(self._connect)

    def _take_colours(self) -> None:
        theme = self.current_theme
        colours = {name: value for name in COLOURS if (value := getattr(theme, name))}
        tokens = {**self.get_css_variables(), **TOKENS, **theme.variables, **colours}
        self.palette = Palette(tokens, no_colour=self._no_colour)

    def _theme_changed(self) -> None:
        self._take_colours()
        for screen in self.screen_stack:
            forget = getattr(screen, "forget_colours", None)
            if forget is not None:
                forget()
        self.redraw()

    def redraw(self) -> None:
        """Paint every screen of ours that can be seen, the lowest first; one that is covered paints when it is back."""
        stack = self.screen_stack
        covered = max((index for index, screen in enumerate(stack) if not screen.is_modal), default=0)
        for screen in stack[covered:]:
            paint = getattr(screen, "redraw", None)
            if paint is not None and screen.is_mounted:
                paint()
            if screen._layout_required and screen is not self.screen:
                # Textual lays out the screen on top only: what shines through below it would keep its old rows.
                screen._refresh_layout()
                screen._layout_required = False

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        driver = self._driver
        held_up = self._batch_count or self._closed or not self._running or self.is_headless
        if type(renderable) is not ChopsUpdate or held_up or driver is None or driver.is_inline:
            super()._display(screen, renderable)
            return
        # Only the cells that changed go to the terminal, not the row up to them; all in one write.
        self._previous_cursor_position = self.screen.outer_size.clamp_offset(self.cursor_position)
        text = CellUpdate.of(renderable).render_segments(self.console)
        text += Control.move_to(*self._previous_cursor_position).segment.text
        driver.write(f"{SYNC_START}{text}{SYNC_END}" if self._sync_available else text)

    def wall(self) -> float:
        """The time of now."""
        return self._now()

    def scene(self, *, live: bool = False, guest: str = "", pair: Watched | None = None) -> Scene | None:
        """The moment to draw: frozen or live, of the shown pair. None before the first snapshot, or without a guest."""
        pair = pair or self.shown
        frozen = None if live or pair is not self.shown else self.frozen
        scene = scene_of(pair.snapshot, frozen, guest or self._guest, self._now())
        if scene is None:
            if pair.snapshot is not None:
                self.waiting_for = "the pair file names no guest"
            return None
        scene.tabs, scene.place = self.fleet.standings, self.fleet.pairs.index(pair)
        if self._said_read_only and not scene.snapshot.read_only:
            scene.snapshot = replace(scene.snapshot, read_only=self._said_read_only)
        scene.ascii_only, scene.keys, scene.units = self.ascii_only, self.shown_keys, self._units
        scene.axis, scene.replay = self.axis, self.recorded
        return scene

    # -- the controller ---------------------------------------------------------------------------

    @property
    def connected(self) -> Controller:
        """The controller of the shown pair; only screens that a snapshot has opened ask for it."""
        return self.shown.connected

    @property
    def read_only(self) -> str:
        """Why this cockpit may not act on the shown pair, or ""."""
        return self.read_only_on(self.shown)

    def read_only_on(self, pair: Watched) -> str:
        """Why this cockpit may not act on `pair`, or ""."""
        return self._said_read_only or (pair.snapshot.read_only if pair.snapshot is not None else "")

    def refusal(self, pair: Watched | None = None) -> str:
        """Why nothing at all may be done on `pair` (else the shown one), in words to say; "" when it may."""
        read_only = self.read_only_on(pair or self.shown)
        return self.recorded or (f"read-only: {read_only}" if read_only else "")

    def go_to_incident(self, incident: Incident) -> bool:
        """A replay shows the moment it opened; a live cockpit knows only now (False)."""
        return False

    def _connect(self) -> None:
        for pair in self.fleet.pairs:
            self.watch_pair(pair)

    def watch_pair(self, pair: Watched) -> None:
        """Begin to watch a pair, or try it again."""
        # A worker of its own: awaited here, the slow imports would hold up every key, every paint and other pairs.
        self.run_worker(self._begin(pair), name="connect", exclusive=False)

    def take_controller(self, make: Callable[[], Controller], failed: Callable[[ColotuiError], None]) -> None:
        """A pair has come to be while the app runs: make its controller and watch it.

        `failed` hears why that could not be; the app goes on.
        """
        self.shown.make, self.waiting_for = make, "connecting"
        self.run_worker(self._begin(self.shown, failed), name="connect", exclusive=False)

    async def _begin(self, pair: Watched, failed: Callable[[ColotuiError], None] | None = None) -> None:
        try:
            await pair.begin(lambda snapshot: self._arrived(pair, snapshot))
        except ColotuiError as error:
            if failed is not None:
                failed(error)
            elif len(self.fleet.pairs) == 1:
                self.failure = error
                self.exit(error.exit_code, return_code=error.exit_code)
        self.fleet.forget()
        self.redraw()

    def _arrived(self, pair: Watched, snapshot: Snapshot) -> None:
        """A new snapshot. What changes the top line is painted at once, the rest waits for the tick."""
        before = pair.snapshot
        self.fleet.take(pair, snapshot)
        if not self.is_running:
            return
        if pair is self.shown and self.frozen is None and before is not None:
            events = max(0, snapshot.event_total - before.event_total)
            old, new = guest_of(before, self._guest), guest_of(snapshot, self._guest)
            mismatches = max(0, new.mismatch_total - old.mismatch_total) if old is not None and new is not None else 0
            if (events or mismatches) and self.cockpit_screen.is_mounted:
                self.cockpit_screen.keep_cursors(events, mismatches)
        if before is None or urgent(before) != urgent(snapshot):
            self.redraw()
        if self.fleet.has_news and not self._telling:
            # A host that goes takes all its guests along: what comes within a second is one remark.
            self._telling = True
            self.set_timer(_NEWS_SECONDS, self._tell_news)

    def _tell_news(self) -> None:
        self._telling = False
        on_screen = None if self.listing else (self.fleet.pairs.index(self.shown), self.guest_name)
        rows = [row for row in self.fleet.news() if row.key != on_screen]
        if rows and not self.listing:
            self.say(news_in_words(rows, self.shown_keys), bad=True)

    def begin(self, work: Coroutine[Any, Any, Progress], done: Callable[[Outcome], None]) -> None:
        """Run an action in the background."""
        self._doing.begin(work, done)

    def tell_outcome(self, outcome: Outcome) -> None:
        """An action whose screen was left has ended."""
        text, bad = in_words(outcome)
        self.say(text, bad=bad)

    @property
    def acting(self) -> str:
        """The title of the plan that runs, or ""."""
        return self.fleet.acting or ("an action" if self._doing else "")

    # -- what the keys ask for --------------------------------------------------------------------

    def action_command_palette(self) -> None:
        """Every action by its name."""
        from textual.command import CommandPalette

        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder="a word of what is to be done", id="--command-palette"))

    def say(self, text: str, *, bad: bool = False) -> None:
        """A short remark that goes away by itself."""
        text = plain(text, 300)
        self.notify(
            to_ascii(text) if self.ascii_only else text,
            severity="error" if bad else "information",
            timeout=8 if bad else 4,
            markup=False,
        )

    def copy_to_clipboard(self, text: str) -> None:
        """What is copied is pasted elsewhere, perhaps into a shell: it is cleaned like what is shown."""
        super().copy_to_clipboard("\n".join(plain_lines(text)))

    def run_named(self, action: str, screen: Screen[None] | None = None) -> None:
        """Run a binding's action on `screen`, else on the cockpit screen."""
        on = self if action.startswith("app.") else screen or self.cockpit_screen
        self.call_later(self.run_action, action, on)

    def toggle_freeze(self) -> None:
        """Stop the display at the newest snapshot, or go on."""
        self.frozen = None if self.frozen is not None else self.shown.snapshot
        self.redraw()

    def next_theme(self) -> None:
        """The theme after the present one."""
        names = list(self.themes_found)
        here = next((i for i, name in enumerate(names) if self.themes_found[name].name == self.theme), -1)
        name = names[(here + 1) % len(names)]
        self.use_theme(name)
        self.say(f"theme {name}")

    def use_theme(self, name: str) -> None:
        """Switch to a theme by its name."""
        self.theme = choose(self.themes_found, name).name

    @property
    def guest_name(self) -> str:
        """The guest on the screen, or ""."""
        view = guest_of(self.shown.snapshot, self._guest) if self.shown.snapshot is not None else None
        return view.name if view is not None else ""

    def show_guest(self, row: Standing) -> None:
        """Put a guest on the screen; a freeze was of the pair that is left, and ends."""
        pair = self.fleet.pairs[row.place]
        if pair is not self.shown and self.frozen is not None:
            self.frozen = None
            self.say("the display goes on: it was frozen on another pair")
        self.shown, self._guest = pair, row.guest
        self._units.clear()
        self.axis.back()
        self.cockpit_screen.begin_anew()
        self.redraw()

    def open_guest(self, row: Standing) -> None:
        """Put a guest on the screen, the list away when it is on top."""
        self.show_guest(row)
        if self._list is not None and self.screen is self._list:
            self.pop_screen()

    def next_guest(self, by: int) -> None:
        """Another guest, in the order of the list."""
        rows = [row for row in self.fleet.standings if row.view is not None]
        if len(rows) < 2:
            self.say("there is only one guest")
            return
        here = (self.fleet.pairs.index(self.shown), self.guest_name)
        at = next((index for index, row in enumerate(rows) if row.key == here), 0)
        self.show_guest(rows[(at + by) % len(rows)])

    def show_nth(self, number: int) -> None:
        """The guest that stands at `number` in the list, the worst is 1."""
        rows = self.fleet.standings
        if number <= len(rows) and rows[number - 1].view is not None:
            self.show_guest(rows[number - 1])
        else:
            self.say(f"there is no guest {number} to show")

    @property
    def listing(self) -> bool:
        """True when the list of guests is open."""
        return self._list is not None and self._list in self.screen_stack

    def open_list(self) -> None:
        """The list of all guests, over the cockpit."""
        from colotui.ui.screens.overview import OverviewScreen

        if not self.listing:
            self._list = OverviewScreen()
            self.push_screen(self._list)

    def toggle_mouse(self) -> None:
        """Off lets the terminal select text."""
        name = "_disable_mouse_support" if self._mouse_on else "_enable_mouse_support"
        switch = getattr(self._driver, name, None)
        if switch is None:
            self.say("this terminal has no mouse to switch")
            return
        switch()
        self._mouse_on = not self._mouse_on
        self.say("mouse on" if self._mouse_on else "mouse off: the terminal selects text; m turns it on again")

    async def action_quit(self) -> None:
        """Quit; while an action runs, ask first."""
        title = self.acting
        if not title:
            await self._leave()
            return
        from colotui.ui.screens.ask import AskScreen

        if isinstance(self.screen, AskScreen):
            return
        text = (
            f"`{title}` is still running. Protection and guests go on without the cockpit, but this action stops "
            "where it is. The next cockpit finds it half done and offers to undo it."
        )
        self.push_screen(
            AskScreen("Quit while an action runs?", text, "quit, leave it half done", "stay"), self._answered
        )

    def _answered(self, yes: bool | None) -> None:
        if yes:
            self.call_later(self._leave)

    async def _leave(self) -> None:
        await self._close()
        self.exit(0)

    async def _close(self) -> None:
        self._doing.drop()
        if not await self.fleet.close(_CLOSE_SECONDS):
            self.log.warning("a controller did not close in time")

    async def on_unmount(self) -> None:
        """However the app ends, the channels end too."""
        await self._close()


def run_cockpit(
    make_controller: Callable[[], Controller],
    *,
    theme: str | None = None,
    theme_folder: Path | None = None,
    ascii_only: bool = False,
    read_only: str = "",
    guest: str = "",
    keymap: Mapping[str, str] | None = None,
    auto_pilot: AutopilotCallbackType | None = None,
    headless: bool = False,
) -> int:
    """Run the cockpit to its end; the exit code.

    `make_controller` is called in a thread once the first picture is painted: let it do the slow imports.
    It must not touch an event loop; `start` is called on the app's.
    """
    app = CockpitApp(
        make_controller=make_controller,
        theme=theme,
        theme_folder=theme_folder,
        ascii_only=ascii_only,
        read_only=read_only,
        guest=guest,
        keymap=keymap,
    )
    code = app.run(headless=headless, auto_pilot=auto_pilot)
    if app.failure is not None:
        print(f"colotui: {app.failure}", file=sys.stderr)
        return app.failure.exit_code
    return code if code is not None else app.return_code or 0

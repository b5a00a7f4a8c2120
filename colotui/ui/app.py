"""The cockpit app: paints at once, connects behind, and shows every snapshot the controller publishes."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

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
from colotui.ui.glyphs import to_ascii
from colotui.ui.keys import shown_keys
from colotui.ui.moment import guest_of, scene_of, urgent
from colotui.ui.paint.scene import Scene
from colotui.ui.screens.cockpit import CockpitScreen
from colotui.ui.style import Palette
from colotui.ui.theme import COLOURS, DEFAULT, NO_COLOUR, TOKENS, choose, load_themes

if TYPE_CHECKING:
    from textual.command import Provider

TICK_SECONDS = 0.5
_CLOSE_SECONDS = 35.0


def _commands() -> type[Provider]:
    # Imported when the palette is opened: the first paint must not wait for it.
    from colotui.ui.commands import CockpitCommands

    return CockpitCommands


class CockpitApp(App[int]):
    """Give it a controller, or a function that makes one: that is called in a thread after the first paint."""

    TITLE = "colotui"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS = {_commands}  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q,ctrl+c", "quit", "Quit", show=False, priority=True)]
    CSS = """
    Toast { background: $panel; color: $foreground; max-width: 80; }
    CommandPalette > Vertical { background: $surface; margin: 3 8; }
    CommandPalette SearchIcon { display: none; }
    CommandPalette CommandInput { padding: 0 2; }
    CommandPalette CommandList { scrollbar-size-vertical: 1; }
    CommandPalette CommandList > .option-list--option { text-style: none; padding: 0 2; }
    CockpitScreen:ansi, FullScreen:ansi { background: $background; }
    """

    def __init__(
        self,
        controller: Controller | None = None,
        *,
        make_controller: Callable[[], Controller] | None = None,
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
        self.export_folder = export_folder or Path.cwd()
        self.frozen: Snapshot | None = None
        self.waiting_for = "reading the pair file"
        self.failure: ColotuiError | None = None
        self.cockpit_screen = CockpitScreen()
        self._controller = controller
        self._make_controller = make_controller
        self._snapshot: Snapshot | None = controller.snapshot if controller is not None else None
        self._unsubscribe: Callable[[], None] | None = None
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
        """Paint every screen of ours that is open, the lowest first."""
        for screen in self.screen_stack:
            paint = getattr(screen, "redraw", None)
            if paint is not None and screen.is_mounted:
                paint()

    def wall(self) -> float:
        """The time of now."""
        return self._now()

    def scene(self, *, live: bool = False, guest: str = "") -> Scene | None:
        """The moment to draw: frozen or live. None before the first snapshot, or without any guest."""
        scene = scene_of(self._snapshot, None if live else self.frozen, guest or self._guest, self._now())
        if scene is None:
            if self._snapshot is not None:
                self.waiting_for = "the pair file names no guest"
            return None
        if self._said_read_only and not scene.snapshot.read_only:
            scene.snapshot = replace(scene.snapshot, read_only=self._said_read_only)
        scene.ascii_only, scene.keys, scene.units = self.ascii_only, self.shown_keys, self._units
        return scene

    # -- the controller ---------------------------------------------------------------------------

    @property
    def connected(self) -> Controller:
        """The controller; only screens that a snapshot has opened ask for it."""
        if self._controller is None:
            raise ColotuiError("Not connected yet.", "Wait for the first snapshot.")
        return self._controller

    @property
    def read_only(self) -> str:
        """Why this cockpit may not act, or ""."""
        return self._said_read_only or (self._snapshot.read_only if self._snapshot is not None else "")

    def _connect(self) -> None:
        # A worker of its own: awaited here, the slow imports would hold up every key and every paint.
        self.run_worker(self._begin(), name="connect", exclusive=False)

    async def _begin(self) -> None:
        try:
            if self._controller is None and self._make_controller is not None:
                self._controller = await asyncio.to_thread(self._make_controller)
            if self._controller is None:
                return
            self._unsubscribe = self._controller.subscribe(self._arrived)
            self._arrived(self._controller.snapshot)
            await self._controller.start()
        except ColotuiError as error:
            self.failure = error
            self.exit(error.exit_code, return_code=error.exit_code)

    def _arrived(self, snapshot: Snapshot) -> None:
        """A new snapshot. What changes the top line is painted at once, the rest waits for the tick."""
        before, self._snapshot = self._snapshot, snapshot
        if not self.is_running:
            return
        if self.frozen is None and before is not None:
            events = max(0, snapshot.event_total - before.event_total)
            old, new = guest_of(before, self._guest), guest_of(snapshot, self._guest)
            mismatches = max(0, new.mismatch_total - old.mismatch_total) if old is not None and new is not None else 0
            if (events or mismatches) and self.cockpit_screen.is_mounted:
                self.cockpit_screen.keep_cursors(events, mismatches)
        if before is None or urgent(before) != urgent(snapshot):
            self.redraw()

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
        for view in self._snapshot.guests if self._snapshot is not None else ():
            if view.progress is not None and view.progress.running:
                return view.progress.title
        return "an action" if self._doing else ""

    # -- what the keys ask for --------------------------------------------------------------------

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

    def run_named(self, action: str) -> None:
        """Run a binding's action on the cockpit screen."""
        self.call_later(self.run_action, action, self if action.startswith("app.") else self.cockpit_screen)

    def toggle_freeze(self) -> None:
        """Stop the display at the newest snapshot, or go on."""
        self.frozen = None if self.frozen is not None else self._snapshot
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

    def next_guest(self, by: int) -> None:
        """Another guest of the pair."""
        if self._snapshot is None or len(self._snapshot.guests) < 2:
            self.say("the pair has one guest")
            return
        names = [view.name for view in self._snapshot.guests]
        here = names.index(self._guest) if self._guest in names else 0
        self._guest = names[(here + by) % len(names)]
        self.redraw()

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
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._doing.drop()
        controller, self._controller = self._controller, None
        if controller is not None:
            try:
                await asyncio.wait_for(controller.close(), _CLOSE_SECONDS)
            except (TimeoutError, ColotuiError):
                self.log.warning("the controller did not close in time")

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

"""The app without a pair file yet: welcome, the guided set-up, and then the cockpit of the pair that came of it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from textual.app import AutopilotCallbackType

from colotui.controller.base import Controller
from colotui.controller.preparing import Preparing
from colotui.errors import ColotuiError
from colotui.model.text import plain
from colotui.ui.app import CockpitApp
from colotui.ui.screens.welcome import WelcomeScreen
from colotui.ui.screens.wizard import WizardScreen
from colotui.ui.screens.wizard.keys import shown

STAYS = "What was chosen is kept and what was done stays on the hosts: start colotui again to go on."
_CLOSE_SECONDS = 35.0


class SetupApp(CockpitApp):
    """`make_preparing` is called in a thread once the first picture is painted, `make_controller` once a pair is."""

    def __init__(
        self,
        make_preparing: Callable[[], Preparing],
        make_controller: Callable[[Path], Controller],
        *,
        welcome: bool,
        theme: str | None = None,
        theme_folder: Path | None = None,
        ascii_only: bool = False,
        keymap: Mapping[str, str] | None = None,
        export_folder: Path | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(
            theme=theme,
            theme_folder=theme_folder,
            ascii_only=ascii_only,
            keymap=keymap,
            export_folder=export_folder,
            now=now,
        )
        self.setup_keys = shown(keymap or {})
        self.waiting_for = "no pair is set up yet"
        self.controller_failure = ""
        self.farewell = ""
        self.setup: Preparing | None = None
        self._make_preparing = make_preparing
        self._make = make_controller
        self._with_welcome = welcome
        self._welcome = WelcomeScreen(going_on=not welcome)

    def on_mount(self) -> None:
        """The welcome is the first picture; the set-up is made behind it."""
        self.push_screen(self._welcome)
        self.run_worker(self._prepare(), name="prepare", exclusive=False)

    async def _prepare(self) -> None:
        try:
            setup = await asyncio.to_thread(self._make_preparing)
        except ColotuiError as error:
            self.failure = error
            self.exit(error.exit_code, return_code=error.exit_code)
            return
        self.setup = setup
        if self._with_welcome:
            self._welcome.ready(setup.draft)
        else:
            await self.switch_screen(WizardScreen(setup))

    def begin_setup(self) -> None:
        """From the welcome into the set-up."""
        if self.setup is not None:
            self.push_screen(WizardScreen(self.setup))

    def on_pair_ready(self, path: Path) -> None:
        """The pair file is written: watch that pair from now on."""
        self.controller_failure = ""

        def failed(error: ColotuiError) -> None:
            self.controller_failure = plain(str(error), 600)
            self.redraw()

        self.take_controller(lambda: self._make(path), failed)

    def open_cockpit(self) -> None:
        """Away with everything that lies on the cockpit."""
        for screen in self.screen_stack[1:]:
            self.pop_screen()
            self.log.debug("closed", screen)

    def leave_setup(self) -> None:
        """The operator leaves: to the cockpit when the pair exists, to the welcome, or out."""
        if self.connected_already:
            self.open_cockpit()
        elif self._with_welcome:
            self.pop_screen()
            self._welcome.left(self.setup.draft if self.setup is not None else None)
            self.say(STAYS)
        else:
            self.farewell = STAYS
            self.call_later(self._leave)

    @property
    def connected_already(self) -> bool:
        """A controller watches the pair."""
        return self.shown.controller is not None

    async def _close(self) -> None:
        await super()._close()
        setup, self.setup = self.setup, None
        if setup is not None:
            try:
                await asyncio.wait_for(setup.close(), _CLOSE_SECONDS)
            except (TimeoutError, ColotuiError):
                self.log.warning("the set-up did not close in time")


def run_setup(
    make_preparing: Callable[[], Preparing],
    make_controller: Callable[[Path], Controller],
    *,
    welcome: bool,
    theme: str | None = None,
    theme_folder: Path | None = None,
    ascii_only: bool = False,
    keymap: Mapping[str, str] | None = None,
    auto_pilot: AutopilotCallbackType | None = None,
    headless: bool = False,
) -> int:
    """Run the welcome (or the set-up at once) to its end; the exit code.

    Both functions are called in a thread: let them do the slow imports, and touch no event loop.
    """
    app = SetupApp(
        make_preparing,
        make_controller,
        welcome=welcome,
        theme=theme,
        theme_folder=theme_folder,
        ascii_only=ascii_only,
        keymap=keymap,
    )
    code = app.run(headless=headless, auto_pilot=auto_pilot)
    if app.failure is not None:
        print(f"colotui: {app.failure}", file=sys.stderr)
        return app.failure.exit_code
    if app.farewell:
        print(app.farewell)
    return code if code is not None else app.return_code or 0

"""The cockpit on a recording: its time is that of the recording, and its keys move through it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from textual.binding import BindingType

from colotui.errors import ColotuiError
from colotui.model.incident import Incident
from colotui.model.recording import MarkKind
from colotui.replay.controller import ReplayController
from colotui.ui.app import CockpitApp
from colotui.ui.keys import replay_bindings
from colotui.ui.paint.replay import ReplayView, speed_words
from colotui.ui.screens.cockpit import CockpitScreen
from colotui.ui.screens.replay import ReplayScreen


class ReplayApp(CockpitApp):
    """`playback` is what is played; nothing here reads the clock of this machine but through it."""

    # Of the app, so that they work on every screen but those that ask something.
    BINDINGS: ClassVar[list[BindingType]] = [*replay_bindings()]
    # Each jump says where it led to: that must not lie on the line which shows it.
    CSS = f"{CockpitApp.CSS}\n    ToastRack {{ margin-bottom: 2; }}\n"

    def __init__(
        self,
        playback: ReplayController,
        *,
        theme: str | None = None,
        theme_folder: Path | None = None,
        ascii_only: bool = False,
        guest: str = "",
        keymap: Mapping[str, str] | None = None,
        export_folder: Path | None = None,
    ) -> None:
        super().__init__(
            playback,
            theme=theme,
            theme_folder=theme_folder,
            ascii_only=ascii_only,
            guest=guest,
            keymap=keymap,
            export_folder=export_folder,
            now=playback.now,
        )
        self.playback = playback
        self.recorded = playback.reason
        playback.troubled = self._troubled

    def make_screen(self) -> CockpitScreen:
        """With the line of the replay."""
        return ReplayScreen()

    def on_mount(self) -> None:
        """As live; where the asked time is not in the recording, it is said."""
        super().on_mount()
        if self.playback.landed.why:
            self.say(self.playback.landed.why)

    def view(self) -> ReplayView:
        """What the line shows."""
        playback = self.playback
        transport = playback.transport
        return ReplayView(
            moment=transport.moment,
            begin=transport.begin,
            end=transport.end,
            playing=transport.playing,
            speed=transport.speed,
            gaps=transport.gaps,
            incidents=playback.incidents,
            actions=playback.actions,
        )

    @property
    def acting(self) -> str:
        """Nothing runs here, whatever ran then."""
        return ""

    def toggle_freeze(self) -> None:
        """To stop the display is to stop the replay: nothing is missed meanwhile."""
        self.action_replay_toggle()

    def say(self, text: str, *, bad: bool = False) -> None:
        """The newest remark alone: one jumps faster than remarks go away."""
        self.clear_notifications()
        super().say(text, bad=bad)

    def go_to(self, moment: float, *, said: str = "") -> None:
        """Show a moment, and say `said`, or why it is another one."""
        try:
            landing = self.playback.seek(moment)
        except ColotuiError as error:
            self._troubled(error)
            return
        # A graph that is held back would show another time than the one that was asked for.
        self.axis.back()
        if landing.why or said:
            self.say(landing.why or said)
        self.redraw()

    def go_to_incident(self, incident: Incident) -> bool:
        """The moment it opened."""
        self.go_to(incident.opened_at, said=f"incident {incident.id} opened")
        return True

    def _troubled(self, error: ColotuiError) -> None:
        self.say(str(error), bad=True)
        self.redraw()

    # -- what the keys ask for --------------------------------------------------------------------

    def action_replay_toggle(self) -> None:
        """Play, or stand."""
        try:
            self.playback.toggle()
        except ColotuiError as error:
            self._troubled(error)
        self.redraw()

    def action_replay_step(self, seconds: float) -> None:
        """So much back or on."""
        self.go_to(self.playback.now() + seconds)

    def action_replay_end(self, which: int) -> None:
        """To the beginning (-1) or the end (1)."""
        span = self.playback.span
        self.go_to(span.begin if which < 0 else span.end)

    def action_replay_jump(self, kind: str, direction: int) -> None:
        """To the next or the previous mark of a kind."""
        try:
            mark = self.playback.jump(MarkKind(kind), direction)
        except ColotuiError as error:
            self._troubled(error)
            return
        if mark is None:
            self.say(f"no {kind} {'after' if direction > 0 else 'before'} this moment in the recording")
            return
        self.axis.back()
        self.say(self.playback.named(mark))
        self.redraw()

    def action_replay_speed(self, by: int) -> None:
        """Faster or slower."""
        if not self.playback.change_speed(by):
            limit = "fastest" if by > 0 else "slowest"
            self.say(f"{speed_words(self.playback.transport.speed)} is the {limit}")
        self.redraw()

    def action_replay_ask(self) -> None:
        """Ask for a time and go there."""
        from colotui.ui.screens.replaytime import ReplayTimeScreen

        def asked(moment: float | None) -> None:
            if moment is not None:
                self.go_to(moment)

        self.push_screen(ReplayTimeScreen(), asked)

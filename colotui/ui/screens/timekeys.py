"""What the keys of the time axis do, on every screen that shows one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from colotui.ui.app import CockpitApp


class TimeKeys:
    """Mixed into a screen: moves the one axis that all screens share, so that one continues where another was."""

    if TYPE_CHECKING:

        @property
        def cockpit(self) -> CockpitApp:
            """The app."""

        def redraw(self) -> None:
            """Paint again."""

    def action_zoom(self, by: int) -> None:
        """Less (1) or more (-1) time on the axis."""
        scene = self.cockpit.scene()
        if scene is not None and not scene.axis.zoom(by, scene.now):
            limit = "the least" if by > 0 else "the most"
            self.cockpit.say(f"{scene.axis.words} is {limit} the axis shows")
        self.redraw()

    def action_scroll_time(self, by: int) -> None:
        """A quarter of the axis back (-1) or on (1) in time; what is shown then stays, collecting goes on."""
        scene = self.cockpit.scene()
        if scene is not None and not scene.axis.scroll(by, scene.now, scene.guest.checkpoints.first_at):
            self.cockpit.say("nothing older was seen" if by < 0 else "the axis is at now")
        self.redraw()

    def action_time_now(self) -> None:
        """The axis follows the time again."""
        self.cockpit.axis.back()
        self.redraw()

    def action_time_oldest(self) -> None:
        """As far back as there is something."""
        scene = self.cockpit.scene()
        if scene is not None:
            scene.axis.to_oldest(scene.now, scene.guest.checkpoints.first_at)
        self.redraw()

"""What the key of the armed failover does: asks first, in full words; taking it back needs no question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from colotui.controller.base import Controller
from colotui.errors import ColotuiError
from colotui.model.protection import GuestView

if TYPE_CHECKING:
    from colotui.ui.app import CockpitApp


def arming_reason(guest: GuestView, read_only: str) -> str:
    """Why the key cannot do anything now, "" when it can."""
    if guest.armed is not None:
        return ""
    return f"read-only: {read_only}" if read_only else guest.arm_refusal or ""


def question(guest: GuestView) -> str:
    """What arming will do, and what it never does."""
    primary, secondary, name = guest.protection.primary, guest.protection.secondary, guest.name
    copy = guest.copies.get(primary)
    qemu = f"QEMU {copy.pid}" if copy is not None and copy.pid is not None else "QEMU"
    return (
        f"From then on, when {primary} itself reports that its {qemu} of {name} has ended, and no other QEMU of {name} "
        f"runs there, {secondary} is promoted at once and nobody is asked. "
        f"It never acts on silence: not when {primary} cannot be reached, not when its QEMU hangs, not when a link "
        f"is cut, not when {secondary}'s copy is damaged or older. "
        "It acts once. It is disarmed when protection ends, when a plan begins and when this cockpit closes."
    )


class ArmKey:
    """Mixed into the cockpit screen."""

    if TYPE_CHECKING:

        @property
        def cockpit(self) -> CockpitApp:
            """The app."""

    def action_arm(self) -> None:
        """Arm the shown guest's failover after a question, or disarm it."""
        app = self.cockpit
        scene = app.scene(live=True)
        if scene is None:
            app.say("not connected yet")
            return
        guest, controller = scene.guest, app.connected
        why = app.recorded or arming_reason(guest, app.read_only)
        if why:
            app.say(f"armed failover: {why}")
        elif guest.armed is not None:
            app.run_worker(self._arm(controller, guest.name, on=False), name="arm", exclusive=False)
        else:
            from colotui.ui.screens.ask import AskScreen

            def answered(yes: bool | None) -> None:
                if yes:
                    app.run_worker(self._arm(controller, guest.name, on=True), name="arm", exclusive=False)

            title = f"Arm the failover of {guest.name}?"
            app.push_screen(AskScreen(title, question(guest), "arm it", "leave it off"), answered)

    async def _arm(self, controller: Controller, guest: str, *, on: bool) -> None:
        try:
            await controller.arm(guest, on=on)
        except ColotuiError as error:
            self.cockpit.say(str(error), bad=True)
            return
        self.cockpit.say(f"{guest}: the failover is {'armed' if on else 'disarmed'}")
        self.cockpit.redraw()

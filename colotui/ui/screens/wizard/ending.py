"""From the pair file to a protected guest: the plans of the cockpit, opened one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from colotui.model.plan import Action
from colotui.model.protection import GuestView, State
from colotui.ui.actions import allowed
from colotui.ui.paint.wizard.view import Page

if TYPE_CHECKING:
    from colotui.ui.screens.wizard.screen import WizardScreen


class Ending:
    """`drilled`: the planned switch was run from here. `_then` is the plan to open as soon as it is allowed."""

    def __init__(self, screen: WizardScreen) -> None:
        self._screen = screen
        self._then: Action | None = None
        self.drilled = False

    @property
    def guest(self) -> GuestView | None:
        """What the pair's controller says of the guest; None before there is one."""
        scene = self._screen.cockpit.scene(live=True, guest=self._screen.work.draft.guest.name)
        return scene.guest if scene is not None else None

    def enter(self) -> None:
        """Enter on either page: the plan that comes next, or on to what follows."""
        screen, guest = self._screen, self.guest
        if screen.cockpit.controller_failure and screen.work.pair_path is not None:
            screen.cockpit.on_pair_ready(screen.work.pair_path)
            return
        if guest is None:
            screen.remark = "not connected yet"
            return
        protected = guest.protection.state is State.PROTECTED
        if screen.session.page is Page.PROTECTION:
            if protected or self.drilled:
                screen.go(Page.DRILL)
            else:
                self._open_first(guest, (Action.START, Action.PROTECT, Action.REPROTECT))
        elif self.drilled and protected:
            self.open_cockpit()
        else:
            self._open_first(guest, (Action.SWITCH, Action.REPROTECT, Action.PROTECT))

    def _open_first(self, guest: GuestView, actions: tuple[Action, ...]) -> None:
        progress = guest.progress
        if progress is not None and (progress.running or progress.failed):
            self._open(guest, None)
            return
        for action in actions:
            if allowed(guest, action):
                self._open(guest, action)
                return
        reasons = [why for action in actions if (why := guest.actions.get(action))]
        self._screen.remark = reasons[0] if reasons else "not known yet"

    def _open(self, guest: GuestView, action: Action | None) -> None:
        from colotui.ui.screens.plan import PlanScreen

        screen = self._screen
        self._then = None

        def closed(_: object) -> None:
            after = self.guest
            moved = after is not None and after.protection.primary != guest.protection.primary
            if action is Action.START:
                self._then = Action.PROTECT
            elif action is Action.SWITCH and moved:
                self.drilled, self._then = True, Action.REPROTECT
            screen.redraw()

        screen.app.push_screen(PlanScreen(guest.name, action), closed)

    def tick(self) -> None:
        """Open the plan that was to follow, once the pair allows it; any key takes that back."""
        guest, action, screen = self.guest, self._then, self._screen
        if action is None or guest is None or not screen.is_current:
            return
        if guest.protection.state is State.PROTECTED:
            self._then = None
        elif allowed(guest, action):
            self._then = None
            screen.call_later(self._open, guest, action)

    def forget_next(self) -> None:
        """A key was pressed: nothing opens by itself any more."""
        self._then = None

    def open_cockpit(self) -> None:
        """Away with the set-up: the cockpit of the pair lies below."""
        if self._screen.work.pair_path is None:
            self._screen.remark = "there is no pair yet"
        else:
            self._screen.cockpit.open_cockpit()

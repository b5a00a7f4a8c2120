"""The screen of the guided set-up: turns keys and clicks into pages, changes and plans."""

from __future__ import annotations

from colotui.controller.preparing import Preparing
from colotui.ui.paint.wizard.pages import may_open
from colotui.ui.paint.wizard.view import PAGES, Kind, Page
from colotui.ui.screens.wizard import keys
from colotui.ui.screens.wizard.base import WizardBase
from colotui.ui.screens.wizard.ending import Ending
from colotui.ui.screens.wizard.running import Running
from colotui.ui.widgets.pageview import PageView


class WizardScreen(WizardBase):
    """Every key is an action here."""

    def __init__(self, setup: Preparing) -> None:
        super().__init__(setup)
        self.running = Running(self)
        self.ending = Ending(self)

    # -- clicks -----------------------------------------------------------------------------------

    async def on_page_view_clicked(self, event: PageView.Clicked) -> None:
        """A page, an item or a key was clicked."""
        spots = self.painted.spots if self.painted is not None else ()
        name = next((spot.name for spot in spots if spot.row == event.y and spot.x <= event.x < spot.end), "")
        kind, _, rest = name.partition(":")
        if kind == "page":
            self.go(Page(rest))
        elif kind == "item":
            self._clicked(rest)
        elif kind == "do":
            binding = next((entry for entry in keys.wizard_bindings() if entry.action.partition("(")[0] == rest), None)
            if binding is not None:
                await self.run_action(binding.action)
        self.redraw()

    def _clicked(self, key: str) -> None:
        """A click on a switch turns it; on a NIC the second one does, the first only chooses it."""
        session = self.session
        before = session.focused
        if not session.commit() and before is not None and before.key != key:
            return
        session.focus(key)
        item = session.focused
        again = before is not None and before.key == key
        if item is not None and (item.kind is Kind.TOGGLE or (again and item.kind in (Kind.NIC, Kind.CHOICE))):
            session.turn()

    # -- pages ------------------------------------------------------------------------------------

    def go(self, page: Page) -> None:
        """Open a page, or say why not."""
        session = self.session
        session.commit()
        if page.number > session.page.number and session.problem():
            self.remark = session.problem()
            return
        view = self.view()
        if may_open(view, page):
            session.enter(page)
        elif not self.work.both_reached() and page.number < Page.PROTECTION.number:
            self.remark = "both hosts must answer first"
        elif page is Page.RUN and view.problems:
            self.remark = "something is still missing: the review says what"
        else:
            self.remark = "not yet"

    def action_next(self) -> None:
        """Enter."""
        session = self.session
        if not session.commit():
            self.remark = "that cannot be taken"
        elif session.page is Page.HOSTS:
            self.remark = session.connect()
            if not self.remark:
                self.go(Page.ENGINE)
        elif session.page is Page.RUN:
            self.running.enter()
        elif session.page in (Page.PROTECTION, Page.DRILL):
            self.ending.enter()
        else:
            self.go(PAGES[session.page.number + 1])
        self.redraw()

    def action_back(self) -> None:
        """The page before."""
        if self.session.page is not Page.HOSTS:
            self.go(PAGES[self.session.page.number - 1])
        self.redraw()

    def action_leave(self) -> None:
        """Out of the field; then out of the set-up, which asks nothing."""
        session = self.session
        if session.typing:
            session.commit()
            session.typing, session.editor = False, None
        elif self.running.runs:
            self.remark = "a plan runs: s stops it at its next safe point"
        else:
            self.cockpit.leave_setup()
            return
        self.redraw()

    def action_turn(self) -> None:
        """The space bar."""
        self.session.turn()
        self.redraw()

    def action_accept(self) -> None:
        """The key with the cursor was compared: accept it."""
        item = self.session.focused
        if item is not None and item.key.startswith("ask."):
            self.session.strokes = 0
            self.work.reach(item.place, item.value)
        self.redraw()

    def action_test(self) -> None:
        """Test the cable; on other pages look at the hosts again."""
        if self.session.page.topic is None:
            return
        if not self.work.both_reached():
            self.remark = "both hosts must answer first"
        elif self.session.page is Page.NETWORK and self.work.look is not None:
            if all(host.forward_nic for host in self.work.draft.hosts):
                self.work.test_cable()
            else:
                self.remark = "choose the forward NIC of both hosts first"
        else:
            self.work.look_anew()
        self.redraw()

    # -- what the others do -----------------------------------------------------------------------

    def action_so_far(self) -> None:
        """The plan so far."""
        self.running.show_so_far()

    def action_script(self) -> None:
        """The plan as a shell script."""
        self.running.write_script()
        self.redraw()

    def action_copy(self) -> None:
        """Copy the plan."""
        self.running.copy()
        self.redraw()

    def action_stop(self) -> None:
        """Stop the running plan."""
        self.running.stop()
        self.redraw()

    def action_retry(self) -> None:
        """Retry from the failed step."""
        self.running.again(undo=False)
        self.redraw()

    def action_undo(self) -> None:
        """Undo what was done."""
        self.running.again(undo=True)
        self.redraw()

    def action_let_be(self) -> None:
        """Leave a failed plan as it is."""
        self.running.let_be()
        self.redraw()

    def action_cockpit(self) -> None:
        """The cockpit, once there is a pair."""
        self.ending.open_cockpit()
        self.redraw()

    def action_help(self) -> None:
        """The help."""
        from colotui.ui.screens.wizard.help import WizardHelp

        self.app.push_screen(WizardHelp())

    def action_theme(self) -> None:
        """The next theme."""
        self.cockpit.next_theme()

    def action_mouse(self) -> None:
        """Give the mouse to the terminal, or take it back."""
        self.cockpit.toggle_mouse()

"""Running the plan of a set-up: begin, follow, stop, retry, undo; and the plan as text and script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from colotui.model.pair import ForwardSpec, HostSpec
from colotui.model.plan import Progress
from colotui.model.setup import Draft
from colotui.model.text import plain
from colotui.ui.doing import Outcome
from colotui.ui.export import plan_text, progress_text, write_script
from colotui.ui.paint.wizard.steps import failed
from colotui.ui.paint.wizard.view import Page

if TYPE_CHECKING:
    from colotui.ui.screens.wizard.screen import WizardScreen


class Running:
    """The part of the wizard's screen that has to do with the plan."""

    def __init__(self, screen: WizardScreen) -> None:
        self._screen = screen
        self._put_away: Progress | None = None

    @property
    def progress(self) -> Progress | None:
        """The running or last plan, until it is put away."""
        progress = self._screen.setup.progress
        return None if progress is self._put_away else progress

    @property
    def runs(self) -> bool:
        """A plan runs now."""
        progress = self.progress
        return (progress is not None and progress.running) or "run" in self._screen.work.busy

    def enter(self) -> None:
        """Enter on the page: run, or go on from what has ended."""
        screen, progress = self._screen, self.progress
        if progress is None:
            self._run()
        elif progress.running:
            screen.remark = "it runs: s stops it at the next safe point"
        elif failed(progress):
            screen.remark = "r retries, u undoes, l leaves it so"
        elif progress.undoing:
            self.let_be()
        elif screen.work.pair_path is not None:
            screen.go(Page.PROTECTION)
        else:
            self._ended(progress)

    def _run(self) -> None:
        screen, work = self._screen, self._screen.work
        if self.runs:
            return
        if work.plan is None or work.problems() or "plan" in work.busy or "look" in work.busy:
            screen.remark = "the plan is not complete" if work.problems() else "the plan is being made"
            return
        self._begin(again=False, undo=False)

    def again(self, *, undo: bool) -> None:
        """Retry from the failed step, or undo."""
        progress = self.progress
        if self._screen.session.page is Page.RUN and progress is not None and failed(progress) and not progress.running:
            self._begin(again=True, undo=undo)

    def _begin(self, *, again: bool, undo: bool) -> None:
        screen, setup, plan = self._screen, self._screen.setup, self._screen.work.plan
        work = screen.work
        if "run" in work.busy or (plan is None and not again):
            return
        work.failed.pop("run", None)
        work.busy["run"] = screen.cockpit.wall()
        screen.session.scroll, screen.session.follow = 0, True
        if again:
            screen.cockpit.begin(setup.undo() if undo else setup.retry(), self._ended)
        elif plan is not None:
            screen.cockpit.begin(setup.run(plan), self._ended)

    def _ended(self, outcome: Outcome) -> None:
        screen, work = self._screen, self._screen.work
        work.busy.pop("run", None)
        # The headline says how it ended; a failed step draws the window to itself.
        screen.session.scroll, screen.session.follow = 0, True
        if work.ended(outcome) and work.pair_path is not None:
            screen.cockpit.on_pair_ready(work.pair_path)
        screen.redraw()

    def stop(self) -> None:
        """Ask the running plan to stop."""
        if self.runs:
            reason = self._screen.setup.cancel()
            self._screen.remark = plain(reason, 120) if reason else "stops at the next safe point"

    def let_be(self) -> None:
        """Put an ended plan away: what it did stands, and the plan is made anew."""
        progress = self.progress
        if progress is None or progress.running:
            return
        if failed(progress) or progress.undoing:
            self._put_away = progress
            self._screen.session.enter(Page.REVIEW)
            self._screen.work.look_anew()

    def show_so_far(self) -> None:
        """The plan as it is by now, over the page."""
        screen = self._screen
        if screen.work.plan is None:
            screen.remark = screen.work.failed.get("plan", "there is no plan yet: the hosts come first")
            screen.redraw()
            return
        from colotui.ui.screens.wizard.sofar import SoFarScreen

        screen.app.push_screen(SoFarScreen(screen.view))

    def write_script(self) -> None:
        """The plan as a shell script in the folder the app was started in."""
        screen, plan = self._screen, self._screen.work.plan
        if plan is None:
            screen.remark = "there is no plan yet"
            return
        try:
            path = write_script(plan, hosts_of(screen.work.draft), screen.cockpit.wall(), screen.cockpit.export_folder)
        except OSError as error:
            screen.remark = f"not written: {error.strerror or error}"
        else:
            screen.remark = f"written: {path}"

    def copy(self) -> None:
        """The plan, or what became of it, for the clipboard."""
        screen, progress, plan = self._screen, self.progress, self._screen.work.plan
        text = progress_text(progress) if progress is not None else plan_text(plan) if plan is not None else ""
        if text:
            screen.app.copy_to_clipboard(text)
            screen.remark = "copied"


def hosts_of(draft: Draft) -> Mapping[str, HostSpec]:
    """The hosts of a draft, as a script that reaches them needs them."""
    return {
        host.name: HostSpec(
            host.name,
            host.address,
            ForwardSpec(host.forward_nic, host.forward_address.partition("/")[0]),
            host.bridge,
            host.user,
            host.port,
            host.key or None,
            host.known_hosts or None,
        )
        for host in draft.hosts
    }

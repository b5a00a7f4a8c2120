"""The plan screen: shows what an action will do, runs it when told to, and shows how each step went."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from colotui.controller.base import Controller
from colotui.errors import ColotuiError
from colotui.model.plan import Action, Plan, Progress
from colotui.model.text import plain
from colotui.ui.actions import BY_ACTION
from colotui.ui.export import plan_text, progress_text, write_script
from colotui.ui.fleet import Watched
from colotui.ui.layout import Form, layout_for
from colotui.ui.paint.plan import PlanView, Stage
from colotui.ui.paint.planframe import paint_plan, wanted_height
from colotui.ui.paint.top import paint_top
from colotui.ui.widgets.lineview import LineView

if TYPE_CHECKING:
    from colotui.ui.app import CockpitApp

_WIDEST = 132


class PlanScreen(ModalScreen[None]):
    """One plan, from looking to done. It may be left while the plan runs; the plan goes on."""

    CSS_PATH = None
    DEFAULT_CSS = """
    PlanScreen { background: $background 70%; overflow: hidden; }
    PlanScreen:ansi { background: $background; }
    PlanScreen #plan-top { width: 100%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave; what runs goes on", show=False),
        Binding("down,pagedown", "scroll(1)", "Down", show=False),
        Binding("up,pageup", "scroll(-1)", "Up", show=False),
    ]

    def __init__(self, guest: str, action: Action | None) -> None:
        super().__init__()
        self.guest = guest
        self.action = action
        self.pair: Watched | None = None
        self.top = LineView(id="plan-top")
        self.box = LineView(id="plan-box")
        self.stage = Stage.LOOKING if action is not None else Stage.RUNNING
        self.plan: Plan | None = None
        self.typed = ""
        self.typing = True
        self.remark = ""
        self.refused: tuple[str, str] = ("", "")
        self.scroll_row = 0
        self._highest = 0
        self._asked_at = 0.0
        self._before: Progress | None = None
        self._outcome: Progress | None = None

    @property
    def cockpit(self) -> CockpitApp:
        """The app."""
        return cast("CockpitApp", self.app)

    def compose(self) -> ComposeResult:
        """The band stays lit above the plan."""
        yield self.top
        yield self.box

    def on_mount(self) -> None:
        """Ask the controller for the plan; the screen is there at once."""
        # Held from the first moment: whichever pair the cockpit shows later, this plan stays with its own.
        self.pair = self.cockpit.shown
        self._asked_at = self.cockpit.wall()
        if self.action is not None:
            self.run_worker(self._prepare(self.action), exclusive=False, exit_on_error=False)
        self.redraw()

    async def _prepare(self, action: Action) -> None:
        try:
            self.plan = await self._controller().prepare(self.guest, action)
        except ColotuiError as error:
            self._refuse(error.what, error.next_step)
        else:
            self.stage = Stage.READY
            self._before = self._live_progress()
        self.redraw()

    def _controller(self) -> Controller:
        return (self.pair or self.cockpit.shown).connected

    def _refusal(self) -> str:
        return self.cockpit.refusal(self.pair or self.cockpit.shown)

    def _refuse(self, what: str, next_step: str = "") -> None:
        self.stage = Stage.REFUSED
        self.refused = (plain(what), plain(next_step))

    def _live_progress(self) -> Progress | None:
        scene = self.cockpit.scene(live=True, guest=self.guest, pair=self.pair)
        return scene.guest.progress if scene is not None else None

    @property
    def progress(self) -> Progress | None:
        """The progress of this screen's plan: live while it runs, the outcome afterwards."""
        if self.stage in (Stage.LOOKING, Stage.REFUSED, Stage.READY):
            return None
        live = self._live_progress()
        if live is not None and live is not self._before:
            return live
        return self._outcome

    def view(self) -> PlanView:
        """What is to be painted."""
        progress = self.progress
        if progress is not None and self.stage in (Stage.RUNNING, Stage.FAILED, Stage.ENDED):
            self.stage = stage_of(progress)
        title = self.plan.title if self.plan else progress.title if progress else ""
        if not title and self.action is not None:
            title = f"{BY_ACTION[self.action].word.capitalize()} {self.guest}"
        return PlanView(
            stage=self.stage,
            title=title,
            plan=self.plan,
            progress=progress,
            typed=self.typed,
            typing=self.typing,
            refused=self.refused[0],
            next_step=self.refused[1],
            remark=self.remark,
            scroll=self.scroll_row,
            asked_at=self._asked_at,
        )

    def redraw(self) -> None:
        """Paint band and box at the present size. Always the live truth, even when the cockpit is frozen."""
        scene = self.cockpit.scene(live=True, guest=self.guest, pair=self.pair)
        if scene is None or not self.is_mounted:
            return
        width, height = self.size
        layout = layout_for(width, height)
        top, box = self.top, self.box
        top_rows = 1 if layout.form is Form.TINY else layout.top
        top.styles.height = top_rows
        top.show(paint_top(scene, width, top_rows))
        view = self.view()
        inner = min(_WIDEST, width - 4) if layout.form is Form.WIDE else width - 2 if width >= 60 else width
        free = height - top_rows
        gap = 2 if layout.form is Form.WIDE else 1 if free > 16 else 0
        rows = max(3, min(free - gap, max(wanted_height(scene, view, inner), min(20, free - gap))))
        box.styles.width, box.styles.height = inner, rows
        box.styles.margin = (gap, 0, 0, (width - inner) // 2)
        lines, self.scroll_row, self._highest = paint_plan(scene, view, max(20, inner), rows)
        box.show(lines)

    def forget_colours(self) -> None:
        """The theme changed."""
        self.top.forget_colours()
        self.box.forget_colours()

    def on_resize(self) -> None:
        """Paint anew at the new size."""
        self.redraw()

    def on_key(self, event: events.Key) -> None:
        """Typing the name, or the keys of the present stage."""
        handled = self._typed_key(event) if self._wants_typing() else self._stage_key(event)
        if handled:
            event.stop()
            event.prevent_default()
            self.redraw()

    def _wants_typing(self) -> bool:
        return self.stage is Stage.READY and self.plan is not None and bool(self.plan.confirm)

    def _typed_key(self, event: events.Key) -> bool:
        plan = self.plan
        if plan is None:
            return False
        if event.key == "tab":
            self.typing = not self.typing
        elif event.key == "enter":
            if self.typed == plan.confirm:
                self._run()
            else:
                self.remark = "the name is not complete"
        elif not self.typing:
            return self._stage_key(event)
        elif event.key == "backspace":
            self.typed = self.typed[:-1]
        elif event.key == "ctrl+u":
            self.typed = ""
        elif event.character and event.is_printable:
            # Before typing has begun c and x copy and export, unless the name begins with that letter.
            if not self.typed and event.character in "cx" and not plan.confirm.startswith(event.character):
                return self._stage_key(event)
            if len(self.typed) < len(plan.confirm) + 8:
                self.typed += event.character
            self.remark = ""
        else:
            return False
        return True

    def on_paste(self, event: events.Paste) -> None:
        """A name is typed, not pasted: pasting would take the thought out of it."""
        event.stop()
        if self._wants_typing():
            self.remark = "type the name"
            self.redraw()

    def _stage_key(self, event: events.Key) -> bool:
        key, stage = event.key, self.stage
        if key == "enter" and stage is Stage.READY and self.plan is not None and not self.plan.confirm:
            self._run()
        elif key == "enter" and stage in (Stage.ENDED, Stage.REFUSED):
            self.action_leave()
        elif key in ("j", "k"):
            self.action_scroll(1 if key == "j" else -1)
        elif key in ("c", "y") and stage in (Stage.READY, Stage.FAILED, Stage.ENDED):
            self._copy()
        elif key == "x" and stage is Stage.READY:
            self._export()
        elif key == "s" and stage is Stage.RUNNING:
            reason = self._controller().cancel(self.guest)
            self.remark = plain(reason) if reason else "stops at the next safe point"
        elif stage is Stage.FAILED and key in ("r", "u"):
            self._again(undo=key == "u")
        elif stage is Stage.FAILED and key == "l":
            self._controller().leave(self.guest)
            self.dismiss(None)
        else:
            return False
        return True

    def _run(self) -> None:
        plan = self.plan
        if plan is None or self.stage is not Stage.READY:
            return
        if self._refusal():
            self.remark = self._refusal()
            return
        self.stage, self.scroll_row, self.remark = Stage.RUNNING, 0, ""
        self._before = self._live_progress()
        self.cockpit.begin(self._controller().run(plan, self.typed), self._ended)

    def _again(self, *, undo: bool) -> None:
        if self._refusal():
            self.remark = self._refusal()
            return
        controller = self._controller()
        work = controller.undo(self.guest) if undo else controller.retry(self.guest)
        self._before, self._outcome = self.progress, None
        self.stage, self.scroll_row, self.remark = Stage.RUNNING, 0, ""
        self.cockpit.begin(work, self._ended)

    def _ended(self, outcome: Progress | ColotuiError) -> None:
        if isinstance(outcome, ColotuiError):
            self._refuse(outcome.what, outcome.next_step)
        else:
            self._before, self._outcome = None, outcome
            self.stage = stage_of(outcome)
        if self.is_current:
            self.redraw()
        else:
            self.cockpit.tell_outcome(outcome)

    def _copy(self) -> None:
        progress = self.progress
        text = progress_text(progress) if progress is not None else plan_text(self.plan) if self.plan else ""
        if text:
            self.app.copy_to_clipboard(text)
            self.remark = "copied"

    def _export(self) -> None:
        scene = self.cockpit.scene(live=True, guest=self.guest, pair=self.pair)
        if self.plan is None or scene is None:
            return
        hosts = {view.spec.name: view.spec for view in scene.snapshot.hosts}
        try:
            path = write_script(self.plan, hosts, scene.wall, self.cockpit.export_folder)
        except OSError as error:
            self.remark = f"not written: {error.strerror or error}"
        else:
            self.remark = f"written: {path}"

    def action_scroll(self, by: int) -> None:
        """Move the window over a long plan."""
        self.scroll_row = max(0, min(self._highest, self.scroll_row + 3 * by))
        self.redraw()

    def action_leave(self) -> None:
        """Back to the cockpit. A plan that ended well is put away; one that failed stays for retry or undo."""
        if self.stage is Stage.ENDED:
            self._controller().leave(self.guest)
        self.dismiss(None)


def stage_of(progress: Progress) -> Stage:
    """Where a progress stands."""
    if progress.running:
        return Stage.RUNNING
    return Stage.FAILED if progress.failed or progress.cancelled else Stage.ENDED

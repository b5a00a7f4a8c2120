"""What the screen of the guided set-up draws, and how its fields are typed in and its window is moved."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from colotui.controller.preparing import Preparing
from colotui.ui.paint.wizard.frame import Painted, paint_wizard
from colotui.ui.paint.wizard.view import WizardView
from colotui.ui.screens.wizard import keys
from colotui.ui.screens.wizard.session import Session
from colotui.ui.screens.wizard.work import Work
from colotui.ui.widgets.pageview import PageView

if TYPE_CHECKING:
    from colotui.ui.screens.wizard.ending import Ending
    from colotui.ui.screens.wizard.running import Running
    from colotui.ui.setupapp import SetupApp


class WizardBase(Screen[None]):
    """One painted page. `running` and `ending` are made by the screen itself."""

    running: Running
    ending: Ending

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [*keys.wizard_bindings()]
    DEFAULT_CSS = """
    WizardBase { layout: vertical; overflow: hidden; background: $background; }
    WizardBase:ansi { background: $background; }
    """

    def __init__(self, setup: Preparing) -> None:
        super().__init__()
        self.setup = setup
        self.page_view = PageView(id="wizard")
        self.work = Work(setup, self._worker, lambda: self.cockpit.wall(), self.redraw, self._arrived)
        self.session = Session(self.work)
        self.remark = ""
        self.painted: Painted | None = None
        self._unsubscribe: Callable[[], None] = lambda: None

    @property
    def cockpit(self) -> SetupApp:
        """The app."""
        return cast("SetupApp", self.app)

    def compose(self) -> ComposeResult:
        """One page."""
        yield self.page_view

    def on_mount(self) -> None:
        """First picture; then what was left behind is taken up."""
        self._unsubscribe = self.setup.subscribe(self.redraw)
        self.session.resume()
        self.redraw()

    def on_unmount(self) -> None:
        """Nobody is told any more."""
        self._unsubscribe()

    def _worker(self, work: Coroutine[Any, Any, None]) -> None:
        self.run_worker(work, exclusive=False, exit_on_error=False)

    def _arrived(self, what: str) -> None:
        if what.startswith("reach-"):
            self.remark = ""
            self.session.answered()
            self.session.catch_up()

    # -- drawing ----------------------------------------------------------------------------------

    def view(self) -> WizardView:
        """What is to be painted."""
        session, work = self.session, self.work
        trouble = self.cockpit.controller_failure
        view = WizardView(
            page=session.page,
            draft=work.draft,
            wall=self.cockpit.wall(),
            furthest=session.furthest,
            items=session.items,
            focus=session.index,
            typing=session.typing,
            editor=session.editor,
            raw=session.raw,
            wrong=session.wrong,
            reached=work.reached,
            look=work.look,
            plan=work.plan,
            states=work.states,
            problems=work.problems(),
            progress=self.running.progress,
            images=work.images,
            busy=work.busy,
            failed={**work.failed, "controller": trouble} if trouble else work.failed,
            pair_path=str(work.pair_path or ""),
            guest=self.ending.guest,
            drilled=self.ending.drilled,
            resumed=session.resumed,
            remark=self.remark,
            scroll=session.scroll,
            ascii_only=self.cockpit.ascii_only,
        )
        return replace(view, keys=keys.hints(view, self.cockpit.setup_keys))

    def redraw(self) -> None:
        """Paint the page at the present size."""
        width, height = self.size
        if not self.is_mounted or width < 1 or height < 1:
            return
        self.ending.tick()
        self.painted = paint_wizard(self.view(), width, height, follow=self.session.follow)
        self.session.scroll = self.painted.scroll
        self.page_view.show(self.painted.lines)

    def forget_colours(self) -> None:
        """The theme changed."""
        self.page_view.forget_colours()

    def on_resize(self) -> None:
        """Fold anew."""
        self.redraw()

    # -- typing -----------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Letters go into the field with the cursor, and are no keys meanwhile."""
        self.remark = ""
        self.ending.forget_next()
        session = self.session
        editor = session.editor
        if not session.typing or editor is None:
            return
        if event.character and event.is_printable:
            session.type(editor.typed(event.character))
        else:
            edited = editor.pressed(event.key)
            if edited is None:
                return
            session.type(edited)
        event.stop()
        event.prevent_default()
        self.redraw()

    def on_paste(self, event: events.Paste) -> None:
        """What is pasted goes into the field, as one line."""
        event.stop()
        if self.session.typing and self.session.editor is not None:
            self.session.type(self.session.editor.typed(" ".join(event.text.split())))
            self.redraw()

    # -- moving -----------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """The next or the former item; without items the page moves."""
        if self.session.index < 0:
            self._scroll(by)
        else:
            self.session.move(by)
        self.redraw()

    def action_tab(self, by: int) -> None:
        """The next field, or the other host."""
        self.session.tab(by)
        self.redraw()

    def action_page(self, by: int) -> None:
        """Move the window over a long page."""
        self._scroll(by * max(1, (self.painted.page_rows if self.painted else 10) - 2))
        self.redraw()

    def _scroll(self, by: int) -> None:
        highest = self.painted.highest if self.painted is not None else 0
        self.session.scroll = max(0, min(highest, self.session.scroll + by))
        self.session.follow = False

    def on_page_view_wheeled(self, event: PageView.Wheeled) -> None:
        """The wheel."""
        self._scroll(3 * event.by)
        self.redraw()

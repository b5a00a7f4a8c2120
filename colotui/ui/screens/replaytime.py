"""Asks to which moment of the recording to go."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from colotui.errors import UsageError
from colotui.replay.when import moment_of
from colotui.ui.paint.replaytime import TimeView, paint_time
from colotui.ui.widgets.field import Editor
from colotui.ui.widgets.lineview import LineView

if TYPE_CHECKING:
    from colotui.ui.replayapp import ReplayApp


class ReplayTimeScreen(ModalScreen[float | None]):
    """The moment (epoch s), or None when it was left. What is no time is said, and can be put right."""

    DEFAULT_CSS = """
    ReplayTimeScreen { background: $background 70%; align: center middle; overflow: hidden; }
    ReplayTimeScreen:ansi { background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Leave", show=False),
        Binding("enter", "go", "Go there", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.box = LineView(id="replay-time")
        self._text = Editor.of("")
        self._wrong = ""

    @property
    def replay(self) -> ReplayApp:
        """The app."""
        return cast("ReplayApp", self.app)

    def compose(self) -> ComposeResult:
        """One box."""
        yield self.box

    def on_mount(self) -> None:
        """First picture."""
        self.redraw()

    def on_resize(self) -> None:
        """Fit the new size."""
        self.redraw()

    def redraw(self) -> None:
        """Paint the question."""
        if not self.is_mounted or self.size.width < 1:
            return
        span = self.replay.playback.span
        view = TimeView(self._text.text, self._text.at, span.now, span.begin, span.end, self._wrong)
        lines = paint_time(view, self.size.width, ascii_only=self.replay.ascii_only)
        self.box.styles.width, self.box.styles.height = sum(len(text) for text, _ in lines[0]), len(lines)
        self.box.show(lines)

    def forget_colours(self) -> None:
        """The theme changed."""
        self.box.forget_colours()

    def on_key(self, event: events.Key) -> None:
        """Typing."""
        text = self._text.pressed(event.key)
        if text is None and event.character and event.is_printable:
            text = self._text.typed(event.character)
        if text is None:
            return
        event.stop()
        event.prevent_default()
        self._text, self._wrong = text, ""
        self.redraw()

    def on_paste(self, event: events.Paste) -> None:
        """A time may be pasted."""
        event.stop()
        self._text, self._wrong = self._text.typed(event.text), ""
        self.redraw()

    def action_go(self) -> None:
        """Go there, or say what is wrong."""
        if not self._text.text.strip():
            self.dismiss(None)
            return
        try:
            moment = moment_of(self._text.text, self.replay.playback.span)
        except UsageError as error:
            self._wrong = error.what
            self.redraw()
        else:
            self.dismiss(moment)

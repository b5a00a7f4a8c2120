"""A pane: lines made by a painter, with the cursor and filter it keeps while the picture changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.message import Message

from colotui.ui.paint.canvas import Line
from colotui.ui.paint.scene import Scene
from colotui.ui.paint.state import PaneState
from colotui.ui.widgets.lineview import LineView

PanePainter = Callable[[Scene, int, int, PaneState], list[Line]]


class Pane(LineView, can_focus=True):
    """`draw` paints a scene at the size of the widget. Subclasses choose the painter."""

    title: ClassVar[str] = ""
    lists: ClassVar[bool] = False

    class Clicked(Message):
        """The mouse chose this pane, and a row of it."""

        def __init__(self, pane: Pane) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.state = PaneState()

    def painter(self) -> PanePainter:
        """The function that paints this pane in its present form."""
        raise NotImplementedError

    def draw(self, scene: Scene, width: int, height: int) -> None:
        """Paint the scene."""
        if width > 0 and height > 0:
            self.show(self.painter()(scene, width, height, self.state))

    def text(self, scene: Scene) -> str:
        """What the copy key copies: the pane as text, unless a subclass knows its chosen row."""
        return "\n".join("".join(part for part, _ in line).rstrip() for line in self.lines)

    def move(self, scene: Scene, by: int) -> None:
        """The cursor down (or, below 0, up) by so many entries."""
        self.state.move(by)

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor on the row."""
        row = event.y - 1
        if 0 <= row < self.state.room and self.state.top + row < self.state.count:
            self.state.cursor = self.state.top + row
            self.state.following = self.state.cursor == 0
        self.post_message(self.Clicked(self))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves the cursor."""
        self.state.move(3)
        self.post_message(self.Clicked(self))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves the cursor."""
        self.state.move(-3)
        self.post_message(self.Clicked(self))

"""A painted page on which every place can be clicked: it says where, the screen knows what lies there."""

from __future__ import annotations

from textual import events
from textual.message import Message

from colotui.ui.widgets.lineview import LineView


class PageView(LineView):
    """A line view that fills the screen."""

    DEFAULT_CSS = "PageView { width: 100%; height: 100%; background: $background; }"

    class Clicked(Message):
        """The cell that was clicked."""

        def __init__(self, x: int, y: int) -> None:
            super().__init__()
            self.x = x
            self.y = y

    class Wheeled(Message):
        """The wheel was turned: 1 down, -1 up."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def on_click(self, event: events.Click) -> None:
        """Pass the place on."""
        self.post_message(self.Clicked(event.x, event.y))

    def on_mouse_scroll_down(self) -> None:
        """Down."""
        self.post_message(self.Wheeled(1))

    def on_mouse_scroll_up(self) -> None:
        """Up."""
        self.post_message(self.Wheeled(-1))

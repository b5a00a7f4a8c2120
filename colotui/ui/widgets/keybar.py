"""The key bar: painted like the rest, and each key can be clicked."""

from __future__ import annotations

from textual import events
from textual.message import Message

from colotui.ui.widgets.lineview import LineView


class KeyBar(LineView):
    """Says where it was clicked; the screen knows which key lies there."""

    class Clicked(Message):
        """The cell that was clicked."""

        def __init__(self, x: int) -> None:
            super().__init__()
            self.x = x

    def on_click(self, event: events.Click) -> None:
        """Pass the place on."""
        self.post_message(self.Clicked(event.x))

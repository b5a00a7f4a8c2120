"""The line that takes a filter: `/` opens it, Enter keeps it, Escape takes it away; `!` in front turns it round."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from colotui.ui.panes.base import Pane


class FilterBar(Input):
    """Filters while it is typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", "Take the filter away", show=False),
        Binding("down,up", "keep", "To the list", show=False),
    ]
    DEFAULT_CSS = """
    FilterBar { height: 1; border: none; padding: 0 2; background: $panel; color: $foreground; }
    FilterBar:focus { border: none; background: $panel; }
    """

    class Typed(Message):
        """The filter as it is now; `done` when it is kept, with "" when it was taken away."""

        def __init__(self, query: str, *, done: bool) -> None:
            super().__init__()
            self.query = query
            self.done = done

    def __init__(self) -> None:
        self.target: Pane | None = None
        super().__init__(id="filter", placeholder="filter: a word; !word leaves it out", select_on_focus=False)
        # Nothing blinks here, and a slow line should not carry a cursor that does.
        self.cursor_blink = False

    def on_input_changed(self, event: Input.Changed) -> None:
        """Each letter filters."""
        event.stop()
        self.post_message(self.Typed(self.value, done=False))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter keeps the filter."""
        event.stop()
        self.post_message(self.Typed(self.value, done=True))

    def action_keep(self) -> None:
        """Arrow keys go on to the list."""
        self.post_message(self.Typed(self.value, done=True))

    def action_give_up(self) -> None:
        """Escape takes the filter away."""
        self.post_message(self.Typed("", done=True))

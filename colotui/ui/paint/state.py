"""Where a pane's cursor is, how far it is scrolled, and what it is filtered by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class PaneState:
    """`cursor` counts in the filtered list, newest or first entry 0; `top` is the first one shown."""

    cursor: int = 0
    top: int = 0
    query: str = ""
    count: int = 0
    room: int = 1
    following: bool = True

    @property
    def inverse(self) -> bool:
        """True when the filter leaves out what matches."""
        return self.query.startswith("!")

    def matches(self, text: str) -> bool:
        """True when an entry with this text passes the filter."""
        wanted = self.query[1:] if self.inverse else self.query
        if not wanted:
            return True
        return (wanted.casefold() in text.casefold()) is not self.inverse

    def settle(self, count: int, room: int) -> None:
        """Fit cursor and scroll to `count` entries in `room` rows."""
        self.count, self.room = count, max(1, room)
        self.cursor = max(0, min(self.cursor, count - 1))
        if self.cursor < self.top:
            self.top = self.cursor
        elif self.cursor >= self.top + self.room:
            self.top = self.cursor - self.room + 1
        self.top = max(0, min(self.top, max(0, count - self.room)))

    def move(self, by: int) -> None:
        """Move the cursor; it stops at the ends. At entry 0 the newest keep coming in."""
        self.cursor = max(0, min(self.cursor + by, max(0, self.count - 1)))
        self.following = self.cursor == 0
        self.settle(self.count, self.room)

    def shifted(self, added: int) -> None:
        """Keep the cursor on its entry when `added` newer ones came in before it."""
        if not self.following:
            self.cursor += added
            self.top += added

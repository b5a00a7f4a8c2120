"""Where a pane's cursor is, how far it is scrolled, and what it is filtered by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from colotui.model.timeline import Log


@dataclass(slots=True)
class PaneState:
    """`cursor` counts in the filtered list, newest or first entry 0; `top` is the first one shown."""

    cursor: int = 0
    top: int = 0
    query: str = ""
    count: int = 0
    room: int = 1
    following: bool = True
    _searched: tuple[str, Log[Any]] | None = field(default=None, repr=False)
    _passing: list[int] = field(default_factory=list, repr=False)

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

    def passing(self, log: Log[Any], text: Callable[[Any], str]) -> list[int]:
        """The places of the rows of `log` that pass the filter, rising. Rows searched before are not searched again."""
        searched = 0
        if self._searched is not None and self._searched[0] == self.query and log.grown_from(self._searched[1]):
            searched = len(self._searched[1])
        else:
            self._passing = []
        self._passing += [
            place for place, row in enumerate(log.rows_from(searched), searched) if self.matches(text(row))
        ]
        self._searched = (self.query, log)
        return self._passing

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

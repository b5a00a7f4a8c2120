"""The frames of a recording: which one is of a moment, and all the leaves it stands for."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Mapping
from itertools import pairwise

import msgspec

from colotui.record.segment import Frame, frames_of
from colotui.record.values import Unreadable

_KEPT = 4
Place = tuple[int, int]
"""Which minute, and which of its frames."""


class Frames:
    """All minutes; `live` are the frames of the one that was not finished when the file was opened."""

    def __init__(self, db: sqlite3.Connection, live: list[Frame], live_session: int) -> None:
        self._db = db
        rows = db.execute("SELECT id, low, high, session FROM minute ORDER BY id").fetchall()
        for row in rows:
            if list(map(type, row)) != [int, float, float, int]:
                raise Unreadable("a minute without its times")
        self._ids: list[int | None] = [row[0] for row in rows]
        self.lows: list[float] = [row[1] for row in rows]
        self.highs: list[float] = [row[2] for row in rows]
        self._sessions: list[int] = [row[3] for row in rows]
        self._kept: dict[int, list[Frame]] = {}
        self._live = live
        if live:
            self._ids.append(None)
            self.lows.append(live[0][0])
            self.highs.append(live[-1][0])
            self._sessions.append(live_session)
        edges = [edge for pair in zip(self.lows, self.highs, strict=True) for edge in pair]
        if any(not earlier <= later for earlier, later in pairwise(edges)):
            raise Unreadable("minutes out of order")
        self._at: Place | None = None
        self._leaves: dict[str, msgspec.Raw] = {}

    def gaps(self, least: float) -> tuple[tuple[float, float], ...]:
        """Stretches between two sessions, and those of more than `least` seconds within one."""
        return tuple(
            (high, self.lows[index + 1])
            for index, high in enumerate(self.highs[:-1])
            if self._sessions[index] != self._sessions[index + 1] or self.lows[index + 1] - high > least
        )

    def place(self, moment: float) -> Place:
        """The newest frame that is not later than `moment`, else the first of all."""
        minute = max(0, bisect_right(self.lows, moment) - 1)
        frames = self._minute(minute)
        return minute, max(0, bisect_right(frames, moment, key=lambda frame: frame[0]) - 1)

    def after(self, moment: float) -> float | None:
        """The time of the first frame that is later than `moment`."""
        minute = max(0, bisect_right(self.lows, moment) - 1)
        if moment < self.highs[minute]:
            frames = self._minute(minute)
            return frames[bisect_right(frames, moment, key=lambda frame: frame[0])][0]
        return self.lows[minute + 1] if minute + 1 < len(self.lows) else None

    def leaves(self, place: Place) -> Mapping[str, msgspec.Raw]:
        """All leaves as they are at a frame; they change with the next call."""
        minute, index = place
        frames = self._minute(minute)
        if self._at is None or self._at[0] != minute or self._at[1] > index:
            self._leaves, start = {}, 0
        else:
            start = self._at[1] + 1
        for _, changed in frames[start : index + 1]:
            self._leaves.update(changed)
        self._at = place
        return self._leaves

    def _minute(self, index: int) -> list[Frame]:
        number = self._ids[index]
        if number is None:
            return self._live
        known = self._kept.pop(index, None)
        if known is None:
            row = self._db.execute("SELECT data FROM minute WHERE id = ?", (number,)).fetchone()
            if row is None:
                raise Unreadable("this minute was removed since the file was opened")
            known = frames_of(row[0])
            if (known[0][0], known[-1][0]) != (self.lows[index], self.highs[index]):
                raise Unreadable("a minute with frames of another")
        self._kept[index] = known
        if len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
        return known

"""The rows of a recording, read again: the log that a frame showed, and the rows of any stretch of time."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from colotui.model.protection import Event
from colotui.model.timeline import KEEP_ROWS, Columns, Log
from colotui.record import columns as rows
from colotui.record.intake import EVENTS
from colotui.record.segment import events_of, loosened
from colotui.record.tap import Extent
from colotui.record.values import Unreadable

_EVENTS_KEPT = 20_000
_FEW = 500
"""Rows that are moved one by one; more of them are sorted with all others."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows that were stored together. `number` None: those of the minute that was not finished."""

    number: int | None
    first: int
    count: int
    low: float
    high: float

    @property
    def end(self) -> int:
        """The number after the last one."""
        return self.first + self.count


def pieces(db: sqlite3.Connection, kind: str, guest: str) -> list[Piece]:
    """All pieces of a kind, in the order of their numbers. Raises Unreadable."""
    found = []
    last = 0
    query = "SELECT id, first, count, low, high FROM chunk WHERE kind = ? AND guest = ? ORDER BY first"
    for row in db.execute(query, (kind, guest)):
        if list(map(type, row)) != [int, int, int, float, float]:
            raise Unreadable("rows without their numbers")
        piece = Piece(*row)
        if piece.first < last or not 0 < piece.count <= rows.MOST_ROWS:
            raise Unreadable("rows that were stored twice")
        last = piece.end
        found.append(piece)
    return found


def data_of(db: sqlite3.Connection, piece: Piece) -> object:
    """What is stored of a piece."""
    row = db.execute("SELECT data FROM chunk WHERE id = ?", (piece.number,)).fetchone()
    if row is None:
        raise Unreadable("these rows were removed since the file was opened")
    return row[0]


class LogTable:
    """One log of one guest. `live`: first number and columns of the minute that was not finished."""

    def __init__(self, db: sqlite3.Connection, kind: str, guest: str, live: tuple[int, Columns] | None) -> None:
        self._db = db
        self._kind, self._log = kind, rows.KINDS[kind]
        self._pieces = pieces(db, kind, guest)
        self._live = live
        if live is not None:
            times = live[1][0]
            self._pieces.append(Piece(None, live[0], len(times), min(times), max(times)))
        self._starts = [piece.first for piece in self._pieces]
        self._columns: Columns = ()
        self._extent = Extent(-1, 0, 0)
        # The number of the first row in the columns, and the one from which on no row was late.
        self._low = self._tidy = 0

    def log(self, extent: Extent) -> Log[Any]:
        """The log of this extent, growing from the one before where that is so. Raises Unreadable."""
        if not (extent.base >= 0 and 0 <= extent.length <= extent.end - extent.base) or extent.length > 4 * KEEP_ROWS:
            raise Unreadable("a log of no extent")
        if not extent.length:
            return self._log()
        if extent.base == self._extent.base and self._tidy <= extent.end:
            if extent.end > self._extent.end and len(self._columns[0]) < 2 * KEEP_ROWS:
                self._append(self._read(self._extent.end, extent.end))
                self._extent = extent
            found = self._view(extent)
            if found is not None:
                return found
        self._build(extent)
        found = self._view(extent)
        if found is None:
            raise Unreadable("rows are missing")
        return found

    def _view(self, extent: Extent) -> Log[Any] | None:
        """The log out of the columns at hand; None when they do not hold it."""
        if not self._tidy <= extent.end <= self._extent.end:
            return None
        end = len(self._columns[0]) - (self._extent.end - extent.end)
        if end < extent.length:
            return None
        start = end - extent.length
        return self._log(self._columns, start, end) if self._columns[0][start] >= self._below(extent.base) else None

    def _below(self, base: int) -> float:
        """The time of the newest row that arrived before all that are at hand."""
        place = bisect_right(self._starts, self._low - 1)
        return max(
            (piece.high for piece in self._pieces[:place] if base < piece.end <= self._low), default=float("-inf")
        )

    def _append(self, new: Columns) -> None:
        """Rows that arrived next: behind all others, or each at its place."""
        times = new[0]
        if not times:
            return
        held = self._columns[0]
        if times[0] >= held[-1] and _rising(times):
            for column, values in zip(self._columns, new, strict=True):
                column.extend(values)
            return
        # Views of the old columns stay as they are.
        self._columns = tuple(column[:] for column in self._columns)
        for row in zip(*new, strict=True):
            place = bisect_right(self._columns[0], row[0])
            for column, value in zip(self._columns, row, strict=True):
                column.insert(place, value)
        self._tidy = self._extent.end + len(times)

    def _build(self, extent: Extent) -> None:
        low = extent.end - extent.length
        while True:
            place = bisect_right(self._starts, low) - 1
            low = max(extent.base, self._starts[place] if place >= 0 else 0)
            columns = self._read(low, extent.end)
            tidy = _rising(columns[0])
            self._columns = columns if tidy else ordered(columns)
            self._extent, self._low, self._tidy = extent, low, low if tidy else extent.end
            start = len(columns[0]) - extent.length
            if low == extent.base or place <= 0 or (start >= 0 and self._columns[0][start] >= self._below(extent.base)):
                return
            low -= 1

    def _read(self, first: int, end: int) -> Columns:
        """The rows with the numbers `first` up to `end`, in that order."""
        found = self._log.columns()
        place = max(0, bisect_right(self._starts, first) - 1)
        for piece in self._pieces[place:]:
            if piece.first >= end:
                break
            new = self._load(piece)
            cut = slice(max(0, first - piece.first), end - piece.first)
            for column, values in zip(found, new, strict=True):
                column.extend(values[cut])
        if len(found[0]) != end - first:
            raise Unreadable("rows are missing")
        return found

    def _load(self, piece: Piece) -> Columns:
        if piece.number is None:
            assert self._live is not None
            return self._live[1]
        columns = rows.read(self._kind, loosened(data_of(self._db, piece)))
        if len(columns[0]) != piece.count:
            raise Unreadable("another number of rows than said")
        return columns

    def between(self, low: float, high: float) -> Log[Any]:
        """The rows with `low` <= time < `high`; a row that two sessions saw is there once."""
        found = self._log.columns()
        for piece in self._pieces:
            if piece.high >= low and piece.low < high:
                for column, values in zip(found, self._load(piece), strict=True):
                    column.extend(values)
        if not _rising(found[0]):
            found = ordered(found)
        return self._log(once(found)).between(low, high)

    def times(self) -> list[float]:
        """The times of all rows, rising; those of two equal ones once."""
        return sorted({at for piece in self._pieces for at in self._load(piece)[0]})


def _rising(times: Any) -> bool:
    return all(map(float.__le__, times, times[1:]))


def ordered(columns: Columns) -> Columns:
    """By time; those of one time stay in the order in which they came."""
    times = columns[0]
    late = [place for place, newest in enumerate(accumulate(times, max)) if times[place] < newest]
    if len(late) <= _FEW:
        return _inserted(columns, late)
    order = sorted(range(len(columns[0])), key=columns[0].__getitem__)
    return _picked(columns, order)


def _inserted(columns: Columns, late: list[int]) -> Columns:
    """The rows at these places moved to where they belong, all others being in order."""
    moved = [[column[place] for column in columns] for place in late]
    found: list[Any] = []
    for column in columns:
        rest, start = column[:0], 0
        for place in late:
            rest.extend(column[start:place])
            start = place + 1
        rest.extend(column[start:])
        found.append(rest)
    for row in moved:
        place = bisect_right(found[0], row[0])
        for column, value in zip(found, row, strict=True):
            column.insert(place, value)
    return tuple(found)


def once(columns: Columns) -> Columns:
    """Ordered rows without those that equal one before of the same time."""
    times = columns[0]
    if not any(map(float.__eq__, times, times[1:])):
        return columns
    keep, seen = [], set[Any]()
    for place, row in enumerate(zip(*columns, strict=True)):
        if place and times[place] != times[place - 1]:
            seen.clear()
        if row not in seen:
            seen.add(row)
            keep.append(place)
    return _picked(columns, keep)


def _picked(columns: Columns, places: list[int]) -> Columns:
    found: list[Any] = []
    for column in columns:
        empty = column[:0]
        empty.extend([column[place] for place in places])
        found.append(empty)
    return tuple(found)


class EventTable:
    """All events. `live`: the number of the first, and the events, of the minute that was not finished."""

    def __init__(self, db: sqlite3.Connection, first: int, live: list[Event]) -> None:
        self._db = db
        self._pieces = pieces(db, EVENTS, "")
        self._live = live
        if live:
            times = [event.at for event in live]
            self._pieces.append(Piece(None, first, len(live), min(times), max(times)))
        self._starts = [piece.first for piece in self._pieces]
        self._kept: dict[int, Event] = {}
        self._shown: tuple[object, tuple[Event, ...]] = (None, ())

    def shown(self, stretches: tuple[tuple[int, int], ...]) -> tuple[Event, ...]:
        """The events with these numbers, in this order. Raises Unreadable."""
        if self._shown[0] == stretches:
            return self._shown[1]
        if sum(end - first + 1 for first, end in stretches) > _EVENTS_KEPT or any(a > b for a, b in stretches):
            raise Unreadable("too many events")
        found = tuple(self._event(number) for first, end in stretches for number in range(first, end + 1))
        self._shown = stretches, found
        return found

    def _event(self, number: int) -> Event:
        known = self._kept.get(number)
        if known is None:
            place = bisect_right(self._starts, number) - 1
            if place < 0 or number >= self._pieces[place].end:
                raise Unreadable("events are missing")
            if len(self._kept) > _EVENTS_KEPT:
                self._kept.clear()
            piece = self._pieces[place]
            self._kept.update(enumerate(self._load(piece), piece.first))
            known = self._kept[number]
        return known

    def _load(self, piece: Piece) -> list[Event]:
        if piece.number is None:
            return self._live
        found = events_of(data_of(self._db, piece))
        if len(found) != piece.count:
            raise Unreadable("another number of events than said")
        return found

    def between(self, low: float, high: float) -> list[Event]:
        """The events with `low` <= time < `high`, oldest first; one that two sessions saw is there once."""
        found: dict[Event, None] = {}
        for piece in self._pieces:
            if piece.high >= low and piece.low < high:
                found |= dict.fromkeys(event for event in self._load(piece) if low <= event.at < high)
        return sorted(found, key=lambda event: event.at)

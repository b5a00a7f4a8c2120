"""The past of one guest in little memory: rows in order of time, kept as columns and handed out as views.

A `Log` is a view of rows that never change: a snapshot may hold one for as long as it likes, and nothing is copied
to make one. Rows are only ever appended to a table; what must move rows (a row that comes late, the end of the time
that is kept) makes a new table, and views of the old one stay as they are.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, MutableSequence, Sequence
from typing import Any, Generic, Self, TypeVar, overload

KEEP_S = 7200.0
"""Seconds before the newest row that are kept: the hour a screen shows, and an hour to scroll back in."""

KEEP_ROWS = 1 << 18
"""Rows kept at most (21 bytes each for checkpoints): over an hour at 70 a second."""

_SLACK_S = 600.0

T = TypeVar("T")
Columns = tuple[MutableSequence[Any], ...]


class Log(Sequence[T]):
    """Rows of one table from `start` up to `end`, oldest first. Equal logs show the same rows of the same table."""

    __slots__ = ("_columns", "_end", "_start")

    def __init__(self, columns: Columns | None = None, start: int = 0, end: int | None = None) -> None:
        self._columns = self.columns() if columns is None else columns
        self._start = start
        self._end = len(self._columns[0]) if end is None else end

    @classmethod
    def columns(cls) -> Columns:
        """Empty columns; the first is the time of each row (epoch s)."""
        raise NotImplementedError

    @classmethod
    def row(cls, item: T) -> tuple[Any, ...]:
        """What each column holds of `item`."""
        raise NotImplementedError

    def item(self, index: int) -> T:
        """The row at a place of the table."""
        raise NotImplementedError

    @classmethod
    def of(cls, items: Iterable[T]) -> Self:
        """A log of these items."""
        recorder = Recorder(cls)
        for item in items:
            recorder.add(item)
        return recorder.log

    def __len__(self) -> int:
        return self._end - self._start

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        if isinstance(index, slice):
            return [self.item(self._start + place) for place in range(*index.indices(len(self)))]
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(index)
        return self.item(self._start + place)

    def __iter__(self) -> Iterator[T]:
        return map(self.item, range(self._start, self._end))

    def __reversed__(self) -> Iterator[T]:
        return map(self.item, range(self._end - 1, self._start - 1, -1))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Log):
            return NotImplemented
        return self._columns is other._columns and (self._start, self._end) == (other._start, other._end)

    def __hash__(self) -> int:
        return hash((id(self._columns), self._start, self._end))

    def grown_from(self, older: Log[T]) -> bool:
        """True when this log is `older` with rows added at its end, or none."""
        return self._columns is older._columns and self._start == older._start and self._end >= older._end

    def rows_from(self, index: int) -> Iterator[T]:
        """The rows from a place of this log on."""
        return map(self.item, range(self._start + index, self._end))

    @property
    def first_at(self) -> float | None:
        """When the oldest row was."""
        return float(self._columns[0][self._start]) if len(self) else None

    @property
    def last_at(self) -> float | None:
        """When the newest row was."""
        return float(self._columns[0][self._end - 1]) if len(self) else None

    @property
    def table(self) -> tuple[Columns, int, int]:
        """The columns, the place of the first row and the place after the last: the rows as they lie, to be stored."""
        return self._columns, self._start, self._end

    def places(self, low: float, high: float) -> tuple[int, int]:
        """Places of the table of the rows with `low` <= time < `high`."""
        start = bisect_left(self._columns[0], low, self._start, self._end)
        return start, bisect_left(self._columns[0], high, start, self._end)

    def between(self, low: float, high: float) -> Self:
        """The rows with `low` <= time < `high`, as a view."""
        return type(self)(self._columns, *self.places(low, high))

    def after(self, at: float) -> Self:
        """The rows later than `at`, as a view."""
        return type(self)(self._columns, bisect_right(self._columns[0], at, self._start, self._end), self._end)

    def cut(self, edges: Sequence[float]) -> list[Self]:
        """One view for each stretch between two neighbouring `edges` (rising); a row on an edge goes to the later."""
        found: list[Self] = []
        start = bisect_left(self._columns[0], edges[0], self._start, self._end)
        for edge in edges[1:]:
            end = bisect_left(self._columns[0], edge, start, self._end)
            found.append(type(self)(self._columns, start, end))
            start = end
        return found


L = TypeVar("L", bound=Log[Any])


class Recorder(Generic[L]):
    """Takes rows in and hands out the log of all that are kept. Memory stays bounded; see KEEP_S and KEEP_ROWS."""

    def __init__(self, kind: type[L], *, keep_s: float = KEEP_S, keep_rows: int = KEEP_ROWS) -> None:
        self._kind = kind
        self._columns = kind.columns()
        self._keep_s, self._keep_rows = keep_s, keep_rows

    @property
    def log(self) -> L:
        """All rows that are kept, as they are now."""
        return self._kind(self._columns)

    def add(self, item: Any) -> None:
        """Take one row in, at its place in time. One older than what is kept is left out."""
        row = self._kind.row(item)
        times = self._columns[0]
        at = row[0]
        if times and at < times[-1]:
            if at < times[-1] - self._keep_s:
                return
            self._columns = tuple(column[:] for column in self._columns)
            place = bisect_right(times, at)
            for column, value in zip(self._columns, row, strict=True):
                column.insert(place, value)
        else:
            for column, value in zip(self._columns, row, strict=True):
                column.append(value)
        times = self._columns[0]
        if len(times) > self._keep_rows or times[0] < times[-1] - self._keep_s - _SLACK_S:
            self._forget()

    def _forget(self) -> None:
        times = self._columns[0]
        start = bisect_left(times, times[-1] - self._keep_s)
        if len(times) > self._keep_rows:
            # A quarter at once: each time costs a copy.
            start = max(start, len(times) - self._keep_rows * 3 // 4)
        self._columns = tuple(column[start:] for column in self._columns)

"""The past of one guest in little memory: rows in order of time, kept as columns and handed out as views.

A `Log` is a view of rows that never change: a snapshot may hold one for as long as it likes, and nothing is copied
to make one. Rows are only ever appended to a table; what must move rows (a row that comes late, the end of the time
that is kept) makes a new table, and views of the old one stay as they are.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, MutableSequence, Sequence
from typing import Any, Generic, Self, TypeVar, overload

from colotui.model.checkpoint import Cause, Checkpoint, CheckpointStats, percentile
from colotui.model.mismatch import Mismatch

KEEP_S = 7200.0
"""Seconds before the newest row that are kept: the hour a screen shows, and an hour to scroll back in."""

KEEP_ROWS = 1 << 18
"""Rows kept at most (21 bytes each for checkpoints): over an hour at 70 a second."""

_SLACK_S = 600.0
_NONE = -math.inf
_LARGEST = 2**31 - 1
_CAUSES = tuple(Cause)
_CODES = {cause: code for code, cause in enumerate(_CAUSES)}
_FORCED = tuple(code for code, cause in enumerate(_CAUSES) if cause.forced)
_FIRST = _CODES[Cause.FIRST]
_WORDS_KEPT = 4096

T = TypeVar("T")
_Columns = tuple[MutableSequence[Any], ...]


class Log(Sequence[T]):
    """Rows of one table from `start` up to `end`, oldest first. Equal logs show the same rows of the same table."""

    __slots__ = ("_columns", "_end", "_start")

    def __init__(self, columns: _Columns | None = None, start: int = 0, end: int | None = None) -> None:
        self._columns = self.columns() if columns is None else columns
        self._start = start
        self._end = len(self._columns[0]) if end is None else end

    @classmethod
    def columns(cls) -> _Columns:
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

    @property
    def first_at(self) -> float | None:
        """When the oldest row was."""
        return float(self._columns[0][self._start]) if len(self) else None

    @property
    def last_at(self) -> float | None:
        """When the newest row was."""
        return float(self._columns[0][self._end - 1]) if len(self) else None

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


class CheckpointLog(Log[Checkpoint]):
    """Checkpoints, oldest first, with exact counts and pauses of any stretch of them."""

    __slots__ = ()

    @classmethod
    def columns(cls) -> _Columns:
        """Time, pause (ms), pages, cause."""
        return array("d"), array("d"), array("i"), bytearray()

    @classmethod
    def row(cls, item: Checkpoint) -> tuple[Any, ...]:
        """Values that are not known have their own mark in each column."""
        known = item.pause_ms is not None and math.isfinite(item.pause_ms)
        pages = -1 if item.pages is None else min(item.pages, _LARGEST)
        return item.at, item.pause_ms if known else _NONE, pages, _CODES[item.cause]

    def item(self, index: int) -> Checkpoint:
        """See Log."""
        at, pauses, pages, codes = self._columns
        pause, count = pauses[index], pages[index]
        return Checkpoint(
            at[index], _CAUSES[codes[index]], None if pause == _NONE else pause, None if count < 0 else count
        )

    def count_of(self, cause: Cause) -> int:
        """How many had this cause."""
        return self._codes().count(_CODES[cause], self._start, self._end)

    def _codes(self) -> bytearray:
        codes = self._columns[3]
        assert isinstance(codes, bytearray)
        return codes

    @property
    def forced(self) -> int:
        """How many a mismatch forced."""
        codes = self._codes()
        return sum(codes.count(code, self._start, self._end) for code in _FORCED)

    def pauses(self, cause: Cause | None = None) -> list[float]:
        """The known pauses (ms), shortest first; of one cause only, when one is given."""
        found = self._columns[1][self._start : self._end]
        if cause is not None:
            codes, wanted = self._codes(), _CODES[cause]
            found = [pause for place, pause in enumerate(found, self._start) if codes[place] == wanted]
        ordered = sorted(found)
        return ordered[bisect_right(ordered, _NONE) :]

    def pages(self) -> list[int]:
        """The known numbers of pages sent, fewest first."""
        ordered = sorted(self._columns[2][self._start : self._end])
        return ordered[bisect_left(ordered, 0) :]

    def longest(self) -> float | None:
        """The longest pause (ms) of all but the first of a protection, which carries the whole guest."""
        pauses = self._columns[1][self._start : self._end]
        codes = self._codes()
        if codes.find(_FIRST, self._start, self._end) >= 0:
            pauses = [pause for place, pause in enumerate(pauses, self._start) if codes[place] != _FIRST]
        most = max(pauses, default=_NONE)
        return None if most == _NONE else float(most)

    def forced_before(self, at: float) -> float | None:
        """When the last forced checkpoint earlier than `at` was."""
        _, end = self.places(_NONE, at)
        place = max(self._codes().rfind(code, self._start, end) for code in _FORCED)
        return float(self._columns[0][place]) if place >= 0 else None

    def forced_after(self, at: float) -> float | None:
        """When the first forced checkpoint later than `at` was."""
        start = bisect_right(self._columns[0], at, self._start, self._end)
        places = [self._codes().find(code, start, self._end) for code in _FORCED]
        return min((float(self._columns[0][place]) for place in places if place >= 0), default=None)

    def figures(self, total: int, now: float, window_s: float) -> CheckpointStats:
        """The same as `stats` of all rows (see model.checkpoint), without making a checkpoint of each."""
        recent = self.after(now - window_s)
        pauses = recent.pauses()
        pages = recent.pages()
        oldest = recent.first_at if recent.first_at is not None else now
        span = window_s if len(self) > len(recent) else max(now - oldest, 1.0)
        return CheckpointStats(
            total=total,
            window_s=span,
            rate_per_s=len(recent) / span if recent else 0.0,
            forced_share=recent.forced / len(recent) if recent else None,
            pause_p50_ms=percentile(pauses, 0.5),
            pause_p95_ms=percentile(pauses, 0.95),
            pause_max_ms=pauses[-1] if pauses else None,
            pages_p50=int(percentile(pages, 0.5) or 0) if pages else None,
            last_at=self.last_at,
        )


class MismatchLog(Log[Mismatch]):
    """Mismatches, oldest first. Their words repeat: equal ones are kept once."""

    __slots__ = ()

    @classmethod
    def columns(cls) -> _Columns:
        """Time, ms until the checkpoint, both lengths, the words."""
        return array("d"), array("d"), array("i"), array("i"), []

    @classmethod
    def row(cls, item: Mismatch) -> tuple[Any, ...]:
        """Values that are not known have their own mark in each column."""
        forced = _NONE if item.forced_ms is None else item.forced_ms
        lengths = (
            -1 if length is None else min(length, _LARGEST) for length in (item.primary_length, item.secondary_length)
        )
        return item.at, forced, *lengths, _once((item.protocol, item.what, item.source, item.destination))

    def item(self, index: int) -> Mismatch:
        """See Log."""
        at, forced, primary, secondary, words = self._columns
        after, first, second = forced[index], primary[index], secondary[index]
        return Mismatch(
            at[index],
            *words[index],
            None if first < 0 else first,
            None if second < 0 else second,
            None if after == _NONE else after,
        )


_seen: dict[tuple[str, ...], tuple[str, ...]] = {}


def _once(words: tuple[str, ...]) -> tuple[str, ...]:
    """The tuple that stands for all equal ones, as long as there are not too many."""
    if len(_seen) >= _WORDS_KEPT:
        _seen.clear()
    return _seen.setdefault(words, words)


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

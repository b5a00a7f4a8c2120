"""Finds which rows of a log are new since the snapshot before, so that each is written once, late ones included.

A log is kept as (base, end, length): of the rows that arrived with the numbers `base` up to `end`, ordered by time
and then by number, the last `length` ones.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from typing import Any

from colotui.model.timeline import Columns, Log
from colotui.record.columns import part

_TAILS = (0, 32, 1024, 16384)
"""Rows at the end of a log in which the late ones are looked for first: they are late by seconds, not by hours."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What of the arrived rows a log is made of, see above."""

    base: int
    end: int
    length: int


class Tap:
    """The rows of one log of one guest, numbered in the order in which they arrive, from `end` on."""

    def __init__(self, end: int) -> None:
        self._base = self._end = end
        self._before: Log[Any] | None = None
        # The time of the newest row that was let go: whoever is older cannot be told from it any more.
        self._floor = -math.inf

    def take(self, log: Log[Any]) -> tuple[Extent, Columns]:
        """What `log` is made of, and the rows that are new."""
        before, self._before = self._before, log
        columns, start, end = log.table
        if before is None:
            return self._anew(log)
        if log.grown_from(before):
            new = part(columns, start + len(before), end)
        elif not len(log):
            new = part(columns, 0, 0)
        else:
            found = self._arrived(before, log)
            if found is None:
                return self._anew(log)
            new = found
        self._end += len(new[0])
        return Extent(self._base, self._end, len(log)), new

    def _anew(self, log: Log[Any]) -> tuple[Extent, Columns]:
        """Write the whole log: it did not come from the one before."""
        self._base, self._floor = self._end, -math.inf
        self._end += len(log)
        return Extent(self._base, self._end, len(log)), part(*log.table)

    def _arrived(self, before: Log[Any], log: Log[Any]) -> Columns | None:
        """The rows of `log` that are not of the log before; None when the extent could not say what it is."""
        old, new = part(*before.table), part(*log.table)
        if not old[0]:
            return None
        first = new[0][0]
        gone = _dropped(old[0], first)
        same = _alike(old, new, gone)
        rest_old = list(zip(*(column[gone + same :] for column in old), strict=True))
        rest_new = list(zip(*(column[same:] for column in new), strict=True))
        fresh: list[int] = []
        left = len(rest_old)
        for place in range(len(rest_new) - 1, -1, -1):
            if left and rest_new[place] == rest_old[left - 1]:
                left -= 1
            else:
                fresh.append(place)
        if left and same:
            return None
        gone += left
        floor = max(self._floor, old[0][gone - 1]) if gone else self._floor
        fresh.reverse()
        if first < floor or not _in_place(rest_new, fresh, new[0][same - 1] if same else -math.inf):
            return None
        self._floor = floor
        return tuple(_picked(column, [same + place for place in fresh]) for column in new)


def _dropped(times: Any, first: float) -> int:
    """How many rows are older than `first`."""
    low, high = 0, len(times)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if times[middle] < first else (low, middle)
    return low


def _alike(old: Columns, new: Columns, gone: int) -> int:
    """A number of rows, as great as is cheap to find, in which both begin alike."""
    most = min(len(old[0]) - gone, len(new[0]))
    for tail in _TAILS:
        count = most - tail
        if count <= 0:
            break
        if all(_raw(a[gone : gone + count]) == _raw(b[:count]) for a, b in zip(old, new, strict=True)):
            return count
    return 0


def _raw(column: Any) -> Any:
    # Numbers are compared as bytes: as numbers each would become an object first.
    return column.tobytes() if isinstance(column, array) else column


def _in_place(rows: list[tuple[Any, ...]], fresh: list[int], before: float) -> bool:
    """Whether the new rows stand where rows stand that arrived after all others: by time, behind their equals."""
    times = [row[0] for row in rows]
    if any(later < earlier for earlier, later in zip([before, *times], times, strict=False)):
        return False
    known = set(fresh)
    return all(place + 1 in known or place + 1 == len(times) or times[place] < times[place + 1] for place in fresh)


def _picked(column: Any, places: list[int]) -> Any:
    rows = (column[place] for place in places)
    return array(column.typecode, rows) if isinstance(column, array) else type(column)(rows)

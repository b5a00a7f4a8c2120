"""The checkpoints and mismatches of one guest as logs: exact counts and pauses of any stretch of time, cheaply."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import Any

from colotui.model.checkpoint import Cause, Checkpoint, CheckpointStats, percentile
from colotui.model.mismatch import Mismatch
from colotui.model.timeline import Columns, Log

_NONE = -math.inf
_LARGEST = 2**31 - 1
_CAUSES = tuple(Cause)
_CODES = {cause: code for code, cause in enumerate(_CAUSES)}
_FORCED = tuple(code for code, cause in enumerate(_CAUSES) if cause.forced)
_FIRST = _CODES[Cause.FIRST]
_WORDS_KEPT = 4096


class CheckpointLog(Log[Checkpoint]):
    """Checkpoints, oldest first, with exact counts and pauses of any stretch of them."""

    __slots__ = ()

    @classmethod
    def columns(cls) -> Columns:
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

    def pauses(self) -> list[float]:
        """The known pauses (ms), shortest first."""
        ordered = sorted(self._columns[1][self._start : self._end])
        return ordered[bisect_right(ordered, _NONE) :]

    def by_cause(self) -> dict[Cause, tuple[int, list[float]]]:
        """Of each cause that occurs: how many there were, and their known pauses (ms), shortest first."""
        found: list[list[float]] = [[] for _ in _CAUSES]
        pauses, codes = self._columns[1][self._start : self._end], self._codes()[self._start : self._end]
        for pause, code in zip(pauses, codes, strict=True):
            if pause != _NONE:
                found[code].append(pause)
        counts = ((cause, codes.count(code), sorted(found[code])) for cause, code in _CODES.items())
        return {cause: (count, ordered) for cause, count, ordered in counts if count}

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

    def peaks(self, edges: Sequence[float]) -> list[tuple[float | None, bool] | None]:
        """Of each stretch as by `cut`: its longest pause (ms, see `longest`) and whether one of it was forced.

        None for a stretch without a checkpoint.
        """
        times, pauses, codes = self._columns[0], self._columns[1], self._codes()
        begin, stop = self.places(edges[0], edges[-1])
        plain = codes.find(_FIRST, begin, stop) < 0
        found: list[tuple[float | None, bool] | None] = []
        start = begin
        for edge in edges[1:]:
            end = bisect_left(times, edge, start, stop)
            if end == start:
                found.append(None)
                continue
            if plain and end - start == 1:
                # As it mostly is: the graph has more stretches than the window has checkpoints.
                found.append((None if pauses[start] == _NONE else pauses[start], codes[start] in _FORCED))
            else:
                stretch = type(self)(self._columns, start, end)
                found.append((stretch.longest(), stretch.forced > 0))
            start = end
        return found

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
    def columns(cls) -> Columns:
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

    def protocols(self) -> dict[str, int]:
        """How many there were of each protocol."""
        found: dict[str, int] = {}
        for words, count in Counter(self._columns[4][self._start : self._end]).items():
            found[words[0]] = found.get(words[0], 0) + count
        return found

    def item(self, index: int) -> Mismatch:
        """See Log."""
        at, forced, primary, secondary, words = self._columns
        after, first, second = forced[index], primary[index], secondary[index]
        protocol, what, source, destination = words[index]
        return Mismatch(
            at[index],
            protocol,
            what,
            source,
            destination,
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

"""The time axis of the graphs: how much time it shows, and up to which moment; held back, it stays where it is."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from colotui.ui.format import MINUS, clock, duration

ZOOMS = (60.0, 300.0, 900.0, 3600.0)
_WORDS = {60.0: "1 min", 300.0: "5 min", 900.0: "15 min", 3600.0: "1 h"}
_TICK = {60.0: 15.0, 300.0: 60.0, 900.0: 180.0, 3600.0: 600.0}
_SCROLL = 4


@dataclass(frozen=True, slots=True)
class Tick:
    """A label below the axis, at a share (0 to 1) of its length; the first and the last belong to the ends."""

    share: float
    text: str


@dataclass(slots=True)
class TimeAxis:
    """`end` None follows the time; else the axis is held there. Times in epoch s, as those of the checkpoints."""

    window_s: float = 300.0
    end: float | None = None

    @property
    def held(self) -> bool:
        """True when it was scrolled back and stands still."""
        return self.end is not None

    def right(self, now: float) -> float:
        """The moment at its right end."""
        return now if self.end is None else min(self.end, now)

    def left(self, now: float) -> float:
        """The moment at its left end."""
        return self.right(now) - self.window_s

    @property
    def words(self) -> str:
        """How much time it shows."""
        return _WORDS[self.window_s]

    def zoom(self, by: int, now: float) -> bool:
        """Show less time (1) or more (-1). Held back, the middle stays. False at the ends of the scale."""
        place = ZOOMS.index(self.window_s) - by
        if not 0 <= place < len(ZOOMS):
            return False
        before, self.window_s = self.window_s, ZOOMS[place]
        if self.end is not None:
            self._hold(self.end + (self.window_s - before) / 2, now)
        return True

    def scroll(self, by: int, now: float, oldest: float | None) -> bool:
        """A quarter of the window back (-1) or on (1); not before the `oldest` there is. False when it cannot move."""
        if by > 0 and self.end is None:
            return False
        first = now if oldest is None else min(now, oldest + self.window_s)
        here = self.right(now)
        if by < 0 and here <= first:
            return False
        self._hold(max(first, here + by * self.window_s / _SCROLL), now)
        return True

    def back(self) -> None:
        """Follow the time again."""
        self.end = None

    def to_oldest(self, now: float, oldest: float | None) -> None:
        """As far back as there is something."""
        if oldest is not None:
            self._hold(oldest + self.window_s, now)

    def reach(self, at: float, now: float) -> None:
        """Move so far that `at` is seen; nothing moves when it is."""
        if not self.left(now) <= at <= self.right(now):
            self._hold(at + self.window_s / 2, now)

    def _hold(self, end: float, now: float) -> None:
        self.end = None if end >= now else end

    def label(self, now: float) -> str:
        """`12:04–12:09, 31 min ago`: what a held axis shows."""
        short = self.window_s > 60.0
        left, right = (clock(at)[: 5 if short else 8] for at in (self.left(now), self.right(now)))
        return f"{left}–{right}, {duration(max(0.0, now - self.right(now)))} ago"

    def ticks(self, now: float) -> list[Tick]:
        """Times before now; on a held axis the times of day."""
        step = _TICK[self.window_s]
        if self.held:
            return self._clock_ticks(now, step)
        count = round(self.window_s / step)
        in_seconds = self.window_s <= 60.0
        unit = 1.0 if in_seconds else 60.0
        first = f"{MINUS}{self.window_s / unit:.0f} {'s' if in_seconds else 'min'}"
        between = [Tick(1 - place / count, f"{MINUS}{place * step / unit:.0f}") for place in range(count - 1, 0, -1)]
        return [Tick(0.0, first), *between, Tick(1.0, "now")]

    def _clock_ticks(self, now: float, step: float) -> list[Tick]:
        left, right = self.left(now), self.right(now)
        # Round times of the local day: not every zone is whole hours away from the epoch's.
        shift = time.localtime(right).tm_gmtoff
        at = math.ceil((left + shift) / step) * step - shift
        found: list[Tick] = []
        while at <= right:
            found.append(Tick((at - left) / self.window_s, clock(at)[: 8 if step < 60.0 else 5]))
            at += step
        return found

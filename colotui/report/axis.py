"""Where a moment and a value lie in a plot, and the ticks at round times and values."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

_STEPS = (
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 10800.0, 21600.0,
    43200.0, 86400.0, 172800.0, 604800.0,
)  # fmt: skip
_BUCKETS = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 21600.0, 86400.0)


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Moments from `low` to `high` (epoch s) over `left` to `right` (px)."""

    low: float
    high: float
    left: float
    right: float

    def x(self, at: float) -> float:
        """Where `at` lies; what is outside lies on the edge."""
        share = (at - self.low) / max(self.high - self.low, 1e-9)
        return self.left + min(max(share, 0.0), 1.0) * (self.right - self.left)

    def ticks(self, apart: float) -> list[tuple[float, str]]:
        """Round local times, at least `apart` px from each other, with their labels."""
        per_s = (self.right - self.left) / max(self.high - self.low, 1e-9)
        step = next((step for step in _STEPS if step * per_s >= apart), _STEPS[-1])
        offset = time.localtime(self.low).tm_gmtoff or 0
        at = math.ceil((self.low + offset) / step) * step - offset
        form = "%H:%M:%S" if step < 60.0 else "%H:%M" if step < 86400.0 else "%d %b"
        found: list[tuple[float, str]] = []
        while at <= self.high:
            found.append((at, time.strftime(form, time.localtime(at))))
            at += step
        return found

    def buckets(self, width: float) -> list[float]:
        """Edges of stretches of one round length, `width` px or wider; half of one at an end joins its neighbour."""
        per_s = (self.right - self.left) / max(self.high - self.low, 1e-9)
        step = next((step for step in _BUCKETS if step * per_s >= width), _BUCKETS[-1])
        first, last = math.floor(self.low / step) + 1, math.ceil(self.high / step) - 1
        inner = [number * step for number in range(first, last + 1)]
        return [self.low, *(at for at in inner if at - self.low >= step / 2 and self.high - at >= step / 2), self.high]


def full_scale(most: float) -> float:
    """The round number at the top of an axis that reaches to `most`."""
    if not most > 0.0 or not math.isfinite(most):
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return next(power * step for step in (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0) if power * step >= most * 0.999)

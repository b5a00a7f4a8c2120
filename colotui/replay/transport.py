"""The clock of a replay: it plays, stands, goes faster or slower, is set to a moment, and leaves out what is a gap."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from colotui.replay.when import local

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""How many recorded seconds pass in one."""


@dataclass(frozen=True, slots=True)
class Landing:
    """Where the clock was set, and why it is not where it should have been set ("" when it is)."""

    moment: float
    why: str = ""


class Transport:
    """Times in epoch s of the recording. `monotonic` is the clock that drives it (s)."""

    def __init__(
        self,
        begin: float,
        end: float,
        gaps: Sequence[tuple[float, float]] = (),
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.begin, self.end = begin, end
        self.gaps = tuple(sorted(gap for gap in gaps if gap[0] < gap[1]))
        self._monotonic = monotonic
        self._base, self._since = begin, monotonic()
        self._playing = False
        self._speed = 1.0

    @property
    def moment(self) -> float:
        """The moment that is shown now."""
        if not self._playing:
            return self._base
        return min(self.end, self._on(self._base, (self._monotonic() - self._since) * self._speed))

    def _on(self, start: float, seconds: float) -> float:
        at = start + seconds
        for low, high in self.gaps:
            if high <= start:
                continue
            if low >= at:
                break
            at += high - max(low, start)
        return at

    @property
    def playing(self) -> bool:
        """True while time passes; at the end it stands."""
        return self._playing and self.moment < self.end

    @property
    def ended(self) -> bool:
        """True at the end."""
        return self.moment >= self.end

    @property
    def speed(self) -> float:
        """Recorded seconds in one second while it plays."""
        return self._speed

    def play(self) -> None:
        """Let time pass; from the end it begins anew."""
        self._set(self.begin if self.ended else self.moment)
        self._playing = True

    def pause(self) -> None:
        """Stand at the present moment."""
        self._set(self.moment)
        self._playing = False

    def be_at_speed(self, speed: float) -> None:
        """Play at another speed (recorded seconds in one second, above 0) from now on."""
        self._set(self.moment)
        self._speed = speed

    def change_speed(self, by: int) -> bool:
        """The next faster (1) or slower (-1) speed; False at the ends of the scale."""
        faster = [speed for speed in SPEEDS if speed > self._speed]
        slower = [speed for speed in SPEEDS if speed < self._speed]
        if not (faster if by > 0 else slower):
            return False
        self.be_at_speed(faster[0] if by > 0 else slower[-1])
        return True

    def seek(self, moment: float) -> Landing:
        """Set the clock; it goes on playing when it did. Outside the recording, or in a gap, it lands at the edge."""
        landing = self.landing(moment)
        self._set(landing.moment)
        return landing

    def landing(self, moment: float) -> Landing:
        """Where `seek` would land."""
        if moment < self.begin:
            return Landing(self.begin, f"the recording begins at {local(self.begin)}")
        if moment > self.end:
            return Landing(self.end, f"the recording ends at {local(self.end)}")
        here = self.moment
        for low, high in self.gaps:
            if low < moment < high:
                # Back over a gap must come out before it, or it could never be crossed in small steps.
                edge = low if moment < here else high
                return Landing(edge, f"nothing was recorded from {local(low)} to {local(high)}")
        return Landing(moment)

    def until(self, moment: float) -> float:
        """Seconds until `moment` is reached at the present speed; 0 when it was."""
        here = self.moment
        left = moment - here
        for low, high in self.gaps:
            if high > here and low < moment:
                left -= min(high, moment) - max(low, here)
        return max(0.0, left / self._speed)

    def _set(self, moment: float) -> None:
        self._base, self._since = moment, self._monotonic()

"""The moments one jumps to: the next or previous incident, mismatch or action, and where each is first seen."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from colotui.model.protection import Snapshot
from colotui.model.recording import MarkKind
from colotui.replay.recorded import Recorded

_SHOWN_WITHIN = 5.0
_FRAMES = 12
_BACK_GRACE = 2.0


@dataclass(frozen=True, slots=True)
class Mark:
    """One of the moments: its time, the frame that shows it first, which one it is (from 1) and of how many."""

    kind: MarkKind
    at: float
    seen: float
    number: int
    count: int


class Marks:
    """Remembers where it jumped to last, so that going on from there never comes out at the same mark."""

    def __init__(self, recording: Recorded) -> None:
        self._recording = recording
        self._last: Mark | None = None
        self._found: dict[MarkKind, Sequence[float]] = {}

    def of(self, kind: MarkKind) -> Sequence[float]:
        """All moments of a kind, rising; read once."""
        if kind not in self._found:
            self._found[kind] = self._recording.marks(kind)
        return self._found[kind]

    def beside(self, kind: MarkKind, direction: int, moment: float, speed: float = 1.0) -> Mark | None:
        """The next (1) or the previous (-1) mark as seen from `moment`; None when there is none that way.

        Within two seconds (of the operator, at this `speed`) after a jump to a mark the previous one is the one before
        that mark, not that mark again: time may have gone on meanwhile.
        """
        marks = self.of(kind)
        last = self._last
        if last is not None and last.kind is kind and last.seen <= moment <= last.seen + _BACK_GRACE * speed:
            place = bisect_right(marks, last.at) if direction > 0 else bisect_left(marks, last.at) - 1
        else:
            place = bisect_right(marks, moment) if direction > 0 else bisect_left(marks, moment) - 1
        if not 0 <= place < len(marks):
            return None
        at = marks[place]
        self._last = Mark(kind, at, self._first_seen(kind, at), place + 1, len(marks))
        return self._last

    def _first_seen(self, kind: MarkKind, at: float) -> float:
        """The first frame that shows the mark: it was witnessed a little before it was on the screen."""
        recording = self._recording
        frame = recording.after(at - 1e-6)
        first = frame
        for _ in range(_FRAMES):
            if frame is None or frame > at + _SHOWN_WITHIN:
                break
            if _shows(recording.at(frame), kind, at):
                return frame
            frame = recording.after(frame)
        return first if first is not None and first <= at + _SHOWN_WITHIN else at


def _shows(snapshot: Snapshot, kind: MarkKind, at: float) -> bool:
    for view in snapshot.guests:
        if kind is MarkKind.INCIDENT and any(incident.opened_at == at for incident in view.incidents):
            return True
        if kind is MarkKind.MISMATCH and (view.mismatches.last_at or 0.0) >= at:
            return True
        if kind is MarkKind.ACTION and view.progress is not None and view.progress.started_at >= at:
            return True
    return False

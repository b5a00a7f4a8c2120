"""Checkpoints and mismatches seen so far, joined from the trace log and from QMP's STOP and RESUME."""

from __future__ import annotations

from collections import deque

from colotui.engine.qemu.trace import Resumed, TraceItem
from colotui.model.checkpoint import Cause, Checkpoint, CheckpointStats
from colotui.model.mismatch import Mismatch
from colotui.model.past import CheckpointLog, MismatchLog
from colotui.model.timeline import Recorder

SAME = 0.25
"""Seconds within which a STOP and a trace line speak of one checkpoint (they agree within 1 ms, measured)."""

TRACE_LATE = 3.0
"""Seconds the trace may lag behind QMP before a checkpoint is taken from QMP alone, its cause unknown."""


class History:
    """The primary's checkpoints in order. The trace knows the cause; QMP is the witness when it is silent."""

    def __init__(self) -> None:
        self._checkpoints = Recorder(CheckpointLog)
        self._mismatches = Recorder(MismatchLog)
        self.checkpoint_total = 0
        self.mismatch_total = 0
        self.pairs_total = 0
        self.trace_total = 0
        self.last_end: float | None = None
        self._stopped: dict[str, float] = {}
        self._unmatched: deque[Checkpoint] = deque(maxlen=256)

    @property
    def checkpoints(self) -> CheckpointLog:
        """All that are kept, as they are now."""
        return self._checkpoints.log

    @property
    def mismatches(self) -> MismatchLog:
        """All that are kept, as they are now."""
        return self._mismatches.log

    def trace(self, items: list[TraceItem]) -> None:
        """Take in what the primary's trace told."""
        for item in items:
            if isinstance(item, Checkpoint):
                self.trace_total += 1
                self._add(item)
            elif isinstance(item, Mismatch):
                self.mismatch_total += 1
                self._mismatches.add(item)
            elif isinstance(item, Resumed):
                self.last_end = item.at if self.last_end is None else max(self.last_end, item.at)

    def stop(self, host: str, at: float) -> None:
        """QMP STOP on `host`."""
        self._stopped[host] = at

    def resume(self, host: str, at: float, *, primary: bool) -> None:
        """QMP RESUME on `host`: with its STOP one checkpoint, as either side saw it."""
        begun = self._stopped.pop(host, None)
        self.last_end = at if self.last_end is None else max(self.last_end, at)
        if begun is not None and primary:
            self.pairs_total += 1
            self._unmatched.append(Checkpoint(begun, Cause.UNKNOWN, (at - begun) * 1000.0))

    def settle(self, now: float) -> None:
        """Take checkpoints that only QMP told of, once the trace had its time."""
        while self._unmatched and now - self._unmatched[0].at > TRACE_LATE:
            late = self._unmatched.popleft()
            if not self.checkpoints.between(late.at - SAME, late.at + SAME):
                self._add(late)

    def _add(self, checkpoint: Checkpoint) -> None:
        self.checkpoint_total += 1
        self._checkpoints.add(checkpoint)
        end = checkpoint.at + (checkpoint.pause_ms or 0.0) / 1000.0
        self.last_end = end if self.last_end is None else max(self.last_end, end)

    def stats(self, now: float, window: float = 60.0) -> CheckpointStats:
        """Figures of the last `window` seconds (`now` on the primary's clock)."""
        return self.checkpoints.figures(self.checkpoint_total, now, window)

"""What replay asks of a recording. `record.recording.Recording` is one; tests have theirs in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from colotui.model.incident import Incident
    from colotui.model.pair import Pair
    from colotui.model.past import CheckpointLog, MismatchLog
    from colotui.model.protection import Event, Snapshot
    from colotui.model.recording import MarkKind, Run


class Recorded(Protocol):
    """Times in epoch seconds; stretches of time are `low` <= time < `high`. Each call may raise RecordingError."""

    @property
    def pair(self) -> Pair:
        """The pair, as when it was recorded."""
        ...

    @property
    def begin(self) -> float:
        """When the first frame was."""
        ...

    @property
    def end(self) -> float:
        """When the last frame was."""
        ...

    @property
    def gaps(self) -> tuple[tuple[float, float], ...]:
        """The stretches in which nobody recorded."""
        ...

    @property
    def versions(self) -> Mapping[str, str]:
        """The versions of what recorded and what was recorded."""
        ...

    def at(self, moment: float) -> Snapshot:
        """The newest frame that is not later than `moment`, else the first one."""
        ...

    def after(self, moment: float) -> float | None:
        """When the next frame after `moment` was; None when there is none."""
        ...

    def events(self, low: float, high: float) -> list[Event]:
        """The events of a stretch, oldest first."""
        ...

    def incidents(self) -> list[tuple[str, Incident]]:
        """Every incident with its guest, as it was last seen."""
        ...

    def checkpoints(self, guest: str, low: float, high: float) -> CheckpointLog:
        """The checkpoints of `guest` in a stretch."""
        ...

    def mismatches(self, guest: str, low: float, high: float) -> MismatchLog:
        """The mismatches of `guest` in a stretch."""
        ...

    def actions(self) -> list[Run]:
        """The plans that were run."""
        ...

    def marks(self, kind: MarkKind) -> Sequence[float]:
        """The moments of a kind, rising."""
        ...

    def close(self) -> None:
        """Let the file go."""
        ...

"""What a report says, before it is HTML or Markdown: plain data, one part for each guest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from colotui.model.incident import Incident
from colotui.model.pair import GuestSpec, Pair
from colotui.model.past import CheckpointLog, MismatchLog
from colotui.model.plan import Line
from colotui.model.protection import GuestView, Severity, Snapshot
from colotui.model.recording import Run

OTHER = "other"
"""The protocol of a mismatch that has none."""


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of time a report is about (epoch s); `about` is the incident it was asked for, None for a time.

    `note` says how the stretch was cut, "" when it was not.
    """

    low: float
    high: float
    about: Incident | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """From `at` on the guest stood like this."""

    at: float
    state: str
    severity: Severity
    headline: str


@dataclass(frozen=True, slots=True)
class Silence:
    """The client got no answer from `begin` (its last answer) to `end` (its first; None: not in this window)."""

    begin: float
    end: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """One look at the guest's service. `rtt_ms` None: no answer."""

    at: float
    rtt_ms: float | None


@dataclass(frozen=True, slots=True)
class Blind:
    """The cockpit had no channel to `host` from `begin` to `end` (None: to the end of the window)."""

    host: str
    begin: float
    end: float | None
    why: str


@dataclass(frozen=True, slots=True)
class Done:
    """A plan that was run, with what was measured after it."""

    run: Run
    results: tuple[Line, ...] = ()
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """All of one guest. `moment` is the snapshot the picture is drawn of, `last` how it stood at the end."""

    spec: GuestSpec
    incidents: tuple[Incident, ...]
    actions: tuple[Done, ...]
    turns: tuple[Turn, ...]
    silences: tuple[Silence, ...]
    answers: tuple[Answer, ...]
    checkpoints: CheckpointLog
    mismatches: MismatchLog
    moment: Snapshot | None
    last: GuestView | None

    @property
    def name(self) -> str:
        """The guest's name."""
        return self.spec.name

    @property
    def asked(self) -> bool:
        """True when the guest's service was asked at all in this window."""
        return bool(self.answers)


class Sort(StrEnum):
    """What a row of the timeline is about."""

    STATE = "state"
    INCIDENT = "incident"
    ACTION = "action"
    STEP = "step"
    MISMATCH = "mismatch"
    CLIENT = "client"
    EVENT = "event"
    RECORDING = "recording"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the timeline."""

    at: float
    sort: Sort
    who: str
    what: str
    detail: str = ""
    severity: Severity = Severity.OK


@dataclass(frozen=True, slots=True)
class Content:
    """The whole report. `left_out`: rows of the timeline that were too many. `made_at` in epoch seconds."""

    pair: Pair
    window: Window
    parts: tuple[Part, ...]
    rows: tuple[Row, ...]
    left_out: int
    gaps: tuple[tuple[float, float], ...]
    blind: tuple[Blind, ...]
    versions: Mapping[str, str]
    source: str
    made_at: float

    @property
    def zero(self) -> float | None:
        """The moment that others are counted from: the first witness of the incident it is about."""
        return self.window.about.now.since if self.window.about is not None else None

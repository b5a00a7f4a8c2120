"""The state of a guest pair and everything a screen shows of it, as one immutable snapshot.

Times are epoch seconds of the cockpit's clock. `None` means not known; the reason is said beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from colotui.model.checkpoint import CheckpointStats
from colotui.model.facts import HostFacts
from colotui.model.packet import CaptureView
from colotui.model.pair import GuestSpec, HostSpec
from colotui.model.past import CheckpointLog, MismatchLog
from colotui.model.plan import Action, Progress

if TYPE_CHECKING:
    from colotui.model.incident import Incident


class State(StrEnum):
    """The word in the top line."""

    PROTECTED = "Protected"
    NOT_PROTECTED = "Not protected"
    SYNCING = "Syncing"
    FAILING_OVER = "Failing over"
    FAILED_OVER = "Failed over"
    UNKNOWN = "Unknown"


class Severity(StrEnum):
    """How loud the top line is."""

    OK = "ok"
    WORKING = "working"
    WARNING = "warning"
    ERROR = "error"


class Role(StrEnum):
    """What a copy of the guest is."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    NONE = "none"


class Life(StrEnum):
    """What can be said of one copy's process. UNREACHABLE: its host does not answer, so nothing is known."""

    ABSENT = "absent"
    RUNNING = "running"
    PAUSED = "paused"
    WAITING = "waiting"
    HUNG = "hung"
    DEAD = "dead"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Exit:
    """How a QEMU ended: `signal` 0 means it left by itself with `code`."""

    code: int
    signal: int
    at: float | None

    def __str__(self) -> str:
        return f"signal {self.signal}" if self.signal else f"exit code {self.code}"


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of the guest, on one host.

    `speaks`: its replies reach the client (None: not known). `in_colo`: in lock-step with its twin.
    `peer_connected`: the mirror and compare links to the other copy stand (from query-chardev, which
    does not lie, unlike query-status). `can_promote` is empty when it may carry on, else the reason.
    """

    host: str
    life: Life
    role: Role
    seen_at: float
    pid: int | None = None
    exit: Exit | None = None
    runstate: str = ""
    migration: str = ""
    in_colo: bool = False
    armed: bool = False
    peer_connected: bool | None = None
    speaks: bool | None = None
    version: str = ""
    accel: str = ""
    cpu_percent: float | None = None
    rss: int | None = None
    qmp_ms: float | None = None
    silent_since: float | None = None
    damage: str = ""
    generation: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream between the hosts (a rung of the ladder); names come from the engine.

    `direction`: "right" from the primary to the secondary, "left" back. `up` None: not known.
    """

    name: str
    port: int
    direction: str
    up: bool | None
    value: float | None = None
    unit: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """What the guest's own service says to us. `silent_since`: start of the present silence."""

    target: str
    ok: bool
    at: float
    rtt_ms: float | None = None
    silent_since: float | None = None
    lost: int = 0
    error: str = ""


HOST_TO_HOST = "host → host"
"""The name of the witness that a host is of the other one, over the forward link."""


@dataclass(frozen=True, slots=True)
class Witness:
    """What one witness says of one host, with its age. `ok` None: it cannot say. `rtt_ms`: a round trip it measured."""

    name: str
    host: str
    text: str
    ok: bool | None
    at: float
    rtt_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Protection:
    """The truth in words: what, what it means for the client, the one thing to do, the one not to do."""

    state: State
    severity: Severity
    headline: str
    meaning: str = ""
    since: float | None = None
    do_now: Action | None = None
    do_now_text: str = ""
    do_not: str = ""
    primary: str = ""
    secondary: str = ""


@dataclass(frozen=True, slots=True)
class Armed:
    """An armed failover: once the primary's own host has seen its QEMU end, the secondary is promoted at once.

    `by`: who armed it. `able` False: it would not act now, `why` says the reason.
    """

    since: float
    by: str
    able: bool = True
    why: str = ""


@dataclass(frozen=True, slots=True)
class GuestView:
    """One guest of the pair, all a screen needs. `actions`: reason why not, None = allowed; `arm_refusal` likewise.

    `incidents`: open ones first, newest first, at most 200.
    """

    spec: GuestSpec
    protection: Protection
    copies: Mapping[str, Copy]
    streams: tuple[Stream, ...] = ()
    checkpoints: CheckpointLog = field(default_factory=CheckpointLog)
    stats: CheckpointStats = field(default_factory=CheckpointStats)
    mismatches: MismatchLog = field(default_factory=MismatchLog)
    mismatch_total: int = 0
    mismatches_per_min: float | None = None
    probe: Probe | None = None
    witnesses: tuple[Witness, ...] = ()
    actions: Mapping[Action, str | None] = field(default_factory=dict)
    progress: Progress | None = None
    half_run: str = ""
    capture: CaptureView | None = None
    armed: Armed | None = None
    arm_refusal: str | None = None
    incidents: tuple[Incident, ...] = ()

    @property
    def name(self) -> str:
        """The guest's name."""
        return self.spec.name


class LinkState(StrEnum):
    """The cockpit's own channel to a host."""

    CONNECTING = "connecting"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class HostView:
    """One host as the cockpit sees it. `why`: the sentence and next step when the channel is down."""

    spec: HostSpec
    link: LinkState
    since: float
    facts: HostFacts | None = None
    why: str = ""
    next_try_at: float | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the event list. `source`: a host's name, "colotui" or "operator"."""

    at: float
    source: str
    text: str
    detail: str = ""
    severity: Severity = Severity.OK
    guest: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything at one moment. `read_only` is empty when this cockpit may act, else who acts or why not."""

    at: float
    pair: str
    hosts: tuple[HostView, HostView]
    guests: tuple[GuestView, ...]
    events: tuple[Event, ...] = ()
    event_total: int = 0
    read_only: str = ""

    def host(self, name: str) -> HostView:
        """The view of host `name`; KeyError when there is none."""
        for view in self.hosts:
            if view.spec.name == name:
                return view
        raise KeyError(name)

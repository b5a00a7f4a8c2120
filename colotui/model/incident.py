"""Incidents: what was witnessed, what it is in one sentence, what to do about it and what not to do.

Times are epoch seconds of the cockpit's clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from colotui.model.plan import Action
from colotui.model.protection import Severity


class Source(StrEnum):
    """Who witnessed a fact."""

    QMP = "qmp"
    TRACE = "trace"
    STDERR = "qemu"
    EXIT = "exit"
    SERIAL = "serial"
    KERNEL = "kernel"
    LINK = "link"
    PROBE = "probe"
    CHANNEL = "channel"
    HOST = "host"
    OPERATOR = "operator"
    HYPERVISOR = "xl dmesg"
    LIBXL = "libxl"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was witnessed. `what` is a short fixed word for the rules ("RESET", "exit", "oops", "lost");
    `text` are the witness's own words, hostile until painted; `value` a figure where there is one."""

    at: float
    host: str
    source: Source
    what: str
    text: str
    value: float | None = None


class Kind(StrEnum):
    """Every way a pair is known to fail, in the words of the screen."""

    TWO_LIVE = "two live copies"
    PRIMARY_DEAD = "primary process dead"
    PRIMARY_HOST_DEAD = "primary host dead"
    PRIMARY_HUNG = "primary hung"
    DEADLOCK = "deadlock at a checkpoint"
    SECONDARY_DEAD = "secondary dead"
    SECONDARY_HUNG = "secondary hung"
    SECONDARY_HOST_DEAD = "secondary host dead"
    FORWARD_CUT = "forward link cut"
    SERVICE_CUT = "service network cut"
    COCKPIT_CUT = "cockpit cut off"
    REPLICATION_LOST = "disk replication lost"
    DISK_FULL = "secondary's disk full"
    TRIPLE_FAULT = "triple fault of the guest"
    TRIPLE_FAULT_ONE = "triple fault of one copy"
    GUEST_RESET = "guest rebooted"
    GUEST_PANIC = "guest kernel panic"
    SECONDARY_CORRUPT = "corrupt secondary"
    STORM = "checkpoint storm"
    STALLED = "checkpoints stalled"
    SLOW_PAUSE = "pause too long"
    CLOCK_DRIFT = "clocks apart"
    MODULE_LOST = "kernel module gone"
    IRQ_MOVED = "interrupt moved"
    LEFTOVERS = "leftovers of a failed run"
    QMP_TIMEOUT = "qmp timeout"
    HEARTBEAT = "heartbeat alarm"
    SERVICE_SILENT = "service does not answer"


class Confidence(StrEnum):
    """How sure the diagnosis is. Only PROVEN may lead to an action without the operator."""

    PROVEN = "proven"
    LIKELY = "likely"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """What the rules say now: one kind of incident, its witnesses (oldest first, at least one), and the advice.

    `settle`: what would settle it, "" when it is proven. `since`: the first witness. `do` None: nothing to run.
    `forbids`: actions that must be refused while it lasts, with `why_not` as the reason.
    """

    kind: Kind
    sentence: str
    confidence: Confidence
    since: float
    witnesses: tuple[Fact, ...]
    severity: Severity
    client: str
    do: Action | None = None
    do_text: str = ""
    do_not: str = ""
    forbids: frozenset[Action] = frozenset()
    why_not: str = ""
    settle: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """A diagnosed incident with its life: it opens and closes by evidence, keeps its id, and stays in the list."""

    id: str
    guest: str
    opened_at: float
    seen_at: float
    now: Diagnosed
    closed_at: float | None = None
    closed_by: str = ""

    @property
    def open(self) -> bool:
        """True while its witnesses still say so."""
        return self.closed_at is None

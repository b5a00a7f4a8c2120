"""Plans: what an action will do, step by step, before it does it; and how far a running one has come.

A `Step` carries its calls as functions, so that one description serves the wizard, the cockpit, the
CLI, the dry run and the tests. Nothing here runs them: that is controller.runner.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum


class Action(StrEnum):
    """What an operator can ask for."""

    START = "start"
    PROTECT = "protect"
    FAILOVER = "failover"
    SWITCH = "switch"
    REPROTECT = "reprotect"
    STOP = "stop"
    UNDO = "undo"
    SHUTDOWN = "shutdown"
    SETUP = "setup"


class StepState(StrEnum):
    """Where one step of a plan stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    ALREADY = "already so"
    FAILED = "failed"
    UNDONE = "undone"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `command` is the exact command or call, shown before and used in the dry run.

    `check` answers "is it already so?"; `apply` makes it so and returns a few words of what it saw;
    `undo` takes it back. `cancel_before` says the plan may be left just before this step safely.
    `weighty` marks the steps that cannot be taken back or silence a copy (fence, promote).
    `script`: shell lines that do the same by hand, as root on `host`; () where only a monitor can. `at_boot`: they must
    run again after every boot. `kept`: the name under which what was before is kept on the host, "" for nothing kept.
    """

    key: str
    host: str
    title: str
    command: str
    why: str
    apply: Callable[[], Awaitable[str]]
    check: Callable[[], Awaitable[bool]] | None = None
    undo: Callable[[], Awaitable[str]] | None = None
    undo_command: str = ""
    source: str = ""
    weighty: bool = False
    cancel_before: bool = True
    script: tuple[str, ...] = ()
    at_boot: bool = False
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One labelled sentence of a plan's preamble ("What is lost", "Fence", ...)."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """An action on one guest as steps in order.

    `confirm` is the text the operator must type first ("" = Enter is enough). `attest` is the sentence
    that typing it attests ("" = nothing to attest): that a host which cannot be reached is off.
    """

    action: Action
    guest: str
    title: str
    steps: tuple[Step, ...]
    lines: tuple[Line, ...] = ()
    confirm: str = ""
    attest: str = ""
    from_host: str = ""
    to_host: str = ""


@dataclass(frozen=True, slots=True)
class StepProgress:
    """How far one step has come. Times in epoch seconds of the cockpit."""

    key: str
    host: str
    title: str
    command: str
    why: str
    state: StepState = StepState.WAITING
    started_at: float | None = None
    ended_at: float | None = None
    output: str = ""
    weighty: bool = False

    @property
    def seconds(self) -> float | None:
        """How long it ran; None before it ended."""
        if self.started_at is None or self.ended_at is None:
            return None
        return self.ended_at - self.started_at


@dataclass(frozen=True, slots=True)
class Progress:
    """A running or ended plan. `note` is the live remark of the current step ("62 % of 256 MiB")."""

    action: Action
    guest: str
    title: str
    steps: tuple[StepProgress, ...]
    started_at: float
    ended_at: float | None = None
    failed: str = ""
    next_step: str = ""
    note: str = ""
    undoing: bool = False
    cancelled: bool = False
    results: tuple[Line, ...] = field(default=())

    @property
    def current(self) -> int:
        """Index of the running or failed step; the number of steps when all ended well."""
        for index, step in enumerate(self.steps):
            if step.state in (StepState.RUNNING, StepState.FAILED):
                return index
        done = (StepState.DONE, StepState.ALREADY, StepState.UNDONE, StepState.SKIPPED)
        return sum(step.state in done for step in self.steps)

    @property
    def running(self) -> bool:
        """True until it ended, failed or was cancelled."""
        return self.ended_at is None

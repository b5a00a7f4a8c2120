"""What is known of one guest at one moment: the input of every judgement, gathered by the controller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from colotui.model.incident import Diagnosed
from colotui.model.pair import GuestSpec
from colotui.model.plan import Action, Progress
from colotui.model.protection import Copy, Life, Probe, Role

STALL_GRACE = 4.0
"""Seconds after the checkpoint delay until a missing checkpoint means that the lock-step stands (measured)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One guest's copies and witnesses. Times in epoch seconds of the cockpit; `copies` by host name.

    `forward_up`: carrier of each host's forward NIC, None when not known. `last_checkpoint`: end of the
    newest checkpoint either side told of. `why` and `alone_since`: the survivor's own record, "" when
    the guest was never failed over. `gap_ms`: the client's gap measured at the last failover. `settling`: a plan has
    ended, and the copies were not looked at since. `incidents`: what the rules find in all of this; the table of
    actions obeys what they forbid.
    """

    spec: GuestSpec
    now: float
    copies: Mapping[str, Copy]
    probe: Probe | None = None
    forward_up: Mapping[str, bool | None] = field(default_factory=dict)
    last_checkpoint: float | None = None
    lockstep_since: float | None = None
    progress: Progress | None = None
    half_run: str = ""
    why: str = ""
    alone_since: float | None = None
    gap_ms: float | None = None
    settling: bool = False
    incidents: tuple[Diagnosed, ...] = ()

    def other(self, host: str) -> Copy:
        """The copy on the other host."""
        return next(copy for name, copy in self.copies.items() if name != host)

    @property
    def primary(self) -> Copy | None:
        """The copy that is, or last was, the primary; the one that speaks when both claim it."""
        claims = [copy for copy in self.copies.values() if copy.role is Role.PRIMARY]
        claims.sort(key=lambda copy: (copy.speaks is True, alive(copy), copy.generation), reverse=True)
        return claims[0] if claims else None

    @property
    def secondary(self) -> Copy | None:
        """The copy that is, or last was, the secondary."""
        claims = [copy for copy in self.copies.values() if copy.role is Role.SECONDARY]
        claims.sort(key=lambda copy: (answers(copy), alive(copy), copy.generation), reverse=True)
        return claims[0] if claims else None

    @property
    def stalled(self) -> bool:
        """No checkpoint for longer than a healthy pair can go without one."""
        newest = self.last_checkpoint if self.last_checkpoint is not None else self.lockstep_since
        return newest is not None and self.now - newest > self.spec.checkpoint_delay / 1000.0 + STALL_GRACE

    @property
    def fresh_checkpoint(self) -> bool:
        """A checkpoint was seen to end, no longer ago than a healthy pair can go without one."""
        limit = self.spec.checkpoint_delay / 1000.0 + STALL_GRACE
        return self.last_checkpoint is not None and -1.0 <= self.now - self.last_checkpoint <= limit

    @property
    def link_cut(self) -> bool:
        """One end of the forward link has no carrier."""
        return any(up is False for up in self.forward_up.values())


def reached(evidence: Evidence) -> bool:
    """What the half-run plan wanted is so: only its marker was left behind."""
    if evidence.half_run == Action.SHUTDOWN:
        return not any(alive(copy) for copy in evidence.copies.values())
    primary = evidence.primary
    if primary is None or not answers(primary):
        return False
    twin = evidence.other(primary.host)
    if evidence.half_run in (Action.PROTECT, Action.REPROTECT):
        return in_step(primary, twin) and primary.speaks is True and primary.generation == twin.generation
    if evidence.half_run in (Action.START, Action.SWITCH, Action.STOP):
        return primary.speaks is True and not primary.armed and not alive(twin)
    return False


def alive(copy: Copy) -> bool:
    """A process is there, or may be: a hung one can wake up, and of an unreachable host nothing is known."""
    return copy.life in (Life.RUNNING, Life.PAUSED, Life.WAITING, Life.HUNG, Life.UNREACHABLE)


def answers(copy: Copy) -> bool:
    """QEMU is there and answers its monitor."""
    return copy.life in (Life.RUNNING, Life.PAUSED, Life.WAITING)


def stopped(copy: Copy) -> bool:
    """Stopped by a signal: its host says so (state T), which is another thing than a hang."""
    return "stopped" in copy.detail


def stuck(copy: Copy) -> bool:
    """It hangs, perhaps on a peer that is gone: cutting its links out of band frees it then (measured)."""
    return copy.life is Life.HUNG and not stopped(copy)


def complete(copy: Copy) -> bool:
    """A secondary that holds a whole state of the guest: it was in lock-step, and its disk is not damaged.

    One that runs as `completed` was promoted, but its replies are held still: the plan stopped in between.
    """
    whole = copy.migration == "colo" or (copy.migration == "completed" and copy.life is Life.RUNNING)
    return copy.role is Role.SECONDARY and answers(copy) and whole and not copy.damage


def in_step(first: Copy, second: Copy) -> bool:
    """Both sides say they are in lock-step and the links between them stand."""
    both = answers(first) and answers(second) and first.in_colo and second.in_colo
    return both and first.peer_connected is not False and second.peer_connected is not False

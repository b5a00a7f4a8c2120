"""The state of one armed failover: what it waits for, what disarms it, and the one time that it may act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from colotui.diagnosis.actions import Way
from colotui.diagnosis.arming import arming_refusal, firing
from colotui.diagnosis.evidence import Evidence
from colotui.model.protection import Armed

GRACE = 3.0
"""Seconds the pair may be not Protected before that disarms: the end of a primary breaks the lock-step too, and the
secondary may tell of it before the primary's host tells of the exit."""


@dataclass(frozen=True, slots=True)
class Target:
    """The one process whose end counts: the primary's QEMU by pid and start time (clock ticks since boot)."""

    primary: str
    secondary: str
    pid: int
    start_time: int


class Fuse:
    """One armed failover. Pure: the keeper tells it what is seen, it says what follows.

    It gives a `Way` at most once, only for the end of its own process, and never after it was disarmed.
    """

    def __init__(self, target: Target, since: float, by: str) -> None:
        self.target = target
        self.since = since
        self.by = by
        self.fired = False
        self.ended = ""
        self.unseen = ""
        self._unwell_since: float | None = None

    @property
    def armed(self) -> bool:
        """True until it acted or was disarmed."""
        return not self.fired and not self.ended

    @property
    def view(self) -> Armed | None:
        """For the screen; None when it is not armed."""
        if not self.armed:
            return None
        why = f"{self.unseen} cannot be seen: it will not act" if self.unseen else ""
        return Armed(self.since, self.by, not why, why)

    def disarm(self, why: str) -> bool:
        """Disarm it; False when that had happened before."""
        if not self.armed:
            return False
        self.ended = why
        return True

    def look(self, evidence: Evidence, up: Mapping[str, bool], now: float) -> None:
        """Take what is known now. `up`: whether the channel to each host stands; `now` in seconds."""
        if not self.armed:
            return
        dark = next((name for name, stands in up.items() if not stands), "")
        if dark:
            self.lose_sight(dark)
        if self.unseen:
            return
        target = self.target
        pid = evidence.copies[target.primary].pid
        if pid not in (None, target.pid):
            self.disarm(f"{target.primary} runs another QEMU now (pid {pid})")
            return
        primary = evidence.primary
        moved = primary is not None and primary.host != target.primary
        reason = f"{target.primary} is not the primary any more" if moved else arming_refusal(evidence)
        if reason is None:
            self._unwell_since = None
        elif self._unwell_since is None:
            self._unwell_since = now
        elif now - self._unwell_since >= GRACE:
            self.disarm(reason)

    def lose_sight(self, host: str) -> None:
        """`host` cannot be seen: until `regain`, nothing that happens makes it act."""
        self.unseen = host
        self._unwell_since = None

    def regain(self, pid: int | None, start_time: int | None) -> None:
        """Both hosts are seen again; `pid` and `start_time` are of the primary's QEMU, None when there is none."""
        if not self.armed:
            return
        if (pid, start_time) == (self.target.pid, self.target.start_time):
            self.unseen = ""
        else:
            host = self.target.primary
            self.disarm(
                f"QEMU {self.target.pid} on {host} ended while it could not be seen, what followed is not known"
            )

    def exited(
        self, pid: int, start_time: int, evidence: Evidence, up: Mapping[str, bool], barred: str = ""
    ) -> Way | str:
        """The host's kernel has said that the process ended: the promotion to run now, or why none.

        `barred`: why this cockpit may not act at all (no lock, a plan of the guest runs), else "".
        """
        if not self.armed:
            return "it is not armed"
        if (pid, start_time) != (self.target.pid, self.target.start_time):
            return f"pid {pid} is not the armed process"
        dark = self.unseen or next((name for name, stands in up.items() if not stands), "")
        blocked = barred or (f"{dark} cannot be seen" if dark else "")
        verdict = blocked or firing(evidence, self.target.primary, self.target.secondary)
        if isinstance(verdict, Way):
            self.fired = True
        else:
            self.ended = verdict
        return verdict

"""Whether an armed failover may stand, and whether it may act once the primary's own host has seen its QEMU end."""

from __future__ import annotations

from dataclasses import replace

from colotui.diagnosis.actions import Way, failover_way, refusal
from colotui.diagnosis.evidence import Evidence
from colotui.diagnosis.protection import judge
from colotui.model.plan import Action
from colotui.model.protection import Life, State


def arming_refusal(evidence: Evidence) -> str | None:
    """Why the failover cannot be armed, or cannot stay armed, now; None when it can."""
    progress = evidence.progress
    if progress is not None and progress.running:
        return f"{progress.action.value} is running"
    for copy in evidence.copies.values():
        if copy.life is Life.UNREACHABLE:
            return f"{copy.host} cannot be reached"
    primary, secondary = evidence.primary, evidence.secondary
    if primary is None or secondary is None or judge(evidence).state is not State.PROTECTED:
        return "not protected"
    way = firing(evidence, primary.host, secondary.host)
    return way if isinstance(way, str) else None


def firing(evidence: Evidence, primary: str, secondary: str) -> Way | str:
    """The promotion of `secondary` once the QEMU on `primary` is gone, or why there is none.

    The same table as for a failover by hand, asked with a primary that is dead.
    """
    after = without(evidence, primary)
    reason = refusal(after, Action.FAILOVER)
    if reason is not None:
        return reason
    way = failover_way(after)
    if isinstance(way, str):
        return way
    if not way.promote or way.attest or (way.lost, way.survivor) != (primary, secondary):
        return f"{secondary} is no longer the secondary of {primary}"
    return way


def without(evidence: Evidence, host: str) -> Evidence:
    """The evidence with the QEMU on `host` dead."""
    gone = replace(
        evidence.copies[host],
        life=Life.DEAD,
        speaks=False,
        in_colo=False,
        armed=False,
        peer_connected=None,
        runstate="",
    )
    return replace(evidence, copies={**evidence.copies, host: gone})

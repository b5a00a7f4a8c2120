"""Rules on the disks: what the secondary's copy misses, and why."""

from __future__ import annotations

from colotui.diagnosis.evidence import alive
from colotui.diagnosis.incidents.case import Case, Finding, in_order, spoken
from colotui.model.incident import Confidence, Fact, Kind, Source
from colotui.model.protection import Copy, Role, Severity

LOOKED_BACK = 900.0
"""Seconds of facts that may still be about the present copies."""


def replication_lost(case: Case) -> Finding | None:
    """The primary's writes do not reach the secondary's disk: promoting it would lose them (measured)."""
    secondary = _secondary(case)
    if secondary is None or case.planned:
        return None
    primary = case.other(secondary.host)
    told = tuple(
        fact
        for fact in case.about(secondary.host, case.said("QUORUM_REPORT_BAD", host=primary.host, within=LOOKED_BACK))
        if fact.text.startswith("replication")
    )
    noted = "not replicated" in secondary.damage
    if not told and not noted:
        return None
    witnesses = told or (_noted(secondary),)
    sentence = (
        f"Disk writes no longer reach {secondary.host}: its copy of the disk is older than what clients were told."
    )
    return Finding(Kind.REPLICATION_LOST, sentence, Confidence.PROVEN, Severity.ERROR, in_order(witnesses))


def disk_full(case: Case) -> Finding | None:
    """The secondary's own disk takes no more: full, or failing."""
    secondary = _secondary(case) or _lost_secondary(case)
    if secondary is None or case.planned:
        return None
    host = secondary.host
    errors = case.about(host, case.said("BLOCK_IO_ERROR", host=host, within=LOOKED_BACK))
    full = tuple(fact for fact in errors if fact.value == 1.0 or "No space left" in fact.text)
    told = full or errors
    if not told and "disk reports errors" not in secondary.damage:
        return None
    more = case.around(told[0].at, "no-space", "runstate", "disk", host=host) if told else ()
    if full:
        sentence = f"The secondary's disk on {host} is full; QEMU may end at its next checkpoint."
        return Finding(Kind.DISK_FULL, sentence, Confidence.PROVEN, Severity.ERROR, in_order(full, more))
    sentence = f"The secondary's disk on {host} reports errors: its copy cannot be trusted."
    witnesses = in_order(told or (_noted(secondary),), more)
    settle = f"`df` and the kernel log on {host}: full, or failing"
    return Finding(Kind.DISK_FULL, sentence, Confidence.LIKELY, Severity.ERROR, witnesses, settle)


def _secondary(case: Case) -> Copy | None:
    secondary = case.secondary
    return secondary if secondary is not None and alive(secondary) else None


def _lost_secondary(case: Case) -> Copy | None:
    """A secondary that ended while the primary is still bound to it: QEMU aborts on a full disk (measured)."""
    primary = case.primary
    if primary is None or not (primary.in_colo or primary.armed):
        return None
    return case.other(primary.host)


def _noted(copy: Copy) -> Fact:
    role = "secondary" if copy.role is Role.SECONDARY else "copy"
    return spoken(copy.host, Source.HOST, "damage", f"noted beside this {role}: {copy.damage}", copy.seen_at)


RULES = (replication_lost, disk_full)

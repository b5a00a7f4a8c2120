"""The diagnosis: every rule asked, what a closer cause explains left out, the advice added."""

from __future__ import annotations

from dataclasses import replace

from colotui.diagnosis.actions import Way, failover_way, refusal
from colotui.diagnosis.advice import SERVED, TABLE, fill
from colotui.diagnosis.evidence import Evidence
from colotui.diagnosis.incidents import copies, disks, guest, hosts, links, pace, xen
from colotui.diagnosis.incidents.case import Case, Finding, Rule
from colotui.model.incident import Diagnosed, Kind
from colotui.model.protection import Severity

RULES: tuple[Rule, ...] = (
    *copies.RULES, *hosts.RULES, *links.RULES, *disks.RULES, *guest.RULES, *pace.RULES, *xen.RULES,
)  # fmt: skip

EXPLAINS: dict[Kind, frozenset[Kind]] = {
    Kind.TWO_LIVE: frozenset({Kind.SERVICE_SILENT, Kind.LEFTOVERS, Kind.STALLED}),
    Kind.PRIMARY_DEAD: frozenset({Kind.SERVICE_SILENT, Kind.LEFTOVERS}),
    Kind.PRIMARY_HOST_DEAD: frozenset({Kind.SERVICE_SILENT, Kind.FORWARD_CUT, Kind.LEFTOVERS}),
    Kind.SECONDARY_HOST_DEAD: frozenset({Kind.SERVICE_SILENT, Kind.FORWARD_CUT, Kind.STALLED, Kind.LEFTOVERS}),
    Kind.DEADLOCK: frozenset({Kind.PRIMARY_HUNG, Kind.SECONDARY_HUNG, Kind.QMP_TIMEOUT, Kind.SERVICE_SILENT}),
    Kind.PRIMARY_HUNG: frozenset({Kind.QMP_TIMEOUT, Kind.SERVICE_SILENT}),
    Kind.SECONDARY_HUNG: frozenset({Kind.QMP_TIMEOUT, Kind.SERVICE_SILENT, Kind.STALLED}),
    Kind.SECONDARY_DEAD: frozenset({Kind.SERVICE_SILENT, Kind.LEFTOVERS, Kind.STALLED}),
    Kind.FORWARD_CUT: frozenset({Kind.STALLED, Kind.SERVICE_SILENT}),
    Kind.SERVICE_CUT: frozenset({Kind.SERVICE_SILENT}),
    Kind.DISK_FULL: frozenset({Kind.REPLICATION_LOST}),
    Kind.TRIPLE_FAULT: frozenset({Kind.SERVICE_SILENT, Kind.GUEST_RESET}),
    Kind.GUEST_RESET: frozenset({Kind.SERVICE_SILENT}),
    Kind.GUEST_PANIC: frozenset({Kind.SERVICE_SILENT}),
    Kind.STORM: frozenset({Kind.SLOW_PAUSE}),
    Kind.STALLED: frozenset({Kind.SERVICE_SILENT}),
}
"""What a cause explains is not shown beside it as a cause of its own."""

_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1}


def diagnose(case: Case) -> tuple[Diagnosed, ...]:
    """What the evidence speaks of now, the loudest and surest first. Pure: no clock, no I/O."""
    found = [finding for finding in (rule(case) for rule in RULES) if finding is not None]
    # What is over explains nothing that is so now.
    causes = [finding.kind for finding in found if not finding.over]
    hidden = frozenset[Kind]().union(*(EXPLAINS.get(kind, frozenset()) for kind in causes))
    shown = [finding for finding in found if finding.kind not in hidden]
    ranks = list(Kind)
    shown.sort(key=lambda finding: (_ORDER.get(finding.severity, 2), ranks.index(finding.kind)))
    drafts = tuple(_advised(case, finding) for finding in shown)
    # What one of them forbids, none of them may recommend.
    judged = replace(case.evidence, incidents=drafts)
    return tuple(
        draft if finding.remedy or finding.over else _allowed(draft, judged)
        for draft, finding in zip(drafts, shown, strict=True)
    )


def _advised(case: Case, finding: Finding) -> Diagnosed:
    advice = TABLE[finding.kind]
    if finding.over:
        return Diagnosed(
            kind=finding.kind,
            sentence=finding.sentence,
            confidence=finding.confidence,
            since=finding.since,
            witnesses=finding.witnesses,
            severity=Severity.WARNING,
            client=SERVED,
            do_text=finding.over,
            settle=finding.settle,
        )
    return Diagnosed(
        kind=finding.kind,
        sentence=finding.sentence,
        confidence=finding.confidence,
        since=finding.since,
        witnesses=finding.witnesses,
        severity=finding.severity,
        client=fill(advice.client, case.evidence),
        do_not=fill(advice.do_not, case.evidence),
        forbids=advice.forbids | finding.forbids,
        why_not=fill(advice.why_not, case.evidence),
        settle=finding.settle,
        do_text=finding.remedy or fill(advice.otherwise, case.evidence),
    )


def _allowed(draft: Diagnosed, evidence: Evidence) -> Diagnosed:
    for remedy in TABLE[draft.kind].do:
        if refusal(evidence, remedy.action) is not None:
            continue
        if remedy.promotes is not None:
            way = failover_way(evidence)
            if not isinstance(way, Way) or way.promote is not remedy.promotes:
                continue
        return replace(draft, do=remedy.action, do_text=fill(remedy.text, evidence))
    return draft

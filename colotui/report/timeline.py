"""The timeline: everything that happened as rows in order of time, what tells the same once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from colotui.model.checkpoint import duration
from colotui.model.incident import Incident
from colotui.model.mismatch import Mismatch
from colotui.model.plan import StepState
from colotui.model.protection import Event, Severity
from colotui.report.content import OTHER, Done, Part, Row, Sort
from colotui.ui.format import fine_duration, plural

ROWS = 400
"""Rows shown at most; of more the quietest are left out."""

TOGETHER = 5.0
"""Seconds without one that end a group of mismatches."""

GROUPS = 60
"""Groups of mismatches at most: of a window with more the groups are longer."""

_NEAR = 2.0
_QUIET = (Sort.MISMATCH, Sort.EVENT, Sort.STEP)


def timeline(
    parts: Sequence[Part], events: Sequence[Event], gaps: Sequence[tuple[float, float]]
) -> tuple[tuple[Row, ...], int]:
    """The rows, oldest first, and how many were left out."""
    rows = [row for part in parts for row in _part(part, events)]
    rows += [
        Row(low, Sort.RECORDING, "recorder", f"nobody recorded for {fine_duration(high - low)}", "", Severity.WARNING)
        for low, high in gaps
    ]
    rows += [_event(event) for event in events if not _told_already(event, parts)]
    rows.sort(key=lambda row: row.at)
    left_out = 0
    for sort in _QUIET:
        if len(rows) > ROWS:
            kept = [row for row in rows if row.sort is not sort or row.severity is not Severity.OK]
            left_out += len(rows) - len(kept)
            rows = kept
    left_out += max(0, len(rows) - ROWS)
    return tuple(rows[:ROWS]), left_out


def _part(part: Part, events: Sequence[Event]) -> Iterator[Row]:
    for turn in part.turns:
        yield Row(turn.at, Sort.STATE, part.name, turn.state, turn.headline, turn.severity)
    for incident in part.incidents:
        yield from _incident(incident)
    for done in part.actions:
        yield from _action(done, _who(done, events))
    for silence in part.silences:
        text = "the last answer of the guest's service"
        length = "" if silence.end is None else f"then none for {fine_duration(silence.end - silence.begin)}"
        yield Row(silence.begin, Sort.CLIENT, "client", text, length or "then none any more", Severity.ERROR)
        if silence.end is not None:
            yield Row(silence.end, Sort.CLIENT, "client", "the guest's service answers again")
    yield from _mismatches(list(part.mismatches))


def _incident(incident: Incident) -> Iterator[Row]:
    told = incident.now
    yield Row(
        incident.opened_at, Sort.INCIDENT, "colotui", f"{incident.id}: {told.kind.value}", told.sentence, told.severity
    )
    if incident.closed_at is not None:
        yield Row(incident.closed_at, Sort.INCIDENT, "colotui", f"{incident.id} closed", incident.closed_by)


def _who(done: Done, events: Sequence[Event]) -> str:
    """Who ran it: the operator, or an armed failover by itself. Empty when its event was not recorded."""
    return next((event.source for event in events if _begins(event, done)), "")


def _begins(event: Event, done: Done) -> bool:
    return event.text == done.run.title and abs(event.at - done.run.begun) < _NEAR


def _action(done: Done, who: str) -> Iterator[Row]:
    run = done.run
    count = plural(len(run.steps), "step")
    yield Row(run.begun, Sort.ACTION, who, run.title, f"{run.action.value}, {count}", Severity.WORKING)
    for step in run.steps:
        if step.started_at is None:
            continue
        took = "" if step.seconds is None else fine_duration(step.seconds)
        words = step.output or ("" if step.state is StepState.DONE else step.state.value)
        bad = step.state is StepState.FAILED
        yield Row(
            step.started_at, Sort.STEP, step.host or "colotui", step.title,
            ", ".join(part for part in (took, words) if part), Severity.ERROR if bad else Severity.OK,
        )  # fmt: skip
    if run.ended is not None:
        yield Row(
            run.ended, Sort.ACTION, who, f"{run.title}: {outcome(done)}", run.failed,
            Severity.ERROR if run.failed else Severity.WARNING if done.cancelled else Severity.OK,
        )  # fmt: skip


def outcome(done: Done) -> str:
    """How a plan ended, in a few words."""
    run = done.run
    if run.ended is None:
        return "its end was not recorded"
    took = fine_duration(run.ended - run.begun)
    if run.failed:
        return f"failed after {took}"
    return f"cancelled after {took}" if done.cancelled else f"done in {took}"


def _mismatches(found: list[Mismatch]) -> Iterator[Row]:
    if not found:
        return
    apart = max(TOGETHER, (found[-1].at - found[0].at) / GROUPS)
    group: list[Mismatch] = []
    for one in found:
        if group and one.at - group[-1].at > apart:
            yield _group(group)
            group = []
        group.append(one)
    yield _group(group)


def _group(group: list[Mismatch]) -> Row:
    first = group[0]
    by_protocol = Counter(one.protocol or OTHER for one in group)
    if len(group) == 1:
        forced = "" if first.forced_ms is None else f", a checkpoint after {duration(first.forced_ms)}"
        return Row(first.at, Sort.MISMATCH, "compare", f"{first.protocol or OTHER} mismatch", first.what + forced)
    kinds = ", ".join(f"{count} {protocol}" for protocol, count in by_protocol.most_common(4))
    what, often = Counter(one.what for one in group).most_common(1)[0]
    span = fine_duration(group[-1].at - first.at)
    forced_count = sum(one.forced_ms is not None for one in group)
    detail = f"{kinds}; {often} times {what}; {forced_count} forced a checkpoint"
    return Row(first.at, Sort.MISMATCH, "compare", f"{len(group)} mismatches in {span}", detail)


def _event(event: Event) -> Row:
    return Row(event.at, Sort.EVENT, event.source, event.text, event.detail, event.severity)


def _told_already(event: Event, parts: Sequence[Part]) -> bool:
    """True for an event that only says what another row says: incidents, plans, the client's silence."""
    if event.source == "client":
        return any(part.silences for part in parts)
    for part in parts:
        if any(event.text.startswith(f"incident {incident.id}") for incident in part.incidents):
            return True
        for done in part.actions:
            run = done.run
            prefix = f"{run.action.value} {run.guest}: "
            ends = run.ended is not None and event.text.startswith(prefix) and abs(event.at - run.ended) < _NEAR
            if ends or _begins(event, done):
                return True
    return False

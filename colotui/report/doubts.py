"""What a report does not know, said as such."""

from __future__ import annotations

from collections.abc import Iterator

from colotui.model.checkpoint import Cause
from colotui.model.facts import Missing
from colotui.model.incident import Confidence
from colotui.report.content import Content, Part
from colotui.report.times import full
from colotui.ui.format import fine_duration

ASKED_EVERY = 2.0
"""Seconds between two looks at a service that answers (half a second at one that does not)."""

_APART_MS = 5.0


def doubts(content: Content) -> list[str]:
    """Sentences; never empty, for a report always has its limits."""
    return list(_doubts(content))


def _doubts(content: Content) -> Iterator[str]:
    window = content.window
    if window.note:
        yield f"{window.note[:1].upper()}{window.note[1:]}."
    for low, high in content.gaps:
        yield f"Nobody recorded from {full(low)} to {full(high)} ({fine_duration(high - low)})."
    for blind in content.blind:
        end = "the end of this report" if blind.end is None else full(blind.end)
        why = f" ({blind.why.rstrip('.')})" if blind.why else ""
        yield (
            f"There was no channel to {blind.host} from {full(blind.begin)} to {end}{why}: "
            "what is said of it for that time was not seen there."
        )
    for part in content.parts:
        yield from _of_guest(content, part)
    yield from _clocks(content)
    if content.left_out:
        yield f"{content.left_out} of the quieter rows of the timeline are left out; the recording has them."
    yield "What the packets held is not in a recording: of a mismatch its kind and its lengths are known."


def _of_guest(content: Content, part: Part) -> Iterator[str]:
    if part.spec.probe is None:
        yield f"{part.name} has no probe in the pair file: whether its clients were answered is not known."
    elif not part.asked:
        yield f"The service of {part.name} was not asked in this time: whether clients were answered is not known."
    elif part.silences:
        yield (
            f"A silence counts from the last answer to the next one, and the service is asked every {ASKED_EVERY:g} s: "
            f"it may be up to {ASKED_EVERY:g} s shorter than said."
        )
    else:
        yield (
            f"The service is asked every {ASKED_EVERY:g} s: a silence of {part.name} shorter than that may not be seen."
        )
    for incident in part.incidents:
        told = incident.now
        if told.confidence is not Confidence.PROVEN:
            settle = f" What would settle it: {told.settle.rstrip('.')}." if told.settle else ""
            yield f"{incident.id} ({told.kind.value}) is {told.confidence.value}, not proven.{settle}"
        if incident.open:
            yield f"{incident.id} ({told.kind.value}) was still open when the recording last saw it."
    for done in part.actions:
        if done.run.ended is None:
            yield f"The end of `{done.run.title}` was not recorded."
    silent = part.checkpoints.count_of(Cause.UNKNOWN)
    if silent:
        yield f"Of {silent} of {len(part.checkpoints)} checkpoints of {part.name} the cause is not known."


def _clocks(content: Content) -> Iterator[str]:
    moment = next((part.moment for part in content.parts if part.moment is not None), None)
    for view in moment.hosts if moment is not None else ():
        offset = view.facts.clock_offset_ms if view.facts is not None else Missing("its facts were not read")
        if isinstance(offset, Missing):
            yield f"How far the clock of {view.spec.name} was off is not known: {offset.why.rstrip('.')}."
        elif abs(offset) >= _APART_MS:
            yield (
                f"The clock of {view.spec.name} was {offset:+.0f} ms off the cockpit's: "
                "times in its own words may be that far off."
            )

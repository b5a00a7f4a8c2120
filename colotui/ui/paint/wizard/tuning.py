"""Irq and clock: where the NICs' work lands, what joins or delays packets, the clocks, and what is to be set."""

from __future__ import annotations

from colotui.model.check import Topic
from colotui.model.facts import HostFacts, Missing, NicIrqs
from colotui.model.setup import HostDraft
from colotui.model.survey import HostSurvey
from colotui.ui.format import signed, size_binary
from colotui.ui.paint.wizard.findings import paint_added, paint_findings
from colotui.ui.paint.wizard.leaf import Leaf, paint_item, waiting
from colotui.ui.paint.wizard.view import WizardView

TOGGLES = ("wanted.irqs", "wanted.quickack", "wanted.offloads_off", "wanted.clock", "wanted.keep")
_LABEL = 19
_BUFFERS = ("net.core.rmem_max", "net.core.wmem_max")


def paint(leaf: Leaf, view: WizardView) -> None:
    """A row a fact with both hosts side by side, then the choices."""
    leaf.question(
        "May the set-up tune interrupts, acknowledgements and clocks?",
        "Each of these makes a checkpoint shorter or a mismatch rarer. All are put back when the set-up is undone.",
    )
    if view.look is None or "look" in view.failed:
        waiting(leaf, view, "look", "looking at both hosts")
    if view.look is not None:
        _table(leaf, view)
    leaf.row()
    for key in TOGGLES:
        row = paint_item(leaf, view, key, 0, leaf.row(), _LABEL, leaf.width)
        leaf.at(row - 1)
    paint_findings(leaf, view, Topic.TUNING)
    paint_added(leaf, view, Topic.TUNING)


def _table(leaf: Leaf, view: WizardView) -> None:
    names = [host.name for host in view.hosts]
    half = (leaf.width - _LABEL) // 2
    leaf.row()
    for index, name in enumerate(names):
        leaf.put(_LABEL + index * half, [(name, "bold")], half - 2)
    leaf.rule(0, leaf.width)
    both = [rows_of(view, host) for host in view.hosts]
    for label in dict.fromkeys([*both[0], *both[1]]):
        row = leaf.row()
        leaf.put(0, [(label, "muted")], _LABEL - 2, row=row)
        last = [row + 1]
        for index, told in enumerate(both):
            text, ink = told.get(label, ("—", "low"))
            last.append(leaf.place(_LABEL + index * half, row, text, ink, half - 2))
        leaf.at(max(last) - 1)


def rows_of(view: WizardView, host: HostDraft) -> dict[str, tuple[str, str]]:
    """What a host says, by label, as text and style."""
    look = view.look
    facts = look.facts.get(host.name) if look is not None else None
    survey = look.surveys.get(host.name) if look is not None else None
    rows: dict[str, tuple[str, str]] = {}
    if facts is not None:
        for nic in facts.nic_irqs:
            rows[f"work of {nic.nic}"] = irq_words(nic)
        rows["irqbalance"] = _told(facts.irqbalance, "runs", "does not run")
        rows["quickack"] = _quickack(facts)
        rows["clock offset"] = _clock(facts)
    if survey is not None:
        rows["clock kept by"] = (survey.time_service or "nobody", "base" if survey.time_service else "muted")
        rows["socket buffers"] = _buffers(survey)
        for use, name in (("clients", host.service_nic), ("forward", host.forward_nic)):
            nic_found = survey.nic(name) if name else None
            if nic_found is not None and not isinstance(nic_found.offloads, Missing):
                rows[f"offloads, {use}"] = (" ".join(nic_found.offloads) or "none on", "base")
    return rows


def irq_words(nic: NicIrqs) -> tuple[str, str]:
    """`irq 24 on cpu 1`; a NIC without interrupts says where RPS sends its work."""
    shared = f", shared with {', '.join(nic.shared_with)}" if nic.shared_with else ""
    if not nic.irqs:
        return (f"RPS on cpu {nic.rps}" if nic.rps else "RPS off: the cpu that sends", "base")
    told = [f"irq {irq.number} on cpu {irq.effective or irq.wanted}" for irq in nic.irqs[:4]]
    more = f" and {len(nic.irqs) - 4} more" if len(nic.irqs) > 4 else ""
    return ", ".join(told) + more + shared, "warn" if nic.shared_with else "base"


def _told(value: bool | Missing, yes: str, no: str) -> tuple[str, str]:
    if isinstance(value, Missing):
        return f"? {value.why}", "low"
    return (yes if value else no), "base"


def _quickack(facts: HostFacts) -> tuple[str, str]:
    if isinstance(facts.forward, Missing):
        return f"? {facts.forward.why}", "low"
    return _told(facts.forward.quickack, "on", "off")


def _clock(facts: HostFacts) -> tuple[str, str]:
    if isinstance(facts.clock_offset_ms, Missing):
        return f"? {facts.clock_offset_ms.why}", "low"
    return f"{signed(facts.clock_offset_ms)} ms", "base"


def _buffers(survey: HostSurvey) -> tuple[str, str]:
    told = []
    for name in _BUFFERS:
        text = survey.sysctls.get(name, "")
        if text.isascii() and text.isdigit() and len(text) < 16:
            value, unit = size_binary(float(text))
            told.append(f"{value} {unit}")
    return (" and ".join(told) + ", in and out" if len(told) == 2 else "? not read", "base" if told else "low")


def fact(view: WizardView) -> str:
    """`4 of 5`, for the list of pages."""
    wanted = view.draft.wanted
    on = sum((wanted.irqs, wanted.quickack, wanted.offloads_off, wanted.clock, wanted.keep))
    return f"{on} of {len(TOGGLES)}"

"""The hosts in full: every fact of both, section by section beside each other, nothing cut, filtered by words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from colotui.model.facts import HostFacts, Missing, ModuleState, NicIrqs, QemuFacts
from colotui.model.pair import EngineKind
from colotui.model.protection import HostView
from colotui.ui.format import number, signed, size_binary, whole
from colotui.ui.glyphs import BOTH, WARN
from colotui.ui.paint.box import meter
from colotui.ui.paint.canvas import Span
from colotui.ui.paint.flow import flow
from colotui.ui.paint.hostfacts import irq_side
from colotui.ui.paint.linkwords import link_spans, rate_spans
from colotui.ui.paint.scene import Scene
from colotui.ui.paint.sheet import Sheet, wrapped
from colotui.ui.paint.state import PaneState

_LABEL = 17
_SIDE_BY_SIDE = 110
_GAP = 6

Spans = list[Span]


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its value; what does not fit a row goes on on the next."""

    label: Span
    value: Spans
    indent: int = 0

    @property
    def text(self) -> str:
        """What the filter looks at."""
        return " ".join((self.label[0], *(text for text, _ in self.value)))


@dataclass(frozen=True, slots=True)
class Section:
    """Facts of one kind."""

    title: str
    facts: list[Fact] = field(default_factory=list)


def hosts_sheet(scene: Scene, width: int, state: PaneState) -> Sheet:
    """Both hosts: beside each other with their sections at one height, or one below the other."""
    sheet = Sheet(width)
    views = (scene.left, scene.right)
    chosen = [[_filtered(section, state) for section in sections(scene, view)] for view in views]
    if width < _SIDE_BY_SIDE:
        for view, parts in zip(views, chosen, strict=True):
            _columns(sheet, scene, [view], [parts], width)
            sheet.row()
    else:
        _columns(sheet, scene, list(views), chosen, (width - _GAP) // 2)
    if state.query and not any(section.facts for parts in chosen for section in parts):
        sheet.row()
        sheet.put(0, [(f"nothing matches {state.query}", "low")])
    return sheet


def _filtered(section: Section, state: PaneState) -> Section:
    return Section(section.title, [fact for fact in section.facts if state.matches(f"{section.title} {fact.text}")])


def _columns(sheet: Sheet, scene: Scene, views: list[HostView], parts: list[list[Section]], width: int) -> None:
    _heads(sheet, scene, views, width)
    for index in range(max(len(column) for column in parts)):
        row_sets = [_rows(column[index], width) if index < len(column) else [] for column in parts]
        for line in range(max(len(rows) for rows in row_sets)):
            sheet.row()
            for place, rows in enumerate(row_sets):
                for x, spans in rows[line] if line < len(rows) else ():
                    sheet.put(place * (width + _GAP) + x, spans, width - x)
        if any(row_sets):
            sheet.row()


def _heads(sheet: Sheet, scene: Scene, views: list[HostView], width: int) -> None:
    sheet.row()
    for place, view in enumerate(views):
        spans: Spans = [(view.spec.name, "name"), (f"   {view.spec.user}@{view.spec.address}", "muted")]
        sheet.put(place * (width + _GAP), spans, width)
    sheet.row()
    for place in range(len(views)):
        sheet.put(place * (width + _GAP), [("─" * width, "hairline")])
    for place, view in enumerate(views):
        if view.facts is not None and scene.facts_stale(view.spec.name):
            spans = [("all of this is ", "stale"), scene.age_span(view.facts.taken_at)]
            if place == 0 or len(sheet) == 2:
                sheet.row()
            sheet.put(place * (width + _GAP), spans, width)


def _rows(section: Section, width: int) -> list[list[tuple[int, Spans]]]:
    """The rows of a section: its title, then each fact on as many rows as it takes."""
    if not section.facts:
        return []
    rows: list[list[tuple[int, Spans]]] = [[(0, [(section.title, "bold")])]]
    for fact in section.facts:
        text, style = fact.label
        labels = wrapped(text, _LABEL - 1 - fact.indent)
        values = flow(fact.value, width - _LABEL)
        for index in range(max(len(labels), len(values))):
            row: list[tuple[int, Spans]] = []
            if index < len(labels):
                row.append((fact.indent, [(labels[index], style)]))
            if index < len(values):
                row.append((_LABEL, values[index]))
            rows.append(row)
    return rows


def sections(scene: Scene, view: HostView) -> list[Section]:
    """Everything known of one host."""
    why = Fact((f"{WARN} channel", "warn"), [(view.why, "warn")])
    facts = view.facts
    if facts is None:
        return [Section("host", [*([why] if view.why else []), Fact(("facts", "muted"), [("— no facts yet", "low")])])]
    makers: tuple[tuple[str, Callable[[Scene, HostView, HostFacts], list[Fact]]], ...] = (
        ("host", _machine),
        ("engine", _engine),
        ("modules", _modules),
        ("interrupts", _interrupts),
        ("links", _links),
        ("ifb devices", _ifbs),
    )
    made = [Section(title, make(scene, view, facts)) for title, make in makers]
    if view.why:
        made[0].facts.insert(0, why)
    return made


def _missing(label: str, why: str) -> Fact:
    return Fact((label, "muted"), [("— ", "low"), (why, "low")])


def _machine(scene: Scene, view: HostView, facts: HostFacts) -> list[Fact]:
    percent = "" if facts.cpu_percent is None else f"   {facts.cpu_percent:.0f} %"
    free, unit = size_binary(facts.memory_available)
    total, total_unit = size_binary(facts.memory_total)
    used = 1 - facts.memory_available / facts.memory_total if facts.memory_total > 0 else 0.0
    found = [
        Fact(("kernel", "muted"), [(facts.kernel, "base")]),
        Fact(("load", "muted"), [(f"{facts.load1:.2f}", "strong"), (f"   {facts.cpus} cpus{percent}", "muted")]),
        Fact(
            ("memory", "muted"),
            [*meter(used), (f"  {free}", "strong"), (f" {unit} free of {total} {total_unit}", "low")],
        ),
    ]
    if isinstance(facts.clock_offset_ms, Missing):
        found.append(_missing("clock", facts.clock_offset_ms.why))
    else:
        text = signed(facts.clock_offset_ms)
        found.append(Fact(("clock", "muted"), [(text, "strong"), (" ms", "low"), ("   against this machine", "muted")]))
    way: Spans = (
        [("this machine", "base")] if view.spec.is_local else [(number(facts.rtt_ms), "strong"), (" ms", "low")]
    )
    found.append(Fact(("ssh", "muted"), way))
    if isinstance(facts.irqbalance, Missing):
        found.append(_missing("irqbalance", facts.irqbalance.why))
    else:
        on: Spans = [(f"{WARN} on", "warn"), ("   may undo a binding", "muted")]
        found.append(Fact(("irqbalance", "muted"), on if facts.irqbalance else [("off", "base")]))
    return found


def _engine(scene: Scene, view: HostView, facts: HostFacts) -> list[Fact]:
    if not isinstance(facts.qemu, QemuFacts):
        return [_missing("QEMU", facts.qemu.why)]
    found = [
        Fact(("QEMU", "muted"), [(facts.qemu.version, "base")]),
        Fact(("program", "muted"), [(facts.qemu.path, "base")]),
    ]
    if facts.qemu.problem:
        found.append(Fact((f"{WARN} problem", "warn"), [(facts.qemu.problem, "warn")]))
    return found


def _modules(scene: Scene, view: HostView, facts: HostFacts) -> list[Fact]:
    wanted = scene.guest.spec.engine is EngineKind.XEN
    found = []
    for module in facts.modules:
        bad = module.state is ModuleState.MISSING and wanted
        label = (f"{WARN} {module.name}" if bad else module.name, "warn" if bad else "base")
        value: Spans = [(module.state.value, "muted")]
        if module.purpose:
            value.append((f"   {module.purpose}", "low"))
        if module.note:
            value.append((f"   {module.note}", "muted"))
        found.append(Fact(label, value))
    return found or [_missing("modules", "not read yet")]


def _interrupts(scene: Scene, view: HostView, facts: HostFacts) -> list[Fact]:
    found: list[Fact] = []
    for nic in facts.nic_irqs:
        side = irq_side(nic)
        found.append(Fact((nic.nic, "base"), [*side.value, ("   ", "low"), *side.remark]))
        found += _each_irq(nic)
    return found or [_missing("interrupts", "not read")]


def _each_irq(nic: NicIrqs) -> Iterator[Fact]:
    for irq in nic.irqs:
        value: Spans = [(irq.label, "muted"), (f"   wanted on cpu{irq.wanted}", "base")]
        value.append((f"   lands on cpu{irq.effective}" if irq.effective else "   not known where it lands", "base"))
        if irq.pending:
            value.append((f"   {WARN} pending: the next interrupt moves it", "warn"))
        yield Fact((f"irq {irq.number}", "muted"), value, indent=2)


def _links(scene: Scene, view: HostView, facts: HostFacts) -> list[Fact]:
    found: list[Fact] = []
    for role, link in (("forward", facts.forward), ("bridge", facts.bridge)):
        if isinstance(link, Missing):
            found.append(_missing(role, link.why))
            continue
        found.append(Fact((role, "muted"), link_spans(link)))
        rates = rate_spans(scene, view.spec.name, link)
        rates.append((f"{whole(link.dropped)} dropped", "warn" if link.dropped else "muted"))
        if role == "bridge":
            rates += [("   ", "low"), ("what the bridge passes on between its ports is not in it", "low")]
        found.append(Fact(("traffic", "muted"), rates, indent=2))
        if isinstance(link.quickack, bool):
            slow = "" if link.quickack else "   each pause is about 40 ms longer"
            word = "on" if link.quickack else "off"
            found.append(Fact(("quickack", "muted"), [(word, "base"), (slow, "muted")], indent=2))
        elif role == "forward":
            found.append(Fact(("quickack", "muted"), [("— ", "low"), (link.quickack.why, "low")], indent=2))
    return found


def _ifbs(scene: Scene, view: HostView, facts: HostFacts) -> list[Fact]:
    if isinstance(facts.ifbs, Missing):
        return [_missing("ifb", facts.ifbs.why)]
    found = [
        Fact((pair.nic, "base"), [(f"{pair.primary} {BOTH} {pair.secondary}", "base"), ("   its pair", "low")])
        for pair in facts.ifb_pairs
    ]
    for device in facts.ifbs:
        words = f"{'up' if device.up else 'down'}   {device.qdisc or 'no qdisc'}"
        fed = " ".join(device.fed_by)
        value: Spans = [(words, "base"), (f"   fed by {fed}" if fed else "   nothing feeds it", "muted")]
        value += [(f"   {whole(device.rx_packets)}", "strong"), (" in", "low")]
        value += [(f"   {whole(device.tx_packets)}", "strong"), (" out", "low")]
        value += [(f"   {whole(device.dropped)} dropped", "warn" if device.dropped else "muted")]
        found.append(Fact((device.name, "base"), value))
    return found or [Fact(("ifb", "muted"), [("none", "base")])]

"""The panes in full: every module and interrupt of both hosts, and the checkpoints with their histogram."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from colotui.model.checkpoint import Checkpoint
from colotui.model.facts import HostFacts, IfbDevice, LinkFacts, Missing, ModuleState, QemuFacts
from colotui.model.pair import EngineKind
from colotui.model.protection import HostView
from colotui.ui.format import clock_ms, link_speed, number, size_binary, size_bytes, whole
from colotui.ui.glyphs import BAD, FORCED, METER, WARN
from colotui.ui.paint.canvas import Canvas, Span
from colotui.ui.paint.checkpoints import draw_graph
from colotui.ui.paint.hostfacts import irq_side
from colotui.ui.paint.scene import Scene
from colotui.ui.paint.sheet import Sheet

_LABEL = 14


def host_sheet(scene: Scene, view: HostView, width: int) -> Sheet:
    """Everything known of one host."""
    sheet = Sheet(width)
    sheet.row()
    sheet.put(0, [(view.spec.name, "name"), (f"   {view.spec.user}@{view.spec.address}", "muted")], width)
    sheet.rule(0, width)
    if view.why:
        sheet.row()
        sheet.text(0, f"{WARN} {view.why}", "warn", width)
    facts = view.facts
    if facts is None:
        sheet.row()
        sheet.put(0, [("— no facts yet", "low")])
        return sheet
    if scene.facts_stale(view.spec.name):
        sheet.row()
        sheet.put(0, [("all of this is ", "stale"), scene.age_span(facts.taken_at)])
    _machine(sheet, facts)
    sheet.row()
    sheet.row()
    sheet.put(0, [("modules", "bold")])
    _modules(sheet, facts, width, wanted=scene.guest.spec.engine is EngineKind.XEN)
    for title, draw in (("interrupts", _irqs), ("links", _links), ("ifb devices", _ifbs)):
        sheet.row()
        sheet.row()
        sheet.put(0, [(title, "bold")])
        draw(sheet, facts, width)
    return sheet


def _labelled(sheet: Sheet, label: str, spans: list[Span], width: int) -> None:
    sheet.row()
    sheet.put(0, [(label, "muted")], _LABEL - 1)
    sheet.put(_LABEL, spans, width - _LABEL)


def _machine(sheet: Sheet, facts: HostFacts) -> None:
    width = sheet.width
    _labelled(sheet, "kernel", [(facts.kernel, "base")], width)
    if isinstance(facts.qemu, QemuFacts):
        spans: list[Span] = [(f"QEMU {facts.qemu.version}", "base"), (f"   {facts.qemu.path}", "muted")]
        _labelled(sheet, "engine", spans, width)
        if facts.qemu.problem:
            _labelled(sheet, "", [(f"{WARN} {facts.qemu.problem}", "warn")], width)
    else:
        _labelled(sheet, "engine", [("— ", "low"), (facts.qemu.why, "low")], width)
    percent = "" if facts.cpu_percent is None else f"   {facts.cpu_percent:.0f} %"
    _labelled(sheet, "load", [(f"{facts.load1:.2f}", "strong"), (f"   {facts.cpus} cpus{percent}", "muted")], width)
    free, unit = size_binary(facts.memory_available)
    total, total_unit = size_binary(facts.memory_total)
    _labelled(sheet, "memory", [(free, "strong"), (f" {unit} free of {total} {total_unit}", "low")], width)


def _modules(sheet: Sheet, facts: HostFacts, width: int, *, wanted: bool) -> None:
    for module in facts.modules:
        sheet.row()
        bad = module.state is ModuleState.MISSING and wanted
        sheet.put(0, [(f"{WARN} {module.name}" if bad else module.name, "warn" if bad else "base")], 17)
        sheet.put(18, [(module.state.value, "muted")], 16)
        sheet.text(34, f"{module.purpose}{'; ' if module.note else ''}{module.note}", "low", width - 34)


def _irqs(sheet: Sheet, facts: HostFacts, width: int) -> None:
    if not facts.nic_irqs:
        sheet.row()
        sheet.put(0, [("— not read", "low")])
    for nic in facts.nic_irqs:
        side = irq_side(nic)
        sheet.row()
        sheet.put(0, [(nic.nic, "base")], 12)
        sheet.put(_LABEL, [*side.value, ("   ", "low"), *side.remark], width - _LABEL)
        for irq in nic.irqs if len(nic.irqs) > 1 else ():
            sheet.row()
            sheet.put(2, [(irq.label, "muted")], 24)
            text = f"{irq.number}  wanted cpu{irq.wanted}  lands on cpu{irq.effective or '?'}"
            sheet.put(28, [(text, "base"), ("   pending" if irq.pending else "", "muted")], width - 28)


def _links(sheet: Sheet, facts: HostFacts, width: int) -> None:
    for role, link in (("forward", facts.forward), ("bridge", facts.bridge)):
        sheet.row()
        sheet.put(0, [(role, "muted")], 12)
        if isinstance(link, Missing):
            sheet.put(_LABEL, [("— ", "low"), (link.why, "low")], width - _LABEL)
            continue
        sheet.put(_LABEL, _link(link), width - _LABEL)
        if rates := _rates(link):
            sheet.row()
            sheet.put(_LABEL, rates, width - _LABEL)


def _link(link: LinkFacts) -> list[Span]:
    state: list[Span] = [("up", "base")] if link.up else [(f"{BAD} down", "error-bold")]
    spans: list[Span] = [(f"{link.nic} ", "strong"), *state]
    words = [link_speed(link.speed_mbps), f"mtu {link.mtu}" if link.mtu else "", " ".join(link.addresses)]
    return [*spans, ("   " + "   ".join(word for word in words if word), "muted")]


def _rates(link: LinkFacts) -> list[Span]:
    spans: list[Span] = []
    for name, rate in (("out", link.tx_bytes_per_s), ("in", link.rx_bytes_per_s)):
        if rate is not None:
            value, unit = size_bytes(rate)
            spans += [(f"{name} ", "muted"), (value, "strong"), (f" {unit}/s   ", "low")]
    if link.dropped:
        spans.append((f"{whole(link.dropped)} dropped", "warn"))
    return spans


def _ifbs(sheet: Sheet, facts: HostFacts, width: int) -> None:
    devices: Sequence[IfbDevice] | Missing = facts.ifbs
    if isinstance(devices, Missing):
        sheet.row()
        sheet.put(0, [("— ", "low"), (devices.why, "low")], width)
        return
    if not devices:
        sheet.row()
        sheet.put(0, [("none", "base")])
    for device in devices:
        sheet.row()
        sheet.put(0, [(device.name, "base")], 12)
        words = "   ".join(
            ("up" if device.up else "down", device.qdisc or "no qdisc", f"fed by {' '.join(device.fed_by) or 'none'}")
        )
        sheet.put(_LABEL, [(words, "muted"), (f"   {whole(device.rx_packets)} in", "muted")], width - _LABEL)


_CLASSES = (5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)


def histogram(checkpoints: Sequence[Checkpoint]) -> list[tuple[str, int]]:
    """How many pauses fall into each class, shortest first; empty classes at both ends are left out."""
    counts = [0] * (len(_CLASSES) + 1)
    for checkpoint in checkpoints:
        if checkpoint.pause_ms is not None:
            counts[sum(checkpoint.pause_ms >= limit for limit in _CLASSES)] += 1
    names = [f"< {_CLASSES[0]:.0f} ms"]
    names += [f"{low:.0f}–{high:.0f} ms" for low, high in pairwise(_CLASSES)]
    names.append(f"≥ {_CLASSES[-1]:.0f} ms")
    pairs = list(zip(names, counts, strict=True))
    used = [index for index, (_, count) in enumerate(pairs) if count]
    return pairs[used[0] : used[-1] + 1] if used else []


def checkpoints_page(scene: Scene, width: int, height: int) -> Canvas:
    """Big graph, histogram and the newest checkpoints one by one."""
    canvas = Canvas(width, height)
    graph_rows = max(3, height // 3)
    draw_graph(scene, canvas, 0, graph_rows, 0, width, times=True)
    y = graph_rows + 3
    classes = histogram(scene.guest.checkpoints)
    most = max((count for _, count in classes), default=1)
    canvas.put(0, y, "how long the primary stood still", "bold")
    for index, (name, count) in enumerate(classes):
        row = y + 1 + index
        canvas.right(14, row, [(name, "muted")])
        bar = max(1 if count else 0, round(count / most * max(4, width // 2 - 30)))
        at = canvas.put(16, row, METER * bar, "periodic")
        canvas.put(at + 1, row, whole(count), "strong")
    x = width // 2 + 4
    canvas.put(x, y, "the newest", "bold")
    for index, checkpoint in enumerate(list(reversed(scene.guest.checkpoints))[: max(0, height - y - 1)]):
        row = y + 1 + index
        canvas.put(x, row, clock_ms(checkpoint.at), "muted")
        canvas.right(x + 22, row, [(number(checkpoint.pause_ms), "strong"), (" ms", "low")])
        pages = f"{whole(checkpoint.pages)} pages" if checkpoint.pages is not None else ""
        canvas.right(x + 36, row, [(pages, "muted")])
        forced: Span = (f"{FORCED} {checkpoint.cause.value}", "forced") if checkpoint.cause.forced else ("", "low")
        canvas.spans(x + 39, row, [forced if forced[0] else (checkpoint.cause.value, "muted")])
    return canvas

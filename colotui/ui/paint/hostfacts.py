"""The facts of the two hosts as comparable rows: one label, and for each side a value and a remark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from colotui.model.facts import HostFacts, IfbPair, Missing, ModuleState, NicIrqs
from colotui.model.pair import EngineKind
from colotui.model.protection import HostView, LinkState, Role
from colotui.ui.format import number, rate_count, signed, size_binary, whole
from colotui.ui.glyphs import BINDS, BOTH, WARN
from colotui.ui.paint.canvas import Span
from colotui.ui.paint.scene import Scene

Spans = list[Span]
_CLOCK_LIMIT_MS = 1000.0
_LOW_MEMORY = 0.05
_REMARK = 40


@dataclass(frozen=True, slots=True)
class Side:
    """What one host says in a row; the remark is optional and goes outward. `warns` marks an amber row."""

    value: Spans
    remark: Spans
    warns: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One compared fact. Rows of low `rank` stay when there is no room for all."""

    label: str
    left: Side
    right: Side
    rank: int


def missing(why: str) -> Side:
    """A value that cannot be had, and why."""
    return Side([("—", "low")], [(why, "low")])


def _nothing() -> Side:
    return Side([("—", "low")], [])


def rows(scene: Scene) -> list[Row]:
    """All rows, in the order they are shown."""
    return [
        _row(scene, "modules", 1, _modules),
        *_ifb_rows(scene),
        *_irq_rows(scene),
        _row(scene, "irqbalance", 4, _irqbalance),
        _row(scene, "quickack", 5, _quickack),
        _row(scene, "clock", 3, _clock),
        _row(scene, "ssh", 7, _ssh),
        _row(scene, "load", 6, _load),
    ]


def fitting(all_rows: list[Row], count: int) -> list[Row]:
    """The `count` rows of lowest rank, still in their order."""
    kept = sorted(range(len(all_rows)), key=lambda index: (all_rows[index].rank, index))[: max(0, count)]
    return [all_rows[index] for index in sorted(kept)]


def warnings(scene: Scene, host: str) -> int:
    """How many rows of `host` are amber."""
    left = host == scene.left.spec.name
    return sum((row.left if left else row.right).warns for row in rows(scene))


def _row(scene: Scene, label: str, rank: int, make: Callable[[Scene, HostView, HostFacts], Side]) -> Row:
    return Row(label, _side(scene, scene.left, make), _side(scene, scene.right, make), rank)


def _side(scene: Scene, view: HostView, make: Callable[[Scene, HostView, HostFacts], Side]) -> Side:
    facts = view.facts
    if facts is None:
        return _nothing()
    side = make(scene, view, facts)
    if not scene.facts_stale(view.spec.name):
        return side
    dim = [(text, "stale") for text, _ in side.value]
    return Side(dim, [scene.age_span(facts.taken_at)], side.warns)


def _modules(scene: Scene, view: HostView, facts: HostFacts) -> Side:
    if not facts.modules:
        return missing("not read yet")
    ready = [module for module in facts.modules if module.ready]
    value: Spans = [(f"{len(ready)} of {len(facts.modules)} ready", "base")]
    absent = [module for module in facts.modules if module.state is ModuleState.MISSING]
    gone = [module for module in facts.modules if module.state is ModuleState.GONE]
    loadable = [module for module in facts.modules if module.state is ModuleState.LOADABLE]
    if absent and scene.guest.spec.engine is not EngineKind.XEN:
        # QEMU's COLO redirects packets itself: what Xen's would need is a grey fact here.
        names = " ".join(module.name for module in absent)
        return Side(value, [(f"{names} missing, not needed for QEMU", "muted")])
    if absent:
        names = " ".join(module.name for module in absent)
        note = f": {absent[0].note}" if len(absent) == 1 and absent[0].note else ""
        return Side(value, [(f"{WARN} {names} missing{note}", "warn")], warns=True)
    if gone:
        note = f": {gone[0].note}" if gone[0].note else ""
        return Side(value, [(f"{gone[0].name} {gone[0].state.value}{note}", "muted")])
    if loadable:
        return Side(value, [("  ".join(module.name for module in loadable) + " can be loaded", "muted")])
    return Side(value, _listed([module.name for module in ready]))


def _listed(names: list[str]) -> Spans:
    """Names apart, so that whole ones are dropped where there is no room; never more than a remark's worth."""
    spans: Spans = []
    for index, name in enumerate(names):
        if sum(len(text) for text, _ in spans) + len(name) > _REMARK:
            return [*spans, ("  ", "low"), ("…", "muted")]
        spans += [("  ", "low"), (name, "muted")] if index else [(name, "muted")]
    return spans


def _ifb_rows(scene: Scene) -> list[Row]:
    nics: list[str] = []
    for view in (scene.left, scene.right):
        if view.facts is not None:
            nics += [pair.nic for pair in view.facts.ifb_pairs if pair.nic not in nics]
    if not nics:
        return [_row(scene, "ifb pairs", 8, _no_pairs)]

    def of(nic: str) -> Callable[[Scene, HostView, HostFacts], Side]:
        return lambda scene, view, facts: _ifb(scene, view, facts, nic)

    return [_row(scene, f"ifb pair {nic}", 2, of(nic)) for nic in nics]


def _no_pairs(scene: Scene, view: HostView, facts: HostFacts) -> Side:
    if isinstance(facts.ifbs, Missing):
        return missing(facts.ifbs.why)
    if not facts.ifbs:
        return Side([("none", "base")], [("no ifb device", "muted")])
    count = len(facts.ifbs)
    return Side([("none wired", "base")], [(f"{count} ifb device{'s' if count != 1 else ''}", "muted")])


def _ifb(scene: Scene, view: HostView, facts: HostFacts, nic: str) -> Side:
    pair = next((found for found in facts.ifb_pairs if found.nic == nic), None)
    if pair is None:
        if isinstance(facts.ifbs, Missing):
            return missing(facts.ifbs.why)
        if scene.copy(view.spec.name).role is Role.SECONDARY:
            return Side([("not needed on the secondary", "muted")], [])
        return Side([("none", "base")], [("no ifb pair of this NIC", "muted")])
    return _pair(scene, view, pair)


def _pair(scene: Scene, view: HostView, pair: IfbPair) -> Side:
    up: Spans = [(f"{pair.primary} {BOTH} {pair.secondary} ", "base")]
    up += [("up", "base")] if pair.up else [(f"{WARN} down", "warn")]
    remark: Spans = []
    if pair.packets_per_s is not None:
        value, prefix = rate_count(pair.packets_per_s, scene.units, f"ifb-{view.spec.name}-{pair.nic}")
        remark = [
            (value if prefix else whole(pair.packets_per_s), "strong"),
            (f" {prefix} pkt/s".replace("  ", " "), "low"),
        ]
    dropped = "warn-bold" if pair.dropped else "strong"
    remark += [("   " if remark else "", "low"), (whole(pair.dropped), dropped), (" dropped", "muted")]
    return Side(up, remark, warns=not pair.up)


def _irq_rows(scene: Scene) -> list[Row]:
    left, right = scene.left.spec, scene.right.spec
    out: list[Row] = []
    for role, names in (
        ("clients", (_service_nic(scene.left), _service_nic(scene.right))),
        ("forward", (left.forward.nic, right.forward.nic)),
    ):
        if not any(names):
            continue
        label = f"irq {names[0]}" if names[0] == names[1] else f"irq {role}"
        out.append(
            Row(
                label,
                _side(scene, scene.left, _irq_of(names[0], named=names[0] != names[1])),
                _side(scene, scene.right, _irq_of(names[1], named=names[0] != names[1])),
                2,
            )
        )
    return out


def _service_nic(view: HostView) -> str:
    if view.spec.service_nic:
        return view.spec.service_nic
    if view.facts is not None:
        return next((nic.nic for nic in view.facts.nic_irqs if nic.nic != view.spec.forward.nic), "")
    return ""


def _irq_of(nic: str, *, named: bool) -> Callable[[Scene, HostView, HostFacts], Side]:
    def make(scene: Scene, view: HostView, facts: HostFacts) -> Side:
        found = next((entry for entry in facts.nic_irqs if entry.nic == nic), None)
        if found is None:
            return missing(f"{nic or 'no NIC'}: not read")
        side = irq_side(found)
        return Side([(f"{nic} ", "muted"), *side.value], side.remark, side.warns) if named else side

    return make


def irq_side(found: NicIrqs) -> Side:
    """Where a NIC's interrupts land, and what is wrong with that."""
    remark: Spans = []
    warns = bool(found.shared_with)
    if found.shared_with:
        remark = [(f"{WARN} shared with {' '.join(found.shared_with)}", "warn")]
    if not found.irqs:
        value = f"rps {BINDS} cpu{found.rps}" if found.rps else "no irq, rps off"
        return Side([(value, "base")], remark, warns)
    if any(irq.pending for irq in found.irqs):
        remark.append(("   pending" if remark else "pending", "muted"))
    lands = sorted({irq.effective or irq.wanted for irq in found.irqs})
    if len(found.irqs) == 1:
        irq = found.irqs[0]
        return Side([(f"{irq.number} {BINDS} cpu{irq.effective or irq.wanted}", "base")], remark, warns)
    numbers = f"{found.irqs[0].number}–{found.irqs[-1].number}"
    return Side([(f"{numbers} {BINDS} cpu{','.join(lands)}", "base")], remark, warns)


def _irqbalance(scene: Scene, view: HostView, facts: HostFacts) -> Side:
    if isinstance(facts.irqbalance, Missing):
        return missing(facts.irqbalance.why)
    if facts.irqbalance:
        return Side([(f"{WARN} on", "warn")], [("may undo a binding", "muted")], warns=True)
    return Side([("off", "base")], [])


def _quickack(scene: Scene, view: HostView, facts: HostFacts) -> Side:
    if isinstance(facts.forward, Missing):
        return missing(facts.forward.why)
    state = facts.forward.quickack
    if isinstance(state, Missing):
        return missing(state.why)
    return (
        Side([("on", "base")], []) if state else Side([("off", "base")], [("each pause about 40 ms longer", "muted")])
    )


def _clock(scene: Scene, view: HostView, facts: HostFacts) -> Side:
    mine = facts.clock_offset_ms
    if isinstance(mine, Missing):
        return missing(mine.why)
    other = scene.right if view is scene.left else scene.left
    theirs = other.facts.clock_offset_ms if other.facts is not None else None
    if theirs is None or isinstance(theirs, Missing) or other.link is not LinkState.UP:
        return Side([(signed(mine), "strong"), (" ms", "low")], [("against this machine", "muted")])
    if view is scene.right:
        return Side([("reference", "base")], [])
    apart = mine - theirs
    if abs(apart) > _CLOCK_LIMIT_MS:
        return Side([(f"{WARN} {signed(apart)} ms", "warn")], [("must be within 1 s", "muted")], warns=True)
    return Side([(signed(apart), "strong"), (" ms", "low")], [])


def _ssh(scene: Scene, view: HostView, facts: HostFacts) -> Side:
    if view.spec.is_local:
        return Side([("this machine", "base")], [])
    return Side([(number(facts.rtt_ms), "strong"), (" ms", "low")], [])


def _load(scene: Scene, view: HostView, facts: HostFacts) -> Side:
    """Load in the middle, free memory outward; amber when hardly any memory is free."""
    free, unit = size_binary(facts.memory_available)
    total, total_unit = size_binary(facts.memory_total)
    low = facts.memory_total > 0 and facts.memory_available < facts.memory_total * _LOW_MEMORY
    words = f" {unit} of {total} {total_unit} free"
    memory: Spans = [(f"{WARN} {free}{words}", "warn")] if low else [(free, "strong"), (words, "muted")]
    if facts.cpu_percent is not None:
        cpus = f" % of {facts.cpus} cpu{'s' if facts.cpus != 1 else ''}   "
        memory = [(f"{facts.cpu_percent:.0f}", "strong"), (cpus, "muted"), *memory]
    return Side([(f"{facts.load1:.2f}", "strong")], memory, warns=low)

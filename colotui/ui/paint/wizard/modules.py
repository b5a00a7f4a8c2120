"""Modules and ifb: what each kernel brings along, what stands in for what is gone, and whether ifb is wanted."""

from __future__ import annotations

from colotui.model.check import Topic
from colotui.model.facts import Missing, Module, ModuleState
from colotui.model.pair import EngineKind
from colotui.ui.glyphs import GOOD
from colotui.ui.paint.canvas import Span
from colotui.ui.paint.wizard.findings import paint_added, paint_findings
from colotui.ui.paint.wizard.leaf import Leaf, paint_item, waiting
from colotui.ui.paint.wizard.view import WizardView


def paint(leaf: Leaf, view: WizardView) -> None:
    """One row a module, then the choice about ifb."""
    classic = view.draft.guest.engine is EngineKind.XEN
    leaf.question(
        "Do both kernels bring along what this engine needs?",
        "Classic COLO sends the packets of both copies through tc and two ifb devices for each guest NIC."
        if classic
        else "The qemu engine copies and compares packets inside QEMU: it does without tc and ifb. "
        "They are wanted only to try the wiring of classic COLO.",
    )
    if view.look is None or "look" in view.failed:
        waiting(leaf, view, "look", "looking at both kernels")
    _table(leaf, view)
    leaf.row()
    for key in ("wanted.ifb", "wanted.wiring"):
        paint_item(leaf, view, key, 0, leaf.row(), 14, leaf.width)
    paint_findings(leaf, view, Topic.MODULES)
    paint_added(leaf, view, Topic.MODULES)


def _table(leaf: Leaf, view: WizardView) -> None:
    found = modules_of(view)
    if not found:
        return
    names = [host.name for host in view.hosts]
    wide = leaf.width >= 100
    state = 16 if wide else 13
    first = 14
    columns = (first, first + state)
    purpose = columns[1] + state
    note = purpose + (leaf.width - purpose) * 58 // 100 if wide else 0
    leaf.row()
    leaf.put(0, [("module", "muted")])
    for index, name in enumerate(names):
        leaf.put(columns[index], [(name, "bold")], state - 2)
    leaf.put(purpose, [("what for", "muted")])
    if wide:
        leaf.put(note, [("instead", "muted")])
    leaf.rule(0, leaf.width)
    for name, pair in found.items():
        row = leaf.row()
        leaf.put(0, [(name, "base")], first - 1, row=row)
        last = [row + 1]
        for index, module in enumerate(pair):
            leaf.put(columns[index], state_words(module), state - 1, row=row)
        known = next(module for module in pair if module is not None)
        notes = dict.fromkeys(module.note for module in pair if module is not None and module.note)
        instead = "; ".join(notes)
        last.append(leaf.place(purpose, row, known.purpose, "muted", (note - 2 if wide else leaf.width) - purpose))
        if instead and wide:
            last.append(leaf.place(note, row, instead, "base", leaf.width - note))
        elif instead:
            last.append(leaf.place(purpose, last[-1], instead, "base", leaf.width - purpose))
        leaf.at(max(last) - 1)


def modules_of(view: WizardView) -> dict[str, tuple[Module | None, Module | None]]:
    """The modules by name, as both hosts tell them."""
    if view.look is None:
        return {}
    both = [
        {module.name: module for module in view.look.facts[host.name].modules} if host.name in view.look.facts else {}
        for host in view.hosts
    ]
    names = dict.fromkeys([*both[0], *both[1]])
    return {name: (both[0].get(name), both[1].get(name)) for name in names}


def state_words(module: Module | None) -> list[Span]:
    """Where a module stands; what is merely unusual stays grey."""
    if module is None:
        return [("?", "low"), (" not known", "low")]
    if module.ready:
        return [(GOOD, "muted"), (f" {module.state.value}", "base")]
    if module.state is ModuleState.LOADABLE:
        return [("○", "muted"), (" loadable", "base")]
    return [("—", "low"), (" gone" if module.state is ModuleState.GONE else " missing", "muted")]


def fact(view: WizardView) -> str:
    """`2 ifb`, for the list of pages."""
    if not view.draft.wanted.ifb:
        return "no ifb"
    counts = [
        len(facts.ifbs)
        for facts in (view.look.facts.values() if view.look is not None else ())
        if not isinstance(facts.ifbs, Missing)
    ]
    fewest = min(counts, default=0)
    return f"{fewest} ifb" if fewest else "ifb wanted"

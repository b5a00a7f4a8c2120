"""Engine: which hypervisor runs the guest, and whether the one on both hosts can do it."""

from __future__ import annotations

from colotui.model.check import Topic
from colotui.model.facts import QemuFacts
from colotui.model.pair import EngineKind
from colotui.ui.paint.wizard.findings import paint_added, paint_table
from colotui.ui.paint.wizard.leaf import Leaf, paint_item, waiting
from colotui.ui.paint.wizard.view import WizardView


def paint(leaf: Leaf, view: WizardView) -> None:
    """The choice, then what the hosts have."""
    leaf.question(
        "Which engine keeps the two copies in step?",
        "Not every version that has COLO in it can do COLO: both hosts are asked, and it is said what works.",
    )
    paint_item(leaf, view, "engine", 0, leaf.row(), 10, leaf.width)
    leaf.row()
    waiting(leaf, view, "look", "asking both hosts")
    paint_table(leaf, view, Topic.ENGINE)
    paint_added(leaf, view, Topic.ENGINE)


def fact(view: WizardView) -> str:
    """`QEMU 11.1.3`, for the list of pages."""
    if view.draft.guest.engine is EngineKind.XEN:
        return "Xen"
    found = {
        facts.qemu.version
        for facts in (view.look.facts.values() if view.look is not None else ())
        if isinstance(facts.qemu, QemuFacts)
    }
    return f"QEMU {found.pop()}" if len(found) == 1 else "QEMU"

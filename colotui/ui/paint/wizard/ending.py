"""First protection and drill: the pair exists, its guest is started, protected, and moved once on purpose."""

from __future__ import annotations

from colotui.model.protection import Life, Role, State
from colotui.ui.glyphs import GOOD, state_glyph
from colotui.ui.paint.canvas import Span
from colotui.ui.paint.wizard.leaf import Leaf, waiting
from colotui.ui.paint.wizard.view import WizardView


def paint_protection(leaf: Leaf, view: WizardView) -> None:
    """Where the pair file is, and how the guest stands, live."""
    name = view.draft.guest.name
    leaf.question(
        f"The pair is set up. Start {name} and protect it?",
        "Both are plans of the cockpit: each is shown with its commands before it runs.",
    )
    _written(leaf, view)
    if not _guest(leaf, view):
        return
    leaf.row()
    leaf.row()
    if view.guest is not None and view.guest.protection.state is State.PROTECTED:
        leaf.text(0, f"{name} is protected. What remains is to see it survive: enter goes to the drill.", "base",
                  leaf.width)  # fmt: skip
    else:
        spans: list[Span] = [("Enter ", "strong"), (next_words(view), "base")]
        leaf.put(0, spans)


def next_words(view: WizardView) -> str:
    """What Enter does on the page of the first protection."""
    if view.guest is None:
        return "waits for the hosts"
    running = any(copy.life in (Life.RUNNING, Life.PAUSED) for copy in view.guest.copies.values())
    return "protects it" if running else f"starts it on {view.hosts[0].name}, then protects it"


def paint_drill(leaf: Leaf, view: WizardView) -> None:
    """A planned switch, so that the first failover is not the first time."""
    name = view.draft.guest.name
    leaf.question(
        f"A drill: let {name} change hosts once, on purpose?",
        "The planned switch does what a failover does, with both hosts well. It shows the gap the clients will feel.",
    )
    if not _guest(leaf, view):
        return
    leaf.row()
    leaf.row()
    state = view.guest.protection.state if view.guest is not None else None
    if view.drilled and state is State.PROTECTED:
        leaf.put(0, [(GOOD, "muted"), (" The drill is done: it moved and is protected again.", "strong")])
        leaf.row()
        leaf.row()
        leaf.put(0, [("Enter ", "strong"), ("opens the cockpit", "base")])
        return
    words = "re-protects it on the other host" if view.drilled else "shows the plan of the switch"
    leaf.put(0, [("Enter ", "strong"), (words, "base")])
    leaf.row()
    leaf.put(0, [("o ", "strong"), ("opens the cockpit without it", "base")])


def _written(leaf: Leaf, view: WizardView) -> None:
    leaf.row()
    if view.pair_path:
        leaf.put(0, [(GOOD, "muted"), (" written: ", "muted"), (view.pair_path, "bold")])
    else:
        leaf.put(0, [("The pair file is not written yet: it is when the page “run” has come to its end.", "muted")])


def _guest(leaf: Leaf, view: WizardView) -> bool:
    """The guest's state as the cockpit would say it; False before anything is known."""
    leaf.row()
    leaf.row()
    if waiting(leaf, view, "controller", "connecting"):
        return False
    guest = view.guest
    if guest is None:
        if view.pair_path:
            leaf.put(0, [("◐ ", "accent-bold"), ("connecting …", "muted")])
        return False
    told = guest.protection
    style = "pill" if told.state is State.PROTECTED else "badge"
    sign = state_glyph(told.state, told.severity)
    leaf.put(0, [(f" {sign} {told.state.value.upper()} ", style), ("  ", "base"), (guest.name, "name")])
    leaf.row()
    leaf.row()
    leaf.text(0, told.headline, "base", leaf.width)
    for host in view.hosts:
        copy = guest.copies.get(host.name)
        leaf.row()
        leaf.put(0, [(host.name, "muted")], 14)
        if copy is None:
            leaf.put(15, [("?", "low")])
        else:
            role = "no role" if copy.role is Role.NONE else copy.role.value
            leaf.put(15, [(copy.life.value, "base"), (f"   {role}", "muted")])
    return True

"""Hosts and keys: how each host is reached, whether it was, and the key that has to be compared."""

from __future__ import annotations

from colotui.model.check import Topic
from colotui.ui.format import lasting, number
from colotui.ui.glyphs import BAD, GOOD, WARN
from colotui.ui.paint.wizard.findings import paint_added, paint_findings
from colotui.ui.paint.wizard.leaf import Leaf, paint_item
from colotui.ui.paint.wizard.view import WizardView

FIELDS = ("name", "address", "user", "port", "key")
_LABEL = 10


def paint(leaf: Leaf, view: WizardView) -> None:
    """Both hosts beside each other, row by row."""
    leaf.question(
        "Which two hosts become the pair, and how are they reached?",
        "All goes through SSH; nothing is installed. “local” is this machine. A new key is never accepted unseen.",
    )
    gap = 4
    half = (leaf.width - gap) // 2
    row = leaf.row()
    leaf.rule(0, half)
    leaf.put(half + gap, [("─" * half, "hairline")])
    for place, host in enumerate(view.hosts):
        x = place * (half + gap)
        leaf.put(x, [(host.name or "host", "strong"), ("   ", "base"), (host.address, "muted")], half, row=row)
    tops = [row + 2, row + 2]
    for field in FIELDS:
        start = max(tops)
        for place in (0, 1):
            tops[place] = paint_item(
                leaf, view, f"host.{place}.{field}", place * (half + gap), start, _LABEL, min(half, 50)
            )
    start = max(tops) + 1
    ends = [_status(leaf, view, place, place * (half + gap), start, half) for place in (0, 1)]
    leaf.at(max(ends) - 1)
    if view.both_reached():
        paint_findings(leaf, view, Topic.HOSTS)
        paint_added(leaf, view, Topic.HOSTS)


def _status(leaf: Leaf, view: WizardView, place: int, x: int, row: int, width: int) -> int:
    """How reaching a host stands; the row after it."""
    reached, host = view.reached[place], view.hosts[place]
    seconds = view.since(f"reach-{place}")
    leaf.at(row)
    if seconds is not None:
        leaf.put(x, [("◐ ", "accent-bold"), ("connecting …", "muted"), (f" {lasting(seconds)}", "low")], width, row=row)
        return row + 1
    if f"reach-{place}" in view.failed:
        leaf.put(x, [(BAD, "error-bold")], row=row)
        return leaf.place(x + 2, row, view.failed[f"reach-{place}"], "base", width - 2)
    if reached is None:
        words = "enter connects" if host.address else "its address is wanted"
        leaf.put(x, [(words, "low")], width, row=row)
        return row + 1
    if reached.ok:
        leaf.put(x, [(GOOD, "muted"), (" reached", "bold")], width, row=row)
        facts = [f"as {reached.user}" if reached.user else "", f"on {reached.hostname}" if reached.hostname else ""]
        facts += [f"Linux {reached.kernel}" if reached.kernel else ""]
        facts += [f"{number(reached.rtt_ms)} ms away" if reached.rtt_ms is not None else ""]
        return leaf.place(x + 2, row + 1, ", ".join(fact for fact in facts if fact), "muted", width - 2)
    if reached.fingerprint:
        return _key(leaf, view, place, x, row, width)
    leaf.put(x, [(BAD, "error-bold"), (" not reached", "error-bold")], width, row=row)
    row = leaf.place(x + 2, row + 1, reached.problem, "base", width - 2)
    return leaf.place(x + 2, row, reached.next_step, "muted", width - 2) if reached.next_step else row


def _key(leaf: Leaf, view: WizardView, place: int, x: int, row: int, width: int) -> int:
    """A key nobody has accepted yet: the whole fingerprint, and what to do before saying yes."""
    reached = view.reached[place]
    item = view.item(f"ask.{place}")
    focused = view.focused is not None and item is not None and view.focused.key == item.key
    if reached is None:
        return row
    leaf.put(x, [(WARN, "warn-bold"), (" its key is not known yet", "warn-bold")], width, row=row)
    row = leaf.place(x + 2, row + 1, reached.fingerprint, "strong", width - 2)
    console = "cd /etc/ssh; ssh-keygen -lf ssh_host_ed25519_key.pub"
    row = leaf.place(x + 2, row, f"Compare it on the host's own console: {console}", "muted", width - 2)
    leaf.at(row)
    leaf.spot(x, x + width, f"item:ask.{place}", row)
    if focused:
        leaf.focus_row = row
        leaf.put(x + 2, [(" y ", "recommended"), ("  it is the same: accept it", "base")], width - 2, row=row)
    else:
        leaf.put(x + 2, [("tab", "strong"), (" here, then ", "muted"), ("y", "strong"), (" accepts it", "muted")],
                 width - 2, row=row)  # fmt: skip
    return row + 1

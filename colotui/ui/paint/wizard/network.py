"""Network: the NICs of both hosts and their use, the test of the cable between them, and what is wrong."""

from __future__ import annotations

from colotui.model.check import Topic
from colotui.model.survey import Nic
from colotui.ui.format import link_speed
from colotui.ui.paint.canvas import Span
from colotui.ui.paint.wizard.cable import paint_cable
from colotui.ui.paint.wizard.findings import paint_added, paint_findings
from colotui.ui.paint.wizard.leaf import Leaf, is_focused, paint_item, waiting
from colotui.ui.paint.wizard.view import WizardView

_LABEL = 17


def paint(leaf: Leaf, view: WizardView) -> None:
    """Two tables, the cable test, the findings."""
    leaf.question(
        "Which NIC faces the clients, and which one joins the two hosts?",
        "The forward NIC carries every checkpoint and every packet copy. A cable between the hosts, with nothing else "
        "on it.",
    )
    if view.look is None or "look" in view.failed:
        if not waiting(leaf, view, "look", "looking at the NICs of both hosts"):
            leaf.row()
            leaf.put(0, [("The hosts were not looked at yet: t looks.", "muted")])
        if view.look is None:
            return
    gap = 3 if leaf.width >= 100 else 2
    half = (leaf.width - gap) // 2
    row = leaf.row()
    leaf.row()
    ends = [_host(leaf, view, place, place * (half + gap), row, half) for place in (0, 1)]
    leaf.at(max(ends) - 1)
    leaf.row()
    paint_cable(leaf, view)
    paint_findings(leaf, view, Topic.NETWORK)
    paint_added(leaf, view, Topic.NETWORK)


def _columns(width: int) -> dict[str, int]:
    """Where the columns of a table begin; those that have no room are left out."""
    if width >= 58:
        return {"nic": 2, "driver": 10, "link": 21, "address": 30, "use": width - 13}
    if width >= 46:
        return {"nic": 1, "link": 10, "address": 19, "use": width - 10}
    return {"nic": 1, "address": 9, "use": width - 10}


def _host(leaf: Leaf, view: WizardView, place: int, x: int, row: int, width: int) -> int:
    """The NICs of a host, then its bridge and forward address; the row after them."""
    host = view.hosts[place]
    leaf.put(x, [(host.name, "strong"), ("  ", "base"), (host.address, "muted")], width, row=row)
    leaf.put(x, [("─" * width, "hairline")], row=leaf.at(row + 1))
    columns = _columns(width)
    row = leaf.at(row + 2)
    for name, at in columns.items():
        leaf.put(x + at, [(name, "muted")], row=row)
    row += 1
    nics = view.look.nics(host.name) if view.look is not None else ()
    for nic in nics:
        _nic(leaf, view, place, nic, x, leaf.at(row), width, columns)
        row += 1
    if not nics:
        row = leaf.place(x + 1, row, "its NICs could not be read", "warn", width - 1)
    row += 1
    for field in ("bridge", "forward_address"):
        row = paint_item(leaf, view, f"host.{place}.{field}", x, row, min(_LABEL, width // 2), min(width, 44))
    return row


def _nic(
    leaf: Leaf, view: WizardView, place: int, nic: Nic, x: int, row: int, width: int, columns: dict[str, int]
) -> None:
    item = view.item(f"nic.{place}.{nic.name}")
    focused = is_focused(view, item)
    ground = "@cursor-background" if focused else ""
    if focused:
        leaf.focus_row = row
        leaf.put(x, [(" " * width, f"base{ground}")], row=row)
    host = view.hosts[place]
    used = nic.name in (host.service_nic, host.forward_nic)
    ink = "base" if used else "muted"
    cells: dict[str, Span] = {
        "nic": (nic.name, "strong" if used else "base"),
        "driver": (nic.driver or nic.kind, "muted"),
        "link": (link_words(nic), ink),
        "address": (address_words(nic), ink),
        "use": use_words(view, place, nic),
    }
    if "link" not in columns and not nic.carrier:
        cells["address"] = (link_words(nic), "muted")
    if width < 46:
        cells["address"] = (cells["address"][0].partition("/")[0], ink)
    edges = [*columns.values(), width + 1]
    for (name, at), end in zip(columns.items(), edges[1:], strict=True):
        text, style = cells[name]
        style = "strong" if focused and name == "use" and used else style
        leaf.put(x + at, [(text, style + ground)], max(1, end - at - 1), row=row)
    leaf.spot(x, x + width, f"item:nic.{place}.{nic.name}", row)


def link_words(nic: Nic) -> str:
    """`1 Gb/s`, `up` where it does not say how fast, `no link`, `down`."""
    if not nic.up:
        return "down"
    return (link_speed(nic.speed_mbps) or "up") if nic.carrier else "no link"


def address_words(nic: Nic) -> str:
    """The first address, or the bridge it lies in."""
    if nic.master:
        return f"in {nic.master}"
    first = next((address for address in nic.addresses if ":" not in address), "")
    return first or next(iter(nic.addresses), "")


def use_words(view: WizardView, place: int, nic: Nic) -> Span:
    """What a NIC is chosen for."""
    host = view.hosts[place]
    if nic.name == host.forward_nic:
        return "● forward", "accent-bold"
    if nic.name == host.service_nic:
        return "● clients", "bold"
    return "—", "low"


def fact(view: WizardView) -> str:
    """`eth1 = eth1`, for the list of pages."""
    left, right = view.hosts
    return f"{left.forward_nic} ⇄ {right.forward_nic}" if left.forward_nic and right.forward_nic else ""

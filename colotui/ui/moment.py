"""Which moment is drawn: live or frozen, of which guest; and what of a snapshot cannot wait for the next tick."""

from __future__ import annotations

from colotui.model.protection import GuestView, Snapshot
from colotui.ui.paint.scene import Scene


def guest_of(snapshot: Snapshot, name: str) -> GuestView | None:
    """The guest called `name`, else the first one; None when the pair has none."""
    for view in snapshot.guests:
        if view.name == name:
            return view
    return snapshot.guests[0] if snapshot.guests else None


def scene_of(newest: Snapshot | None, frozen: Snapshot | None, guest: str, wall: float) -> Scene | None:
    """The scene of `frozen` when there is one, else of `newest`. None without a snapshot or a guest."""
    if newest is None:
        return None
    snapshot = newest if frozen is None else frozen
    view, live = guest_of(snapshot, guest), guest_of(newest, guest)
    if view is None or live is None:
        return None
    return Scene(
        snapshot=snapshot,
        guest=view,
        now=wall if frozen is None else frozen.at,
        wall=wall,
        frozen=frozen is not None,
        live=None if frozen is None else live.protection,
    )


def urgent(snapshot: Snapshot) -> tuple[object, ...]:
    """What must be on the screen without waiting for the next tick."""
    found: list[object] = [view.link for view in snapshot.hosts]
    for view in snapshot.guests:
        found += [view.protection.state, view.protection.severity, view.protection.headline]
        found.append(tuple(incident.id for incident in view.incidents if incident.open))
        if view.progress is not None:
            found.append(tuple(step.state for step in view.progress.steps))
    return tuple(found)

"""How one host's copy of a guest stands, in the few fixed words that the resource agent for Pacemaker reads."""

from __future__ import annotations

from colotui.model.plan import Action
from colotui.model.protection import Copy, GuestView, Life, Role, State

SPEAKING = 1000
"""Promotion score of the copy that speaks: nothing may be moved without a reason."""

COMPLETE = 100
"""Promotion score of a secondary that could carry on."""

EMPTY = 10
"""Promotion score where no copy runs at all and this host's disk is as new as any."""


def standing(view: GuestView, host: str) -> dict[str, str]:
    """The words: `copy` here, `peer` on `peer_host`, `serves`, what colotui allows (`can`), the promotion `score`.

    Every value is made of our own words and the pair file's names. `serves`: yes or no as the guest's own service says,
    "" without a probe. `score` is "" where this copy must not be promoted.
    """
    own = view.copies[host]
    other = next(copy for name, copy in view.copies.items() if name != host)
    # This look is read-only by our own choice: that is no reason against an action.
    can = [action.value for action, why in view.actions.items() if why in (None, "read-only")]
    score = _score(view, own, other, can)
    return {
        "copy": copy_word(own),
        "peer": copy_word(other),
        "peer_host": other.host,
        "serves": "" if view.probe is None else "yes" if view.probe.ok else "no",
        "can": " ".join(can),
        "score": "" if score is None else str(score),
    }


def copy_word(copy: Copy) -> str:
    """primary, secondary, none; what is neither: paused, hung-primary, hung-secondary, unreachable, unclear."""
    if copy.life is Life.UNREACHABLE:
        return "unreachable"
    if copy.life in (Life.ABSENT, Life.DEAD):
        return "none"
    if copy.role is Role.NONE:
        return "unclear"
    if copy.life is Life.HUNG:
        return f"hung-{copy.role.value}"
    if copy.life is Life.PAUSED and copy.role is Role.PRIMARY:
        return "paused"
    return copy.role.value


def _score(view: GuestView, own: Copy, other: Copy, can: list[str]) -> int | None:
    here, there = copy_word(own), copy_word(other)
    if here == "primary":
        return SPEAKING
    if here == "secondary":
        whole = not own.damage and (view.protection.state is State.PROTECTED or Action.FAILOVER.value in can)
        return COMPLETE if whole else None
    if here == there == "none" and Action.START.value in can and own.generation >= max(other.generation, 0):
        return EMPTY
    return None

"""The chosen checkpoint: the next forced one before or after it, and what it is in words."""

from __future__ import annotations

import math

from colotui.model.checkpoint import Checkpoint
from colotui.ui.format import clock_ms, number, plural
from colotui.ui.paint.scene import Scene

_AT_ONCE = 1000


def step_to_forced(scene: Scene, chosen: float | None, by: int) -> float | None:
    """The forced checkpoint `by` places before `chosen` (after it, when below 0); at the ends the last there is.

    None chosen begins with the newest one that the axis shows.
    """
    log = scene.guest.checkpoints
    if abs(by) >= _AT_ONCE:
        return log.forced_after(-math.inf) if by > 0 else log.forced_before(math.inf)
    if chosen is None:
        return log.forced_before(scene.axis.right(scene.now)) if by else None
    for _ in range(abs(by)):
        found = log.forced_before(chosen) if by > 0 else log.forced_after(chosen)
        if found is None:
            break
        chosen = found
    return chosen


def checkpoint_text(checkpoint: Checkpoint) -> str:
    """One checkpoint as a line of text."""
    parts = [clock_ms(checkpoint.at), checkpoint.cause.value]
    if checkpoint.pause_ms is not None:
        parts.append(f"pause {number(checkpoint.pause_ms)} ms")
    if checkpoint.pages is not None:
        parts.append(plural(checkpoint.pages, "page"))
    return "  ".join(parts)


def chosen_text(scene: Scene, chosen: float | None) -> str:
    """The chosen checkpoint as a line of text; "" when there is none, or it is no longer kept."""
    if chosen is None:
        return ""
    found = scene.guest.checkpoints.between(chosen, math.nextafter(chosen, math.inf))
    return checkpoint_text(found[0]) if found else ""

"""The armed failover in the top line: that it is armed, and in words when it would not act."""

from __future__ import annotations

from colotui.ui.glyphs import WARN
from colotui.ui.paint.canvas import Span
from colotui.ui.paint.scene import Scene

ROOMY = 140
"""From so many columns on, the whole reason is said."""


def armed_badge(scene: Scene, width: int, style: str) -> list[Span]:
    """The badge for a terminal of `width` columns, its reason in `style`; empty when it is not armed."""
    armed = scene.guest.armed
    if armed is None:
        return []
    if armed.able:
        return [(" ARMED ", "badge")]
    # Before the colon stands what is wrong, after it what follows from that.
    why = armed.why if width >= ROOMY else armed.why.partition(":")[0]
    return [(f" ARMED {WARN} ", "badge-warn"), (f" {why}", style)]


def armed_words(scene: Scene) -> list[Span]:
    """The same as one row of a very small terminal."""
    armed = scene.guest.armed
    if armed is None:
        return []
    return [("ARMED", "strong")] if armed.able else [(f"ARMED {WARN} {armed.why}", "warn-bold")]

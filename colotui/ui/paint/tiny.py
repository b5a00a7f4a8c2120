"""The last resort of a very small terminal: state, who is primary, the one key, and that more room is wanted."""

from __future__ import annotations

from colotui.model.protection import Severity, State
from colotui.ui.actions import BY_ACTION
from colotui.ui.format import clock, lasting, plural
from colotui.ui.paint.armed import armed_words
from colotui.ui.paint.canvas import Canvas, Line
from colotui.ui.paint.scene import Scene
from colotui.ui.paint.top import glyph_of


def paint_tiny(scene: Scene, width: int, height: int) -> list[Line]:
    """Whatever of it fits."""
    canvas = Canvas(width, height)
    protection = scene.protection
    ground, style = {
        Severity.ERROR: ("band-error-background", "error-band-bold"),
        Severity.WARNING: ("band-warning-background", "warning-band-bold"),
        Severity.WORKING: ("band-working-background", "working-band-bold"),
        Severity.OK: ("surface", "strong"),
    }[Severity.OK if protection.state is State.PROTECTED else protection.severity]
    for y, (text, look) in enumerate(_rows(scene, style)[:height]):
        canvas.put(0, y, text, look)
        if look == style:
            canvas.ground(y, ground)
    return scene.finish(canvas)


def _rows(scene: Scene, style: str) -> list[tuple[str, str]]:
    protection = scene.protection
    rows = [(f"{glyph_of(scene, protection)} {protection.state.value.upper()}", style)]
    name = scene.guest.name
    if scene.replay:
        rows.append((f"REPLAY {clock(scene.now)}", "badge-replay"))
    rows.append((f"{name} on {protection.primary}" if protection.primary else name, "name"))
    if protection.do_now is not None:
        key = scene.key(protection.do_now.value, BY_ACTION[protection.do_now].key)
        rows.append((f"{key}  {BY_ACTION[protection.do_now].word}", "strong"))
    others = sum(row.needs_you for row in scene.tabs if row.key != (scene.place, name))
    if others:
        rows.append((f"{scene.key('overview', 'o')}  {plural(others, 'other')} in need", "error-bold"))
    rows += armed_words(scene)
    if scene.frozen:
        rows.append((f"FROZEN {lasting(scene.wall - scene.now)} ago", "warn-bold"))
    elif scene.stale(scene.snapshot.at):
        rows.append((f"{lasting(scene.now - scene.snapshot.at)} old", "stale-age"))
    rows.append(("80x24 is wanted", "low"))
    return rows

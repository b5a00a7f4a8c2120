"""The key bar: the recommended key first, disabled ones in low with the reason, help pinned at the right."""

from __future__ import annotations

from colotui.ui.actions import ACTIONS, BY_ACTION, key_order, reason
from colotui.ui.paint.canvas import Canvas, Line, Span, cells_of, clip, width_of
from colotui.ui.paint.scene import Scene

_REASON_WIDE = 28
_REASON_NARROW = 16


def paint_keys(scene: Scene, width: int) -> list[Line]:
    """One row. What does not fit is dropped from the end: reasons first, then keys; help never."""
    canvas = Canvas(width, 1, "surface")
    margin = 2 if width >= 90 else 1
    progress = scene.guest.progress
    end = canvas.right(width - margin, 0, [(scene.key("help", "?"), "strong"), (" help", "muted")]) - 2
    extra = _extra(scene, width, acting=progress is not None)
    gap = 3 if width >= 120 else 2
    for length, reasons in ((_REASON_WIDE, 99), *((_REASON_NARROW, count) for count in range(len(ACTIONS), -1, -1))):
        actions = _actions(scene, length, reasons)
        groups = [*extra[:1], *actions, *extra[1:]] if progress is not None else [*actions, *extra]
        if sum(width_of(group) + gap for group in groups) - gap <= end - margin:
            break
    keep = len(groups)
    command = [group for group in extra if group[0][0] == scene.key("palette", ":")]
    while keep > 1 and sum(width_of(g) + gap for g in [*groups[:keep], *command]) > end - margin:
        keep -= 1
    shown = groups[:keep] + [group for group in command if group not in groups[:keep]]
    x = margin
    for group in shown:
        x = canvas.spans(x, 0, group, max(0, end - x)) + gap
    return scene.finish(canvas)


def _actions(scene: Scene, length: int, reasons: int) -> list[list[Span]]:
    """All actions of the bar; the first `reasons` disabled ones say why in at most `length` cells."""
    out: list[list[Span]] = []
    for action in key_order(scene.guest):
        text = BY_ACTION[action]
        key = scene.key(action.value, text.key)
        why = "read-only" if scene.snapshot.read_only else reason(scene.guest, action)
        if why is None:
            out.append([(key, "strong"), (f" {text.word}…", "base" if action is scene.protection.do_now else "muted")])
            continue
        cells = clip(cells_of(why), length) if reasons > 0 else ()
        reasons -= 1
        out.append([(f"{key} {text.word}" + (f": {''.join(cells)}" if cells else ""), "low")])
    return out


def _extra(scene: Scene, width: int, *, acting: bool) -> list[list[Span]]:
    entries = [("filter", "/", "filter"), ("freeze", "z", "goes on" if scene.frozen else "freeze")]
    entries.append(("palette", ":", "command" if width >= 90 else "all"))
    if acting:
        entries.insert(0, ("view-plan", "v", "view the plan"))
    return [[(scene.key(name, default), "strong"), (f" {word}", "muted")] for name, default, word in entries]

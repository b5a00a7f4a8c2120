"""The key bar: the recommended key first, disabled ones in low with the reason, help pinned at the right."""

from __future__ import annotations

from colotui.ui.actions import BY_ACTION, key_order, reason
from colotui.ui.paint.canvas import Canvas, Line, Span, width_of
from colotui.ui.paint.scene import Scene

_REASON_WIDE = 24


def paint_keys(scene: Scene, width: int) -> list[Line]:
    """One row. What does not fit is dropped from the end: reasons first, then keys; help never."""
    canvas = Canvas(width, 1, "surface")
    margin = 2 if width >= 90 else 1
    progress = scene.guest.progress
    end = canvas.right(width - margin, 0, [(scene.key("help", "?"), "strong"), (" help", "muted")]) - 2
    extra = _extra(scene, width, acting=progress is not None)
    for reasons in (_REASON_WIDE, 12, 0):
        actions = _actions(scene, reasons)
        groups = [*extra[:1], *actions, *extra[1:]] if progress is not None else [*actions, *extra]
        gap = 3 if width >= 120 else 2
        if sum(width_of(group) + gap for group in groups) <= end - margin:
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


def _actions(scene: Scene, reason_width: int) -> list[list[Span]]:
    out: list[list[Span]] = []
    for action in key_order(scene.guest):
        text = BY_ACTION[action]
        key = scene.key(action.value, text.key)
        why = (scene.snapshot.read_only and "read-only") or reason(scene.guest, action)
        if why is None:
            out.append([(key, "strong"), (f" {text.word}…", "base" if action is scene.protection.do_now else "muted")])
            continue
        words = f": {why}" if reason_width else ""
        if len(words) > reason_width + 2:
            words = words[: reason_width + 1].rstrip() + "…"
        out.append([(f"{key} {text.word}{words}", "low")])
    return out


def _extra(scene: Scene, width: int, *, acting: bool) -> list[list[Span]]:
    entries = [("filter", "/", "filter"), ("freeze", "z", "goes on" if scene.frozen else "freeze")]
    entries.append(("palette", ":", "command" if width >= 90 else "all"))
    if acting:
        entries.insert(0, ("view-plan", "v", "view the plan"))
    return [[(scene.key(name, default), "strong"), (f" {word}", "muted")] for name, default, word in entries]

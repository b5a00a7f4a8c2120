"""The keys at the foot of a pane in full."""

from __future__ import annotations

from colotui.ui.format import plural
from colotui.ui.paint.canvas import Canvas, Line, Span, width_of
from colotui.ui.paint.scene import Scene

_Key = tuple[tuple[str, ...], str]
_MOVE: _Key = (("j", "k"), "move")
_PLAN: _Key = (("enter",), "open the plan")
_OF_INCIDENTS: tuple[_Key, ...] = (
    (("next-error", "previous-error"), "open ones"),
    (("bundle",), "bundle"),
    (("filter",), "filter"),
)
_KEYS: dict[str, tuple[_Key, ...]] = {
    "hosts": (_MOVE, (("/",), "filter"), (("tab",), "the wiring")),
    "wiring": (_MOVE, (("tab",), "the facts")),
    "checkpoints": (
        (("zoom-in", "zoom-out"), "zoom"),
        (("earlier", "later"), "time"),
        (("time-now",), "now"),
        (("j", "k"), "choose"),
        (("e", "E"), "forced"),
    ),
    "mismatches": (_MOVE, (("enter",), "packets"), (("capture",), "capture"), (("/",), "filter")),
    "packets": (_MOVE, (("e", "E"), "older, newer mismatch"), (("capture",), "capture")),
    "incidents": ((("down", "up"), "incident"), *_OF_INCIDENTS),
    "incidents-plan": (_PLAN, (("down", "up"), "incident"), *_OF_INCIDENTS),
    "incident-list": ((("enter",), "open it"), (("down", "up"), "incident"), *_OF_INCIDENTS),
    "incident": ((("down", "up"), "scroll"), *_OF_INCIDENTS),
    "incident-plan": (_PLAN, (("down", "up"), "scroll"), *_OF_INCIDENTS),
    "events": (_MOVE, (("/",), "filter"), (("e", "E"), "errors")),
}
_EVERYWHERE: tuple[_Key, ...] = ((("y",), "copy"), (("z",), "freeze"))


def paint_footer(scene: Scene, pane: str, width: int, below: int = 0) -> list[Line]:
    """One row; keys that do not fit are left out from the end. `below`: rows of the page that lie below the screen.

    Keys that the user's keymap can move are named by their binding.
    """
    canvas = Canvas(width, 1)
    x, end = 2, width - 2
    if below > 0:
        end = canvas.right(end, 0, [(f"↓ {plural(below, 'row')} more", "low")]) - 3
    for names, word in ((("esc",), "back"), *_KEYS[pane], *_EVERYWHERE):
        if scene.replay and (names, word) == _PLAN:
            word = "to its moment"
        key = " ".join(scene.key(name, name).partition(" ")[0] for name in names)
        spans: list[Span] = [(key, "strong"), (f" {word}", "muted")]
        if x + width_of(spans) > end:
            break
        x = canvas.spans(x, 0, spans) + 3
    return scene.finish(canvas)

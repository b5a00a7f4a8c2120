"""The key bar: the recommended key first, disabled ones in low with the reason, help pinned at the right."""

from __future__ import annotations

from dataclasses import dataclass

from colotui.ui.actions import ACTIONS, BY_ACTION, key_order, reason
from colotui.ui.paint.canvas import Canvas, Line, Span, cells_of, clip, width_of
from colotui.ui.paint.scene import Scene

_REASON_WIDE = 28
_REASON_NARROW = 16


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the bar: the id of its binding, what is shown, and from which cell."""

    name: str
    spans: tuple[Span, ...]
    x: int = 0

    @property
    def width(self) -> int:
        """How many cells it takes."""
        return width_of(self.spans)


def paint_keys(scene: Scene, width: int) -> list[Line]:
    """One row."""
    canvas = Canvas(width, 1, "surface")
    for key in placed_keys(scene, width):
        canvas.spans(key.x, 0, key.spans, max(0, width - key.x))
    return scene.finish(canvas)


def key_at(scene: Scene, width: int, x: int) -> str | None:
    """The id of the binding whose key lies under cell `x`, for the mouse."""
    for key in placed_keys(scene, width):
        if key.x <= x < key.x + key.width:
            return key.name
    return None


def placed_keys(scene: Scene, width: int) -> list[Key]:
    """What fits, with its place. Reasons are shortened first, then keys are dropped from the end; help never."""
    margin = 2 if width >= 90 else 1
    acting = scene.guest.progress is not None
    pinned = Key("help", ((scene.key("help", "?"), "strong"), (" help", "muted")))
    end = width - margin - pinned.width - 2
    extra = _extra(scene, width, acting=acting)
    gap = 3 if width >= 120 else 2
    if scene.replay:
        keys = [*_replay(scene), *_incidents(scene), *extra]
        return [*_placed(keys, extra[-1], margin, end, gap), _pinned(pinned, width, margin)]
    for length, reasons in ((_REASON_WIDE, 99), *((_REASON_NARROW, count) for count in range(len(ACTIONS), -1, -1))):
        actions = _actions(scene, length, reasons)
        actions[1:1] = _incidents(scene)
        keys = [*extra[:1], *actions, *extra[1:]] if acting else [*actions, *extra]
        if sum(key.width + gap for key in keys) - gap <= end - margin:
            break
    return [*_placed(keys, extra[-1], margin, end, gap), _pinned(pinned, width, margin)]


def _pinned(key: Key, width: int, margin: int) -> Key:
    return Key(key.name, key.spans, max(0, width - margin - key.width))


def _placed(keys: list[Key], palette: Key, margin: int, end: int, gap: int) -> list[Key]:
    """What fits before `end`; what does not is dropped from the end, the palette never."""
    keep = len(keys)
    while keep > 1 and sum(key.width + gap for key in _with(keys[:keep], palette)) > end - margin:
        keep -= 1
    placed: list[Key] = []
    x = margin
    for key in _with(keys[:keep], palette):
        if x + key.width > end:
            break
        placed.append(Key(key.name, key.spans, x))
        x += key.width + gap
    return placed


def _with(keys: list[Key], palette: Key) -> list[Key]:
    return keys if palette in keys else [*keys, palette]


def _actions(scene: Scene, length: int, reasons: int) -> list[Key]:
    """All actions of the bar; the first `reasons` disabled ones say why in at most `length` cells."""
    out: list[Key] = []
    for action in key_order(scene.guest):
        text = BY_ACTION[action]
        key = scene.key(action.value, text.key)
        why = "read-only" if scene.snapshot.read_only else reason(scene.guest, action)
        if why is None:
            word = "base" if action is scene.protection.do_now else "muted"
            out.append(Key(action.value, ((key, "strong"), (f" {text.word}…", word))))
            continue
        short = why.partition(":")[0].partition(";")[0].partition(",")[0]
        cells = clip(cells_of(short), length) if reasons > 0 else ()
        reasons -= 1
        words = f"{key} {text.word}" + (f": {''.join(cells)}" if cells else "")
        out.append(Key(action.value, ((words, "low"),)))
    return out


def _incidents(scene: Scene) -> list[Key]:
    """The key to the incidents, with how many are open; beside the recommended key, for it says why."""
    if not scene.guest.incidents:
        return []
    opened = sum(incident.open for incident in scene.guest.incidents)
    words = f" incidents {opened}" if opened else " incidents"
    return [Key("incidents", ((scene.key("incidents", "i"), "strong"), (words, "muted")))]


def _replay(scene: Scene) -> list[Key]:
    """The keys that move through a recording. Of a pair of keys the bar shows both, and a click is the second one."""
    entries = (
        ("", "replay-play", "play/pause"),
        ("replay-back", "replay-on", "10 s"),
        ("replay-incident-back", "replay-incident", "incident"),
        ("", "replay-time", "time"),
        ("replay-slower", "replay-faster", "speed"),
        ("replay-mismatch-back", "replay-mismatch", "mismatch"),
        ("replay-action-back", "replay-action", "action"),
        ("replay-minute-back", "replay-minute-on", "1 min"),
    )
    made: list[Key] = []
    for back, name, word in entries:
        shown = " ".join(scene.key(part, part).partition(" ")[0] for part in (back, name) if part)
        made.append(Key(name, ((shown, "strong"), (f" {word}", "muted"))))
    return made


def _extra(scene: Scene, width: int, *, acting: bool) -> list[Key]:
    entries = [("filter", "/", "filter"), ("freeze", "z", "goes on" if scene.frozen else "freeze")]
    if scene.replay:
        entries = entries[:1]
    entries.append(("palette", ":", "command" if width >= 90 else "all"))
    if acting:
        entries.insert(0, ("view-plan", "v", "view the plan"))
    return [Key(name, ((scene.key(name, default), "strong"), (f" {word}", "muted"))) for name, default, word in entries]

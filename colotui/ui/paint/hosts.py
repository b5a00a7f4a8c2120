"""The hosts pane: facts of both hosts on either side of a spine, or one host at a time on a small terminal."""

from __future__ import annotations

import math

from colotui.model.protection import HostView, LinkState, Role
from colotui.ui.format import age, lasting
from colotui.ui.glyphs import SPEAKS, WARN
from colotui.ui.paint.box import badge, can_be_promoted, copy_rows, guest_spans, is_lost
from colotui.ui.paint.canvas import Canvas, Line, Span, fitted, width_of
from colotui.ui.paint.hostfacts import Row, Side, fitting, rows, warnings
from colotui.ui.paint.scene import Scene, pane_title
from colotui.ui.paint.state import PaneState

_SPINE = 18
_MARGIN = 2


def ages(scene: Scene) -> tuple[Span, ...]:
    """`all values < 1 s old`, or which host's values are stale."""
    spans: list[Span] = []
    newest = 0.0
    for view in (scene.left, scene.right):
        if view.facts is None:
            text = "connecting" if view.link is LinkState.CONNECTING else "no facts"
            spans.append((f"{view.spec.name}: {text}", "muted"))
            continue
        old = max(0.0, scene.now - view.facts.taken_at)
        newest = max(newest, old)
        if scene.facts_stale(view.spec.name):
            spans.append((f"{view.spec.name}: values {age(old)}", "warn"))
    if not spans:
        return ((f"all values < {max(1, math.ceil(newest))} s old", "low"),)
    joined: list[Span] = []
    for index, span in enumerate(spans):
        joined += ([("   ", "low")] if index else []) + [span]
    return tuple(joined)


def paint_hosts(scene: Scene, width: int, height: int, state: PaneState) -> list[Line]:
    """The pane at full or middle width, with its title."""
    canvas = Canvas(width, height)
    focused = scene.focused == "hosts"
    pane_title(canvas, 0, _MARGIN, width - _MARGIN, "1", "hosts", right=ages(scene), focused=focused)
    shown = fitting(rows(scene), height - 1)
    state.settle(len(shown), len(shown))
    for index, row in enumerate(shown):
        _spine_row(canvas, index + 1, row)
        if focused and index == state.cursor:
            canvas.ground(index + 1, "cursor-background")
    return scene.finish(canvas)


def _spine_row(canvas: Canvas, y: int, row: Row) -> None:
    left_line = (canvas.width - _SPINE) // 2
    right_line = left_line + _SPINE - 1
    canvas.put(left_line, y, "│", "hairline")
    canvas.put(right_line, y, "│", "hairline")
    label = row.label[: _SPINE - 2]
    canvas.put(left_line + 1 + (_SPINE - 2 - len(label)) // 2, y, label, "muted")
    _outward_left(canvas, y, row.left, left_line - 1)
    _outward_right(canvas, y, row.right, right_line + 2)


def _outward_left(canvas: Canvas, y: int, side: Side, end: int) -> None:
    at = canvas.right(end, y, side.value, end - _MARGIN)
    if side.remark and at - 3 > _MARGIN:
        canvas.right(at - 3, y, fitted(side.remark, at - 3 - _MARGIN), at - 3 - _MARGIN)


def _outward_right(canvas: Canvas, y: int, side: Side, start: int) -> None:
    end = canvas.width - _MARGIN
    at = canvas.spans(start, y, side.value, end - start)
    if side.remark:
        canvas.spans(at + 3, y, fitted(side.remark, end - at - 3), end - at - 3)


def _head_words(scene: Scene, host: str) -> list[Span]:
    copy = scene.copy(host)
    spans = guest_spans(scene, copy)
    if copy.speaks and not is_lost(scene, copy) and scene.guest.probe is not None and scene.guest.probe.ok:
        return [*spans[:1], ("  speaks", "accent-bold")]
    held = copy.role is Role.SECONDARY and copy.speaks is False and not is_lost(scene, copy)
    if held and not can_be_promoted(scene, copy) and len(spans) > 1:
        return [*spans[:1], ("  replies held", "muted")]
    return spans


def paint_hosts_folded(scene: Scene, width: int, height: int, state: PaneState) -> list[Line]:
    """At 100 columns: the picture is gone, the roles sit in the heads of the spine."""
    canvas = Canvas(width, height)
    left_line = (width - _SPINE) // 2
    right_line = left_line + _SPINE - 1
    left, right = scene.left.spec, scene.right.spec
    _folded_head(scene, canvas, left_line, right_line)
    values_left, values_right = copy_rows(scene, left.name), copy_rows(scene, right.name)
    body = [Row("guest", _guest_side(scene, left.name), _guest_side(scene, right.name), 0)]
    for index in (2, 3):
        label = values_left[index][0]
        body.append(Row(label, _no_meter(values_left[index][1]), _no_meter(values_right[index][1]), 0))
    body += rows(scene)
    shown = fitting(body, height - 1)
    state.settle(len(shown), len(shown))
    for index, row in enumerate(shown):
        _spine_row(canvas, index + 1, row)
        if scene.focused == "hosts" and index == state.cursor:
            canvas.ground(index + 1, "cursor-background")
    return scene.finish(canvas)


def _guest_side(scene: Scene, host: str) -> Side:
    """Life and whether it speaks, both next to the spine; anything else goes outward."""
    first, *others = _head_words(scene, host)
    if others and others[0][0].strip() in ("speaks", "replies held", "can be promoted"):
        return Side([first, ("  ", "low"), (others[0][0].strip(), others[0][1])], [])
    return Side([first], [(text.strip(), style) for text, style in others])


def _no_meter(spans: list[Span], *, whole: bool = False) -> Side:
    """A value without its meter (and, unless `whole`, without what it is a part of); an age goes outward."""
    kept = [span for span in spans if span[1] not in ("meter", "track")]
    value = [(text.strip() if style == "strong" else text, style) for text, style in kept if style != "stale-age"]
    remark = [span for span in kept if span[1] == "stale-age"]
    value = [span for span in value if span[0].strip()]
    return Side([(text if whole else text.partition(" of ")[0], style) for text, style in value], remark)


def _folded_head(scene: Scene, canvas: Canvas, left_line: int, right_line: int) -> None:
    left, right = scene.left.spec, scene.right.spec
    at = canvas.put(_MARGIN, 0, left.name, "focus" if scene.focused == "hosts" else "name", 20)
    canvas.put(at + 2, 0, left.address, "muted", 20)
    canvas.right(left_line - 1, 0, badge(scene, scene.copy(left.name)))
    middle_start, middle_end = left_line + 1, right_line
    lost = [name for name in (left.name, right.name) if is_lost(scene, scene.copy(name))]
    wide = middle_end - middle_start
    if scene.in_step:
        to_right = scene.protection.primary != right.name
        canvas.fill(middle_start, 0, wide, "═", "link-up")
        canvas.put(middle_end - 1 if to_right else middle_start, 0, "▶" if to_right else "◀", "link-up")
    elif lost or any(stream.up is False for stream in scene.guest.streams):
        canvas.fill(middle_start, 0, wide, "╌", "link-cut")
        canvas.put(middle_start + (wide - 7) // 2, 0, " ✘ cut ", "error")
    else:
        canvas.fill(middle_start, 0, wide, "╌", "hairline")
    x = canvas.spans(right_line + 2, 0, badge(scene, scene.copy(right.name)))
    x = canvas.put(x + 2, 0, right.name, "name", 20)
    x = canvas.put(x + 2, 0, right.address, "muted", max(0, canvas.width - _MARGIN - x - 2))
    for spec, at_end in ((left, True), (right, False)):
        view = scene.snapshot.host(spec.name)
        if view.link is not LinkState.UP and not at_end:
            canvas.right(canvas.width - _MARGIN, 0, _link_words(scene, view), max(0, canvas.width - _MARGIN - x - 2))


def _link_words(scene: Scene, view: HostView) -> list[Span]:
    if view.link is LinkState.CONNECTING:
        return [("connecting …", "muted")]
    return [("no answer", "warn-bold"), (f" for {lasting(scene.now - view.since)}", "muted")]


def paint_hosts_tabbed(scene: Scene, width: int, height: int, state: PaneState) -> list[Line]:
    """At 80 columns: one host in two columns of facts; the other's tab keeps its role and its warnings."""
    canvas = Canvas(width, height)
    shown = scene.right if scene.tab_host == scene.right.spec.name else scene.left
    other = scene.left if shown is scene.right else scene.right
    name = shown.spec.name
    copy = scene.copy(name)
    margin = 1
    x = canvas.put(margin, 0, name, "picked", 20)
    x = canvas.spans(x + 1, 0, badge(scene, copy))
    canvas.fill(margin, 1, width - 2 * margin, "─", "hairline")
    canvas.fill(margin, 1, x - margin, "━", "focus")
    x = canvas.put(x + 2, 0, shown.spec.address, "muted", 18)
    end = canvas.right(width - margin, 0, [(scene.key("next", "tab"), "strong")]) - 1
    canvas.right(end, 0, _other_tab(scene, other), max(0, end - x - 2))
    if shown.link is not LinkState.UP:
        canvas.spans(margin, 2, [*_link_words(scene, shown), (f"   {shown.why}", "muted")], width - 2 * margin)
    cells: list[tuple[str, list[Span]]] = [("guest", _tab_guest(scene, name))]
    for label, spans in copy_rows(scene, name)[2:]:
        side = _no_meter(spans, whole=True)
        cells.append((label, [*side.value, *([("  ", "low"), *side.remark] if side.remark else [])]))
    left = shown is scene.left
    facts = [(row.label.replace("ifb pair", "ifb"), row.left if left else row.right, row.rank) for row in rows(scene)]
    room = 2 * (height - 2 - (shown.link is not LinkState.UP)) - len(cells)
    ranked = sorted(range(len(facts)), key=lambda index: (not facts[index][1].warns, facts[index][2], index))[:room]
    for index in sorted(ranked):
        label, side, _ = facts[index]
        cells.append((label, [*side.value, *([("  ", "low"), *side.remark] if side.remark else [])]))
    first = 2 + (shown.link is not LinkState.UP)
    per_column = max(1, height - first)
    second = max(44, width * 11 // 20)
    for index, (label, spans) in enumerate(cells[: 2 * per_column]):
        column, row = divmod(index, per_column)
        start, stop, indent = (margin, second - 2, 11) if column == 0 else (second, width - margin, 13)
        canvas.put(start, first + row, label, "muted", indent - 1)
        _value_and_age(canvas, start + indent, first + row, spans, stop - start - indent)
    state.settle(0, 0)
    return scene.finish(canvas)


def _value_and_age(canvas: Canvas, x: int, y: int, spans: list[Span], room: int) -> None:
    """A value in little room: remarks go first, an age never."""
    old = [span for span in spans if span[1] == "stale-age"]
    value = [span for span in spans if span[1] != "stale-age"]
    while old and value and not value[-1][0].strip():
        value.pop()
    reserved = width_of(old) + 2 if old else 0
    x = canvas.spans(x, y, fitted(value, room - reserved), room - reserved)
    canvas.spans(x + 2, y, old)


def _tab_guest(scene: Scene, host: str) -> list[Span]:
    spans = _head_words(scene, host)
    if len(spans) > 1 and spans[1][0].strip() == "speaks":
        return [spans[0], ("  speaks to the client", "accent-bold")]
    return spans


def _other_tab(scene: Scene, other: HostView) -> list[Span]:
    name = other.spec.name
    copy = scene.copy(name)
    role = badge(scene, copy)
    spans: list[Span] = [
        (f"{name} ", "muted"),
        *((text, "muted" if style == "secondary-bold" else style) for text, style in role),
    ]
    if other.link is not LinkState.UP:
        return [*spans, ("  ", "low"), *_link_words(scene, other)]
    if can_be_promoted(scene, copy):
        return [*spans, ("  can be promoted", "ok-bold")]
    if count := warnings(scene, name):
        return [*spans, (f"  {WARN} {count}", "warn")]
    if copy.speaks and not is_lost(scene, copy):
        return [*spans, (f"  {SPEAKS} speaks", "accent")]
    return spans


def row_text(row: Row) -> str:
    """One compared row as text, for the copy key."""

    def side(which: Side) -> str:
        return "".join(text for text, _ in [*which.value, ("  ", ""), *which.remark]).strip()

    return f"{row.label}: {side(row.left)} | {side(row.right)}"

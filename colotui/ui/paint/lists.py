"""The two lists: packet mismatches and events, newest first, filtered, with a cursor."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from colotui.model.mismatch import Mismatch
from colotui.model.protection import Event, Severity
from colotui.ui.format import clock, clock_ms, day_or_clock, number, whole
from colotui.ui.glyphs import BINDS, FORCED
from colotui.ui.paint.canvas import Canvas, Line, Span
from colotui.ui.paint.newest import NewestFirst
from colotui.ui.paint.scene import Scene, pane_title
from colotui.ui.paint.state import PaneState

_SAME_S = 0.05
_BEFORE_S = 1.0


def mismatch_text(entry: Mismatch) -> str:
    """One mismatch as a line of text: what the filter looks at and the copy key copies."""
    who = f"{entry.source} {BINDS} {entry.destination}" if entry.source or entry.destination else ""
    forced = f"forced a checkpoint after {number(entry.forced_ms)} ms" if entry.forced_ms is not None else ""
    parts = (clock_ms(entry.at), entry.protocol or "—", who, entry.what, forced)
    return "  ".join(part for part in parts if part)


def event_text(entry: Event, now: float) -> str:
    """One event as a line of text."""
    day, moment = day_or_clock(entry.at, now).strip(), clock(entry.at)
    when = moment if day == moment else f"{day} {moment}"
    parts = (when, entry.source, entry.text, entry.detail)
    return "  ".join(part for part in parts if part)


def filtered_mismatches(scene: Scene, state: PaneState) -> Sequence[Mismatch]:
    """Newest first, those that pass the filter."""
    log = scene.guest.mismatches
    return NewestFirst(log) if not state.query else NewestFirst(log, state.passing(log, mismatch_text))


def filtered_events(scene: Scene, state: PaneState) -> list[Event]:
    """Newest first, of this guest or of none, those that pass the filter."""
    name = scene.guest.name
    shown = [entry for entry in reversed(scene.snapshot.events) if entry.guest in ("", name)]
    if not state.query:
        return shown
    return [entry for entry in shown if state.matches(event_text(entry, scene.now))]


def short_pair(source: str, destination: str) -> str:
    """`.10 → .1` for two addresses of one network, else both in full."""
    if not source and not destination:
        return ""
    a, b = source.split("."), destination.split(".")
    if len(a) == len(b) == 4 and a[:3] == b[:3]:
        return f".{a[3]} {BINDS} .{b[3]}"
    return f"{source or '?'} {BINDS} {destination or '?'}"


def _filter_note(scene: Scene, state: PaneState) -> Span:
    key = scene.key("filter", "/")
    return (f"{key} {state.query}", "accent-bold") if state.query else (f"{key} filter", "low")


def _empty(canvas: Canvas, x: int, text: str, state: PaneState) -> None:
    canvas.put(x, 1, f"nothing matches {state.query}" if state.query else text, "low")


def paint_mismatches(scene: Scene, width: int, height: int, state: PaneState) -> list[Line]:
    """Time, protocol, addresses (when there is room), what differs, and how soon it forced a checkpoint."""
    canvas = Canvas(width, height)
    narrow = width < 50
    margin = 0 if width < 79 else 1
    end = width - (2 if margin == 0 else 1)
    rate = scene.guest.mismatches_per_min
    right: list[Span] = []
    if rate is not None and (width < 56 or margin):
        right.append((f"{whole(rate) if rate >= 1 or not rate else number(rate)}/min   ", "low"))
    note = _filter_note(scene, state)
    right.append((note[0][: width // 3], note[1]) if not narrow or state.query else (scene.key("filter", "/"), "low"))
    title = "packet mismatches" if width >= 56 and not margin else "mismatches"
    focused = scene.focused == "mismatches"
    pane_title(canvas, 0, margin, end, "3", title, right=tuple(right), focused=focused)
    shown = filtered_mismatches(scene, state)
    state.settle(len(shown), height - 1)
    if not shown:
        _empty(canvas, margin, "none seen", state)
    lit = _lit(scene, shown)
    top = state.top if lit is None else max(0, min(max(lit - height + 2, state.top), lit))
    for row, entry in enumerate(shown[top : top + height - 1], start=1):
        _mismatch_row(canvas, row, entry, margin, end, narrow=narrow)
        if (state.cursor if focused else lit) == top + row - 1:
            canvas.ground(row, "cursor-background")
    return scene.finish(canvas)


def _lit(scene: Scene, shown: Sequence[Mismatch]) -> int | None:
    """The mismatch that forced the checkpoint chosen in the graph: the last one before it, when it was just before."""
    chosen = scene.selected_at
    if chosen is None or scene.focused != "checkpoints":
        return None
    place = bisect_left(shown, -(chosen + _SAME_S), key=lambda entry: -entry.at)
    return place if place < len(shown) and shown[place].at >= chosen - _BEFORE_S else None


def _mismatch_row(canvas: Canvas, row: int, entry: Mismatch, x: int, end: int, *, narrow: bool) -> None:
    width = end - x
    tail: list[Span] = []
    if entry.forced_ms is not None:
        tail = [(FORCED, "forced")] if narrow else [(f"{FORCED} ", "forced"), (f"{entry.forced_ms:.0f} ms", "muted")]
    stop = canvas.right(end, row, tail) - 1 if tail else end
    x = canvas.put(x, row, clock(entry.at) if narrow else clock_ms(entry.at), "muted") + 2
    canvas.put(x, row, entry.protocol or "—", "base", 4)
    x += 5 if narrow else 6
    if width >= 56 and canvas.width < 79:
        pair = short_pair(entry.source, entry.destination)
        long = len(pair) > 11 and width >= 70
        canvas.put(x, row, pair, "muted", 16 if long else 11)
        x += 18 if long else 12
    canvas.put(x, row, entry.what, "base", stop - x)


_SOURCE = {Severity.ERROR: "error", Severity.WARNING: "warn"}


def paint_events(scene: Scene, width: int, height: int, state: PaneState) -> list[Line]:
    """Time or day, who, what, and the detail where there is room."""
    canvas = Canvas(width, height)
    margin = 2 if width >= 90 else 1
    end = width - margin
    shown = filtered_events(scene, state)
    room = height - 1
    state.settle(len(shown), room)
    count = min(room, len(shown))
    total = max(scene.snapshot.event_total, len(scene.snapshot.events))
    right: list[Span] = [(f"{count} of {len(shown) if state.query else total}", "low")]
    if state.query:
        right.insert(0, (f"{_filter_note(scene, state)[0][: width // 3]}   ", "accent-bold"))
    focused = scene.focused == "events"
    pane_title(canvas, 0, margin, end, "4", "events", right=tuple(right), focused=focused)
    if not shown:
        _empty(canvas, margin, "nothing has happened yet", state)
    for row, entry in enumerate(shown[state.top : state.top + room], start=1):
        event_row(scene, canvas, row, entry, margin, end)
        if focused and state.top + row - 1 == state.cursor:
            canvas.ground(row, "cursor-background")
    return scene.finish(canvas)


def event_row(scene: Scene, canvas: Canvas, row: int, entry: Event, x: int, end: int) -> None:
    """One event on one row."""
    width = end - x
    loud = entry.severity is Severity.ERROR
    canvas.put(x, row, day_or_clock(entry.at, scene.now), "muted")
    canvas.put(x + (11 if width >= 120 else 10), row, entry.source, _SOURCE.get(entry.severity, "muted"), 10)
    at = x + (22 if width >= 120 else 20)
    style = "bold" if loud else "base"
    if width >= 120:
        detail = max(at + 40, x + (width * 74) // 156)
        canvas.put(at, row, entry.text, style, detail - at - 2)
        canvas.put(detail, row, entry.detail, "base" if loud else "muted", end - detail)
        return
    after = canvas.put(at, row, entry.text, style, end - at)
    if width >= 90 and entry.detail and end - after > 8:
        canvas.right(end, row, [(entry.detail, "base" if loud else "muted")], end - after - 2)


def severities(entries: Sequence[Event]) -> list[int]:
    """The places of the events that are warnings or errors."""
    return [index for index, entry in enumerate(entries) if entry.severity in _SOURCE]

"""The checkpoints pane: the pause of each over five minutes, which were forced, and the figures."""

from __future__ import annotations

from colotui.model.protection import State
from colotui.ui.format import clock_ms, fine_duration, number, whole
from colotui.ui.glyphs import BAD, FORCED
from colotui.ui.paint.canvas import Canvas, Line, Span, width_of
from colotui.ui.paint.graph import WINDOW_S, beyond, bins, blocks, braille, position, scale_of
from colotui.ui.paint.scene import Scene, pane_title
from colotui.ui.paint.state import PaneState

_MARGIN = 2
_LABELS = 10


def paint_checkpoints(scene: Scene, width: int, height: int, state: PaneState) -> list[Line]:
    """Title, graph, axis with ◆, times (when there is room) and figures."""
    canvas = Canvas(width, height)
    wide = height >= 8
    note = "pause of each, last 5 min" if wide else ""
    right: tuple[Span, ...] = ((f"{FORCED} ", "forced"), ("forced", "muted"))
    if not wide:
        right = (("pause, 5 min   ", "low"), *right)
    focused = scene.focused == "checkpoints"
    pane_title(canvas, 0, _MARGIN, width, "2", "checkpoints", note=note, right=right, focused=focused)
    rows = max(1, height - (4 if wide else 3))
    draw_graph(scene, canvas, 1, rows, _MARGIN, width, times=wide)
    _figures(scene, canvas, height - 1, width)
    state.settle(0, 0)
    return scene.finish(canvas)


def draw_graph(scene: Scene, canvas: Canvas, top: int, rows: int, x: int, end: int, *, times: bool) -> None:
    """The braille graph with its scale, the axis and its marks below."""
    start = x + _LABELS
    cells = max(1, end - start)
    samples = bins(scene.guest.checkpoints, scene.now, cells * 2)
    full = scale_of(samples)
    canvas.right(start - 2, top, [(f"{number(full).removesuffix('.0')} ms", "muted")])
    canvas.right(start - 2, top + rows - 1, [("0", "muted")])
    for row, line in enumerate(braille(samples, rows, full)):
        ink = "graph-high" if rows > 2 and row < 2 else "periodic"
        _put_runs(canvas, start, top + row, line, ink)
    for index in range(cells):
        if beyond(samples[2 * index], full) or beyond(samples[2 * index + 1], full):
            canvas.put(start + index, top, "↑", "strong")
    axis = top + rows
    canvas.fill(start, axis, cells, "─", "track")
    for index in range(cells):
        if samples[2 * index].forced or samples[2 * index + 1].forced:
            canvas.put(start + index, axis, FORCED, "forced")
    if scene.selected_at is not None:
        chosen = position(scene.selected_at, scene.now, cells * 2)
        if chosen is not None:
            canvas.put(start + chosen // 2, axis, FORCED, "focus")
    last = scene.guest.stats.last_at
    if _ended(scene) and last is not None:
        at = position(last, scene.now, cells * 2)
        if at is not None:
            urgent = scene.protection.state is State.NOT_PROTECTED
            canvas.put(start + min(at // 2 + 1, cells - 1), axis, BAD, "error-bold" if urgent else "muted")
    if times:
        minutes = int(WINDOW_S // 60)
        canvas.put(start, axis + 1, f"−{minutes} min", "muted")
        for minute in range(minutes - 1, 0, -1):
            canvas.put(start + round(cells * (minutes - minute) / minutes) - 1, axis + 1, f"−{minute}", "muted")
        canvas.right(end, axis + 1, [("now", "muted")])


def _put_runs(canvas: Canvas, x: int, y: int, line: list[tuple[str, bool]], ink: str) -> None:
    start = 0
    for index in range(1, len(line) + 1):
        if index == len(line) or line[index][1] != line[start][1]:
            text = "".join(char for char, _ in line[start:index])
            canvas.put(x + start, y, text, "forced" if line[start][1] else ink)
            start = index


def _ended(scene: Scene) -> bool:
    return scene.protection.state in (State.NOT_PROTECTED, State.FAILED_OVER) and scene.guest.stats.last_at is not None


def _figures(scene: Scene, canvas: Canvas, y: int, width: int) -> None:
    stats = scene.guest.stats
    if stats.last_at is None:
        canvas.put(_MARGIN, y, "no checkpoint seen yet", "low")
        return
    if _ended(scene):
        urgent = scene.protection.state is State.NOT_PROTECTED
        gone = fine_duration(scene.now - stats.last_at)
        style = "error-bold" if urgent else "muted"
        sign = f"{BAD} " if urgent else ""
        x = canvas.spans(
            _MARGIN, y, [(f"{sign}none since {clock_ms(stats.last_at, 1)}", style), (f"   {gone}", "base")]
        )
        before = f"before that  {number(stats.rate_per_s)} /s   p50 {number(stats.pause_p50_ms)}   "
        before += f"p95 {number(stats.pause_p95_ms)}   max {number(stats.pause_max_ms)} ms"
        if width >= 80:
            canvas.put(x + 5, y, before, "muted", width - x - 5)
        return
    groups = _figure_groups(scene, wide=width >= 84)
    room = width - _MARGIN
    while groups and sum(width_of(group) for group in groups) + 2 * (len(groups) - 1) > room:
        groups.pop()
    spare = room - sum(width_of(group) for group in groups)
    gap = min(4, spare // max(1, len(groups) - 1))
    x = _MARGIN
    for group in groups:
        x = canvas.spans(x, y, group) + gap


def _figure_groups(scene: Scene, *, wide: bool) -> list[list[Span]]:
    stats = scene.guest.stats
    late = scene.now - (stats.last_at or scene.now) > scene.guest.spec.checkpoint_delay / 1000 + 4
    rate: list[Span] = [("rate ", "muted")] if wide else []
    groups = [[*rate, (number(stats.rate_per_s), "warn-bold" if late else "strong"), (" /s", "low")]]
    if stats.forced_share is not None:
        groups.append([("forced ", "muted"), (f"{stats.forced_share * 100:.0f}", "strong"), (" %", "low")])
    first = "pause p50 " if wide else "p50 "
    pause: list[Span] = [(first, "muted"), (number(stats.pause_p50_ms), "strong"), ("  p95 ", "muted")]
    pause += [(number(stats.pause_p95_ms), "strong"), ("  max ", "muted"), (number(stats.pause_max_ms), "strong")]
    groups.append([*pause, (" ms", "low")])
    if stats.pages_p50 is not None:
        groups.append([("pages ", "muted"), (whole(stats.pages_p50), "strong")])
    groups.append([("seen ", "muted"), (whole(stats.total), "strong")])
    return groups


def paint_checkpoint_line(scene: Scene, width: int, height: int, state: PaneState) -> list[Line]:
    """At 80 columns: a title and one line of blocks; forced ones are bright."""
    canvas = Canvas(width, height)
    cells = width - 2
    samples = bins(scene.guest.checkpoints, scene.now, cells)
    full = scale_of(samples)
    share = scene.guest.stats.forced_share
    forced = f"   bright: forced {share * 100:.0f} %" if share is not None else ""
    right: tuple[Span, ...] = ((f"pause 0–{number(full).removesuffix('.0')} ms, 5 min{forced}", "muted"),)
    if _ended(scene):
        ago = fine_duration(scene.now - (scene.guest.stats.last_at or scene.now))
        right = (
            ((f"{BAD} none for {ago}", "error-bold"), *right)
            if scene.protection.state is State.NOT_PROTECTED
            else right
        )
        if len(right) > 1:
            right = (right[0], (f"   0–{number(full).removesuffix('.0')} ms, 5 min", "muted"))
    focused = scene.focused == "checkpoints"
    pane_title(canvas, 0, 1, width - 1, "2", "checkpoints", right=right, focused=focused)
    _put_runs(canvas, 1, 1, blocks(samples, full), "periodic")
    for index, sample in enumerate(samples):
        if beyond(sample, full):
            canvas.put(1 + index, 1, "↑", "strong")
    last = scene.guest.stats.last_at
    if last is None:
        canvas.put(1, 1, "no checkpoint seen yet", "low")
    elif _ended(scene) and (at := position(last, scene.now, cells)) is not None:
        canvas.put(1 + min(at + 1, cells - 1), 1, BAD, "error-bold")
    state.settle(0, 0)
    return scene.finish(canvas)

"""The checkpoints pane: the pause of each over the time of the axis, which were forced, and the figures."""

from __future__ import annotations

from functools import lru_cache

from colotui.model.checkpoint import CheckpointStats
from colotui.model.past import CheckpointLog
from colotui.model.protection import State
from colotui.ui.format import clock_ms, fine_duration, number, whole
from colotui.ui.glyphs import BAD, FORCED
from colotui.ui.paint.canvas import Canvas, Line, Span, width_of
from colotui.ui.paint.graph import Bin, beyond, bins, blocks, braille, position, scale_of
from colotui.ui.paint.scene import Scene, pane_title
from colotui.ui.paint.state import PaneState

_MARGIN = 2
_LABELS = 10


def paint_checkpoints(scene: Scene, width: int, height: int, state: PaneState) -> list[Line]:
    """Title, graph, axis with ◆, times (when there is room) and figures."""
    canvas = Canvas(width, height)
    wide = height >= 8
    axis = scene.axis
    note = f"pause of each, last {axis.words}" if wide and not axis.held else ""
    right: list[Span] = [(f"{FORCED} ", "forced"), ("forced", "muted")]
    if axis.held:
        right = [*held_spans(scene), ("   ", "low"), *right]
    elif not wide:
        right.insert(0, (f"pause, {axis.words}   ", "low"))
    focused = scene.focused == "checkpoints"
    pane_title(canvas, 0, _MARGIN, width, "2", "checkpoints", note=note, right=tuple(right), focused=focused)
    rows = max(1, height - (4 if wide else 3))
    draw_graph(scene, canvas, 1, rows, _MARGIN, width, times=wide)
    _figures(scene, canvas, height - 1, width)
    state.settle(0, 0)
    return scene.finish(canvas)


def held_spans(scene: Scene) -> list[Span]:
    """What a title says of an axis that was scrolled back: the time it shows, and how long ago that was."""
    return [(scene.axis.label(scene.now), "accent-bold")]


def draw_graph(scene: Scene, canvas: Canvas, top: int, rows: int, x: int, end: int, *, times: bool) -> None:
    """The braille graph with its scale, the axis and its marks below."""
    start = x + _LABELS
    cells = max(1, end - start)
    right, window = scene.axis.right(scene.now), scene.axis.window_s
    samples = bins(scene.guest.checkpoints, right, cells * 2, window)
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
        _chosen(canvas, scene.selected_at, start, axis, cells, right, window)
    last = scene.guest.stats.last_at
    if _ended(scene) and last is not None:
        at = position(last, right, cells * 2, window)
        if at is not None:
            urgent = scene.protection.state is State.NOT_PROTECTED
            canvas.put(start + min(at // 2 + 1, cells - 1), axis, BAD, "error-bold" if urgent else "muted")
    if times:
        _times(scene, canvas, start, axis + 1, cells)


def _chosen(canvas: Canvas, at: float, start: int, y: int, cells: int, right: float, window_s: float) -> None:
    """Light the chosen moment; an arrow at the end it lies beyond, when it is not in the window."""
    place = position(at, right, cells * 2, window_s)
    if place is not None:
        canvas.put(start + place // 2, y, FORCED, "focus")
    elif at > right:
        canvas.put(start + cells - 1, y, "▶", "focus")
    else:
        canvas.put(start, y, "◀", "focus")


def _times(scene: Scene, canvas: Canvas, start: int, y: int, cells: int) -> None:
    """The labels of the axis; one that would run into its neighbour is left out."""
    free = start
    end = start + cells
    for tick in scene.axis.ticks(scene.now):
        if tick.share >= 1.0 and not scene.axis.held:
            canvas.right(end, y, [(tick.text, "muted")])
            continue
        x = start + round(cells * tick.share)
        x -= 0 if tick.share <= 0.0 else len(tick.text) // 2
        if x >= free and x + len(tick.text) <= end - (0 if scene.axis.held else 4):
            free = canvas.put(x, y, tick.text, "muted") + 1


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
    if scene.axis.held:
        _groups(canvas, y, width, _held_groups(scene))
        return
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
    late = scene.now - stats.last_at > scene.guest.spec.checkpoint_delay / 1000 + 4
    groups = _figure_groups(stats, wide=width >= 84, late=late)
    groups.append([("seen ", "muted"), (whole(stats.total), "strong")])
    _groups(canvas, y, width, groups)


def _groups(canvas: Canvas, y: int, width: int, groups: list[list[Span]]) -> None:
    """Groups beside each other; the last ones are left out where there is no room."""
    room = width - _MARGIN
    while groups and sum(width_of(group) for group in groups) + 2 * (len(groups) - 1) > room:
        groups.pop()
    spare = room - sum(width_of(group) for group in groups)
    gap = min(4, spare // max(1, len(groups) - 1))
    x = _MARGIN
    for group in groups:
        x = canvas.spans(x, y, group) + gap


@lru_cache(maxsize=4)
def _figures_of(log: CheckpointLog, end: float, window_s: float) -> CheckpointStats:
    return log.figures(len(log), end, window_s)


def _held_groups(scene: Scene) -> list[list[Span]]:
    """The figures of the time a held axis shows."""
    axis = scene.axis
    left, right = axis.left(scene.now), axis.right(scene.now)
    shown = scene.guest.checkpoints.between(left, right)
    if not shown:
        return [[("no checkpoint in this time", "low")]]
    differ = len(scene.guest.mismatches.between(left, right))
    groups = _figure_groups(_figures_of(shown, right, axis.window_s), wide=False, late=False)
    groups.append([("mismatches ", "muted"), (whole(differ), "strong")])
    return [[(whole(len(shown)), "strong"), (" in this time", "muted")], *groups]


def _figure_groups(stats: CheckpointStats, *, wide: bool, late: bool) -> list[list[Span]]:
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
    return groups


def paint_checkpoint_line(scene: Scene, width: int, height: int, state: PaneState) -> list[Line]:
    """At 80 columns: a title and one line of blocks; forced ones are bright."""
    canvas = Canvas(width, height)
    cells = max(1, width - 2)
    right, window = scene.axis.right(scene.now), scene.axis.window_s
    samples = bins(scene.guest.checkpoints, right, cells, window)
    full = scale_of(samples)
    focused = scene.focused == "checkpoints"
    title = tuple(_line_title(scene, full))
    pane_title(canvas, 0, 1, width - 1, "2", "checkpoints", right=title, focused=focused)
    _put_runs(canvas, 1, 1, blocks(samples, full), "periodic")
    for index, sample in enumerate(samples):
        if beyond(sample, full):
            canvas.put(1 + index, 1, "↑", "strong")
    last = scene.guest.stats.last_at
    if scene.axis.held and not any(sample != Bin() for sample in samples):
        canvas.put(1, 1, "no checkpoint in this time", "low")
    elif last is None:
        canvas.put(1, 1, "no checkpoint seen yet", "low")
    elif _ended(scene) and (at := position(last, right, cells, window)) is not None:
        canvas.put(1 + min(at + 1, cells - 1), 1, BAD, "error-bold")
    if scene.selected_at is not None:
        _lit(canvas, scene.selected_at, cells, right, window)
    state.settle(0, 0)
    return scene.finish(canvas)


def _lit(canvas: Canvas, at: float, cells: int, right: float, window_s: float) -> None:
    """There is no axis below the line: the chosen checkpoint's block itself takes the colour of the focus."""
    place = position(at, right, cells, window_s)
    if place is not None:
        canvas.put(1 + place, 1, FORCED, "focus")


def _line_title(scene: Scene, full: float) -> list[Span]:
    scale = f"0–{number(full).removesuffix('.0')} ms"
    if scene.axis.held:
        return [*held_spans(scene), (f"   {scale}", "muted")]
    words = scene.axis.words
    share = scene.guest.stats.forced_share
    forced = f"   bright: forced {share * 100:.0f} %" if share is not None else ""
    if _ended(scene) and scene.protection.state is State.NOT_PROTECTED:
        ago = fine_duration(scene.now - (scene.guest.stats.last_at or scene.now))
        return [(f"{BAD} none for {ago}", "error-bold"), (f"   {scale}, {words}", "muted")]
    return [(f"pause {scale}, {words}{forced}", "muted")]

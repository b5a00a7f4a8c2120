"""The checkpoints in full, of the time the axis shows: pauses, rate, how long and why the primary stood still."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from colotui.model.checkpoint import Cause, percentile
from colotui.model.past import CheckpointLog, MismatchLog
from colotui.ui.format import clock_ms, number, whole
from colotui.ui.glyphs import FORCED, METER
from colotui.ui.paint.canvas import Canvas, Span, fitted
from colotui.ui.paint.checkpoints import draw_graph
from colotui.ui.paint.choosing import chosen_text
from colotui.ui.paint.graph import Bin, blocks, braille, edges, nice_ceiling
from colotui.ui.paint.newest import NewestFirst
from colotui.ui.paint.scene import Scene

_CLASSES = (5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
_RATE_BARS = 30
_LABELS = 10
_ENOUGH = 0.25


@dataclass(frozen=True, slots=True)
class Share:
    """The checkpoints of one cause: how many, and the pauses (ms) of those that are known."""

    cause: Cause
    count: int
    p50_ms: float | None
    max_ms: float | None


def histogram(pauses: list[float]) -> list[tuple[str, int]]:
    """How many of the pauses (ms, rising) fall into each class; empty classes at both ends are left out."""
    places = [0, *(bisect_left(pauses, limit) for limit in _CLASSES), len(pauses)]
    names = [f"< {_CLASSES[0]:.0f} ms"]
    names += [f"{low:.0f}–{high:.0f} ms" for low, high in pairwise(_CLASSES)]
    names.append(f"≥ {_CLASSES[-1]:.0f} ms")
    pairs = [(name, high - low) for name, (low, high) in zip(names, pairwise(places), strict=True)]
    used = [index for index, (_, count) in enumerate(pairs) if count]
    return pairs[used[0] : used[-1] + 1] if used else []


def shares(log: CheckpointLog) -> list[Share]:
    """Every cause that occurs, the most frequent first."""
    found = [
        Share(cause, count, percentile(pauses, 0.5), pauses[-1] if pauses else None)
        for cause, (count, pauses) in log.by_cause().items()
    ]
    return sorted(found, key=lambda share: -share.count)


@lru_cache(maxsize=4)
def _figures(log: CheckpointLog) -> tuple[list[tuple[str, int]], list[Share], list[int]]:
    return histogram(log.pauses()), shares(log), log.pages()


@lru_cache(maxsize=4)
def _differ(log: MismatchLog) -> dict[str, int]:
    return log.protocols()


def shown_log(scene: Scene) -> CheckpointLog:
    """The checkpoints of the time the axis shows."""
    right = scene.axis.right(scene.now)
    # Live, the newest may carry a time a little later than the moment that is drawn.
    return scene.guest.checkpoints.between(scene.axis.left(scene.now), right if scene.axis.held else math.inf)


def checkpoints_page(scene: Scene, width: int, height: int) -> Canvas:
    """Graph and rate on one axis, below them the histogram, the causes and (with room) each checkpoint."""
    canvas = Canvas(width, height)
    log = shown_log(scene)
    classes, causes, pages = _figures(log)
    below = max(len(classes), len(causes) + 3) + 1
    rate_rows = 3 if height >= 30 else 1
    graph_rows = max(2, min(height // 3, height - below - rate_rows - (5 if rate_rows > 1 else 3)))
    draw_graph(scene, canvas, 0, graph_rows, 0, width, times=True)
    y = graph_rows + (3 if rate_rows > 1 else 2)
    _rate(scene, canvas, y, rate_rows)
    y += rate_rows + 1
    if not log:
        canvas.put(0, y, "no checkpoint in this time", "low")
        return canvas
    foot = height - 1 if scene.selected_at is not None else height
    three = width >= 130
    columns = 3 if three else 2
    each = (width - 4 * (columns - 1)) // columns
    _histogram(canvas, 0, y, each, foot, classes)
    _causes(canvas, each + 4, y, each, foot, causes, len(log))
    right = scene.axis.right(scene.now)
    differ = _differ(scene.guest.mismatches.between(scene.axis.left(scene.now), right if scene.axis.held else math.inf))
    after = y + len(causes) + 3
    if after < foot:
        canvas.spans(each + 4, after, _pages(pages), each)
    if after + 1 < foot:
        canvas.spans(each + 4, after + 1, fitted(_mismatches(differ), each), each)
    if three:
        _each(scene, canvas, 2 * (each + 4), y, each, foot, log)
    if scene.selected_at is not None:
        text = chosen_text(scene, scene.selected_at)
        canvas.spans(0, height - 1, [("chosen  ", "muted"), (text or "no longer kept", "focus" if text else "low")])
    return canvas


def _rate(scene: Scene, canvas: Canvas, y: int, rows: int) -> None:
    """Checkpoints a second, as bars on the axis of the graph above."""
    start = _LABELS
    cells = max(1, canvas.width - start)
    right, window = scene.axis.right(scene.now), scene.axis.window_s
    step = window / _RATE_BARS
    # One more than fits: the window begins and ends within a bar.
    borders = edges(right, _RATE_BARS + 1, window + step)
    rates: list[float | None] = []
    for low, stretch in zip(borders, scene.guest.checkpoints.cut(borders), strict=False):
        # The bar of now is still filling: a rate of its first moments would say nothing.
        passed = min(step, right - low)
        rates.append(len(stretch) / passed if stretch and passed >= step * _ENOUGH else None)
    full = _rate_scale(max((rate for rate in rates if rate is not None), default=0.0))
    canvas.right(start - 2, y, [(f"{number(full).removesuffix('.0')} /s", "muted")])
    if rows > 1:
        canvas.right(start - 2, y + rows - 1, [("rate", "muted")])
    # Each cell shows the bar its moment belongs to.
    samples = []
    for place in range(cells * 2):
        at = right - window + (place + 0.5) * window / (cells * 2)
        index = int((at - borders[0]) // step)
        samples.append(Bin(rates[index]) if 0 <= index < len(rates) else Bin())
    if rows > 1:
        for row, line in enumerate(braille(samples, rows, full)):
            canvas.put(start, y + row, "".join(char for char, _ in line), "periodic")
    else:
        canvas.put(start, y, "".join(char for char, _ in blocks(samples[::2], full)), "periodic")


def _rate_scale(most: float) -> float:
    """A round full scale with some air above, so that a steady rate does not look like a limit."""
    return max(1.0, nice_ceiling(most * 1.25))


def _share(count: int, whole_count: int) -> str:
    percent = count / whole_count * 100
    return f"{percent:.0f}" if percent >= 9.95 or not count else number(percent)


def _histogram(canvas: Canvas, x: int, y: int, width: int, foot: int, classes: list[tuple[str, int]]) -> None:
    """A bar for each class of pauses, on a round scale that is said."""
    total = sum(count for _, count in classes)
    full = max(10.0, nice_ceiling(float(max((count for _, count in classes), default=0))))
    room = max(4, width - 15 - 16)
    canvas.put(x, y, "it stood still for", "bold", width)
    canvas.right(x + width, y, [(f"a full bar is {whole(full)}", "low")])
    for row, (name, count) in enumerate(classes, start=y + 1):
        if row >= foot:
            break
        canvas.right(x + 13, row, [(name, "muted")])
        bar = max(1 if count else 0, round(count / full * room))
        canvas.fill(x + 15, row, room, "·", "track")
        canvas.fill(x + 15, row, bar, METER, "periodic")
        end = x + width
        canvas.right(end - 7, row, [(whole(count), "strong")])
        canvas.right(end, row, [(_share(count, total), "base"), (" %", "low")])


def _causes(canvas: Canvas, x: int, y: int, width: int, foot: int, causes: list[Share], total: int) -> None:
    """Count, share, middle and longest pause of each cause; the whole at the end."""
    end = x + width
    narrow = width < 42
    columns = (end - 15, end - 8, end) if narrow else (end - 24, end - 17, end - 8, end)
    canvas.put(x, y, "why", "bold")
    for column, title in zip(columns, ("count", "%", *(() if narrow else ("p50 ms",)), "max ms"), strict=True):
        canvas.right(column, y, [(title, "low")])
    for row, share in enumerate(causes, start=y + 1):
        if row >= foot:
            return
        mark: Span = (f"{FORCED} ", "forced") if share.cause.forced else ("  ", "low")
        canvas.spans(x, row, [mark, (share.cause.value, "base")], width - 20)
        middle = () if narrow else (number(share.p50_ms),)
        texts = (whole(share.count), _share(share.count, total), *middle, number(share.max_ms))
        for column, text in zip(columns, texts, strict=True):
            canvas.right(column, row, [(text, "strong" if column == columns[0] else "base")])
    row = y + 1 + len(causes)
    if row < foot:
        forced = sum(share.count for share in causes if share.cause.forced)
        canvas.put(x + 2, row, "all", "muted")
        canvas.right(columns[0], row, [(whole(total), "strong")])
        canvas.right(end, row, [("forced ", "muted"), (_share(forced, total), "strong"), (" %", "low")], 15)


def _pages(pages: list[int]) -> list[Span]:
    if not pages:
        return [("pages sent  ", "muted"), ("— not told by the engine", "low")]
    middle = percentile(pages, 0.5) or 0
    spans: list[Span] = [("pages sent  p50 ", "muted"), (whole(middle), "strong")]
    return [*spans, ("  max ", "muted"), (whole(pages[-1]), "strong")]


def _mismatches(differ: dict[str, int]) -> list[Span]:
    spans: list[Span] = [("mismatches  ", "muted"), (whole(sum(differ.values())), "strong")]
    for protocol, count in sorted(differ.items(), key=lambda item: -item[1]):
        spans += [("   ", "low"), (f"{protocol or '—'} ", "muted"), (whole(count), "base")]
    return spans


def _each(scene: Scene, canvas: Canvas, x: int, y: int, width: int, foot: int, log: CheckpointLog) -> None:
    """The newest one by one; with a chosen one, those around it."""
    newest = NewestFirst(log)
    room = max(0, foot - y - 1)
    place = 0
    if scene.selected_at is not None:
        place = bisect_left(newest, -scene.selected_at, key=lambda entry: -entry.at)
    top = max(0, min(place - room // 2, len(newest) - room))
    canvas.put(x, y, "each of them", "bold")
    canvas.right(x + width, y, [(f"{whole(len(newest))} in this time", "low")])
    for row, entry in enumerate(newest[top : top + room], start=y + 1):
        chosen = entry.at == scene.selected_at
        canvas.put(x, row, clock_ms(entry.at), "focus" if chosen else "muted")
        canvas.right(x + 22, row, [(number(entry.pause_ms), "strong"), (" ms", "low")])
        canvas.right(x + 34, row, [(f"{whole(entry.pages)} pages" if entry.pages is not None else "", "muted")])
        cause: Span = (
            (f"{FORCED} {entry.cause.value}", "forced") if entry.cause.forced else (entry.cause.value, "muted")
        )
        canvas.spans(x + 36, row, [cause], width - 36)

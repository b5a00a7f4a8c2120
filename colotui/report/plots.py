"""The plots of the lock-step: checkpoints by cause, their pauses, mismatches. Pure functions to SVG."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from colotui.model.checkpoint import Cause, duration, percentile
from colotui.model.past import CheckpointLog, MismatchLog
from colotui.report.axis import full_scale
from colotui.report.content import OTHER, Content, Part
from colotui.report.frame import TOP, Plot, Size
from colotui.report.markup import Html, joined, tag
from colotui.ui.format import fine_duration, number, plural

_BAR = 7.0
_LANE = 20.0


def rate_plot(content: Content, part: Part, size: Size, key: str) -> Html:
    """Checkpoints a second: usual ones below, forced ones on top, and a lane for each cause that forced some."""
    log = part.checkpoints
    causes = [cause for cause in Cause if cause.forced and log.count_of(cause)]
    plot = Plot(content, part, size, key, 96.0)
    axis = plot.axis
    edges = axis.buckets(_BAR)
    cuts = list(zip(pairwise(edges), log.cut(edges), strict=True))
    top = full_scale(max((len(cut) / (high - low) for (low, high), cut in cuts), default=0.0) * 1.05)
    ink = [plot.scale(top, "a second")]
    for (low, high), cut in cuts:
        if cut:
            x, width = _bar(plot, low, high)
            rate, usual = len(cut) / (high - low), (len(cut) - cut.forced) / (high - low)
            middle, head = plot.y(usual, top), plot.y(rate, top)
            ink.append(tag("rect", class_="usual", x=x, width=width, y=middle, height=plot.base - middle))
            if cut.forced:
                ink.append(tag("rect", class_="forced", x=x, width=width, y=head, height=max(middle - head, 1.0)))
    for place, cause in enumerate(causes):
        ink.append(_lane(plot, cause.value, place, [(low, high, cut.count_of(cause)) for (low, high), cut in cuts]))
    text = f"{rate_words(log)} Each bar is {fine_duration(max(high - low for low, high in pairwise(edges)))} long."
    return plot.drawn("Checkpoints a second, by cause", text, joined(ink), lanes=_LANE * len(causes))


def pause_plot(content: Content, part: Part, size: Size, key: str) -> Html:
    """How long each checkpoint stopped the guest: half of them, 95 of 100, and the longest."""
    log = part.checkpoints
    plot = Plot(content, part, size, key, 110.0)
    edges = plot.axis.buckets(_BAR)
    cuts = [(low, high, cut.pauses()) for (low, high), cut in zip(pairwise(edges), log.cut(edges), strict=True)]
    top = full_scale(_pause_scale(log))
    ink, over = [plot.scale(top, "ms")], list[tuple[float, str]]()
    for low, high, pauses in cuts:
        if not pauses:
            continue
        x, width = _bar(plot, low, high)
        half, most = plot.y(percentile(pauses, 0.5) or 0.0, top), plot.y(percentile(pauses, 0.95) or 0.0, top)
        ink.append(tag("rect", class_="p95", x=x, width=width, y=most, height=max(plot.base - most, 1.0)))
        ink.append(tag("rect", class_="p50", x=x, width=width, y=half, height=max(plot.base - half, 1.0)))
        y = plot.y(pauses[-1], top)
        ink.append(tag("line", class_="most", x1=x - 0.5, x2=x + width + 0.5, y1=y, y2=y))
        if pauses[-1] > top:
            over.append((x + width / 2, duration(pauses[-1])))
    ink.append(plot.over(over))
    return plot.drawn("Pause of the guest at a checkpoint", pause_words(log), joined(ink))


def rate_words(log: CheckpointLog) -> str:
    """How many checkpoints there were, by cause."""
    by_cause = ", ".join(f"{log.count_of(cause)} {cause.value}" for cause in Cause if log.count_of(cause)) or "none"
    return f"{plural(len(log), 'checkpoint')}: {by_cause}."


def pause_words(log: CheckpointLog) -> str:
    """How long the guest stood still for them."""
    pauses = log.pauses()
    if not pauses:
        return "No pause is known."
    half, most = percentile(pauses, 0.5) or 0.0, percentile(pauses, 0.95) or 0.0
    text = f"Half of the pauses within {number(half)} ms, 95 % within {number(most)} ms"
    return f"{text}, the longest {duration(pauses[-1])}."


def mismatch_words(log: MismatchLog) -> str:
    """How many mismatches there were, by protocol."""
    by_name = ", ".join(f"{count} {name or OTHER}" for name, count in log.protocols().items()) or "none"
    return f"{plural(len(log), 'mismatch', 'mismatches')}: {by_name}."


def _pause_scale(log: CheckpointLog) -> float:
    """The first checkpoint of a protection carries the whole guest: it must not make the others a flat line."""
    pauses = log.pauses()
    if not pauses:
        return 1.0
    usual = percentile(pauses, 0.95) or pauses[-1]
    return pauses[-1] if pauses[-1] <= usual * 2.5 else usual * 1.4


def mismatch_plot(content: Content, part: Part, size: Size, key: str) -> Html:
    """Mismatches a minute, one lane for each protocol, all of one scale."""
    log = part.mismatches
    protocols = [name for name, _ in sorted(log.protocols().items(), key=lambda item: -item[1])][:6]
    plot = Plot(content, part, size, key, max(34.0 * len(protocols), 34.0))
    edges = plot.axis.buckets(_BAR)
    cuts = list(zip(pairwise(edges), log.cut(edges), strict=True))
    counts = {name: [cut.protocols().get(name, 0) for _, cut in cuts] for name in protocols}
    per_min = [60.0 / max(high - low, 1e-9) for (low, high), _ in cuts]
    rates = [count * times for row in counts.values() for count, times in zip(row, per_min, strict=True)]
    top = full_scale(max(rates, default=0.0))
    ink: list[Html] = []
    x, end = size.left, size.width - size.right
    for place, (name, row) in enumerate(counts.items()):
        base = TOP + 34.0 * (place + 1)
        ink.append(tag("line", class_="grid", x1=x, x2=end, y1=base, y2=base))
        ink.append(tag("text", name or OTHER, class_="name", x=x - 6, y=base - 4, text_anchor="end"))
        ink.append(tag("text", str(sum(row)), class_="unit", x=x - 6, y=base - 16, text_anchor="end"))
        for ((low, high), _), count, times in zip(cuts, row, per_min, strict=True):
            if count:
                left, width = _bar(plot, low, high)
                tall = max(count * times / top * 28.0, 2.0)
                ink.append(tag("rect", class_="forced", x=left, width=width, y=base - tall, height=tall))
    if not protocols:
        ink.append(tag("text", "no mismatch was seen", class_="unit", x=x + 8, y=TOP + 22))
    text = f"{mismatch_words(log)} A full lane is {number(top)} a minute."
    return plot.drawn("Packet mismatches a minute, by protocol", text, joined(ink))


def _bar(plot: Plot, low: float, high: float) -> tuple[float, float]:
    left, right = plot.axis.x(low), plot.axis.x(high)
    return left + 0.75, max(right - left - 1.5, 0.75)


def _lane(plot: Plot, name: str, place: int, counts: Sequence[tuple[float, float, int]]) -> Html:
    """One lane of ◆ below the base line."""
    y = plot.base + _LANE * place + _LANE / 2 + 1
    total = sum(count for _, _, count in counts)
    x = plot.size.left - 6
    found = [tag("text", f"◆ {name}", class_="name", x=x, y=y + 4, text_anchor="end")]
    for low, high, count in counts:
        if count:
            middle = (plot.axis.x(low) + plot.axis.x(high)) / 2
            found.append(tag("path", class_="forced", d=f"M{middle:.1f} {y - 4:.1f}l4 4l-4 4l-4 -4z"))
    return tag("g", *found, tag("title", f"{name}: {total}"))

"""The plot of what the client felt: the round trip of each answer, and the stretches without one."""

from __future__ import annotations

from colotui.model.checkpoint import duration, percentile
from colotui.report.axis import full_scale
from colotui.report.content import Content, Part, Silence
from colotui.report.frame import LETTER, TOP, Plot, Size
from colotui.report.headline import silent_s
from colotui.report.markup import Html, joined, tag
from colotui.report.times import full
from colotui.ui.format import fine_duration, number, plural

_FAR = 2.5
"""How many times as slow as 95 of 100 answers one may be before it lies over the top of the plot."""


def client_plot(content: Content, part: Part, size: Size, key: str) -> Html:
    """The round trip of each answer of the guest's service; where it was silent, a filled stretch that says so."""
    plot = Plot(content, part, size, key, 96.0)
    known = [(one.at, one.rtt_ms) for one in part.answers if one.rtt_ms is not None]
    ordered = sorted(rtt for _, rtt in known)
    usual = percentile(ordered, 0.95) or 1.0
    slowest = ordered[-1] if ordered else 1.0
    top = full_scale(slowest if slowest <= usual * _FAR else usual * 1.4)
    dots = [tag("circle", class_="answer", cx=plot.axis.x(at), cy=plot.y(rtt, top), r=1.8) for at, rtt in known]
    over = plot.over([(plot.axis.x(at), duration(rtt)) for at, rtt in known if rtt > top])
    none = None
    if not part.asked:
        none = tag("text", "the service was not asked", class_="unit", x=size.left + 8, y=TOP + 22)
    ink = joined((plot.scale(top, "ms"), *dots, over, *_silences(plot, part.silences), none))
    return plot.drawn("What the client felt: round trip to the guest's service", client_words(content, part), ink)


def _silences(plot: Plot, silences: tuple[Silence, ...]) -> list[Html]:
    window, axis, edge = plot.content.window, plot.axis, plot.size.width - plot.size.right
    found: list[Html] = []
    taken = 0.0
    for one in silences:
        until = window.high if one.end is None else one.end
        begin, end = axis.x(max(one.begin, window.low)), axis.x(until)
        found.append(tag("rect", class_="silence", x=begin, width=max(end - begin, 2.0), y=TOP, height=plot.height))
        label = f"✘ no answer {fine_duration(until - one.begin)}"
        room = LETTER * len(label) + 8
        inside = end - begin > room + 8
        x = begin + 4 if inside else end + 4 if end + 4 + room < edge else begin - 4 - room
        if x < taken:
            continue  # two labels would lie on each other: the description below has all of them
        taken = x + room
        if not inside:
            found.append(tag("rect", class_="ground", x=x, y=TOP + 3, width=room, height=18))
        found.append(tag("text", label, class_="onbad" if inside else "bad", x=x + 4, y=TOP + 16))
    return found


def client_words(content: Content, part: Part) -> str:
    """What the plot shows, in words."""
    ordered = sorted(one.rtt_ms for one in part.answers if one.rtt_ms is not None)
    if not part.asked:
        return "The guest's service was not asked."
    text = plural(len(ordered), "answer")
    if ordered:
        text += f", half of them within {number(percentile(ordered, 0.5))} ms, the slowest {duration(ordered[-1])}"
    if not part.silences:
        return f"{text}. No silence."
    stretches = ", ".join(
        f"from {full(one.begin)} to {'the end' if one.end is None else full(one.end)}" for one in part.silences
    )
    return f"{text}. No answer for {fine_duration(silent_s(part, content.window.high))}: {stretches}."

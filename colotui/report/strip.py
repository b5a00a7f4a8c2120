"""The strip above the plots: how the guest stood, its incidents and the plans that were run, on the same clock."""

from __future__ import annotations

from itertools import pairwise

from colotui.model.protection import Severity
from colotui.report.content import Content, Part
from colotui.report.frame import LETTER, TOP, Plot, Size
from colotui.report.markup import Html, joined, tag
from colotui.report.times import full
from colotui.ui.format import fine_duration, plural

_LANE = 24.0
_ROWS = 8
SIGNS = {Severity.OK: "●", Severity.WORKING: "◐", Severity.WARNING: "▲", Severity.ERROR: "✘"}


def state_strip(content: Content, part: Part, size: Size, key: str) -> Html:
    """One lane of states, one for each incident and one for each plan (at most 8 of both)."""
    incidents, actions = part.incidents[:_ROWS], part.actions[:_ROWS]
    lanes = 1 + len(incidents) + len(actions)
    plot = Plot(content, part, size, key, _LANE * lanes)
    ink = [*_states(plot)]
    for place, incident in enumerate(incidents, start=1):
        end = incident.closed_at if incident.closed_at is not None else content.window.high
        loud = "bad" if incident.now.severity is Severity.ERROR else "warn"
        label = f"{incident.id}  {incident.now.kind.value}"
        ink += _lane(plot, place, "incident" if place == 1 else "", max(incident.now.since, content.window.low), end,
                     f"bar {loud}", label)  # fmt: skip
    for place, done in enumerate(actions, start=1 + len(incidents)):
        end = done.run.ended if done.run.ended is not None else content.window.high
        name = "action" if place == 1 + len(incidents) else ""
        ink += _lane(plot, place, name, done.run.begun, end, "bar act", done.run.title)
    turns = ", ".join(f"{turn.state.lower()} from {full(turn.at)}" for turn in part.turns) or "no state was recorded"
    text = f"{part.name}: {turns}. {plural(len(part.incidents), 'incident')}, {plural(len(part.actions), 'action')}."
    return plot.drawn("How the guest stood, its incidents and what was done", text, joined(ink), under=True)


def _states(plot: Plot) -> list[Html]:
    turns = plot.part.turns
    ends = [*(later.at for _, later in pairwise(turns)), plot.content.window.high]
    found = [_name(plot, 0, "state")]
    for turn, end in zip(turns, ends, strict=False):
        begin, right = plot.axis.x(turn.at), plot.axis.x(end)
        width = max(right - begin, 1.5)
        loud = turn.severity.value
        found.append(tag("rect", class_=f"state {loud}", x=begin, width=width, y=TOP, height=_LANE - 6))
        label = f"{SIGNS[turn.severity]} {turn.state}"
        if width > len(label) * LETTER + 10:
            found.append(tag("text", label, class_=f"on-{loud}", x=begin + 6, y=TOP + 13))
        elif width > 16:
            found.append(tag("text", SIGNS[turn.severity], class_=f"on-{loud}", x=begin + 3, y=TOP + 13))
    return found


def _name(plot: Plot, place: int, name: str) -> Html:
    return tag("text", name, class_="name", x=plot.size.left - 6, y=TOP + _LANE * place + 13, text_anchor="end")


def _lane(plot: Plot, place: int, name: str, begin: float, end: float, style: str, label: str) -> list[Html]:
    """A thin bar with its words right of it, or left where there is more room."""
    left, right = plot.axis.x(begin), plot.axis.x(end)
    width = max(right - left, 2.5)
    y = TOP + _LANE * place
    after = f"{label}   {fine_duration(end - begin)}"
    edge = plot.size.width - plot.size.right
    fits = left + width + 6 + len(after) * LETTER < edge
    room = edge - left - width - 6 if fits else left - plot.size.left - 6
    letters = max(int(room / LETTER), 3)
    words = after if len(after) <= letters else f"{after[: letters - 1]}…"
    begins = left + width + 6 if fits else left - 6 - LETTER * len(words)
    return [
        _name(plot, place, name),
        tag("rect", class_=style, x=left, width=width, y=y + 4, height=_LANE - 14),
        tag("rect", class_="ground", x=begins - 2, width=LETTER * len(words) + 4, y=y + 1, height=16),
        tag("text", words, class_="word", x=left + width + 6 if fits else left - 6, y=y + 13,
            text_anchor="start" if fits else "end"),
    ]  # fmt: skip

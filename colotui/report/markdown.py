"""A report as Markdown with the same content: escaped so that no string of a host is more than text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from colotui.model.checkpoint import percentile
from colotui.model.text import plain
from colotui.report import plots
from colotui.report.axis import full_scale
from colotui.report.cases import advice, command_of, life, witness_words
from colotui.report.clientplot import client_words
from colotui.report.content import Content, Done, Part
from colotui.report.doubts import doubts
from colotui.report.facts import general, spine
from colotui.report.headline import headline
from colotui.report.ladder import described
from colotui.report.markup import TEXT_LIMIT
from colotui.report.timeline import outcome
from colotui.report.times import dated, full, sentence, since, span, zone
from colotui.ui.format import fine_duration, number

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&@#$])")
_LINK = re.compile(r":(?=//)|\b(www)\.", re.IGNORECASE)
_BLOCK = re.compile(r"^(\s*)([-+=](?=[\s=-]|$)|\d+[.)](?=\s|$))")
_BARS = "▁▂▃▄▅▆▇█"
_COLUMNS = 60


def escaped(words: str) -> str:
    """`words` as nothing but text on one line: no markup, no link, no list, no table cell ends in it."""
    words = _SPECIAL.sub(r"\\\1", plain(words, TEXT_LIMIT).strip())
    words = _LINK.sub(lambda found: ":\\" if found[0] == ":" else f"{found[1]}\\.", words)
    return _BLOCK.sub(lambda found: f"{found[1]}{found[2][:-1]}\\{found[2][-1]}", words)


def code(words: str) -> str:
    """`words` between as many backticks as it needs."""
    words = plain(words, TEXT_LIMIT).strip()
    if not words:
        return ""
    longest = max((len(run) for run in re.findall(r"`+", words)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if words[0] == "`" or words[-1] == "`" else ""
    return f"{fence}{pad}{words}{pad}{fence}"


def markdown(content: Content) -> str:
    """The whole file."""
    return "\n".join(_lines(content)).rstrip() + "\n"


def _lines(content: Content) -> Iterator[str]:
    window = content.window
    about = "" if window.about is None else f", incident {escaped(window.about.id)}"
    yield f"# colotui report: pair {escaped(content.pair.name)}{about}"
    yield ""
    yield f"{span(window.low, window.high)}, local time ({escaped(zone(window.low))})"
    for part in content.parts:
        yield from ("", f"**{escaped(headline(content, part))}**")
    for part in content.parts:
        yield from _pair(content, part)
        yield from _graphs(content, part)
    yield from _timeline(content)
    yield from _incidents(content)
    yield from ("", "## Actions", "")
    done = [done for part in content.parts for done in part.actions]
    for one in done:
        yield from _action(one)
    if not done:
        yield "No action was run in this time."
    for part in content.parts:
        first, second = (host.name for host in content.pair.hosts)
        yield from ("", f"## Hosts, {escaped(part.name)}", "")
        yield from _table(("", first, second), spine(content, part))
    yield from ("", "## Facts", "")
    yield from _table(("", ""), general(content))
    yield from ("", "## What is not known", "")
    yield from (f"- {escaped(words)}" for words in doubts(content))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(escaped(name) for name in head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(escaped(cell) for cell in row)} |"


def _pair(content: Content, part: Part) -> Iterator[str]:
    moment = part.moment
    view = None if moment is None else next((view for view in moment.guests if view.name == part.name), None)
    if moment is not None and view is not None:
        first, second = content.pair.hosts
        yield from ("", f"## {escaped(part.name)}, the pair at {full(moment.at)}", "")
        yield escaped(described(moment, view, (first.name, second.name)))


def _graphs(content: Content, part: Part) -> Iterator[str]:
    low, high = content.window.low, content.window.high
    edges = [low + (high - low) * place / _COLUMNS for place in range(_COLUMNS + 1)]
    holes = [any(begin < right and end > left for begin, end in content.gaps) for left, right in pairwise(edges)]
    length = (high - low) / _COLUMNS
    cuts = part.checkpoints.cut(edges)
    slow = [[one.rtt_ms for one in part.answers if left <= one.at < right and one.rtt_ms is not None]
            for left, right in pairwise(edges)]  # fmt: skip
    silent = [
        any(one.begin < right and (high if one.end is None else one.end) > left for one in part.silences)
        for left, right in pairwise(edges)
    ]
    yield from ("", f"## {escaped(part.name)}, on one clock", "")
    yield f"From {full(low)} to {full(high)}; each sign is {fine_duration(length)}, `?`: nobody recorded."
    rows = (
        ("checkpoints a second", [len(cut) / length for cut in cuts], plots.rate_words(part.checkpoints)),
        ("pause, 95 % within, ms", [percentile(cut.pauses(), 0.95) or 0.0 for cut in cuts],
         plots.pause_words(part.checkpoints)),
        ("mismatches a minute", [len(cut) * 60.0 / length for cut in part.mismatches.cut(edges)],
         plots.mismatch_words(part.mismatches)),
    )  # fmt: skip
    for title, values, words in rows:
        yield from _graph(title, values, holes, [False] * _COLUMNS, words)
    yield from _graph(
        "client round trip, ms (x: no answer)", [max(each, default=0.0) for each in slow], holes, silent,
        client_words(content, part),
    )  # fmt: skip


def _graph(title: str, values: list[float], holes: list[bool], silent: list[bool], words: str) -> Iterator[str]:
    top = full_scale(max(values, default=0.0))
    signs = "".join(
        "x" if mute else "?" if hole else " " if value <= 0.0 else _BARS[min(int(value / top * 8), 7)]
        for value, hole, mute in zip(values, holes, silent, strict=True)
    )
    yield from ("", f"{title}, 0 to {number(top)}: {escaped(words)}", "", "```text", f"|{signs}|", "```")


def _timeline(content: Content) -> Iterator[str]:
    zero = content.zero
    yield from ("", "## Timeline", "")
    head = ("time", "+", "who", "what", "detail")
    rows = [(full(row.at), since(zero, row.at), row.who, row.what, row.detail) for row in content.rows]
    yield from _table(head, rows)


def _incidents(content: Content) -> Iterator[str]:
    yield from ("", "## Incidents", "")
    found = [incident for part in content.parts for incident in part.incidents]
    if not found:
        yield "No incident in this time."
    for incident in found:
        told = incident.now
        yield from (f"### {escaped(incident.id)}: {told.kind.value} ({told.confidence.value})", "")
        yield from (f"**{escaped(sentence(told.sentence))}**", "", escaped(sentence(life(incident))), "")
        rows = [
            (full(fact.at), since(told.since, fact.at), fact.host or "cockpit", fact.source.value, witness_words(fact))
            for fact in told.witnesses
        ]
        yield from _table(("time", "+", "host", "source", "what it said"), rows)
        yield ""
        if told.client:
            yield f"- For the client: {escaped(sentence(told.client))}"
        if told.settle:
            yield f"- What would settle it: {escaped(sentence(told.settle))}"
        for kind, label, words in advice(incident):
            command = command_of(incident) if kind == "do" else ""
            yield f"- {label}: {escaped(words)}" + (f" {code(command)}" if command else "")
        yield ""


def _action(done: Done) -> Iterator[str]:
    run = done.run
    yield from (f"### {escaped(run.title)}: {outcome(done)}", "")
    yield f"Begun {dated(run.begun)}. As one command: {code(f'colotui {run.action.value} {run.guest}')}"
    if run.failed:
        yield from ("", f"It stopped: {escaped(sentence(run.failed))}")
    yield ""
    for place, step in enumerate(run.steps, start=1):
        took = "" if step.seconds is None else f", {fine_duration(step.seconds)}"
        begun = "" if step.started_at is None else f"{full(step.started_at)}, "
        yield f"{place}. {begun}{escaped(step.host)}: {escaped(step.title)} ({step.state.value}{took})"
        if step.command:
            yield f"   - {code(step.command)}"
        if step.output:
            yield f"   - {escaped(step.output)}"
    if done.results:
        yield ""
        yield from (f"- {escaped(line.label)}: {escaped(line.text)}" for line in done.results)
    yield ""

"""One sentence for each guest: what happened, how long no client was answered, what was done, how it stands."""

from __future__ import annotations

from colotui.model.incident import Confidence
from colotui.model.protection import Severity
from colotui.report.content import Content, Part
from colotui.report.timeline import outcome
from colotui.report.times import full, sentence
from colotui.ui.format import fine_duration, plural


def headline(content: Content, part: Part) -> str:
    """The sentence, without a full stop inside."""
    words = "; ".join(
        text for text in (_what(content, part), _client(part), _done(part), _stands(part, _what(content, part))) if text
    )
    return sentence(words)


def silent_s(part: Part, high: float) -> float:
    """Seconds in which the client had no answer, as far as its probe knows."""
    return sum((high if one.end is None else one.end) - one.begin for one in part.silences)


def _what(content: Content, part: Part) -> str:
    about = content.window.about
    if about is not None:
        sure = "" if about.now.confidence is Confidence.PROVEN else f" ({about.now.confidence.value}, not proven)"
        return f"{about.now.sentence.strip().rstrip('.')}{sure}"
    errors = [one for one in part.incidents if one.now.severity is Severity.ERROR]
    if len(part.incidents) == 1:
        return part.incidents[0].now.sentence.strip().rstrip(".")
    if part.incidents:
        bad = f", {plural(len(errors), 'error')} among them" if errors else ""
        return f"{plural(len(part.incidents), 'incident')} of {part.name}{bad}"
    return f"{part.name} had no incident"


def _client(part: Part) -> str:
    if not part.asked:
        return "whether its clients were answered is not known"
    if not part.silences:
        return "its service answered every time it was asked"
    open_ones = [one for one in part.silences if one.end is None]
    closed = [one.end - one.begin for one in part.silences if one.end is not None]
    text = ""
    if len(closed) == 1:
        text = f"its client had no answer for {fine_duration(closed[0])}"
    elif closed:
        text = f"its client had no answer for {fine_duration(sum(closed))} in {len(closed)} stretches"
    if open_ones:
        since = f"has had none since {full(open_ones[0].begin)}"
        text = f"{text} and {since}" if text else f"its client {since}"
    return text


def _done(part: Part) -> str:
    if not part.actions:
        return "nothing was done"
    if len(part.actions) > 3:
        failed = sum(bool(done.run.failed) for done in part.actions)
        return f"{len(part.actions)} actions were run, {failed or 'none'} of them failed"
    return ", ".join(f"`{done.run.title}` {_ended(outcome(done))}" for done in part.actions)


def _ended(words: str) -> str:
    return words if words[:3] in ("its", "fai") else f"was {words}"


def _stands(part: Part, what: str) -> str:
    if part.last is None:
        return "how it stands is not known"
    told = part.last.protection
    # Only its first sentence: the next ones (the gap) are said above, as this recording knows them.
    words = told.headline.strip().partition(". ")[0].rstrip(".")
    state = told.state.value.lower()
    return f"at the end: {state}" if not words or what.startswith(words) else f"at the end: {state} ({words})"

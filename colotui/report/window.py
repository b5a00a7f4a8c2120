"""Which stretch of a recording is meant: an incident by its id, or two times in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from colotui.errors import UsageError
from colotui.model.incident import Incident
from colotui.model.quantity import listing
from colotui.model.text import plain
from colotui.record.recording import Recording
from colotui.replay.when import Span, local, moment_of
from colotui.report.content import Window

AROUND = 120.0
"""Seconds before the first witness of an incident and after its end that belong to its report."""

LONGEST = 3600.0
"""Seconds around an incident at most: of one that stayed open for longer its beginning."""

_FIRST_WITNESS = 600.0
"""Seconds before an incident opened in which its first witness is looked for: an older one is no beginning of it."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?")
_HELP = "Write 14:00..14:10, 2026-11-24T14:00..14:10, 2026-11-24, -10m.. or the id of an incident."


def window_of(words: str, recording: Recording) -> Window:
    """The window that `words` mean. Raises UsageError with what there is when they mean none."""
    words = words.strip()
    if ".." in words:
        return _between(words, recording)
    if _DATE.fullmatch(words):
        day = _moment(words, recording, recording.end)
        return _cut(day, _next_day(day), recording, words)
    return _around(_incident(words, recording.incidents()), recording)


def _incident(words: str, found: Sequence[tuple[str, Incident]]) -> Incident:
    incidents = sorted((incident for _guest, incident in found), key=lambda incident: incident.opened_at)
    if not incidents:
        raise UsageError("there is no incident in this recording.", f"Ask for a stretch of time. {_HELP}")
    if words == "last":
        return incidents[-1]
    fitting = [one for one in incidents if one.id == words] or [one for one in incidents if one.id.startswith(words)]
    shown = plain(words, 60)
    if not fitting:
        newest = listing([plain(one.id, 60) for one in reversed(incidents)], 8)
        raise UsageError(f"there is no incident `{shown}` in this recording.", f"There: {newest}. {_HELP}")
    if len(fitting) > 1:
        times = listing([f"{plain(one.id, 60)} at {local(one.now.since)}" for one in reversed(fitting)])
        raise UsageError(f"`{shown}` is not the beginning of one incident only: {times}.", "Ask for its time instead.")
    return fitting[0]


def _around(incident: Incident, recording: Recording) -> Window:
    first = max(incident.now.since, incident.opened_at - _FIRST_WITNESS)
    begin = first - AROUND
    end = recording.end if incident.closed_at is None else incident.closed_at + AROUND
    note = ""
    if end - begin > LONGEST:
        end = begin + LONGEST
        note = f"the incident lasted longer than this report shows: only its first {LONGEST / 60:.0f} min are here"
    return Window(max(begin, recording.begin), min(end, recording.end), incident, note)


def _between(words: str, recording: Recording) -> Window:
    first, _, last = (part.strip() for part in words.partition(".."))
    low = _moment(first, recording, recording.end) if first else recording.begin
    high = recording.end
    if last:
        back = last[:1] in ("-", "−")
        high = _moment(last, recording, recording.end if back or not first else low)
        if _DATE.fullmatch(last) or (_CLOCK.fullmatch(last) and high <= low):
            # A day is meant to its end; a time of day that would come before the first one is of the day after it.
            high = _next_day(high)
    if high <= low:
        raise UsageError(f"`{plain(words, 60)}` ends before it begins.", _HELP)
    return _cut(low, high, recording, words)


def _cut(low: float, high: float, recording: Recording, words: str) -> Window:
    if high <= recording.begin or low >= recording.end:
        raise UsageError(
            f"nothing of `{plain(words, 60)}` was recorded.",
            f"The recording reaches from {local(recording.begin)} to {local(recording.end)}.",
        )
    return Window(max(low, recording.begin), min(high, recording.end))


def _moment(words: str, recording: Recording, now: float) -> float:
    """One time in words; of several days the one nearest to `now`."""
    try:
        return moment_of(words, Span(recording.begin, recording.end, now))
    except UsageError as error:
        raise UsageError(error.what, _HELP) from error


def _next_day(at: float) -> float:
    return (datetime.fromtimestamp(at) + timedelta(days=1)).timestamp()

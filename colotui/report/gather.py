"""From a recording and a window to the content of a report."""

from __future__ import annotations

import time
from collections.abc import Sequence

from colotui.model.incident import Incident
from colotui.model.protection import Severity, Snapshot
from colotui.model.recording import Run
from colotui.record.recording import Recording
from colotui.report.content import Content, Done, Part, Window
from colotui.report.timeline import timeline
from colotui.report.walk import Trail, Walk, walked

STOPS = 300
"""Events at which a frame is looked at, whatever the stride."""

_SOON = 5.0
"""Seconds after the end of a plan in which the screen shows what was measured."""


def gathered(recording: Recording, window: Window, source: str, made_at: float | None = None) -> Content:
    """All a report of `window` says; `source` names the recording. Reads a bounded number of frames."""
    events = recording.events(window.low, window.high)
    stops = [event.at for event in events if event.source == "client" or event.severity is not Severity.OK][:STOPS]
    walk = walked(recording, window, stops)
    about = window.about
    names = [spec.name for spec in recording.pair.guests if about is None or spec.name == about.guest]
    parts = tuple(_part(recording, window, name, walk) for name in names)
    shown = [event for event in events if not event.guest or event.guest in names]
    gaps = tuple(
        (max(low, window.low), min(high, window.high))
        for low, high in recording.gaps
        if low < window.high and high > window.low
    )
    rows, left_out = timeline(parts, shown, gaps)
    now = time.time() if made_at is None else made_at
    return Content(
        recording.pair, window, parts, rows, left_out, gaps, tuple(walk.blind), dict(recording.versions), source, now
    )


def _part(recording: Recording, window: Window, name: str, walk: Walk) -> Part:
    trail = walk.trails.get(name, Trail())
    incidents = tuple(
        incident for guest, incident in recording.incidents() if guest == name and _touches(incident, window)
    )
    runs = [run for run in recording.actions() if run.guest == name and _overlaps(run, window)]
    return Part(
        spec=recording.pair.guest(name),
        incidents=incidents,
        actions=tuple(_done(recording, run) for run in runs),
        turns=tuple(trail.turns),
        silences=tuple(trail.silences),
        answers=tuple(answer for answer in trail.answers if answer.at >= window.low),
        checkpoints=recording.checkpoints(name, window.low, window.high),
        mismatches=recording.mismatches(name, window.low, window.high),
        moment=_moment(recording, window, incidents, walk.last),
        last=trail.last,
    )


def _touches(incident: Incident, window: Window) -> bool:
    if incident == window.about:
        return True
    return incident.opened_at < window.high and (incident.closed_at or window.high) >= window.low


def _overlaps(run: Run, window: Window) -> bool:
    return run.begun < window.high and (run.ended or window.high) >= window.low


def _done(recording: Recording, run: Run) -> Done:
    """The run with what the screen showed of it after its end."""
    if run.ended is None:
        return Done(run)
    moment = run.ended
    while (following := recording.after(moment)) is not None and following <= run.ended + _SOON:
        moment = following
        view = next((view for view in recording.at(moment).guests if view.name == run.guest), None)
        progress = view.progress if view is not None else None
        if progress is None or abs(progress.started_at - run.begun) > 1.0 or progress.title != run.title:
            break
        if progress.cancelled or progress.failed or progress.results:
            return Done(run, progress.results, progress.cancelled)
    return Done(run)


def _moment(
    recording: Recording, window: Window, incidents: Sequence[Incident], last: Snapshot | None
) -> Snapshot | None:
    """The snapshot that shows best what it is about: as the incident opened, else as the window ended."""
    told = window.about or next((one for one in incidents if one.now.severity is Severity.ERROR), None)
    if told is None or told.opened_at < window.low:
        return last
    at = recording.after(told.opened_at - 1e-3)
    return recording.at(told.opened_at if at is None else at)

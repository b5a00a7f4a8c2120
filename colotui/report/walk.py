"""Goes through the frames of a window once and keeps what changed: states, the client's answers, lost channels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from colotui.model.protection import GuestView, HostView, LinkState, Snapshot
from colotui.record.recording import Recording
from colotui.report.content import Answer, Blind, Silence, Turn, Window

FRAMES = 900
"""Frames looked at in one window, more or less: a long one is looked at with strides."""

_HAIR = 1e-6


@dataclass(slots=True)
class Trail:
    """What one guest left in the frames."""

    turns: list[Turn] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)
    last: GuestView | None = None

    def take(self, view: GuestView, at: float, before: float) -> None:
        """The next frame of it, of `at`; `before` is the time of the frame before it."""
        told = view.protection
        if not self.turns or (self.turns[-1].state, self.turns[-1].severity) != (told.state.value, told.severity):
            since = told.since if told.since is not None and self.turns and before < told.since <= at else at
            self.turns.append(Turn(since, told.state.value, told.severity, told.headline))
        self._answer(view)
        self.last = view

    def _answer(self, view: GuestView) -> None:
        probe = view.probe
        if probe is None or (self.answers and probe.at <= self.answers[-1].at):
            return
        self.answers.append(Answer(probe.at, probe.rtt_ms if probe.ok else None))
        still = self.silences[-1] if self.silences and self.silences[-1].end is None else None
        if probe.ok:
            if still is not None:
                self.silences[-1] = replace(still, end=probe.at)
        elif still is None:
            self.silences.append(Silence(probe.silent_since or probe.at, None))


@dataclass(slots=True)
class Walk:
    """What all guests and both hosts left in the frames of a window."""

    trails: dict[str, Trail] = field(default_factory=dict)
    blind: list[Blind] = field(default_factory=list)
    last: Snapshot | None = None


def walked(recording: Recording, window: Window, stops: list[float]) -> Walk:
    """Go through `window`. At the `stops` (rising) a frame is looked at whatever the stride."""
    walk = Walk()
    dark: dict[str, Blind] = {}
    before = window.low
    for snapshot in _frames(recording, window, stops):
        for view in snapshot.guests:
            walk.trails.setdefault(view.name, Trail()).take(view, snapshot.at, before)
        for host in snapshot.hosts:
            _channel(host, snapshot.at, dark, walk.blind)
        before = snapshot.at
        walk.last = snapshot
    walk.blind += dark.values()
    walk.blind.sort(key=lambda one: one.begin)
    return walk


def _channel(host: HostView, at: float, dark: dict[str, Blind], ended: list[Blind]) -> None:
    name = host.spec.name
    if host.link is LinkState.DOWN and name not in dark:
        dark[name] = Blind(name, min(host.since, at), None, host.why)
    elif host.link is LinkState.UP and name in dark:
        ended.append(replace(dark.pop(name), end=host.since))


def _frames(recording: Recording, window: Window, stops: list[float]) -> Iterator[Snapshot]:
    stride = (window.high - window.low) / FRAMES
    snapshot = recording.at(window.low)
    yield snapshot
    at, place = max(snapshot.at, window.low), 0
    while True:
        while place < len(stops) and stops[place] <= at:
            place += 1
        target = at + stride
        if place < len(stops):
            target = min(target, stops[place])
        # The first frame at or after the target; the next one where frames are further apart than the stride.
        moment = recording.after(max(at, target - _HAIR))
        if moment is None or moment > window.high:
            break
        snapshot = recording.at(moment)
        yield snapshot
        at = moment
    closing = recording.at(window.high)
    if closing.at > snapshot.at:
        yield closing

"""Takes snapshots in and says what is new in each: leaves, rows, events, incidents, plans, versions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from colotui.model.facts import QemuFacts
from colotui.model.incident import Incident
from colotui.model.plan import Progress
from colotui.model.protection import Event, Snapshot
from colotui.model.timeline import Columns
from colotui.record.columns import KINDS
from colotui.record.leaves import Cutter
from colotui.record.tap import Tap
from colotui.record.values import packed

EVENTS = "events"
"""The kind under which events are stored, beside the kinds of logs."""

LogName = tuple[str, str]
"""Kind and guest."""


@dataclass(slots=True)
class News:
    """What one snapshot brought. `rows` and `events` begin with the number of the first. `needs`: of each log its
    last number and the time of its oldest row; of the events the last and the lowest number that is shown."""

    leaves: dict[str, bytes]
    rows: dict[LogName, tuple[int, Columns]] = field(default_factory=dict)
    events: tuple[int, tuple[Event, ...]] = (0, ())
    incidents: tuple[Incident, ...] = ()
    runs: tuple[Progress, ...] = ()
    needs: dict[str, tuple[int, float]] = field(default_factory=dict)


class Intake:
    """One session of recording. `numbers`: with which number the next row of each log, and the next event, begins."""

    def __init__(self, words: Callable[[str], str], numbers: Mapping[LogName, int]) -> None:
        self.versions: dict[str, str] = {}
        self._words = words
        self._numbers = dict(numbers)
        self._cutter = Cutter(words)
        self._taps: dict[LogName, Tap] = {}
        self._known: dict[str, bytes] = {}
        self._events: tuple[Event, ...] = ()
        self._event_numbers: dict[Event, int] = {}
        self._next_event = self._numbers.get((EVENTS, ""), 0)
        self._incidents: dict[tuple[str, str], Incident] = {}
        self._runs: dict[str, Progress] = {}

    def whole(self) -> None:
        """The next snapshot gives all its leaves."""
        self._cutter = Cutter(self._words)
        self._known.clear()

    def take(self, snapshot: Snapshot) -> News:
        """What is new in this snapshot."""
        news = News(self._cutter.cut(snapshot))
        for index, guest in enumerate(snapshot.guests):
            for kind in KINDS:
                name = (kind, guest.name)
                tap = self._taps.get(name)
                if tap is None:
                    tap = self._taps[name] = Tap(self._numbers.get(name, 0))
                log = getattr(guest, kind)
                extent, rows = tap.take(log)
                self._put(news, f".guests.{index}.{kind}", [extent.base, extent.end, extent.length])
                news.needs["/".join(name)] = extent.end, float("inf") if log.first_at is None else log.first_at
                if rows[0]:
                    news.rows[name] = extent.end - len(rows[0]), rows
        self._take_events(news, snapshot.events)
        news.incidents = tuple(self._new_incidents(snapshot))
        news.runs = tuple(self._new_runs(snapshot))
        self._take_versions(snapshot)
        return news

    def _put(self, news: News, path: str, value: object) -> None:
        raw = packed(value)
        if self._known.get(path) != raw:
            self._known[path] = news.leaves[path] = raw

    def _take_events(self, news: News, events: tuple[Event, ...]) -> None:
        changed = events != self._events
        if changed:
            self._events = events
            first, new = self._next_event, []
            numbers: dict[Event, int] = {}
            for event in events:
                number = self._event_numbers.get(event, numbers.get(event))
                if number is None:
                    number, self._next_event = self._next_event, self._next_event + 1
                    new.append(event)
                numbers[event] = number
            self._event_numbers = numbers
            news.events = first, tuple(new)
        if changed or ".events" not in self._known:
            self._put(news, ".events", runs_of(self._event_numbers[event] for event in events))
        news.needs[EVENTS] = self._next_event, float(min(self._event_numbers.values(), default=self._next_event))

    def _new_incidents(self, snapshot: Snapshot) -> Iterable[Incident]:
        for guest in snapshot.guests:
            for incident in guest.incidents:
                key = guest.name, incident.id
                if self._incidents.get(key) is not incident:
                    self._incidents[key] = incident
                    yield incident

    def _new_runs(self, snapshot: Snapshot) -> Iterable[Progress]:
        for guest in snapshot.guests:
            progress = guest.progress
            if progress is not None and self._runs.get(guest.name) is not progress:
                self._runs[guest.name] = progress
                yield progress

    def _take_versions(self, snapshot: Snapshot) -> None:
        for host in snapshot.hosts:
            if host.facts is not None:
                self.versions[f"kernel {host.spec.name}"] = self._words(host.facts.kernel)
                if isinstance(host.facts.qemu, QemuFacts):
                    self.versions[f"QEMU {host.spec.name}"] = self._words(host.facts.qemu.version)
        for guest in snapshot.guests:
            for copy in guest.copies.values():
                if copy.version:
                    self.versions[f"QEMU {copy.host}"] = self._words(copy.version)


def runs_of(numbers: Iterable[int]) -> list[list[int]]:
    """Numbers in their order as stretches [first, last] that rise by one."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found

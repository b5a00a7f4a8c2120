"""The incidents of one guest in this session: each opens and closes by evidence, keeps its id and stays in the list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from colotui.model.incident import Diagnosed, Fact, Incident, Kind, Source
from colotui.model.plan import Progress
from colotui.model.protection import Event, Severity

KEPT = 200
"""Incidents kept; the oldest closed ones are let go first."""

GONE_FOR = 2.0
"""Seconds its witnesses must be silent before an incident closes: one look that failed must not close it."""

BY_PLAN = 10.0
"""Seconds after the end of a plan in which what closes is taken to be its doing."""


class IncidentBook:
    """Tell it what is diagnosed now, again and again; it keeps the lives of the incidents. Times in epoch seconds."""

    def __init__(self, guest: str, emit: Callable[[Event], None]) -> None:
        self._guest = guest
        self._emit = emit
        self._open: dict[Kind, Incident] = {}
        self._closed: list[Incident] = []
        self._total = 0

    @property
    def all(self) -> tuple[Incident, ...]:
        """Open ones first, then the closed; each newest first."""
        opened = sorted(self._open.values(), key=lambda incident: incident.opened_at, reverse=True)
        return (*opened, *reversed(self._closed))[:KEPT]

    def update(self, now: float, diagnosed: Iterable[Diagnosed], progress: Progress | None = None) -> None:
        """Open what is new, go on with what still holds, close what nobody witnesses any more."""
        seen = {found.kind: found for found in diagnosed}
        for kind, found in seen.items():
            before = self._open.get(kind)
            if before is None:
                self._begin(now, found)
            else:
                self._open[kind] = replace(before, seen_at=now, now=_joined(before.now, found))
        for kind, incident in list(self._open.items()):
            if kind not in seen and now - incident.seen_at >= GONE_FOR:
                self._end(now, incident, _closer(now, progress))

    def _begin(self, now: float, found: Diagnosed) -> None:
        again = next((old for old in reversed(self._closed) if old.now.kind is found.kind), None)
        if again is not None and again.closed_at is not None and found.since <= again.closed_at:
            # The same one: its witnesses were only unheard for a while.
            self._closed.remove(again)
            back = replace(again, seen_at=now, now=_joined(again.now, found), closed_at=None, closed_by="")
            self._open[found.kind] = back
            self._say(now, f"incident {back.id} is open again: {found.kind.value}", found.sentence, found.severity)
            return
        self._total += 1
        incident = Incident(f"{self._guest}-{self._total}", self._guest, now, now, found)
        self._open[found.kind] = incident
        self._say(now, f"incident {incident.id}: {found.kind.value}", found.sentence, found.severity)

    def _end(self, now: float, incident: Incident, closer: str) -> None:
        del self._open[incident.now.kind]
        self._closed.append(replace(incident, closed_at=now, closed_by=closer))
        del self._closed[: max(0, len(self._closed) + len(self._open) - KEPT)]
        self._say(now, f"incident {incident.id} closed: {incident.now.kind.value}", closer, Severity.OK)

    def _say(self, at: float, text: str, detail: str, severity: Severity) -> None:
        self._emit(Event(at, "colotui", text, detail, severity, self._guest))


def _joined(before: Diagnosed, after: Diagnosed) -> Diagnosed:
    """The newest words with the oldest witnesses: what is asked again and again has begun once."""
    first: dict[tuple[str, Source, str], Fact] = {}
    for fact in (*before.witnesses, *after.witnesses):
        known = first.setdefault(_sort(fact), fact)
        if fact.at < known.at:
            first[_sort(fact)] = fact
    # An event may come more than once (two resets each side); a state that is asked for is one witness, its first time.
    often = Counter(_sort(fact) for fact in after.witnesses)
    more = [fact for fact in after.witnesses if often[_sort(fact)] > 1 and fact not in first.values()]
    witnesses = tuple(sorted([*first.values(), *more], key=lambda fact: fact.at))
    return replace(after, since=min(before.since, after.since), witnesses=witnesses)


def _sort(fact: Fact) -> tuple[str, Source, str]:
    return fact.host, fact.source, fact.what


def _closer(now: float, progress: Progress | None) -> str:
    if progress is not None and (
        progress.running or (progress.ended_at is not None and now - progress.ended_at < BY_PLAN)
    ):
        return f"`{progress.title}`"
    return "its witnesses say so no more"

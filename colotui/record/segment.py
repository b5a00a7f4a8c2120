"""The minute that is being recorded: its frames, rows and events, second by second, and put together at its end."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import msgspec

from colotui.model.protection import Event
from colotui.model.timeline import Columns
from colotui.record import columns as rows
from colotui.record.intake import EVENTS, LogName, News
from colotui.record.values import Unreadable, builder, decoded, packed

Frame = tuple[float, dict[str, msgspec.Raw]]

LARGEST = 64 << 20
"""Bytes of one piece, unpacked, at most; a file that says otherwise is damaged."""

_FRAMES = msgspec.msgpack.Decoder(list[Frame])
_LIVE = msgspec.msgpack.Decoder(tuple[list[Frame], list[tuple[str, str, int, msgspec.Raw]], int, list[Any]])
_EVENTS = msgspec.msgpack.Decoder(list[Any])
_EVENT = builder(Event)


def squeezed(data: bytes) -> bytes:
    """`data` compressed."""
    return zlib.compress(data, 6)


def loosened(data: object) -> bytes:
    """What `squeezed` made smaller. Raises Unreadable, also when it would be larger than anything of ours."""
    if not isinstance(data, bytes):
        raise Unreadable("no compressed data")
    machine = zlib.decompressobj()
    try:
        plain = machine.decompress(data, LARGEST)
    except zlib.error as error:
        raise Unreadable(str(error)) from error
    if not machine.eof:
        raise Unreadable("compressed data that is cut off, or too large")
    return plain


def frames_of(data: object) -> list[Frame]:
    """The frames of a finished minute."""
    found: list[Frame] = decoded(_FRAMES, loosened(data))
    if not found or any(not earlier[0] < later[0] for earlier, later in pairwise(found)):
        raise Unreadable("frames out of order")
    return found


def events_of(data: object) -> list[Event]:
    """The events of a chunk."""
    return [_EVENT(item) for item in decoded(_EVENTS, loosened(data))]


@dataclass(slots=True)
class Chunk:
    """Rows or events of one minute, ready to be stored; `first`: the number of the first."""

    kind: str
    guest: str
    first: int
    count: int
    low: float
    high: float
    data: bytes


@dataclass(slots=True)
class Segment:
    """One minute. `words` is applied to the texts of rows and events."""

    words: Callable[[str], str]
    frames: list[Frame] = field(default_factory=list)
    logs: dict[LogName, tuple[int, Columns]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    first_event: int = 0
    needs: dict[str, tuple[int, float]] = field(default_factory=dict)
    size: int = 0
    _fresh: list[tuple[float, News]] = field(default_factory=list)

    def add(self, moment: float, news: News) -> None:
        """Take in what a snapshot brought."""
        if not self.frames:
            self.needs = news.needs
        self.frames.append((moment, {path: msgspec.Raw(raw) for path, raw in news.leaves.items()}))
        self.size += sum(map(len, news.leaves.values()))
        for name, (first, new) in news.rows.items():
            self._add_rows(name, first, new)
        self._add_events(*news.events)
        self._fresh.append((moment, news))

    def _add_rows(self, name: LogName, first: int, new: Columns) -> None:
        held = self.logs.get(name)
        if held is None:
            self.logs[name] = first, tuple(column[:] for column in new)
        elif held[0] + len(held[1][0]) != first:
            raise Unreadable("rows that do not follow each other")
        else:
            for column, values in zip(held[1], new, strict=True):
                column.extend(values)

    def _add_events(self, first: int, events: tuple[Event, ...] | list[Event]) -> None:
        if not events:
            return
        if not self.events:
            self.first_event = first
        elif self.first_event + len(self.events) != first:
            raise Unreadable("events that do not follow each other")
        self.events.extend(events)

    def fresh(self) -> bytes | None:
        """All since the last call, to be committed; None when there is nothing."""
        if not self._fresh:
            return None
        new, self._fresh = self._fresh, []
        frames = [(moment, {path: msgspec.Raw(raw) for path, raw in news.leaves.items()}) for moment, news in new]
        logs = [
            (*name, first, msgspec.Raw(rows.write(name[0], columns, self.words)))
            for _, news in new
            for name, (first, columns) in news.rows.items()
        ]
        events = [event for _, news in new for event in news.events[1]]
        first = next((news.events[0] for _, news in new if news.events[1]), 0)
        return packed([frames, logs, first, [msgspec.Raw(packed(event, self.words)) for event in events]])

    def absorb(self, data: bytes) -> None:
        """Take in again what `fresh` gave. Raises Unreadable."""
        frames, logs, first, events = decoded(_LIVE, data)
        for frame in frames:
            if self.frames and frame[0] <= self.frames[-1][0]:
                raise Unreadable("frames out of order")
            self.frames.append(frame)
        for kind, guest, number, raw in logs:
            if kind not in rows.KINDS:
                raise Unreadable("rows of an unknown kind")
            self._add_rows((kind, guest), number, rows.read(kind, raw))
        self._add_events(first, [_EVENT(event) for event in events])

    def packed_frames(self) -> bytes:
        """The frames, to be stored."""
        return squeezed(packed(self.frames))

    def chunks(self) -> list[Chunk]:
        """The rows and events, to be stored."""
        found = []
        for (kind, guest), (first, columns) in self.logs.items():
            times = columns[0]
            data = squeezed(rows.write(kind, columns, self.words))
            found.append(Chunk(kind, guest, first, len(times), min(times), max(times), data))
        if self.events:
            times = [event.at for event in self.events]
            data = squeezed(packed([msgspec.Raw(packed(event, self.words)) for event in self.events]))
            found.append(Chunk(EVENTS, "", self.first_event, len(times), min(times), max(times), data))
        return found

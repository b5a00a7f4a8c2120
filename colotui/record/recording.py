"""A recording, opened to be read: the snapshot of any moment, and what happened in any stretch of time."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from colotui.errors import RecordingError
from colotui.model.incident import Incident
from colotui.model.pair import Pair
from colotui.model.past import CheckpointLog, MismatchLog
from colotui.model.plan import Progress
from colotui.model.protection import Event, Snapshot
from colotui.model.recording import MarkKind, Run
from colotui.record.columns import KINDS
from colotui.record.frames import Frames
from colotui.record.leaves import Joiner
from colotui.record.segment import Segment
from colotui.record.source import Source, damaged
from colotui.record.store import GAP
from colotui.record.tables import EventTable, LogTable
from colotui.record.tap import Extent
from colotui.record.values import Unreadable, builder, unpacked

_MOST = 100_000


class Recording:
    """A recording. Times are epoch seconds; everything raises RecordingError when the file is not what it should be.

    One that is still being recorded is read as it was when it was opened.
    """

    pair: Pair
    begin: float
    end: float
    gaps: tuple[tuple[float, float], ...]
    versions: Mapping[str, str]

    def __init__(self, source: Source) -> None:
        self._source = source
        self._db = source.db
        self._live = Segment(str)
        session = 0
        # One transaction: a minute that is finished just now must not be missing from both places.
        self._db.execute("BEGIN")
        try:
            for row in self._db.execute("SELECT session, data FROM live ORDER BY id LIMIT ?", (_MOST,)):
                session = row[0]
                self._live.absorb(row[1])
            if not self._live.frames and self._db.execute("SELECT 1 FROM minute LIMIT 1").fetchone() is None:
                raise RecordingError(str(source.path), "it holds nothing yet.", "Wait until something was recorded.")
            self._frames = Frames(self._db, self._live.frames, session)
            self._events = EventTable(self._db, self._live.first_event, self._live.events)
            self._logs: dict[tuple[str, str], LogTable] = {}
            for guest in self._guests():
                for kind in KINDS:
                    name = (kind, guest)
                    self._logs[name] = LogTable(self._db, kind, guest, self._live.logs.get(name))
            self._read_sessions()
        finally:
            self._db.execute("COMMIT")
        self.begin, self.end = self._frames.lows[0], self._frames.highs[-1]
        self.gaps = self._frames.gaps(GAP)
        self._joiner = Joiner(self._extra)
        self._place: tuple[int, int] | None = None
        self._leaves: Mapping[str, Any] = {}
        self._snapshot: Snapshot | None = None

    @classmethod
    def open(cls, path: Path) -> Recording:
        """Open the file at `path`, which is not changed."""
        source = Source(path)
        try:
            with _reading(path):
                return cls(source)
        except BaseException:
            source.close()
            raise

    def _guests(self) -> set[str]:
        rows = self._db.execute("SELECT DISTINCT guest FROM chunk LIMIT ?", (_MOST,))
        return {row[0] for row in rows if isinstance(row[0], str)} | {guest for _, guest in self._live.logs}

    def _read_sessions(self) -> None:
        versions: dict[str, str] = {}
        rows = self._db.execute("SELECT pair, versions FROM session ORDER BY id LIMIT ?", (_MOST,)).fetchall()
        if not rows:
            raise Unreadable("it does not say of which pair it is")
        for _, data in rows:
            versions |= builder(dict[str, str])(unpacked(_bytes(data)))
        self.pair = builder(Pair)(unpacked(_bytes(rows[-1][0])))
        self.versions = versions

    def at(self, moment: float) -> Snapshot:
        """What the screen had at `moment`: the newest frame that is not later, else the first one."""
        with _reading(self._source.path):
            place = self._frames.place(moment)
            if place != self._place or self._snapshot is None:
                self._leaves = self._frames.leaves(place)
                self._snapshot = self._joiner.joined(self._leaves)
                self._place = place
            return self._snapshot

    def _extra(self, path: str, name: str) -> object:
        """What is not in the leaves themselves: logs and events; the leaves say which rows of them."""
        raw = self._leaves.get(f"{path}.{name}")
        if raw is None:
            raise Unreadable(f"{path}.{name} is missing")
        value = unpacked(raw)
        if name == "events":
            return self._events.shown(_STRETCHES(value))
        guest = unpacked(self._leaves[f"{path}.spec"])["name"]
        table = self._logs.get((name, guest))
        base, end, length = _NUMBERS(value)
        if table is None:
            if length:
                raise Unreadable("rows are missing")
            return KINDS[name]()
        return table.log(Extent(base, end, length))

    def after(self, moment: float) -> float | None:
        """When the next frame after `moment` was; None when there is none."""
        with _reading(self._source.path):
            return self._frames.after(moment)

    def events(self, low: float, high: float) -> list[Event]:
        """The events with `low` <= time < `high`, oldest first."""
        with _reading(self._source.path):
            return self._events.between(low, high)

    def incidents(self) -> list[tuple[str, Incident]]:
        """Every incident with its guest, as it was last seen; the one that opened first comes first."""
        build = builder(Incident)
        with _reading(self._source.path):
            rows = self._db.execute("SELECT data FROM incident ORDER BY opened LIMIT ?", (_MOST,)).fetchall()
            found: list[Incident] = [build(unpacked(_bytes(data))) for (data,) in rows]
        return [(incident.guest, incident) for incident in found]

    def checkpoints(self, guest: str, low: float, high: float) -> CheckpointLog:
        """The checkpoints of `guest` with `low` <= time < `high`."""
        found = self._between("checkpoints", guest, low, high)
        assert isinstance(found, CheckpointLog)
        return found

    def mismatches(self, guest: str, low: float, high: float) -> MismatchLog:
        """The mismatches of `guest` with `low` <= time < `high`."""
        found = self._between("mismatches", guest, low, high)
        assert isinstance(found, MismatchLog)
        return found

    def _between(self, kind: str, guest: str, low: float, high: float) -> object:
        table = self._logs.get((kind, guest))
        if table is None:
            return KINDS[kind]()
        with _reading(self._source.path):
            return table.between(low, high)

    def actions(self) -> list[Run]:
        """The plans that were run, oldest first."""
        build = builder(Progress)
        with _reading(self._source.path):
            rows = self._db.execute("SELECT data FROM run ORDER BY begun LIMIT ?", (_MOST,)).fetchall()
            found: list[Progress] = [build(unpacked(_bytes(data))) for (data,) in rows]
        return [Run(p.guest, p.title, p.action, p.started_at, p.ended_at, p.failed, p.steps) for p in found]

    def marks(self, kind: MarkKind) -> Sequence[float]:
        """The moments of a kind, rising."""
        if kind is MarkKind.INCIDENT:
            return sorted({incident.opened_at for _, incident in self.incidents()})
        if kind is MarkKind.ACTION:
            return sorted({run.begun for run in self.actions()})
        with _reading(self._source.path):
            tables = [table for (name, _), table in self._logs.items() if name == "mismatches"]
            return sorted({at for table in tables for at in table.times()})

    def close(self) -> None:
        """Let the file go."""
        self._source.close()


_STRETCHES = builder(tuple[tuple[int, int], ...])
_NUMBERS = builder(tuple[int, int, int])


def _bytes(data: object) -> bytes:
    if not isinstance(data, bytes):
        raise Unreadable("no data")
    return data


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Whatever a file can make go wrong is one sentence about that file."""
    try:
        yield
    except (sqlite3.Error, ValueError, OverflowError, TypeError, KeyError) as error:
        raise damaged(path, error) from error

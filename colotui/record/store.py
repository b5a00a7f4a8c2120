"""The file that is written: a transaction for each second, a blob for each finished minute, old minutes removed."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from colotui import __version__
from colotui.errors import RecordingError
from colotui.model.pair import Pair
from colotui.model.protection import Snapshot
from colotui.model.secrets import cleaner_of, without_secrets
from colotui.record import schema
from colotui.record.intake import Intake, LogName
from colotui.record.retention import Keep, forget
from colotui.record.segment import Segment
from colotui.record.values import Unreadable, packed

MINUTE = 60.0
"""Seconds between two key frames: what a reader goes through at most to make a snapshot."""

GAP = 5.0
"""Seconds without a snapshot that are a gap: then nobody was recording."""

_WORDS_KEPT = 4096
_SEGMENT_BYTES = 8 << 20
_WAL_BYTES = 4 << 20
_STEP = 1e-6


@dataclass(slots=True)
class Written:
    """What was written so far in this session."""

    frames: int = 0
    minutes: int = 0
    until: float | None = None


class Store:
    """One recording, open to be written by one session. Every call belongs to the thread that made it.

    All of it raises sqlite3.Error when the file cannot be written (the disk is full); what was committed stands.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, pair: Pair, keep: Keep) -> None:
        self.path = path
        self.written = Written()
        self._db = connection
        self._keep = keep
        self._clean = cleaner_of(pair).words
        self._cleaned: dict[str, str] = {}
        self._last = self._recovered()
        cursor = connection.execute(
            "INSERT INTO session (begun, pair, versions) VALUES (?, ?, ?)",
            (time.time(), packed(without_secrets(pair), self._words), packed(self._versions({}))),
        )
        self._session = cursor.lastrowid
        self._told: dict[str, str] = {}
        self._intake = Intake(self._words, self._numbers())
        self._segment = Segment(self._words)
        self._incidents: dict[tuple[str, str], tuple[object, ...]] = {}
        self._runs: dict[tuple[str, float], tuple[object, ...]] = {}

    @classmethod
    def open(cls, path: Path, pair: Pair, keep: Keep) -> Store:
        """Open the file, a new one or one that goes on. Raises RecordingError when it is none of ours."""
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise RecordingError(str(path), f"cannot be written: {error.strerror}.", "Name another file.") from error
        # Before SQLite opens it: closing any handle of a file takes the locks away that SQLite has on it.
        os.close(handle)
        connection = sqlite3.connect(path, isolation_level=None, timeout=5.0)
        try:
            connection.execute("PRAGMA trusted_schema = OFF")
            if schema.is_empty(connection):
                schema.create(connection)
            else:
                schema.migrate(connection, str(path))
            connection.execute("PRAGMA journal_mode = WAL")
            # A commit is safe from the end of this process at once; the disk's own pace must not become ours.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
            return cls(connection, path, pair, keep)
        except sqlite3.OperationalError:
            connection.close()
            raise
        except (sqlite3.DatabaseError, ValueError) as error:
            connection.close()
            raise RecordingError(str(path), f"it is damaged or no recording ({error}).", _ELSEWHERE) from error
        except BaseException:
            connection.close()
            raise

    def add(self, snapshot: Snapshot) -> None:
        """Take a snapshot in; it is in the file after the next `commit`."""
        last = self._segment.frames[0][0] if self._segment.frames else None
        # A clock that was set back must not put two frames at one moment: time only rises in the file.
        moment = snapshot.at if self._last is None else max(snapshot.at, self._last + _STEP)
        if last is not None and self._last is not None:
            old = moment - last >= MINUTE or moment - self._last > GAP
            if old or self._segment.size > _SEGMENT_BYTES:
                self._finish()
        if not self._segment.frames:
            self._intake.whole()
        news = self._intake.take(snapshot)
        self._segment.add(moment, news)
        self._last = moment
        self.written.frames += 1
        self.written.until = moment
        for incident in news.incidents:
            self._incidents[(incident.guest, incident.id)] = (
                *(self._session, incident.guest, incident.id, incident.opened_at, moment),
                packed(incident, self._words),
            )
        for run in news.runs:
            self._runs[(run.guest, run.started_at)] = (
                *(self._session, run.guest, run.started_at, moment),
                packed(run, self._words),
            )

    def commit(self) -> None:
        """Put into the file what was added since the last call."""
        data = self._segment.fresh()
        if data is None:
            return
        with self._transaction():
            self._db.execute("INSERT INTO live (session, data) VALUES (?, ?)", (self._session, data))
            self._put_aside()

    def _put_aside(self) -> None:
        """What is one row each, however often it changes."""
        self._db.executemany("INSERT OR REPLACE INTO incident VALUES (?, ?, ?, ?, ?, ?)", self._incidents.values())
        self._db.executemany("INSERT OR REPLACE INTO run VALUES (?, ?, ?, ?, ?)", self._runs.values())
        self._incidents.clear()
        self._runs.clear()
        if self._told != self._intake.versions:
            self._told = dict(self._intake.versions)
            versions = packed(self._versions(self._told))
            self._db.execute("UPDATE session SET versions = ? WHERE id = ?", (versions, self._session))

    def close(self) -> None:
        """Finish the file: afterwards it is one file, without a log beside it."""
        try:
            self.commit()
            self._finish()
            self._give_back()
            self._db.execute("PRAGMA busy_timeout = 100")
            with contextlib.suppress(sqlite3.OperationalError):
                # Refused while somebody reads it: then the log stays, and the file is as good.
                self._db.execute("PRAGMA journal_mode = DELETE")
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Let the file go as it is."""
        with contextlib.suppress(sqlite3.Error):
            self._db.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise

    def _finish(self) -> None:
        """The minute is over: one blob instead of sixty rows."""
        segment, self._segment = self._segment, Segment(self._words)
        if not segment.frames:
            return
        segment.fresh()
        with self._transaction():
            self._merge(segment, self._session)
            self._put_aside()
        self.written.minutes += 1
        with self._transaction():
            forgotten = forget(self._db, self._keep, segment.frames[-1][0])
        if forgotten:
            self._give_back()

    def _give_back(self) -> None:
        """Pages that hold nothing go back to the file system."""
        # As a script: `execute` would stop after the first page.
        self._db.executescript("PRAGMA incremental_vacuum")

    def _merge(self, segment: Segment, session: object) -> None:
        frames = segment.frames
        self._db.execute(
            "INSERT INTO minute (session, low, high, needs, data) VALUES (?, ?, ?, ?, ?)",
            (session, frames[0][0], frames[-1][0], packed(segment.needs), segment.packed_frames()),
        )
        self._db.executemany(
            "INSERT INTO chunk (kind, guest, first, count, low, high, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(c.kind, c.guest, c.first, c.count, c.low, c.high, c.data) for c in segment.chunks()],
        )
        self._db.execute("DELETE FROM live")

    def _recovered(self) -> float | None:
        """Put the seconds together that a session left which was cut off; the time of the newest frame."""
        rows = self._db.execute("SELECT session, data FROM live ORDER BY id").fetchall()
        if rows:
            segment = Segment(str)
            try:
                for _, data in rows:
                    segment.absorb(data)
            except Unreadable as error:
                raise RecordingError(str(self.path), f"its last minute is damaged: {error}.", _ELSEWHERE) from error
            with self._transaction():
                self._merge(segment, rows[0][0])
        (last,) = self._db.execute("SELECT max(high) FROM minute").fetchone()
        return float(last) if last is not None else None

    def _numbers(self) -> dict[LogName, int]:
        rows = self._db.execute("SELECT kind, guest, max(first + count) FROM chunk GROUP BY kind, guest")
        return {(kind, guest): end for kind, guest, end in rows}

    def _versions(self, seen: dict[str, str]) -> dict[str, str]:
        return {"colotui": __version__, "schema": str(schema.version()), **seen}

    def _words(self, text: str) -> str:
        """`text` without secrets; the same texts come again and again."""
        known = self._cleaned.get(text)
        if known is None:
            if len(self._cleaned) >= _WORDS_KEPT:
                self._cleaned.clear()
            known = self._cleaned[text] = self._clean(text)
        return known


_ELSEWHERE = "Move it away, or record into another file."

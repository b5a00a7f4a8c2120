"""Records snapshots in a thread of its own: whoever hands them over never waits, and never hears of an exception."""

from __future__ import annotations

import contextlib
import logging
import queue
import sqlite3
import threading
import time
from enum import StrEnum
from pathlib import Path

from colotui.errors import RecordingError
from colotui.model.pair import Pair
from colotui.model.protection import Snapshot
from colotui.record import place
from colotui.record.lock import Claim
from colotui.record.retention import Keep
from colotui.record.store import Store, Written

log = logging.getLogger(__name__)

COMMIT = 0.75
"""Seconds a frame waits for its commit at most; with the commit itself less than one is lost to a kill."""

RETRY = 10.0
"""Seconds between two looks whether another recorder has let the file go."""

ROOM = 256
"""Snapshots that may wait for the disk; when there are more the newest are left out, and counted."""

_CLOSE_SECONDS = 10.0
_PATIENCE = 0.2


class Stand(StrEnum):
    """How the recorder stands."""

    OPENING = "opening"
    RECORDING = "recording"
    BUSY = "busy"
    STOPPED = "stopped"
    CLOSED = "closed"


class Recorder:
    """Give `take` to a controller's `subscribe`.

    `waits`: while another one records the same file, stand by and take over when that one ends; else stop at once.
    When it stops by itself `failure` says why.
    """

    def __init__(
        self,
        path: Path,
        pair: Pair,
        keep: Keep | None = None,
        *,
        waits: bool = True,
    ) -> None:
        self.path = path
        self.stand = Stand.OPENING
        self.failure: RecordingError | None = None
        self.left_out = 0
        self.written = Written()
        self.ready = threading.Event()
        self._pair, self._keep, self._waits = pair, keep or Keep(), waits
        self._queue: queue.Queue[Snapshot | None] = queue.Queue(ROOM)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        """Begin; the file is opened in the thread. `ready` is set once it is open, or is known not to be."""
        self._thread.start()

    def take(self, snapshot: Snapshot) -> None:
        """Record a snapshot. Never waits."""
        if self.stand not in (Stand.OPENING, Stand.RECORDING):
            return
        try:
            self._queue.put_nowait(snapshot)
        except queue.Full:
            self.left_out += 1

    def close(self) -> None:
        """End: what was taken is written. Waits some seconds at most, for a disk that hangs must hold up nobody."""
        self._ending.set()
        last = time.monotonic() + _CLOSE_SECONDS
        while self._thread.is_alive() and time.monotonic() < last:
            try:
                self._queue.put(None, timeout=_PATIENCE)
            except queue.Full:
                continue
            self._thread.join(max(0.0, last - time.monotonic()))

    def in_words(self) -> str:
        """One line for a screen."""
        if self.failure is not None:
            return f"not recording: {self.failure.what}"
        if self.stand is Stand.BUSY:
            return f"another cockpit records this pair into {self.path}"
        words = "recording into" if self.stand is Stand.RECORDING else f"{self.stand.value}:"
        left_out = f"; {self.left_out} snapshots left out, the disk is too slow" if self.left_out else ""
        return f"{words} {self.path}{left_out}"

    def _run(self) -> None:
        try:
            place.make_folder(self.path)
            claim = self._claim()
            if claim is None:
                return
            with claim:
                self._record(Store.open(self.path, self._pair, self._keep))
            self.stand = Stand.CLOSED
        except sqlite3.Error as error:
            self._stop(self._reason(error))
        except RecordingError as error:
            self._stop(error)
        except Exception as error:
            # A fault of ours ends the recording, not the cockpit: it is said, and logged.
            log.exception("recording into %s", self.path)
            self._stop(RecordingError(str(self.path), f"the recording stopped by a fault inside colotui ({error})."))
        finally:
            self.ready.set()
            self._drop()

    def _claim(self) -> Claim | None:
        while True:
            claim = Claim.on(self.path)
            if claim is not None:
                return claim
            if not self._waits:
                raise RecordingError(
                    str(self.path), "another colotui records into it.", "End that one, or name another file with -o."
                )
            self.stand = Stand.BUSY
            if self._ending.wait(RETRY):
                self.stand = Stand.CLOSED
                return None
            self._drop()

    def _drop(self) -> None:
        """Let go of what waits: nobody will write it."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._queue.get_nowait()

    def _record(self, store: Store) -> None:
        self.written, self.stand = store.written, Stand.RECORDING
        self.ready.set()
        due: float | None = None
        try:
            while True:
                try:
                    snapshot = self._queue.get(timeout=None if due is None else max(0.0, due - time.monotonic()))
                except queue.Empty:
                    store.commit()
                    due = None
                    continue
                if snapshot is None:
                    store.close()
                    return
                store.add(snapshot)
                if due is None:
                    due = time.monotonic() + COMMIT
                elif time.monotonic() >= due:
                    store.commit()
                    due = None
        finally:
            store.abandon()

    def _stop(self, failure: RecordingError) -> None:
        self.failure, self.stand = failure, Stand.STOPPED

    def _reason(self, error: sqlite3.Error) -> RecordingError:
        full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        why = "the disk is full" if full else f"it cannot be written ({error})"
        return RecordingError(
            str(self.path),
            f"the recording stopped: {why}.",
            "Make room, or name another place; what was recorded until now can be replayed.",
        )

"""Opens a recording to be read, wherever it lies: also where nothing may be written, or while it is being recorded."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from colotui.errors import RecordingError
from colotui.record import schema
from colotui.record.segment import LARGEST

_MAGIC = b"SQLite format 3\0"


class Source:
    """An open file; `db` reads it. A copy that had to be made goes with `close`."""

    def __init__(self, path: Path, migrations: Sequence[schema.Step] = schema.MIGRATIONS) -> None:
        self.path = path
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        _check_file(path)
        try:
            self.db = self._opened()
            found = schema.check(self.db, str(path), migrations)
            if found < schema.version(migrations):
                self.db.close()
                self.db = self._copied()
                schema.migrate(self.db, str(path), migrations)
        except (sqlite3.Error, ValueError) as error:
            # Also ValueError: the words of a damaged file, in an error of SQLite, may be no words.
            self.close()
            raise damaged(path, error) from error
        except BaseException:
            self.close()
            raise

    def _opened(self) -> sqlite3.Connection:
        name = f"file:{quote(str(self.path.absolute()))}"
        try:
            return _connected(f"{name}?mode=ro")
        except sqlite3.OperationalError:
            # Where nothing can be written SQLite cannot read what stands in the log beside the file.
            log = self.path.with_name(f"{self.path.name}-wal")
            if not log.is_file() or log.stat().st_size == 0:
                return _connected(f"{name}?immutable=1")
        return self._copied()

    def _copied(self) -> sqlite3.Connection:
        """A copy of the file and of the log beside it, in a folder of its own."""
        if self._copy is None:
            self._copy = tempfile.TemporaryDirectory(prefix="colotui-")
        copy = Path(self._copy.name) / "copy"
        try:
            for end in ("", "-wal"):
                there = self.path.with_name(f"{self.path.name}{end}")
                if there.is_file():
                    shutil.copyfile(there, copy.with_name(f"copy{end}"))
        except OSError as error:
            raise RecordingError(
                str(self.path),
                f"it has to be copied to be read, and cannot be: {error.strerror}.",
                "Make room in $TMPDIR.",
            ) from error
        return _connected(f"file:{quote(str(copy))}")

    def close(self) -> None:
        """Let the file go."""
        if hasattr(self, "db"):
            self.db.close()
        if self._copy is not None:
            self._copy.cleanup()


def damaged(path: Path, error: Exception) -> RecordingError:
    """What to say of a file that cannot be read through."""
    return RecordingError(
        str(path), f"it is damaged or no recording ({error}).", "Use another copy; what lies before may be readable."
    )


def _check_file(path: Path) -> None:
    """Say in words what SQLite would say badly, or wait for: a device, a pipe, a picture."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            regular = stat.S_ISREG(os.fstat(handle).st_mode)
            start = file.read(len(_MAGIC)) if regular else b""
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or "that is no name of a file"
        raise RecordingError(str(path), f"cannot be read: {why}.", "Name the recording to open.") from error
    if start != _MAGIC:
        raise RecordingError(str(path), "this is no recording of colotui.", "Name a file that `colotui record` made.")


def _connected(uri: str) -> sqlite3.Connection:
    # One thread at a time uses it, but not always the one that opened it.
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=2.0, check_same_thread=False)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection

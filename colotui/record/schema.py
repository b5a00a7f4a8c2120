"""The tables of a recording, their versions, and the steps from each version to the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from colotui.errors import RecordingError

APPLICATION = 0x434F4C4F
"""`PRAGMA application_id` of a recording: "COLO"."""

# The text of each statement is what SQLite keeps of it: a file with other tables than these is not read.
_TABLES = {
    "session": "CREATE TABLE session (id INTEGER PRIMARY KEY, begun REAL, pair BLOB, versions BLOB)",
    "minute": "CREATE TABLE minute (id INTEGER PRIMARY KEY, session INTEGER, low REAL, high REAL, needs BLOB, "
    "data BLOB)",
    "chunk": "CREATE TABLE chunk (id INTEGER PRIMARY KEY, kind TEXT, guest TEXT, first INTEGER, count INTEGER, "
    "low REAL, high REAL, data BLOB)",
    "chunk_by_number": "CREATE INDEX chunk_by_number ON chunk (kind, guest, first, count, low, high)",
    "live": "CREATE TABLE live (id INTEGER PRIMARY KEY, session INTEGER, data BLOB)",
    "incident": "CREATE TABLE incident (session INTEGER, guest TEXT, name TEXT, opened REAL, seen REAL, data BLOB, "
    "PRIMARY KEY (session, guest, name)) WITHOUT ROWID",
    "run": "CREATE TABLE run (session INTEGER, guest TEXT, begun REAL, seen REAL, data BLOB, "
    "PRIMARY KEY (session, guest, begun)) WITHOUT ROWID",
}

Step = Callable[[sqlite3.Connection], None]

MIGRATIONS: Sequence[Step] = ()
"""The step at place 0 makes version 1 into version 2, and so on; `_TABLES` are those of the newest version."""


def version(migrations: Sequence[Step] = MIGRATIONS) -> int:
    """The version that this program writes."""
    return 1 + len(migrations)


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether nobody has made anything of this file yet: a new one, or one whose maker was killed at once."""
    used = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
    return not any(used) and connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


def create(connection: sqlite3.Connection, migrations: Sequence[Step] = MIGRATIONS) -> None:
    """Make the tables in an empty file."""
    # Only before the first table: removed minutes then give their room back to the file system.
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("BEGIN IMMEDIATE")
    for statement in _TABLES.values():
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {version(migrations)}")
    connection.execute("COMMIT")


def check(connection: sqlite3.Connection, path: str, migrations: Sequence[Step] = MIGRATIONS) -> int:
    """The version of a file. Raises RecordingError when it is no recording, or one of a newer colotui."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION or found < 1:
        raise RecordingError(path, "this is no recording of colotui.", "Name a file that `colotui record` made.")
    newest = version(migrations)
    if found > newest:
        raise RecordingError(
            path,
            f"it was recorded by a newer colotui (schema {found}, this one knows up to {newest}).",
            "Open it with that version; nothing was changed.",
        )
    if found == newest:
        _check_tables(connection, path)
    return int(found)


def _check_tables(connection: sqlite3.Connection, path: str) -> None:
    """A table that is a view, or has a trigger, would run somebody else's statements: nothing of the kind is read."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_autoindex%'").fetchall()
    if dict(rows) != _TABLES or len(rows) != len(_TABLES):
        raise RecordingError(path, "its tables are not those of a recording.", "It was changed or damaged: use a copy.")


def migrate(connection: sqlite3.Connection, path: str, migrations: Sequence[Step] = MIGRATIONS) -> None:
    """Bring an older file to the newest version, in one transaction: it fails as a whole, or not at all."""
    found = check(connection, path, migrations)
    if found == version(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in migrations[found - 1 :]:
            step(connection)
        connection.execute(f"PRAGMA user_version = {version(migrations)}")
        connection.execute("COMMIT")
    except sqlite3.Error:
        connection.execute("ROLLBACK")
        raise
    check(connection, path, migrations)

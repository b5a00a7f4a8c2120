"""What is removed from a recording: minutes that are too old, and the oldest ones when the file is too large."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from colotui.record.intake import EVENTS
from colotui.record.values import Unreadable, unpacked

DAY = 86400.0
_AT_ONCE = 600
_ROOM = 0.97


@dataclass(frozen=True, slots=True)
class Keep:
    """How long and how large: `days` (0: for ever), `size` in bytes of the file (0: any)."""

    days: float = 7.0
    size: int = 1 << 30


def used(db: sqlite3.Connection) -> int:
    """Bytes of the file that hold something."""
    (pages,), (free,), (size,) = (
        db.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def forget(db: sqlite3.Connection, keep: Keep, now: float) -> bool:
    """Remove what need not be kept, the newest minute never; whether anything was. Within a transaction."""
    (newest,) = db.execute("SELECT max(id) FROM minute").fetchone()
    if newest is None:
        return False
    gone = 0
    if keep.days:
        gone = db.execute("DELETE FROM minute WHERE high < ? AND id < ?", (now - keep.days * DAY, newest)).rowcount
        if gone:
            _forget_rest(db)
    while keep.size and used(db) > keep.size * _ROOM:
        removed = db.execute(
            "DELETE FROM minute WHERE id IN (SELECT id FROM minute WHERE id < ? ORDER BY id LIMIT ?)",
            (newest, 1 if used(db) < keep.size * 1.1 else _AT_ONCE),
        ).rowcount
        if not removed:
            break
        gone += removed
        _forget_rest(db)
    return gone > 0


def _forget_rest(db: sqlite3.Connection) -> None:
    """Rows, events, incidents and plans that no kept frame shows."""
    first = db.execute("SELECT low, needs, session FROM minute ORDER BY id LIMIT 1").fetchone()
    if first is None:
        return
    low, needs, session = first
    db.execute("DELETE FROM incident WHERE seen < ?", (low,))
    db.execute("DELETE FROM run WHERE seen < ?", (low,))
    db.execute("DELETE FROM session WHERE id < ?", (session,))
    wanted = _needs(needs)
    if not wanted:
        # A minute of a session that was cut off does not say what it needs; the next one will.
        return
    for kind, guest in db.execute("SELECT DISTINCT kind, guest FROM chunk").fetchall():
        found = wanted.get(kind if kind == EVENTS else f"{kind}/{guest}")
        if found is None:
            db.execute("DELETE FROM chunk WHERE kind = ? AND guest = ? AND high < ?", (kind, guest, low))
        elif kind == EVENTS:
            db.execute("DELETE FROM chunk WHERE kind = ? AND first + count <= ?", (kind, found[1]))
        else:
            # Later numbers belong to later frames, however old their rows are.
            db.execute(
                "DELETE FROM chunk WHERE kind = ? AND guest = ? AND first + count <= ? AND high < ?",
                (kind, guest, *found),
            )


def _needs(data: object) -> dict[str, tuple[int, float]]:
    found: Any = {}
    if isinstance(data, bytes):
        try:
            found = unpacked(data)
        except Unreadable:
            return {}
    match found:
        case dict():
            pairs = found.items()
            return {name: (pair[0], pair[1]) for name, pair in pairs if isinstance(pair, list) and len(pair) == 2}
    return {}

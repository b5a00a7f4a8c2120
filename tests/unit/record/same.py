"""Snapshots compared: field by field, with the logs by their rows, and secrets left out as a recording does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

from colotui.model.past import CheckpointLog, MismatchLog
from colotui.model.protection import Snapshot
from colotui.model.timeline import Log

_CHECKPOINTS, _MISMATCHES = CheckpointLog(), MismatchLog()


def without_logs(snapshot: Snapshot) -> Snapshot:
    guests = (replace(guest, checkpoints=_CHECKPOINTS, mismatches=_MISMATCHES) for guest in snapshot.guests)
    return replace(snapshot, guests=tuple(guests))


def difference(live: Snapshot, back: Snapshot) -> str:
    """The first thing that differs, "" when the two are the same."""
    for mine, its in zip(live.guests, back.guests, strict=True):
        for kind in ("checkpoints", "mismatches"):
            old, new = raw(getattr(mine, kind)), raw(getattr(its, kind))
            if old != new:
                return f"{kind} of {mine.name}: {len(old[0])} rows, {len(new[0])} rows"
    old_snapshot, new_snapshot = without_logs(live), without_logs(back)
    return "" if old_snapshot == new_snapshot else _difference(old_snapshot, new_snapshot, "")


def raw(log: Log[Any]) -> tuple[Any, ...]:
    columns, start, end = log.table
    return tuple(column[start:end] for column in columns)


def _difference(old: Any, new: Any, path: str) -> str:
    if is_dataclass(old) and type(old) is type(new):
        for field in fields(old):
            if found := _difference(getattr(old, field.name), getattr(new, field.name), f"{path}.{field.name}"):
                return found
    elif isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new):
        for index, pair in enumerate(zip(old, new, strict=True)):
            if found := _difference(*pair, f"{path}[{index}]"):
                return found
    return "" if old == new else f"{path}: {old!r:.300} and {new!r:.300}"


def told(value: Any, words: Callable[[str], str]) -> Any:
    """`value` with `words` applied to every text in it."""
    if isinstance(value, Enum | Log):
        return value
    if isinstance(value, str):
        return words(value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: told(getattr(value, field.name), words) for field in fields(value)})
    if isinstance(value, dict):
        return {told(key, words): told(part, words) for key, part in value.items()}
    if isinstance(value, tuple | frozenset):
        return type(value)(told(part, words) for part in value)
    return value


def wait(condition: Callable[[], bool], limit: float = 10.0) -> None:
    """Until it is so; AssertionError after `limit` seconds."""
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)

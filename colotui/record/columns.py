"""The rows of a log as bytes and back: column by column, so that they pack well."""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Callable, MutableSequence
from typing import Any

import msgspec

from colotui.model.checkpoint import Cause
from colotui.model.past import CheckpointLog, MismatchLog
from colotui.model.timeline import Columns, Log
from colotui.record.values import Unreadable, packed, unpacked

KINDS: dict[str, type[Log[Any]]] = {"checkpoints": CheckpointLog, "mismatches": MismatchLog}
"""The logs of a guest, by the name of the field that holds each."""

MOST_ROWS = 1 << 20
"""Rows in one piece at most; a file that says otherwise is damaged."""

_CAUSES = [cause.value for cause in Cause]


def part(columns: Columns, start: int, end: int) -> Columns:
    """A copy of some rows. Each column is copied in one go: whoever appends in another thread is not in the way."""
    return tuple(column[start:end] for column in columns)


def write(kind: str, columns: Columns, words: Callable[[str], str]) -> bytes:
    """The rows of a log of this kind; `words` is applied to every text."""
    count = len(columns[0])
    return packed([count, _CAUSES if kind == "checkpoints" else [], [_column(column, words) for column in columns]])


def _column(column: MutableSequence[Any], words: Callable[[str], str]) -> object:
    if isinstance(column, array):
        return _shuffled(column)
    if isinstance(column, bytearray):
        return bytes(column)
    once: dict[tuple[str, ...], int] = {}
    places = array("I", [once.setdefault(texts, len(once)) for texts in column])
    return [[[words(text) for text in texts] for texts in once], _shuffled(places)]


def _shuffled(column: array[Any]) -> bytes:
    """First bytes of all numbers first, and so on: neighbours are much alike, which packs to half of the size."""
    if sys.byteorder == "big":
        column = array(column.typecode, column)
        column.byteswap()
    raw, size = column.tobytes(), column.itemsize
    return b"".join(raw[place::size] for place in range(size))


def read(kind: str, data: bytes | msgspec.Raw) -> Columns:
    """The rows that `write` wrote. Raises Unreadable."""
    match unpacked(data):
        case [int(count), [*causes], [*raw]] if 0 <= count <= MOST_ROWS:
            pass
        case _:
            raise Unreadable("no rows of a log")
    columns = KINDS[kind].columns()
    if len(raw) != len(columns):
        raise Unreadable(f"{len(raw)} columns instead of {len(columns)}")
    return tuple(_read(column, part, count, causes) for column, part in zip(columns, raw, strict=True))


def _read(column: MutableSequence[Any], raw: object, count: int, causes: list[object]) -> MutableSequence[Any]:
    if isinstance(column, array):
        return _sorted_out(column, raw, count)
    if isinstance(column, bytearray):
        return _codes(raw, count, causes)
    match raw:
        case [[*words], bytes(places)]:
            known = [_texts(item) for item in words]
            found = _sorted_out(array("I"), places, count)
            if found and max(found) >= len(known):
                raise Unreadable("a row without words")
            return [known[place] for place in found]
    raise Unreadable("no words of a log")


def _texts(item: object) -> tuple[str, ...]:
    match item:
        case [str(protocol), str(what), str(source), str(destination)]:
            return protocol, what, source, destination
    raise Unreadable("no words of a mismatch")


def _codes(raw: object, count: int, causes: list[object]) -> bytearray:
    """The causes, in the numbers that this version gives them."""
    if not isinstance(raw, bytes) or len(raw) != count or len(causes) > 256:
        raise Unreadable("no causes of checkpoints")
    if raw and max(raw) >= len(causes):
        raise Unreadable("a cause without a name")
    unknown = _CAUSES.index(Cause.UNKNOWN.value)
    table = bytearray(range(256))
    for code, name in enumerate(causes):
        table[code] = _CAUSES.index(name) if name in _CAUSES else unknown
    return bytearray(raw.translate(table))


def _sorted_out(column: array[Any], raw: object, count: int) -> array[Any]:
    size = column.itemsize
    if not isinstance(raw, bytes) or len(raw) != count * size:
        raise Unreadable("a column of another length")
    plain = bytearray(len(raw))
    for place in range(size):
        plain[place::size] = raw[place * count : (place + 1) * count]
    column.frombytes(bytes(plain))
    if sys.byteorder == "big":
        column.byteswap()
    # Quicker than to look at each: a sum with a number in it that is none is none itself.
    if column.typecode == "d" and math.isnan(sum(column)):
        raise Unreadable("a number that is none")
    return column

"""A snapshot as many small leaves, each with a path, so that a frame holds only those that changed; and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import msgspec

from colotui.model.checkpoint import CheckpointStats
from colotui.model.facts import HostFacts
from colotui.model.incident import Incident
from colotui.model.plan import Progress, StepProgress
from colotui.model.protection import Copy, GuestView, HostView, Probe, Protection, Snapshot, Stream, Witness
from colotui.record.values import Build, Unreadable, builder, hints_of, holds_text, packed, unpacked

Leaves = Mapping[str, bytes]

MOST_ROWS = 10_000
"""A list in a snapshot holds no more; a file that says otherwise is damaged."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value that is written as one piece."""

    build: Build
    text: bool


@dataclass(frozen=True, slots=True)
class Record:
    """A dataclass, field by field; None may stand for it when `optional`."""

    cls: type
    parts: Mapping[str, Node]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """A tuple, item by item."""

    item: Node


@dataclass(frozen=True, slots=True)
class Keyed:
    """A mapping from names, item by item."""

    item: Node


Node = Leaf | Record | Rows | Keyed


def _record(cls: type, *, optional: bool = False, without: tuple[str, ...] = (), **split: Node) -> Record:
    hints = hints_of(cls)
    names = [field.name for field in fields(cls) if field.name not in without]
    return Record(cls, {name: split.get(name) or _leaf(hints[name]) for name in names}, optional)


def _leaf(hint: Any) -> Leaf:
    return Leaf(builder(hint), holds_text(hint))


LOGS = ("checkpoints", "mismatches")
_GUEST = _record(
    GuestView,
    without=LOGS,
    protection=_record(Protection),
    copies=Keyed(_record(Copy)),
    streams=Rows(_record(Stream)),
    stats=_record(CheckpointStats),
    probe=_record(Probe, optional=True),
    witnesses=Rows(_record(Witness)),
    progress=_record(Progress, optional=True, steps=Rows(_record(StepProgress))),
    incidents=Rows(_record(Incident)),
)
_HOST = _record(HostView, facts=_record(HostFacts, optional=True))
SNAPSHOT = _record(Snapshot, without=("events",), hosts=Rows(_HOST), guests=Rows(_GUEST))


class Cutter:
    """Cuts one snapshot after another and tells which leaves are new. `words` is applied to every text."""

    def __init__(self, words: Callable[[str], str]) -> None:
        self._words = words
        self._values: dict[str, object] = {}
        self._raw: dict[str, bytes] = {}
        self._new: dict[str, bytes] = {}

    def cut(self, snapshot: Snapshot) -> dict[str, bytes]:
        """The leaves that are new or differ from the snapshot before."""
        self._new = {}
        self._node(SNAPSHOT, snapshot, "")
        return self._new

    def _node(self, node: Node, value: Any, path: str) -> None:
        if path in self._values and self._values[path] is value:
            return
        self._values[path] = value
        if isinstance(node, Record):
            if node.optional:
                self._put(path, packed(value is not None))
            if value is not None:
                for name, part in node.parts.items():
                    self._node(part, getattr(value, name), f"{path}.{name}")
        elif isinstance(node, Leaf):
            self._leaf(node, value, path)
        else:
            keyed = isinstance(node, Keyed)
            self._put(path, packed(list(value) if keyed else len(value)))
            for index, item in enumerate(value.values() if keyed else value):
                self._node(node.item, item, f"{path}.{index}")

    def _leaf(self, node: Leaf, value: Any, path: str) -> None:
        raw = packed(value)
        if self._raw.get(path) != raw:
            self._raw[path] = raw
            self._new[path] = packed(value, self._words) if node.text and value else raw

    def _put(self, path: str, raw: bytes) -> None:
        if self._raw.get(path) != raw:
            self._raw[path] = self._new[path] = raw


class Joiner:
    """Makes snapshots of leaves; what did not change since the one before is the same object again.

    The events and logs are not in the leaves: `extra` gives them, by the path of what has them and the field's name.
    """

    def __init__(self, extra: Callable[[str, str], object]) -> None:
        self._extra = extra
        self._built: dict[str, tuple[object, Any]] = {}

    def joined(self, leaves: Mapping[str, bytes | msgspec.Raw]) -> Snapshot:
        """The snapshot of these leaves. Raises Unreadable."""
        found = self._node(SNAPSHOT, leaves, "")
        assert isinstance(found, Snapshot)
        return found

    def _node(self, node: Node, leaves: Mapping[str, bytes | msgspec.Raw], path: str) -> Any:
        if isinstance(node, Leaf):
            raw = leaves.get(path)
            if raw is None:
                raise Unreadable(f"{path} is missing")
            known = self._built.get(path)
            if known is None or known[0] != raw:
                known = self._built[path] = (raw, node.build(unpacked(raw)))
            return known[1]
        if isinstance(node, Record):
            return self._record(node, leaves, path)
        head = self._head(leaves.get(path, b"\xc0"), path)
        keyed = isinstance(node, Keyed)
        size = len(head) if keyed and isinstance(head, list) else head
        if not isinstance(size, int) or not 0 <= size <= MOST_ROWS:
            raise Unreadable(f"{path} has no length")
        items = tuple(self._node(node.item, leaves, f"{path}.{index}") for index in range(size))
        if not keyed:
            return self._same(path, items, lambda: items)
        if not all(isinstance(name, str) for name in head):
            raise Unreadable(f"{path} has names that are none")
        return self._same(path, (*head, *items), lambda: dict(zip(head, items, strict=True)))

    def _head(self, raw: bytes | msgspec.Raw, path: str) -> Any:
        """How many items there are, or their names."""
        known = self._built.get(f"{path}#")
        if known is None or known[0] != raw:
            known = self._built[f"{path}#"] = (raw, unpacked(raw))
        return known[1]

    def _record(self, node: Record, leaves: Mapping[str, bytes | msgspec.Raw], path: str) -> Any:
        if node.optional and unpacked(leaves.get(path, b"\xc2")) is not True:
            return None
        parts = {name: self._node(part, leaves, f"{path}.{name}") for name, part in node.parts.items()}
        for name in LOGS if node.cls is GuestView else ("events",) if node.cls is Snapshot else ():
            parts[name] = self._extra(path, name)
        if node.cls is Snapshot and len(parts["hosts"]) != 2:
            raise Unreadable("not two hosts")
        return self._same(path, tuple(parts.values()), lambda: node.cls(**parts))

    def _same(self, path: str, parts: tuple[object, ...], make: Callable[[], Any]) -> Any:
        known = self._built.get(path)
        if known is not None and isinstance(known[0], tuple) and _identical(known[0], parts):
            return known[1]
        made = make()
        self._built[path] = (parts, made)
        return made


def _identical(first: tuple[object, ...], second: tuple[object, ...]) -> bool:
    return len(first) == len(second) and all(a is b for a, b in zip(first, second, strict=True))

"""Hostile words in every text of a value that a host can fill, found by walking its dataclasses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

from colotui.model.facts import HostFacts
from colotui.model.incident import Incident
from colotui.model.mismatch import Mismatch
from colotui.model.pair import DiskSpec, ForwardSpec, GuestSpec, HostSpec, NicSpec, ProbeSpec
from colotui.model.past import CheckpointLog, MismatchLog
from colotui.model.plan import Plan, Progress, Step, StepProgress
from colotui.model.protection import Armed, Copy, Event, GuestView, Protection, Snapshot, Stream, Witness

# By class: fields that no host fills. Names and addresses are the operator's own words in the pair file, which is
# checked when it is read; keys and directions are words of our own code.
OURS: Mapping[type[Any], frozenset[str]] = {
    **{kind: frozenset(field.name for field in fields(kind)) for kind in (HostSpec, ForwardSpec, GuestSpec, DiskSpec)},
    **{kind: frozenset(field.name for field in fields(kind)) for kind in (NicSpec, ProbeSpec)},
    Snapshot: frozenset({"pair"}),
    GuestView: frozenset({"half_run"}),
    Copy: frozenset({"host"}),
    HostFacts: frozenset({"host"}),
    Protection: frozenset({"primary", "secondary"}),
    Stream: frozenset({"direction"}),
    Witness: frozenset({"host"}),
    Event: frozenset({"guest"}),
    Armed: frozenset(),
    Incident: frozenset({"id", "guest"}),
    Plan: frozenset({"guest", "confirm", "from_host", "to_host"}),
    Step: frozenset({"key", "host", "script"}),
    Progress: frozenset({"guest"}),
    StepProgress: frozenset({"key", "host"}),
}

Said = Callable[[str], str]
"""What to put in place of a text."""


def poisoned(value: Any, said: Said, found: set[tuple[str, str]] | None = None) -> Any:
    """`value` with every text of it replaced, empty ones too; what was replaced goes into `found`."""
    return _put(value, said, found if found is not None else set(), ("", ""))


def _put(value: Any, said: Said, found: set[tuple[str, str]], at: tuple[str, str]) -> Any:
    if isinstance(value, Enum) or value is None:
        return value
    if isinstance(value, str):
        found.add(at)
        return said(value)
    if isinstance(value, MismatchLog):
        return MismatchLog.of(_put(entry, said, found, at) for entry in value)
    if isinstance(value, CheckpointLog):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        kept = OURS.get(type(value), frozenset())
        changes = {
            field.name: _put(getattr(value, field.name), said, found, (type(value).__name__, field.name))
            for field in fields(value)
            if field.init and field.name not in kept
        }
        return replace(value, **changes)
    if isinstance(value, tuple):
        return type(value)(_put(entry, said, found, at) for entry in value)
    if isinstance(value, frozenset):
        return frozenset(_put(entry, said, found, at) for entry in value)
    if isinstance(value, Mapping):
        return {key: _put(entry, said, found, at) for key, entry in value.items()}
    return value


def texts_of(kind: type[Any], seen: set[type[Any]] | None = None) -> set[tuple[str, str]]:
    """Class and field of each text that a value of this class can hold and a host can fill."""
    seen = seen if seen is not None else set()
    if kind in seen:
        return set()
    seen.add(kind)
    found: set[tuple[str, str]] = set()

    def look(hint: Any, at: tuple[str, str]) -> None:
        if hint is str:
            found.add(at)
        elif isinstance(hint, type) and issubclass(hint, MismatchLog):
            found.update(texts_of(Mismatch, seen))
        elif isinstance(hint, type) and is_dataclass(hint):
            found.update(texts_of(hint, seen))
        parts = get_args(hint)
        # The keys of a mapping are names of hosts and kinds of actions.
        for part in parts[1:] if get_origin(hint) is Mapping else parts:
            look(part, at)

    for name, hint in get_type_hints(kind, None, {"Incident": Incident}).items():
        if name not in OURS.get(kind, frozenset()):
            look(hint, (kind.__name__, name))
    return found

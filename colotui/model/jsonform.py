"""Snapshots, plans, incidents and findings as JSON: one function, one version of the schema."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from colotui.model.facts import Missing

VERSION = 1
"""Raised when a field is taken away or changes its meaning; a new field does not raise it."""


def value(thing: object) -> Any:
    """`thing` as JSON: dataclasses as objects, enums as their values, Missing as {"missing": why}.

    Functions (a step's calls) are left out; a number that is not finite becomes null.
    """
    if isinstance(thing, Missing):
        return {"missing": thing.why}
    if isinstance(thing, Enum):
        return value(thing.value)
    if thing is None or isinstance(thing, str | bool | int):
        return thing
    if isinstance(thing, float):
        return thing if math.isfinite(thing) else None
    if is_dataclass(thing) and not isinstance(thing, type):
        found = {field.name: getattr(thing, field.name) for field in fields(thing)}
        return {name: value(item) for name, item in found.items() if not callable(item)}
    if isinstance(thing, Mapping):
        return {str(value(key)): value(item) for key, item in thing.items()}
    if isinstance(thing, Sequence | set | frozenset):
        return [value(item) for item in (sorted(thing) if isinstance(thing, set | frozenset) else thing)]
    return str(thing)


def document(**parts: object) -> str:
    """One JSON document: the version first, then `parts`. ASCII only, so that no terminal obeys it."""
    return json.dumps({"version": VERSION, **{name: value(part) for name, part in parts.items()}}, indent=2)

"""Values as msgpack and back: dataclasses as maps of their fields; what is read is built by the types of the fields."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from colotui.model.incident import Incident

Build = Callable[[Any], Any]

_encode = msgspec.msgpack.Encoder().encode
_LARGEST = 2**63 - 1
_SCALARS = (bool, int, float, str, bytes, type(None))
# Named only for type checkers in the module that uses it.
_NAMES = {"Incident": Incident}


class Unreadable(ValueError):
    """What was read does not have the form it should have."""


def packed(value: object, words: Callable[[str], str] | None = None) -> bytes:
    """`value` as msgpack; `words` is applied to each of its texts."""
    if words is None:
        try:
            return _encode(value)
        except (OverflowError, UnicodeError, TypeError, ValueError):
            # A host may say any number and any letter: what cannot be written as it is goes the long way.
            words = str
    return _encode(_tree(value, words))


def _tree(value: Any, words: Callable[[str], str]) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return words(value.encode("utf-8", "replace").decode())
    if isinstance(value, int) and not isinstance(value, bool):
        return max(-_LARGEST, min(_LARGEST, int(value)))
    if value is None or isinstance(value, bool | float | bytes):
        return value
    if is_dataclass(value):
        return {field.name: _tree(getattr(value, field.name), words) for field in fields(value)}
    if isinstance(value, Mapping):
        return {_tree(key, words): _tree(item, words) for key, item in value.items()}
    return [_tree(item, words) for item in value]


def unpacked(data: bytes | msgspec.Raw) -> Any:
    """Any msgpack as plain values. Raises Unreadable."""
    return decoded(_plain, data)


_plain = msgspec.msgpack.Decoder()


def decoded(decoder: msgspec.msgpack.Decoder[Any], data: bytes | msgspec.Raw) -> Any:
    """What `decoder` makes of `data`. Raises Unreadable."""
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise Unreadable(str(error)) from error


def hints_of(cls: type) -> dict[str, Any]:
    """The types of a dataclass's fields."""
    return get_type_hints(cls, localns=_NAMES)


def holds_text(hint: Any) -> bool:
    """Whether a value of this type may hold words of a host or of the operator."""
    if hint is str:
        return True
    if is_dataclass(hint):
        return any(holds_text(part) for part in hints_of(hint).values()) if isinstance(hint, type) else False
    return any(holds_text(part) for part in get_args(hint))


@cache
def builder(hint: Any) -> Build:
    """A function that makes a value of this type of what was read; it raises Unreadable."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _union(parts)
    if origin is tuple:
        return _tuple(parts)
    if origin is frozenset:
        item = builder(parts[0])
        return lambda value: frozenset(map(item, _checked(value, list)))
    if origin is not None and issubclass(origin, Mapping):
        key, item = builder(parts[0]), builder(parts[1])
        return lambda value: {key(name): item(part) for name, part in _checked(value, dict).items()}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum(hint)
    if is_dataclass(hint):
        assert isinstance(hint, type)
        return _dataclass(hint)
    assert hint in _SCALARS, hint
    kinds = (int, float) if hint is float else (hint,)
    return lambda value: _checked(value, *kinds)


def _checked(value: Any, *kinds: type) -> Any:
    if type(value) not in kinds:
        raise Unreadable(f"{type(value).__name__} instead of {kinds[0].__name__}")
    return value


def _enum(hint: type[Enum]) -> Build:
    known = {member.value: member for member in hint}

    def build(value: Any) -> Any:
        try:
            return known[value]
        except (KeyError, TypeError) as error:
            raise Unreadable(f"{value!r:.40} is no {hint.__name__}") from error

    return build


def _tuple(parts: tuple[Any, ...]) -> Build:
    if parts[-1] is Ellipsis:
        item = builder(parts[0])
        return lambda value: tuple(map(item, _checked(value, list)))
    items = [builder(part) for part in parts]

    def build(value: Any) -> Any:
        if len(_checked(value, list)) != len(items):
            raise Unreadable(f"{len(value)} values instead of {len(items)}")
        return tuple(make(part) for make, part in zip(items, value, strict=True))

    return build


def _union(parts: tuple[Any, ...]) -> Build:
    """By what the value is: of several dataclasses the one whose fields are all known to it."""
    records = [part for part in parts if is_dataclass(part) and isinstance(part, type)]
    named = [(frozenset(field.name for field in fields(part)), builder(part)) for part in records]
    others = [builder(part) for part in parts if part not in records]

    def build(value: Any) -> Any:
        if type(value) is dict and named:
            return max(named, key=lambda pair: len(pair[0] & value.keys()) - len(value.keys() - pair[0]))[1](value)
        for make in others:
            try:
                return make(value)
            except Unreadable:
                continue
        raise Unreadable(f"a {type(value).__name__} where none may be")

    return build


def _dataclass(cls: type) -> Build:
    hints = hints_of(cls)
    makers = {field.name: builder(hints[field.name]) for field in fields(cls)}
    needed = [f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING]

    def build(value: Any) -> Any:
        _checked(value, dict)
        for name in needed:
            if name not in value:
                raise Unreadable(f"{cls.__name__} without {name}")
        # What a newer version wrote besides is left out; what an older one did not know has its default.
        return cls(**{name: makers[name](part) for name, part in value.items() if name in makers})

    return build

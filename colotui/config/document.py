"""Read one YAML file into nodes that keep their text and their line, and nothing of YAML's guessing.

YAML 1.1 turns `52:54:00:12:34:56` into a number, `no` into False, `0755` into 493, and lets the last
of two equal keys win. So scalars stay text here, whoever reads a field says what it must be, and
duplicate keys, tags, anchors and second documents are errors.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from colotui.errors import ConfigError
from colotui.model.text import plain

MAX_BYTES = 256 * 1024
MAX_DEPTH = 16
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value as written; `quoted` when it stood in quotes or in a block, so that `"null"` is a text."""

    text: str
    line: int
    quoted: bool = False

    @property
    def empty(self) -> bool:
        """True when nothing was written, or YAML's word for nothing."""
        return not self.quoted and self.text in _NOTHING


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values, in the file's order; no key twice."""

    entries: tuple[tuple[Scalar, Node], ...]
    line: int


Node = Scalar | Sequence | Mapping


def read(path: Path) -> Mapping:
    """The mapping that the file at `path` holds. Raises ConfigError, and nothing else."""
    return parse(_text(path), str(path))


def parse(text: str, path: str) -> Mapping:
    """The mapping that `text` holds; `path` is only named in errors."""
    for number, line in enumerate(text.split("\n"), 1):
        if not (line.isprintable() or line.replace("\t", "").removesuffix("\r").isprintable()):
            raise ConfigError(path, number, "there is a character that is not text.", "Is this a YAML file in UTF-8?")
    try:
        root = _build(yaml.parse(text, Loader=_LOADER), path)
    except yaml.YAMLError as error:
        raise _translate(error, path, text.count("\n") + 1) from None
    if root is None or (isinstance(root, Scalar) and root.empty):
        raise ConfigError(path, 0, "the file is empty.")
    if not isinstance(root, Mapping):
        raise ConfigError(path, root.line, "the file must hold `key: value` lines at its top.")
    return root


def _text(path: Path) -> str:
    shown = str(path)
    try:
        # O_NONBLOCK: opening a FIFO must not wait for somebody to write into it.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise ConfigError(shown, 0, "there is no such file.") from None
    except (OSError, ValueError) as error:
        raise ConfigError(shown, 0, f"cannot be read: {_reason(error)}.") from None
    try:
        with os.fdopen(handle, "rb") as file:
            mode = os.fstat(handle).st_mode
            if stat.S_ISREG(mode):
                data = file.read(MAX_BYTES + 1)
            else:
                kind = "a folder" if stat.S_ISDIR(mode) else "not an ordinary file"
                raise ConfigError(shown, 0, f"is {kind}.", "Give the YAML file itself.")
    except IsADirectoryError:
        raise ConfigError(shown, 0, "is a folder.", "Give the YAML file itself.") from None
    except OSError as error:
        raise ConfigError(shown, 0, f"cannot be read: {_reason(error)}.") from None
    if len(data) > MAX_BYTES:
        raise ConfigError(shown, 0, f"is larger than {MAX_BYTES // 1024} KiB.", "Is this the right file?")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(shown, line, "this is not UTF-8 text.", "Is this a YAML file?") from None


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    line: int
    mapping: bool
    items: list[Node] = field(default_factory=list)
    keys: dict[str, Scalar] = field(default_factory=dict)
    key: Scalar | None = None

    def add(self, node: Node, path: str) -> None:
        if not self.mapping:
            self.items.append(node)
        elif self.key is not None:
            self.items.append(node)
            self.key = None
        elif not isinstance(node, Scalar) or node.empty:
            raise ConfigError(path, node.line, "a key must be one word before a colon.")
        elif node.text in self.keys:
            first = self.keys[node.text].line
            raise ConfigError(path, node.line, f"`{plain(node.text, 40)}` stands here twice; first in line {first}.")
        else:
            self.keys[node.text] = self.key = node

    def close(self) -> Node:
        if self.mapping:
            return Mapping(tuple(zip(self.keys.values(), self.items, strict=True)), self.line)
        return Sequence(tuple(self.items), self.line)


def _build(events: Iterator[Any], path: str) -> Node | None:
    root: Node | None = None
    stack: list[_Open] = []
    documents = 0
    for event in events:
        line = event.start_mark.line + 1
        node: Node
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise ConfigError(path, line, "a second document begins here (`---`); a file holds one.")
            continue
        if isinstance(event, yaml.AliasEvent):
            raise ConfigError(path, line, "aliases (`*name`) are not used in this file; write the value out.")
        if isinstance(event, yaml.NodeEvent):
            _refuse_extras(event, path, line)
        if isinstance(event, yaml.CollectionStartEvent):
            if len(stack) >= MAX_DEPTH:
                raise ConfigError(path, line, f"this is nested more than {MAX_DEPTH} deep.")
            stack.append(_Open(line, isinstance(event, yaml.MappingStartEvent)))
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            node = stack.pop().close()
        elif isinstance(event, yaml.ScalarEvent):
            node = Scalar(event.value, line, quoted=not event.implicit[0])
        else:
            continue
        if stack:
            stack[-1].add(node, path)
        else:
            root = node
    return root


def _refuse_extras(event: Any, path: str, line: int) -> None:
    if event.anchor is not None:
        raise ConfigError(path, line, "anchors (`&name`) are not used in this file; write the value out.")
    if getattr(event, "tag", None) is not None:
        raise ConfigError(path, line, f"YAML tags (`{plain(event.tag, 40)}`) are not used in this file.")


def _translate(error: yaml.YAMLError, path: str, lines: int) -> ConfigError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be understood"
    hint = ""
    if "nesting depth" in problem:  # libyaml's own limit, which it may reach before ours (PyYAML 6.0.4)
        problem = f"this is nested more than {MAX_DEPTH} deep"
    if "\\t" in problem or "cannot start any token" in problem:
        hint = "YAML is indented with blanks, not tabs; a text that begins with a sign needs quotes."
    elif "mapping values are not allowed" in problem:
        hint = "A text that contains `: ` needs quotes; otherwise look at the indentation."
    # At the end of a file libyaml may point behind its last line.
    return ConfigError(path, min(mark.line + 1, lines) if mark else 0, f"not YAML: {plain(str(problem), 120)}.", hint)

"""Take the fields of one mapping by name: collects every problem with its line instead of stopping at the first."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from colotui.config.document import Mapping, Node, Scalar, Sequence
from colotui.config.values import Bad, shown
from colotui.errors import ConfigError

T = TypeVar("T")


@dataclass(slots=True)
class Problems:
    """The problems of one file found so far."""

    path: str
    found: list[ConfigError] = field(default_factory=list)

    def add(self, line: int, what: str, next_step: str = "") -> None:
        """Note one problem at `line`."""
        self.found.append(ConfigError(self.path, line, what, next_step))

    def in_order(self) -> list[ConfigError]:
        """All problems, in the order of their lines."""
        return sorted(self.found, key=lambda problem: problem.line)


class Fields:
    """The fields of one mapping. `label` names it in errors: "host alpha"."""

    def __init__(self, node: Node, label: str, allowed: Iterable[str], problems: Problems) -> None:
        self.line = node.line
        self.label = label
        self.problems = problems
        self._allowed = tuple(allowed)
        self._nodes: dict[str, Node] = {}
        self._misspelt: set[str] = set()
        if isinstance(node, Mapping):
            self._nodes = {key.text: value for key, value in node.entries}
            for key, _ in node.entries:
                if key.text not in self._allowed:
                    self._unknown(key)
        else:
            problems.add(node.line, f"{label} must be `key: value` lines, indented below it.", self._list())

    def _list(self) -> str:
        return f"Allowed: {', '.join(self._allowed)}."

    def _unknown(self, key: Scalar) -> None:
        close = difflib.get_close_matches(key.text, self._allowed, n=1)
        self._misspelt.update(close)
        meant = f"Did you mean `{close[0]}`? " if close else ""
        self.problems.add(key.line, f"{self.label} has no key {shown(key.text)}.", meant + self._list())

    def has(self, name: str) -> bool:
        """True when the key is there."""
        return name in self._nodes

    def line_of(self, name: str) -> int:
        """The line of the value of `name`, or of the mapping itself."""
        node = self._nodes.get(name)
        return node.line if node else self.line

    def node(self, name: str) -> Node | None:
        """The node of a key that must be there; None (and a problem noted) when it is not."""
        node = self._nodes.get(name)
        if node is None:
            if name not in self._misspelt:
                self.problems.add(self.line, f"{self.label} has no `{name}`.")
        elif isinstance(node, Scalar) and node.empty:
            self.problems.add(node.line, f"`{name}` of {self.label} has no value.")
            return None
        return node

    def need(self, name: str, read: Callable[[str], T], instead: T) -> T:
        """The value of a key that must be there; `instead` stands in after a problem, so that reading goes on."""
        node = self.node(name)
        return instead if node is None else self._value(name, node, read, instead)

    def take(self, name: str, read: Callable[[str], T], default: T) -> T:
        """The value of a key that may be left out."""
        if not self.has(name):
            return default
        return self.need(name, read, default)

    def _value(self, name: str, node: Node, read: Callable[[str], T], instead: T) -> T:
        if not isinstance(node, Scalar):
            kind = "a list" if isinstance(node, Sequence) else "a group of keys"
            self.problems.add(node.line, f"`{name}` of {self.label} must be one value, not {kind}.")
            return instead
        try:
            return read(node.text)
        except Bad as bad:
            self.problems.add(node.line, f"`{name}` of {self.label}: {bad}.")
            return instead

    def items(self, name: str, *, at_least: int = 0, at_most: int = 8) -> tuple[Node, ...]:
        """The items of a list; a missing one is a problem when `at_least` is not 0."""
        if not self.has(name) and at_least == 0:
            return ()
        node = self.node(name)
        if node is None:
            return ()
        if not isinstance(node, Sequence):
            self.problems.add(node.line, f"`{name}` of {self.label} must be a list: [..., ...] or lines with `- `.")
            return ()
        if not at_least <= len(node.items) <= at_most:
            self.problems.add(node.line, f"`{name}` of {self.label} must hold {at_least} to {at_most} items.")
        return node.items[:at_most]

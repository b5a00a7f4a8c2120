"""An xl guest configuration as settings, by xl's own grammar; the text itself is kept, so that nothing gets lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from colotui.engine.xen.cfgtokens import Mark, Token, tokens
from colotui.errors import ConfigError

DEEPEST = 64
"""Lists inside lists at most. xl gives up at some thousand; no setting of it has more than two."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string or a number; both are text to xl until something asks for a number. `lossy`: see Token."""

    text: str
    line: int
    start: int
    end: int
    quoted: bool = True
    lossy: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Value, ...]
    line: int
    start: int
    end: int


Value = Text | Items


@dataclass(frozen=True, slots=True)
class Setting:
    """One assignment as written; `adds`: with `+=`. It lies from `start` up to `end` in the text, its line end not
    included."""

    name: str
    adds: bool
    value: Value
    line: int
    start: int
    end: int


def settings(text: str, path: str = "") -> tuple[Setting, ...]:
    """All assignments, in order. Raises ConfigError, with the line, for what xl would refuse to read."""
    return tuple(_Reader(text, path).statements())


class _Reader:
    def __init__(self, text: str, path: str) -> None:
        self._path = path
        self._tokens = tokens(text, path)
        self._now = next(self._tokens)
        self._kinds: dict[str, type] = {}

    def statements(self) -> Iterator[Setting]:
        while self._now.mark is not Mark.END:
            if self._now.mark in (Mark.NEWLINE, Mark.SEMICOLON):
                self._take()
                continue
            yield self._assignment()
            if self._now.mark not in (Mark.NEWLINE, Mark.SEMICOLON, Mark.END):
                raise self._unexpected("a new line or `;`")

    def _assignment(self) -> Setting:
        name = self._expect(Mark.NAME)
        if self._now.mark not in (Mark.SET, Mark.ADD):
            raise self._unexpected("`=` or `+=`")
        adds = self._take().mark is Mark.ADD
        value = self._value(0)
        before = self._kinds.get(name.text)
        if adds and before is not None and before is not type(value):
            raise ConfigError(
                self._path, value.line, f"`{name.text} +=` adds a list to a string, or a string to a list.",
                "Give both the same form.",
            )  # fmt: skip
        self._kinds[name.text] = type(value)
        return Setting(name.text, adds, value, value.line, name.start, value.end)

    def _value(self, depth: int) -> Value:
        now = self._now
        if now.mark in (Mark.STRING, Mark.NUMBER):
            self._take()
            return Text(now.text, now.line, now.start, now.end, now.mark is Mark.STRING, now.lossy)
        if now.mark is not Mark.OPEN:
            raise self._unexpected("a string, a number or a list")
        if depth >= DEEPEST:
            raise ConfigError(self._path, now.line, f"lists are nested deeper than {DEEPEST}.")
        self._take()
        self._newlines()
        items: list[Value] = []
        while self._now.mark is not Mark.CLOSE:
            items.append(self._value(depth + 1))
            self._newlines()
            if self._now.mark is not Mark.COMMA:
                break
            self._take()
            self._newlines()
        last = self._expect(Mark.CLOSE, "`,` or `]`")
        return Items(tuple(items), now.line, now.start, last.end)

    def _newlines(self) -> None:
        while self._now.mark is Mark.NEWLINE:
            self._take()

    def _take(self) -> Token:
        taken = self._now
        if taken.mark is not Mark.END:
            self._now = next(self._tokens)
        return taken

    def _expect(self, mark: Mark, wanted: str = "") -> Token:
        if self._now.mark is not mark:
            raise self._unexpected(wanted or mark.value)
        return self._take()

    def _unexpected(self, wanted: str) -> ConfigError:
        now = self._now
        found = f"`{now.text}`" if now.mark in (Mark.NAME, Mark.NUMBER) else now.mark.value
        cure = "Put the value in quotes." if now.mark is Mark.NAME and "string" in wanted else ""
        return ConfigError(self._path, now.line, f"{found} where {wanted} is expected.", cure)

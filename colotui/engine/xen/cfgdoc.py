"""The document of an xl guest configuration: values as xl takes them, and changes that leave all other text alone."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from colotui.engine.xen.cfg import Items, Setting, Text, settings
from colotui.engine.xen.cfgtokens import quoted
from colotui.errors import ConfigError

Plain = str | int | Sequence["Plain"]
"""A value as a change gives it; numbers are written without quotes."""

_NAME = re.compile(r"[a-z][._0-9a-z]*")
# strtol with base 0, and its leave for blanks and a sign
_NUMBER = re.compile(r"[ \t\n\v\f\r]*([+-]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))")
_LONG = 1 << 63


@dataclass(frozen=True)
class Document:
    """A configuration that xl accepts. `path` is for errors only. Raises ConfigError when xl would not read it."""

    text: str
    path: str = ""

    def __post_init__(self) -> None:
        self.settings  # noqa: B018  # one that cannot be read is never a Document

    @classmethod
    def decode(cls, data: bytes, path: str = "") -> Document:
        """The document of a file's bytes; what is not UTF-8 is kept as it is."""
        return cls(data.decode("utf-8", "surrogateescape"), path)

    def encode(self) -> bytes:
        """The bytes of the file."""
        return self.text.encode("utf-8", "surrogateescape")

    @cached_property
    def settings(self) -> tuple[Setting, ...]:
        """Every assignment, in the file's order."""
        return settings(self.text, self.path)

    @cached_property
    def _last(self) -> Mapping[str, Setting]:
        return {setting.name: setting for setting in self.settings}

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that is set, each once, by its first place."""
        return tuple(self._last)

    def parts(self, name: str) -> list[Setting]:
        """The assignments whose values together are the value of `name`: the last `=` and the `+=` after it."""
        found: list[Setting] = []
        for setting in self.settings:
            if setting.name == name:
                found = [*found, setting] if setting.adds else [setting]
        return found

    def line(self, name: str) -> int:
        """Where `name` is set last; 0 when it is not."""
        return self._last[name].line if name in self._last else 0

    def string(self, name: str) -> str | None:
        """The value of a string or number; None when it is not set. Raises ConfigError for a list."""
        found: list[str] = []
        for part in self.parts(name):
            if isinstance(part.value, Items):
                raise ConfigError(self.path, part.line, f"`{name}` is a list and should be one value.")
            found.append(part.value.text)
        return "".join(found) if found else None

    def number(self, name: str) -> int | None:
        """The value as xl reads a number (0755 is octal, blanks may lead); None when it is not set.

        Raises ConfigError for a value xl would pass over with a warning: as if it had not been written.
        """
        text = self.string(name)
        if text is None:
            return None
        last = self._last[name]
        if last.adds:
            raise ConfigError(self.path, last.line, f"`{name}` is a number: xl takes no `+=` for it.", "Use `=`.")
        found = _NUMBER.fullmatch(text)
        if found is None:
            raise ConfigError(self.path, last.line, f"`{name}` is no number.", "Write digits only.")
        sign, base16, base8, base10 = found.groups()
        digits, base = (base16, 16) if base16 else (base8, 8) if base8 else (base10, 10)
        # converting is quadratic in the length, and more than 22 octal digits are too many at any rate
        value = int(digits, base) if len(digits.lstrip("0")) <= 22 else _LONG + 1
        value = -value if sign == "-" else value
        if not -_LONG <= value < _LONG:
            raise ConfigError(self.path, last.line, f"`{name}` is too large for a number.")
        return value

    def items(self, name: str) -> tuple[Text | Items, ...]:
        """The items of a list; () when it is not set. Raises ConfigError for a single value."""
        found: list[Text | Items] = []
        for part in self.parts(name):
            if isinstance(part.value, Text):
                raise ConfigError(
                    self.path, part.line, f"`{name}` is a single value and should be a list.", "Put it in [ ]."
                )
            found += part.value.items
        return tuple(found)

    def texts(self, name: str) -> tuple[Text, ...]:
        """The items of a list of strings. xl stops reading `disk` and `vif` at a list inside: ConfigError."""
        found: list[Text] = []
        for item in self.items(name):
            if isinstance(item, Items):
                raise ConfigError(
                    self.path, item.line, f"`{name}` holds a list: xl leaves out that item and all after it.",
                    "Write every item as one string.",
                )  # fmt: skip
            found.append(item)
        return tuple(found)

    def replaced(self, start: int, end: int, text: str) -> Document:
        """The document with one stretch of its text replaced."""
        return Document(self.text[:start] + text + self.text[end:], self.path)

    def with_text(self, item: Text, value: str) -> Document:
        """The document with another value of one string, in the quotes it had where they can hold it."""
        old = self.text[item.start : item.end]
        quote = old[0] if old[0] in "'\"" and old[0] not in value and not set(value) & set("\\\n\r") else ""
        return self.replaced(item.start, item.end, f"{quote}{value}{quote}" if quote else quoted(value))

    def with_value(self, name: str, value: Plain) -> Document:
        """The document with `name` set to `value`: where it was set last, else in a line of its own at the end.

        Raises ConfigError when the file ends in a stray character, which xl bears only as the very last one.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a setting")
        parts = self.parts(name)
        if not parts:
            gap = "" if not self.text or self.text.endswith("\n") else "\n"
            return Document(f"{self.text}{gap}{name}={_written(value)}\n", self.path)
        changed = self
        for extra in reversed(parts[1:]):
            changed = changed._cut(extra)
        first = parts[0]
        text = _written(value)
        if first.adds:  # `+=` on a name that was never set
            return changed.replaced(first.start, first.end, f"{name}={text}")
        return changed.replaced(first.value.start, first.value.end, text)

    def without(self, name: str) -> Document:
        """The document without any assignment of `name`; a comment behind one stays."""
        changed = self
        for setting in reversed([setting for setting in self.settings if setting.name == name]):
            changed = changed._cut(setting)
        return changed

    def _cut(self, setting: Setting) -> Document:
        """Without one assignment; with its line end when nothing else stands on its lines."""
        text = self.text
        start, end = setting.start, setting.end
        head = text.rfind("\n", 0, start) + 1
        tail = text.find("\n", end)
        tail = len(text) if tail < 0 else tail
        if not text[head:start].strip(" \t") and not text[end:tail].strip(" \t;"):
            start, end = head, min(tail + 1, len(text))
        else:
            behind = re.compile(r"[ \t]*;[ \t]*").match(text, end)
            if behind:
                end = behind.end()
        return self.replaced(start, end, "")

    def diff(self, changed: Document, context: int = 2) -> list[str]:
        """A unified diff from this document to `changed`, without line ends; [] when they are equal."""
        name = self.path or "guest.cfg"
        old, new = (document.text.removesuffix("\n").split("\n") for document in (self, changed))
        return list(difflib.unified_diff(old, new, name, f"{name} (changed)", lineterm="", n=context))


def _written(value: Plain) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, int):
        if value < 0:
            return quoted(str(value))  # xl has no negative numbers outside of quotes
        return str(int(value))
    return f"[{', '.join(_written(item) for item in value)}]"

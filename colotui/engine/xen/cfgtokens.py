"""The words of an xl guest configuration, split exactly as xl's own lexer splits them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from colotui.errors import ConfigError

LONGEST = 1 << 20
"""Characters of a configuration at most; xl itself has no limit, and no real one has a hundredth of it."""


class Mark(StrEnum):
    """What a word is to the grammar."""

    NAME = "a name"
    NUMBER = "a number"
    STRING = "a string"
    NEWLINE = "the end of the line"
    COMMA = "`,`"
    OPEN = "`[`"
    CLOSE = "`]`"
    SET = "`=`"
    ADD = "`+=`"
    SEMICOLON = "`;`"
    END = "the end of the file"


@dataclass(frozen=True, slots=True)
class Token:
    """One word: `text` is its value (escapes of a string undone), `start` and `end` where it lies in the source."""

    mark: Mark
    text: str
    start: int
    end: int
    line: int
    lossy: bool = False  # a string with a numerical escape, of which xl keeps nothing


_WORD = re.compile(
    r"""(?P<name>[a-z][._0-9a-z]*)
      |(?P<number>[0-9][0-9a-fx]*)
      |(?P<blank>[ \t]+)
      |(?P<newline>\n|\#.*\n)
      |(?P<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
      |(?P<sign>\+=|[],[=;])""",
    re.VERBOSE,
)
_SIGNS = {
    ",": Mark.COMMA,
    "[": Mark.OPEN,
    "]": Mark.CLOSE,
    "=": Mark.SET,
    "+=": Mark.ADD,
    ";": Mark.SEMICOLON,
}
_ESCAPES = {
    '"': '"', "'": "'", "\\": "\\", "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}  # fmt: skip
# xl reads a number of up to three decimal digits behind the first octal one, with strtoul's leave for blanks and a
# sign, and wants two characters at least; then it writes nothing at all.
_DROPPED = re.compile(r"[ \t\v\f\r]*[+-]?[0-9]+")
_NEEDS_QUOTES = "Put the value in quotes: xl takes names only at the left of `=`."


def tokens(text: str, path: str = "") -> Iterator[Token]:
    """The words of `text`, the last one Mark.END. Raises ConfigError where xl says "lexical error"."""
    if len(text) > LONGEST:
        raise ConfigError(path, 0, f"it is longer than {LONGEST} characters.", "Give the configuration of one guest.")
    zero = text.find("\0")
    if zero >= 0:
        raise ConfigError(path, text.count("\n", 0, zero) + 1, "it holds a zero byte: this is no text.")
    place, line = 0, 1
    while place < len(text):
        found = _WORD.match(text, place)
        if found is None:
            if place == len(text) - 1 and (text[place].isascii() or "\udc80" <= text[place] <= "\udcff"):
                break  # xl finds the end of the file before it has complained about a single last byte
            raise _refused(text, place, line, path)
        kind, word, end = found.lastgroup, found.group(), found.end()
        if kind == "newline":
            yield Token(Mark.NEWLINE, word, place, end, line)
            line += 1
        elif kind == "string":
            value, lossy = _unquoted(word, line, path)
            yield Token(Mark.STRING, value, place, end, line, lossy)
        elif kind == "name":
            yield Token(Mark.NAME, word, place, end, line)
        elif kind == "number":
            yield Token(Mark.NUMBER, word, place, end, line)
        elif kind == "sign":
            yield Token(_SIGNS[word], word, place, end, line)
        place = end
    yield Token(Mark.END, "", place, place, line)


def quoted(value: str) -> str:
    """`value` as a string xl reads back as it is. A zero byte cannot be written: ValueError."""
    if "\0" in value:
        raise ValueError("xl's configuration has no way to write a zero byte")
    quote = "'" if '"' in value and "'" not in value else '"'
    body = value.replace("\\", "\\\\").replace(quote, "\\" + quote).replace("\n", "\\n").replace("\r", "\\r")
    return f"{quote}{body}{quote}"


def _unquoted(word: str, line: int, path: str) -> tuple[str, bool]:
    if "\\" not in word:
        return word[1:-1], False
    kept: list[str] = []
    lossy = False
    place, last = 1, len(word) - 1
    while place < last:
        char = word[place]
        place += 1
        if char != "\\":
            kept.append(char)
            continue
        char = word[place]
        place += 1
        if char in _ESCAPES:
            kept.append(_ESCAPES[char])
        elif "0" <= char <= "7":
            # the closing quote is in reach of xl here, but is no digit
            number = _DROPPED.match(word[place : place + 3])
            if number is None or number.end() < 2:
                raise ConfigError(path, line, f"`\\{char}` in a string must be followed by two digits.", _ESCAPED)
            place += number.end()
            lossy = True
        else:
            raise ConfigError(path, line, f"`\\{char}` in a string is no escape xl accepts.", _ESCAPED)
    return "".join(kept), lossy


_ESCAPED = "Write the character itself; a backslash is written twice."


def _refused(text: str, place: int, line: int, path: str) -> ConfigError:
    char = text[place]
    if char == "#":
        return ConfigError(path, line, "the comment does not end with a newline.", "End the last line with a newline.")
    if char == "\r":
        return ConfigError(path, line, "the line ends with a carriage return.", "Give the file Unix line ends.")
    if char in "'\"":
        return ConfigError(
            path, line, "the string does not end on its line.", f"Close it with {char} on the same line."
        )
    if char == "\\":
        return ConfigError(
            path, line, "a backslash outside of a string.", "Lines are not joined so; inside [ ] they need nothing."
        )
    if char.isascii() and char.isupper():
        return ConfigError(path, line, f"`{char}` begins no name: names are in small letters.", _NEEDS_QUOTES)
    if char in "+-.():{":
        return ConfigError(path, line, f"`{char}` is not allowed here: xl does not read Python.", _NEEDS_QUOTES)
    return ConfigError(path, line, f"{char!a} is not allowed outside of a string.", _NEEDS_QUOTES)

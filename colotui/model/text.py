"""Make a string from elsewhere safe to print: no control characters, no escape sequences, no bidi tricks."""

from __future__ import annotations

import re
import unicodedata

# CSI, OSC/DCS/PM/APC strings (ended by BEL or ST, or cut off), and two-character escapes.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]"
)
_SPACES = frozenset("\t\n\v\f\r\x85\u2028\u2029")
# Cf holds the bidi overrides and isolates, zero-width characters and tags; Cs are halves of nothing.
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
ELLIPSIS = "…"


def plain(text: str, limit: int | None = None) -> str:
    """`text` on one line without anything a terminal would obey; cut to `limit` characters with an ellipsis."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(_kept(character) for character in _ESCAPES.sub("", text))
    if limit is not None and len(text) > limit:
        text = text[: max(limit - 1, 0)].rstrip() + ELLIPSIS
    return text


def plain_lines(text: str, limit: int | None = None) -> list[str]:
    """The lines of `text`, each made plain; of more than `limit` lines the last ones."""
    lines = [plain(line).rstrip() for line in _ESCAPES.sub("", text).splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    if limit is not None and len(lines) > limit:
        lines = lines[len(lines) - limit :]
    return lines


def _kept(character: str) -> str:
    if character in _SPACES:
        return " "
    return "" if unicodedata.category(character) in _DROPPED else character

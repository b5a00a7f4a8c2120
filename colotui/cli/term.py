"""Print to a terminal or a pipe: colour only where it can be seen, ASCII where asked for, nothing a terminal obeys."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from typing import TextIO

from colotui.model.text import plain

_COLOURS = {"good": "32", "working": "36", "warning": "33", "bad": "31", "strong": "1", "low": "2"}


class Term:
    """Where a command prints. `paint` adds colour, `clean` is for every text that came from elsewhere."""

    def __init__(self, out: TextIO | None = None, *, colour: bool = True, ascii_only: bool = False) -> None:
        self.out = out or sys.stdout
        encoding = (getattr(self.out, "encoding", None) or "utf-8").lower().replace("-", "")
        self.ascii = ascii_only or encoding not in ("utf8", "utf8sig")
        self.live = self.out.isatty() and os.environ.get("TERM", "") not in ("", "dumb")
        self.colour = colour and self.live and not os.environ.get("NO_COLOR")
        self._transient = False

    @property
    def width(self) -> int:
        """Columns to use: the terminal's, but no longer than a line should be."""
        return max(40, min(shutil.get_terminal_size((80, 24)).columns, 120))

    def paint(self, text: str, style: str) -> str:
        """`text` in the colour of a state; unchanged where colours are off."""
        return f"\x1b[{_COLOURS[style]}m{text}\x1b[0m" if self.colour and style in _COLOURS and text else text

    def line(self, text: str = "") -> None:
        """One line. The caller has cleaned what came from elsewhere."""
        self._clear()
        self.out.write(self._shown(text) + "\n")

    def wrapped(self, text: str, indent: int = 0, first: str = "") -> None:
        """A sentence over as many lines as it needs, all of them indented; `first` stands before it, in the indent."""
        lead = " " * indent
        width = max(self.width - indent, 20)
        lines = textwrap.wrap(clean(text), width, break_long_words=False, break_on_hyphens=False) or [""]
        for number, part in enumerate(lines):
            self.line((f"{first:<{indent}}" if number == 0 else lead) + part)

    def transient(self, text: str) -> None:
        """A line that the next one replaces; nothing where the output is no terminal."""
        if self.live:
            self.out.write("\r" + self._shown(text)[: self.width - 1] + "\x1b[K")
            self.out.flush()
            self._transient = True

    def flush(self) -> None:
        """Send what is buffered."""
        self._clear()
        self.out.flush()

    def _shown(self, text: str) -> str:
        if not self.ascii:
            return text
        from colotui.ui.glyphs import to_ascii

        return to_ascii(text)

    def _clear(self) -> None:
        if self._transient:
            self._transient = False
            self.out.write("\r\x1b[K")


def clean(text: str, limit: int | None = None) -> str:
    """A text from elsewhere, made safe to print."""
    return plain(text, limit)

"""The screen as the terminal would get it: the compositor's rows as text and runs of styles, by their names."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rich.cells import cell_len
from rich.style import Style
from textual._context import visible_screen_stack
from textual.app import App
from textual.geometry import Region
from textual.strip import Strip

_MARKS = ("bold", "dim", "italic", "underline", "blink", "reverse", "conceal", "strike")


@dataclass(frozen=True, slots=True)
class Look:
    """What a terminal style looks like: colours as words, attributes, and what must not be there."""

    colour: str
    ground: str
    marks: str
    meta: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.colour, f"on {self.ground}", self.marks, self.meta) if part)


@lru_cache(maxsize=8192)
def look_of(style: Style | None) -> Look:
    """The look of a Rich style; "-" where it leaves a colour to the terminal."""
    if style is None:
        return Look("-", "-", "")
    marks = "+".join(name for name in _MARKS if getattr(style, name))
    meta = "link" if style.link else ""
    return Look(_colour(style, "color"), _colour(style, "bgcolor"), marks, meta)


def _colour(style: Style, which: str) -> str:
    colour = getattr(style, which)
    if colour is None or colour.is_default:
        return "-"
    return colour.triplet.hex if colour.triplet is not None else str(colour.name)


@dataclass(frozen=True, slots=True)
class Run:
    """`text` from cell `start` on, in one look. `under`: it belongs to the screen under a question or a plan."""

    start: int
    text: str
    look: Look
    under: bool = False

    @property
    def end(self) -> int:
        """The cell after it."""
        return self.start + cell_len(self.text)

    @property
    def blank(self) -> bool:
        """True when only its ground is seen."""
        return not self.text.strip(" ") and not any(mark in self.look.marks for mark in ("underline", "strike"))


Row = tuple[Run, ...]


def strips_of(app: App[Any]) -> list[Strip]:
    """All rows of the screen, what shines through from the screens below included."""
    screen = app.screen
    visible_screen_stack.set(app._background_screens)
    return screen._compositor.render_strips()


def own_regions(app: App[Any]) -> list[Region] | None:
    """Where the screen on top draws itself; None for everywhere."""
    screen = app.screen
    if not screen.is_modal:
        return None
    return [child.region for child in screen.query("*") if child.display and child.visible and child.region]


def rows_of(app: App[Any]) -> list[Row]:
    """The rows of the screen in runs, cut where the screen on top begins and ends."""
    own = own_regions(app)
    return [tuple(_runs(strip, y, own)) for y, strip in enumerate(strips_of(app))]


def _runs(strip: Strip, y: int, own: Sequence[Region] | None) -> Iterator[Run]:
    spans = None if own is None else [(r.x, r.right) for r in own if r.y <= y < r.bottom]
    x = 0
    for text, style, control in strip:
        assert not control, control
        look = look_of(style)
        for start, part, under in _parts(x, text, spans):
            yield from _split(start, part, look, under=under)
        x += cell_len(text)


def _parts(x: int, text: str, spans: Sequence[tuple[int, int]] | None) -> Iterator[tuple[int, str, bool]]:
    """`text` cut at the borders of the screen on top."""
    if spans is None:
        yield x, text, False
        return
    start, part, before = x, "", None
    for char in text:
        under = not any(low <= x < high for low, high in spans)
        if part and under is not before and cell_len(char):
            yield start, part, bool(before)
            start, part = x, ""
        part, before = part + char, under if cell_len(char) or before is None else before
        x += cell_len(char)
    if part:
        yield start, part, bool(before)


def _split(x: int, text: str, look: Look, *, under: bool) -> Iterator[Run]:
    """The blanks at both ends are runs of their own: they look the same in every colour of one ground."""
    inner = text.strip(" ")
    head = len(text) - len(text.lstrip(" ")) if inner else len(text)
    if head:
        yield Run(x, " " * head, look, under)
    if inner:
        run = Run(x + head, inner, look, under)
        yield run
        tail = len(text) - head - len(inner)
        if tail:
            yield Run(run.end, " " * tail, look, under)


def text_of(row: Iterable[Run]) -> str:
    """The bare text."""
    return "".join(run.text for run in row)


def unclean(text: str) -> str:
    """The characters that no screen may hold: whatever a terminal obeys, and what turns text round."""
    return "".join(char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp"))

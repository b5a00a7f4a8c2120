"""The names of the looks on the screen: of a style of the painters in all themes at once, and dimmed under a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.renderables.background_screen import BackgroundScreen

from colotui.ui.style import INKS, Palette
from colotui.ui.theme import COLOURS, NO_COLOUR, TOKENS, load_themes
from tests.ui.strips import Look, look_of

THEMES = load_themes()
PLAIN = "no-colour"
"""The form that NO_COLOR asks for, as if it were one more theme."""

COLUMNS = (*sorted(THEMES, key=lambda name: (name != "dark", name)), PLAIN)
"""Every theme, the default first, and the form without colours."""

TRUE_COLOUR = tuple(name for name in COLUMNS if name != PLAIN and not THEMES[name].ansi)
_GROUNDS = {
    "": "",
    "surface": "s",
    "panel": "p",
    "band-error-background": "error-band",
    "band-warning-background": "warning-band",
    "band-working-background": "working-band",
    "cursor-background": "cursor",
}
_UNDER = 0.7
"""How much of the ground the questions and plans lay over what is below them; their style sheets say so."""

Looks = tuple[Look | None, ...]
"""One look for each of COLUMNS; None where nothing of it is seen."""


def tokens_of(theme: str) -> dict[str, str]:
    """All colours of a shipped theme by their token."""
    found = THEMES[theme]
    colours = {name: value for name in COLOURS if (value := getattr(found, name))}
    return {**TOKENS, **found.variables, **colours}


@cache
def palettes() -> dict[str, Palette]:
    """The palette of each column."""
    made = {name: Palette(tokens_of(name)) for name in COLUMNS if name != PLAIN}
    return {**made, PLAIN: Palette(tokens_of(NO_COLOUR), no_colour=True)}


@cache
def grounds() -> tuple[str, ...]:
    """The grounds that the painters lay rows on."""
    return tuple(_GROUNDS)


def style_names() -> Iterator[tuple[str, str]]:
    """Each ink on each ground: the palette's name and the short one."""
    for ground, short in _GROUNDS.items():
        for ink in INKS:
            yield (f"{ink}@{ground}", f"{ink}@{short}") if ground else (ink, ink)


def _dimmed(style: Style, column: str) -> Style:
    tint = Color.parse(tokens_of(column)["background"]).with_alpha(_UNDER)
    (segment,) = BackgroundScreen.process_segments([Segment("x", style)], tint)
    assert segment.style is not None
    return segment.style


@cache
def named() -> Mapping[Looks, str]:
    """The first name of every look that a painter can make, and of what shines through from below (`~name`)."""
    names: dict[Looks, str] = {}
    for name, short in style_names():
        styles = {column: palette.style(name) for column, palette in palettes().items()}
        names.setdefault(tuple(look_of(style) for style in styles.values()), short)
        under = tuple(look_of(_dimmed(styles[c], c)) if c in TRUE_COLOUR else None for c in COLUMNS)
        names.setdefault(under, f"~{short}")
    return names


@cache
def ground_names() -> Mapping[tuple[str | None, ...], str]:
    """The names of what a blank cell looks like: of the grounds of rows first, then of what is filled."""
    names: dict[tuple[str | None, ...], str] = {}
    for looks, name in sorted(named().items(), key=lambda entry: not entry[1].lstrip("~").startswith("base")):
        names.setdefault(tuple(blank_look(look) for look in looks), name)
    return names


def blank_look(look: Look | None) -> str | None:
    """All that is seen of a blank: its ground, or that it is reversed."""
    if look is None:
        return None
    return look.ground + (f" reverse {look.colour}" if "reverse" in look.marks else "")


def table() -> str:
    """Every name with its look in every theme, as text: one line a name."""
    rows = [f"{'':<34}" + "".join(f"{column:<34}" for column in COLUMNS)]
    for looks, name in named().items():
        if not name.startswith("~"):
            rows.append(f"{name:<34}" + "".join(f"{look!s:<34}" for look in looks))
    return "\n".join(row.rstrip() for row in rows) + "\n"

"""Style names of the painters turned into terminal styles with the colours of the theme in use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from rich.color import ColorType
from rich.style import Style
from textual.color import Color, ColorParseError


@dataclass(frozen=True, slots=True)
class Ink:
    """What a style name stands for: tokens of the theme and attributes. Without `ground` the row's shows through."""

    colour: str
    ground: str = ""
    bold: bool = False
    italic: bool = False
    underline: bool = False


INKS: dict[str, Ink] = {
    "base": Ink("foreground"),
    "strong": Ink("text-strong", bold=True),
    "bold": Ink("foreground", bold=True),
    "name": Ink("text-strong", bold=True),
    "picked": Ink("text-strong", bold=True, underline=True),
    "muted": Ink("text-muted"),
    "low": Ink("text-low"),
    "hairline": Ink("hairline"),
    "track": Ink("track"),
    "focus": Ink("focus", bold=True),
    "ok": Ink("success"),
    "ok-bold": Ink("success", bold=True),
    "warn": Ink("warning"),
    "warn-bold": Ink("warning", bold=True),
    "error": Ink("error"),
    "error-bold": Ink("error", bold=True),
    "accent": Ink("accent"),
    "accent-bold": Ink("accent", bold=True),
    "meter": Ink("accent"),
    "frame-primary": Ink("role-primary"),
    "frame-secondary": Ink("role-secondary"),
    "secondary-bold": Ink("role-secondary", bold=True),
    "link-up": Ink("link-up"),
    "link-idle": Ink("link-idle"),
    "link-cut": Ink("link-cut"),
    "stale": Ink("stale"),
    "stale-age": Ink("stale", italic=True),
    "forced": Ink("forced"),
    "periodic": Ink("periodic"),
    "graph-low": Ink("graph-low"),
    "graph-high": Ink("graph-high"),
    "changed": Ink("changed"),
    "pill": Ink("pill-ok-text", "pill-ok-background", bold=True),
    "badge": Ink("foreground", "panel", bold=True),
    "badge-warn": Ink("warning", "panel", bold=True),
    "badge-replay": Ink("background", "foreground", bold=True),
    "badge-primary": Ink("role-primary-text", "role-primary", bold=True),
    "badge-dead": Ink("band-error-text", "band-error-background", bold=True),
    "recommended": Ink("role-primary-text", "role-primary", bold=True),
    "field": Ink("text-strong", "background", bold=True),
    "caret": Ink("role-primary-text", "role-primary"),
    "error-band": Ink("band-error-text"),
    "error-band-bold": Ink("band-error-text", bold=True),
    "error-band-key": Ink("band-error-background", "band-error-text", bold=True),
    "warning-band": Ink("band-warning-text"),
    "warning-band-bold": Ink("band-warning-text", bold=True),
    "warning-band-key": Ink("band-warning-background", "band-warning-text", bold=True),
    "working-band": Ink("band-working-text"),
    "working-band-bold": Ink("band-working-text", bold=True),
    "working-band-key": Ink("band-working-background", "band-working-text", bold=True),
}


_QUIET = ("", "background", "surface", "panel")


def _is_exact(style: Style) -> bool:
    colours = (style.color, style.bgcolor)
    return all(colour is not None and colour.type is ColorType.TRUECOLOR for colour in colours) and not style.dim


class Palette:
    """Resolves `style` and `style@ground` names. Made anew whenever the theme changes.

    With `no_colour` there are only attributes: what is filled becomes reverse video, so that the state,
    the primary and the recommended key still stand out.
    """

    def __init__(self, tokens: Mapping[str, str], *, no_colour: bool = False) -> None:
        self._tokens = tokens
        self._no_colour = no_colour
        self._styles: dict[str, Style] = {}
        self._all_exact = not no_colour

    def _colour(self, token: str) -> Color:
        text = self._tokens.get(token, "")
        try:
            return Color.parse(text)
        except ColorParseError:
            return Color.parse(self._tokens.get("foreground", "#ffffff"))

    def style(self, name: str) -> Style:
        """The terminal style of a name, with its background always set."""
        found = self._styles.get(name)
        if found is None:
            ink_name, _, row_ground = name.partition("@")
            ink = INKS[ink_name]
            found = self._styles[name] = self._made(ink, row_ground)
            self._all_exact = self._all_exact and _is_exact(found)
        return found

    @property
    def all_exact(self) -> bool:
        """True while no style asked for so far leaves a colour to the terminal's own sixteen."""
        return self._all_exact

    def _made(self, ink: Ink, row_ground: str) -> Style:
        marks = Style(bold=ink.bold or None, italic=ink.italic or None, underline=ink.underline or None)
        if self._no_colour:
            filled = ink.ground not in _QUIET
            # A key that is filled within a filled band stands out by not being filled.
            return marks + Style(reverse=(filled is not (row_ground not in _QUIET)) or None)
        ground = self._colour(ink.ground or row_ground or "background")
        return marks + Style(color=self._colour(ink.colour).rich_color, bgcolor=ground.rich_color)

    @staticmethod
    @cache
    def ground_of(name: str) -> tuple[str, bool]:
        """The ground a style names for itself, and whether a blank of it looks like a blank of its ground."""
        ink_name, _, ground = name.partition("@")
        ink = INKS[ink_name]
        return ground, not ink.ground and not ink.underline

"""Themes are YAML files: found, checked key by key and colour by colour, and made into Textual themes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import yaml
from textual.color import Color, ColorParseError
from textual.theme import Theme

from colotui.errors import ConfigError

# The C loader where PyYAML has it: all themes are read before the first paint.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

DEFAULT = "dark"
NO_COLOUR = "sixteen"

COLOURS = (
    "primary", "secondary", "accent", "background", "surface", "panel", "foreground", "success", "warning", "error",
)  # fmt: skip
_FLAGS = ("dark", "ansi")

# The own tokens with the colours of the dark theme: what a user's theme leaves out comes from here.
TOKENS: dict[str, str] = {
    "text-strong": "#f4f7fa",
    "text-muted": "#96a1b0",
    "text-low": "#8490a0",
    "hairline": "#2a323d",
    "track": "#39434f",
    "scrim": "#3d4652",
    "cursor-background": "#1b2838",
    "focus": "#6cb6ff",
    "band-error-background": "#b3202b",
    "band-error-text": "#ffffff",
    "band-warning-background": "#f2cc60",
    "band-warning-text": "#1b1400",
    "band-working-background": "#1d4f82",
    "band-working-text": "#ffffff",
    "pill-ok-background": "#3ecfae",
    "pill-ok-text": "#03201a",
    "role-primary": "#6cb6ff",
    "role-primary-text": "#04182b",
    "role-secondary": "#93a1b2",
    "link-up": "#6cb6ff",
    "link-idle": "#8490a0",
    "link-cut": "#ff5f6b",
    "stale": "#8490a0",
    "forced": "#cfd6df",
    "periodic": "#5b7896",
    "changed": "#f2cc60",
    "graph-low": "#4c6c8d",
    "graph-high": "#6cb6ff",
}

# Text on a ground: what the contrast test and the checks of a user's theme look at.
TEXT_TOKENS = ("foreground", "text-strong", "text-muted", "text-low", "success", "warning", "error", "stale")
TEXT_PAIRS = (
    ("band-error-text", "band-error-background"),
    ("band-warning-text", "band-warning-background"),
    ("band-working-text", "band-working-background"),
    ("pill-ok-text", "pill-ok-background"),
    ("role-primary-text", "role-primary"),
)


def shipped_folder() -> Path:
    """The themes of colotui: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "themes"
    return inside if inside.is_dir() else package.parent / "themes"


def load_themes(user_folder: Path | None = None) -> dict[str, Theme]:
    """All themes by the name of their file; a user's file of the same name wins.

    Raises ConfigError with file and line for the first file that cannot be used.
    """
    themes: dict[str, Theme] = {}
    for folder in (shipped_folder(), user_folder):
        if folder is not None and folder.is_dir():
            for path in sorted(folder.glob("*.yaml")):
                themes[path.stem] = load_theme(path)
    if DEFAULT not in themes:
        raise ConfigError(str(shipped_folder()), 0, "no themes are there", "Install colotui again.")
    return themes


def choose(themes: dict[str, Theme], name: str) -> Theme:
    """The theme called `name`, by file name or by its own name."""
    if name in themes:
        return themes[name]
    for theme in themes.values():
        if theme.name == name:
            return theme
    raise ConfigError("theme", 0, f"there is no theme `{name}`", f"There are: {', '.join(sorted(themes))}.")


def load_theme(path: Path) -> Theme:
    """One theme file, checked."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), 0, f"cannot be read: {error}") from error
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ConfigError(str(path), line, f"not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ConfigError(str(path), 0, f"not YAML: {error}") from error
    return _Reader(str(path), path.stem).theme(node)


class _Reader:
    """Reads one file's node tree, so that each complaint names its line."""

    def __init__(self, path: str, stem: str) -> None:
        self.path = path
        self.stem = stem

    def theme(self, node: yaml.Node | None) -> Theme:
        """The theme of a file's root node."""
        if not isinstance(node, yaml.MappingNode):
            raise ConfigError(self.path, 1, "a theme is a mapping of token: colour")
        colours: dict[str, str] = {}
        flags = {"dark": True, "ansi": False}
        variables: dict[str, str] = {}
        name = f"colotui-{self.stem}"
        for key, line, value in self._pairs(node):
            if key == "name":
                name = self._scalar(value, key)
            elif key in _FLAGS:
                flags[key] = self._flag(value, key)
            elif key in COLOURS:
                colours[key] = self._colour(value, key)
            elif key == "variables":
                if not isinstance(value, yaml.MappingNode):
                    raise ConfigError(self.path, line, "`variables` is a mapping of token: colour")
                for token, token_line, colour in self._pairs(value):
                    if token not in TOKENS:
                        raise ConfigError(self.path, token_line, f"unknown token `{token}`", _near(token, TOKENS))
                    variables[token] = self._colour(colour, token)
            else:
                known = ("name", "variables", *_FLAGS, *COLOURS)
                raise ConfigError(self.path, line, f"unknown key `{key}`", _near(key, known))
        if missing := [key for key in COLOURS if key not in colours]:
            raise ConfigError(self.path, 0, f"`{missing[0]}` is missing", "Every theme says: " + ", ".join(COLOURS))
        return Theme(
            name=name,
            primary=colours["primary"],
            secondary=colours["secondary"],
            accent=colours["accent"],
            background=colours["background"],
            surface=colours["surface"],
            panel=colours["panel"],
            foreground=colours["foreground"],
            success=colours["success"],
            warning=colours["warning"],
            error=colours["error"],
            dark=flags["dark"],
            ansi=flags["ansi"],
            variables=variables,
        )

    def _pairs(self, node: yaml.MappingNode) -> Iterable[tuple[str, int, yaml.Node]]:
        seen: set[str] = set()
        for key_node, value in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise ConfigError(self.path, line, "a key must be a word")
            key = str(key_node.value)
            if key in seen:
                raise ConfigError(self.path, line, f"`{key}` is there twice")
            seen.add(key)
            yield key, line, value

    def _scalar(self, node: yaml.Node, key: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or not str(node.value):
            raise ConfigError(self.path, node.start_mark.line + 1, f"`{key}` needs one value")
        return str(node.value)

    def _flag(self, node: yaml.Node, key: str) -> bool:
        text = self._scalar(node, key).lower()
        if text not in ("true", "false"):
            raise ConfigError(self.path, node.start_mark.line + 1, f"`{key}` is true or false")
        return text == "true"

    def _colour(self, node: yaml.Node, key: str) -> str:
        text = self._scalar(node, key)
        try:
            Color.parse(text)
        except ColorParseError as error:
            line = node.start_mark.line + 1
            raise ConfigError(
                self.path, line, f"`{key}`: `{text}` is not a colour", "Write it as #rrggbb in quotes, or ansi_<name>."
            ) from error
        return text


def _near(word: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, list(known), n=1)
    return f"Did you mean `{close[0]}`?" if close else ""

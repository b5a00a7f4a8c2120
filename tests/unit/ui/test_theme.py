"""Themes: the shipped ones are legible, and a wrong file is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.color import Color

from colotui.errors import ConfigError
from colotui.ui.style import INKS, Palette
from colotui.ui.theme import TEXT_PAIRS, TEXT_TOKENS, TOKENS, choose, load_theme, load_themes, shipped_folder

THEMES = load_themes()
TRUE_COLOUR = [name for name, theme in THEMES.items() if not theme.ansi]


def tokens_of(name: str) -> dict[str, str]:
    theme = THEMES[name]
    own = {key: getattr(theme, key) for key in ("background", "surface", "panel", "foreground", "accent")}
    own |= {key: getattr(theme, key) for key in ("success", "warning", "error")}
    return {**TOKENS, **theme.variables, **own}


def ratio(one: str, other: str) -> float:
    def luminance(text: str) -> float:
        parts = [value / 255 for value in Color.parse(text).rgb]
        red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_five_themes_are_there() -> None:
    assert {"dark", "light", "high-contrast", "colour-blind-safe", "sixteen"} <= set(THEMES)
    assert THEMES["sixteen"].ansi
    assert not THEMES["light"].dark


@pytest.mark.parametrize("name", sorted(THEMES))
def test_a_shipped_theme_names_every_token(name: str) -> None:
    assert set(THEMES[name].variables) == set(TOKENS)


@pytest.mark.parametrize("ground", ["background", "surface", "panel"])
@pytest.mark.parametrize("name", TRUE_COLOUR)
def test_text_is_legible(name: str, ground: str) -> None:
    tokens = tokens_of(name)
    low = {
        token: ratio(tokens[token], tokens[ground]) for token in (*TEXT_TOKENS, "accent", "role-secondary", "forced")
    }
    assert all(value >= 4.5 for value in low.values()), low


@pytest.mark.parametrize("name", TRUE_COLOUR)
def test_bands_badges_and_the_cursor_row_are_legible(name: str) -> None:
    tokens = tokens_of(name)
    for text, ground in TEXT_PAIRS:
        assert ratio(tokens[text], tokens[ground]) >= 4.5, (text, ground)
    for text in ("foreground", "text-strong", "text-muted", "text-low"):
        assert ratio(tokens[text], tokens["cursor-background"]) >= 4.5, text


@pytest.mark.parametrize("name", TRUE_COLOUR)
def test_graph_ink_is_seen(name: str) -> None:
    tokens = tokens_of(name)
    for token in ("periodic", "graph-low", "graph-high", "forced"):
        assert ratio(tokens[token], tokens["background"]) >= 3.0, token


@pytest.mark.parametrize("name", sorted(THEMES))
def test_every_style_has_colours_in_every_theme(name: str) -> None:
    palette = Palette(tokens_of(name))
    for ink in INKS:
        for ground in ("", "@surface", "@panel", "@cursor-background", "@band-error-background"):
            style = palette.style(ink + ground)
            assert style.color is not None
            assert style.bgcolor is not None


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


GOOD = (shipped_folder() / "dark.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (GOOD.replace('warning: "#f2cc60"', "warning: yelow-ish", 1), 0, "is not a colour"),
        (GOOD.replace("accent:", "acent:", 1), 0, "Did you mean `accent`?"),
        (GOOD.replace("  text-strong:", "  text-stong:", 1), 0, "Did you mean `text-strong`?"),
        (GOOD + '  focus: "#ffffff"\n', 0, "is there twice"),
        (GOOD.replace('error: "#ff5f6b"\n', "", 1), -1, "`error` is missing"),
        (GOOD.replace("dark: true", "dark: perhaps", 1), 0, "true or false"),
        (GOOD.replace("primary:", "primary: [", 1), 0, "not YAML"),
        ("- a\n- list\n", 1, "mapping"),
        ("", 1, "mapping"),
        ("variables: none\n", 1, "mapping"),
        ("name: {a: b}\n", 1, "needs one value"),
        ("? [a]\n: b\n", 1, "a key must be a word"),
    ],
)
def test_a_wrong_theme_says_where_and_why(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_theme(path)
    assert words in str(caught.value)
    assert caught.value.path == str(path)
    if line > 0:
        assert caught.value.line == line
    elif line == 0:
        assert caught.value.line > 1


def test_a_users_theme_wins_and_may_leave_tokens_out(tmp_path: Path) -> None:
    text = "\n".join(line for line in GOOD.splitlines() if not line.startswith(("variables", "  ", "name")))
    (tmp_path / "dark.yaml").write_text(text, encoding="utf-8")
    themes = load_themes(tmp_path)
    assert themes["dark"].name == "colotui-dark"
    assert themes["dark"].variables == {}
    assert choose(themes, "colotui-light").name == "colotui-light"
    with pytest.raises(ConfigError, match="no theme `nope`"):
        choose(themes, "nope")


def test_a_theme_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_themes(tmp_path)


def test_without_colour_what_is_filled_is_reversed() -> None:
    palette = Palette(tokens_of("sixteen"), no_colour=True)
    assert palette.style("pill").reverse
    assert palette.style("badge-primary").reverse
    assert palette.style("error-band@band-error-background").reverse
    assert not palette.style("error-band-key@band-error-background").reverse
    assert not palette.style("base@surface").reverse
    for ink in INKS:
        assert palette.style(ink).color is None
        assert palette.style(ink).bgcolor is None

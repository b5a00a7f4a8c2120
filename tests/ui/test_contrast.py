"""Text is legible on the ground it really stands on: the pairs are those of the approved pictures, in every theme."""

from __future__ import annotations

import re
from collections.abc import Iterator

from textual.color import Color

from tests.ui.approved import FOLDER, parts
from tests.ui.stylenames import COLUMNS, THEMES, TRUE_COLOUR, named

LEAST = 4.5
_WORD = re.compile(r"[^\W_]")
_RUN = re.compile(r"(\d+) (\S+)")


def pairs() -> dict[str, str]:
    """Each style that letters or digits are written in, with an example. Text under a question is dimmed on purpose."""
    found: dict[str, str] = {}
    for path in sorted(FOLDER.glob("*.txt")):
        if path.stem == "styles":
            continue
        for size, lines in parts(path.read_text(encoding="utf-8")).items():
            for style, text in _runs(lines):
                if _WORD.search(text) and not style.startswith("~"):
                    found.setdefault(style, f"{path.stem} at {size}: {text.strip()[:40]}")
    return found


def _runs(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("|"):
            runs = [(0, "base"), *((int(at), name) for at, name in _RUN.findall(below if below[:1] == ":" else ""))]
            ends = [*(start for start, _ in runs[1:]), len(line)]
            # Wide characters do not occur in the samples: a cell is a character.
            yield from ((name, line[1:][start:end]) for (start, name), end in zip(runs, ends, strict=True))


def looks() -> dict[str, tuple[str, ...]]:
    """Every style's look in every column, by its name in the files: the palette's, and the odd ones of the legends."""
    known = {name: tuple(map(str, seen)) for seen, name in named().items()}
    for path in FOLDER.glob("*.txt"):
        for title, lines in parts(path.read_text(encoding="utf-8")).items() if path.stem != "styles" else ():
            if title.startswith("other looks"):
                known |= {name: tuple(rest.split(" | ")) for name, _, rest in (line.partition(" = ") for line in lines)}
    return known


def ratio(one: str, other: str) -> float:
    """The contrast of two colours as WCAG reckons it."""

    def luminance(text: str) -> float:
        parts = [value / 255 for value in Color.parse(text).rgb]
        red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_text_of_every_picture_is_legible() -> None:
    low = []
    seen = looks()
    for style, where in pairs().items():
        for theme, look in zip(COLUMNS, seen[style], strict=True):
            if theme not in TRUE_COLOUR:
                continue
            words = look.split()
            ink, ground = words[0], words[2]
            if "reverse" in look:
                ink, ground = ground, ink
            if (value := ratio(ink, ground)) < LEAST:
                low.append(f"{theme}: {style} {ink} on {ground} is {value:.1f} ({where})")
    assert not low, "\n".join(low)


def test_in_sixteen_colours_no_text_is_in_the_colour_of_its_ground_or_in_bright_black() -> None:
    (sixteen,) = [index for index, name in enumerate(COLUMNS) if name in THEMES and THEMES[name].ansi]
    seen = looks()
    for style, where in pairs().items():
        words = seen[style][sixteen].split()
        assert words[0] != words[2], (style, where)
        assert words[0] != "color(8)", (style, where)


def test_the_pictures_have_text_on_every_kind_of_ground() -> None:
    grounds = {style.partition("@")[2] for style in pairs()}
    assert {"", "s", "p", "cursor", "error-band", "warning-band", "working-band"} <= grounds

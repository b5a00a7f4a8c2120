"""Screens as pictures: an app's screen as SVG, and SVG as PNG through rsvg-convert.

    python -m tests.ui.pictures FOLDER [state ...] [--size 160x46] [--theme dark] [--keys f,w,e]

draws the sample states. `screenshot` serves a live cockpit as well.
Needs librsvg2-bin, fonts-firacode, fonts-dejavu-core and fonts-symbola.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import re
import subprocess
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from textual.app import App

# Fira Code first, the others for the signs it has not. Ligatures would draw `->` as an arrow.
_FONTS = "'Fira Code', 'DejaVu Sans Mono', Symbola, monospace"
_TEXT = re.compile(r'<text class="([^"]*)" x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)" ([^>]*)>([^<]*)</text>')
_DOTS = ((0x01, 0, 0), (0x02, 0, 1), (0x04, 0, 2), (0x40, 0, 3), (0x08, 1, 0), (0x10, 1, 1), (0x20, 1, 2), (0x80, 1, 3))
_ROW = 24.4


def _apart(match: re.Match[str]) -> str:
    """A run of text as words, each at its own cell: fallback fonts are of another width. Braille as dots."""
    style, x, y, length, rest, raw = match.groups()
    text = html.unescape(raw).replace("\u00a0", " ")
    cells = sum(cell_len(char) for char in text)
    if not cells:
        return ""
    cell, left, base = float(length) / cells, float(x), float(y)
    out: list[str] = []
    at, word, start = 0, "", 0

    def flush() -> None:
        nonlocal word
        if word:
            place = f'x="{left + start * cell:.2f}" y="{y}" textLength="{cell_len(word) * cell:.2f}"'
            out.append(f'<text class="{style}" {place} {rest}>{html.escape(word)}</text>')
            word = ""

    for char in text:
        if char == " " or 0x2800 <= ord(char) < 0x2900 or ord(char) >= 0x2190:
            flush()
        if 0x2800 <= ord(char) < 0x2900:
            for bit, column, row in _DOTS:
                if ord(char) & bit:
                    dot_x, dot_y = left + (at + 0.25 + 0.5 * column) * cell, base - 18.5 + (row + 0.5) * _ROW / 4
                    out.append(f'<circle class="{style}" cx="{dot_x:.2f}" cy="{dot_y:.2f}" r="1.9"/>')
        elif char != " ":
            if not word:
                start = at
            word += char
            if ord(char) >= 0x2190:
                flush()
        at += cell_len(char)
    flush()
    return "".join(out)


def screenshot(app: App[Any], path: Path | str) -> Path:
    """Write the app's screen as SVG that keeps every character in its cell."""
    svg = app.export_screenshot(title="colotui")
    svg = svg.replace("<svg ", '<svg xml:space="preserve" ', 1)
    svg = re.sub(r"@font-face\s*{[^}]*}", "", svg)
    svg = svg.replace("font-family: Fira Code, monospace", f"font-family: {_FONTS}; font-variant-ligatures: none")
    target = Path(path)
    target.write_text(_TEXT.sub(_apart, svg), encoding="utf-8", errors="replace")
    return target


def to_png(svg: Path, width: int = 1970) -> Path:
    """The SVG as PNG beside it."""
    target = svg.with_suffix(".png")
    subprocess.run(["rsvg-convert", "-w", str(width), "-o", str(target), str(svg)], check=True, timeout=60)
    return target


async def draw(
    folder: Path, name: str, size: tuple[int, int], theme: str, keys: list[str], *, ascii_only: bool = False
) -> Path:
    """One sample state as PNG."""
    from colotui.ui.app import CockpitApp
    from tests.ui import samples
    from tests.ui.fake import FakeController

    fake = FakeController(samples.STATES[name]())
    app = CockpitApp(fake, theme=theme, ascii_only=ascii_only, now=lambda: samples.NOW)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        if keys:
            await pilot.press(*keys)
            await pilot.pause()
        stem = f"{name}-{size[0]}x{size[1]}-{theme}" + ("-keys" if keys else "") + ("-ascii" if ascii_only else "")
        svg = screenshot(app, folder / f"{stem}.svg")
    return to_png(svg, {160: 1970, 100: 1240}.get(size[0], 994))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("states", nargs="*", default=["protected"])
    parser.add_argument("--size", default="160x46")
    parser.add_argument("--theme", default="dark")
    parser.add_argument("--keys", default="")
    parser.add_argument("--ascii", action="store_true")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    width, _, height = options.size.partition("x")
    for name in options.states:
        keys = [key for key in options.keys.split(",") if key]
        size = (int(width), int(height))
        print(asyncio.run(draw(options.folder, name, size, options.theme, keys, ascii_only=options.ascii)))


if __name__ == "__main__":
    main()

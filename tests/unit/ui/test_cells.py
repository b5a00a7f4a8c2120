"""What the partial updates write must leave the terminal as a full picture would."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from colotui.ui.paint.canvas import Line, cells_of
from colotui.ui.widgets.cells import CellUpdate
from colotui.ui.widgets.changes import changed_runs

STYLES = {
    "plain": Style(color="#ffffff", bgcolor="#101010"),
    "loud": Style(color="#ff0000", bgcolor="#101010", bold=True),
    "band": Style(color="#ff0000", bgcolor="#303030", italic=True),
    "bare": Style(underline=True),
}
_TOKEN = re.compile(r"\x1b\[([\d;]*)([Hm])|(.)", re.DOTALL)
TEXTS = st.text(st.sampled_from("ab 12─宽é"), min_size=1, max_size=12)
LINES = st.lists(st.tuples(TEXTS, st.sampled_from(sorted(STYLES))), min_size=1, max_size=8)


class Terminal:
    """One row of a terminal that knows cursor moves and styles."""

    def __init__(self, width: int) -> None:
        self.cells: list[tuple[str, str]] = [("", "")] * width

    def write(self, data: str) -> None:
        at, style = 0, ""
        for codes, kind, char in _TOKEN.findall(data):
            if kind == "H":
                at = int(codes.split(";")[1]) - 1
            elif kind == "m":
                style = self._styled(style, codes)
            else:
                for cell in cells_of(char):
                    self.cells[at] = (cell, style)
                    at += 1

    @staticmethod
    def _styled(style: str, codes: str) -> str:
        """The attributes, colour and ground after an SGR sequence, as sorted words."""
        words = set(style.split())
        for code in re.findall(r"[34]8;2;\d+;\d+;\d+|\d+", codes):
            if code == "0":
                words = set()
            elif code[:2] in ("38", "48") and ";" in code:
                words = {word for word in words if word[:3] != code[:3]} | {code}
            else:
                words.add(code)
        return " ".join(sorted(words))


def fitted(spans: list[tuple[str, str]], width: int) -> Line:
    out: list[tuple[str, str]] = []
    room = width
    for text, style in spans:
        kept = ""
        for char in text:
            size = len(cells_of(char))
            if size > room:
                break
            kept, room = kept + char, room - size
        if kept:
            out.append((kept, style))
    return (*out, (" " * room, "plain")) if room else tuple(out)


def strip_of(line: Line) -> Strip:
    return Strip([Segment(text, STYLES[style]) for text, style in line])


def update(line: Line, runs: list[tuple[int, int]], width: int) -> str:
    console = Console(color_system="truecolor", force_terminal=True)
    assert console._color_system is ColorSystem.TRUECOLOR
    spans = [(0, start, end) for start, end in runs]
    return CellUpdate([{0: strip_of(line)}], spans, [[width]]).render_segments(console) if spans else ""


@given(LINES, LINES)
def test_a_partial_update_leaves_what_a_full_one_would(
    before: list[tuple[str, str]], after: list[tuple[str, str]]
) -> None:
    width = 40
    old, new = fitted(before, width), fitted(after, width)
    partly, fully = Terminal(width), Terminal(width)
    partly.write(update(old, [(0, width)], width))
    partly.write(update(new, changed_runs(old, new), width))
    fully.write(update(new, [(0, width)], width))
    assert partly.cells == fully.cells


def test_only_what_changed_is_written() -> None:
    old: Line = (("load 0.42", "plain"), (" " * 31, "plain"))
    new: Line = (("load 0.43", "plain"), (" " * 31, "plain"))
    assert changed_runs(old, old) == []
    assert changed_runs(old, new) == [(8, 9)]
    written = update(new, [(8, 9)], 40)
    assert written.startswith("\x1b[1;9H")
    assert re.sub(r"\x1b\[[\d;]*[Hm]", "", written) == "3"
    assert written.endswith("\x1b[0m")


def test_changes_far_apart_are_two_runs_and_near_ones_are_one() -> None:
    old: Line = (("a" + "." * 30 + "b" + ".." + "c", "plain"),)
    new: Line = (("A" + "." * 30 + "B" + ".." + "C", "plain"),)
    assert changed_runs(old, new) == [(0, 1), (31, 35)]


def test_a_line_of_another_width_is_written_whole() -> None:
    assert changed_runs((("abc", "plain"),), (("abcdef", "plain"),)) == [(0, 6)]

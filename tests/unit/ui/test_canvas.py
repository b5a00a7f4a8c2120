"""The canvas keeps text in its cells, cuts it with …, and lets no control character through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from colotui.model.protection import Severity, State
from colotui.ui.glyphs import state_glyph, to_ascii
from colotui.ui.paint.canvas import Canvas, cells_of, clip, fitted, text_of, width_of
from colotui.ui.paint.sheet import Sheet, wrapped
from tests.ui.samples import HOSTILE


def test_text_is_cut_with_an_ellipsis() -> None:
    canvas = Canvas(10, 1)
    assert canvas.put(0, 0, "abcdefghijkl", "strong", 5) == 5
    assert text_of(canvas.lines()[0]) == "abcd…     "


def test_right_alignment_and_grounds() -> None:
    canvas = Canvas(10, 2)
    assert canvas.right(10, 0, [("1.0", "strong"), (" /s", "low")]) == 4
    canvas.ground(1, "surface")
    canvas.put(0, 1, "x", "muted")
    canvas.put(2, 1, "y", "muted@panel")
    first, second = canvas.lines()
    assert text_of(first) == "    1.0 /s"
    assert second[0] == ("x", "muted@surface")
    assert ("y", "muted@panel") in second


def test_what_lies_outside_is_ignored() -> None:
    canvas = Canvas(4, 1)
    canvas.put(3, 5, "no")
    canvas.put(-1, 0, "no")
    canvas.put(9, 0, "no")
    canvas.fill(0, 0, -3, "x", "base")
    canvas.ground(7, "panel")
    assert text_of(canvas.lines()[0]) == "    "
    assert Canvas(0, 0).lines() == []
    assert Canvas(-3, 1).lines() == [()]


def test_wide_and_joined_characters_keep_their_cells() -> None:
    assert cells_of("宽a") == ("宽", "", "a")
    assert cells_of("e\u0301x") == ("e\u0301", "x")
    assert len(cells_of("e" + "\u0301" * 50)[0]) <= 4
    canvas = Canvas(3, 1)
    canvas.put(0, 0, "a宽字")
    assert cell_len(text_of(canvas.lines()[0])) == 3


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_harmless(text: str) -> None:
    canvas = Canvas(40, 1)
    canvas.put(0, 0, text)
    shown = text_of(canvas.lines()[0])
    assert cell_len(shown) == 40
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or char in "\u202e\u2066" for char in shown)


@given(st.text(max_size=60), st.integers(0, 40))
def test_every_line_is_exactly_as_wide_as_the_canvas(text: str, limit: int) -> None:
    canvas = Canvas(30, 1)
    canvas.put(2, 0, text, "base", limit)
    line = text_of(canvas.lines()[0])
    assert sum(max(0, cell_len(char)) for char in line) == 30


@given(st.text(max_size=200), st.integers(4, 60))
def test_wrapping_loses_nothing_and_keeps_the_width(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert all(width_of([(line, "")]) <= width for line in lines)
    assert (
        "".join("".join("".join(cells_of(line)) for line in lines).split())
        == "".join("".join(cells_of(part)) for part in text.split(" ")).replace(" ", "")
        or not text.isprintable()
    )


def test_clip() -> None:
    assert clip(tuple("abc"), 3) == ("a", "b", "c")
    assert clip(tuple("abc"), 2) == ("a", "…")
    assert clip(tuple("abc"), 0) == ()
    assert clip(("宽", "", "b"), 2) == (" ", "…")


def test_whole_groups_are_dropped_first() -> None:
    spans = [("1.2", "strong"), (" k", "low"), ("   ", "low"), ("0", "strong"), (" dropped", "muted")]
    assert fitted(spans, 30) == spans
    assert fitted(spans, 8) == spans[:2]
    assert fitted(spans, 2) == spans[:2]


def test_a_sheet_grows_and_draws_a_window() -> None:
    sheet = Sheet(10)
    sheet.row()
    assert sheet.text(0, "one two three", "base", 7) == 2
    sheet.rule(0, 10)
    canvas = Canvas(10, 2)
    sheet.draw(canvas, 0, 1, 2)
    assert [text_of(line).rstrip() for line in canvas.lines()] == ["three", "──────────"]


def test_ascii_has_a_stand_in_of_one_cell_for_everything() -> None:
    signs = "●◐○✘✔▲◆═▶─◀╌→⇄■−…┏━┓┃┗┛╭╮┴▁▂▃▄▅▆▇█" + "".join(chr(0x2800 + bits) for bits in range(256))
    shown = to_ascii(signs)
    assert shown.isascii()
    assert len(shown) == len(signs)
    assert "?" not in shown
    assert to_ascii("plain") == "plain"
    assert to_ascii("é宽") == "??"


def test_state_signs() -> None:
    assert state_glyph(State.NOT_PROTECTED, Severity.ERROR) == "✘"
    assert state_glyph(State.NOT_PROTECTED, Severity.WARNING) == "○"
    assert state_glyph(State.PROTECTED, Severity.OK) == "●"

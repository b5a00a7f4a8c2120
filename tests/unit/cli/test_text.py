"""Nothing a host says can move the cursor, change colours, hide or reverse text."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colotui.cli.term import Term
from colotui.model.text import plain, plain_lines


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("ordinary text", "ordinary text"),
        ("größe ≠ 79 µs", "größe ≠ 79 µs"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x\x1b]8;;http://e\x1b\\y", "xy"),
        ("\x9b31mred \x9d0;t\x9cz", "red z"),
        ("a\tb\r\nc", "a b  c"),
        ("\x1bcreset\x1b(0", "reset"),
        ("a\u202eb\u2066c\u200bd\ufeffe\u2028f", "abcde f"),
        ("half \ud800 surrogate", "half  surrogate"),
        ("\x00\x07\x08\x7f", ""),
    ],
)
def test_plain(text: str, seen: str) -> None:
    assert plain(text) == seen


def test_the_limit_counts_the_ellipsis() -> None:
    assert plain("abcdef", 6) == "abcdef"
    assert plain("abcdefg", 6) == "abcde…"
    assert plain("abcd   g", 6) == "abcd…"


def test_lines() -> None:
    assert plain_lines("a\x1b[1m\nb\r\n\n\n") == ["a", "b"]
    assert plain_lines("1\n2\n3", 2) == ["2", "3"]


@given(st.text(), st.none() | st.integers(0, 20))
def test_every_text_becomes_harmless(text: str, limit: int | None) -> None:
    seen = plain(text, limit)
    assert not any(character in seen for character in "\x1b\x9b\x07\x08\r\n\t\u202e\u2066")
    assert all(character.isprintable() or character.isspace() for character in seen) or not text.isascii()
    assert limit is None or len(seen) <= max(limit, 1)
    assert plain(seen, limit) == seen


def test_a_pipe_gets_neither_colour_nor_passing_lines() -> None:
    out = io.StringIO()
    term = Term(out)
    term.transient("passing")
    term.line(term.paint("bad", "bad"))
    assert out.getvalue() == "bad\n"

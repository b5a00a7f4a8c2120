"""The Markdown: the same content, and no string from elsewhere is more than text."""

from __future__ import annotations

import re

import pytest

from colotui.report.gather import gathered
from colotui.report.markdown import code, escaped, markdown
from colotui.report.window import window_of
from tests.ui import samples
from tests.unit.report import story


def text(recording: story.Story | None = None) -> str:
    recording = recording or story.killed()
    return markdown(gathered(recording, window_of("last", recording), "lab.colorec", made_at=story.END))  # type: ignore[arg-type]


def test_it_has_the_same_content() -> None:
    found = text()
    for words in (
        "its client had no answer for 7.5 s", "## Timeline", "ended by signal 9", "`colotui failover web01`",
        "`x-colo-lost-heartbeat`", "## What is not known", "checkpoints a second, 0 to", "+350 ms",
    ):  # fmt: skip
        assert words in found, words


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("a | b", "a \\| b"), ("<b>&amp;", "\\<b\\>\\&amp;"), ("[x](http://y)", "\\[x\\](http:\\//y)"),
        ("# no title", "\\# no title"), ("- no item", "\\- no item"), ("1. no item", "1\\. no item"),
        ("`x`", "\\`x\\`"), ("*b* _i_", "\\*b\\* \\_i\\_"), ("www.x.y", "www\\.x.y"), ("a@b.c", "a\\@b.c"),
        ("two\n# lines", "two \\# lines"), ("~~~", "\\~\\~\\~"),
    ],
)  # fmt: skip
def test_escaped(words: str, shown: str) -> None:
    assert escaped(words) == shown


def test_code_holds_any_backticks() -> None:
    assert code("a`b") == "``a`b``"
    assert code("``x``") == "``` ``x`` ```"
    assert code("") == ""


@pytest.mark.parametrize("words", [*samples.HOSTILE[:6], "<script>alert(1)</script>", "| x | ![i](http://e/x)"])
def test_strings_from_elsewhere_stay_text(words: str) -> None:
    lines = re.sub(r"(`+).*?\1", "", text(story.spoiled(words))).splitlines()
    for line in lines:
        bare = re.sub(r"\\.", "", line)
        assert not re.search(r"<\w|\]\(|!\[|://", bare), line
    tables = [line for line in lines if line.startswith("| 12:")]
    assert tables
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in tables} == {6}

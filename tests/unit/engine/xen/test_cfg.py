"""xl's grammar: libxlutil's recorded verdicts, errors with their line, and hostile text."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colotui.engine.xen.cfg import DEEPEST, settings
from colotui.engine.xen.cfgdoc import Document
from colotui.engine.xen.cfgtokens import LONGEST, quoted
from colotui.errors import ConfigError
from tests.xen.forms import number, plain

FIXTURES = Path(__file__).parents[3] / "fixtures" / "xen"
CORPUS: dict[str, Any] = json.loads((FIXTURES / "corpus.json").read_text())


def text_of(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return [text_of(item) for item in value] if isinstance(value, list) else value


def test_corpus_is_large_and_mixed() -> None:
    accepted = [case for case in CORPUS["configs"] if case["accepted"]]
    assert (len(CORPUS["configs"]), len(accepted)) == (447, 149)


@pytest.mark.parametrize("case", CORPUS["configs"], ids=lambda case: repr(case["text"][:40]))
def test_verdict_and_values_are_xl_s(case: dict[str, Any]) -> None:
    if not case["accepted"]:
        with pytest.raises(ConfigError):
            Document(case["text"], "g.cfg")
        return
    document = Document(case["text"])
    assert {name: text_of(plain(document, name)) for name in document.names} == case["values"]
    assert {name: document.line(name) for name in document.names} == case["lines"]
    assert {name: number(document, name) for name in document.names} == case["numbers"]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a=1\nb=true\n", 2, "Put the value in quotes"),
        ("a=1\r\nb=2\n", 1, "Unix line ends"),
        ("a=[1,\n2\n", 3, "`,` or `]`"),
        ("# fine\n\na='x\n", 3, "does not end on its line"),
        ("a=1 \\\nb=2\n", 1, "Lines are not joined so"),
        ("a=1\nA=2\n", 2, "small letters"),
        ("a=(1)\n", 1, "does not read Python"),
        ("a='\\x41'\n", 1, "no escape"),
        ("a='\\1'\n", 1, "two digits"),
        ("a=1\n# last words", 2, "End the last line with a newline"),
        ("a='x'\na+=[1]\n", 2, "same form"),
        ("a=1\nb\n", 2, "`=` or `+=`"),
        ("a=1 b=2\n", 1, "a new line or `;`"),
        ("a=1\0\n", 1, "zero byte"),
    ],
)
def test_errors_name_line_and_cure(text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Document(text, "g.cfg")
    assert caught.value.line == line
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"g.cfg:{line}: ")


def test_a_stray_last_character_is_passed_over_as_xl_does() -> None:
    assert Document("a=1\n)").number("a") == 1
    with pytest.raises(ConfigError):
        Document("a=1\n))")


def test_bounds() -> None:
    assert settings(f"a={'[' * DEEPEST}{']' * DEEPEST}")
    with pytest.raises(ConfigError, match="nested deeper"):
        settings(f"a={'[' * 100_000}")
    with pytest.raises(ConfigError, match="longer than"):
        settings("#" * (LONGEST + 1))
    assert len(settings("a=1;" * 50_000)) == 50_000
    with pytest.raises(ConfigError, match="too large"):
        Document(f"a=0{'7' * 100_000}").number("a")


@given(st.binary(max_size=300))
def test_any_bytes_end_in_a_document_or_in_our_error(data: bytes) -> None:
    try:
        document = Document.decode(data, "g.cfg")
    except ConfigError:
        return
    assert document.encode() == data
    for name in document.names:
        for ask in (document.string, document.number, document.items, document.texts):
            with contextlib.suppress(ConfigError):
                ask(name)


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",))))
def test_a_written_string_reads_back(text: str) -> None:
    assert Document(f"a={quoted(text)}\n").string("a") == text

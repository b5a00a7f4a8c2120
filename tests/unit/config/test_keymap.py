"""The user's keymap: known bindings, keys that can be keys, no key given twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from colotui.config import load_keymap
from colotui.errors import ConfigError
from colotui.ui.keys import cockpit_bindings

KNOWN = ("failover", "freeze", "quit")


def keymap(tmp_path: Path, text: str) -> dict[str, str]:
    file = tmp_path / "keymap.yaml"
    file.write_text(text)
    return load_keymap(KNOWN, file)


def test_keys_are_moved(tmp_path: Path) -> None:
    assert keymap(tmp_path, "failover: f5\nquit: q, ctrl+q\n") == {"failover": "f5", "quit": "q,ctrl+q"}
    assert load_keymap(KNOWN, tmp_path / "none.yaml") == {}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("freeze: f5\nfailovr: f6\n", 2, ["`failovr`", "Did you mean `failover`?", "Allowed: failover, freeze, quit"]),
        ("freeze: f5\nquit: f5\n", 2, ["`f5`", "`freeze` and `quit`"]),
        ("freeze: '?'\n", 1, ["`?` is no key", "question_mark"]),
        ("freeze:\n", 1, ["no value"]),
        ("- f5\n", 1, ["key: value"]),
    ],
)
def test_what_cannot_be_is_named_with_its_line(tmp_path: Path, text: str, line: int, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        keymap(tmp_path, text)
    assert caught.value.line == line
    for word in words:
        assert word in str(caught.value)


def test_every_binding_of_the_cockpit_can_be_moved_to_where_it_is(tmp_path: Path) -> None:
    bindings = [binding for binding in cockpit_bindings() if binding.id]
    file = tmp_path / "keymap.yaml"
    file.write_text("".join(f"{binding.id}: {binding.key}\n" for binding in bindings))
    assert load_keymap([str(binding.id) for binding in bindings], file) == {b.id: b.key for b in bindings}

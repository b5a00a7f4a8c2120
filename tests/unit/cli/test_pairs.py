"""`colotui` on several pair files: which are watched, what a broken one does, and what takes only one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from colotui.cli import parser
from tests.unit.cli.conftest import Colotui
from tests.unit.cli.test_cockpit import START, Terminal
from tests.unit.config.pairs import FULL

Make = Callable[..., Colotui]

# Nothing listens on port 1 of this machine: both hosts answer at once that they are not there.
UNREACHED = (
    FULL.replace("10.79.0.2", "127.0.0.1")
    .replace("port: 22", "port: 1")
    .replace("    address: 10.79.0.3", "    address: 127.0.0.2\n    port: 1")
    .replace("http://10.77.0.10/", "http://127.0.0.1:1/")
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("COLOTUI_PAIR", raising=False)
    folder = tmp_path / "XDG_CONFIG_HOME" / "colotui"
    (folder / "pairs").mkdir(parents=True)
    (folder / "pair.yaml").write_text(UNREACHED)
    (folder / "pairs" / "shop.yaml").write_text(UNREACHED.replace("name: lab", "name: shop").replace("web01", "db01"))
    (folder / "pairs" / "torn.yaml").write_text("hots: [\n")
    return tmp_path


def opened(home: Path, *words: str, seen: tuple[bytes, ...]) -> None:
    terminal = Terminal(START, *words, home=home)
    for expected in seen:
        terminal.read_until(expected)
        assert expected in terminal.seen, expected
    time.sleep(0.3)
    os.write(terminal.end, b"q")
    assert terminal.ended() == 0
    assert b"Traceback" not in terminal.seen


def test_without_a_name_all_of_the_folder_are_watched(home: Path) -> None:
    opened(home, seen=(b"web01", b"db01", b"torn.yaml"))


def test_those_that_are_named(home: Path) -> None:
    file = home / "XDG_CONFIG_HOME" / "colotui" / "pair.yaml"
    opened(home, "-p", "shop", "-c", str(file), seen=(b"web01", b"db01"))


def test_all_in_spite_of_the_variable(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLOTUI_PAIR", str(home / "XDG_CONFIG_HOME" / "colotui" / "pair.yaml"))
    opened(home, seen=(b"UNKNOWN",))
    opened(home, "--all", seen=(b"web01", b"db01", b"torn.yaml"))


def test_a_command_is_about_one_pair(colotui: Make) -> None:
    cli = colotui()
    for words in (
        ("-c", "x", "-c", "y", "status"),
        ("status", "-c", "x", "-c", "y"),
        ("--all", "status"),
        ("-p", "x", "-p", "y", "protect"),
    ):
        result = cli(*words)
        assert result.code == 64
        assert "is about one pair" in result.err


def test_the_words_of_the_command_line() -> None:
    found = parser.parse(["-c", "a", "-p", "b", "-c", "d"])
    assert (found.configs, found.pairs, found.all) == (["a", "d"], ["b"], False)
    assert (found.config, found.pair) == ("d", "b")
    found = parser.parse(["status"])
    assert (found.configs, found.pairs, found.config, found.pair) == ([], [], None, None)

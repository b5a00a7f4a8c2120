"""Files that are no pair file are refused with a sentence; the right file is found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from colotui import config, paths
from colotui.config import document
from colotui.errors import ConfigError
from tests.unit.config.pairs import FULL


def refused(path: Path) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    assert str(caught.value).startswith(str(path))
    return caught.value


def test_a_file_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "pair.yaml"
    file.write_text("\ufeff" + FULL, encoding="utf-8")
    assert config.load(file) == config.loads(FULL, str(file))


def test_files_that_are_no_pair_file(tmp_path: Path) -> None:
    assert "no such file" in str(refused(tmp_path / "missing.yaml"))
    assert "folder" in str(refused(tmp_path))
    (tmp_path / "empty.yaml").write_text("# nothing yet\n")
    assert "empty" in str(refused(tmp_path / "empty.yaml"))
    (tmp_path / "list.yaml").write_text("- a\n- b\n")
    assert refused(tmp_path / "list.yaml").line == 1
    (tmp_path / "binary.yaml").write_bytes(b"name: lab\n\x00\x01\x02")
    assert refused(tmp_path / "binary.yaml").line == 2
    (tmp_path / "latin1.yaml").write_bytes(b"name: lab\n# gr\xfc\xdfe\n")
    assert refused(tmp_path / "latin1.yaml").line == 2
    (tmp_path / "huge.yaml").write_text("# \n" * document.MAX_BYTES)
    assert "larger than" in str(refused(tmp_path / "huge.yaml"))
    (tmp_path / "deep.yaml").write_text("[" * 100_000)
    assert "nested" in str(refused(tmp_path / "deep.yaml"))
    os.mkfifo(tmp_path / "fifo.yaml")
    assert "not an ordinary file" in str(refused(tmp_path / "fifo.yaml"))
    assert "cannot be read" in str(refused(tmp_path / "empty.yaml" / "below"))
    assert "cannot be read" in str(refused(Path("/a\x00b")))


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", deny)
    assert "Permission denied" in str(refused(tmp_path / "x"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.delenv("COLOTUI_PAIR", raising=False)
    return tmp_path / "XDG_CONFIG_HOME" / "colotui"


def test_the_order_in_which_a_pair_file_is_found(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert config.find() is None
    (home / "pairs").mkdir(parents=True)
    (home / "pair.yaml").write_text(FULL)
    (home / "pairs" / "shop.yaml").write_text(FULL)
    assert config.find() == home / "pair.yaml"
    monkeypatch.setenv("COLOTUI_PAIR", "/from/environment.yaml")
    assert config.find() == Path("/from/environment.yaml")
    assert config.find(name="shop") == home / "pairs" / "shop.yaml"
    assert config.find(file="~/mine.yaml", name="shop") == Path.home() / "mine.yaml"
    assert config.names() == ["shop"]


@pytest.mark.parametrize("name", ["nope", "../pair", "", ".", "a/b", "\x1b[31m"])
def test_a_pair_name_that_is_not_there(home: Path, name: str) -> None:
    (home / "pairs").mkdir(parents=True)
    (home / "pairs" / "shop.yaml").write_text(FULL)
    if name:
        with pytest.raises(ConfigError, match="There: shop") as caught:
            config.find(name=name)
        assert "\x1b" not in str(caught.value)


def test_the_shipped_themes_are_found_in_a_checkout() -> None:
    assert paths.shipped_themes_dir().name == "themes"
    assert paths.known_hosts().parent == paths.state_dir()

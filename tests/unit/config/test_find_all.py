"""Which pair files the cockpit watches."""

from __future__ import annotations

from pathlib import Path

import pytest

from colotui import config
from colotui.errors import ConfigError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("COLOTUI_PAIR", raising=False)
    folder = tmp_path / "colotui"
    (folder / "pairs").mkdir(parents=True)
    for name in ("b", "a", ".#a", "-p"):
        (folder / "pairs" / f"{name}.yaml").write_text("")
    return folder


def test_all_of_the_folder_when_none_is_named(home: Path) -> None:
    pairs = [home / "pairs" / "a.yaml", home / "pairs" / "b.yaml"]
    assert config.find_all() == pairs
    (home / "pair.yaml").write_text("")
    assert config.find_all() == [home / "pair.yaml", *pairs]
    assert config.names() == ["a", "b"]


def test_what_is_named_is_all(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = home / "not there.yaml"
    assert config.find_all([str(missing)], ["b"]) == [missing, home / "pairs" / "b.yaml"]
    with pytest.raises(ConfigError, match="There: a, b"):
        config.find_all([], ["nope"])
    monkeypatch.setenv("COLOTUI_PAIR", str(missing))
    assert config.find_all() == [missing]
    assert config.find_all([], ["a"]) == [home / "pairs" / "a.yaml"]
    assert config.find_all(everything=True) == [home / "pairs" / "a.yaml", home / "pairs" / "b.yaml"]
    assert config.find_all([str(missing)], everything=True)[0] == missing


def test_each_file_is_watched_once(home: Path) -> None:
    (home / "pair.yaml").symlink_to(home / "pairs" / "b.yaml")
    assert config.find_all() == [home / "pair.yaml", home / "pairs" / "a.yaml"]
    assert config.find_all([str(home / "pairs" / "b.yaml")] * 2, ["b"]) == [home / "pairs" / "b.yaml"]
    (home / "pair.yaml").unlink()
    (home / "pair.yaml").symlink_to(home / "pair.yaml")
    assert len(config.find_all(["a\0b"])) == 1
    assert len(config.find_all()) == 2


def test_an_empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("COLOTUI_PAIR", raising=False)
    assert config.find_all() == config.find_all(everything=True) == []

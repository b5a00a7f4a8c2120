"""`colotui report`: one file, whole, over nothing unless asked; times that begin with a dash are words."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from colotui.cli import main, report
from colotui.errors import ConfigError
from colotui.report.write import write
from tests.unit.report import story


@pytest.fixture
def recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    class Opened(story.Story):
        def close(self) -> None:
            pass

    def opened(_path: Path) -> Any:
        return Opened(**vars(story.killed()))

    monkeypatch.setattr(report.Recording, "open", opened)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x.colorec"
    path.write_bytes(b"")
    return str(path)


def test_it_writes_one_file_of_its_own_name(recording: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--recording", recording]) == 0
    (found,) = tmp_path.glob("colotui-report-web01-3-*.html")
    assert stat.S_IMODE(found.stat().st_mode) == 0o600
    assert str(found) in capsys.readouterr().out
    assert main(["report", "--recording", recording]) == 64
    assert "is there already" in capsys.readouterr().err
    assert main(["report", "--recording", recording, "--force"]) == 0


def test_a_time_that_begins_with_a_dash_is_no_option(
    recording: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "-1m..", "--recording", recording, "-o", "-", "--format", "md"]) == 0
    assert capsys.readouterr().out.startswith("# colotui report: pair lab\n")
    assert main(["report", "..-1m", "--recording", recording, "-o", "r.md", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["incident"] is None
    assert told["size"] == (tmp_path / "r.md").stat().st_size


def test_nothing_is_left_of_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for path in (there, tmp_path / "link", tmp_path / "no" / "folder"):
        with pytest.raises(ConfigError):
            write("x", path)
    with pytest.raises(ConfigError):
        write("x", there, over=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "there"]
    assert write("é", tmp_path / "new") == 2

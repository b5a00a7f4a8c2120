"""`bundle`: lists before it writes, asks, writes one file, and never over another."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from colotui.errors import ActionRefused
from colotui.model.bundle import Absent, Bundle, Piece, assembled
from colotui.model.secrets import Cleaner
from tests.unit.cli.conftest import Colotui
from tests.unit.cli.fake import FakeController

Make = Callable[..., Colotui]


@pytest.fixture(autouse=True)
def _bundling(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def bundle(self: FakeController, guest: str, incident: str = "") -> Bundle:
        self.calls.append(f"bundle {guest} {incident}".strip())
        if incident == "i9":
            raise ActionRefused("web01 has no incident `i9`.")
        pieces = [Piece("hosts/alpha/run/serial.log", "the guest's \x1b[31mconsole", "alpha:/x", b"boot\n" * 300)]
        return assembled(
            "lab", guest, 1764000000.0, pieces, [Absent("everything", "beta", "no answer \x1b[2J")], Cleaner({})
        )

    monkeypatch.setattr(FakeController, "bundle", bundle, raising=False)
    monkeypatch.chdir(tmp_path)


def archives(folder: Path) -> list[Path]:
    return sorted(folder.glob("colotui-lab-web01-*.tar.gz"))


def test_it_lists_asks_and_writes(colotui: Make, tmp_path: Path) -> None:
    cli = colotui(answers=[""])
    ran = cli("bundle")
    assert ran.code == 0, ran.err
    assert "hosts/alpha/run/serial.log" in ran.out
    assert "1.5 KiB" in ran.out
    assert "no answer" in ran.out
    assert "\x1b" not in ran.out
    assert ran.out.index("serial.log") < ran.out.index("Written: ")
    assert len(cli.questions) == 1
    (file,) = archives(tmp_path)
    with tarfile.open(file) as archive:
        assert [Path(name).name for name in archive.getnames()] == ["MANIFEST.txt", "serial.log"]
    assert cli.controller.read_only


def test_a_no_writes_nothing(colotui: Make, tmp_path: Path) -> None:
    assert colotui(answers=["n"])("bundle").code == 65
    assert archives(tmp_path) == []


def test_list_and_nobody_to_ask(colotui: Make, tmp_path: Path) -> None:
    cli = colotui()
    assert cli("bundle", "--list").code == 0
    refused = cli("bundle")
    assert refused.code == 65
    assert "nobody to ask" in refused.err
    assert archives(tmp_path) == []


def test_json_with_a_name_and_an_incident(colotui: Make, tmp_path: Path) -> None:
    cli = colotui()
    assert cli("bundle", "--json").code == 65
    told = cli("bundle", "web01", "--json", "--list", "--incident", "i1").json
    assert told["file"] is None
    assert told["absent"][0]["source"] == "beta"
    target = tmp_path / "x.tar.gz"
    told = cli("bundle", "--json", "--yes", "--output", str(target)).json
    assert told["written"] == target.stat().st_size
    assert [file["size"] for file in told["files"]][1] == 1500
    assert "bundle web01 i1" in cli.controller.calls
    again = cli("bundle", "--yes", "--output", str(target))
    assert again.code == 64
    assert "File exists" in again.err
    assert cli("bundle", "--yes", "--incident", "i9").code == 65
    assert cli("bundle", "nobody").code == 64

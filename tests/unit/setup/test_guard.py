"""The guard's script, run for real with a stand-in for `ip`: what stays, what goes back, and what is left behind."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from colotui.setup.guard import SCRIPT

# It notes what it was told to do, and refuses a file that says so.
IP = """#!/bin/sh
for last; do :; done
echo "$*: $(cat "$last")" >>"$NOTES"
! grep -q refuse "$last"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    program = tmp_path / "bin/ip"
    program.parent.mkdir()
    program.write_text(IP)
    program.chmod(0o755)
    folder = tmp_path / "guard"
    folder.mkdir()
    (folder / "forth").write_text("forth\n")
    (folder / "back").write_text("back\n")
    (folder / "said").touch()
    return folder


def start(folder: Path, seconds: int) -> subprocess.Popen[bytes]:
    path = f"{folder.parent / 'bin'}:/usr/bin:/bin"
    environment = {"PATH": path, "NOTES": str(folder.parent / "notes")}
    return subprocess.Popen(["/bin/sh", "-c", SCRIPT, "guard", str(folder), str(seconds)], env=environment)


def notes(folder: Path) -> list[str]:
    return (folder.parent / "notes").read_text().splitlines()


def wait_moved(folder: Path) -> None:
    end = time.monotonic() + 10
    while not (folder / "state").exists() or (folder / "state").read_text() != "moved\n":
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_confirmed_change_stays_and_nothing_is_left(folder: Path) -> None:
    running = start(folder, 30)
    wait_moved(folder)
    (folder / "decided").mkdir()
    assert running.wait(10) == 0
    assert notes(folder) == ["-batch forth: forth"]
    assert not folder.exists()


def test_an_unconfirmed_change_goes_back_and_nothing_is_left(folder: Path) -> None:
    assert start(folder, 1).wait(20) == 0
    assert notes(folder) == ["-batch forth: forth", "-force -batch back: back"]
    assert not folder.exists()


def test_a_refused_change_goes_back_at_once_and_says_so(folder: Path) -> None:
    (folder / "forth").write_text("refuse\n")
    assert start(folder, 30).wait(10) == 1
    assert notes(folder) == ["-batch forth: refuse", "-force -batch back: back"]
    assert (folder / "state").read_text() == "failed\n"

"""`colotui replay`: what is said of a bad file, the list, the JSON lines, and that it runs where there are no hosts."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from colotui import paths
from colotui.cli import cockpit, main
from colotui.model.jsonform import value
from colotui.model.protection import Snapshot
from colotui.record.recording import Recording
from colotui.record.retention import Keep
from colotui.record.store import Store
from colotui.replay.when import local
from colotui.ui.replayapp import ReplayApp
from tests.unit.replay.memory import DEATH_AT, GAP, STORM_AT, T0, sample

ROOT = Path(__file__).parents[3]


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Ran]


@pytest.fixture
def colotui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words: object) -> Ran:
        capsys.readouterr()
        try:
            code = main(["replay", *map(str, words)])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


def record(path: Path, frames: Sequence[Snapshot]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    store = Store.open(path, sample().pair, Keep(0, 0))
    for frame in frames:
        store.add(frame)
    store.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ten minutes of the sample as a file."""
    path = tmp_path_factory.mktemp("recordings") / "shop.colorec"
    record(path, sample().frames)
    return path


# -- bad input ------------------------------------------------------------------------------------


def test_what_is_no_recording_is_said(colotui: Run, tmp_path: Path) -> None:
    text = tmp_path / "notes.colorec"
    text.write_text("SQLite is nice\n")
    empty = tmp_path / "empty.colorec"
    empty.write_bytes(b"")
    for words, code, said in (
        (("nosuchfile",), 74, "No such file"),
        ((tmp_path,), 74, "a folder"),
        ((text,), 74, "no recording"),
        ((empty,), 74, "no recording"),
        ((), 64, "which recording?"),
        (("--example", "x"), 64, "either FILE or --example"),
        (("a\x1b[31m\nb",), 74, "cannot be read"),
    ):
        ran = colotui(*words)
        assert (ran.code, ran.out) == (code, ""), words
        assert said in ran.err
        assert len(ran.err.splitlines()) == 2
        assert "\x1b" not in ran.err
        assert "Traceback" not in ran.err


def test_a_newer_one_and_one_without_a_frame_are_said(colotui: Run, tmp_path: Path, file: Path) -> None:
    newer = tmp_path / "newer.colorec"
    newer.write_bytes(file.read_bytes())
    with sqlite3.connect(newer) as database:
        database.execute("PRAGMA user_version = 999")
    database.close()
    nothing = tmp_path / "nothing.colorec"
    record(nothing, [])
    for path in (newer, nothing):
        ran = colotui(path)
        assert (ran.code, ran.out) == (74, "")
        assert str(path) in ran.err
        assert "Traceback" not in ran.err
        assert "fault" not in ran.err


def test_no_example_is_a_clear_sentence(colotui: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(paths, "example_recording", lambda: tmp_path / "example.colorec")
    ran = colotui("--example")
    assert ran.code == 74
    assert "the example did not come with this installation" in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--at", "noon"), "`noon` is no time."),
        (("--speed", "fast"), "`fast` is no speed."),
        (("--speed", "65"), "from 1/4 to 64"),
        (("--speed", "0"), "from 1/4 to 64"),
        (("--guest", "db01"), "there is no guest `db01`"),
        (("--from", "+1m"), "--from and --to are for --json"),
        (("--json", "--at", "+1m"), "--at and --speed are for the cockpit"),
        (("--json", "--guest", "web01"), "--guest is for the cockpit"),
        (("--json", "--from", "+5m", "--to", "+1m"), "--from is later than --to"),
        ((), "a replay needs a terminal"),
    ],
)
def test_wrong_words(colotui: Run, file: Path, words: tuple[str, ...], said: str) -> None:
    ran = colotui(file, *words)
    assert ran.code == 64
    assert said in ran.err + ran.out


# -- the cockpit ----------------------------------------------------------------------------------


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[ReplayApp]:
    """The apps that would have been run."""
    found: list[ReplayApp] = []

    def run(_: object, app: ReplayApp) -> int:
        found.append(app)
        return 0

    monkeypatch.setattr(cockpit, "at_terminal", lambda: True)
    monkeypatch.setattr(cockpit, "run_app", run)
    return found


@pytest.mark.parametrize(
    ("words", "second", "speed"),
    [
        ((), 0.0, 1.0),
        (("--at", "+2m"), 120.0, 1.0),
        (("--at", "-1m"), 540.0, 1.0),
        (("--at", "12:00:31", "--speed", "8"), 359.6, 8.0),
        (("--at", "2020-01-01", "--speed", "1/4"), 0.0, 0.25),
        (("--at", "end", "--speed", "0.5x"), 600.0, 0.5),
    ],
)
def test_it_opens_at_a_time_and_a_speed(
    colotui: Run, file: Path, opened: list[ReplayApp], words: tuple[str, ...], second: float, speed: float
) -> None:
    assert colotui(file, *words).code == 0
    transport = opened[0].playback.transport
    assert abs(transport.moment - T0 - second) < 1.0
    assert transport.speed == speed


def test_a_name_of_the_list_is_enough(colotui: Run, file: Path, opened: list[ReplayApp], tmp_path: Path) -> None:
    kept = paths.recordings_dir() / "shop.colorec"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(file.read_bytes())
    for name in ("shop", "shop.colorec"):
        assert colotui(name, "--guest", "web01").code == 0
    assert len(opened) == 2


# -- the list -------------------------------------------------------------------------------------


def test_the_list(colotui: Run, file: Path) -> None:
    ran = colotui("--list")
    assert ran.code == 0
    assert "There are no recordings" in ran.out
    folder = paths.recordings_dir()
    folder.mkdir(parents=True)
    (folder / "shop.colorec").write_bytes(file.read_bytes())
    (folder / "bad.colorec").write_text("nothing\n")
    (folder / "notes.txt").write_text("not listed\n")
    ran = colotui("--list")
    assert ran.code == 0
    assert f"shop  {local(T0)}    00:10:00" in ran.out
    assert ran.out.split("shop  ")[1].split("\n")[0].split()[-1] == "2"
    assert "this is no recording" in ran.out
    assert "notes" not in ran.out
    found = json.loads(colotui("--list", "--json").out)["recordings"]
    assert [bool(entry["why"]) for entry in found] == [True, False]
    assert (found[1]["begin"], found[1]["end"], found[1]["pair"]) == (T0, T0 + 600.0, "lab")


# -- JSON lines -----------------------------------------------------------------------------------


def test_every_frame_and_every_row_comes_once_and_in_order(colotui: Run, file: Path) -> None:
    ran = colotui(file, "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.isascii()
    lines, recorded = ran.lines, sample()
    counts = Counter(line["type"] for line in lines)
    last = recorded.frames[-1]
    assert counts == {
        "recording": 1,
        "snapshot": len(recorded.frames),
        "event": len(last.events),
        "checkpoint": len(last.guests[0].checkpoints),
        "mismatch": 4,
    }
    assert all(line["version"] == 1 for line in lines)
    times = [line["at"] for line in lines if line["type"] == "snapshot"]
    assert times == recorded.times
    rest = [line["at"] for line in lines[2:] if line["type"] != "checkpoint" or line["at"] >= T0]
    assert rest == sorted(rest)
    about = lines[0]["recording"]
    assert (about["begin"], about["end"], about["gaps"]) == (T0, T0 + 600.0, [list(GAP)])
    assert about["versions"]["colotui"]


def test_a_snapshot_has_the_form_of_status(colotui: Run, file: Path) -> None:
    whole = Recording.open(file)
    for line in colotui(file, "--json", "--from", "+6m40s", "--to", "+6m42s").lines:
        if line["type"] != "snapshot":
            continue
        live = value(whole.at(line["at"]))
        live["events"], live["guests"][0]["checkpoints"], live["guests"][0]["mismatches"] = [], [], []
        assert line["snapshot"] == live
        assert line["exit_code"] == 1
    whole.close()


def test_a_part_of_it(colotui: Run, file: Path) -> None:
    lines = colotui(file, "--json", "--from", local(STORM_AT), "--to", local(DEATH_AT + 1)).lines
    assert lines[0]["at"] == int(STORM_AT)
    assert lines[1]["type"] == "snapshot"
    assert lines[1]["at"] <= lines[0]["at"]
    assert all(int(STORM_AT) <= line["at"] <= DEATH_AT + 1 for line in lines[2:])
    ran = colotui(file, "--json", "--from", "2020-01-01", "--to", "+1s")
    assert ran.code == 0
    assert "the recording begins at" in ran.err
    assert [line["at"] for line in ran.lines if line["type"] == "snapshot"] == [T0, T0 + 1.0]


def test_whoever_reads_a_part_and_goes_ends_it(file: Path) -> None:
    command = [sys.executable, "-m", "colotui", "replay", str(file), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["type"] == "recording"
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(timeout=60) == 141
    assert said == b""


# -- anywhere -------------------------------------------------------------------------------------

_ELSEWHERE = """
import importlib.abc, sys
class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"asyncssh", "pyroute2", "qemu", "psutil"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocked())
sys.platform = "darwin"
from colotui.cli import main
from colotui.cli.replay import _play
from colotui.replay.controller import ReplayController
from colotui.record.recording import Recording
from pathlib import Path
assert main(["replay", sys.argv[1], "--json", "--to", "+2s"]) == 0
import asyncio
from colotui.ui.replayapp import ReplayApp
async def look():
    app = ReplayApp(ReplayController(Recording.open(Path(sys.argv[1]))))
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("L", "i", "escape", "1", "enter", "escape", "question_mark", "escape")
        await pilot.press("B", "f", "colon", "escape")
asyncio.run(look())
rooms = ("colotui.host", "colotui.engine", "colotui.lab")
print("LINUX", sorted(name for name in sys.modules if name.startswith(rooms)))
"""


def test_it_needs_no_host_no_root_and_no_linux(file: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, str(file)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
        env=environment,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "LINUX []"

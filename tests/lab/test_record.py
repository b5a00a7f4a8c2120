"""The recorder on the real thing: a pair that is recorded, a disk that is full, a hundred kills, a read-only place."""

from __future__ import annotations

import asyncio
import itertools
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from colotui.lab.faults import Faults
from colotui.lab.layout import GUEST
from colotui.model.plan import Action
from colotui.model.protection import Snapshot, State
from colotui.model.recording import MarkKind
from colotui.model.secrets import cleaner_of
from colotui.record.recorder import Recorder
from colotui.record.recording import Recording
from tests.lab.drive import Drive
from tests.lab.running import Lab
from tests.unit.record.killing import committed, kill
from tests.unit.record.same import difference, told
from tests.unit.record.taking import PAIR, Life, Step, record

KILLS = 100
AT_ONCE = 4
LOST = 1.0


def test_a_hundred_kills(tmp_path: Path) -> None:
    """Each goes on with the file of the one before; every file opens and is whole, at most a second is lost."""
    per_file = KILLS // AT_ONCE

    def killed(number: int) -> list[float]:
        chance = random.Random(number)
        path = tmp_path / f"{number}.colorec"
        lost = []
        for _ in range(per_file):
            lost.append(kill(path, chance.uniform(0.0, 2.0)))
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
                assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            db.close()
            if committed(path):
                recording = Recording.open(path)
                recording.at(recording.end)
                recording.close()
        return lost

    with ThreadPoolExecutor(AT_ONCE) as pool:
        lost = sorted(seconds for one in pool.map(killed, range(AT_ONCE)) for seconds in one)
    print(f"{len(lost)} kills, lost: median {lost[len(lost) // 2]:.2f} s, most {lost[-1]:.2f} s")
    assert len(lost) == KILLS
    assert lost[-1] <= LOST


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_disk_of_one_mebibyte(tmp_path: Path) -> None:
    with mounted(tmp_path / "small", "size=1m") as folder:
        path = folder / "a.colorec"
        life, taken = Life(), list[Snapshot]()
        recorder = Recorder(path, PAIR, waits=False)
        recorder.start()
        end = time.monotonic() + 60.0
        while recorder.failure is None and time.monotonic() < end:
            taken.append(life.live(Step(1.0, len(taken), (0.0,) * 20, (0.0,), (0.0,))))
            recorder.take(taken[-1])
            time.sleep(0.002)
        recorder.close()
        assert "the disk is full" in str(recorder.failure)
        recording = Recording.open(path)
        kept = [snapshot for snapshot in taken if snapshot.at <= recording.end]
        assert len(kept) > 20
        for snapshot in (kept[0], kept[-1]):
            assert difference(snapshot, recording.at(snapshot.at)) == ""
        recording.close()
        with sqlite3.connect(path) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        db.close()


def test_the_command_on_a_full_disk(lab: Lab, tmp_path: Path) -> None:
    with mounted(tmp_path / "small", "size=128k") as folder:
        words = [sys.executable, "-m", "colotui", "-c", lab.pair_path, "record", "-o", str(folder / "a.colorec")]
        ended = subprocess.run(words, capture_output=True, text=True, timeout=240)
        assert ended.returncode == 74, ended
        assert "the disk is full" in ended.stderr
        assert "Make room" in ended.stderr


def test_a_place_where_nothing_can_be_written(tmp_path: Path) -> None:
    life = Life()
    snapshots = [life.live(Step(checkpoints=(0.0,), events=(0.0,))) for _ in range(200)]
    with mounted(tmp_path / "fixed", "size=8m") as folder:
        record(folder / "whole.colorec", snapshots)
        killed(folder / "killed.colorec", tmp_path)
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        before = sorted(path.name for path in folder.iterdir())
        recording = Recording.open(folder / "whole.colorec")
        for snapshot in snapshots[::9]:
            assert difference(snapshot, recording.at(snapshot.at)) == ""
        recording.close()
        recording = Recording.open(folder / "killed.colorec")
        assert recording.at(recording.end).at == recording.end
        recording.close()
        assert sorted(path.name for path in folder.iterdir()) == before


def killed(path: Path, folder: Path) -> None:
    """A recording as a kill leaves it, with its log beside it and without what SQLite has in memory."""
    kill(folder / "victim.colorec", 1.5)
    for end in ("", "-wal"):
        shutil.copyfile(folder / f"victim.colorec{end}", path.with_name(f"{path.name}{end}"))


async def test_a_life_is_recorded_as_the_screen_had_it(lab: Lab, tmp_path: Path) -> None:
    path, seen = tmp_path / "a.colorec", list[Snapshot]()
    async with Drive(lab.pair_path) as drive:
        recorder = Recorder(path, drive.pair, waits=False)
        recorder.start()
        drive.controller.subscribe(recorder.take)
        drive.controller.subscribe(seen.append)
        await drive.protected()
        await asyncio.sleep(3.0)
        primary = drive.primary
        await asyncio.to_thread(Faults(lab, GUEST).kill, primary)
        await drive.until(
            lambda view: view.actions[Action.FAILOVER] is None and bool(view.incidents), 20.0, "it is seen"
        )
        await drive.act(Action.FAILOVER)
        await drive.until_state(State.FAILED_OVER)
        await asyncio.sleep(2.0)
        await drive.protected()
        await asyncio.sleep(2.0)
    recorder.close()
    assert recorder.failure is None
    words = cleaner_of(drive.pair).words
    recording = Recording.open(path)
    seen = [snapshot for snapshot in seen if snapshot.at >= recording.begin]
    assert len(seen) > 15
    wrong = [found for one in seen if (found := difference(told(one, words), recording.at(one.at)))]
    assert not wrong, wrong[:3]
    alone = next(one for one, after in itertools.pairwise(seen) if after.at - one.at > 0.03)
    assert recording.at(alone.at + 0.01).at == alone.at
    titles = [run.title for run in recording.actions()]
    assert any(title.startswith("Fail over") for title in titles)
    assert recording.incidents()
    assert recording.marks(MarkKind.ACTION)
    assert set(recording.versions) >= {"colotui", "QEMU alpha", "kernel beta"}
    recording.close()


def test_without_a_screen_until_it_is_ended(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "a.colorec"
    words = [sys.executable, "-m", "colotui", "-c", lab.pair_path, "record", "-o", str(path)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(8.0)
    second = subprocess.run(words, capture_output=True, text=True, timeout=30)
    assert second.returncode == 74
    assert "another colotui records into it" in second.stderr
    process.send_signal(signal.SIGTERM)
    out, error = process.communicate(timeout=40)
    assert (process.returncode, error) == (0, "")
    assert f"recording into {path}" in out
    assert "snapshots recorded" in out
    recording = Recording.open(path)
    assert recording.end - recording.begin > 2.0
    recording.close()
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.colorec"]


@pytest.fixture(autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))

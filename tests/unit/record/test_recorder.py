"""The recorder in its thread: one writer, a lock that ends with its process, a full disk, a kill at any moment."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from colotui.record import place, recorder
from colotui.record.lock import Claim
from colotui.record.recorder import Recorder, Stand
from colotui.record.recording import Recording
from colotui.record.store import Store
from tests.unit.record.killing import kill
from tests.unit.record.same import difference, wait
from tests.unit.record.taking import PAIR, Life, Step

LOST = 1.0
"""Seconds that a kill may take."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "a.colorec"


def started(path: Path, *, waits: bool = False) -> Recorder:
    found = Recorder(path, PAIR, waits=waits)
    found.start()
    assert found.ready.wait(10.0) or waits
    return found


def test_what_is_taken_is_in_the_file(path: Path) -> None:
    life = Life()
    snapshots = [life.live(Step(checkpoints=(0.0,), events=(0.0,))) for _ in range(50)]
    found = started(path)
    assert found.in_words() == f"recording into {path}"
    for snapshot in snapshots:
        found.take(snapshot)
    found.close()
    assert (found.stand, found.failure, found.left_out) == (Stand.CLOSED, None, 0)
    assert [entry.name for entry in path.parent.iterdir()] == ["a.colorec"]
    recording = Recording.open(path)
    for snapshot in snapshots:
        assert difference(snapshot, recording.at(snapshot.at)) == ""
    recording.close()


def test_a_second_one_refuses_with_a_sentence(path: Path) -> None:
    first, second = started(path), started(path)
    assert second.stand is Stand.STOPPED
    assert second.failure is not None
    assert "another colotui records into it" in second.failure.what
    first.take(Life().live(Step()))
    first.close()
    second.close()
    assert first.failure is None
    third = started(path)
    assert third.stand is Stand.RECORDING
    third.close()


def test_one_that_waits_takes_over(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "RETRY", 0.02)
    first = started(path)
    second = Recorder(path, PAIR)
    second.start()
    wait(lambda: second.stand is Stand.BUSY)
    assert "another cockpit records" in second.in_words()
    life = Life()
    second.take(life.live(Step()))
    first.take(life.live(Step()))
    first.close()
    wait(lambda: second.stand is Stand.RECORDING)
    last = life.live(Step())
    second.take(last)
    second.close()
    recording = Recording.open(path)
    assert recording.end == last.at
    assert len(recording.gaps) == 1
    recording.close()


def test_closed_while_it_waits(path: Path) -> None:
    first = started(path)
    second = Recorder(path, PAIR)
    second.start()
    wait(lambda: second.stand is Stand.BUSY)
    second.close()
    assert second.stand is Stand.CLOSED
    first.close()


def test_a_lock_file_that_was_left_does_not_block(path: Path) -> None:
    path.parent.mkdir()
    path.with_name("a.colorec.lock").write_text("")
    claim = Claim.on(path)
    assert claim is not None
    assert Claim.on(path) is None
    claim.release()
    assert not list(path.parent.iterdir())


@pytest.mark.parametrize("where", ["/proc/none/a.colorec", "/dev/null/a.colorec"])
def test_where_nothing_can_be_made(where: str) -> None:
    found = started(Path(where))
    assert found.stand is Stand.STOPPED
    assert found.failure is not None
    assert "cannot be" in found.failure.what
    found.take(Life().live(Step()))
    found.close()


def full(monkeypatch: pytest.MonkeyPatch, pages: int) -> None:
    """Let a recording have no more pages than these."""
    opened = Store.open.__func__  # type: ignore[attr-defined]

    def limited(cls: type[Store], *words: object) -> Store:
        store: Store = opened(cls, *words)
        store._db.execute(f"PRAGMA max_page_count = {pages}")
        return store

    monkeypatch.setattr(Store, "open", classmethod(limited))


def test_a_full_disk_stops_it_and_leaves_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full(monkeypatch, 60)
    found = started(path)
    life, taken = Life(), []
    end = time.monotonic() + 20.0
    while found.failure is None and time.monotonic() < end:
        taken.append(life.live(Step(20.0, len(taken), (0.0,) * 40, (0.0,), (0.0,))))
        found.take(taken[-1])
        time.sleep(0.001)
    wait(lambda: not found._thread.is_alive())
    assert found.failure is not None
    assert "the disk is full" in found.failure.what
    assert "Make room" in found.failure.next_step
    assert found.in_words().startswith("not recording: ")
    found.take(life.live(Step()))
    found.close()
    recording = Recording.open(path)
    kept = [snapshot for snapshot in taken if snapshot.at <= recording.end]
    assert len(kept) > 5
    for snapshot in kept:
        assert difference(snapshot, recording.at(snapshot.at)) == ""
    recording.close()
    monkeypatch.undo()
    again = started(path)
    assert again.stand is Stand.RECORDING
    again.close()


def test_a_slow_disk_holds_up_nobody(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "ROOM", 4)
    monkeypatch.setattr(Store, "add", lambda self, snapshot: time.sleep(0.05))
    found = started(path)
    life = Life()
    snapshot = life.live(Step())
    for _ in range(50):
        found.take(snapshot)
    assert found.left_out > 30
    assert "left out" in found.in_words()
    found.close()
    assert found.stand is Stand.CLOSED


def test_a_fault_of_ours_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Store, snapshot: object) -> None:
        raise ZeroDivisionError("that")

    monkeypatch.setattr(Store, "add", broken)
    found = started(path)
    found.take(Life().live(Step()))
    wait(lambda: found.failure is not None)
    assert "a fault inside colotui (that)" in str(found.failure)
    found.close()


def test_every_pair_has_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    kept = tmp_path / "state/colotui/recordings"
    assert place.usual(replace(PAIR, path="")) == kept / f"{PAIR.name}.colorec"
    for own in ("pair.yaml", "pairs/x.yaml"):
        assert place.usual(replace(PAIR, path=str(tmp_path / "config/colotui" / own))).name == f"{PAIR.name}.colorec"
    others = {place.usual(replace(PAIR, path=f"/srv/{name}.yaml")) for name in "ab"}
    assert len(others) == 2
    assert all(other.parent == kept and other.name.startswith(f"{PAIR.name}-") for other in others)


def test_killed_at_some_moments(path: Path) -> None:
    """Each kill goes on with the file of the one before; the lab's tests do it a hundred times."""
    for after in (0.0, 0.9, 1.3):
        assert kill(path, after) <= LOST
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        db.close()
    recording = Recording.open(path)
    recording.at(recording.end)
    recording.close()

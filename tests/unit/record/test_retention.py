"""Old minutes go, and with them what only they showed; the room they took is given back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from colotui.cli.record import keep_of
from colotui.errors import UsageError
from colotui.model.protection import Snapshot
from colotui.record.recording import Recording
from colotui.record.retention import DAY, Keep
from tests.unit.record.same import difference
from tests.unit.record.taking import Life, Step, record


def lived(minutes: int, *, keep_s: float = 7200.0) -> list[Snapshot]:
    life = Life(keep_s=keep_s, events=40)
    steps = (
        Step(5.0, index % 9, (0.0,) * 5, (0.0,), (0.0,) if index % 3 == 0 else (), incident=index % 100 == 50)
        for index in range(minutes * 12)
    )
    return [life.live(step) for step in steps]


def check(path: Path, snapshots: list[Snapshot]) -> Recording:
    recording = Recording.open(path)
    kept = [snapshot for snapshot in snapshots if snapshot.at >= recording.begin]
    assert kept[0].at == recording.begin
    for snapshot in (kept[0], kept[1], kept[len(kept) // 2], kept[-1]):
        assert difference(snapshot, recording.at(snapshot.at)) == ""
    return recording


def test_by_age(tmp_path: Path) -> None:
    snapshots = lived(120)
    record(tmp_path / "a.colorec", snapshots, keep=Keep(30 * 60 / DAY, 0))
    recording = check(tmp_path / "a.colorec", snapshots)
    assert 29 * 60 <= recording.end - recording.begin <= 32 * 60
    recording.close()


def test_rows_that_no_kept_frame_shows_go_too(tmp_path: Path) -> None:
    snapshots = lived(240, keep_s=600.0)
    record(tmp_path / "a.colorec", snapshots, keep=Keep(30 * 60 / DAY, 0))
    recording = check(tmp_path / "a.colorec", snapshots)
    (first,) = recording._db.execute("SELECT min(low) FROM chunk WHERE kind = 'checkpoints'").fetchone()
    assert recording.begin - 600.0 - 600.0 - 120.0 <= first <= recording.begin
    assert all(incident.seen_at >= recording.begin for _, incident in recording.incidents())
    recording.close()


def test_by_size_the_file_itself_stays_small(tmp_path: Path) -> None:
    snapshots = lived(150, keep_s=120.0)
    path = tmp_path / "a.colorec"
    most = 200 << 10
    record(path, snapshots, keep=Keep(0, most))
    assert most * 0.6 < path.stat().st_size <= most
    check(path, snapshots).close()
    record(tmp_path / "b.colorec", snapshots, keep=Keep(0, 0))
    assert (tmp_path / "b.colorec").stat().st_size > most
    check(tmp_path / "b.colorec", snapshots).close()


def test_a_later_session_keeps_to_it_as_well(tmp_path: Path) -> None:
    path = tmp_path / "a.colorec"
    old = lived(60)
    record(path, old, close=False)
    new = [replace(snapshot, at=snapshot.at + 10 * DAY) for snapshot in lived(3)]
    record(path, new, keep=Keep())
    recording = check(path, new)
    assert recording.begin >= old[-1].at
    recording.close()


@pytest.mark.parametrize(
    ("days", "size", "keep"),
    [
        (None, None, Keep(7.0, 1 << 30)),
        ("0", "0", Keep(0.0, 0)),
        ("0.5", "500M", Keep(0.5, 500 << 20)),
        ("30", "1.5 GiB", Keep(30.0, 3 << 29)),
        (None, "2097152", Keep(7.0, 2 << 20)),
    ],
)
def test_the_words_of_the_command_line(days: str | None, size: str | None, keep: Keep) -> None:
    assert keep_of(days, size) == keep


@pytest.mark.parametrize(
    ("days", "size"), [("-1", None), ("nan", None), ("x", None), (None, "5"), (None, "1X"), (None, "-2G")]
)
def test_words_that_are_none(days: str | None, size: str | None) -> None:
    with pytest.raises(UsageError, match="As in"):
        keep_of(days, size)

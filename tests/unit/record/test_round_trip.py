"""What was recorded comes back as it was, at every moment, in whatever order it is asked for."""

from __future__ import annotations

import random
import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from colotui.model import timeline
from colotui.model.checkpoint import Cause, Checkpoint
from colotui.model.past import CheckpointLog
from colotui.model.protection import Snapshot
from colotui.model.recording import MarkKind
from colotui.record.recording import Recording
from tests.unit.record.same import difference, raw, without_logs
from tests.unit.record.taking import BEGIN, PAIR, SAMPLES, Life, Step, record

_LATE = st.lists(st.sampled_from([0.0, 0.0, 0.1, 0.1, 3.0, 20.0, 45.0]), max_size=4)
STEPS = st.lists(
    st.builds(
        Step,
        passes=st.sampled_from([0.05, 0.5, 0.5, 0.55, 7.0, 30.0]),
        sample=st.integers(0, len(SAMPLES) - 1),
        checkpoints=_LATE,
        mismatches=_LATE,
        events=_LATE,
        restarts=st.integers(0, 30).map(lambda number: number == 0),
        incident=st.integers(0, 9).map(lambda number: number == 0),
    ),
    min_size=1,
    max_size=60,
)


QUICK = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where hundreds of files do not wait for a disk."""


def check(path: Path, snapshots: list[Snapshot], order: list[int]) -> None:
    recording = Recording.open(path)
    try:
        assert (recording.begin, recording.end) == (snapshots[0].at, snapshots[-1].at)
        for index in order:
            assert difference(snapshots[index], recording.at(snapshots[index].at)) == ""
        for earlier, later in pairwise(snapshots):
            assert recording.after(earlier.at) == later.at
        assert recording.after(snapshots[-1].at) is None
    finally:
        recording.close()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(STEPS, st.randoms(use_true_random=False), st.booleans())
def test_any_life(monkeypatch: pytest.MonkeyPatch, steps: list[Step], chance: random.Random, close: bool) -> None:
    monkeypatch.setattr(timeline, "_SLACK_S", 5.0)
    life = Life(keep_s=50.0, keep_rows=24, events=12)
    snapshots = [life.live(step) for step in steps]
    order = list(range(len(snapshots)))
    with tempfile.TemporaryDirectory(dir=QUICK) as folder:
        path = Path(folder) / "a.colorec"
        record(path, snapshots, close=close)
        check(path, snapshots, order)
        check(path, snapshots, order[::-1])
        chance.shuffle(order)
        check(path, snapshots, order)


def test_every_sample_in_turn(tmp_path: Path) -> None:
    snapshots = [replace(sample, at=BEGIN + index) for index, sample in enumerate(SAMPLES * 3)]
    record(tmp_path / "a.colorec", snapshots)
    check(tmp_path / "a.colorec", snapshots, list(range(len(snapshots))))


def test_a_moment_between_two_frames_is_of_the_earlier(tmp_path: Path) -> None:
    life = Life()
    snapshots = [life.live(Step(checkpoints=(0.0,))) for _ in range(4)]
    record(tmp_path / "a.colorec", snapshots)
    recording = Recording.open(tmp_path / "a.colorec")
    assert difference(snapshots[1], recording.at(snapshots[1].at + 0.2)) == ""
    assert difference(snapshots[0], recording.at(0.0)) == ""
    assert difference(snapshots[3], recording.at(BEGIN * 2)) == ""
    recording.close()


def test_what_does_not_change_is_the_same_object_again(tmp_path: Path) -> None:
    life = Life()
    snapshots = [life.live(Step(checkpoints=(0.0,))) for _ in range(6)]
    record(tmp_path / "a.colorec", snapshots)
    recording = Recording.open(tmp_path / "a.colorec")
    first, second = (recording.at(snapshot.at) for snapshot in snapshots[2:4])
    assert first.hosts is second.hosts
    assert first.guests[0].copies is second.guests[0].copies
    assert second.guests[0].checkpoints.grown_from(first.guests[0].checkpoints)
    recording.close()


def test_late_rows_are_written_once(tmp_path: Path) -> None:
    life = Life()
    snapshots = [life.live(Step(checkpoints=(0.0,) * 4 + ((3.0,) if index % 10 == 0 else ()))) for index in range(400)]
    record(tmp_path / "a.colorec", snapshots)
    check(tmp_path / "a.colorec", snapshots, [0, 399, 200, 201, 10])
    recording = Recording.open(tmp_path / "a.colorec")
    (count,) = recording._db.execute("SELECT sum(count) FROM chunk WHERE kind = 'checkpoints'").fetchone()
    assert count == len(snapshots[-1].guests[0].checkpoints) == 400 * 4 + 40
    recording.close()


def test_stretches_of_rows_and_events(tmp_path: Path) -> None:
    life = Life()
    steps = [Step(1.0, 0, (0.0, 2.5), (0.3,), (0.0, 4.0), restarts=index == 100) for index in range(200)]
    snapshots = [life.live(step) for step in steps]
    record(tmp_path / "a.colorec", snapshots)
    recording = Recording.open(tmp_path / "a.colorec")
    low, high = BEGIN + 50, BEGIN + 70
    wanted = snapshots[99].guests[0].checkpoints.between(low, high)
    assert raw(recording.checkpoints("web01", low, high)) == raw(wanted)
    assert raw(recording.mismatches("web01", low, high)) == raw(snapshots[99].guests[0].mismatches.between(low, high))
    events = [event for event in snapshots[99].events if low <= event.at < high]
    assert sorted(recording.events(low, high), key=repr) == sorted(events, key=repr)
    assert len(recording.events(0.0, BEGIN * 2)) == 400
    assert not recording.checkpoints("web02", low, high)
    marks = recording.marks(MarkKind.MISMATCH)
    assert len(marks) == 200
    assert all(a < b for a, b in pairwise(marks))
    recording.close()


def test_rows_that_two_cockpits_saw_are_there_once(tmp_path: Path) -> None:
    log = CheckpointLog.of(Checkpoint(BEGIN + index, Cause.TCP, 2.0, 3) for index in range(50))
    for begin in (60.0, 70.0):
        guests = (replace(SAMPLES[0].guests[0], checkpoints=log),)
        record(tmp_path / "a.colorec", [replace(SAMPLES[0], at=BEGIN + begin, guests=guests)])
    recording = Recording.open(tmp_path / "a.colorec")
    assert list(recording.checkpoints("web01", BEGIN + 10, BEGIN + 20)) == list(log)[10:20]
    recording.close()


def test_incidents_and_plans_are_as_last_seen(tmp_path: Path) -> None:
    life = Life()
    snapshots = [life.live(Step(sample=7 if index < 5 else 8, incident=index in (3, 6))) for index in range(10)]
    record(tmp_path / "a.colorec", snapshots)
    recording = Recording.open(tmp_path / "a.colorec")
    found = recording.incidents()
    assert [(guest, incident.id) for guest, incident in found] == [("web01", "web01-1"), ("web01", "web01-2")]
    assert found[1][1] == snapshots[-1].guests[0].incidents[0]
    assert recording.marks(MarkKind.INCIDENT) == [incident.opened_at for _, incident in found]
    progress = [view.progress for snapshot in snapshots for view in snapshot.guests if view.progress is not None]
    assert {(run.title, run.begun, run.steps) for run in recording.actions()} >= {
        (progress[-1].title, progress[-1].started_at, progress[-1].steps)
    }
    assert recording.marks(MarkKind.ACTION) == sorted({run.begun for run in recording.actions()})
    recording.close()


def test_sessions_gaps_and_versions(tmp_path: Path) -> None:
    life, path = Life(), tmp_path / "a.colorec"
    first = [life.live(Step()) for _ in range(10)] + [life.live(Step(passes=20.0))]
    record(path, first, close=False)
    second = [life.live(Step(passes=300.0, restarts=True, events=(0.0,)))] + [life.live(Step()) for _ in range(5)]
    record(path, second)
    check(path, first + second, list(range(17)))
    recording = Recording.open(path)
    assert recording.gaps == ((first[-2].at, first[-1].at), (first[-1].at, second[0].at))
    assert recording.versions["QEMU alpha"].startswith("11.")
    assert recording.versions["schema"] == "1"
    assert set(recording.versions) == {"colotui", "schema", "QEMU alpha", "QEMU beta", "kernel alpha", "kernel beta"}
    assert recording.pair.guests == PAIR.guests
    recording.close()


def test_a_clock_that_is_set_back_loses_nothing(tmp_path: Path) -> None:
    life = Life()
    snapshots = [life.live(Step(passes=-100.0 if index == 5 else 0.5)) for index in range(10)]
    record(tmp_path / "a.colorec", snapshots)
    recording = Recording.open(tmp_path / "a.colorec")
    found, moment = [recording.at(recording.begin)], recording.after(recording.begin)
    while moment is not None:
        found.append(recording.at(moment))
        moment = recording.after(moment)
    assert [snapshot.at for snapshot in found] == [snapshot.at for snapshot in snapshots]
    recording.close()


def test_a_recording_that_goes_on_is_read_as_it_was_when_opened(tmp_path: Path) -> None:
    from colotui.record.retention import Keep
    from colotui.record.store import Store

    life, path = Life(), tmp_path / "a.colorec"
    snapshots = [life.live(Step(checkpoints=(0.0,), events=(0.0,))) for _ in range(300)]
    store = Store.open(path, PAIR, Keep())
    for snapshot in snapshots[:200]:
        store.add(snapshot)
    store.commit()
    recording = Recording.open(path)
    for snapshot in snapshots[200:]:
        store.add(snapshot)
        store.commit()
    for snapshot in reversed(snapshots[:200]):
        assert difference(snapshot, recording.at(snapshot.at)) == ""
    assert recording.end == snapshots[199].at
    recording.close()
    store.close()
    check(path, snapshots, [0, 299])


def test_what_a_host_says_may_be_anything(tmp_path: Path) -> None:
    host = SAMPLES[0].hosts[0]
    assert host.facts is not None
    wild = replace(host, why="a\udcffb", facts=replace(host.facts, memory_total=2**80, load1=float("inf")))
    record(tmp_path / "a.colorec", [replace(SAMPLES[0], at=BEGIN, hosts=(wild, SAMPLES[0].hosts[1]))])
    recording = Recording.open(tmp_path / "a.colorec")
    back = recording.at(BEGIN).hosts[0]
    assert back.facts is not None
    assert (back.why, back.facts.memory_total, back.facts.load1) == ("a?b", 2**63 - 1, float("inf"))
    recording.close()


def test_nothing_secret_is_in_the_file(tmp_path: Path) -> None:
    host, guest = SAMPLES[0].hosts[0], SAMPLES[0].guests[0]
    spec = replace(host.spec, key="/home/me/.ssh/id_colo", known_hosts="/home/me/hosts")
    kept = replace(guest.spec, append="console=ttyS0 password=hunter22", extra=("--passphrase", "tr0ub4dor"))
    pair = replace(PAIR, hosts=(spec, PAIR.hosts[1]), guests=(kept,), path="/home/me/pair.yaml")
    progress = SAMPLES[2].guests[0].progress or SAMPLES[7].guests[0].progress
    assert progress is not None
    told = replace(progress, note="ssh -i /home/me/.ssh/id_colo, tr0ub4dor, hunter22")
    view = replace(guest, spec=kept, progress=told)
    event = replace(SAMPLES[2].events[0], text="it said hunter22", detail="tr0ub4dor")
    from colotui.record.retention import Keep
    from colotui.record.store import Store

    store = Store.open(tmp_path / "a.colorec", pair, Keep())
    store.add(
        replace(
            SAMPLES[0], at=BEGIN, hosts=(replace(host, spec=spec), SAMPLES[0].hosts[1]), guests=(view,), events=(event,)
        )
    )
    store.commit()
    data = (tmp_path / "a.colorec-wal").read_bytes()
    assert b"web01" in data
    store.close()
    recording = Recording.open(tmp_path / "a.colorec")
    everything = repr(
        (without_logs(recording.at(BEGIN)), recording.pair, recording.actions(), recording.events(0, 2**40))
    )
    recording.close()
    for secret in ("hunter22", "tr0ub4dor", "/home/me"):
        assert secret not in everything
        assert secret.encode() not in data
    assert "id_colo" in everything


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    record(tmp_path / "a.colorec", [replace(SAMPLES[0], at=BEGIN)], close=False)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}

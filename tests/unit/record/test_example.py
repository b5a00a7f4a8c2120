"""The recording that comes with colotui: small, whole, and with all that it is to show."""

from __future__ import annotations

from itertools import pairwise

from colotui import paths
from colotui.model.incident import Kind
from colotui.model.plan import Action
from colotui.model.protection import State
from colotui.model.recording import MarkKind
from colotui.record.recording import Recording


def test_the_example() -> None:
    path = paths.example_recording()
    assert path.stat().st_size < 500 << 10
    before = path.read_bytes()
    recording = Recording.open(path)
    assert recording.pair.name == "example"
    assert not recording.gaps
    kinds = {incident.now.kind for _, incident in recording.incidents()}
    assert kinds >= {Kind.PRIMARY_DEAD, Kind.PRIMARY_HUNG, Kind.TRIPLE_FAULT}
    runs = recording.actions()
    assert [run.action for run in runs].count(Action.FAILOVER) == 2
    assert not any(run.failed for run in runs)
    moments = [recording.begin]
    while (moment := recording.after(moments[-1])) is not None:
        moments.append(moment)
    snapshots = [recording.at(moment) for moment in moments]
    assert all(later.at > earlier.at for earlier, later in pairwise(snapshots))
    states = {snapshot.guests[0].protection.state for snapshot in snapshots}
    assert states >= {State.PROTECTED, State.SYNCING, State.FAILED_OVER}
    assert snapshots[-1].guests[0].protection.state is State.PROTECTED
    assert all(recording.marks(kind) for kind in MarkKind)
    recording.close()
    assert path.read_bytes() == before
    assert not list(path.parent.glob("example.colorec-*"))

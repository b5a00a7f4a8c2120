"""Records the example that comes with colotui, from a real pair in a lab: python -m tests.examplerecording [NAME]

As root. Healthy work, a failover, a triple fault, a primary whose monitor does not answer; each time what the cockpit
recommends is done, and the pair is protected again. NAME is the lab's (default: example).
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from colotui import config, paths
from colotui.drill.breaker import Seats
from colotui.drill.client import Client
from colotui.drill.operator import Operator
from colotui.drill.table import Drill, by_name
from colotui.lab import build
from colotui.lab.faults import Faults
from colotui.lab.lab import Lab
from colotui.lab.layout import GUEST
from colotui.model.incident import Kind
from colotui.model.plan import Action
from colotui.model.recording import MarkKind
from colotui.record.recorder import Recorder
from colotui.record.recording import Recording

LARGEST = 500 << 10
"""Bytes of the example at most: it is in every installation."""

HEALTHY = 45.0
STORM = 6.0
LOOK = 4.0
"""Seconds the operator reads what the cockpit says before he acts."""

AFTER = 12.0


async def main(name: str) -> None:
    """Bring a lab up, live through it all, and take the lab down."""
    lab = Lab(name)
    lab.down()
    lab.up(build.build(lambda *_: None), tie=os.getpid())
    state = lab.state()
    assert state is not None
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "example.colorec"
            await record(lab, Path(state.pair), path)
            look_over(path)
            target = paths.example_recording()
            target.write_bytes(path.read_bytes())
            target.chmod(0o644)
            print(f"{target}: {target.stat().st_size} bytes")
    finally:
        lab.down()


async def record(lab: Lab, pair_file: Path, path: Path) -> None:
    """One cockpit's life, recorded from its first second on."""
    pair = replace(config.load(pair_file), name="example")
    recorder = Recorder(path, pair, waits=False)
    recorder.start()
    operator = Operator(pair, GUEST)
    leave = operator.controller.subscribe(recorder.take)
    faults = Faults(lab, GUEST)
    try:
        async with operator:
            await operator.protect()
            await asyncio.sleep(LOOK)
            spec = pair.guest(GUEST)
            async with Client(spec):
                await asyncio.sleep(HEALTHY)
                await asyncio.to_thread(faults.load, True)
                await asyncio.sleep(STORM)
                await asyncio.to_thread(faults.load, False)
                await asyncio.sleep(AFTER)
                for drill in ("primary-killed", "primary-hung", "triple-fault"):
                    found = by_name(drill)
                    assert found is not None
                    await live_through(operator, faults, found)
                    await asyncio.sleep(AFTER)
                # A guest that boots may take its second copy along: that is mended too.
                await operator.protect()
                await asyncio.sleep(LOOK)
    finally:
        leave()
        await asyncio.to_thread(recorder.close)
    assert recorder.failure is None, recorder.failure


async def live_through(operator: Operator, faults: Faults, drill: Drill) -> None:
    """Break it, wait until the cockpit names it, do what it recommends, and protect again."""
    primary = operator.view.protection.primary
    secondary = next(host for host in operator.view.copies if host != primary)
    seats = Seats(primary, secondary)
    await asyncio.to_thread(drill.breaks, faults, seats)
    named = await operator.until(lambda: operator.open_incident(drill.kind) is not None, 30.0)
    assert named, f"{drill.kind.value} was not named"
    await asyncio.sleep(LOOK)
    print(drill.name, [(one.now.kind.value, one.now.do) for one in operator.view.incidents if one.open])
    incident = operator.open_incident(drill.kind)
    if incident is not None and incident.now.do is not None:
        progress = await operator.act(incident.now.do)
        assert not progress.failed, progress.failed
        await asyncio.sleep(LOOK)
    if drill.mends is not None:
        await asyncio.to_thread(drill.mends, faults, seats)
    await operator.protect()
    await operator.until(lambda: operator.open_incident(drill.kind) is None, 60.0)


def look_over(path: Path) -> None:
    """The example must hold what it is for, every frame of it must open, and nothing of this machine may be in it."""
    recording = Recording.open(path)
    kinds = {incident.now.kind for _, incident in recording.incidents()}
    print(", ".join(sorted(kinds)), "|", ", ".join(run.title for run in recording.actions()))
    assert {Kind.PRIMARY_DEAD, Kind.TRIPLE_FAULT, Kind.PRIMARY_HUNG} <= kinds
    assert [run.action for run in recording.actions()].count(Action.FAILOVER) == 2
    moment: float | None = recording.begin
    frames = 0
    while moment is not None:
        recording.at(moment)
        frames, moment = frames + 1, recording.after(moment)
    marks = ", ".join(f"{len(recording.marks(kind))} of {kind.value}" for kind in MarkKind)
    print(f"{frames} frames in {recording.end - recording.begin:.0f} s; marks: {marks}; {path.stat().st_size} bytes")
    recording.close()
    assert path.stat().st_size <= LARGEST, path.stat().st_size
    assert str(Path.home()).encode() not in path.read_bytes()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "example"))

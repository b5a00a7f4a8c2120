"""The whole set-up on two bare hosts: done, done twice, cut off at each step, undone; and by the script alone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from colotui.config import load
from colotui.controller.preparation import Preparation
from colotui.errors import ActionRefused, HostError, LockHeld
from colotui.lab import build
from colotui.lab.lab import Lab
from colotui.model.check import Verdict
from colotui.model.plan import Action, Plan, Progress, StepState
from colotui.model.script import script_text
from tests.lab.drive import Drive
from tests.lab.hostdump import differences, dump

HOSTS = ("alpha", "beta")


@pytest.fixture
def bare() -> Iterator[Lab]:
    """Two hosts as one finds them: no bridge, no forward address, no quickack, no image on beta."""
    lab = Lab("bare")
    lab.down()
    lab.up(build.build(lambda *_: None), bare=True, tie=os.getpid())
    try:
        yield lab
    finally:
        lab.down()


def pair_path(lab: Lab) -> str:
    state = lab.state()
    assert state is not None
    return state.pair


@contextlib.asynccontextmanager
async def preparing(lab: Lab, folder: Path) -> AsyncIterator[Preparation]:
    path = pair_path(lab)
    preparation = Preparation(folder, Path(path), pair=load(path))
    try:
        yield preparation
    finally:
        await preparation.close()


def dumps(lab: Lab) -> dict[str, Any]:
    return {host: dump(lab, host) for host in HOSTS}


def same(before: dict[str, Any], after: dict[str, Any], *, but: tuple[str, ...] = ()) -> list[str]:
    found = [f"{host}: {text}" for host in HOSTS for text in differences(before[host], after[host])]
    return [text for text in found if not any(word in text for word in but)]


def ended(progress: Progress) -> None:
    assert not progress.failed, (progress.failed, [(s.host, s.title, s.state, s.output) for s in progress.steps])
    assert not progress.cancelled


async def test_set_up_protect_and_take_all_back(bare: Lab, tmp_path: Path) -> None:
    before = dumps(bare)
    async with preparing(bare, tmp_path) as preparation:
        ended(await preparation.run(await preparation.plan()))
        plan = await preparation.plan()
        assert len(await preparation.states(plan)) == len(plan.steps), "the second run has nothing to do"
        done = dumps(bare)
        again = await preparation.run(plan)
        assert {step.state for step in again.steps} == {StepState.ALREADY}
        assert same(done, dumps(bare)) == []
        look = await preparation.look(ports=True)
        assert [f for f in look.findings if f.verdict is Verdict.BAD] == []
    async with Drive(pair_path(bare)) as drive:
        await drive.protected()
        async with preparing(bare, tmp_path) as preparation:
            with pytest.raises(ActionRefused, match="web01 runs on"):
                await preparation.undo_plan()
        await drive.act(Action.STOP)
        await drive.act(Action.SHUTDOWN)
    async with preparing(bare, tmp_path) as preparation:
        ended(await preparation.run(await preparation.undo_plan()))
        assert (await preparation.undo_plan()).steps == ()
    # The guest ran: its disk was written, and nothing else may differ.
    assert same(before, dumps(bare), but=("disk0.qcow2",)) == []


def die_at(lab: Lab, folder: Path, index: int, *, undo: bool, delay: float) -> bool:
    """A set-up that dies by SIGKILL in the step with that index; False when it ended before it came there."""
    words = [pair_path(lab), str(folder), str(index), "undo" if undo else "do", str(delay)]
    ended = subprocess.run([sys.executable, "-m", "tests.lab.setup_victim", *words], capture_output=True, text=True)
    assert ended.returncode in (-9, 3), (ended.returncode, ended.stdout, ended.stderr)
    return ended.returncode == -9


async def test_killed_in_every_step(bare: Lab, tmp_path: Path) -> None:
    before = dumps(bare)
    async with preparing(bare, tmp_path) as preparation:
        plan = await preparation.plan()
        todo = [i for i in range(len(plan.steps)) if i not in await preparation.states(plan)]
    assert len(todo) > 10
    died = sum(die_at(bare, tmp_path, i, undo=False, delay=(i % 4) * 0.004) for i in todo)
    assert died >= len(todo) // 2, "most of them were caught in their step"
    async with preparing(bare, tmp_path) as preparation:
        ended(await preparation.run(await preparation.plan()))
        plan = await preparation.plan()
        assert len(await preparation.states(plan)) == len(plan.steps)
        count = len((await preparation.undo_plan()).steps)
    for number in range(count):
        die_at(bare, tmp_path, 0, undo=True, delay=(number % 4) * 0.004)
    async with preparing(bare, tmp_path) as preparation:
        ended(await preparation.run(await preparation.undo_plan()))
    assert same(before, dumps(bare)) == []


async def test_by_the_script_alone(bare: Lab, tmp_path: Path) -> None:
    """A careful person runs the dry run's script by hand: the plan then has nothing left to do."""
    async with preparing(bare, tmp_path) as preparation:
        plan = await preparation.plan()
        # The copy of the image by hand wants ssh between the hosts, which these do not have.
        plan = Plan(Action.SETUP, "", plan.title, tuple(step for step in plan.steps if step.key != "image"))
        script = tmp_path / "set-up.sh"
        specs = {spec.name: spec for spec in load(pair_path(bare)).hosts}
        script.write_text(script_text(plan, specs, 0.0, await preparation.states(plan)))
        for _ in range(2):
            argv = ["sh", str(script), "-y"]
            ran = await asyncio.to_thread(subprocess.run, argv, capture_output=True, text=True, timeout=60)
            assert ran.returncode == 0, ran.stdout + ran.stderr
        plan = await preparation.plan()
        states = await preparation.states(plan)
        left = [f"{step.host}:{step.key}" for index, step in enumerate(plan.steps) if index not in states]
        assert left == ["beta:image"]


async def test_two_at_once_and_a_host_that_goes(bare: Lab, tmp_path: Path) -> None:
    async with preparing(bare, tmp_path / "a") as one, preparing(bare, tmp_path / "b") as other:
        plan = await one.plan(("bridge",))
        await one._take_locks()
        with pytest.raises(LockHeld, match="holds the lock"):
            await other.run(await other.plan(("bridge",)))
        await one._give_locks_back()
        bare.host_off("beta")
        with pytest.raises(HostError, match="beta"):
            await one.run(plan)
        with pytest.raises(HostError, match="beta"):
            await other.plan()

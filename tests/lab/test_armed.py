"""Armed failover on the real lab: it acts on the end of the primary that its host has seen, and on nothing else."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from colotui.errors import ActionRefused
from colotui.model.plan import Action
from colotui.model.protection import Life, State
from tests.lab.client import Counter, Pinger
from tests.lab.drive import GUEST, Drive
from tests.lab.running import Lab
from tests.lab.test_failover import RUN, kill


@pytest.fixture
async def drive(lab: Lab) -> AsyncIterator[Drive]:
    """A controller on the lab's pair, Protected and armed."""
    async with Drive(lab.pair_path) as drive:
        await drive.protected()
        await drive.controller.arm(GUEST, on=True)
        assert drive.guest.armed is None or drive.guest.armed.able
        await drive.until(lambda v: v.armed is not None, 2, "it is armed")
        yield drive


def said(drive: Drive, text: str) -> list[str]:
    """The details of the event lines `armed failover: <text>`."""
    events = drive.controller.snapshot.events
    return [event.detail for event in events if event.text == f"armed failover: {text}"]


async def test_killed_primary_is_replaced_by_itself(lab: Lab, drive: Drive, tmp_path: Path) -> None:
    client = lab.client
    for way in ("there", "back"):
        counter, pinger = Counter(client), Pinger(client, tmp_path / f"{way}.log", interval=0.005)
        await asyncio.sleep(2)
        old, new = drive.primary, drive.secondary
        moment = time.time()
        kill(lab, drive, old)
        view = await drive.until_state(State.FAILED_OVER)
        assert drive.primary == new
        assert view.armed is None
        assert view.copies[old].life is Life.DEAD
        await asyncio.sleep(1.0)
        print(f"\narmed {old} -> {new}: ping gap {pinger.gap_after(moment) * 1000:.0f} ms")
        pinger.stop()
        progress = drive.guest.progress
        assert progress is not None
        for step in progress.steps:
            print(f"  {step.key:12} {(step.seconds or 0) * 1000:6.1f} ms  {step.output}")
        numbers = counter.stop()
        last = await asyncio.to_thread(client.fetch, "/counter")
        assert numbers == sorted(set(numbers)), "an acknowledged number came twice or went back"
        assert last is not None
        assert int(last) > max(numbers)
        await drive.until(lambda _v: bool(said(drive, "done")), 8, "the end is told")
        await drive.act(Action.REPROTECT)
        await drive.until_state(State.PROTECTED)
        await drive.controller.arm(GUEST, on=True)


async def test_stopped_primary_is_only_silent(lab: Lab, drive: Drive) -> None:
    primary = drive.primary
    kill(lab, drive, primary, signal.SIGSTOP)
    try:
        await drive.until(lambda v: v.copies[primary].life is Life.HUNG, 8, "the hang is seen")
        await drive.until(lambda v: v.armed is None, 8, "it is disarmed")
        await asyncio.sleep(1.0)
        assert not said(drive, "acts")
        assert drive.guest.copies[drive.pair.other(primary).name].role.value == "secondary"
    finally:
        kill(lab, drive, primary, signal.SIGCONT)
    await drive.until_state(State.PROTECTED)
    assert drive.primary == primary
    assert drive.guest.armed is None  # what was disarmed stays so


async def test_planned_switch_ends_the_primary_and_fires_nothing(lab: Lab, drive: Drive) -> None:
    old, new = drive.primary, drive.secondary
    await drive.act(Action.SWITCH)
    await drive.until_state(State.FAILED_OVER)
    assert drive.primary == new
    assert drive.guest.copies[old].life in (Life.DEAD, Life.ABSENT)
    assert said(drive, "disarmed")
    assert not said(drive, "acts")
    await drive.serving(5)
    await drive.act(Action.REPROTECT)


async def test_host_that_is_not_reached_proves_nothing(lab: Lab, drive: Drive) -> None:
    primary = drive.primary
    lab.cut(f"management-{primary}")
    try:
        view = await drive.until(lambda v: v.armed is None or not v.armed.able, 15, "it says that it is blind")
        assert view.armed is not None
        assert view.armed.why == f"{primary} cannot be seen: it will not act"
        # Now the primary does end, and nobody here sees it: that must never promote, not even once it is back.
        pid = lab.path_on(primary, f"{RUN}/pid").read_text().strip()
        subprocess.run(lab.host_argv(primary, ["kill", "-9", pid]), check=True)
        await asyncio.sleep(3.0)
        assert drive.guest.copies[drive.pair.other(primary).name].role.value == "secondary"
    finally:
        lab.mend(f"management-{primary}")
    await drive.until(lambda v: v.copies[primary].life is Life.DEAD, 20, "the host is back")
    await drive.until(lambda v: v.armed is None, 5, "it is disarmed")
    await asyncio.sleep(1.0)
    assert not said(drive, "acts")
    await drive.act(Action.FAILOVER)
    await drive.serving(5)
    await drive.act(Action.REPROTECT)


async def test_the_same_process_seen_again_stays_armed(lab: Lab, drive: Drive) -> None:
    primary, secondary = drive.primary, drive.secondary
    lab.cut(f"management-{primary}")
    try:
        await drive.until(lambda v: v.armed is not None and not v.armed.able, 15, "it says that it is blind")
    finally:
        lab.mend(f"management-{primary}")
    await drive.until(lambda v: v.armed is not None and v.armed.able, 20, "it sees again")
    kill(lab, drive, primary)
    await drive.until_state(State.FAILED_OVER)
    assert drive.primary == secondary
    await drive.act(Action.REPROTECT)


async def test_who_may_not_act_cannot_arm(lab: Lab, drive: Drive) -> None:
    async with Drive(lab.pair_path, read_only=True) as watcher:
        assert watcher.guest.arm_refusal == "read-only"
        with pytest.raises(ActionRefused):
            await watcher.controller.arm(GUEST, on=True)
        assert watcher.guest.armed is None
    await drive.controller.arm(GUEST, on=False)
    await drive.until(lambda v: v.armed is None, 2, "it is disarmed")
    await drive.act(Action.STOP)
    with pytest.raises(ActionRefused, match="not protected"):
        await drive.controller.arm(GUEST, on=True)
    await drive.act(Action.PROTECT)


async def test_second_qemu_on_the_primarys_host_stops_it(lab: Lab, drive: Drive) -> None:
    primary, secondary = drive.primary, drive.secondary
    # Something that looks like a second QEMU of the guest: its name, and the pid file on its command line.
    script = f"printf colotui-{GUEST} >/proc/$$/comm; read word"
    argv = lab.host_argv(primary, ["bash", "-c", script, f"{RUN}/pid"])
    stray = subprocess.Popen(argv, stdin=subprocess.PIPE)
    try:
        await asyncio.sleep(0.5)
        kill(lab, drive, primary)
        await drive.until(lambda v: v.progress is not None and bool(v.progress.failed), 5, "it stops at the fence")
        progress = drive.guest.progress
        assert progress is not None
        assert "another QEMU" in progress.failed
        assert drive.guest.copies[secondary].role.value == "secondary"
        progress = await drive.controller.retry(GUEST)
        assert not progress.failed  # the retry fences as a failover by hand does
        assert stray.wait(5) != 0
    finally:
        stray.kill()
        stray.wait()
    await drive.until_state(State.FAILED_OVER)
    await drive.act(Action.REPROTECT)


async def test_powered_off_host_is_not_a_dead_process(lab: Lab, drive: Drive) -> None:
    primary = drive.primary
    lab.host_off(primary)
    try:
        await drive.until(lambda v: v.copies[primary].life is Life.UNREACHABLE, 20, "the host is not reached")
        await asyncio.sleep(2.0)
        assert not said(drive, "acts")
        assert said(drive, "armed, but blind") or said(drive, "disarmed")
        assert drive.guest.copies[drive.pair.other(primary).name].role.value == "secondary"
    finally:
        lab.host_on(primary)
    await drive.until(lambda v: v.copies[primary].life is not Life.UNREACHABLE, 30, "the host is back")
    await drive.act(Action.FAILOVER)
    await drive.serving(5)

"""A cockpit killed in any step of a plan: the next one finds the truth, and goes on or undoes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from colotui.model.plan import Action
from colotui.model.protection import State
from tests.lab.drive import Drive
from tests.lab.running import Lab
from tests.lab.test_failover import kill


def die_at(lab: Lab, action: Action, key: str) -> None:
    """Run a cockpit that dies by SIGKILL in that step."""
    argv = [sys.executable, "-m", "tests.lab.victim", lab.pair_path, action.value, key]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert ended.returncode == -9, (ended.returncode, ended.stdout, ended.stderr)


async def plain(lab: Lab) -> None:
    """The guest runs alone, unprotected."""
    async with Drive(lab.pair_path) as drive:
        await drive.protected()
        await drive.act(Action.STOP)


@pytest.mark.parametrize("key", ["images", "chardevs", "wait", "export", "filters", "mirror", "lockstep", "record"])
@pytest.mark.parametrize("way", ["go on", "undo"])
async def test_killed_while_protecting(lab: Lab, key: str, way: str) -> None:
    await plain(lab)
    die_at(lab, Action.PROTECT, key)
    async with Drive(lab.pair_path) as drive:
        if drive.guest.protection.state is not State.PROTECTED:
            assert drive.guest.half_run == "protect", drive.guest.protection
            if way == "undo":
                await drive.act(Action.UNDO)
                assert drive.guest.half_run == ""
                await drive.serving(10)
        if drive.guest.actions[Action.PROTECT] is None:
            await drive.act(Action.PROTECT)
        await drive.until_state(State.PROTECTED)
        await drive.serving(10)


@pytest.mark.parametrize("key", ["fence", "stop-export", "promote", "release", "answer"])
async def test_killed_while_failing_over(lab: Lab, key: str) -> None:
    async with Drive(lab.pair_path) as drive:
        await drive.protected()
        old = drive.primary
        kill(lab, drive, old)
    die_at(lab, Action.FAILOVER, key)
    async with Drive(lab.pair_path) as drive:
        if drive.guest.actions[Action.FAILOVER] is None:
            await drive.act(Action.FAILOVER)
        await drive.serving(10)
        assert drive.primary != old
        await drive.protected()


@pytest.mark.parametrize("key", ["end-secondary", "yank", "release", "record"])
async def test_killed_while_stopping(lab: Lab, key: str) -> None:
    async with Drive(lab.pair_path) as drive:
        await drive.protected()
    die_at(lab, Action.STOP, key)
    async with Drive(lab.pair_path) as drive:
        for action in (Action.STOP, Action.FAILOVER):
            if drive.guest.protection.state is not State.FAILED_OVER and drive.guest.actions[action] is None:
                await drive.act(action)
        await drive.serving(10)
        await drive.protected()

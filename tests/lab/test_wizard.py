"""The guided set-up on two bare hosts, driven as a person would: to a protected guest, killed in every step, undone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from colotui.config import load
from colotui.controller.preparation import Preparation
from colotui.lab import build
from colotui.lab.lab import Lab
from colotui.model.plan import Action
from colotui.model.protection import State
from tests.lab.drive import Drive
from tests.lab.hostdump import differences, dump
from tests.lab.wizardhand import Hand, make_app, review_and_run, to_review

HOSTS = ("alpha", "beta")
NAME = "wizard"


@pytest.fixture
def bare() -> Iterator[Lab]:
    lab = Lab(NAME)
    lab.down()
    lab.up(build.build(lambda *_: None), bare=True, tie=os.getpid())
    try:
        yield lab
    finally:
        lab.down()


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A newcomer: no known hosts, no keys, no pair file."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


async def take_back(path: Path, folder: Path) -> None:
    """Undo the set-up of the pair that the wizard wrote."""
    preparation = Preparation(folder, path, pair=load(path))
    try:
        progress = await preparation.run(await preparation.undo_plan())
        assert not progress.failed, progress.failed
        assert (await preparation.undo_plan()).steps == ()
    finally:
        await preparation.close()


def left(lab: Lab, before: dict[str, dict[str, object]]) -> list[str]:
    """What differs from before; the guest's own disk was written by it, all else must be the same."""
    found = [f"{host}: {text}" for host in HOSTS for text in differences(before[host], dump(lab, host))]
    return [text for text in found if "disk0.qcow2" not in text]


async def test_from_nothing_to_a_protected_guest_and_back(bare: Lab, tmp_path: Path) -> None:
    before = {host: dump(bare, host) for host in HOSTS}
    state = bare.state()
    assert state is not None
    app = make_app(tmp_path)
    async with app.run_test(size=(160, 46)) as pilot:
        hand = Hand(app, pilot)
        await hand.until(lambda: type(app.screen).__name__ == "WizardScreen", "the wizard opens")
        await to_review(hand, state)
        await review_and_run(hand)
        await hand.sees("written:")
        await hand.press("enter")
        await hand.page("first protection")
        await hand.until(lambda: app.scene() is not None, "the pair is watched")
        await hand.until(lambda: _may(app, Action.START), "the guest may be started")
        await hand.press("enter")
        await hand.until(lambda: type(app.screen).__name__ == "PlanScreen", "the start's plan")
        await hand.sees("run it")
        await hand.press("enter")
        await hand.until(lambda: _may(app, Action.PROTECT), "the guest runs")
        await hand.sees("back to the cockpit")
        await hand.press("enter")
        await hand.until(lambda: type(app.screen).__name__ == "PlanScreen", "the protection's plan")
        await hand.sees("run it")
        await hand.press("enter")
        await hand.until(lambda: _state(app) is State.PROTECTED, "Protected")
        await hand.sees("back to the cockpit")
        await hand.press("enter")
        await hand.sees("PROTECTED")
    pair = tmp_path / "pair.yaml"
    async with Drive(load(pair)) as drive:
        await drive.until_state(State.PROTECTED)
        await drive.serving(20)
        await drive.act(Action.STOP)
        await drive.act(Action.SHUTDOWN)
    await take_back(pair, tmp_path)
    assert left(bare, before) == []


def _state(app: object) -> State:
    scene = app.scene()  # type: ignore[attr-defined]
    return scene.guest.protection.state if scene is not None else State.UNKNOWN


def _may(app: object, action: Action) -> bool:
    scene = app.scene()  # type: ignore[attr-defined]
    return scene is not None and scene.guest.actions.get(action, "") is None


async def test_killed_in_every_step_of_its_run(bare: Lab, tmp_path: Path) -> None:
    before = {host: dump(bare, host) for host in HOSTS}
    died = index = 0
    while True:
        words = [NAME, str(tmp_path), str(index), str((index % 4) * 0.004)]
        argv = [sys.executable, "-m", "tests.lab.wizard_victim", *words]
        ended = subprocess.run(argv, capture_output=True, text=True, timeout=120)
        assert ended.returncode in (-9, 3), (ended.returncode, ended.stdout[-3000:], ended.stderr[-3000:])
        died += ended.returncode == -9
        index += 1
        if (tmp_path / "pair.yaml").exists():
            break
        assert index < 60
    assert died >= 10, "it was killed in most of its steps"
    async with Drive(load(tmp_path / "pair.yaml")) as drive:
        await drive.protected()
        await drive.act(Action.STOP)
        await drive.act(Action.SHUTDOWN)
    await take_back(tmp_path / "pair.yaml", tmp_path)
    assert left(bare, before) == []

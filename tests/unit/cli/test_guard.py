"""`colotui guard`: arms, tells, and ends with what came of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from colotui.cli import codes, session
from colotui.errors import ActionRefused, ColotuiError
from colotui.model.plan import Action, Progress
from colotui.model.protection import Armed, Event, Severity, Snapshot
from tests.unit.cli.conftest import Colotui
from tests.unit.cli.fake import FakeController

Play = Callable[["Guarded"], None]


class Guarded(FakeController):
    """Arms, and then plays what the test says."""

    play: Play = staticmethod(lambda _controller: None)
    refused: ColotuiError | None = None

    async def arm(self, guest: str, on: bool) -> None:
        self.calls.append(f"arm {guest} {on}")
        if self.refused is not None:
            raise self.refused
        self.put(armed=Armed(time.time(), "ann@desk"))
        self.say("armed")
        asyncio.get_running_loop().call_later(0.05, self.play, self)

    def put(self, **changes: object) -> None:
        view = replace(self.snapshot.guests[0], **changes)  # type: ignore[arg-type]
        self.tell(replace(self.snapshot, guests=(view, *self.snapshot.guests[1:])))

    def say(self, text: str, detail: str = "") -> None:
        event = Event(time.time(), "colotui", f"armed failover: {text}", detail, Severity.OK, "web01")
        self.tell(replace(self.snapshot, events=(*self.snapshot.events, event)))

    def tell(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        for listener in list(self.listeners):
            listener(snapshot)


def failed_over(controller: Guarded, failed: str = "") -> None:
    progress = Progress(Action.FAILOVER, "web01", "Fail over web01 from alpha to beta", (), time.time())
    controller.put(armed=None, progress=progress)
    controller.say("acts", "QEMU 4711 on alpha ended")
    controller.put(progress=replace(progress, ended_at=time.time(), failed=failed))


def disarmed(controller: Guarded) -> None:
    controller.say("disarmed", "not protected")
    controller.put(armed=None)


def interrupted(_controller: Guarded) -> None:
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def guard(
    colotui: Callable[..., Colotui], monkeypatch: pytest.MonkeyPatch
) -> Callable[[Play], tuple[Colotui, Guarded]]:
    def make(play: Play) -> tuple[Colotui, Guarded]:
        made = colotui()
        controller = Guarded(made.pair, replace(made.controller.snapshot, read_only=""))
        controller.play = play
        monkeypatch.setattr(session, "make_controller", lambda _pair, _read_only: controller)
        return made, controller

    return make


Make = Callable[[Play], tuple[Colotui, Guarded]]


@pytest.mark.parametrize(
    ("play", "code", "said"),
    [
        (failed_over, codes.OK, "QEMU 4711 on alpha ended"),
        (lambda c: failed_over(c, "beta: QEMU is still in COLO."), codes.FAILED, "acts"),
        (disarmed, codes.REFUSED, "disarmed: not protected"),
        (interrupted, codes.INTERRUPTED, "armed failover: armed"),
    ],
)
def test_how_it_ends(guard: Make, play: Play, code: int, said: str) -> None:
    colotui, controller = guard(play)
    ran = colotui("guard", "web01")
    assert ran.code == code
    assert said in ran.out
    assert controller.calls == ["start", "arm web01 True", "close"]
    assert not controller.listeners


def test_json_is_one_document_a_line(guard: Make) -> None:
    colotui, _controller = guard(failed_over)
    lines = [json.loads(line) for line in colotui("guard", "web01", "--json").out.splitlines()]
    assert [line["event"]["text"] for line in lines[:-1]] == ["armed failover: armed", "armed failover: acts"]
    assert lines[-1]["exit_code"] == codes.OK


def test_what_cannot_be_armed_ends_at_once(guard: Make) -> None:
    colotui, controller = guard(disarmed)
    controller.refused = ActionRefused("web01: the failover cannot be armed: not protected.", "Protect it first.")
    ran = colotui("guard", "web01")
    assert ran.code == codes.REFUSED
    assert "not protected" in ran.err


def test_read_only_is_refused_before_anything_is_asked(guard: Make) -> None:
    colotui, controller = guard(disarmed)
    assert colotui("--read-only", "guard", "web01").code == codes.REFUSED
    assert controller.calls == []

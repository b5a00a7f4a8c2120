"""Draws the cockpit from the live lab into screenshots/: python -m tests.screenshots [recorded]

As root. Every picture is the real app on a real pair: protected under load, its plan, the primary killed,
the ritual, the result, and the same truth on smaller terminals. With `recorded` only those of the recording that comes
along, which need neither root nor a lab.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from colotui.config import load
from colotui.controller.controller import PairController
from colotui.model.incident import Kind
from colotui.model.plan import Action
from colotui.model.protection import GuestView, State
from colotui.paths import example_recording
from colotui.record.recording import Recording
from colotui.replay.controller import ReplayController
from colotui.ui.app import CockpitApp
from colotui.ui.replayapp import ReplayApp
from tests.lab.client import Client
from tests.ui.pictures import screenshot, to_png

FOLDER = Path(__file__).parents[1] / "screenshots"
WIDTHS = {160: 1970, 100: 1240, 80: 994}


def shoot(app: CockpitApp, name: str) -> None:
    """SVG and PNG of the screen as it is."""
    svg = screenshot(app, FOLDER / f"{name}.svg")
    to_png(svg, WIDTHS.get(app.size.width, 1600))
    print(f"screenshots/{name}", flush=True)


async def until(app: CockpitApp, wanted: Callable[[GuestView], bool], limit: float = 30.0) -> GuestView:
    """Wait until the live guest is as wanted."""
    for _ in range(int(limit / 0.1)):
        view = app.connected.snapshot.guests[0]
        if wanted(view):
            return view
        await asyncio.sleep(0.1)
    raise SystemExit(f"the guest did not become as wanted: {app.connected.snapshot.guests[0].protection}")


async def load_it(client: Client, seconds: float) -> None:
    """Traffic that differs on both sides now and then, as a client would make it."""
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end:
        page = ("/", "/", "/random", "/")[number % 4]
        argv = [*client.argv, "curl", "-s", "-m", "3", "-o", "/dev/null", client.url(page)]
        await (await asyncio.create_subprocess_exec(*argv)).wait()
        number += 1
        await asyncio.sleep(2.2)


async def enter_name(pilot: Pilot[int], name: str) -> None:
    """Type the guest's name."""
    for letter in name:
        await pilot.press(letter)
    await pilot.pause()


async def main(path: str, client: Client, kill: Callable[[str, int], object]) -> None:
    """All pictures."""
    FOLDER.mkdir(exist_ok=True)
    pair = load(path)
    guest = pair.guests[0].name
    controller = PairController(pair)
    app = CockpitApp(controller)
    async with app.run_test(size=(160, 46)) as pilot:
        await asyncio.sleep(3)
        view = app.connected.snapshot.guests[0]
        if view.actions[Action.START] is None:
            await controller.run(await controller.prepare(guest, Action.START))
            await until(app, lambda v: v.probe is not None and v.probe.ok, 60)
            view = app.connected.snapshot.guests[0]
        if view.protection.state is not State.PROTECTED:
            action = Action.REPROTECT if view.actions[Action.REPROTECT] is None else Action.PROTECT
            await controller.run(await controller.prepare(guest, action))
            controller.leave(guest)
        await load_it(client, 75)
        await until(app, lambda v: v.protection.state is State.PROTECTED)
        await asyncio.sleep(1)
        shoot(app, "1-protected-160x46")
        await pilot.press("w")
        await asyncio.sleep(1.5)
        shoot(app, "2-plan-of-a-switch-160x46")
        await pilot.press("escape")
        for size in ((100, 30), (80, 24)):
            await pilot.resize_terminal(*size)
            await asyncio.sleep(1.2)
            shoot(app, f"3-protected-{size[0]}x{size[1]}")
        await pilot.resize_terminal(160, 46)
        for theme in ("light", "high-contrast", "colour-blind-safe", "sixteen"):
            app.use_theme(theme)
            await asyncio.sleep(1.2)
            shoot(app, f"4-protected-{theme}-160x46")
        app.use_theme("dark")
        view = await until(app, lambda v: v.protection.state is State.PROTECTED)
        primary = view.protection.primary
        kill(pair.host(primary).name, view.copies[primary].pid or 0)
        await until(app, lambda v: v.protection.do_now is Action.FAILOVER)
        await asyncio.sleep(5)
        shoot(app, "5-primary-killed-160x46")
        for size in ((100, 30), (80, 24)):
            await pilot.resize_terminal(*size)
            await asyncio.sleep(1.2)
            shoot(app, f"5-primary-killed-{size[0]}x{size[1]}")
        await pilot.resize_terminal(160, 46)
        await pilot.press("f")
        await asyncio.sleep(1.5)
        await enter_name(pilot, guest[:-1])
        shoot(app, "6-ritual-160x46")
        await enter_name(pilot, guest[-1])
        await pilot.press("enter")
        await until(app, lambda v: v.protection.state is State.FAILED_OVER)
        await asyncio.sleep(2)
        shoot(app, "7-failed-over-result-160x46")
        await pilot.press("enter")
        await asyncio.sleep(1.5)
        shoot(app, "8-failed-over-160x46")
        await controller.run(await controller.prepare(guest, Action.REPROTECT))
        await asyncio.sleep(1)


async def recorded() -> None:
    """The replay at the moment of the first incident that took the service away."""
    recording = Recording.open(example_recording())
    killed = next(one for _guest, one in recording.incidents() if one.now.kind is Kind.PRIMARY_DEAD)
    app = ReplayApp(ReplayController(recording, at=killed.opened_at + 0.5))
    async with app.run_test(size=(160, 46)) as pilot:
        await pilot.press("space")  # it plays at once; a picture wants a moment
        await asyncio.sleep(1)
        shoot(app, "10-replay-160x46")
        await pilot.press("i")
        await asyncio.sleep(1)
        shoot(app, "11-incident-160x46")
    recording.close()


if __name__ == "__main__":
    if sys.argv[1:] == ["recorded"]:
        asyncio.run(recorded())
        raise SystemExit(0)
    from tests.lab.running import running_lab

    with running_lab() as lab:
        asyncio.run(
            main(
                lab.pair_path,
                lab.client,
                lambda host, pid: subprocess.run(lab.host_argv(host, ["kill", "-9", str(pid)]), check=True),
            )
        )

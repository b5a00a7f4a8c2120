"""One plan at a time; a plan whose end is on the screen does not stand in the way of the next key."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from colotui.controller.runs import Runs
from colotui.errors import ActionRefused
from colotui.model.plan import Progress
from colotui.model.protection import Event
from tests.unit.controller.test_runner import World


class Watch:
    """A guest that takes its time to be looked at."""

    def __init__(self) -> None:
        self.seen = asyncio.Event()
        self.progress: Progress | None = None
        self.half_run: dict[str, str] = {}
        self.gap_ms: float | None = None
        self.settling = False
        self.engine = SimpleNamespace(note=None)

    async def look(self) -> None:
        await self.seen.wait()


async def nothing(guest: str) -> None:
    """Nothing is to be done when a plan is over."""


def runs_of(watch: Watch, events: list[Event]) -> Runs:
    watches: Any = {"web01": watch}
    return Runs({}, watches, events.append, lambda *_: None, nothing, lambda _guest: None, lambda: None)


async def test_second_plan_is_refused_while_one_runs() -> None:
    world, watch, events = World(), Watch(), list[Event]()
    gate = asyncio.Event()
    step = world.step("a")

    async def waits() -> str:
        await gate.wait()
        return "done"

    object.__setattr__(step, "apply", waits)
    plan = world.plan("b")
    object.__setattr__(plan, "steps", (step,))
    runs = runs_of(watch, events)
    first = asyncio.create_task(runs.launch(plan, "operator"))
    await asyncio.sleep(0)
    assert runs.running() == runs.running("web01") == "test"
    assert not runs.running("db01")
    with pytest.raises(ActionRefused, match="is running"):
        await runs.one_at_a_time()
    gate.set()
    watch.seen.set()
    assert not (await first).failed
    await runs.one_at_a_time()
    assert not runs.running()


async def test_retry_waits_for_what_a_failed_plan_still_looks_at() -> None:
    world, watch, events = World(), Watch(), list[Event]()
    world.broken.add("b")
    runs = runs_of(watch, events)
    first = asyncio.create_task(runs.launch(world.plan("a", "b"), "operator"))
    while watch.progress is None or not watch.progress.failed:
        await asyncio.sleep(0)
    # The operator reads "failed" and presses the key before the guest was looked at.
    world.broken.clear()
    again = runs.failed("web01")
    ready = asyncio.create_task(runs.one_at_a_time())
    await asyncio.sleep(0)
    assert not ready.done()
    assert watch.settling  # the copies are as they were in the midst of the plan: no incident may be made of them
    watch.seen.set()
    await ready
    assert (await first).failed
    assert not watch.settling
    assert not (await runs.again(again)).failed
    assert [event.text for event in events] == ["test", "protect web01: failed", "protect web01: done"]
    with pytest.raises(ActionRefused, match="no plan has failed"):
        runs.failed("web01")

"""A set-up that plays what a test tells it to: two hosts that answer, look, test, and run a plan step by step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from colotui.errors import ColotuiError, ConfigError
from colotui.model.cable import CableReport
from colotui.model.pair import Pair
from colotui.model.plan import Plan, Progress, StepState
from colotui.model.setup import Draft, Look, Reached
from colotui.model.survey import Image
from tests.ui import wizardsamples as ws


class FakePreparing:
    """`answers` are what reaching a host gives; `accepted` what it gives once its key is accepted.

    `raises` maps a call to the error it raises. `gate` holds up every slow call while it is not set. `fail_at` is the
    step of the plan that fails, once.
    """

    def __init__(self, draft: Draft = ws.EMPTY, path: Path | None = None) -> None:
        self._draft = draft
        self._reached: list[Reached | None] = [None, None]
        self._seen: Look | None = None
        self._progress: Progress | None = None
        self._listeners: list[Callable[[], None]] = []
        self.path = path or Path(ws.PAIR_FILE)
        self.answers: dict[int, Reached] = {0: ws.reached(0), 1: ws.reached(1)}
        self.gives = ws.look()
        self.tested = False
        self.raises: dict[str, ColotuiError] = {}
        self.calls: list[tuple[object, ...]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.fail_at = -1
        self.hold_at = -1
        self.cancel_reason: str | None = None
        self.closed = False
        self.images = {0: ws.image(0), 1: ws.image(1)}
        self._planned = ws.plan()

    def _called(self, *call: object) -> None:
        self.calls.append(call)
        error = self.raises.get(str(call[0]))
        if error is not None:
            raise error

    def tell(self) -> None:
        for listener in list(self._listeners):
            listener()

    @property
    def draft(self) -> Draft:
        return self._draft

    def change(self, draft: Draft) -> None:
        self._called("change", draft)
        self._draft = draft

    def problems(self) -> tuple[str, ...]:
        found = []
        for host in self._draft.hosts:
            if not host.address:
                found.append(f"{host.name} has no address.")
            if not host.forward_nic or not host.forward_address:
                found.append(f"{host.name} has no forward NIC: choose one on the page “network”.")
        if not self._draft.guest.disk:
            found.append("the guest has no disk.")
        return tuple(found)

    async def _reach(self, place: int, answer: Reached) -> Reached:
        await self.gate.wait()
        self._reached[place] = answer
        self.tell()
        return answer

    async def reach(self, place: int) -> Reached:
        self._called("reach", place, self._draft.hosts[place].address)
        return await self._reach(place, self.answers[place])

    async def accept(self, place: int, fingerprint: str) -> Reached:
        self._called("accept", place, fingerprint)
        if fingerprint != self.answers[place].fingerprint:
            return await self._reach(place, self.answers[place])
        self.answers[place] = ws.reached(place)
        return await self._reach(place, ws.reached(place))

    @property
    def reached(self) -> tuple[Reached | None, Reached | None]:
        return self._reached[0], self._reached[1]

    async def look(self) -> Look:
        self._called("look")
        await self.gate.wait()
        self._seen = replace(self.gives, cable=self.gives.cable if self.tested else None)
        return self._seen

    @property
    def seen(self) -> Look | None:
        return self._seen

    async def test_cable(self) -> CableReport:
        self._called("cable")
        await self.gate.wait()
        self.tested = True
        assert self.gives.cable is not None
        return self.gives.cable

    async def image(self, place: int, path: str) -> Image:
        self._called("image", place, path)
        await self.gate.wait()
        return self.images[place]

    async def plan(self, only: tuple[str, ...] = ()) -> Plan:
        self._called("plan", only)
        if self.problems():
            raise ConfigError("draft", 0, self.problems()[0])
        return self._planned

    async def undo_plan(self, only: tuple[str, ...] = ()) -> Plan:
        self._called("undo_plan", only)
        return self._planned

    async def states(self, plan: Plan) -> Mapping[int, StepState]:
        self._called("states")
        await self.gate.wait()
        return ws.STATES

    async def run(self, plan: Plan) -> Progress:
        self._called("run", plan.title)
        return await self._go(0)

    async def _go(self, start: int) -> Progress:
        for index in range(start, len(ws.STEPS)):
            self._progress = ws.progress(index)
            self.tell()
            await asyncio.sleep(0)
            if index == self.hold_at:
                await self.gate.wait()
            if index == self.fail_at:
                self.fail_at = -1
                self._progress = ws.progress(index, failed="beta: `ethtool` ended with status 1: Cannot change gro")
                self.tell()
                return self._progress
        self._progress = ws.progress(len(ws.STEPS), ended=True)
        self.tell()
        return self._progress

    async def retry(self) -> Progress:
        self._called("retry")
        assert self._progress is not None
        return await self._go(self._progress.current)

    async def undo(self) -> Progress:
        self._called("undo")
        self._progress = ws.progress(0, ended=True, undoing=True)
        self.tell()
        return self._progress

    def cancel(self) -> str | None:
        self._called("cancel")
        return self.cancel_reason

    @property
    def progress(self) -> Progress | None:
        return self._progress

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def write_pair(self) -> Path:
        self._called("write_pair")
        return self.path

    @property
    def pair(self) -> Pair | None:
        return None

    async def close(self) -> None:
        self._called("close")
        self.closed = True

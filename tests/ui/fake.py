"""A controller that plays what a test tells it to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from colotui.controller.base import Listener
from colotui.errors import ActionRefused, ColotuiError
from colotui.model.bundle import Bundle
from colotui.model.facts import Missing
from colotui.model.mismatch import Mismatch
from colotui.model.packet import CaptureView, PacketPair
from colotui.model.plan import Action, Plan, Progress
from colotui.model.protection import Armed, Snapshot
from tests.ui import samples


class FakeController:
    """`prepared` is what prepare gives (or raises); `outcome` what run, retry and undo give."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._listeners: list[Listener] = []
        self.prepared: Plan | ColotuiError = samples.failover_plan()
        self.outcome: Progress | ColotuiError = samples.progress(ended=True)
        self.calls: list[tuple[str, ...]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.started = False
        self.closed = False
        self.cancel_reason: str | None = None
        self.found: PacketPair | Missing | ColotuiError = Missing("no packets were captured")
        self.capture_refused: ColotuiError | None = None
        self.bundled: Bundle | ColotuiError = ActionRefused("no bundle is made here")

    @property
    def snapshot(self) -> Snapshot:
        return self._snapshot

    def publish(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        for listener in list(self._listeners):
            listener(snapshot)

    def show_progress(self, progress: Progress | None) -> None:
        guest = replace(self._snapshot.guests[0], progress=progress)
        self.publish(replace(self._snapshot, guests=(guest, *self._snapshot.guests[1:])))

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def start(self) -> None:
        self.started = True

    async def close(self) -> None:
        self.closed = True

    def refusal(self, guest: str, action: Action) -> str | None:
        return self._snapshot.guests[0].actions.get(action)

    async def prepare(self, guest: str, action: Action) -> Plan:
        self.calls.append(("prepare", guest, action.value))
        if isinstance(self.prepared, ColotuiError):
            raise self.prepared
        return self.prepared

    async def _end(self) -> Progress:
        await self.gate.wait()
        if isinstance(self.outcome, ColotuiError):
            raise self.outcome
        self.show_progress(self.outcome)
        return self.outcome

    async def run(self, plan: Plan, typed: str = "") -> Progress:
        self.calls.append(("run", plan.guest, plan.action.value, typed))
        if plan.confirm and typed != plan.confirm:
            raise ActionRefused("the name was not typed")
        self.show_progress(samples.progress(running=2))
        return await self._end()

    async def retry(self, guest: str) -> Progress:
        self.calls.append(("retry", guest))
        return await self._end()

    async def undo(self, guest: str) -> Progress:
        self.calls.append(("undo", guest))
        return await self._end()

    async def arm(self, guest: str, on: bool) -> None:
        self.calls.append(("arm", guest, "on" if on else "off"))
        armed = Armed(self._snapshot.at, "operator@desk") if on else None
        view = replace(self._snapshot.guests[0], armed=armed)
        self.publish(replace(self._snapshot, guests=(view, *self._snapshot.guests[1:])))

    def leave(self, guest: str) -> None:
        self.calls.append(("leave", guest))
        self.show_progress(None)

    def cancel(self, guest: str) -> str | None:
        self.calls.append(("cancel", guest))
        return self.cancel_reason

    async def capture(self, guest: str, on: bool) -> None:
        self.calls.append(("capture", guest, "on" if on else "off"))
        if self.capture_refused is not None:
            raise self.capture_refused
        view = CaptureView(samples.NOW, samples.NOW + 600.0, samples.NOW, {"alpha": 24, "beta": 24}) if on else None
        guest_view = replace(self._snapshot.guests[0], capture=view)
        self.publish(replace(self._snapshot, guests=(guest_view, *self._snapshot.guests[1:])))

    async def packets(self, guest: str, mismatch: Mismatch) -> PacketPair | Missing:
        self.calls.append(("packets", guest, mismatch.what))
        await self.gate.wait()
        if isinstance(self.found, ColotuiError):
            raise self.found
        return self.found

    async def bundle(self, guest: str, incident: str = "") -> Bundle:
        self.calls.append(("bundle", guest, incident))
        await self.gate.wait()
        if isinstance(self.bundled, ColotuiError):
            raise self.bundled
        return self.bundled

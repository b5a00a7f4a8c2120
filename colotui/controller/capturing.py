"""Switches the packet captures of a pair on and off, keeps them within their bounds, and finds a mismatch's packets."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping

from colotui.controller.guest import GuestWatch
from colotui.diagnosis.evidence import in_step
from colotui.errors import ActionRefused, ColotuiError
from colotui.model.facts import Missing
from colotui.model.mismatch import Mismatch
from colotui.model.packet import PacketPair
from colotui.model.protection import Event, Role
from colotui.tasks import end

log = logging.getLogger(__name__)

PERIOD = 0.5
"""Seconds between two looks at a capture."""

_LEAVING = 3.0
"""Seconds a closing cockpit takes to switch off what it switched on."""


class CaptureKeeper:
    """The captures of one pair. `may_act(guest)`: this cockpit holds the guest's lock and no plan of it runs."""

    def __init__(
        self,
        watches: Mapping[str, GuestWatch],
        may_act: Callable[[str], bool],
        emit: Callable[[Event], None],
    ) -> None:
        self._watches = watches
        self._may_act = may_act
        self._emit = emit
        self._ours: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to look."""
        self._tasks = [asyncio.create_task(self._keep(name)) for name in self._watches]

    async def close(self) -> None:
        """Stop looking. What this cockpit switched on ends with it: nobody else would keep the file small."""
        await end(self._tasks)
        for name in self._ours:
            with contextlib.suppress(ColotuiError, TimeoutError):
                async with asyncio.timeout(_LEAVING):
                    await self._watches[name].engine.capture.end()

    async def switch(self, guest: str, *, on: bool) -> None:
        """Switch the capture on or off. Raises ActionRefused, HostError or EngineError."""
        watch = self._watches[guest]
        await watch.look()
        capture = watch.engine.capture
        if not on:
            await capture.end()
            self._ours.discard(guest)
            self._tell(guest, "packet capture off")
            return
        if capture.is_on:
            return
        copies = {copy.role: copy.host for copy in watch.copies.values()}
        if not in_step(*watch.copies.values()) or {Role.PRIMARY, Role.SECONDARY} - set(copies):
            raise ActionRefused(
                f"{guest} is not protected: there are no two copies whose packets could be compared.",
                "Protect it, then switch the capture on.",
            )
        await capture.begin(copies[Role.PRIMARY], copies[Role.SECONDARY])
        self._ours.add(guest)
        self._tell(guest, "packet capture on", "the replies of both copies are kept until it is switched off")

    async def plan_ended(self, guest: str) -> None:
        """A plan changed the copies: what it left of a capture is of no use, and must not stay."""
        capture = self._watches[guest].engine.capture
        if capture.is_on:
            await capture.end()
            self._tell(guest, "packet capture off", "the copies are no longer what they were")

    async def packets(self, guest: str, mismatch: Mismatch) -> PacketPair | Missing:
        """The packets behind a mismatch, or why there are none. Raises HostError."""
        watch = self._watches[guest]
        copies = {copy.role: copy.host for copy in watch.copies.values()}
        primary, secondary = copies.get(Role.PRIMARY), copies.get(Role.SECONDARY)
        if primary is None or secondary is None:
            return Missing("the two copies are no longer there")
        return await watch.engine.capture.packets(mismatch, primary, secondary, watch.spec.compare_timeout / 1000.0)

    async def _keep(self, guest: str) -> None:
        capture = self._watches[guest].engine.capture
        while True:
            await asyncio.sleep(PERIOD)
            try:
                remark = await capture.look(may_act=self._may_act(guest))
            except ColotuiError as error:
                log.warning("%s: the packet capture cannot be looked at: %s", guest, error)
                continue
            if remark:
                self._tell(guest, remark)

    def _tell(self, guest: str, text: str, detail: str = "") -> None:
        self._emit(Event(time.time(), "colotui", text, detail, guest=guest))

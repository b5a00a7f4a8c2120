"""Keeps the channel to one host: connects, notices its loss, and tries again with back-off."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from colotui.errors import ColotuiError, HostKeyChanged, HostKeyUnknown
from colotui.host.channel import Host
from colotui.model.protection import LinkState
from colotui.tasks import end

FIRST_WAIT, LONGEST_WAIT = 0.5, 5.0
"""Seconds between two tries: doubled from the first to the longest."""


class Keeper:
    """One host's channel. `on_up` and `on_down(reason)` run on the loop, in order."""

    def __init__(
        self,
        host: Host,
        on_up: Callable[[], Awaitable[None]],
        on_down: Callable[[str], Awaitable[None]],
    ) -> None:
        self.host = host
        self.state = LinkState.CONNECTING
        self.since = time.time()
        self.error: ColotuiError | None = None
        self.next_try_at: float | None = None
        self.tried = asyncio.Event()
        self._on_up = on_up
        self._on_down = on_down
        self._task: asyncio.Task[None] | None = None

    @property
    def why(self) -> str:
        """The sentence and the next step while the channel is down."""
        return str(self.error) if self.error else ""

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """End the keeping and the channel."""
        if self._task is not None:
            await end([self._task])
        await self.host.close()

    async def _keep(self) -> None:
        wait = FIRST_WAIT
        while True:
            try:
                await self.host.connect()
            except ColotuiError as error:
                self._down(error)
                # A key that was not accepted does not become right by itself: try rarely, but do try.
                pause = LONGEST_WAIT if isinstance(error, HostKeyUnknown | HostKeyChanged) else wait
                self.tried.set()
                self.next_try_at = time.time() + pause
                await asyncio.sleep(pause)
                wait = min(wait * 2, LONGEST_WAIT)
                continue
            wait = FIRST_WAIT
            self.state, self.since, self.error, self.next_try_at = LinkState.UP, time.time(), None, None
            await self._on_up()
            self.tried.set()
            reason = await self.host.wait_lost()
            self._down(ColotuiError(f"{self.host.name}: the channel ended ({reason}).", "It is tried again by itself."))
            await self._on_down(reason)

    def _down(self, error: ColotuiError) -> None:
        if self.state is not LinkState.DOWN:
            self.since = time.time()
        self.state, self.error = LinkState.DOWN, error

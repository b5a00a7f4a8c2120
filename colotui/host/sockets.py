"""Sockets of a host as ordinary sockets of this process: one end of a pair, the other pumped through the channel."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from colotui.errors import HostError
from colotui.host.session import Channel

_SIZE = 256 << 10


class Pump:
    """Carries between one end of a local socket pair and a stream of the channel until either ends."""

    def __init__(self, channel: Channel, kind: socket.SocketKind) -> None:
        self.ours, self._far = socket.socketpair(socket.AF_UNIX, kind)
        for end in (self.ours, self._far):
            end.setblocking(False)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SIZE)
        self._channel = channel
        self.error: HostError | None = None
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        out = asyncio.create_task(self._out())
        inward = asyncio.create_task(self._in())
        try:
            await asyncio.wait((out, inward), return_when=asyncio.FIRST_COMPLETED)
            if out.done() and not inward.done():
                # ours was closed; what it sent last is still on its way
                self._channel.finish()
                await asyncio.wait((inward,), timeout=1.0)
        finally:
            for task in (out, inward):
                task.cancel()
            await asyncio.gather(out, inward, return_exceptions=True)
            self._channel.close()
            self._far.close()

    async def _out(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while data := await loop.sock_recv(self._far, 65536):
                await self._channel.send(data)
        except (OSError, HostError):
            return

    async def _in(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while (piece := await self._channel.receive()) is not None:
                await loop.sock_sendall(self._far, piece[1])
        except HostError as error:
            self.error = error
        except OSError:
            return

    async def close(self) -> None:
        """End it and wait for the end."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def when_done(self, action: Callable[[], None]) -> None:
        """Call `action` when the pump ended."""
        self._task.add_done_callback(lambda _: action())

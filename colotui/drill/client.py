"""The client of a drill: pings the guest and asks its service for numbers; knows what it was told, and when not."""

from __future__ import annotations

import asyncio
import contextlib
import re
from itertools import pairwise
from urllib.parse import urlsplit

from colotui.errors import ActionRefused
from colotui.model.pair import GuestSpec
from colotui.tasks import end

INTERVAL = 0.02
"""Seconds between two pings: how exactly a gap is known."""

PAGE_LIMIT = 3.0
"""Seconds one answer of the service may take."""

_REPLY = re.compile(rb"^\[(\d+\.\d+)\].*icmp_seq=")


class Client:
    """A client of one guest, for `async with`. `numbers`: each one the service acknowledged, in order."""

    def __init__(self, spec: GuestSpec) -> None:
        found = urlsplit(spec.probe.url) if spec.probe is not None else None
        if found is None or not found.hostname:
            raise ActionRefused(f"{spec.name}: a drill needs a guest with an http probe.", "Drills run in the lab.")
        self.address, self._port = found.hostname, found.port or 80
        self.numbers: list[int] = []
        self._told = asyncio.Event()
        self._replies: list[float] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._ping: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Client:
        self._ping = await asyncio.create_subprocess_exec(
            "ping", "-D", "-n", "-i", f"{INTERVAL}", self.address,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
        )  # fmt: skip
        self._tasks = [asyncio.create_task(self._listen(self._ping)), asyncio.create_task(self._count())]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._ping is not None:
            with contextlib.suppress(ProcessLookupError):
                self._ping.kill()
            await self._ping.wait()
        await end(self._tasks)

    def silence(self, since: float) -> float | None:
        """The longest time without a reply from the last one before `since` on, in s; None while it lasts."""
        before = [at for at in self._replies if at <= since]
        after = [at for at in self._replies if at > since]
        times = [*before[-1:], *after]
        return max((b - a for a, b in pairwise(times)), default=None) if after else None

    async def answered(self, limit: float) -> bool:
        """Wait for a number that was not acknowledged before."""
        self._told.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                return await self._told.wait()
        return False

    @property
    def broken_promises(self) -> tuple[int, ...]:
        """Numbers that came after a higher or an equal one: an acknowledged one was lost before them."""
        return tuple(b for a, b in pairwise(self.numbers) if b <= a)

    async def _listen(self, ping: asyncio.subprocess.Process) -> None:
        assert ping.stdout is not None
        async for line in ping.stdout:
            found = _REPLY.match(line)
            if found is not None:
                self._replies.append(float(found[1]))

    async def _count(self) -> None:
        while True:
            with contextlib.suppress(OSError, TimeoutError, ValueError, IndexError):
                async with asyncio.timeout(PAGE_LIMIT):
                    self.numbers.append(await self._number())
                    self._told.set()
            await asyncio.sleep(0.05)

    async def _number(self) -> int:
        reader, writer = await asyncio.open_connection(self.address, self._port)
        try:
            writer.write(f"GET /counter HTTP/1.0\r\nHost: {self.address}\r\n\r\n".encode())
            head, body = (await reader.read(4096)).split(b"\r\n\r\n", 1)
            if b" 200 " not in head.split(b"\r\n", 1)[0]:
                raise ValueError("the service refused")
            return int(body)
        finally:
            writer.transport.abort()

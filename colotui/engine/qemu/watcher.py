"""Follows what QEMU writes on a host: the trace log, its own error lines, and the guest's console for an oops."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable

from colotui.engine.qemu.trace import TraceItem, TraceParser
from colotui.engine.qemu.wiring import Wiring
from colotui.errors import HostError
from colotui.host.channel import Host
from colotui.tasks import end

HISTORY = 512 << 10
"""Bytes of an old trace read back when a cockpit attaches: minutes to hours of checkpoints."""

OOPS = re.compile(
    rb"BUG: [^\r\n]{0,120}|Oops: [^\r\n]{0,60}|general protection fault[^\r\n]{0,60}|Kernel panic[^\r\n]{0,90}"
)


class Watcher:
    """Tails the three logs of one copy until it is closed. The callbacks run on the loop."""

    def __init__(
        self,
        host: Host,
        wiring: Wiring,
        on_trace: Callable[[str, list[TraceItem]], None],
        on_message: Callable[[str, str], None],
        on_oops: Callable[[str, str], None],
    ) -> None:
        self._host = host
        self._run = wiring.run_dir
        self._on_trace = on_trace
        self._on_message = on_message
        self._on_oops = on_oops
        self._tasks: list[asyncio.Task[None]] = []
        self.caught_up = asyncio.Event()

    def start(self) -> None:
        """Begin to follow."""
        for follow in (self._trace, self._errors, self._console):
            self._tasks.append(asyncio.create_task(self._guard(follow)))

    async def close(self) -> None:
        """Stop following."""
        await end(self._tasks)
        self._tasks.clear()

    async def _guard(self, follow: Callable[[], object]) -> None:
        # A lost host ends the tail; the engine starts a new one when the host is back.
        with contextlib.suppress(HostError):
            await follow()  # type: ignore[misc]

    async def _size(self, path: str) -> int:
        answer = (await self._host.stat([path]))[path]
        return int(getattr(answer, "size", 0))

    async def _trace(self) -> None:
        path = f"{self._run}/trace.log"
        size = await self._size(path)
        offset = max(0, size - HISTORY)
        parser = TraceParser()
        if not size:
            self.caught_up.set()
        async for chunk in self._host.tail(path, offset):
            offset += len(chunk)
            if offset >= size:
                self.caught_up.set()
            items = parser.feed(chunk)
            if items:
                self._on_trace(self._host.name, items)

    async def _errors(self) -> None:
        rest = b""
        path = f"{self._run}/stderr.log"
        async for chunk in self._host.tail(path, await self._size(path)):
            *lines, rest = (rest + chunk)[-65536:].split(b"\n")
            for line in lines:
                if line.strip():
                    self._on_message(self._host.name, line[:500].decode("utf-8", "replace"))

    async def _console(self) -> None:
        rest = b""
        async for chunk in self._host.tail(f"{self._run}/serial.log", 0):
            text = rest + chunk
            for match in OOPS.finditer(text):
                if match.end() > len(rest):
                    self._on_oops(self._host.name, match.group().decode("utf-8", "replace"))
            rest = text[-256:]

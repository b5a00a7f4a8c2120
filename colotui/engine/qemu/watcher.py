"""Follows what QEMU writes on a host: the trace log, its own error lines, and the guest's console."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

from colotui.engine.qemu.trace import TraceItem, TraceParser
from colotui.engine.qemu.wiring import Wiring
from colotui.engine.qemu.witness import CONSOLE_RE, console_words
from colotui.errors import HostError
from colotui.host.channel import Host
from colotui.tasks import end

HISTORY = 512 << 10
"""Bytes of an old trace read back when a cockpit attaches: minutes to hours of checkpoints."""

LAST_WORDS = 64
"""Bytes that may follow a panic on a console that nobody watched (`Rebooting in 10 seconds..`): more, and the guest has
gone on since; one that boots quietly says little (measured: 87 bytes until it serves)."""

OVERLAP = 256
"""Bytes of a console looked at again with what follows: more than the longest word there is."""


class Watcher:
    """Tails the three logs of one copy until it is closed. The callbacks run on the loop.

    `on_console(host, what, text, at)`: a word of witness.CONSOLE; `at` is None when it was written just now.
    """

    def __init__(
        self,
        host: Host,
        wiring: Wiring,
        on_trace: Callable[[str, list[TraceItem]], None],
        on_message: Callable[[str, str], None],
        on_console: Callable[[str, str, str, float | None], None],
    ) -> None:
        self._host = host
        self._run = wiring.run_dir
        self._on_trace = on_trace
        self._on_message = on_message
        self._on_console = on_console
        self._tasks: list[asyncio.Task[None]] = []
        self.caught_up = asyncio.Event()
        self.trace = TraceParser()

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
        parser = self.trace
        if not size:
            self.caught_up.set()
        async for chunk in self._host.tail(path, offset):
            offset += len(chunk)
            if offset >= size:
                self.caught_up.set()
            items = parser.feed(chunk)
            if items:
                self._on_trace(self._host.name, items)
            # A flood comes without a pause: the screen and the keys get their turn between any two pieces.
            await asyncio.sleep(0)

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
        path = f"{self._run}/serial.log"
        found = (await self._host.stat([path]))[path]
        size, written = int(getattr(found, "size", 0)), float(getattr(found, "mtime", time.time()))
        read = 0
        async for chunk in self._host.tail(path, 0):
            text = rest + chunk
            read += len(chunk)
            for match in CONSOLE_RE.finditer(text):
                if match.end() <= len(rest):
                    continue
                place = read - len(text) + match.end()
                # What was there before we came has no time but the file's, and only its last words still hold.
                old = place <= size
                if not old or size - place <= LAST_WORDS:
                    self._on_console(self._host.name, *console_words(match), written if old else None)
                elif match.lastgroup in ("oops", "panic"):
                    self._on_console(self._host.name, "past-oops", console_words(match)[1], written)
            rest = text[-OVERLAP:]

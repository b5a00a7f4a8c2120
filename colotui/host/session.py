"""One living channel: requests and their answers, streams with flow control, and the moment it ends."""

from __future__ import annotations

import asyncio
import errno
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

from colotui.errors import HostCallFailed, HostLost
from colotui.host.agent import wire
from colotui.host.transport import Transport

Reply = tuple[dict[str, Any], bytes]

#: A beat keeps the agent's lease alive and finds an agent that hangs.
BEAT = 2.0
SILENCE = 8.0
CALL_TIMEOUT = 15.0
_BACK_TO_IT = "It will be tried again; what runs there goes on."


class Channel:
    """One stream to the agent. What is not taken stays there: the agent waits for credit."""

    def __init__(self, session: Session, number: int) -> None:
        self._session = session
        self._number = number
        self._arrived: deque[tuple[dict[str, Any], bytes]] = deque()
        self._change = asyncio.Event()
        self._credit = wire.WINDOW
        self._room = asyncio.Event()
        self._room.set()
        self._ended: tuple[int, str] | None = None
        self._closed = False
        self._owed = 0
        self._held = 0

    @property
    def host(self) -> str:
        """The name of the host at the other end."""
        return self._session.name

    async def receive(self) -> tuple[dict[str, Any], bytes] | None:
        """The next piece; None when the other side ended well. HostLost, or HostCallFailed when it ended badly."""
        while not self._arrived:
            if self._closed:
                return None
            if self._ended is not None:
                number, why = self._ended
                if number:
                    raise HostCallFailed(self._session.name, why, number)
                return None
            self._session.check()
            self._change.clear()
            await self._change.wait()
        head, body = self._arrived.popleft()
        self._held -= len(body)
        self._owed += len(body)
        if self._owed >= wire.WINDOW // 4 or not self._arrived:
            self._session.post({"ch": self._number, "credit": self._owed})
            self._owed = 0
        return head, body

    async def send(self, data: bytes) -> None:
        """Send bytes when there is room on the other side."""
        view = memoryview(data)
        while view:
            await self._room.wait()
            self._session.check()
            if self._closed or self._ended is not None:
                raise HostCallFailed(self._session.name, "the stream is closed.", errno.EPIPE)
            piece = bytes(view[: wire.CHUNK])
            view = view[len(piece) :]
            self._credit -= len(piece)
            if self._credit <= 0:
                self._room.clear()
            self._session.post({"ch": self._number}, piece)
            await self._session.drain()

    def finish(self) -> None:
        """Say that we send no more; what was sent is still delivered."""
        if not self._closed and self._ended is None:
            self._session.post({"ch": self._number, "finish": 1})

    def close(self) -> None:
        """End the stream now."""
        if self._closed:
            return
        self._closed = True
        self._session.forget(self._number)
        if self._ended is None:
            self._session.post({"ch": self._number, "close": 1})
        self.wake()

    def wake(self) -> None:
        """Let whoever waits look again."""
        self._change.set()
        self._room.set()

    def arrive(self, head: dict[str, Any], body: bytes) -> None:
        """A frame of this stream came in."""
        if "end" in head:
            number, why = head["end"]
            self._ended = (int(number), str(why))
            self._session.forget(self._number)
            self.wake()
        elif "credit" in head:
            self._credit += int(head["credit"])
            if self._credit > 0:
                self._room.set()
        else:
            self._held += len(body)
            if self._held > 2 * wire.WINDOW:
                raise ValueError("more than it may send")
            self._arrived.append((head.get("data") or {}, body))
            self._change.set()


class Session:
    """The channel from connect to loss."""

    def __init__(self, name: str, transport: Transport, on_lost: Callable[[str], None]) -> None:
        self.name = name
        self.hello: dict[str, Any] = {}
        self.rtt_ms: float | None = None
        self.lost_why: str | None = None
        self._transport = transport
        self._on_lost = on_lost
        self._unpacker = wire.Unpacker()
        self._numbers = 0
        self._pending: dict[int, asyncio.Future[Reply]] = {}
        self._channels: dict[int, Channel] = {}
        self._greeted = asyncio.Event()
        self._heard = time.monotonic()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, first: bytes) -> None:
        """Begin to read; returns when the agent has greeted."""
        self._take(first)
        for job in (self._read(), self._beat()):
            task = asyncio.create_task(job)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await self._greeted.wait()
        self.check()

    def check(self) -> None:
        """Raise HostLost when the channel ended."""
        if self.lost_why is not None:
            raise HostLost(self.name, f"the channel ended ({self.lost_why}).", _BACK_TO_IT)

    def post(self, head: dict[str, Any], body: bytes = b"") -> None:
        """Queue a frame; nothing when the channel ended."""
        if self.lost_why is None:
            self._transport.write(wire.pack(head, body))

    async def drain(self) -> None:
        """Wait until the way out is free."""
        try:
            await self._transport.drain()
        except OSError:
            self.check()

    async def call(self, op: str, args: dict[str, Any], body: bytes = b"", limit: float | None = CALL_TIMEOUT) -> Reply:
        """One request and its answer. An errno of the host is HostCallFailed."""
        self.check()
        self._numbers += 1
        number = self._numbers
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._pending[number] = future
        self.post({"id": number, "op": op, "args": args}, body)
        try:
            if limit is None:
                return await future
            async with asyncio.timeout(limit):
                return await future
        except TimeoutError:
            self.post({"ch": number, "close": 1})
            raise HostCallFailed(
                self.name, f"no answer to `{op}` within {limit:g} s.", errno.ETIMEDOUT, "Something hangs there."
            ) from None
        except asyncio.CancelledError:
            self.post({"ch": number, "close": 1})
            raise
        finally:
            self._pending.pop(number, None)

    async def open(self, op: str, args: dict[str, Any]) -> tuple[Channel, dict[str, Any]]:
        """Open a stream; the agent's first answer comes with it."""
        channel = Channel(self, self._numbers + 1)
        self._channels[self._numbers + 1] = channel
        try:
            head, _ = await self.call(op, args)
        except BaseException:
            channel.close()
            raise
        return channel, head

    def forget(self, number: int) -> None:
        """A stream is over."""
        self._channels.pop(number, None)

    async def close(self) -> None:
        """End the channel from our side."""
        self._lose("closed")
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._transport.close()

    async def _read(self) -> None:
        why = ""
        try:
            while self.lost_why is None and (data := await self._transport.read()):
                self._heard = time.monotonic()
                self._take(data)
        except OSError as error:
            why = str(error) or type(error).__name__
        self._lose(why or await self._transport.why())

    def _take(self, data: bytes) -> None:
        try:
            self._dispatch(data)
        except wire.WireError as error:
            self._lose(str(error))
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            self._lose(f"the agent sent nonsense: {error!r}")  # a host is not trusted to keep to the protocol

    def _dispatch(self, data: bytes) -> None:
        for head, body in self._unpacker.feed(data):
            if "ch" in head:
                channel = self._channels.get(head["ch"])
                if channel is not None:
                    channel.arrive(head, body)
            elif "hello" in head:
                self.hello = head["hello"]
                self._greeted.set()
            else:
                self._answer(head, body)

    def _answer(self, head: dict[str, Any], body: bytes) -> None:
        future = self._pending.get(head.get("id", 0))
        if future is None or future.done():
            return
        if "err" in head:
            number, text = head["err"]
            future.set_exception(HostCallFailed(self.name, str(text), int(number)))
        else:
            future.set_result((head.get("ok") or {}, body))

    async def _beat(self) -> None:
        while True:
            began = time.perf_counter()
            try:
                await self.call("ping", {}, limit=SILENCE)
                self.rtt_ms = (time.perf_counter() - began) * 1e3
            except HostCallFailed:
                if time.monotonic() - self._heard >= SILENCE:
                    self._lose(f"the agent is silent for {SILENCE:g} s")
            except HostLost:
                return
            await asyncio.sleep(BEAT)

    def _lose(self, why: str) -> None:
        if self.lost_why is not None:
            return
        self.lost_why = why
        for future in self._pending.values():
            if not future.done():
                future.set_exception(HostLost(self.name, f"the channel ended ({why}).", _BACK_TO_IT))
        for channel in list(self._channels.values()):
            channel.wake()
        self._greeted.set()
        self._on_lost(why)


async def pieces(channel: Channel) -> AsyncIterator[tuple[dict[str, Any], bytes]]:
    """Every piece of a stream until it ends; closes it when the reader leaves."""
    try:
        while (piece := await channel.receive()) is not None:
            yield piece
    finally:
        channel.close()

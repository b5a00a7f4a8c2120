"""What a host pushes: followed files and samples, as async iterators."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Self

from colotui.host.answers import understood
from colotui.host.session import Channel

Opener = Callable[[], Awaitable[tuple[Channel, dict[str, Any]]]]


@dataclass(frozen=True, slots=True)
class ReadError:
    """Why one file of a batch could not be read."""

    errno: int
    text: str


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """What a host reads again and again: paths, and patterns whose matches may come and go."""

    paths: tuple[str, ...] = ()
    globs: tuple[str, ...] = ()
    always: bool = True
    limit: int = 65536


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of all files. `at`: epoch seconds of the host's clock; `mono`: its monotonic one, for rates."""

    at: float
    mono: float
    files: Mapping[str, bytes | ReadError]


def split_files(answers: list[list[Any]], body: bytes) -> dict[str, bytes | ReadError]:
    """The answer of a batch read."""
    found: dict[str, bytes | ReadError] = {}
    start = 0
    for answer in answers:
        path, size = str(answer[0]), int(answer[1])
        if size < 0:
            found[path] = ReadError(-size, str(answer[2]))
        else:
            found[path] = body[start : start + size]
            start += size
    return found


class _Pushed:
    """Opens its stream at the first step and closes it when the reader is cancelled or leaves."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._channel: Channel | None = None
        self._done = False

    async def _piece(self) -> tuple[dict[str, Any], bytes]:
        if self._done:
            raise StopAsyncIteration
        try:
            if self._channel is None:
                self._channel, _ = await self._opener()
            piece = await self._channel.receive()
        except BaseException:
            await self.aclose()
            raise
        if piece is None:
            await self.aclose()
            raise StopAsyncIteration
        return piece

    def _understood(self) -> AbstractContextManager[None]:
        return understood(self._channel.host if self._channel else "?")

    async def open(self) -> Self:
        """Begin now instead of at the first step: what happens from here on is seen."""
        if self._channel is None and not self._done:
            self._channel, _ = await self._opener()
        return self

    async def aclose(self) -> None:
        """End it."""
        self._done = True
        if self._channel is not None:
            self._channel.close()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __del__(self) -> None:
        # a reader that left its `async for` early has no other way to say so
        channel = self._channel
        if channel is not None and not self._done:
            try:
                asyncio.get_running_loop()
            except RuntimeError:
                return
            channel.close()


class Tail(_Pushed):
    """What a file gets, in pieces as they come. A piece may end within a line.

    `lost` counts bytes skipped because the file grew faster than the limit (for /dev/kmsg: records), `resets`
    how often the file began anew. After either, the next piece begins a line of its own.
    """

    def __init__(self, opener: Opener) -> None:
        super().__init__(opener)
        self.lost = 0
        self.resets = 0
        self.position = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while True:
            head, body = await self._piece()
            with self._understood():
                self.lost = int(head.get("lost", self.lost))
                self.resets = int(head.get("resets", self.resets))
                self.position = int(head.get("at", self.position))
            if body:
                return body


class Changes(_Pushed):
    """Something changed in the host's network: links, addresses, routes or traffic control. Says no more than that."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> None:
        await self._piece()


class Samples(_Pushed):
    """Samples as the host takes them."""

    def __init__(self, opener: Opener) -> None:
        super().__init__(opener)
        self._files: dict[str, bytes | ReadError] = {}

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Sample:
        head, body = await self._piece()
        with self._understood():
            self._files.update(split_files(head["files"], body))
            for path in head["gone"]:
                self._files.pop(path, None)
            return Sample(float(head["at"]), float(head["mono"]), dict(self._files))

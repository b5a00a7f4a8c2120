"""A host that does not keep to the protocol: every answer is bounded, and a failed call at worst."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from colotui.errors import ColotuiError, HostCallFailed, HostLost, HostUnreachable
from colotui.host import transport
from colotui.host.agent import wire
from colotui.host.channel import Host
from colotui.model.pair import ForwardSpec, HostSpec

HELLO = {"python": "3.13", "uid": 0, "ticks": 100, "kernel": "6", "node": "n", "machine": "m", "pid": 5}
Answer = Callable[[dict[str, Any]], bytes]


class Evil:
    """A transport whose agent answers as it likes."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._out: asyncio.Queue[bytes] = asyncio.Queue()
        self._unpacker = wire.Unpacker()

    def write(self, data: bytes) -> None:
        for head, _ in self._unpacker.feed(data):
            if head.get("op") == "ping":
                self._out.put_nowait(wire.pack({"id": head["id"], "ok": {"now": 0}}))
            elif "op" in head:
                self._out.put_nowait(self._answer(head))

    async def drain(self) -> None:
        return

    async def read(self) -> bytes:
        return await self._out.get()

    async def why(self) -> str:
        return "gone"

    async def close(self) -> None:
        self._out.put_nowait(b"")


async def _connected(monkeypatch: pytest.MonkeyPatch, answer: Answer, hello: Any = HELLO) -> Host:
    async def opened(*_: object, **__: object) -> tuple[Evil, bytes]:
        return Evil(answer), wire.pack({"hello": hello})

    monkeypatch.setattr(transport.LocalTransport, "open", opened)
    host = Host(HostSpec("evil", "local", ForwardSpec("eth1", "10.78.0.1")))
    await host.connect()
    return host


@pytest.mark.parametrize("reply", [{}, {"files": 5}, {"paths": 1}, {"process": 7}, {"stats": [[1]]}, {"status": "x"}])
async def test_answers_of_the_wrong_shape(monkeypatch: pytest.MonkeyPatch, reply: dict[str, Any]) -> None:
    host = await _connected(monkeypatch, lambda head: wire.pack({"id": head["id"], "ok": reply}))
    for call in (
        lambda: host.read(["/a"]),
        lambda: host.listdir("/"),
        lambda: host.glob(["/"]),
        lambda: host.stat(["/"]),
        lambda: host.run(["x"]),
        lambda: host.spawn(["x"], stdout="a", stderr="b"),
        lambda: host.watch_exit(5),
        lambda: host.open_unix(["/x"]),
        lambda: host.kill(5, 9),
    ):
        with pytest.raises(ColotuiError):
            await call()
    if reply != {"process": 7} and "process" not in reply:
        with pytest.raises(HostCallFailed, match="makes no sense"):
            await host.process(5)
    await host.close()


@pytest.mark.parametrize(
    "frame",
    [
        wire.pack({"ch": [1]}),
        wire.pack({"id": {}}),
        wire.pack({"hello": None, "ch": {}}),
        wire.LENGTHS.pack(5, 0) + b"[1,2]",
        wire.LENGTHS.pack(wire.MAX_HEAD + 1, 0),
        wire.LENGTHS.pack(0xFFFFFFFF, 0xFFFFFFFF),
        b"\xff" * 40,
    ],
)
async def test_frames_that_make_no_sense_end_the_channel(monkeypatch: pytest.MonkeyPatch, frame: bytes) -> None:
    host = await _connected(monkeypatch, lambda _: frame)
    with pytest.raises(HostLost):
        await asyncio.wait_for(host.read(["/a"]), 2)
    assert not host.is_up
    await host.close()


@pytest.mark.parametrize("hello", [None, [], {}, {**HELLO, "pid": "x"}, {**HELLO, "ticks": None}])
async def test_a_greeting_that_is_none(monkeypatch: pytest.MonkeyPatch, hello: Any) -> None:
    with pytest.raises(HostUnreachable):
        await _connected(monkeypatch, lambda _: b"", hello)


async def test_a_stream_that_floods_ends_the_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    def flood(head: dict[str, Any]) -> bytes:
        piece = wire.pack({"ch": head["id"], "data": {}}, b"x" * wire.CHUNK)
        return wire.pack({"id": head["id"], "ok": {}}) + piece * 20

    host = await _connected(monkeypatch, flood)
    tail = host.tail("/log")
    await tail.open()
    await asyncio.wait_for(host.wait_lost(), 2)
    await tail.aclose()
    await host.close()


@pytest.mark.parametrize("data", [{"lost": "x"}, {"at": None}, {"resets": []}])
async def test_pieces_that_make_no_sense(monkeypatch: pytest.MonkeyPatch, data: dict[str, Any]) -> None:
    def piece(head: dict[str, Any]) -> bytes:
        return wire.pack({"id": head["id"], "ok": {}}) + wire.pack({"ch": head["id"], "data": data}, b"x")

    host = await _connected(monkeypatch, piece)
    with pytest.raises(HostCallFailed):
        await anext(host.tail("/log"))
    await host.close()

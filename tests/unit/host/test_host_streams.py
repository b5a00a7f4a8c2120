"""What flows: UNIX sockets, followed files, pushed samples, netlink, clocks. Through a real agent."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from colotui.errors import HostCallFailed, HostLost
from colotui.host.agent import wire
from colotui.host.channel import Host, ReadError, SampleRequest
from colotui.host.follow import Tail

root = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")


@contextlib.asynccontextmanager
async def echo(path: Path) -> AsyncIterator[list[bytes]]:
    """A UNIX server that says who it is and sends back what it gets, in capitals."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(path.name.encode() + b"\n")
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                heard.append(data)
                writer.write(data.upper())
                await writer.drain()
        heard.append(b"")
        writer.close()

    server = await asyncio.start_unix_server(serve, str(path))
    async with server:
        yield heard


async def test_a_unix_socket_is_carried_both_ways(host: Host, tmp_path: Path) -> None:
    async with echo(tmp_path / "q0") as heard:
        sock, path = await host.open_unix([str(tmp_path / "q0")])
        assert path == str(tmp_path / "q0")
        reader, writer = await asyncio.open_connection(sock=sock)
        assert await reader.readline() == b"q0\n"
        writer.write(b"hello\n")
        assert await reader.readline() == b"HELLO\n"
        began = time.perf_counter()
        for _ in range(20):
            writer.write(b"x\n")
            await reader.readline()
        assert (time.perf_counter() - began) / 20 < 0.05
        writer.write(b"last words")
        writer.close()
        await writer.wait_closed()
        for _ in range(50):
            if b"" in heard:
                break
            await asyncio.sleep(0.02)
        assert heard[-2:] == [b"last words", b""]


async def test_much_data_is_held_back_not_piled_up(host: Host, tmp_path: Path) -> None:
    async with echo(tmp_path / "q0"):
        sock, _ = await host.open_unix([str(tmp_path / "q0")])
        reader, writer = await asyncio.open_connection(sock=sock)
        await reader.readline()
        data = bytes(range(97, 123)) * 200_000

        async def send() -> None:
            writer.write(data)
            await writer.drain()

        sending = asyncio.create_task(send())
        await asyncio.sleep(0.2)
        assert not sending.done()  # nobody reads: the way is full, and no wider than the windows
        assert (await host.run(["echo", "free"])).stdout == "free\n"
        found = await reader.readexactly(len(data))
        assert found == data.upper()
        await sending
        writer.close()


async def test_claims_give_each_cockpit_its_own_socket(host: Host, tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("q0", "q1")]
    async with echo(tmp_path / "q0"), echo(tmp_path / "q1"):
        first, one = await host.open_unix(paths)
        second, two = await host.open_unix(paths)
        assert [one, two] == paths
        with pytest.raises(HostCallFailed) as caught:
            await host.open_unix(paths)
        assert caught.value.errno == errno.EBUSY
        third, three = await host.open_unix(paths, claim=False)
        assert three == paths[0]
        first.close()
        for _ in range(50):
            try:
                fourth, four = await host.open_unix(paths)
                break
            except HostCallFailed:
                await asyncio.sleep(0.02)
        assert four == paths[0]
        for sock in (second, third, fourth):
            sock.close()


async def test_sockets_that_are_not_there(host: Host, tmp_path: Path) -> None:
    with pytest.raises(HostCallFailed) as caught:
        await host.open_unix([str(tmp_path / "none")])
    assert caught.value.errno == errno.ENOENT
    assert not (tmp_path / "none.lock").exists()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead"))
    with pytest.raises(HostCallFailed) as caught:
        await host.open_unix([str(tmp_path / "none"), str(tmp_path / "dead")])
    assert caught.value.errno == errno.ECONNREFUSED
    with pytest.raises(HostCallFailed):
        await host.open_unix([])


async def test_a_stream_ends_with_the_server_and_with_the_channel(host: Host, tmp_path: Path) -> None:
    async def bye(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"bye")
        writer.close()

    server = await asyncio.start_unix_server(bye, str(tmp_path / "bye"))
    async with server, echo(tmp_path / "q0"):
        sock, _ = await host.open_unix([str(tmp_path / "bye")])
        reader, writer = await asyncio.open_connection(sock=sock)
        assert await asyncio.wait_for(reader.read(), 2) == b"bye"
        writer.close()
        sock, _ = await host.open_unix([str(tmp_path / "q0")])
        reader, writer = await asyncio.open_connection(sock=sock)
        os.kill(host.info.pid, 9)
        assert await asyncio.wait_for(reader.read(), 2) in (b"", b"q0\n")
        writer.close()


async def _until(tail: Tail, end: bytes) -> bytes:
    found = b""
    async with asyncio.timeout(3):
        while not found.endswith(end):
            found += await anext(tail)
    return found


async def test_a_file_is_followed_through_all_its_fates(host: Host, tmp_path: Path) -> None:
    file = tmp_path / "log"
    tail = host.tail(str(file))
    first = asyncio.create_task(_until(tail, b"two\n"))
    await asyncio.sleep(0.1)
    with file.open("wb", buffering=0) as log:
        log.write(b"one\nt")
        await asyncio.sleep(0.1)
        log.write(b"wo\n")
        assert await first == b"one\ntwo\n"
        log.write(b"half")
        assert await _until(tail, b"half") == b"half"
        log.truncate(0)
        log.seek(0)
        log.write(b"new\n")
        assert await _until(tail, b"new\n") == b"\nnew\n"
        assert tail.resets == 1
    file.rename(tmp_path / "old")
    file.write_bytes(b"next file\n")
    assert await _until(tail, b"file\n") == b"next file\n"
    assert (tail.resets, tail.lost) == (2, 0)
    await tail.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(tail)


async def test_where_following_begins(host: Host, tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes(b"0123456789\n")
    assert await _until(host.tail(str(file), 4), b"\n") == b"456789\n"
    async with host.tail(str(file), -1) as tail:
        with file.open("ab") as log:
            log.write(b"later\n")
        assert await _until(tail, b"\n") == b"later\n"
        assert tail.position == 17
    with pytest.raises(HostCallFailed):
        await anext(host.tail(str(tmp_path)))


async def test_a_file_that_grows_too_fast_loses_whole_lines_and_says_how_much(host: Host, tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes(b"begin\n")
    async with host.tail(str(file), 0, max_bytes_per_s=8192) as tail:
        assert await _until(tail, b"\n") == b"begin\n"
        lines = b"".join(b"line %06d\n" % number for number in range(20000))
        with file.open("ab") as log:
            log.write(b"h")
            log.flush()
            await _until(tail, b"h")
            log.write(lines + b"end\n")
        found = await _until(tail, b"end\n")
    assert found.startswith(b"\n")  # "h" is cut off from what follows
    known = set(lines.split(b"\n"))
    assert sum(line not in known for line in found.split(b"\n")) <= 3  # "end", and a line cut by a second gap
    assert tail.lost > len(lines) // 2
    assert tail.lost + len(found) - len(lines) - 4 in (1, 2)  # each gap is one line end of ours


async def test_a_slow_reader_holds_the_file_back(host: Host, tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes(b"x" * (3 * wire.WINDOW))
    async with host.tail(str(file), 0, max_bytes_per_s=64 << 20) as tail:
        await asyncio.sleep(0.3)
        channel = tail._channel
        assert channel is not None
        assert sum(len(body) for _, body in channel._arrived) <= wire.WINDOW + wire.CHUNK
        total = 0
        async with asyncio.timeout(5):
            while total < 3 * wire.WINDOW:
                total += len(await anext(tail))
    assert total == 3 * wire.WINDOW


async def test_following_ends_with_the_channel(host: Host, tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    waiting = asyncio.create_task(anext(host.tail(str(tmp_path / "log"))))
    await asyncio.sleep(0.1)
    await host.close()
    with pytest.raises(HostLost):
        await waiting


async def test_a_reader_that_leaves_frees_its_stream(host: Host, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x\n")
    async for _ in host.tail(str(tmp_path / "log")):
        break
    waiting = asyncio.create_task(anext(host.tail(str(tmp_path / "none"))))
    await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert not host._living()._channels


@root
async def test_the_kernel_log_is_followed(host: Host) -> None:
    if not os.access("/dev/kmsg", os.W_OK):
        pytest.skip("no /dev/kmsg")
    async with host.tail("/dev/kmsg", -1) as tail:
        Path("/dev/kmsg").write_text("colotui test\n")
        record = await asyncio.wait_for(_until(tail, b"colotui test\n"), 3)
    assert record.count(b",") >= 3
    assert tail.lost == 0


async def test_samples_are_pushed_and_only_changes_travel(host: Host, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    request = SampleRequest((f"{tmp_path}/a", f"{tmp_path}/none"), (f"{tmp_path}/x*",), always=False)
    async with host.sample(request, 0.05) as samples:
        first = await asyncio.wait_for(anext(samples), 2)
        assert first.files[f"{tmp_path}/a"] == b"1"
        assert isinstance(first.files[f"{tmp_path}/none"], ReadError)
        assert abs(first.at - time.time()) < 2
        (tmp_path / "x1").write_bytes(b"new")
        second = await asyncio.wait_for(anext(samples), 2)
        if second.files.get(f"{tmp_path}/x1") == b"":
            second = await asyncio.wait_for(anext(samples), 2)
        assert second.files[f"{tmp_path}/x1"] == b"new"
        assert second.files[f"{tmp_path}/a"] == b"1"
        assert second.mono > first.mono
        (tmp_path / "x1").unlink()
        third = await asyncio.wait_for(anext(samples), 2)
        assert set(third.files) == {f"{tmp_path}/a", f"{tmp_path}/none"}
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(samples), 0.3)
    count = 0
    async for sample in host.sample(SampleRequest(("/proc/uptime",)), 0.05):
        assert isinstance(sample.files["/proc/uptime"], bytes)
        count += 1
        if count == 3:
            break


async def test_the_clock_of_this_machine_is_our_clock(host: Host) -> None:
    reading = await host.clock()
    assert abs(reading.offset_ms) < 20
    assert 0 < reading.rtt_ms < 100
    assert host.rtt_ms == reading.rtt_ms


async def test_netlink_lists_the_links_of_the_host(host: Host) -> None:
    async with await host.netlink() as net:
        names = [link.get("ifname") async for link in await net.get_links()]
    assert sorted(names) == sorted(name for _, name in socket.if_nameindex())


@root
async def test_netlink_in_a_namespace_of_its_own(host: Host) -> None:
    from pyroute2.netlink.exceptions import NetlinkError

    async with await host.netlink(scratch=True) as net:
        await net.link("add", kind="bridge", ifname="colotui1")
        names = {link.get("ifname"): link.get("index") async for link in await net.get_links()}
        assert "colotui1" in names
        with pytest.raises(NetlinkError) as caught:
            await net.link("add", kind="bridge", ifname="colotui1")
        assert caught.value.code == errno.EEXIST
        await net.link("del", index=names["colotui1"])
    assert "colotui1" not in [name for _, name in socket.if_nameindex()]


async def test_netlink_ends_with_the_channel(host: Host) -> None:
    async with await host.netlink() as net:
        waiting = asyncio.create_task(_links(net))
        os.kill(host.info.pid, 9)
        with contextlib.suppress(HostLost):
            await asyncio.wait_for(waiting, 1)
        await host.wait_lost()
        await asyncio.sleep(0.05)
        began = time.monotonic()
        for _ in range(2):
            with pytest.raises(HostLost):
                await _links(net)
        assert time.monotonic() - began < 1


async def test_a_netlink_call_under_way_is_told_of_the_loss(host: Host) -> None:
    async with await host.netlink() as net:
        await _links(net)
        os.kill(host.info.pid, signal.SIGSTOP)
        waiting = asyncio.create_task(_links(net))
        await asyncio.sleep(0.1)
        os.kill(host.info.pid, signal.SIGKILL)
        with pytest.raises(HostLost):
            await asyncio.wait_for(waiting, 2)


async def _links(net: Any) -> list[Any]:
    return [link async for link in await net.get_links()]

"""Files between two hosts: whole, sparse, only with the token, and nothing half-done stays."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import random
import secrets
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from colotui.errors import HostCallFailed, HostLost
from colotui.host.channel import Host
from colotui.host.transfer import copy_file, file_digest
from tests.unit.host.conftest import LOCAL


@pytest.fixture
async def other() -> AsyncIterator[Host]:
    there = Host(LOCAL)
    await there.connect()
    yield there
    await there.close()


def sparse(path: Path, size: int = 40 << 20) -> str:
    """Data, holes and written zeros; the digest."""
    filler = random.Random(7)
    with path.open("wb") as file:
        file.write(filler.randbytes(300_001))
        file.seek(7 << 20)
        file.write(filler.randbytes(2 << 20))
        file.seek(12 << 20)
        file.write(bytes(3 << 20))
        file.write(filler.randbytes(17))
        file.truncate(size)
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def gone(path: Path) -> None:
    """The file goes within a moment."""
    for _ in range(100):
        if not path.exists():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{path} is still there")


def part(path: Path) -> Path:
    return path.with_name(path.name + ".colotui-part")


async def test_a_file_arrives_whole_and_sparse(host: Host, other: Host, tmp_path: Path) -> None:
    here, there = tmp_path / "disk [0].img", tmp_path / "copy.img"
    digest = sparse(here)
    seen: list[tuple[int, int]] = []
    done = await copy_file(
        host, other, str(here), bind="127.0.0.1", target_path=str(there), progress=lambda *now: seen.append(now)
    )
    assert done.digest == digest
    assert hashlib.sha256(there.read_bytes()).hexdigest() == digest
    assert there.stat().st_mode & 0o7777 == 0o600
    assert there.stat().st_blocks <= here.stat().st_blocks - (2 << 20) // 512, "written zeros became a hole"
    assert seen[-1] == (40 << 20, 40 << 20)
    assert [at for at, _ in seen] == sorted(at for at, _ in seen)
    assert not part(there).exists()
    assert (done.source_mtime, done.target_mtime) == (here.stat().st_mtime, there.stat().st_mtime)
    told = await file_digest(host, str(here))
    assert (told.digest, told.size, told.mtime) == (digest, 40 << 20, here.stat().st_mtime)


async def test_an_empty_file_and_one_that_is_all_hole(host: Host, other: Host, tmp_path: Path) -> None:
    for size in (0, 1, 100 << 20):
        here, there = tmp_path / f"{size}", tmp_path / f"{size}.copy"
        with here.open("wb") as file:
            file.truncate(size)
        done = await copy_file(host, other, str(here), bind="127.0.0.1", target_path=str(there))
        assert done.digest == (await file_digest(other, str(there))).digest
        assert there.stat().st_size == size
        assert there.stat().st_blocks == here.stat().st_blocks


async def test_a_file_that_is_there_stays_unless_told(host: Host, other: Host, tmp_path: Path) -> None:
    here, there = tmp_path / "a", tmp_path / "b"
    here.write_bytes(b"new")
    there.write_bytes(b"old")
    with pytest.raises(HostCallFailed) as refused:
        await copy_file(host, other, str(here), bind="127.0.0.1", target_path=str(there))
    assert refused.value.errno == errno.EEXIST
    assert there.read_bytes() == b"old"
    await copy_file(host, other, str(here), bind="127.0.0.1", target_path=str(there), replace=True)
    assert there.read_bytes() == b"new"


async def test_what_cannot_be_copied_says_why(host: Host, other: Host, tmp_path: Path) -> None:
    there = str(tmp_path / "b")
    with pytest.raises(HostCallFailed) as missing:
        await copy_file(host, other, str(tmp_path / "none"), bind="127.0.0.1", target_path=there)
    assert missing.value.errno == errno.ENOENT
    assert str(tmp_path / "none") in missing.value.what
    with pytest.raises(HostCallFailed) as folder:
        await copy_file(host, other, str(tmp_path), bind="127.0.0.1", target_path=there)
    assert folder.value.errno == errno.EINVAL
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(HostCallFailed) as nowhere:
        await copy_file(host, other, str(tmp_path / "a"), bind="203.0.113.1", target_path=there)
    assert nowhere.value.errno == errno.EADDRNOTAVAIL
    with pytest.raises(HostCallFailed) as homeless:
        await copy_file(host, other, str(tmp_path / "a"), bind="127.0.0.1", target_path=str(tmp_path / "no/b"))
    assert homeless.value.errno == errno.ENOENT
    await gone(tmp_path / "b.colotui-part")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "home"]


async def test_only_who_knows_the_token_is_let_in(host: Host, other: Host, tmp_path: Path) -> None:
    here, there = tmp_path / "a", tmp_path / "b"
    here.write_bytes(b"the guest's disk")
    right, wrong = secrets.token_hex(32), secrets.token_hex(32)
    place = {"path": str(there), "bind": "127.0.0.1", "port": 0, "token": right, "mode": 0o600}
    arriving, door = await other.stream("receive", **place)
    port = int(door["port"])
    with pytest.raises(HostCallFailed):
        await host.stream("send", path=str(here), address="127.0.0.1", port=port, token=wrong)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as stranger:
        assert len(stranger.recv(100)) == 32
        stranger.sendall(bytes(64))
        assert stranger.recv(100) == b"", "sent away"
    assert not there.exists()
    leaving, _ = await host.stream("send", path=str(here), address="127.0.0.1", port=port, token=right)
    sent = await leaving.receive()
    assert sent is not None
    assert sent[0]["digest"] == hashlib.sha256(here.read_bytes()).hexdigest()
    assert not there.exists(), "nothing has its name before the cockpit compared the digests"
    arriving.close()
    await gone(part(there))
    assert not there.exists()


async def test_a_listener_that_does_not_know_the_token_gets_nothing(host: Host, tmp_path: Path) -> None:
    here = tmp_path / "a"
    here.write_bytes(b"the guest's disk")
    with socket.create_server(("127.0.0.1", 0)) as door:
        asking = asyncio.create_task(
            host.stream(
                "send", path=str(here), address="127.0.0.1", port=door.getsockname()[1], token=secrets.token_hex(32)
            )
        )
        sock, _ = await asyncio.to_thread(door.accept)
        with sock:
            sock.sendall(bytes(32))
            proof = await asyncio.to_thread(sock.recv, 200)
            sock.sendall(proof[32:])  # its own proof, played back
            with pytest.raises(HostCallFailed, match="not the other host's agent"):
                await asking
            assert len(proof) == 64


async def test_cancelled_or_killed_nothing_stays_and_a_second_try_works(
    host: Host, other: Host, tmp_path: Path
) -> None:
    here, there = tmp_path / "a", tmp_path / "b"
    with here.open("wb") as file:
        for _ in range(256):
            file.write(os.urandom(1 << 20))

    async def begun() -> asyncio.Task[object]:
        moving = asyncio.Event()
        task = asyncio.create_task(
            copy_file(
                host, other, str(here), bind="127.0.0.1", target_path=str(there), progress=lambda *_: moving.set()
            )
        )
        await asyncio.wait([task, asyncio.ensure_future(moving.wait())], return_when=asyncio.FIRST_COMPLETED)
        assert not task.done()
        assert part(there).exists()
        return task

    task = await begun()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await gone(part(there))

    task = await begun()
    with pytest.raises(HostCallFailed) as twice:
        await copy_file(host, other, str(here), bind="127.0.0.1", target_path=str(there))
    assert twice.value.errno == errno.EBUSY
    await other.close()  # what the end of the cockpit is for an agent
    with pytest.raises((HostLost, HostCallFailed)):
        await task
    await gone(part(there))
    await other.connect()

    task = await begun()
    os.kill(other.info.pid, 9)
    with pytest.raises((HostLost, HostCallFailed)):
        await task
    assert part(there).exists(), "a killed agent cannot tidy up"
    assert not there.exists()
    await other.connect()
    done = await copy_file(host, other, str(here), bind="127.0.0.1", target_path=str(there))
    assert done.digest == (await file_digest(host, str(there))).digest
    assert not part(there).exists()


async def test_a_part_that_has_its_name_already_is_not_emptied(host: Host, other: Host, tmp_path: Path) -> None:
    here, there = tmp_path / "a", tmp_path / "b"
    here.write_bytes(b"new")
    there.write_bytes(b"old")
    os.link(there, part(there))  # a kill between the two names
    with contextlib.suppress(HostCallFailed):
        await copy_file(host, other, str(here), bind="203.0.113.1", target_path=str(there), replace=True)
    arriving, _ = await other.stream(
        "receive", path=str(there), bind="127.0.0.1", token=secrets.token_hex(32), replace=True
    )
    assert there.read_bytes() == b"old"
    arriving.close()


async def test_a_source_that_changes_is_refused(host: Host, other: Host, tmp_path: Path) -> None:
    here, there = tmp_path / "a", tmp_path / "b"
    with here.open("wb") as file:
        for _ in range(64):
            file.write(os.urandom(1 << 20))

    def touch(*_: int) -> None:
        os.utime(here, (time.time(), time.time()))

    with pytest.raises(HostCallFailed, match="changed while it was read"):
        await copy_file(host, other, str(here), bind="127.0.0.1", target_path=str(there), progress=touch)
    await gone(part(there))
    assert not there.exists()

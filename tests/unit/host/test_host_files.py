"""Files and locks of a host through a real agent."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from pathlib import Path

import pytest

from colotui.errors import HostCallFailed, HostLost
from colotui.host.channel import FileStat, Host, ReadError
from colotui.model.pair import ForwardSpec, HostSpec


async def test_a_batch_answers_file_by_file(host: Host, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\x00\xffbytes\n")
    (tmp_path / "long").write_bytes(b"x" * 100)
    os.mkfifo(tmp_path / "pipe")
    paths = [str(tmp_path / name) for name in ("a", "long", "pipe", "none", "")]
    found = await host.read([*paths, "/proc/self/stat"], limit=10)
    assert found[paths[0]] == b"\x00\xffbytes\n"
    assert found[paths[1]] == b"x" * 10
    assert found[paths[2]] == b""  # nobody writes: not waited for
    assert found[paths[3]] == ReadError(errno.ENOENT, "No such file or directory")
    assert found[paths[4]] == ReadError(errno.EISDIR, "Is a directory")
    data = found["/proc/self/stat"]
    assert isinstance(data, bytes)
    assert len(data) == 10


async def test_a_batch_too_large_says_so_for_the_rest(host: Host, tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_bytes(b"x" * (3 << 20))
    first, second = str(tmp_path / "a"), str(tmp_path / "b")
    found = await host.read([first, second], limit=4 << 20)
    assert len(found[first]) == 3 << 20  # type: ignore[arg-type]
    assert isinstance(found[second], ReadError)
    assert found[second].errno == errno.EFBIG


async def test_listings(host: Host, tmp_path: Path) -> None:
    tmp_path = tmp_path / "here"
    tmp_path.mkdir()
    for name in ("b", "a", "[x]"):
        (tmp_path / name).touch()
    assert await host.listdir(str(tmp_path)) == ["[x]", "a", "b"]
    both = [f"{tmp_path}/a", f"{tmp_path}/b"]
    assert await host.glob([f"{tmp_path}/?", f"{tmp_path}/a", f"{tmp_path}/none*"]) == both
    (tmp_path / "link").symlink_to("a")
    assert await host.realpath([f"{tmp_path}/link", f"{tmp_path}/no"]) == [f"{tmp_path}/a", ""]
    found = await host.stat([f"{tmp_path}/a", str(tmp_path), f"{tmp_path}/no"])
    one = found[f"{tmp_path}/a"]
    assert isinstance(one, FileStat)
    assert (one.size, one.is_dir) == (0, False)
    folder = found[str(tmp_path)]
    assert isinstance(folder, FileStat)
    assert folder.is_dir
    assert found[f"{tmp_path}/no"] == ReadError(errno.ENOENT, "No such file or directory")
    with pytest.raises(HostCallFailed, match=r"here: listdir .*none: No such") as caught:
        await host.listdir(str(tmp_path / "none"))
    assert caught.value.errno == errno.ENOENT


async def test_writes_say_their_errno(host: Host, tmp_path: Path) -> None:
    for path, wanted in ((f"{tmp_path}/none", errno.ENOENT), (str(tmp_path), errno.EISDIR)):
        with pytest.raises(HostCallFailed, match=path) as caught:
            await host.write(path, b"1")
        assert caught.value.errno == wanted
    if os.geteuid() == 0:
        with pytest.raises(HostCallFailed) as caught:
            await host.write("/proc/irq/default_smp_affinity", b"garbage")
        assert caught.value.errno in (errno.EINVAL, errno.EOVERFLOW, errno.EROFS)


async def test_writing_in_place_and_creating(host: Host, tmp_path: Path) -> None:
    file = tmp_path / "one" / "two" / "file"
    await host.write(str(file), b"first", create=True, mode=0o640)
    assert file.read_bytes() == b"first"
    assert file.stat().st_mode & 0o777 == 0o640
    assert file.parent.stat().st_mode & 0o777 == 0o700
    before = file.stat().st_ino
    await host.write(str(file), b"2")
    assert (file.read_bytes(), file.stat().st_ino) == (b"2", before)
    await host.write(str(file), b"", create=True)
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"", 0o600)
    assert [path.name for path in file.parent.iterdir()] == ["file"]
    with pytest.raises(HostCallFailed):
        await host.write(str(file / "below"), b"x", create=True)
    with pytest.raises(HostCallFailed):
        await host.write(str(file), b"x" * (9 << 20))


async def test_directories_and_removing(host: Host, tmp_path: Path) -> None:
    await host.mkdir(f"{tmp_path}/a/b", mode=0o750)
    await host.mkdir(f"{tmp_path}/a/b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o750
    (tmp_path / "f").touch()
    await host.remove([f"{tmp_path}/f", f"{tmp_path}/none"])
    assert not (tmp_path / "f").exists()
    with pytest.raises(HostCallFailed):
        await host.remove([f"{tmp_path}/a"])


async def test_bad_requests_get_errors_and_the_agent_lives(host: Host) -> None:
    session = host._living()
    for op, args in (
        ("no such thing", {}),
        ("read", {}),
        ("read", {"paths": "x"}),
        ("read", {"paths": [1]}),
        ("read", {"paths": ["/etc\0x"]}),
        ("write", {"path": None}),
        ("run", {"argv": []}),
        ("kill", {"pid": "x", "signal": 9}),
        ("kill", {"pid": -1, "signal": 9}),
        ("kill", {"pid": 1, "signal": 9}),
        ("tail", {}),
        ("unix", {"paths": [5]}),
        ("sample", {"paths": [], "interval": "often"}),
        ("netlink", {"family": 999}),
    ):
        with pytest.raises(HostCallFailed):
            await session.call(op, args)
    session.post({"id": "text", "op": "ping"})
    session.post({"ch": 4711, "credit": 5})
    session.post({"ch": 4711})
    session.post({})
    assert (await host.run(["echo", "alive"])).stdout == "alive\n"


async def test_a_lock_has_one_holder_who_is_named(host: Host, tmp_path: Path) -> None:
    path = str(tmp_path / "run" / "lock")
    assert await host.holder(path) is None
    await host.lock(path, "alice@desk")
    await host.lock(path, "alice@desk again")
    assert await host.holder(path) == "alice@desk again"
    other = Host(HostSpec("there", "local", ForwardSpec("eth1", "10.78.0.2")))
    await other.connect()
    with pytest.raises(HostCallFailed, match="alice@desk again") as caught:
        await other.lock(path, "bob@desk")
    assert caught.value.errno == errno.EWOULDBLOCK
    assert await other.holder(path) == "alice@desk again"
    await other.unlock(path)
    assert await host.holder(path) == "alice@desk again"
    await host.unlock(path)
    assert await other.holder(path) is None
    await other.lock(path, "bob@desk")
    os.kill(other.info.pid, signal.SIGKILL)
    await other.wait_lost()
    await host.lock(path, "alice@desk")
    await other.close()


async def test_asking_for_the_holder_never_costs_someone_the_lock(host: Host, tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    other = Host(HostSpec("there", "local", ForwardSpec("eth1", "10.78.0.2")))
    await other.connect()

    async def ask() -> None:
        while True:
            await other.holder(path)

    asking = [asyncio.create_task(ask()) for _ in range(3)]
    for _ in range(30):
        await host.lock(path, "alice")
        await host.unlock(path)
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    await other.close()


async def test_a_lock_file_removed_meanwhile_is_taken_anew(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "lock"
    await host.lock(str(path), "one")
    path.unlink()
    assert await host.holder(str(path)) is None
    await host.lock(str(path), "two")
    assert await host.holder(str(path)) == "two"


async def test_a_killed_agent_fails_what_waits_and_may_be_started_again(host: Host) -> None:
    waiting = [asyncio.create_task(host.run(["sleep", "9"])), asyncio.create_task(host.watch_exit(os.getpid()))]
    await asyncio.sleep(0.1)
    os.kill(host.info.pid, signal.SIGKILL)
    for task in waiting:
        with pytest.raises(HostLost):
            await task
    assert "signal 9" in await host.wait_lost()
    with pytest.raises(HostLost):
        await host.read(["/proc/stat"])
    assert not host.is_up
    await host.connect()
    assert host.is_up
    assert not host.lost.is_set()
    assert (await host.run(["echo", "again"])).stdout == "again\n"

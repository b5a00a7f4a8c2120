"""Programs on a host through a real agent."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from colotui.errors import CommandFailed, HostCallFailed, HostLost, NoPython
from colotui.host import bootstrap, session
from colotui.host.channel import Host
from colotui.model.pair import ForwardSpec, HostSpec


def _alive(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return text.rpartition(")")[2].split()[0] not in "ZX"


async def _gone(pid: int) -> bool:
    for _ in range(100):
        if not _alive(pid):
            return True
        await asyncio.sleep(0.02)
    return False


async def _file(path: Path) -> str:
    for _ in range(100):
        if path.exists() and path.read_text().endswith("\n"):
            break
        await asyncio.sleep(0.02)
    return path.read_text()


async def test_a_command_with_input_and_output(host: Host) -> None:
    data = os.urandom(1 << 18).hex().encode()
    result = await host.run(["cat"], input=data)
    assert result.stdout.encode() == data
    result = await host.run(["sh", "-c", "echo out; echo err >&2; exit 3"], check=False)
    assert (result.status, result.stdout, result.stderr) == (3, "out\n", "err\n")
    with pytest.raises(CommandFailed, match="ended with status 3: err"):
        await host.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (await host.run(["sh", "-c", "kill -9 $$"], check=False)).status == -9
    assert (await host.run(["printf", "%s", "a b;$HOME `x`\n'"])).stdout == "a b;$HOME `x`\n'"
    assert (await host.run(["true"], input=b"x" * 100000)).status == 0  # never reads it


async def test_a_command_that_is_not_there(host: Host, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="no-such-tool: command not found") as caught:
        await host.run(["no-such-tool"])
    assert caught.value.status == 127
    (tmp_path / "file").write_text("x")
    assert (await host.run([str(tmp_path / "file")], check=False)).status == 126


async def test_at_the_time_limit_the_whole_group_dies(host: Host, tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(CommandFailed, match="ran out of time") as caught:
        await host.run(["sh", "-c", f"sleep 60 & echo $! > {tmp_path}/pid; echo so far; wait"], timeout=0.3)
    assert time.monotonic() - began < 2
    assert caught.value.status is None
    assert "so far" in caught.value.output
    assert await _gone(int((tmp_path / "pid").read_text()))


async def test_a_cancelled_command_dies(host: Host, tmp_path: Path) -> None:
    task = asyncio.create_task(host.run(["sh", "-c", f"echo $$ > {tmp_path}/pid; sleep 60"], timeout=60))
    pid = int(await _file(tmp_path / "pid"))
    task.cancel()
    assert await _gone(pid)


async def test_commands_die_with_the_channel_and_spawned_programs_do_not(host: Host, tmp_path: Path) -> None:
    task = asyncio.create_task(host.run(["sh", "-c", f"echo $$ > {tmp_path}/pid; sleep 60"], timeout=60))
    pid = int(await _file(tmp_path / "pid"))
    files = {"stdout": f"{tmp_path}/out", "stderr": f"{tmp_path}/err"}
    program = ["sh", "-c", "echo hello; sleep 0.6; echo bye >&2; exit 7"]
    spawned = await host.spawn(program, exit_file=f"{tmp_path}/exit", **files)
    silent = await host.spawn(["sleep", "60"], **files)
    await host.close()
    with pytest.raises(HostLost):
        await task
    assert await _gone(pid)
    assert _alive(spawned)
    assert _alive(silent)
    os.kill(silent, signal.SIGKILL)
    text = await _file(tmp_path / "exit")
    assert re.fullmatch(r"7 \d{10}\.\d+\n", text)
    assert abs(float(text.split()[1]) - time.time()) < 2
    assert (tmp_path / "out").read_text() == "hello\n"
    assert (tmp_path / "err").read_text() == "bye\n"


async def test_a_command_may_leave_a_daemon_behind(host: Host) -> None:
    began = time.monotonic()
    result = await host.run(["sh", "-c", "sleep 3 & echo $!"], timeout=10)
    assert time.monotonic() - began < 2
    os.kill(int(result.stdout), signal.SIGKILL)


async def test_output_is_bounded(host: Host) -> None:
    result = await host.run(["head", "-c", "5000000", "/dev/zero"])
    assert len(result.stdout) == 1 << 20


async def test_how_a_spawned_program_ended(host: Host, tmp_path: Path) -> None:
    files = {"stdout": f"{tmp_path}/out", "stderr": f"{tmp_path}/out", "exit_file": f"{tmp_path}/exit"}
    (tmp_path / "out").write_text("before\n")
    (tmp_path / "exit").write_text("old\n")
    pid = await host.spawn(["sleep", "60"], cwd=str(tmp_path), **files)
    assert not (tmp_path / "exit").exists()
    found = await host.process(pid)
    assert found is not None
    assert (found.comm, found.cmdline) == ("sleep", ("sleep", "60"))
    assert found.state in "SRD"
    assert found.rss > 0
    assert Path(f"/proc/{pid}/cwd").readlink() == tmp_path
    assert os.getsid(pid) != os.getsid(0)
    waiting = asyncio.create_task(host.watch_exit(pid))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    assert not await host.kill(pid, signal.SIGTERM, start_time=found.start_time + 1)
    assert await host.kill(pid, signal.SIGKILL, start_time=found.start_time)
    ended = await asyncio.wait_for(waiting, 1)
    assert abs(ended - time.time()) < 1
    assert (await _file(tmp_path / "exit")).startswith("137 ")
    assert await host.process(pid) is None
    assert not await host.kill(pid, signal.SIGTERM)
    await asyncio.wait_for(host.watch_exit(pid), 1)
    assert (tmp_path / "out").read_text() == "before\n"


async def test_spawning_what_cannot_be(host: Host, tmp_path: Path) -> None:
    with pytest.raises(HostCallFailed, match="no such program"):
        await host.spawn(["no-such-tool"], stdout="/dev/null", stderr="/dev/null")
    with pytest.raises(HostCallFailed):
        await host.spawn(["sleep", "1"], stdout=f"{tmp_path}/no/out", stderr="/dev/null")


async def test_odd_names_and_many_at_once(host: Host, tmp_path: Path) -> None:
    odd = tmp_path / ") S 1 (x"
    odd.write_bytes(Path("/bin/sleep").read_bytes())
    odd.chmod(0o755)
    pid = await host.spawn([str(odd), "20"], stdout="/dev/null", stderr="/dev/null")
    for _ in range(50):
        found = await host.process(pid)
        if found is not None and found.comm == ") S 1 (x":
            break
        await asyncio.sleep(0.02)
    assert found is not None
    assert found.comm == ") S 1 (x"
    assert (await host.named_processes([") S 1 (x", "no-such-name"])) == {") S 1 (x": (pid,)}
    assert await host.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    results = await asyncio.gather(*(host.run(["sleep", "0.3"]) for _ in range(20)), host.read(["/proc/stat"]))
    assert time.monotonic() - began < 2
    assert len(results) == 21


def _pythons() -> list[str]:
    names = [f"python3.{minor}" for minor in range(8, 15)]
    return [path for name in names if (path := shutil.which(name))]


@pytest.mark.parametrize("python", _pythons(), ids=lambda path: Path(path).name)
async def test_the_agent_runs_under_other_pythons(python: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    works = await asyncio.create_subprocess_exec(python, "-c", "", stderr=asyncio.subprocess.DEVNULL)
    if await works.wait():
        pytest.skip("it does not start here")
    monkeypatch.setattr(sys, "executable", python)
    host = Host(HostSpec("here", "local", ForwardSpec("eth1", "10.78.0.1")))
    await host.connect()
    assert Path(python).name.endswith(".".join(host.info.python.split(".")[:2]))
    files = {"stdout": "/dev/null", "stderr": "/dev/null", "exit_file": f"{tmp_path}/exit"}
    pid = await host.spawn(["sleep", "60"], **files)
    watching = asyncio.create_task(host.watch_exit(pid))
    assert await host.kill(pid, signal.SIGTERM)
    await asyncio.wait_for(watching, 2)
    assert (await _file(tmp_path / "exit")).startswith("143 ")
    (tmp_path / "log").write_text("line\n")
    assert await anext(host.tail(f"{tmp_path}/log")) == b"line\n"
    await host.lock(f"{tmp_path}/lock", "me")
    async with await host.netlink() as net:
        assert [link.get("ifname") async for link in await net.get_links()]
    await host.close()


async def test_a_machine_without_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = Host(HostSpec("here", "local", ForwardSpec("eth1", "10.78.0.1")))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python3"))
    with pytest.raises(NoPython, match="python3: not found"):
        await here.connect()
    assert not here.is_up


async def test_an_agent_without_a_cockpit_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    import zlib

    length, packed = bootstrap.bundle().split(b"\n", 1)
    assert len(packed) == int(length)
    packed = zlib.compress(zlib.decompress(packed).replace(b"LEASE = 20.0", b"LEASE = 0.5"))
    monkeypatch.setattr(bootstrap, "bundle", lambda: b"%d\n" % len(packed) + packed)
    monkeypatch.setattr(session, "BEAT", 30.0)
    host = Host(HostSpec("here", "local", ForwardSpec("eth1", "10.78.0.1")))
    await host.connect()
    assert await asyncio.wait_for(host.wait_lost(), 4)
    await host.close()


async def test_an_agent_that_hangs_is_found(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    await host.close()
    monkeypatch.setattr(session, "BEAT", 0.1)
    monkeypatch.setattr(session, "SILENCE", 0.5)
    await host.connect()
    pid = host.info.pid
    os.kill(pid, signal.SIGSTOP)
    assert "silent" in await asyncio.wait_for(host.wait_lost(), 3)
    os.kill(pid, signal.SIGCONT)

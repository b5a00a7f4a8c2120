"""Host: everything the cockpit may ask of one host, over one channel."""

from __future__ import annotations

import asyncio
import errno
import importlib
import socket
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from colotui.errors import CommandFailed, HostCallFailed, HostKeyUnknown, HostLost, HostUnreachable
from colotui.host.agent import wire
from colotui.host.answers import (
    AgentInfo,
    ClockReading,
    CommandResult,
    FileStat,
    ProcessInfo,
    agent_info,
    sensible,
    understood,
)
from colotui.host.dumps import Dumps
from colotui.host.follow import Changes, ReadError, Sample, SampleRequest, Samples, Tail, split_files
from colotui.host.session import CALL_TIMEOUT, Channel, Session
from colotui.host.sockets import Pump
from colotui.host.transport import START_TIMEOUT, LocalTransport, Transport
from colotui.model.pair import HostSpec

if TYPE_CHECKING:
    from colotui.host.netlink import RemoteNetlink

__all__ = [
    "AgentInfo",
    "ClockReading",
    "CommandResult",
    "FileStat",
    "Host",
    "ProcessInfo",
    "ReadError",
    "Sample",
    "SampleRequest",
    "accept_host_key",
]

# RTNLGRP_LINK, _TC, _IPV4_IFADDR, _IPV4_ROUTE, _IPV6_IFADDR, _IPV6_ROUTE
_NETWORK_GROUPS = (1, 4, 5, 7, 9, 11)


class Host:
    """One host of the pair. Nothing happens before `connect`; after a loss `connect` may be called again."""

    def __init__(self, spec: HostSpec, *, accept_key: bool = False) -> None:
        self.spec = spec
        self.lost = asyncio.Event()
        self._accept_key = accept_key
        self._session: Session | None = None
        self._info: AgentInfo | None = None
        self._lost_why = "not connected yet"
        self._pumps: set[Pump] = set()
        self._connecting = asyncio.Lock()

    @property
    def name(self) -> str:
        """The host's name in the pair file."""
        return self.spec.name

    @property
    def is_up(self) -> bool:
        """True while the channel stands."""
        return self._session is not None and self._session.lost_why is None

    @property
    def rtt_ms(self) -> float | None:
        """The newest round trip to the agent; None before the first."""
        return self._session.rtt_ms if self._session else None

    @property
    def info(self) -> AgentInfo:
        """What the agent said when it started."""
        self._living()
        assert self._info is not None
        return self._info

    async def connect(self) -> None:
        """Log in and start the agent.

        Raises HostUnreachable, HostKeyUnknown, HostKeyChanged, AuthFailed, NoPython or NoSudo, each with a next step.
        """
        async with self._connecting:
            if self.is_up:
                return
            if self._session is not None:
                await self._session.close()
            transport, first = await self._open_transport()
            session = Session(self.name, transport, self._on_lost)
            self.lost.clear()
            try:
                async with asyncio.timeout(START_TIMEOUT):
                    await session.start(first)
                with understood(self.name):
                    self._info = agent_info(session.hello)
            except (TimeoutError, HostLost, HostCallFailed) as error:
                await session.close()
                raise HostUnreachable(self.name, f"the agent did not start ({error}).", "Try again.") from None
            except BaseException:
                await session.close()
                raise
            self._session = session

    async def _open_transport(self) -> tuple[Transport, bytes]:
        if self.spec.is_local:
            return await LocalTransport.open(self.name)
        # asyncssh takes a third of a second to import: only who needs it pays, and the screen goes on meanwhile
        await asyncio.to_thread(load_ssh)
        from colotui.host.ssh import SshTransport

        return await SshTransport.open(self.spec, accept_key=self._accept_key)

    async def close(self) -> None:
        """End the channel: locks are given back, commands killed; what was spawned stays."""
        for pump in list(self._pumps):
            await pump.close()
        if self._session is not None:
            await self._session.close()

    async def wait_lost(self) -> str:
        """Wait for the end of the channel; the reason in a few words."""
        await self.lost.wait()
        return self._lost_why

    def _on_lost(self, why: str) -> None:
        self._lost_why = why
        self.lost.set()

    def _living(self) -> Session:
        if self._session is None:
            raise HostLost(self.name, f"there is no channel ({self._lost_why}).", "Connect first.")
        self._session.check()
        return self._session

    async def _call(self, op: str, body: bytes = b"", **args: Any) -> dict[str, Any]:
        head, _ = await self._living().call(op, args, body)
        return head

    async def ask(self, op: str, limit: float = CALL_TIMEOUT, **args: Any) -> dict[str, Any]:
        """One operation of the agent that has a module of its own in this package; its answer as sent.

        Whoever calls it makes sense of the answer under `answers.understood`. `limit` in seconds.
        """
        head, _ = await self._living().call(op, args, limit=limit)
        return head

    async def stream(self, op: str, **args: Any) -> tuple[Channel, dict[str, Any]]:
        """A stream of the agent that has a module of its own in this package; its first answer comes with it."""
        return await self._living().open(op, args)

    @sensible
    async def read(self, paths: Sequence[str], limit: int = 65536) -> dict[str, bytes | ReadError]:
        """The contents of many files, each up to `limit` bytes, in one round trip."""
        head, body = await self._living().call("read", {"paths": list(paths), "limit": limit})
        return split_files(head["files"], body)

    @sensible
    async def end(self, path: str, limit: int) -> tuple[bytes, int]:
        """The last `limit` bytes of an ordinary file (at most 4 MiB), and how many stand before them.

        HostCallFailed with EINVAL for a link, a device or a pipe: it is not opened.
        """
        head, body = await self._living().call("end", {"path": path, "limit": limit})
        return body[-limit:] if limit > 0 else b"", max(0, int(head["start"]))

    @sensible
    async def listdir(self, path: str) -> list[str]:
        """The names in a directory, sorted."""
        return list((await self._named(path, "listdir", path=path))["names"])

    @sensible
    async def glob(self, patterns: Sequence[str]) -> list[str]:
        """The paths that match, sorted."""
        return list((await self._call("glob", patterns=list(patterns)))["paths"])

    @sensible
    async def realpath(self, paths: Sequence[str]) -> list[str]:
        """Where each path leads; "" for what does not exist."""
        return list((await self._call("realpath", paths=list(paths)))["paths"])

    @sensible
    async def stat(self, paths: Sequence[str]) -> dict[str, FileStat | ReadError]:
        """Size, time and kind of many paths in one round trip."""
        found: dict[str, FileStat | ReadError] = {}
        for path, number, *rest in (await self._call("stat", paths=list(paths)))["stats"]:
            if number:
                found[path] = ReadError(int(number), str(rest[0]))
            else:
                size, mtime, mode, is_dir = rest
                found[path] = FileStat(int(size), float(mtime), int(mode), bool(is_dir))
        return found

    async def write(self, path: str, data: bytes, *, mode: int | None = None, create: bool = False) -> None:
        """Write a file in place; with `create` atomically, making missing directories (0700) on the way."""
        if len(data) > wire.MAX_BODY:
            raise HostCallFailed(self.name, f"{path}: {len(data)} bytes are too many.", errno.EFBIG)
        await self._named(path, "write", data, path=path, mode=mode, create=create)

    async def mkdir(self, path: str, mode: int = 0o700) -> None:
        """Make a directory and its parents; existing ones stay as they are."""
        await self._named(path, "mkdir", path=path, mode=mode)

    async def remove(self, paths: Sequence[str]) -> None:
        """Remove files; missing ones are fine."""
        await self._call("remove", paths=list(paths))

    async def rmdir(self, path: str) -> None:
        """Remove an empty directory; a missing one is fine. HostCallFailed with ENOTEMPTY when it is not empty."""
        await self._named(path, "rmdir", path=path)

    async def _named(self, what: str, op: str, body: bytes = b"", **args: Any) -> dict[str, Any]:
        """A call whose error must name the file it is about."""
        try:
            return await self._call(op, body, **args)
        except HostCallFailed as error:
            text = error.what.removeprefix(f"{self.name}: ")
            raise HostCallFailed(self.name, f"{op} {what}: {text}", error.errno, error.next_step) from None

    @sensible
    async def run(
        self,
        argv: Sequence[str],
        timeout: float = 10,
        input: bytes = b"",  # noqa: A002
        *,
        check: bool = True,
    ) -> CommandResult:
        """Run a command. At the time limit its process group is killed and CommandFailed is raised.

        With `check` a status other than 0 raises CommandFailed too. A command that is not there has status 127.
        """
        args = {"argv": list(argv), "timeout": timeout}
        head, body = await self._living().call("run", args, input, limit=timeout + 10)
        size = int(head["sizes"][0])
        status = head["status"]
        result = CommandResult(
            None if status is None else int(status),
            body[:size].decode("utf-8", "replace"),
            body[size:].decode("utf-8", "replace"),
        )
        if result.status is None or (check and result.status != 0):
            raise CommandFailed(self.name, tuple(argv), result.status, result.stderr or result.stdout)
        return result

    @sensible
    async def spawn(
        self, argv: Sequence[str], *, stdout: str, stderr: str, exit_file: str | None = None, cwd: str = "/"
    ) -> int:
        """Start a program that outlives the channel; its pid. Output is appended to the files.

        With `exit_file` a supervising shell writes "<status> <epoch.ns>" there when it ends (128+n: signal n).
        """
        found = await self._named(
            argv[0], "spawn", argv=list(argv), stdout=stdout, stderr=stderr, exit_file=exit_file, cwd=cwd
        )
        return int(found["pid"])

    @sensible
    async def kill(self, pid: int, signal: int, *, start_time: int | None = None) -> bool:
        """Send a signal; False when there is no such process (or, with `start_time`, it is another one)."""
        return bool((await self._call("kill", pid=pid, signal=int(signal), start_time=start_time))["sent"])

    @sensible
    async def process(self, pid: int) -> ProcessInfo | None:
        """What runs as `pid`; None when nothing does (a zombie has ended)."""
        found = (await self._call("process", pid=pid))["process"]
        if found is None:
            return None
        return ProcessInfo(**{**found, "cmdline": tuple(found["cmdline"])})

    @sensible
    async def named_processes(self, names: Sequence[str]) -> dict[str, tuple[int, ...]]:
        """The pids of the processes with these names (at most 15 bytes each, as the kernel keeps them)."""
        found = (await self._call("names", names=list(names)))["found"]
        return {name: tuple(pids) for name, pids in found.items()}

    @sensible
    async def watch_exit(self, pid: int, *, start_time: int | None = None) -> float:
        """Wait until the process ended; when that was, by the host's clock. At once when it is not there."""
        head, _ = await self._living().call("watch_exit", {"pid": pid, "start_time": start_time}, limit=None)
        return float(head["at"])

    async def lock(self, path: str, text: str) -> None:
        """Hold a lock file until `unlock` or the end of the channel.

        HostCallFailed with errno EWOULDBLOCK and the holder's text in `what` when another holds it.
        """
        await self._call("lock", path=path, text=text)

    @sensible
    async def holder(self, path: str) -> str | None:
        """What the holder of a lock wrote into it; None when nobody holds it."""
        text = (await self._named(path, "holder", path=path))["text"]
        return None if text is None else str(text)

    async def unlock(self, path: str, *, remove: bool = False) -> None:
        """Give a lock back, with `remove` its file too; nothing when we do not hold it."""
        await self._call("unlock", path=path, remove=remove)

    @sensible
    async def open_unix(self, paths: Sequence[str], *, claim: bool = True) -> tuple[socket.socket, str]:
        """A socket connected to the first of `paths` that nobody claims, and which one it is.

        The claim (a flock on "<path>.lock") is held as long as the stream. HostCallFailed with errno EBUSY when
        all are claimed, else with that of the last connect.
        """
        session = self._living()
        channel, head = await session.open("unix", {"paths": list(paths), "claim": claim})
        return self._pump(channel, socket.SOCK_STREAM).ours, str(head["path"])

    def _pump(self, channel: Channel, kind: socket.SocketKind) -> Pump:
        pump = Pump(channel, kind)
        self._pumps.add(pump)
        pump.when_done(lambda: self._pumps.discard(pump))
        return pump

    def tail(self, path: str, offset: int = 0, max_bytes_per_s: int = 2 << 20) -> Tail:
        """Follow a file from `offset` (-1: from its end); one that is missing is followed when it comes."""
        args = {"path": path, "offset": offset, "rate": max_bytes_per_s}
        return Tail(lambda: self._living().open("tail", args))

    def sample(self, request: SampleRequest, interval: float) -> Samples:
        """Files read on the host every `interval` seconds and pushed; only changes travel."""
        args = {
            "paths": list(request.paths),
            "globs": list(request.globs),
            "always": request.always,
            "limit": request.limit,
            "interval": interval,
        }
        return Samples(lambda: self._living().open("sample", args))

    async def netlink(self, *, groups: Sequence[int] = (), scratch: bool = False) -> RemoteNetlink:
        """pyroute2's AsyncIPRoute on that host, to be used with `async with`.

        `groups`: multicast groups to hear. `scratch`: in a network namespace of its own that goes with it.
        """
        await load_netlink()
        from colotui.host.netlink import RemoteNetlink

        channel, _ = await self._living().open("netlink", {"groups": list(groups), "scratch": scratch})
        return RemoteNetlink(self.name, self._pump(channel, socket.SOCK_DGRAM), channel)

    async def dumps(self) -> Dumps:
        """A netlink socket there to list links, addresses, traffic control and routes with; close it."""
        channel, _ = await self._living().open("netlink", {"groups": []})
        return Dumps(channel)

    def network_changes(self) -> Changes:
        """Yields whenever links, addresses, routes or traffic control of the host changed."""
        args = {"groups": list(_NETWORK_GROUPS), "ext_ack": False, "strict": False}
        return Changes(lambda: self._living().open("netlink", args))

    @sensible
    async def clock(self, exchanges: int = 5) -> ClockReading:
        """The host's clock against ours, from the quickest of several exchanges."""
        session = self._living()
        best: ClockReading | None = None
        for _ in range(max(1, exchanges)):
            sent, began = time.time(), time.perf_counter()
            head, _ = await session.call("ping", {})
            rtt = time.perf_counter() - began
            if best is None or rtt * 1e3 < best.rtt_ms:
                best = ClockReading((float(head["now"]) - (sent + rtt / 2)) * 1e3, rtt * 1e3)
        assert best is not None
        session.rtt_ms = best.rtt_ms
        return best


def accept_host_key(error: HostKeyUnknown) -> None:
    """Remember the key the operator has compared and accepted; the next `connect` trusts it."""
    from colotui.host import hostkeys

    hostkeys.accept(error)


def load_ssh() -> None:
    """Import asyncssh without its X.509 certificates: OpenSSH has none, and they take a MiB of memory."""
    sys.modules.setdefault("asyncssh.crypto.x509", None)  # type: ignore[arg-type]  # None: not to be had
    importlib.import_module("colotui.host.ssh")


async def load_netlink() -> None:
    """Import pyroute2 in a thread: it takes long, and the screen goes on meanwhile."""
    await asyncio.to_thread(importlib.import_module, "colotui.host.netlink")

"""How bytes get to an agent: the contract of a transport, and the one for this machine."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
import sys
from asyncio.subprocess import PIPE, Process
from typing import Protocol

from colotui.errors import HostUnreachable, NoPython, NoSudo
from colotui.host import bootstrap
from colotui.host.agent import wire

#: To log in, and again for the agent to answer.
LOGIN_TIMEOUT = 5.0
START_TIMEOUT = 5.0
_MAX_NOISE = 256 << 10
_MAX_STDERR = 8 << 10
_SUDO_REFUSES = ("password", "terminal", "tty", "not allowed", "may not run", "sudoers", "setuid")


class Transport(Protocol):
    """A running agent's stdin and stdout."""

    def write(self, data: bytes) -> None:
        """Queue bytes for the agent."""
        ...

    async def drain(self) -> None:
        """Wait until the queue is short again."""
        ...

    async def read(self) -> bytes:
        """The next bytes of the agent; b"" when it ended."""
        ...

    async def why(self) -> str:
        """After the end: the reason in a few words."""
        ...

    async def close(self) -> None:
        """End the agent and free everything. Never raises."""
        ...


class Stderr:
    """The last of what an agent's stderr said."""

    def __init__(self) -> None:
        self._kept = b""

    def add(self, data: bytes) -> None:
        """Keep the end of it."""
        self._kept = (self._kept + data)[-_MAX_STDERR:]

    @property
    def text(self) -> str:
        """What was said."""
        return self._kept.decode("utf-8", "replace").strip()


def explain_failed_start(host: str, user: str, status: int | None, text: str) -> HostUnreachable | NoPython | NoSudo:
    """Why no agent answered, from how the starting command ended."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    last = lines[-1] if lines else "it printed nothing"
    for line in lines:
        if line.startswith(bootstrap.TOO_OLD) and line[len(bootstrap.TOO_OLD) :].replace(".", "").isdigit():
            version = line[len(bootstrap.TOO_OLD) :]
            return NoPython(host, f"its /usr/bin/python3 is {version}, too old.", "Install Python 3.8 or newer there.")
    missing = any("python3" in line and ("not found" in line or "o such file" in line) for line in lines)
    for line in lines if not missing else ():
        low = line.lower()
        if "sudo" in low and any(word in low for word in _SUDO_REFUSES):
            return NoSudo(
                host,
                f"{user} is not root there and may not use sudo without a password ({line}).",
                f"Allow it in sudoers: `{user} ALL=(root) NOPASSWD: /usr/bin/python3`, or log in as root.",
            )
        if "sudo" in low and ("not found" in low or "o such file" in low):
            return NoSudo(host, f"{user} is not root there and there is no sudo.", "Log in as root, or install sudo.")
    if missing or status in (126, 127):
        return NoPython(host, f"it has no usable /usr/bin/python3 ({last}).", "Install python3 (3.8 or newer) there.")
    how = "did not answer in time" if status is None else f"ended with status {status}"
    return HostUnreachable(host, f"the agent {how} ({last}).", "Try `python3 --version` in a shell there.")


async def handshake(transport: Transport) -> bytes | None:
    """Send the agent's sources and wait for its mark; the bytes after the mark, or None when it ended."""
    transport.write(bootstrap.bundle())
    seen = b""
    while True:
        data = await transport.read()
        if not data:
            return None
        seen += data
        noise, mark, rest = seen.partition(wire.MARK)
        if mark:
            return rest
        if len(noise) > _MAX_NOISE:
            return None


class LocalTransport:
    """The agent as a subprocess of this machine, by `sudo -n` when we are not root."""

    def __init__(self, process: Process, stderr: Stderr, errors: asyncio.Task[None]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._stdin = process.stdin
        self._stdout = process.stdout
        self._stderr = stderr
        self._errors = errors

    @classmethod
    async def open(cls, host: str, *, sudo: bool | None = None, python: str | None = None) -> tuple[Transport, bytes]:
        """Start the agent here; the transport and the first bytes after its mark."""
        if sudo is None:
            sudo = os.geteuid() != 0
        argv = bootstrap.argv(python or ("/usr/bin/python3" if sudo else sys.executable), sudo)
        try:
            process = await asyncio.create_subprocess_exec(
                *argv, stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True, limit=1 << 20
            )
        except FileNotFoundError as error:
            raise explain_failed_start(host, _user(), 127, f"{error.filename}: not found") from None
        stderr = Stderr()
        errors = asyncio.create_task(_collect(process, stderr))
        transport = cls(process, stderr, errors)
        rest: bytes | None = None
        try:
            async with asyncio.timeout(START_TIMEOUT):
                rest = await handshake(transport)
                if rest is None:
                    await process.wait()
                    await asyncio.wait([errors], timeout=0.5)
        except TimeoutError:
            pass
        except BaseException:
            await transport.close()
            raise
        if rest is None:
            status = process.returncode
            await transport.close()
            raise explain_failed_start(host, _user(), status, stderr.text)
        return transport, rest

    def write(self, data: bytes) -> None:
        """Queue bytes for the agent."""
        self._stdin.write(data)

    async def drain(self) -> None:
        """Wait until the queue is short again."""
        await self._stdin.drain()

    async def read(self) -> bytes:
        """The next bytes of the agent."""
        return await self._stdout.read(1 << 18)

    async def why(self) -> str:
        """How the agent ended."""
        try:
            async with asyncio.timeout(1):
                status = await self._process.wait()
        except TimeoutError:
            return "the agent closed its output"
        said = self._stderr.text.splitlines()
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        return f"the agent {how}" + (f" ({said[-1]})" if said else "")

    async def close(self) -> None:
        """Close its stdin, which ends it; kill it when that does not."""
        self._stdin.close()
        try:
            async with asyncio.timeout(2):
                await self._process.wait()
        except TimeoutError:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
            else:
                await self._process.wait()
        self._errors.cancel()
        await asyncio.gather(self._errors, return_exceptions=True)


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


async def _collect(process: Process, stderr: Stderr) -> None:
    assert process.stderr is not None
    while data := await process.stderr.read(4096):
        stderr.add(data)

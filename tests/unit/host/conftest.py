"""A local host, and an SSH server in this process whose sessions run real shells."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from colotui.host import transport
from colotui.host.channel import Host
from colotui.model.pair import ForwardSpec, HostSpec

LOCAL = HostSpec("here", "local", ForwardSpec("eth1", "10.78.0.1"))


@pytest.fixture(autouse=True)
def no_sudo_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tests run as any user, and never see this user's keys or files."""
    opened = transport.LocalTransport.open

    async def plain(host: str, **_: object) -> tuple[transport.Transport, bytes]:
        return await opened(host, sudo=False)

    monkeypatch.setattr(transport.LocalTransport, "open", plain)
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    """A connected local host."""
    here = Host(LOCAL)
    await here.connect()
    yield here
    await here.close()


@dataclass
class Server:
    """An SSH server on loopback. `wrap` may change the command a session runs."""

    port: int
    key: asyncssh.SSHKey
    client_key: Path
    acceptor: asyncssh.SSHAcceptor
    connections: list[asyncssh.SSHServerConnection] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    sessions: list[Any] = field(default_factory=list)
    wrap: Callable[[str], str] = lambda command: command

    @property
    def known_line(self) -> str:
        kind, text = self.key.export_public_key("openssh").decode().split()[:2]
        return f"[127.0.0.1]:{self.port} {kind} {text}\n"

    def spec(self, **changes: object) -> HostSpec:
        base = HostSpec("beta", "127.0.0.1", ForwardSpec("eth1", "10.78.0.2"), port=self.port, key=str(self.client_key))
        return replace(base, **changes)  # type: ignore[arg-type]


class _Door(asyncssh.SSHServer):
    def __init__(self, server: list[Server]) -> None:
        self._server = server

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._server[0].connections.append(conn)

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        return True


async def _copy(source: Any, sink: Any) -> None:
    with contextlib.suppress(asyncssh.Error, OSError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        if isinstance(sink, asyncio.StreamWriter):
            sink.close()


MakeServer = Callable[[], Awaitable[Server]]


@pytest.fixture
async def make_server(tmp_path: Path) -> AsyncIterator[MakeServer]:
    """Starts SSH servers that let our key in."""
    client = asyncssh.generate_private_key("ssh-ed25519")
    key_file = tmp_path / "id"
    client.write_private_key(key_file)
    key_file.chmod(0o600)
    allowed = tmp_path / "authorized"
    client.write_public_key(allowed)
    made: list[Server] = []

    async def make() -> Server:
        box: list[Server] = []
        key = asyncssh.generate_private_key("ssh-ed25519")

        async def session(process: asyncssh.SSHServerProcess[bytes]) -> None:
            box[0].sessions.append(asyncio.current_task())
            command = box[0].wrap(process.command or "")
            box[0].commands.append(process.command or "")
            shell = await asyncio.create_subprocess_exec(
                "/bin/sh", "-c", command, stdin=-1, stdout=-1, stderr=-1, start_new_session=True
            )
            inward = asyncio.create_task(_copy(process.stdin, shell.stdin))
            out = (_copy(shell.stdout, process.stdout), _copy(shell.stderr, process.stderr))
            try:
                await asyncio.gather(*out)
                status = await shell.wait()
                process.exit(status if status >= 0 else 128 - status)
            finally:
                inward.cancel()
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(shell.pid, signal.SIGTERM)
                await shell.wait()

        acceptor = await asyncssh.create_server(
            lambda: _Door(box),
            "127.0.0.1",
            0,
            server_host_keys=[key],
            authorized_client_keys=str(allowed),
            process_factory=session,
            encoding=None,
        )
        server = Server(acceptor.get_port(), key, key_file, acceptor)
        box.append(server)
        made.append(server)
        return server

    yield make
    for server in made:
        for connection in server.connections:
            connection.abort()
        server.acceptor.close()
        await server.acceptor.wait_closed()
        for task in server.sessions:
            task.cancel()
        await asyncio.gather(*server.sessions, return_exceptions=True)
    await asyncio.sleep(0)


@pytest.fixture
async def server(make_server: MakeServer) -> Server:
    """One SSH server, its key not known yet."""
    return await make_server()


@pytest.fixture
async def trusted(server: Server) -> Server:
    """One SSH server whose key is known."""
    (Path.home() / ".ssh" / "known_hosts").write_text(server.known_line)
    return server

"""The way in: host keys, refusals, what is missing there, and how a dead host is noticed."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh
import pytest

from colotui import paths
from colotui.errors import (
    AuthFailed,
    HostKeyChanged,
    HostKeyUnknown,
    HostLost,
    HostUnreachable,
    NoPython,
    NoSudo,
)
from colotui.host import bootstrap, ssh
from colotui.host.channel import Host, accept_host_key

if TYPE_CHECKING:
    from tests.unit.host.conftest import MakeServer, Server


async def test_everything_works_over_ssh(trusted: Server, tmp_path: Path) -> None:
    host = Host(trusted.spec())
    await host.connect()
    assert host.is_up
    result = await host.run(["sh", "-c", "cat; echo err >&2"], input=b"hello")
    assert (result.status, result.stdout, result.stderr) == (0, "hello", "err\n")
    big = bytes(range(256)) * 8192
    await host.write(str(tmp_path / "deep" / "big"), big, create=True)
    assert (await host.read([str(tmp_path / "deep" / "big")], limit=4 << 20)) == {str(tmp_path / "deep" / "big"): big}
    assert host.rtt_ms is not None or (await host.clock()).rtt_ms > 0
    assert trusted.commands == [bootstrap.shell_line(sudo=False)]
    await host.close()
    assert not host.is_up
    with pytest.raises(HostLost):
        await host.read(["/proc/stat"])


async def test_noise_of_a_login_shell_does_not_matter(trusted: Server) -> None:
    trusted.wrap = lambda command: f"echo Welcome to beta; printf '\\0colotui'; {command}"
    host = Host(trusted.spec())
    await host.connect()
    assert (await host.run(["echo", "ok"])).stdout == "ok\n"
    await host.close()


async def test_unknown_key_is_shown_then_accepted(server: Server) -> None:
    host = Host(server.spec())
    with pytest.raises(HostKeyUnknown) as caught:
        await host.connect()
    error = caught.value
    assert error.fingerprint == server.key.get_fingerprint()
    assert error.fingerprint.startswith("SHA256:")
    assert error.key_line + "\n" == server.known_line
    assert error.known_hosts == str(paths.known_hosts())
    assert server.commands == []
    accept_host_key(error)
    accept_host_key(error)
    assert paths.known_hosts().read_text() == server.known_line
    assert paths.known_hosts().stat().st_mode & 0o777 == 0o600
    await host.connect()
    await host.close()


async def test_accept_key_takes_the_first_contact_alone(server: Server, make_server: MakeServer) -> None:
    host = Host(server.spec(), accept_key=True)
    await host.connect()
    await host.close()
    other = await make_server()
    paths.known_hosts().write_text(server.known_line.replace(str(server.port), str(other.port)))
    with pytest.raises(HostKeyChanged):
        await Host(other.spec(), accept_key=True).connect()


async def test_known_hosts_of_the_pair_file_stands_alone(server: Server, tmp_path: Path) -> None:
    (Path.home() / ".ssh" / "known_hosts").write_text(server.known_line)
    own = tmp_path / "hosts.known"
    with pytest.raises(HostKeyUnknown) as caught:
        await Host(server.spec(known_hosts=str(own))).connect()
    assert caught.value.known_hosts == str(own)
    accept_host_key(caught.value)
    host = Host(server.spec(known_hosts=str(own)))
    await host.connect()
    await host.close()


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256"])
async def test_changed_key_is_refused(server: Server, kind: str) -> None:
    other = asyncssh.generate_private_key(kind).export_public_key("openssh").decode().split()
    known = Path.home() / ".ssh" / "known_hosts"
    known.write_text(f"this line is odd\n[127.0.0.1]:{server.port} {other[0]} {other[1]}\n")
    with pytest.raises(HostKeyChanged) as caught:
        await Host(server.spec(), accept_key=True).connect()
    assert str(known) in caught.value.next_step
    assert server.commands == []


async def test_revoked_key_is_refused(server: Server) -> None:
    line = server.known_line
    (Path.home() / ".ssh" / "known_hosts").write_text(f"{line}@revoked {line}")
    with pytest.raises(HostKeyChanged):
        await Host(server.spec()).connect()


async def test_an_entry_of_port_22_says_nothing_of_other_ports(server: Server) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key("openssh").decode().split()
    (Path.home() / ".ssh" / "known_hosts").write_text(f"127.0.0.1 {other[0]} {other[1]}\n")
    with pytest.raises(HostKeyUnknown):
        await Host(server.spec()).connect()


async def test_ssh_config_may_say_where_but_never_turn_checking_off(server: Server) -> None:
    (Path.home() / ".ssh" / "config").write_text(
        f"Host beta-alias\n HostName 127.0.0.1\n Port {server.port}\n User operator\n"
        f" IdentityFile {server.client_key}\n StrictHostKeyChecking no\n UserKnownHostsFile none\n"
    )
    spec = server.spec(address="beta-alias", port=22, key=None)
    with pytest.raises(HostKeyUnknown) as caught:
        await Host(spec).connect()
    accept_host_key(caught.value)
    server.wrap = lambda command: command.replace("sudo -n ", "")
    host = Host(spec)
    await host.connect()
    assert server.commands == [bootstrap.shell_line(sudo=True)]  # "operator" is not root
    await host.close()


async def test_through_a_jump_host(server: Server, make_server: MakeServer) -> None:
    jump = await make_server()
    known = Path.home() / ".ssh" / "known_hosts"
    known.write_text(server.known_line)
    (Path.home() / ".ssh" / "config").write_text(
        f"Host 127.0.0.1\n ProxyJump root@localhost:{jump.port}\n IdentityFile {server.client_key}\n"
        f"Host localhost\n IdentityFile {server.client_key}\n"
    )
    with pytest.raises(HostUnreachable, match="on the way to it is not trusted"):
        await Host(server.spec()).connect()
    known.write_text(server.known_line + jump.known_line.replace("127.0.0.1", "localhost"))
    host = Host(server.spec())
    await host.connect()
    assert (await host.run(["echo", "far"])).stdout == "far\n"
    assert jump.commands == []
    await host.close()


async def test_refused_key(trusted: Server, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(stranger)
    with pytest.raises(AuthFailed) as caught:
        await Host(trusted.spec(key=str(stranger))).connect()
    assert "authorized_keys of root" in caught.value.next_step


async def test_unusable_keys(trusted: Server, tmp_path: Path) -> None:
    with pytest.raises(AuthFailed, match="cannot be read"):
        await Host(trusted.spec(key=str(tmp_path / "none"))).connect()
    locked = tmp_path / "locked"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(locked, "pkcs8-pem", passphrase="secret")
    with pytest.raises(AuthFailed):
        await Host(trusted.spec(key=str(locked))).connect()
    broken = tmp_path / "broken"
    broken.write_text("-----BEGIN nothing\n")
    with pytest.raises(AuthFailed):
        await Host(trusted.spec(key=str(broken))).connect()


async def test_nobody_there(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "LOGIN_TIMEOUT", 0.4)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(HostUnreachable, match="refused"):
            await Host(server.spec(port=silent.getsockname()[1])).connect()
        silent.listen()
        with pytest.raises(HostUnreachable, match="does not answer within"):
            await Host(server.spec(port=silent.getsockname()[1])).connect()
    with pytest.raises(HostUnreachable):
        await Host(server.spec(address="no-such-host.invalid")).connect()


async def test_something_else_listens(server: Server) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 smtp\r\n")
        writer.close()

    other = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with other:
        with pytest.raises(HostUnreachable):
            await Host(server.spec(port=other.sockets[0].getsockname()[1])).connect()


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        ("exec /usr/bin/python9 -c x", NoPython, "no usable /usr/bin/python3"),
        ("echo /bin/sh: /usr/bin/python3: not found >&2; exit 127", NoPython, "not found"),
        ("echo c:3.6 >&2; exit 1", NoPython, "3.6, too old"),
        ("echo 'sudo: a password is required' >&2; exit 1", NoSudo, "without a password"),
        ("echo 'sh: 1: exec: sudo: not found' >&2; exit 127", NoSudo, "there is no sudo"),
        ("echo 'This account is not available.'; exit 1", HostUnreachable, "ended with status 1"),
    ],
)
async def test_what_is_missing_there(trusted: Server, line: str, kind: type[Exception], words: str) -> None:
    trusted.wrap = lambda _: line
    with pytest.raises(kind, match=words) as caught:
        await Host(trusted.spec(user="operator")).connect()
    assert getattr(caught.value, "next_step", "")


async def test_an_agent_that_never_answers(trusted: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "START_TIMEOUT", 0.3)
    trusted.wrap = lambda _: "sleep 60"
    with pytest.raises(HostUnreachable, match="did not answer in time"):
        await Host(trusted.spec()).connect()


async def test_a_silent_host_is_lost_within_seconds_and_may_come_back(trusted: Server) -> None:
    host = Host(trusted.spec())
    await host.connect()
    waiting = asyncio.create_task(host.run(["sleep", "30"], timeout=30))
    await asyncio.sleep(0.1)
    [connection] = trusted.connections
    transport = connection._transport
    transport.pause_reading()  # as if the cable were out: nothing is closed, nothing answers
    began = time.monotonic()
    why = await host.wait_lost()
    assert 1.5 < time.monotonic() - began < 4.5
    assert "keepalive" in why
    with pytest.raises(HostLost):
        await waiting
    with pytest.raises(HostLost):
        await host.read(["/proc/stat"])
    await host.connect()
    assert (await host.run(["echo", "back"])).stdout == "back\n"
    await host.close()


async def test_a_closed_connection_is_noticed_at_once(trusted: Server) -> None:
    host = Host(trusted.spec())
    await host.connect()
    trusted.connections[0].abort()
    async with asyncio.timeout(1):
        assert await host.wait_lost()
    assert not host.is_up
    await host.close()


def test_the_command_passes_every_login_shell() -> None:
    line = bootstrap.shell_line(sudo=True)
    assert line.startswith("exec sudo -n /usr/bin/python3 -I -S -c '")
    assert line.count("'") == 2
    assert not set(line) & set('!"`$\\\n')

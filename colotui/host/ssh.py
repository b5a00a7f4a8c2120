"""An agent over SSH: log in, verify the host's key, start the agent, say plainly what went wrong."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from colotui.errors import AuthFailed, HostError, HostKeyChanged, HostKeyUnknown, HostUnreachable
from colotui.host import bootstrap, hostkeys
from colotui.host.transport import (
    LOGIN_TIMEOUT,
    START_TIMEOUT,
    Stderr,
    Transport,
    explain_failed_start,
    handshake,
)
from colotui.model.pair import HostSpec

#: A host that is gone is noticed after (count + 1) intervals.
KEEPALIVE_INTERVAL = 1
KEEPALIVE_COUNT = 2
#: In the order of ssh itself, so that both show the same fingerprint for a host nobody here knows.
_FIRST_CONTACT = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)


class _Client(asyncssh.SSHClient):
    """Remembers the key a host showed when nobody vouches for it."""

    def __init__(self, spec: HostSpec, known: hostkeys.KnownHosts, accept_key: bool) -> None:
        self._spec = spec
        self._known = known
        self._accept_key = accept_key
        self.refusal: HostError | None = None
        self.saw_authority = False

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Asked for a key that is in no file: only an accepted first contact passes."""
        file = str(hostkeys.files_of(self._spec)[-1])
        fingerprint = key.get_fingerprint()
        if self._known.knows(host, port):
            self.refusal = _changed(self._spec, fingerprint)
            return False
        unknown = HostKeyUnknown(self._spec.name, fingerprint, hostkeys.line_of(host, port, key), file)
        if self._accept_key:
            hostkeys.accept(unknown)
            return True
        self.refusal = unknown
        return False

    def validate_host_ca_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Asked for the authority of a host certificate that is in no file: never taken on sight."""
        self.saw_authority = True
        return False


def _changed(spec: HostSpec, shown: str) -> HostKeyChanged:
    files = " or ".join(str(file) for file in hostkeys.files_of(spec))
    return HostKeyChanged(
        spec.name,
        f"its host key is not the one accepted before ({shown}); someone may stand in between.",
        f"If the host was set up anew, remove its old line from {files} and accept the new key.",
    )


@dataclass(frozen=True, slots=True)
class _Target:
    """Whom we log in as, and the name and port known_hosts has the host under, with ~/.ssh/config applied."""

    user: str
    host: str
    port: int


def _target(spec: HostSpec) -> _Target:
    # what the pair file leaves at its default, ~/.ssh/config may say better
    port = {"port": spec.port} if spec.port != 22 else {}
    options = asyncssh.SSHClientConnectionOptions(
        host=spec.address, config=(), known_hosts=b"", client_keys=None, **port
    )
    configured = options.config.get("User") if spec.user == "root" else None
    return _Target(str(configured or spec.user), options.host_key_alias or options.host, options.port)


async def _connect(
    spec: HostSpec, target: _Target, client: _Client, known: hostkeys.KnownHosts
) -> asyncssh.SSHClientConnection:
    options: dict[str, Any] = {}
    if spec.port != 22:
        options["port"] = spec.port
    if spec.key:
        options["client_keys"] = [_expanded(spec.key)]
        options["ignore_encrypted"] = True  # a locked key may still be in ssh-agent
    if client.saw_authority or not known.knows(target.host, target.port):
        options["server_host_key_algs"] = _FIRST_CONTACT
    connection, _ = await asyncssh.create_connection(
        lambda: client,
        spec.address,
        username=target.user,
        known_hosts=known,
        connect_timeout=LOGIN_TIMEOUT,
        login_timeout=LOGIN_TIMEOUT,
        keepalive_interval=KEEPALIVE_INTERVAL,
        keepalive_count_max=KEEPALIVE_COUNT,
        preferred_auth=("publickey",),
        agent_forwarding=False,
        x11_forwarding=False,
        request_pty=False,
        **options,
    )
    return connection


def _expanded(path: str) -> str:
    return str(Path(path).expanduser())


async def login(spec: HostSpec, *, accept_key: bool = False) -> asyncssh.SSHClientConnection:
    """A verified, authenticated connection, or the one error that says why not."""
    known = await asyncio.to_thread(hostkeys.KnownHosts, hostkeys.files_of(spec))
    client = _Client(spec, known, accept_key)
    target: _Target | None = None
    place = spec.address if spec.port == 22 else f"{spec.address} port {spec.port}"
    retry = "Check the address, the cable and sshd there."
    try:
        async with asyncio.timeout(LOGIN_TIMEOUT):
            target = await asyncio.to_thread(_target, spec)
            try:
                return await _connect(spec, target, client, known)
            except asyncssh.HostKeyNotVerifiable:
                if not client.saw_authority or client.refusal is not None:
                    raise
                # it showed a certificate of an authority nobody here knows: its plain key may be known
                return await _connect(spec, target, client, known)
    except asyncssh.HostKeyNotVerifiable as error:
        if client.refusal is not None:
            raise client.refusal from None
        if "revoked" in error.reason:
            raise HostKeyChanged(
                spec.name, f"its host key was revoked ({error.reason}).", "Set the host up with a new key."
            ) from None
        raise HostUnreachable(
            spec.name,
            f"a host on the way to it is not trusted ({error.reason}).",
            "Log in there once with ssh to accept its key (ProxyJump in ~/.ssh/config).",
        ) from None
    except asyncssh.PermissionDenied as error:
        raise AuthFailed(spec.name, f"{place} refuses our key ({error.reason}).", _key_hint(spec, target)) from None
    except asyncssh.KeyExchangeFailed as error:
        if "host key" in error.reason.lower() and target is not None and known.knows(target.host, target.port):
            raise _changed(spec, "a key of another kind") from None
        raise HostUnreachable(spec.name, f"no common cipher with {place} ({error.reason}).", retry) from None
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise AuthFailed(
            spec.name, f"our key {spec.key or ''} cannot be used ({error}).", _key_hint(spec, target)
        ) from None
    except TimeoutError:
        raise HostUnreachable(spec.name, f"{place} does not answer within {LOGIN_TIMEOUT:g} s.", retry) from None
    except socket.gaierror as error:
        raise HostUnreachable(spec.name, f"the name {spec.address} is not known ({error.strerror}).", retry) from None
    except asyncssh.ConfigParseError as error:
        raise HostUnreachable(spec.name, f"~/.ssh/config cannot be used ({error}).", "Correct that line.") from None
    except asyncssh.Error as error:
        raise HostUnreachable(spec.name, f"{place} ended the login ({error.reason}).", retry) from None
    except OSError as error:
        if error.filename:
            raise AuthFailed(
                spec.name, f"{error.filename} cannot be read ({error.strerror}).", _key_hint(spec, target)
            ) from None
        raise HostUnreachable(spec.name, f"{place} cannot be reached ({_reason(error)}).", retry) from None


def _reason(error: OSError) -> str:
    # asyncio puts the address where the reason belongs, and joins the errors of a name with several addresses
    number = error.errno
    if number is None:
        found = re.search(r"\[Errno (\d+)\]", str(error))
        number = int(found[1]) if found else None
    return os.strerror(number).lower() if number else str(error)


def _key_hint(spec: HostSpec, target: _Target | None) -> str:
    where = f"authorized_keys of {target.user if target else spec.user} there"
    if spec.key:
        return f"Put {spec.key}.pub into {where}; unlock it in ssh-agent if it needs that."
    return f"Put your public key into {where}, or name the right one as `key:`."


class SshTransport:
    """The agent as a process of an SSH session, by `sudo -n` when the login is not root."""

    def __init__(self, connection: asyncssh.SSHClientConnection, process: asyncssh.SSHClientProcess[bytes]) -> None:
        self._connection = connection
        self._process = process
        self._stderr = Stderr()
        self._lost: Exception | None = None
        self._errors = asyncio.create_task(self._collect())

    @classmethod
    async def open(cls, spec: HostSpec, *, accept_key: bool = False) -> tuple[Transport, bytes]:
        """Log in and start the agent; the transport and the first bytes after its mark."""
        connection = await login(spec, accept_key=accept_key)
        user = str(connection.get_extra_info("username"))
        transport: SshTransport | None = None
        rest: bytes | None = None
        status: int | None = None
        try:
            async with asyncio.timeout(START_TIMEOUT):
                command = bootstrap.shell_line(sudo=user != "root")
                process = await connection.create_process(command, encoding=None, send_eof=False)
                transport = cls(connection, process)
                rest = await handshake(transport)
                if rest is None:
                    await process.wait_closed()
                    status = process.exit_status
                    await asyncio.wait([transport._errors], timeout=0.5)
        except TimeoutError:
            pass
        except asyncssh.Error as error:
            connection.abort()
            raise HostUnreachable(
                spec.name, f"no session for the agent ({error.reason}).", "Look into sshd's log there."
            ) from None
        except BaseException:
            connection.abort()
            raise
        if rest is not None and transport is not None:
            return transport, rest
        said = transport._stderr.text if transport else ""
        connection.abort()
        raise explain_failed_start(spec.name, user, status, said)

    def write(self, data: bytes) -> None:
        """Queue bytes for the agent."""
        with contextlib.suppress(OSError, asyncssh.Error):
            self._process.stdin.write(data)

    async def drain(self) -> None:
        """Wait until the queue is short again."""
        with contextlib.suppress(OSError, asyncssh.Error):
            await self._process.stdin.drain()

    async def read(self) -> bytes:
        """The next bytes of the agent."""
        try:
            return await self._process.stdout.read(1 << 18)
        except (OSError, asyncssh.Error) as error:
            self._lost = error
            return b""

    async def why(self) -> str:
        """Why the session ended."""
        if self._lost is not None:
            return getattr(self._lost, "reason", "") or str(self._lost)
        with contextlib.suppress(TimeoutError, OSError, asyncssh.Error):
            async with asyncio.timeout(0.3):
                await self._connection.wait_closed()
            return "the host closed the connection"
        said = self._stderr.text.splitlines()
        how = self._process.exit_status
        text = "the agent ended" if how is None else f"the agent ended with status {how}"
        return text + (f" ({said[-1]})" if said else "")

    async def close(self) -> None:
        """End the session, and with it the agent."""
        with contextlib.suppress(OSError, asyncssh.Error):
            self._process.stdin.write_eof()
        self._connection.close()
        with contextlib.suppress(TimeoutError, OSError, asyncssh.Error):
            async with asyncio.timeout(1):
                await self._connection.wait_closed()
        self._connection.abort()
        self._errors.cancel()
        await asyncio.gather(self._errors, return_exceptions=True)

    async def _collect(self) -> None:
        with contextlib.suppress(OSError, asyncssh.Error):
            while data := await self._process.stderr.read(4096):
                self._stderr.add(data)

"""Whether a TCP port of one host is free, and whether the other host reaches it: tried, not guessed."""

from __future__ import annotations

import errno
import secrets

from colotui.errors import HostCallFailed
from colotui.host.answers import understood
from colotui.host.channel import Host
from colotui.model.survey import Listener

_HELD = 8.0
_PATIENCE = 2.0
"""Seconds a port is held at most, and seconds a connection may take."""


async def free(host: Host, address: str, port: int) -> str:
    """ "" when a program could listen on `address`:`port` of this host now, else why not. Raises HostLost."""
    try:
        await host.ask("port_free", address=address, port=port)
    except HostCallFailed as error:
        return _why(host.name, address, port, error)
    return ""


async def reachable(listener: Host, address: str, port: int, connector: Host) -> str:
    """ "" when `connector` reaches a listener of ours that stands on `address`:`port` for a moment, else why not.

    The listener hands over a random token, so that it was this one that answered and no other. Raises HostLost.
    """
    token = secrets.token_hex(16)
    try:
        channel, _ = await listener.stream("hold_port", address=address, port=port, token=token, seconds=_HELD)
    except HostCallFailed as error:
        return _why(listener.name, address, port, error)
    try:
        answer = await connector.ask("connect_port", address=address, port=port, seconds=_PATIENCE)
        with understood(connector.name):
            said = str(answer["said"])
    except HostCallFailed as error:
        return f"{connector.name} does not reach {address}:{port}: {_text(connector.name, error)}"
    finally:
        channel.close()
    if said != token:
        return f"something other than {listener.name} answers {connector.name} on {address}:{port}"
    return ""


async def listeners(host: Host) -> tuple[Listener, ...]:
    """Everything that listens on a TCP port. Raises HostCallFailed, HostLost."""
    answer = await host.ask("listeners")
    with understood(host.name):
        found = [Listener(str(address), int(port), str(name)) for address, port, name in answer["listeners"]]
    return tuple(sorted(found, key=lambda one: (one.port, one.address)))


def _why(host: str, address: str, port: int, error: HostCallFailed) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"something on {host} listens on port {port} already"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} does not have the address {address}"
    return f"{host} cannot listen on {address}:{port}: {_text(host, error)}"


def _text(host: str, error: HostCallFailed) -> str:
    return error.what.removeprefix(f"{host}: ").rstrip(".")

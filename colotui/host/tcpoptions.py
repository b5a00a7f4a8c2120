"""Which TCP options the guest agrees to, seen from a connection of this machine to its service."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from colotui.model.survey import TcpOptions

_LIMIT = 3.0
_OPTIONS = 5  # offset of tcpi_options in struct tcp_info
_TIMESTAMPS = 1
_SACK = 2


def judge(options: int, offered_sack: bool, offered_timestamps: bool) -> TcpOptions:
    """The option bits of TCP_INFO. What this machine did not offer cannot have been agreed on."""
    return TcpOptions(
        sack=bool(options & _SACK) if offered_sack else None,
        timestamps=bool(options & _TIMESTAMPS) if offered_timestamps else None,
    )


async def negotiated(address: str, port: int, limit: float = _LIMIT) -> TcpOptions | None:
    """What the other end of a TCP connection to `address`:`port` agreed to; None when there was no connection.

    tcp_dsack leaves no trace in a connection's beginning: it is not seen here. `limit` in seconds.
    """
    try:
        async with asyncio.timeout(limit):
            _, writer = await asyncio.open_connection(address, port)
    except (OSError, TimeoutError):
        return None
    try:
        sock: socket.socket = writer.get_extra_info("socket")
        told = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)
    except OSError:
        return None
    finally:
        writer.close()
    if len(told) <= _OPTIONS:
        return None
    return judge(told[_OPTIONS], _ours("tcp_sack"), _ours("tcp_timestamps"))


def _ours(name: str) -> bool:
    try:
        return Path(f"/proc/sys/net/ipv4/{name}").read_text().strip() != "0"
    except OSError:
        return True

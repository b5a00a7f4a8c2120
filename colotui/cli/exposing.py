"""A small HTTP server for one page of metrics: bounded in connections, bytes and time, and nothing else to be had."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import socket
from collections.abc import Callable

from colotui.errors import UsageError
from colotui.model.text import plain

HEAD_BYTES = 8192
"""Bytes a request's head may have."""

CONNECTIONS = 16
"""Connections at a time; one more is turned away."""

LIMIT = 5.0
"""Seconds a client gets to ask, and again to take the answer."""

Page = Callable[[str], tuple[bytes, str]]

_TEXT = "text/plain; charset=utf-8"
_WORDS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}
_INDEX = (
    b"<!DOCTYPE html><html lang=en><title>colotui metrics</title><p>colotui: <a href=metrics>metrics</a></p></html>\n"
)


def listening(where: str, *, remote: bool) -> socket.socket:
    """A bound socket for `ADDRESS:PORT`. `remote`: an address that other machines reach is allowed.

    Raises UsageError when it is none, not allowed, or taken.
    """
    address, port = _place(where)
    if not (address.is_loopback or remote):
        raise UsageError(
            f"{address} can be reached from other machines, and whoever reaches it may read the metrics.",
            "Add --allow-remote if that is meant; the default is 127.0.0.1:9877.",
        )
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    try:
        return socket.create_server((str(address), port), family=family, backlog=CONNECTIONS)
    except OSError as error:
        raise UsageError(f"{where}: cannot listen there: {_reason(error)}.", _cure(error, port)) from None


def _place(where: str) -> tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]:
    host, colon, port = where.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    host = "127.0.0.1" if host == "localhost" else host
    try:
        if not (colon and port.isascii() and port.isdigit()) or int(port) > 65535:
            raise ValueError
        return ipaddress.ip_address(host), int(port)
    except ValueError:
        raise UsageError(
            f"`{plain(where, 60)}` is no address to listen on.",
            "Give an IP address and a port: --listen 127.0.0.1:9877, or --listen [::1]:9877.",
        ) from None


def _reason(error: OSError) -> str:
    known = {
        errno.EADDRINUSE: "another program has this port",
        errno.EADDRNOTAVAIL: "this machine does not have this address",
        errno.EACCES: "only root may use this port",
    }
    return known.get(error.errno or 0, error.strerror or str(error))


def _cure(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Choose another one with --listen, or see who has it: ss -ltnp 'sport = :{port}'"
    return "Choose another address with --listen."


def url(bound: socket.socket) -> str:
    """Where the metrics are."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}/metrics" if ":" in host else f"http://{host}:{port}/metrics"


class MetricsServer:
    """Serves `page(accept)` as /metrics until it is closed."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def start(self, bound: socket.socket) -> None:
        """Begin to answer on a bound socket, which is the server's from now on."""
        self._server = await asyncio.start_server(self._connected, sock=bound, limit=HEAD_BYTES)

    async def close(self) -> None:
        """Listen no more, and end what is still open."""
        if self._server is not None:
            self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        full = len(self._open) >= CONNECTIONS
        self._open.add(task)
        try:
            # A client that went away, or is too slow, is no trouble of ours.
            with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                answer = _answer(503, b"too many connections\n") if full else await self._asked(reader)
                async with asyncio.timeout(LIMIT):
                    writer.write(answer)
                    await writer.drain()
                    writer.close()
                    await writer.wait_closed()
        finally:
            self._open.discard(task)
            writer.transport.abort()

    async def _asked(self, reader: asyncio.StreamReader) -> bytes:
        try:
            async with asyncio.timeout(LIMIT):
                head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            return _answer(400, b"the request is too long\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        words = first.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return _answer(400, b"this is no HTTP request\n")
        method, target, _version = words
        if method not in ("GET", "HEAD"):
            return _answer(405, b"only GET and HEAD\n", more="Allow: GET, HEAD\r\n")
        path = target.partition("?")[0]
        if path == "/metrics":
            body, kind = self._page(_accept(lines))
            return _answer(200, body, kind, head_only=method == "HEAD")
        if path == "/":
            return _answer(200, _INDEX, "text/html; charset=utf-8", head_only=method == "HEAD")
        return _answer(404, b"there is /metrics, and nothing else\n", head_only=method == "HEAD")


def _accept(lines: list[str]) -> str:
    found = (line.partition(":") for line in lines)
    return ",".join(value.strip() for name, _, value in found if name.lower() == "accept")


def _answer(code: int, body: bytes, kind: str = _TEXT, *, more: str = "", head_only: bool = False) -> bytes:
    head = (
        f"HTTP/1.1 {code} {_WORDS[code]}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        f"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n{more}Connection: close\r\n\r\n"
    )
    return head.encode("latin-1") + (b"" if head_only else body)

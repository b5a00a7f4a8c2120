"""TCP ports of the host: who listens, what can be opened there for a moment, and what can be reached from there."""

from __future__ import annotations

import os
import select
import socket
import time
from typing import Any

from colotui.host.agent.core import Call, Reply, stream_end, text
from colotui.host.agent.files import slurp

_LISTEN = "0A"
_TOKEN = 64
#: A port is held no longer than this, whatever the cockpit says.
_LONGEST = 15.0
_TABLE = 1 << 20
_MAX_LISTENERS = 512
_MAX_PROCESSES = 8192
_MAX_FILES = 4096


def _address(call: Call) -> tuple[Any, Any]:
    host, port = text(call.args.get("address")), int(call.args.get("port", 0))
    if not 0 < port < 65536:
        raise ValueError("no such port: %d" % port)
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    family, _, _, _, where = socket.getaddrinfo(host, str(port), type=socket.SOCK_STREAM, flags=flags)[0]
    return family, where


def _open(call: Call) -> socket.socket:
    family, where = _address(call)
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as QEMU does
        sock.bind(where)
        sock.listen(4)
    except BaseException:
        sock.close()
        raise
    return sock


def port_free(call: Call) -> Reply:
    """Fails as listening would: EADDRINUSE when somebody listens, EADDRNOTAVAIL when the address is not here."""
    _open(call).close()
    return {}, b""


def hold_port(call: Call) -> None:
    """Listen for a moment and hand a token to whoever connects, until the cockpit leaves or the time is over."""
    token = text(call.args.get("token")).encode()[:_TOKEN]
    limit = min(float(call.args.get("seconds", 5.0)), _LONGEST)
    with _open(call) as sock:
        call.on_cancel(lambda: sock.shutdown(socket.SHUT_RDWR))  # gives the port back at once, and wakes the wait
        call.reply({})
        end = time.monotonic() + limit
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        while not call.cancelled.is_set() and time.monotonic() < end:
            if not poll.poll(50):
                continue
            try:
                other, _ = sock.accept()
                with other:
                    other.settimeout(1.0)
                    other.sendall(token)
            except OSError:  # it left again: the next one may stay
                continue
    stream_end(call)


def connect_port(call: Call) -> Reply:
    """Connect and read what the other side says first; as OSError what keeps it from that."""
    family, where = _address(call)
    limit = min(float(call.args.get("seconds", 2.0)), _LONGEST)
    said = b""
    with socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as sock:
        sock.settimeout(limit)
        try:
            sock.connect(where)
            while len(said) < _TOKEN:
                part = sock.recv(_TOKEN - len(said))
                if not part:
                    break
                said += part
        except socket.timeout:
            raise OSError(110, "no answer within %g s" % limit) from None
    return {"said": said.decode("ascii", "replace")}, b""


def listening(table: str, wide: bool) -> list[tuple[str, int, str]]:
    """Address, port and inode of every listening socket of /proc/net/tcp (`wide`: of tcp6)."""
    found = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 10 or fields[3] != _LISTEN:
            continue
        packed, _, port = fields[1].partition(":")
        try:
            words = [bytes.fromhex(packed[at : at + 8])[::-1] for at in range(0, len(packed), 8)]
            host = socket.inet_ntop(socket.AF_INET6 if wide else socket.AF_INET, b"".join(words))
            found.append((host, int(port, 16), fields[9]))
        except (ValueError, OSError):
            continue
        if len(found) >= _MAX_LISTENERS:
            break
    return found


def listeners(_call: Call) -> Reply:
    """Who listens on which TCP port, with the name of the program where it can be seen."""
    found = []
    for path, wide in (("/proc/net/tcp", False), ("/proc/net/tcp6", True)):
        try:
            found += listening(slurp(path, _TABLE).decode("ascii", "replace"), wide)
        except FileNotFoundError:  # no IPv6 here
            continue
    names = _owners({inode for _, _, inode in found})
    return {"listeners": [[host, port, names.get(inode, "")] for host, port, inode in found]}, b""


def _owners(inodes: set[str]) -> dict[str, str]:
    """By socket inode, the name of a process that has it open."""
    wanted = {"socket:[%s]" % inode: inode for inode in inodes}
    names: dict[str, str] = {}
    pids = [name for name in os.listdir("/proc") if name.isdigit()] if wanted else []
    for pid in pids[:_MAX_PROCESSES]:
        folder = "/proc/%s/fd" % pid
        try:
            handles = os.listdir(folder)[:_MAX_FILES]
        except OSError:  # it ended, or is not ours to look into
            continue
        for handle in handles:
            try:
                inode = wanted.get(os.readlink("%s/%s" % (folder, handle)))
                if inode is not None and inode not in names:
                    names[inode] = slurp("/proc/%s/comm" % pid, 64).decode("utf-8", "replace").strip()
            except OSError:
                continue
        if len(names) == len(wanted):
            break
    return names


SHORT: dict[str, Any] = {"port_free": port_free}
LONG: dict[str, Any] = {"hold_port": hold_port, "connect_port": connect_port, "listeners": listeners}

"""Raw Ethernet frames of our own, and sockets that hear just them, or all but them."""

from __future__ import annotations

import errno
import fcntl
import re
import socket
import struct
from array import array
from typing import Any

from colotui.host.agent.core import text

#: IEEE 802 local experimental: no protocol of anybody's listens to it.
ETHERTYPE = 0x88B5
PING, SHOUT, ECHO, BURST = 1, 2, 4, 8
OURS = PING | SHOUT | ECHO | BURST
BROADCAST = b"\xff" * 6
#: Length of the two addresses and the EtherType; then comes the payload.
HEAD = 14
#: The shortest payload, in bytes, that Ethernet carries.
SHORTEST = 46

# the nonce of this test, the kind, the way, a number, a length
_PAYLOAD = struct.Struct("!16sBBII")
_TYPE = struct.pack("!H", ETHERTYPE)
_EVERYTHING = 0x0003
_SOL_PACKET, _ADD_MEMBERSHIP, _STATISTICS, _PROMISCUOUS = 263, 1, 6, 1
_ATTACH_FILTER = 26
_FLAGS, _MTU, _ADDRESS = 0x8913, 0x8921, 0x8927
_UP, _RUNNING, _ETHERNET = 0x1, 0x40, 1

# classic BPF: load so many bytes, jump when equal, jump when a bit is set, return
_LOAD, _IS, _HAS, _RETURN = {1: 0x30, 2: 0x28, 4: 0x20}, 0x15, 0x45, 0x06
_PACKET_TYPE = 0xFFFFF004
_WHOLE = 0x40000
_NO_ROOM = (errno.EAGAIN, errno.ENOBUFS, errno.EINTR, errno.EMSGSIZE)


def encode(
    to: bytes, source: bytes, nonce: bytes, kind: int, way: int, number: int = 0, told: int = 0, size: int = SHORTEST
) -> bytes:
    """A whole frame with `size` bytes of payload. `told` is a length written into it."""
    return (to + source + _TYPE + _PAYLOAD.pack(nonce, kind, way, number, told)).ljust(HEAD + size, b"\0")


def decode(frame: bytes, nonce: bytes) -> tuple[bytes, int, int, int, int] | None:
    """Source, kind, way, number and told length of one of our frames; None for any other."""
    if len(frame) < HEAD + _PAYLOAD.size or frame[12:14] != _TYPE:
        return None
    found, kind, way, number, told = _PAYLOAD.unpack_from(frame, HEAD)
    return (frame[6:12], kind, way, number, told) if found == nonce else None


def program(nonce: bytes, kinds: int, inverse: bool = False) -> bytes:
    """The kernel's filter: what arrived (not what left) with our nonce and one of `kinds`; `inverse`: all but that."""
    words = struct.unpack("!4I", nonce)
    tests = [(2, 12, _IS, ETHERTYPE)] + [(4, HEAD + 4 * i, _IS, word) for i, word in enumerate(words)]
    tests.append((1, HEAD + 16, _HAS, kinds))
    yes, no = (0, _WHOLE) if inverse else (_WHOLE, 0)
    # the last three lines are the three ends; jumps are counted from the line after
    lines = [(_LOAD[1], 0, 0, _PACKET_TYPE), (_IS, 2 * len(tests) + 2, 0, socket.PACKET_OUTGOING)]
    for place, (width, offset, test, value) in enumerate(tests):
        lines += [(_LOAD[width], 0, 0, offset), (test, 0, 2 * (len(tests) - place - 1) + 1, value)]
    lines += [(_RETURN, 0, 0, yes), (_RETURN, 0, 0, no), (_RETURN, 0, 0, 0)]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def name_of(value: Any) -> str:
    """The name of a NIC of a request; ValueError when it cannot be one."""
    name = text(value)
    if not re.fullmatch(r"[^\s/:]{1,15}", name) or name in (".", ".."):
        raise ValueError("no name of a NIC: %r" % (name,))
    return name


def look(nic: str) -> tuple[bytes, int]:
    """Hardware address and MTU of a NIC that can carry the test; OSError says why it cannot."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:

        def ask(what: int) -> bytes:
            return fcntl.ioctl(sock, what, struct.pack("16s24x", nic.encode()))[16:]

        try:
            flags, mtu, address = ask(_FLAGS), ask(_MTU), ask(_ADDRESS)
        except OSError as error:
            raise OSError(error.errno, "it has no NIC %s" % nic) from None
    if struct.unpack_from("H", address)[0] != _ETHERNET:
        raise OSError(errno.EPROTOTYPE, "%s is no Ethernet NIC" % nic)
    if not struct.unpack_from("H", flags)[0] & _UP:
        raise OSError(errno.ENETDOWN, "%s is down" % nic)
    if not struct.unpack_from("H", flags)[0] & _RUNNING:
        raise OSError(errno.ENOLINK, "%s has no carrier" % nic)
    return address[2:8], int(struct.unpack_from("i", mtu)[0])


def tap(nic: str, code: bytes, promiscuous: bool = False) -> socket.socket:
    """A raw socket on a NIC, below bridges and traffic control, that hears what `code` lets through.

    It never waits. A NIC that is promiscuous for it is so until it is closed, however this process ends.
    """
    try:
        # no protocol yet, so that nothing comes in before the filter stands
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
    except PermissionError:
        raise OSError(errno.EPERM, "this user may not send raw frames") from None
    try:
        kept = array("B", code)
        sock.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("HP", len(code) // 8, kept.buffer_info()[0]))
        sock.bind((nic, _EVERYTHING))
        if promiscuous:
            member = struct.pack("iHH8x", socket.if_nametoindex(nic), _PROMISCUOUS, 0)
            sock.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, member)
    except BaseException:
        sock.close()
        raise
    return sock


def send(sock: socket.socket, frame: bytes) -> bool:
    """Send a frame; False when there was no room for it, or it is longer than the NIC sends."""
    try:
        sock.send(frame)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        return False
    return True


def arrived(sock: socket.socket) -> int:
    """Frames that came to a tap since this was asked last, also those it had no room for."""
    return int(struct.unpack("II", sock.getsockopt(_SOL_PACKET, _STATISTICS, 8))[0])

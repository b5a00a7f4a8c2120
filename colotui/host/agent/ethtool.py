"""Offloads of a NIC, read and set with the ioctls of ethtool."""

from __future__ import annotations

import array
import errno
import fcntl
import os
import re
import socket
import struct
from typing import Any

from colotui.host.agent.core import Call, Reply, text, texts

_SIOCETHTOOL = 0x8946
_GSTRINGS, _GSSET_INFO, _GFEATURES, _SFEATURES = 0x1B, 0x37, 0x3A, 0x3B
_SS_FEATURES = 4
_NAME_SIZE = 32
_MAX_FEATURES = 1024
_MAX_NICS = 1024

#: The kernel's own features behind the names that `ethtool -K` takes, by the patterns ethtool has: a later Linux
#: brings new ones ("tx-tcp-accecn-segmentation").
GROUPS = {
    "tso": re.compile(r"tx-tcp[a-z0-9-]*-segmentation"),
    "sg": re.compile(r"tx-scatter-gather[a-z0-9-]*"),
    "gso": re.compile(r"tx-generic-segmentation"),
    "lro": re.compile(r"rx-lro"),
    "gro": re.compile(r"rx-gro"),
}


def offload_of(feature: str) -> str:
    """The offload a feature belongs to, "" for none of these."""
    return next((name for name, pattern in GROUPS.items() if pattern.fullmatch(feature)), "")


def _name(value: Any) -> bytes:
    """A NIC's name as the kernel takes it, which would silently cut a longer one."""
    name = os.fsencode(text(value))
    if not name or len(name) > 15 or b"/" in name or name in (b".", b".."):
        raise OSError(errno.EINVAL, "not the name of a NIC")
    return name


def _ioctl(sock: socket.socket, nic: bytes, request: bytes) -> bytes:
    """One command; `request` must be as long as its answer."""
    buffer = array.array("B", request)
    # the kernel answers into the buffer, which therefore must live until the call is over
    fcntl.ioctl(sock.fileno(), _SIOCETHTOOL, struct.pack("16sP16x", nic, buffer.buffer_info()[0]))
    return buffer.tobytes()


def _bits(sock: socket.socket, nic: bytes) -> dict[str, int]:
    """The number of every feature this kernel knows: they differ from one Linux to the next."""
    found = _ioctl(sock, nic, struct.pack("=IIQI", _GSSET_INFO, 0, 1 << _SS_FEATURES, 0))
    _, _, mask, count = struct.unpack("=IIQI", found)
    if not mask or not 0 < count <= _MAX_FEATURES:
        raise OSError(errno.EOPNOTSUPP, "this kernel does not name the features of a NIC")
    head = struct.pack("=III", _GSTRINGS, _SS_FEATURES, count)
    names = _ioctl(sock, nic, head + bytes(count * _NAME_SIZE))[len(head) :]
    parts = (names[place * _NAME_SIZE : (place + 1) * _NAME_SIZE] for place in range(count))
    return {part.partition(b"\0")[0].decode("ascii", "replace"): bit for bit, part in enumerate(parts)}


def _words(bits: dict[str, int]) -> int:
    return (len(bits) + 31) // 32


def _read(sock: socket.socket, nic: bytes) -> dict[str, list[bool]]:
    """By feature: can it be switched, was it asked for, does it work now."""
    bits = _bits(sock, nic)
    words = _words(bits)
    answer = _ioctl(sock, nic, struct.pack("=II", _GFEATURES, words) + bytes(16 * words))
    # available, requested, active and never changed, for 32 features at a time
    masks = struct.unpack_from("=%dI" % (4 * words), answer, 8)

    def flags(bit: int) -> list[bool]:
        return [bool(masks[bit // 32 * 4 + kind] >> bit % 32 & 1) for kind in range(3)]

    return {name: flags(bit) for name, bit in bits.items() if offload_of(name)}


def _set(sock: socket.socket, nic: bytes, wanted: dict[str, bool]) -> None:
    """All in one call: the kernel drops tso by itself without sg, whatever the order."""
    bits = _bits(sock, nic)
    words = _words(bits)
    masks = [0] * (2 * words)
    for name, on in wanted.items():
        if name not in bits:
            raise OSError(errno.EOPNOTSUPP, "this kernel has no " + name)
        place = bits[name] // 32 * 2
        masks[place] |= 1 << bits[name] % 32
        masks[place + 1] |= on << bits[name] % 32
    _ioctl(sock, nic, struct.pack("=II%dI" % len(masks), _SFEATURES, words, *masks))


def features(call: Call) -> Reply:
    """The features of many NICs; what cannot be read as [errno, text]."""
    nics = texts(call.args.get("nics"))
    if len(nics) > _MAX_NICS:
        raise OSError(errno.E2BIG, "too many NICs")
    found: dict[str, Any] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for nic in nics:
            try:
                found[nic] = _read(sock, _name(nic))
            except OSError as error:
                found[nic] = [error.errno or errno.EIO, error.strerror or str(error)]
    return {"nics": found}, b""


def set_features(call: Call) -> Reply:
    """Ask for features or renounce them. The driver may not follow: the answer is what is so then."""
    nic, wanted = _name(call.args.get("nic")), call.args.get("wanted")
    if not isinstance(wanted, dict) or not all(
        offload_of(name) and isinstance(on, bool) for name, on in wanted.items()
    ):
        raise ValueError("not features of a NIC: %r" % (wanted,))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        if wanted:
            _set(sock, nic, wanted)
        return {"features": _read(sock, nic)}, b""


SHORT: dict[str, Any] = {"features": features, "set_features": set_features}
LONG: dict[str, Any] = {}

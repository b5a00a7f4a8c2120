"""What the kernel of a host tells of its network in netlink dumps, read without pyroute2: watching needs no more.

The messages carry the names pyroute2 gives to the same fields, so that whoever reads them may be given either.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

from colotui.errors import HostCallFailed
from colotui.host.session import Channel

Message = Mapping[Any, Any]

_HEAD = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_ATTRIBUTE = struct.Struct("=HH")  # length, type
_LINK = struct.Struct("=BxHiII")  # family, type, index, flags, changed flags
_ADDRESS = struct.Struct("=BBBBI")  # family, prefix length, flags, scope, index
_TRAFFIC = struct.Struct("=BxxxiIII")  # family, index, handle, parent, info
_ROUTE = struct.Struct("=8BI")  # family, length of dst, of src, tos, table, protocol, scope, type, flags
_MIRRED = struct.Struct("=20xiI")  # after what all actions have: redirect or mirror, in or out; the device
_NUMBER = struct.Struct("=I")
_CODE = struct.Struct("=i")
_ERROR, _DONE = 2, 3
_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_INTERRUPTED = 0x10
_TYPE_BITS = 0x3FFF
_GET_LINK, _GET_ADDRESS, _GET_ROUTE, _GET_QDISC, _GET_FILTER = 18, 22, 26, 38, 46
_OIF = 4
_STATES = ("UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP")
# In which attribute of its options each classifier keeps its actions.
_ACTIONS = {"u32": 7, "matchall": 2, "basic": 3, "flower": 3, "fw": 4, "bpf": 1, "flow": 9, "route": 6, "cgroup": 1}
_MOST_BYTES = 16 << 20
_TRIES = 3


class Dumps:
    """A netlink socket on the host that is only asked for lists, one after the other. Close it.

    What goes wrong is HostLost, or HostCallFailed that says what the kernel answered.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._sequence = 0

    async def get_links(self) -> AsyncIterator[Message]:
        """All devices."""
        return _each(await self._dump(_GET_LINK, _LINK.pack(0, 0, 0, 0, 0), _link))

    async def get_addr(self) -> AsyncIterator[Message]:
        """All addresses."""
        return _each(await self._dump(_GET_ADDRESS, _ADDRESS.pack(0, 0, 0, 0, 0), _address))

    async def get_qdiscs(self) -> AsyncIterator[Message]:
        """All queueing disciplines."""
        return _each(await self._dump(_GET_QDISC, _TRAFFIC.pack(0, 0, 0, 0, 0), _qdisc))

    async def get_filters(self, index: int, parent: int) -> AsyncIterator[Message]:
        """The filters of one place of a device; of their attributes only where they send packets."""
        return _each(await self._dump(_GET_FILTER, _TRAFFIC.pack(0, index, 0, parent, 0), _filter))

    async def get_routes(self, family: int, oif: int) -> AsyncIterator[Message]:
        """The routes of an address family that lead through a device."""
        wanted = _ATTRIBUTE.pack(_ATTRIBUTE.size + _NUMBER.size, _OIF) + _NUMBER.pack(oif)
        return _each(await self._dump(_GET_ROUTE, _ROUTE.pack(family, *[0] * 8) + wanted, _route))

    def close(self) -> None:
        """Close the socket on the host."""
        self._channel.close()

    async def _dump(self, kind: int, request: bytes, read: Callable[[bytes], Message | None]) -> list[Message]:
        for _ in range(_TRIES):
            found = await self._once(kind, request, read)
            if found is not None:
                return found
        raise self._failed("the network changes faster than it can be listed.", errno.EINTR)

    async def _once(self, kind: int, request: bytes, read: Callable[[bytes], Message | None]) -> list[Message] | None:
        """None when the list is not of one moment: it changed while it was read."""
        self._sequence += 1
        await self._channel.send(_HEAD.pack(_HEAD.size + len(request), kind, _DUMP, self._sequence, 0) + request)
        found: list[Message] = []
        room = _MOST_BYTES
        torn = False
        while True:
            piece = await self._channel.receive()
            if piece is None:
                raise self._failed("its netlink socket was closed.", errno.EPIPE)
            room -= len(piece[1])
            if room < 0:
                raise self._failed("its netlink answer is too long.", errno.EMSGSIZE)
            for number, flags, sequence, body in _messages(piece[1]):
                if sequence != self._sequence:
                    continue  # the rest of a list that was given up
                torn = torn or bool(flags & _INTERRUPTED)
                if number in (_ERROR, _DONE):
                    code = -int(_CODE.unpack_from(body)[0]) if len(body) >= _CODE.size else 0
                    if code > 0:
                        raise self._failed(f"netlink: error {code}.", code)
                    return None if torn else found
                message = read(body)
                if message is not None:
                    found.append(message)

    def _failed(self, what: str, number: int) -> HostCallFailed:
        return HostCallFailed(self._channel.host, what, number)


async def _each(found: list[Message]) -> AsyncIterator[Message]:
    for message in found:
        yield message


def _messages(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Type, flags, sequence and body of each message of a datagram; what does not fit into it is left out."""
    at = 0
    while at + _HEAD.size <= len(data):
        length, kind, flags, sequence, _ = _HEAD.unpack_from(data, at)
        if not _HEAD.size <= length <= len(data) - at:
            return
        yield kind, flags, sequence, data[at + _HEAD.size : at + length]
        at += (length + 3) & ~3


def attributes(data: bytes, at: int = 0) -> dict[int, bytes]:
    """The attributes from byte `at` on, by type; what does not fit is left out."""
    found: dict[int, bytes] = {}
    while at + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if not _ATTRIBUTE.size <= length <= len(data) - at:
            break
        found[kind & _TYPE_BITS] = data[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3
    return found


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.split(b"\0", 1)[0].decode("utf-8", "replace")


def _number(data: bytes | None) -> int | None:
    return None if data is None or len(data) < _NUMBER.size else int(_NUMBER.unpack_from(data)[0])


def _place(family: int, data: bytes | None) -> str | None:
    length = {int(socket.AF_INET): 4, int(socket.AF_INET6): 16}.get(family)
    return socket.inet_ntop(family, data) if data is not None and len(data) == length else None


def _link(body: bytes) -> Message | None:
    if len(body) < _LINK.size:
        return None
    _family, _type, index, flags, _changed = _LINK.unpack_from(body)
    found = attributes(body, _LINK.size)
    state = found.get(16, b"")[:1]
    mac = found.get(1)
    return {
        "index": index,
        "flags": flags,
        "ifname": _text(found.get(3)),
        "operstate": _STATES[state[0]] if state and state[0] < len(_STATES) else None,
        "address": None if mac is None else mac.hex(":"),
        "mtu": _number(found.get(4)),
        "qdisc": _text(found.get(6)),
        "master": _number(found.get(10)),
        "txqlen": _number(found.get(13)),
        "ifalias": _text(found.get(20)),
        ("linkinfo", "kind"): _text(attributes(found.get(18, b"")).get(1)),
    }


def _address(body: bytes) -> Message | None:
    if len(body) < _ADDRESS.size:
        return None
    family, prefixlen, _flags, _scope, index = _ADDRESS.unpack_from(body)
    address = _place(family, attributes(body, _ADDRESS.size).get(1))
    return {"index": index, "prefixlen": prefixlen, "address": address}


def _qdisc(body: bytes) -> Message | None:
    if len(body) < _TRAFFIC.size:
        return None
    _family, index, handle, parent, _info = _TRAFFIC.unpack_from(body)
    kind = _text(attributes(body, _TRAFFIC.size).get(1))
    return {"index": index, "handle": handle, "parent": parent, "kind": kind}


def _filter(body: bytes) -> Message | None:
    message = _qdisc(body)
    if message is None:
        return None
    found = attributes(body, _TRAFFIC.size)
    actions = attributes(found.get(2, b"")).get(_ACTIONS.get(message["kind"], 0), b"")
    sent: list[tuple[str, Message]] = []
    for action in attributes(actions).values():
        parts = attributes(action)
        parameters = attributes(parts.get(2, b"")).get(2, b"")
        if _text(parts.get(1)) == "mirred" and len(parameters) >= _MIRRED.size:
            eaction, target = _MIRRED.unpack_from(parameters)
            sent.append(("TCA_MIRRED_PARMS", {"eaction": eaction, "ifindex": target}))
    return {**message, "attrs": sent}


def _route(body: bytes) -> Message | None:
    if len(body) < _ROUTE.size:
        return None
    family, dst_len, _src, _tos, _table, _protocol, _scope, kind, _flags = _ROUTE.unpack_from(body)
    found = attributes(body, _ROUTE.size)
    metrics = attributes(found[8]) if 8 in found else {}
    return {
        "dst_len": dst_len,
        "type": kind,
        "dst": _place(family, found.get(1)),
        "oif": _number(found.get(_OIF)),
        "metrics": {"quickack": _number(metrics.get(15))} if metrics else None,
    }

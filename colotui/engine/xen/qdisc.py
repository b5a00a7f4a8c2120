"""The qdisc of kind `colo`: its parameters as they travel over netlink. The agent's own kernel code never dumps them.

A dump of the qdiscs therefore shows the kind and nothing else; which two ifbs belong together is in xenstore and in
the kernel log. What is decoded here is the request that sets one up, and the dump of an agent that has learnt it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

KIND = "colo"

_HEADER = struct.Struct("=HH")
_TYPE = 0x3FFF  # the two high bits say how a value is stored
_DEV_IDX, _FLAGS, _VM_IDX = 1, 2, 3
_PRIMARY = 1


@dataclass(frozen=True, slots=True)
class ColoQdisc:
    """One ifb's qdisc: the index of its own device and of the twin's, whose packets it holds, and the domain."""

    this: int
    other: int
    primary: bool
    domid: int


def decode(options: bytes) -> ColoQdisc | None:
    """The parameters from the value of TCA_OPTIONS; None when one is missing or too short."""
    found: dict[int, bytes] = {}
    place = 0
    while place + _HEADER.size <= len(options):
        length, kind = _HEADER.unpack_from(options, place)
        if length < _HEADER.size or place + length > len(options):
            return None
        found[kind & _TYPE] = options[place + _HEADER.size : place + length]
        place += (length + 3) & ~3
    try:
        this, other = struct.unpack_from("=II", found[_DEV_IDX])
        (flags,) = struct.unpack_from("=I", found[_FLAGS])
        (domid,) = struct.unpack_from("=I", found[_VM_IDX])
    except (KeyError, struct.error):
        return None
    return ColoQdisc(this, other, bool(flags & _PRIMARY), domid)


def of_message(message: Any) -> ColoQdisc | None:
    """The parameters of a qdisc message of pyroute2, once `teach` has run; None for another kind, or without any."""
    if message.get_attr("TCA_KIND") != KIND:
        return None
    options = message.get_attr("TCA_OPTIONS")
    if options is None or not hasattr(options, "get_attr"):
        return None
    pair, flags, domid = (options.get_attr(f"TCA_COLO_{name}") for name in ("DEV_IDX", "FLAGS", "VM_IDX"))
    if pair is None or flags is None or domid is None:
        return None
    return ColoQdisc(pair["this"], pair["other"], bool(flags & _PRIMARY), domid)


def teach() -> None:
    """Let pyroute2 decode and encode the kind; without it the parameters would stay raw. May be called again."""
    from colotui.host.routing import stand_in

    stand_in("pyroute2")  # without the families nobody here uses
    from pyroute2.netlink import nla
    from pyroute2.netlink.rtnl import tcmsg

    class _Pair(nla):  # type: ignore[misc]  # pyroute2 has no types
        fields = (("this", "I"), ("other", "I"))

    class _Options(nla):  # type: ignore[misc]
        nla_map = (
            ("TCA_COLO_UNSPEC", "none"),
            ("TCA_COLO_DEV_IDX", "pair"),
            ("TCA_COLO_FLAGS", "uint32"),
            ("TCA_COLO_VM_IDX", "uint32"),
        )
        pair = _Pair

    class _Plugin:
        options = _Options

    tcmsg.plugins.setdefault(KIND, _Plugin)

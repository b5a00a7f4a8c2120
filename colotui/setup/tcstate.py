"""Traffic control at the entrance and exit of a device, as the forwarding of classic COLO needs it and as it is."""

from __future__ import annotations

import errno
import shlex
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from colotui.errors import HostCallFailed
from colotui.host.wiring import Link, mirred_targets
from colotui.model.protection import Role
from colotui.setup.site import Site

PROTOCOLS: Mapping[str, int] = {"ip": 0x0800, "arp": 0x0806, "ipv6": 0x86DD}
"""What is forwarded, by ethertype. The classic scripts leave out ipv6: it then bypasses COLO."""

# The exit has the preferences of the classic scripts. The entrance has others: u32 keeps one list for both hooks of a
# clsact, and would show the filters of a common preference at either.
_FIRST_PREF = {False: 10, True: 20}
INGRESS, CLSACT = "ingress", "clsact"
IFF_PROMISC = 0x100
_PLACE = 0xFFFFFFF1
_HANDLE = 0xFFFF0000
_IN = 0xFFFFFFF2
_OUT = 0xFFFFFFF3
_ANY_CLASS = 0x10002
"""pyroute2 wants a class; a mirred action leaves the packet's class alone."""
_WAYS = {1: False, 2: True}  # TCA_EGRESS_REDIR, TCA_EGRESS_MIRROR


@dataclass(frozen=True, slots=True)
class Lead:
    """What `source` receives (`incoming`) or sends of one protocol goes to `target`: moved, or as a copy."""

    source: str
    incoming: bool
    protocol: str
    target: str
    copy: bool

    @property
    def place(self) -> tuple[bool, int, int]:
        """Where its filter stands: hook, ethertype, preference."""
        pref = _FIRST_PREF[self.incoming] + list(PROTOCOLS).index(self.protocol)
        return self.incoming, PROTOCOLS[self.protocol], pref

    @property
    def script(self) -> str:
        """The shell line that makes it, unless some filter has its place: another's is never replaced."""
        where = f"dev {shlex.quote(self.source)} {'ingress' if self.incoming else 'egress'}"
        where += f" protocol {self.protocol} pref {self.place[2]}"
        action = f"mirred egress {'mirror' if self.copy else 'redirect'} dev {shlex.quote(self.target)}"
        return f"tc filter show {where} | grep -q . || tc filter add {where} u32 match u32 0 0 action {action}"


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of one protocol and preference at one hook.

    `plain`: they are one u32 filter for every packet whose only action is mirred, to `target` ("": a device that is
    gone).
    """

    incoming: bool
    protocol: int
    pref: int
    kind: str
    plain: bool = False
    target: str = ""
    copy: bool = False

    @property
    def place(self) -> tuple[bool, int, int]:
        """Hook, ethertype, preference."""
        return self.incoming, self.protocol, self.pref

    def makes(self, lead: Lead) -> bool:
        """True when this is that lead's filter."""
        return self.plain and self.place == lead.place and (self.target, self.copy) == (lead.target, lead.copy)


@dataclass(frozen=True, slots=True)
class Hooks:
    """What stands at a device: the qdisc at its entrance, "" for none (clsact is at its exit too); and its filters."""

    kind: str = ""
    filters: tuple[Filters, ...] = field(default=())

    def has(self, lead: Lead) -> bool:
        """Whether the lead is there."""
        return any(filters.makes(lead) for filters in self.filters)


def leads(role: Role, nic: str, forward: str, ifbs: Mapping[Role, str]) -> tuple[Lead, ...]:
    """The forwarding of classic COLO on one side, for one guest NIC; `ifbs` are needed on the primary's only."""
    ways: list[tuple[str, bool, str, bool]]
    if role is Role.PRIMARY:
        ways = [
            (nic, False, forward, True),
            (nic, True, ifbs[Role.PRIMARY], False),
            (forward, True, ifbs[Role.SECONDARY], False),
        ]
    else:
        ways = [(nic, True, forward, False), (forward, True, nic, False)]
    return tuple(Lead(source, incoming, name, to, copy) for source, incoming, to, copy in ways for name in PROTOCOLS)


async def read_hooks(net: Any, index: int, names: Mapping[int, str]) -> Hooks:
    """What stands at one device; `names` are the host's devices by index."""
    kind = ""
    async for message in await net.get_qdiscs(index=index):
        if int(message.get("parent") or 0) == _PLACE and int(message.get("index") or 0) == index:
            kind = str(message.get("kind") or "")
    if not kind:
        return Hooks()
    found: dict[tuple[bool, int, int], list[Any]] = {}
    for incoming, parent in ((True, _IN), (False, _OUT)) if kind == CLSACT else ((True, _IN),):
        async for message in await net.get_filters(index=index, parent=parent):
            info = int(message.get("info") or 0)
            place = (incoming, socket.ntohs(info & 0xFFFF), info >> 16)
            found.setdefault(place, []).append(message)
    return Hooks(kind, tuple(_filters(place, messages, names) for place, messages in found.items()))


def _filters(place: tuple[bool, int, int], messages: list[Any], names: Mapping[int, str]) -> Filters:
    kind = str(messages[0].get("kind") or "")
    # u32 tells its head and its hash table too: only what selects packets is a filter
    selecting = [one for one in messages if _attribute(one, "TCA_OPTIONS", "TCA_U32_SEL") is not None]
    if kind != "u32" or len(selecting) != 1:
        return Filters(*place, kind)
    keys = _attribute(selecting[0], "TCA_OPTIONS", "TCA_U32_SEL").get("keys") or ()
    ways = _ways(_attribute(selecting[0], "TCA_OPTIONS", "TCA_U32_ACT"))
    if any(key["key_mask"] for key in keys) or len(ways) != 1 or ways[0] not in _WAYS:
        return Filters(*place, kind)
    target = next((names.get(index, "") for index, _ in mirred_targets(selecting[0])), "")
    return Filters(*place, kind, True, target, _WAYS[ways[0]])


def _ways(actions: Any) -> list[int]:
    """What each action of a filter does, as mirred numbers it; 0 for any other kind of action."""
    found = []
    for _, action in (actions or {}).get("attrs") or ():
        parms = _attribute(action, "TCA_ACT_OPTIONS", "TCA_MIRRED_PARMS")
        found.append(int(parms["eaction"]) if parms is not None else 0)
    return found


def _attribute(value: Any, *path: str) -> Any:
    """What is found inside nested netlink attributes; None when it is not there."""
    for name in path:
        attributes = (value.get("attrs") if isinstance(value, Mapping) else None) or ()
        value = next((one[1] for one in attributes if one[0] == name), None)
    return value


async def add_hooks(net: Any, index: int, kind: str) -> None:
    """Put the qdisc `ingress` or `clsact` at a device's entrance."""
    await net.tc("add", kind, index=index, parent=_PLACE, handle=_HANDLE)


async def remove_hooks(net: Any, index: int, kind: str) -> None:
    """Take it off, with all its filters."""
    await net.tc("del", kind, index=index, parent=_PLACE, handle=_HANDLE)


async def add_lead(net: Any, lead: Lead, index: int, target: int) -> None:
    """Make a lead between two devices, given by their index."""
    incoming, protocol, pref = lead.place
    action = {
        "kind": "mirred",
        "direction": "egress",
        "action": "mirror" if lead.copy else "redirect",
        "ifindex": target,
    }
    await net.tc(
        "add-filter", "u32", index=index, parent=_IN if incoming else _OUT, protocol=protocol, prio=pref,
        target=_ANY_CLASS, keys=["0x0/0x0+0"], action=[action],
    )  # fmt: skip


async def remove_filters(net: Any, index: int, place: tuple[bool, int, int]) -> None:
    """Remove what stands at one hook under one protocol and preference."""
    incoming, protocol, pref = place
    info = socket.htons(protocol) | pref << 16
    await net.tc("del-filter", index=index, parent=_IN if incoming else _OUT, handle=0, info=info)


def hooks_script(name: str, kind: str) -> str:
    """The shell line that puts the qdisc at a device's entrance; a clsact that is there serves for both."""
    device = shlex.quote(name)
    line = f"tc qdisc replace dev {device} {kind}"
    return line if kind == CLSACT else f"tc qdisc show dev {device} | grep -q '^qdisc clsact' || {line}"


@dataclass(frozen=True, slots=True)
class Was:
    """One device before it was wired. `places`: where filters stood."""

    txqlen: int
    promiscuous: bool
    hooks: str
    places: frozenset[tuple[bool, int, int]]


def kept_devices(site: Site, before: Mapping[str, Any]) -> dict[str, Was]:
    """The devices a ledger entry tells of. Raises HostCallFailed when no step of ours has written it."""
    try:
        return {
            name: Was(
                int(was["txqlen"]),
                bool(was["promiscuous"]),
                str(was["hooks"]),
                frozenset((bool(incoming), int(protocol), int(pref)) for incoming, protocol, pref in was["places"]),
            )
            for name, was in before.items()
        }
    except (KeyError, TypeError, ValueError):
        raise HostCallFailed(site.name, "what was kept of the wiring is damaged.", errno.EBADMSG,
                             "Look at `tc qdisc show` and unwire by hand.") from None  # fmt: skip


async def put_back(net: Any, link: Link, was: Was, names: Mapping[int, str]) -> list[str]:
    """One device as it was; its name when filters of others keep its qdisc from going."""
    if link.txqlen != was.txqlen:
        await net.link("set", index=link.index, txqlen=was.txqlen)
    if link.promiscuous != was.promiscuous:
        await net.link("set", index=link.index, flags=IFF_PROMISC if was.promiscuous else 0, change=IFF_PROMISC)
    hooks = await read_hooks(net, link.index, names)
    ours = [Lead("", incoming, name, "", not incoming).place for incoming in (True, False) for name in PROTOCOLS]
    mine = [one for one in hooks.filters if one.plain and one.place in ours and one.place not in was.places]
    if hooks.kind in (INGRESS, CLSACT) and not was.hooks and len(mine) == len(hooks.filters):
        await remove_hooks(net, link.index, hooks.kind)
        return []
    for one in mine:
        await remove_filters(net, link.index, one.place)
    return [link.name] if hooks.kind and not was.hooks else []

"""Network devices of a host and how tc wires them, from netlink dumps: links, ifb devices, their feeds and pairs."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from colotui.host.parsers import Counters
from colotui.model.facts import IfbDevice, IfbPair

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_IFF_UP = 0x1
_IFF_PROMISC = 0x100
_UNICAST = 1
_UP_STATES = ("UP", "UNKNOWN")
_INGRESS = 0xFFFF0000
_CLSACT_IN = 0xFFFFFFF2
_CLSACT_OUT = 0xFFFFFFF3
_MIRROR = 2


@dataclass(frozen=True, slots=True)
class Link:
    """One network device. `kind` "" for hardware; `master` is the index of the bridge it belongs to, 0 for none.

    `promiscuous`: somebody has set it so, as `ip link` shows it; bridges and captures do not count.
    """

    index: int
    name: str
    up: bool
    carrier: bool
    mac: str
    mtu: int
    kind: str
    master: int
    qdisc: str
    addresses: tuple[str, ...] = ()
    alias: str = ""
    txqlen: int = 0
    promiscuous: bool = False


@dataclass(frozen=True, slots=True)
class Feed:
    """A tc filter that sends what `source` receives (`incoming`) or sends out on to `target`."""

    source: str
    target: str
    incoming: bool
    mirrored: bool


@dataclass(frozen=True, slots=True)
class Wiring:
    """Links by name, and the feeds between them."""

    links: Mapping[str, Link]
    feeds: tuple[Feed, ...]


def link_of(message: Any) -> Link | None:
    """A link message as a Link; None for one without a name."""
    name = message.get("ifname")
    if not name:
        return None
    flags = int(message.get("flags") or 0)
    return Link(
        index=int(message.get("index") or 0),
        name=str(name),
        up=bool(flags & _IFF_UP),
        carrier=bool(flags & _IFF_UP) and message.get("operstate") in _UP_STATES,
        mac=str(message.get("address") or ""),
        mtu=int(message.get("mtu") or 0),
        kind=str(message.get(("linkinfo", "kind")) or ""),
        master=int(message.get("master") or 0),
        qdisc=str(message.get("qdisc") or ""),
        alias=str(message.get("ifalias") or ""),
        txqlen=int(message.get("txqlen") or 0),
        promiscuous=bool(flags & _IFF_PROMISC),
    )


def mirred_targets(message: Any) -> list[tuple[int, bool]]:
    """Where the mirred actions of a filter send packets: device index, and whether it is a copy."""
    found: list[tuple[int, bool]] = []
    _walk(message.get("attrs") or [], found)
    return found


def _walk(attributes: Iterable[Any], found: list[tuple[int, bool]]) -> None:
    # classifiers keep their actions under different names; the mirred parameters look the same in all
    for attribute in attributes:
        name, value = attribute[0], attribute[1]
        if name == "TCA_MIRRED_PARMS":
            target = value.get("ifindex")
            if target:
                found.append((int(target), value.get("eaction") == _MIRROR))
        elif isinstance(value, Mapping) and value.get("attrs"):
            _walk(value["attrs"], found)


async def read_wiring(net: Any, addressed: Sequence[str]) -> Wiring:
    """Everything in a few dumps; addresses only of the named devices, filters only where a qdisc can have some."""
    links: dict[int, Link] = {}
    async for message in await net.get_links():
        link = link_of(message)
        if link is not None:
            links[link.index] = link
    wanted = {index for index, link in links.items() if link.name in addressed}
    addresses: dict[int, list[str]] = {}
    async for message in await net.get_addr():
        index = int(message.get("index") or 0)
        if index in wanted and message.get("address"):
            addresses.setdefault(index, []).append(f"{message.get('address')}/{message.get('prefixlen')}")
    feeds: list[Feed] = []
    parents: list[tuple[int, int, bool]] = []
    async for message in await net.get_qdiscs():
        parents += _filter_places(message)
    for index, parent, incoming in parents:
        if index not in links:
            continue
        async for message in await net.get_filters(index=index, parent=parent):
            for target, mirrored in mirred_targets(message):
                if target in links:
                    feeds.append(Feed(links[index].name, links[target].name, incoming, mirrored))
    named = {link.name: replace(link, addresses=tuple(addresses.get(index, ()))) for index, link in links.items()}
    return Wiring(named, tuple(dict.fromkeys(feeds)))


def _filter_places(message: Any) -> list[tuple[int, int, bool]]:
    index, handle, kind = int(message.get("index") or 0), int(message.get("handle") or 0), message.get("kind")
    if kind == "ingress":
        return [(index, _INGRESS, True)]
    if kind == "clsact":
        return [(index, _CLSACT_IN, True), (index, _CLSACT_OUT, False)]
    if handle and kind in ("prio", "htb", "hfsc", "drr", "ets", "multiq", "colo"):
        return [(index, handle, False)]
    return []


async def quickack(net: Any, nic: int, target: Address) -> bool | None:
    """Whether the best route to `target` through a device acknowledges at once; None when there is none."""
    best: tuple[int, bool] | None = None
    async for message in await net.get_routes(family=2 if target.version == 4 else 10, oif=nic):
        if message.get("type") != _UNICAST or message.get("oif") != nic or not message.get("dst"):
            continue
        try:
            network = ipaddress.ip_network(f"{message.get('dst')}/{message.get('dst_len')}")
        except ValueError:
            continue
        if target not in network or (best is not None and best[0] > network.prefixlen):
            continue
        metrics = message.get("metrics")
        best = (network.prefixlen, bool(metrics.get("quickack")) if metrics else False)
    return None if best is None else best[1]


def ifb_devices(wiring: Wiring, counters: Mapping[str, Counters]) -> tuple[IfbDevice, ...]:
    """All ifb devices with their counters and feeds."""
    found: list[IfbDevice] = []
    for link in sorted(wiring.links.values(), key=lambda link: link.index):
        if link.kind != "ifb":
            continue
        counted = counters.get(link.name, Counters(0, 0, 0, 0, 0, 0))
        found.append(
            IfbDevice(
                name=link.name,
                index=link.index,
                up=link.up,
                rx_packets=counted.rx_packets,
                tx_packets=counted.tx_packets,
                dropped=counted.rx_dropped + counted.tx_dropped,
                qdisc=link.qdisc,
                fed_by=tuple(dict.fromkeys(feed.source for feed in wiring.feeds if feed.target == link.name)),
            )
        )
    return tuple(found)


def pair_names(wiring: Wiring, forward: str, taps: Sequence[str] = ()) -> tuple[tuple[str, str, str], ...]:
    """(guest NIC, its ifb, the ifb of its twin's packets) as tc feeds them.

    What a guest's tap receives goes into the first ifb; what the forward NIC receives from the other host into the
    second. The forward NIC of a tap is the one it copies its packets to, else the one of the pair file.
    """
    into = {link.name for link in wiring.links.values() if link.kind == "ifb"}
    carriers = {forward} | {feed.target for feed in wiring.feeds if not feed.incoming and feed.target not in into}
    guests = [feed for feed in wiring.feeds if feed.incoming and feed.target in into and feed.source not in carriers]
    known = [tap for tap in taps if any(feed.source == tap for feed in guests)]
    order = list(dict.fromkeys([*known, *(feed.source for feed in guests)]))
    taken: set[str] = set()
    found: list[tuple[str, str, str]] = []
    for nic in order:
        primary = next(feed.target for feed in guests if feed.source == nic)
        carrier = next(
            (feed.target for feed in wiring.feeds if feed.source == nic and feed.target in carriers), forward
        )
        twin = next(
            (
                feed.target
                for feed in wiring.feeds
                if feed.source == carrier and feed.incoming and feed.target in into and feed.target not in taken
            ),
            None,
        )
        if twin is not None and twin != primary:
            taken.add(twin)
            found.append((nic, primary, twin))
    return tuple(found)


def ifb_pairs(
    names: Sequence[tuple[str, str, str]], devices: Sequence[IfbDevice], rates: Mapping[str, float]
) -> tuple[IfbPair, ...]:
    """The pairs with what their devices counted. `rates`: packets a second by device."""
    by_name = {device.name: device for device in devices}
    found: list[IfbPair] = []
    for nic, primary, secondary in names:
        first, second = by_name.get(primary), by_name.get(secondary)
        if first is None or second is None:
            continue
        both = primary in rates and secondary in rates
        found.append(
            IfbPair(
                nic=nic,
                primary=primary,
                secondary=secondary,
                up=first.up and second.up,
                packets_per_s=rates[primary] + rates[secondary] if both else None,
                dropped=first.dropped + second.dropped,
            )
        )
    return tuple(found)

"""The NICs of a host with everything a set-up asks of them, from netlink, sysfs and ethtool."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from colotui.errors import HostCallFailed, HostLost
from colotui.host import parsers, wiring
from colotui.host.channel import Host, ReadError, load_netlink
from colotui.host.ethtool import offloads
from colotui.model.facts import Missing
from colotui.model.survey import Nic

_LIMIT = 5.0
_UNICAST = 1
_ABOVE_ANOTHER = ("vlan", "macvlan", "ipvlan")
"""Kinds whose `link` attribute names the device below; that of a veth is its other end, perhaps on another host."""

Network = tuple[tuple[Nic, ...], wiring.Wiring]


async def read_network(host: Host) -> Network | Missing:
    """All NICs, and how tc wires them. Raises HostLost; what else goes wrong is in the answer."""
    await load_netlink()
    try:
        async with await host.netlink() as net, asyncio.timeout(_LIMIT):
            messages = [message async for message in await net.get_links()]
            names = [str(message.get("ifname") or "") for message in messages]
            found = await wiring.read_wiring(net, names)
            ways_out = await _default_routes(net)
    except HostLost:
        raise
    except Exception as error:  # whatever pyroute2 makes of an odd answer: the NICs are missing, no more
        return Missing(f"netlink: {error or 'no answer'}")
    return await _nics(host, messages, found, ways_out), found


async def _default_routes(net: Any) -> frozenset[int]:
    """The devices that default routes lead through, by index."""
    found: set[int] = set()
    for family in (2, 10):
        async for message in await net.get_routes(family=family):
            if message.get("dst_len") or message.get("dst") or message.get("type") != _UNICAST:
                continue
            hops = message.get("multipath") or ()
            found.update(int(index) for index in (message.get("oif"), *(hop.get("oif") for hop in hops)) if index)
    return frozenset(found)


async def _nics(host: Host, messages: Sequence[Any], found: wiring.Wiring, ways_out: frozenset[int]) -> tuple[Nic, ...]:
    names = [name for name in found.links if "/" not in name and name not in (".", "..")]
    drivers, speeds, offloaded = await asyncio.gather(
        host.realpath([f"/sys/class/net/{name}/device/driver" for name in names]),
        host.read([f"/sys/class/net/{name}/speed" for name in names], limit=64),
        _offloads(host, names),
    )
    driver = dict(zip(names, (path.rpartition("/")[2] for path in drivers), strict=True))
    by_index = {link.index: link.name for link in found.links.values()}
    return tuple(
        _nic(message, found, by_index, ways_out, driver, speeds, offloaded)
        for message in messages
        if str(message.get("ifname") or "") in found.links
    )


def _nic(
    message: Any,
    found: wiring.Wiring,
    by_index: Mapping[int, str],
    ways_out: frozenset[int],
    drivers: Mapping[str, str],
    speeds: Mapping[str, bytes | ReadError],
    offloaded: Mapping[str, tuple[str, ...] | Missing],
) -> Nic:
    name = str(message.get("ifname"))
    link = found.links[name]
    speed = speeds.get(f"/sys/class/net/{name}/speed")
    mbps = parsers.number(parsers.decode(speed)) if isinstance(speed, bytes) else None
    below = int(message.get("link") or 0) if link.kind in _ABOVE_ANOTHER else 0
    return Nic(
        name=name,
        kind=link.kind,
        driver=drivers.get(name, ""),
        mac=link.mac,
        mtu=link.mtu,
        up=link.up,
        carrier=link.carrier,
        speed_mbps=mbps if mbps is not None and mbps > 0 else None,
        master=by_index.get(link.master, ""),
        parent=by_index.get(below, ""),
        alias=link.alias,
        addresses=link.addresses,
        default_route=link.index in ways_out,
        promiscuous=link.promiscuous,
        offloads=offloaded.get(name, Missing("not asked")),
    )


async def _offloads(host: Host, names: Sequence[str]) -> dict[str, tuple[str, ...] | Missing]:
    try:
        found = await offloads(host, names)
    except HostCallFailed as error:
        return dict.fromkeys(names, Missing(error.what.removeprefix(f"{host.name}: ")))
    return {name: Missing(one.text) if isinstance(one, ReadError) else one for name, one in found.items()}

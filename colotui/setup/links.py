"""The network devices of a host as a step sees them: with all their addresses, and which one is the way out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from colotui.errors import HostCallFailed
from colotui.host.wiring import Link, link_of

NO_DEVICE = 19  # ENODEV, whatever the cockpit's own system calls it


async def read_links(net: Any) -> dict[str, Link]:
    """All devices by name, with the addresses of both families as "address/prefix"."""
    links: dict[int, Link] = {}
    async for message in await net.get_links():
        link = link_of(message)
        if link is not None:
            links[link.index] = link
    addresses: dict[int, list[str]] = {}
    async for message in await net.get_addr():
        local = message.get("local") or message.get("address")
        if local:
            addresses.setdefault(int(message.get("index") or 0), []).append(f"{local}/{message.get('prefixlen')}")
    return {link.name: replace(link, addresses=tuple(addresses.get(index, ()))) for index, link in links.items()}


async def has_default_route(net: Any, index: int) -> bool:
    """Whether a default route of either family leads through the device."""
    for family in (2, 10):
        async for message in await net.get_routes(family=family, oif=index):
            ways = [message.get("oif"), *(way.get("oif") for way in message.get("multipath") or ())]
            if index in ways and not message.get("dst_len") and message.get("type") == 1:
                return True
    return False


def need(host: str, links: dict[str, Link], name: str) -> Link:
    """The device called `name`. HostCallFailed when there is none, naming those that are."""
    if name in links:
        return links[name]
    known = ", ".join(sorted(known for known in links if known != "lo")) or "none"
    raise HostCallFailed(
        host, f"there is no network device {name}.", NO_DEVICE, f"There are: {known}. Mend the name in the pair file."
    )


def master_of(links: dict[str, Link], link: Link) -> str:
    """The name of the bridge or bond a device belongs to, "" for none."""
    return next((other.name for other in links.values() if link.master and other.index == link.master), "")

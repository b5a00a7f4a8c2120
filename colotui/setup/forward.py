"""The forward NIC: up and as long-framed as its peer's, with its own address, acknowledging at once."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from colotui.errors import HostCallFailed
from colotui.host.wiring import Link, quickack
from colotui.model.plan import Step
from colotui.model.setup import Wanted
from colotui.setup.links import has_default_route, master_of, need, read_links
from colotui.setup.site import SEED, Site, kept_step

_ADDRESS_IN_USE = 98
_BUSY = 16
_NO_ROUTE = 113
_MAIN = 254
_KERNEL = 2
_LINK_SCOPE = 253
_UNICAST = 1


async def forward_steps(site: Site, wanted: Wanted, *, mtu: int | None = None) -> list[Step]:
    """The steps of the forward NIC. `mtu` (bytes) is the smaller of the two hosts'; None leaves it as it is."""
    durable = wanted.keep
    found = [_up_step(site, mtu, durable), _address_step(site, durable)]
    if wanted.quickack:
        found.append(_quickack_step(site, await _priority(site), durable))
    return found


def _up_step(site: Site, mtu: int | None, durable: bool) -> Step:
    nic = site.spec.forward.nic

    async def link() -> Link:
        async with site.net(f"reading {nic}") as net:
            return need(site.name, await read_links(net), nic)

    async def check() -> bool:
        async with site.net(f"reading {nic}") as net:
            found = (await read_links(net)).get(nic)
        return found is not None and found.up and (mtu is None or found.mtu == mtu)

    async def before() -> Mapping[str, Any]:
        found = await link()
        return {"up": found.up, "mtu": found.mtu}

    async def apply() -> str:
        found = await link()
        async with site.net(f"bringing {nic} up") as net:
            if mtu is not None and found.mtu != mtu:
                await net.link("set", index=found.index, mtu=mtu)
            if not found.up:
                await net.link("set", index=found.index, state="up")
        return f"{nic} up" + (f", MTU {mtu}" if mtu is not None else "")

    async def restore(was: Mapping[str, Any]) -> str:
        async with site.net(f"putting {nic} back") as net:
            found = (await read_links(net)).get(nic)
            if found is None:
                return f"{nic} is gone"
            if found.mtu != int(was["mtu"]):
                await net.link("set", index=found.index, mtu=int(was["mtu"]))
            if found.up and not was["up"]:
                await net.link("set", index=found.index, state="down")
        return f"{nic} {'up' if was['up'] else 'down'}, MTU {was['mtu']}"

    lines = [f"ip link set dev {nic} up"]
    if mtu is not None:
        lines.insert(0, f"ip link set dev {nic} mtu {mtu}")
    return kept_step(
        site, "forward-up", "forward NIC up", "; ".join(lines),
        "both ends of the direct cable must be up and take frames of the same length",
        check=check, apply=apply, before=before, restore=restore, script=tuple(lines),
        undo_command=f"ip link set dev {nic} with the state and the MTU it had", source=f"{SEED}, Requirements 1",
        at_boot=True, durable=durable, ledger_key=f"forward-up.{nic}",
    )  # fmt: skip


def _address_step(site: Site, durable: bool) -> Step:
    nic = site.spec.forward.nic
    address = f"{site.spec.forward.address}/{site.spec.forward.prefix}"

    async def check() -> bool:
        async with site.net(f"reading {nic}") as net:
            found = (await read_links(net)).get(nic)
        return found is not None and address in found.addresses

    async def before() -> Mapping[str, Any]:
        async with site.net(f"reading {nic}") as net:
            links = await read_links(net)
            link = need(site.name, links, nic)
            if address in link.addresses:
                return {"had": True}
            _refuse(site, links, link)
            if await has_default_route(net, link.index):
                raise HostCallFailed(
                    site.name, f"the host's default route leads through {nic}.", _BUSY,
                    "The forward NIC must serve nothing else: choose another one in the pair file.",
                )  # fmt: skip
        return {"had": False}

    async def apply() -> str:
        async with site.net(f"giving {nic} {address}") as net:
            link = need(site.name, await read_links(net), nic)
            if address not in link.addresses:
                await net.addr(
                    "add", index=link.index, address=site.spec.forward.address, prefixlen=site.spec.forward.prefix
                )
        return f"{nic} has {address}"

    async def restore(was: Mapping[str, Any]) -> str:
        async with site.net(f"taking {address} from {nic}") as net:
            link = (await read_links(net)).get(nic)
            if link is None or was["had"] or address not in link.addresses:
                return f"{nic} as it was"
            await net.addr(
                "delete", index=link.index, address=site.spec.forward.address, prefixlen=site.spec.forward.prefix
            )
        return f"{address} taken from {nic}"

    return kept_step(
        site, "forward-address", "forward address", f"ip addr add {address} dev {nic}",
        "memory, disk writes and packets of the guest cross the direct cable, and it alone",
        check=check, apply=apply, before=before, restore=restore, script=(f"ip addr replace {address} dev {nic}",),
        undo_command=f"ip addr del {address} dev {nic}", source=f"{SEED}, Requirements 1", at_boot=True,
        durable=durable, ledger_key=f"forward-address.{nic}.{address.replace('/', '-')}",
    )  # fmt: skip


def _refuse(site: Site, links: Mapping[str, Link], link: Link) -> None:
    """HostCallFailed when the address or its network is in use elsewhere, or the NIC serves something else."""
    wanted = ipaddress.ip_interface(f"{site.spec.forward.address}/{site.spec.forward.prefix}")
    for other in links.values():
        for text in other.addresses:
            found = ipaddress.ip_interface(text)
            if found.ip == wanted.ip:
                where = f"with the prefix length {found.network.prefixlen}" if other is link else f"on {other.name}"
                raise HostCallFailed(
                    site.name, f"{wanted.ip} is already there {where}.", _ADDRESS_IN_USE,
                    "Take it away there, or mend the forward address in the pair file.",
                )  # fmt: skip
            if other is not link and found.version == wanted.version and found.network.overlaps(wanted.network):
                raise HostCallFailed(
                    site.name, f"{other.name} ({found}) is in the network {wanted.network} already.", _ADDRESS_IN_USE,
                    "The direct cable needs a network of its own: choose other forward addresses in the pair file.",
                )  # fmt: skip
    master = master_of(dict(links), link)
    if link.master:
        raise HostCallFailed(
            site.name, f"{link.name} belongs to {master or 'another device'}.", _BUSY,
            f"Take it out first (ip link set {link.name} nomaster), or choose another forward NIC.",
        )  # fmt: skip


def _quickack_step(site: Site, priority: int | None, durable: bool) -> Step:
    nic = site.spec.forward.nic
    address = ipaddress.ip_address(site.spec.forward.address)
    network = ipaddress.ip_interface(f"{address}/{site.spec.forward.prefix}").network
    what = f"acknowledging at once on {network}"

    async def route(net: Any) -> tuple[int, dict[str, Any]] | None:
        link = (await read_links(net)).get(nic)
        found = None if link is None else await _connected(net, link.index, network)
        return None if link is None or found is None else (link.index, found)

    async def check() -> bool:
        async with site.net(what) as net:
            found = await route(net)
            return found is not None and await quickack(net, found[0], address) is True

    async def before() -> Mapping[str, Any]:
        async with site.net(what) as net:
            found = await route(net)
        if found is None:
            raise HostCallFailed(
                site.name, f"{nic} has no route to its own network {network}.", _NO_ROUTE,
                "Give it its address and bring it up first (step forward-address).",
            )  # fmt: skip
        return found[1]

    async def put(net: Any, index: int, facts: Mapping[str, Any]) -> None:
        more = {"priority": int(facts["priority"])} if facts["priority"] is not None else {}
        metrics = {str(name): int(value) for name, value in facts["metrics"].items()}
        if metrics:
            more["metrics"] = metrics  # type: ignore[assignment]
        await net.route("replace", dst=str(network), oif=index, proto=_KERNEL, scope=_LINK_SCOPE, type=_UNICAST,
                        table=_MAIN, prefsrc=str(ipaddress.ip_address(facts["source"])), **more)  # fmt: skip

    async def apply() -> str:
        facts = await before()
        async with site.net(what) as net:
            link = need(site.name, await read_links(net), nic)
            await put(net, link.index, {**facts, "metrics": {**facts["metrics"], "quickack": 1}})
        return f"{network} by {nic}: quickack 1"

    async def restore(was: Mapping[str, Any]) -> str:
        async with site.net(f"putting the route to {network} back") as net:
            found = await route(net)
            if found is None:
                return "the route is gone"
            await put(net, found[0], was)
        return f"{network} by {nic} as it was"

    metric = "" if priority is None else f" metric {priority}"
    line = f"ip route change {network} dev {nic} proto kernel scope link src {address}{metric} quickack 1"
    return kept_step(
        site, "quickack", "acknowledge at once", line,
        "a checkpoint otherwise waits about 40 ms for a delayed acknowledgement",
        check=check, apply=apply, before=before, restore=restore, script=(line,),
        undo_command=line.removesuffix(" quickack 1"), source="measured", at_boot=True, durable=durable,
        ledger_key=f"quickack.{nic}.{str(network).replace('/', '-')}",
    )  # fmt: skip


async def _priority(site: Site) -> int | None:
    """The metric the network's route has now; a network manager gives one, the kernel by itself does not."""
    network = ipaddress.ip_interface(f"{site.spec.forward.address}/{site.spec.forward.prefix}").network
    async with site.net("reading the routes") as net:
        link = (await read_links(net)).get(site.spec.forward.nic)
        found = None if link is None else await _connected(net, link.index, network)
    return None if found is None else found["priority"]


async def _connected(net: Any, index: int, network: Any) -> dict[str, Any] | None:
    """The route to the NIC's own network: its source address, priority, and the metrics it has (name: value)."""
    async for message in await net.get_routes(family=2 if network.version == 4 else 10, oif=index):
        place = (message.get("table"), message.get("type"), message.get("scope"), message.get("proto"))
        if place != (_MAIN, _UNICAST, _LINK_SCOPE, _KERNEL) or message.get("oif") != index or not message.get("dst"):
            continue
        if f"{message.get('dst')}/{message.get('dst_len')}" != str(network) or not message.get("prefsrc"):
            continue
        attributes = (message.get("metrics") or {}).get("attrs") or ()
        metrics = {str(name).removeprefix("RTAX_").lower(): int(value) for name, value in attributes}
        return {"source": str(message.get("prefsrc")), "priority": message.get("priority"), "metrics": metrics}
    return None

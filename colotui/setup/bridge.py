"""The service bridge: made, with the NIC that faces the clients in it, and that NIC's addresses with it."""

from __future__ import annotations

import errno
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from colotui.errors import HostCallFailed
from colotui.host.wiring import Link
from colotui.model.plan import Step
from colotui.model.setup import Wanted
from colotui.setup import guard
from colotui.setup.carried import Carried, read_carried
from colotui.setup.links import master_of, need, read_links
from colotui.setup.site import SEED, Site, kept_step

KEY = "bridge"
_NOTHING = Carried()
_KIND = "type bridge stp_state 0 forward_delay 0 mcast_snooping 0"
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_DISTRIBUTION = "NetworkManager, systemd-networkd or ifupdown must be told of the bridge too, or they undo it"


@dataclass(frozen=True, slots=True)
class _Before:
    """What was there before the step. `made`: no bridge was. `plugged`: the NIC was in it already.

    `bridge_mac` only of a bridge without a port: with its first one it takes another, which goes with the last.
    """

    made: bool
    bridge_up: bool
    bridge_mac: str = ""
    mac: str = ""
    nic_up: bool = False
    plugged: bool = False
    carried: Carried = _NOTHING

    def as_json(self) -> dict[str, Any]:
        return {"made": self.made, "bridge_up": self.bridge_up, "bridge_mac": self.bridge_mac, "mac": self.mac,
                "nic_up": self.nic_up, "plugged": self.plugged, **self.carried.as_json()}  # fmt: skip

    @classmethod
    def from_json(cls, site: Site, told: Mapping[str, Any]) -> _Before:
        mac, bridge_mac = (found if _MAC.fullmatch(found := str(told.get(k))) else "" for k in ("mac", "bridge_mac"))
        try:
            carried = Carried.from_json(told)
        except ValueError as error:
            raise HostCallFailed(
                site.name, f"what was before the step `{KEY}` cannot be used: {error}.", errno.EBADMSG,
                "Put the addresses back by hand, on the host's console.",
            ) from None  # fmt: skip
        made, bridge_up, nic_up, plugged = (bool(told.get(k)) for k in ("made", "bridge_up", "nic_up", "plugged"))
        return cls(made, bridge_up, bridge_mac, mac, nic_up, plugged, carried)


async def steps(site: Site, wanted: Wanted) -> list[Step]:
    """The step that makes the bridge. Looks at the host for what the NIC carries; changes nothing."""
    bridge, nic = site.spec.bridge, site.spec.service_nic or ""
    carried = await _known_carried(site)

    async def check() -> bool:
        if await guard.pending(site.host):
            return False
        async with site.net(f"reading {bridge}") as net:
            links = await read_links(net)
        there = links.get(bridge)
        if there is None or there.kind != "bridge" or not there.up:
            return False
        plugged = links.get(nic)
        return not nic or (plugged is not None and plugged.up and plugged.master == there.index)

    async def before() -> Mapping[str, Any]:
        await guard.settle(site)
        return (await _look(site)).as_json()

    async def apply() -> str:
        now = await _look(site)
        if now.carried.addresses:
            forth = [*_join(site, now), *now.carried.take(nic), *now.carried.add(bridge)]
            await guard.guarded(site, f"moving {_named(now.carried)} to {bridge}", forth, _apart(site, now))
            return f"{nic} in {bridge}, which has {_named(now.carried)} now"
        await _plug(site, now)
        return f"{nic} in {bridge}" if nic else f"{bridge} made; no NIC is plugged in, the pair file names none"

    async def restore(told: Mapping[str, Any]) -> str:
        await guard.settle(site)
        return await _restore(site, _Before.from_json(site, told))

    why = "the guests' taps and the NIC towards the clients meet in it"
    if carried.addresses:
        why += f"; {nic} carries the host's own {_named(carried)}: it moves along and comes back by itself " \
               f"unless a new session gets through in {guard.SECONDS} s. {_DISTRIBUTION}"  # fmt: skip
    if not nic:
        why += "; the pair file names no service NIC, so none is plugged in"
    command = f"ip link add {bridge} {_KIND}" + (f"; ip link set {nic} master {bridge}" if nic else "")
    return [
        kept_step(
            site, KEY, "service bridge", command + (f"; move {_named(carried)}" if carried.addresses else ""), why,
            check=check, apply=apply, before=before, restore=restore, script=_script(bridge, nic, carried),
            undo_command=(f"ip link set {nic} nomaster; " if nic else "") + f"ip link del {bridge}, where it was made",
            source=f"{SEED}, set-up 5.2", at_boot=True, durable=wanted.keep,
            ledger_key=_ledger_key(site),
        )
    ]  # fmt: skip


async def _look(site: Site) -> _Before:
    """What is there now. HostCallFailed when it cannot become the bridge."""
    bridge, nic = site.spec.bridge, site.spec.service_nic or ""
    async with site.net(f"reading {bridge}") as net:
        links = await read_links(net)
        there = links.get(bridge)
        if there is not None and there.kind != "bridge":
            raise HostCallFailed(
                site.name, f"{bridge} is there but is no bridge ({there.kind or 'hardware'}).", errno.EEXIST,
                "Give the bridge another name in the pair file.",
            )  # fmt: skip
        made, up = there is None, there is not None and there.up
        lone = there is not None and not any(link.master == there.index for link in links.values())
        own_mac = there.mac if there is not None and lone else ""
        if not nic:
            return _Before(made, up, own_mac)
        link = need(site.name, links, nic)
        plugged = there is not None and link.master == there.index
        if link.master and not plugged:
            raise HostCallFailed(
                site.name, f"{nic} belongs to {master_of(links, link) or 'another device'} already.", errno.EBUSY,
                "Name that one as `bridge`, or choose another service NIC in the pair file.",
            )  # fmt: skip
        carried = Carried() if plugged else await read_carried(net, site.name, nic, link.index)
    return _Before(made, up, own_mac, link.mac, link.up, plugged, carried)


def _ledger_key(site: Site) -> str:
    """Of its own for each bridge and NIC: a changed pair file must not take apart what another one made."""
    return f"{KEY}.{site.spec.bridge}.{site.spec.service_nic or ''}"


async def _known_carried(site: Site) -> Carried:
    """What moves, or has moved, to the bridge: as kept from before the step, else what the NIC carries now."""
    entry = await site.ledger.recall(_ledger_key(site))
    if entry is not None:
        return _Before.from_json(site, entry.before).carried
    try:
        return (await _look(site)).carried
    except HostCallFailed:
        return Carried()  # the step itself says why not


def _join(site: Site, was: _Before, do: str = "add") -> list[str]:
    """The `ip` commands that put the NIC into the bridge."""
    bridge, nic = site.spec.bridge, site.spec.service_nic or ""
    # its NIC's hardware address: whoever knows the host's addresses need not ask anew
    made = [f"link add name {bridge} address {was.mac} {_KIND}"] if was.made and was.mac else []
    return [*made, f"link set dev {bridge} up", f"link set dev {nic} up", f"link set dev {nic} master {bridge}"]


def _apart(site: Site, was: _Before) -> list[str]:
    """The `ip` commands that put back what was before; those that have nothing to do may fail."""
    bridge, nic = site.spec.bridge, site.spec.service_nic or ""
    if was.made:
        lines = [f"link del dev {bridge}"]
    else:
        lines = [*was.carried.take(bridge), *([] if was.plugged else [f"link set dev {nic} nomaster"])]
        lines += _bridge_back(bridge, was)
    state = "up" if was.nic_up else "down"
    return [*lines, *was.carried.add(nic, "replace"), f"link set dev {nic} {state}"]


def _bridge_back(bridge: str, was: _Before) -> list[str]:
    """The `ip` commands that make a bridge of somebody else's what it was, once our NIC is out of it."""
    mac = [f"link set dev {bridge} address {was.bridge_mac}"] if was.bridge_mac else []
    return [*mac, *([] if was.bridge_up else [f"link set dev {bridge} down"])]


async def _plug(site: Site, now: _Before) -> None:
    bridge = site.spec.bridge
    async with site.net(f"making {bridge}") as net:
        if now.made:
            own = {"address": now.mac} if now.mac else {}
            await net.link("add", ifname=bridge, kind="bridge", br_stp_state=0, br_forward_delay=0,
                           br_mcast_snooping=0, **own)  # fmt: skip
        links = await read_links(net)
        there = need(site.name, links, bridge)
        if not there.up:
            await net.link("set", index=there.index, state="up")
        if site.spec.service_nic:
            link = need(site.name, links, site.spec.service_nic)
            if not link.up:
                await net.link("set", index=link.index, state="up")
            if link.master != there.index:
                await net.link("set", index=link.index, master=there.index)


async def _restore(site: Site, was: _Before) -> str:
    bridge, nic = site.spec.bridge, site.spec.service_nic or ""
    async with site.net(f"taking {bridge} apart") as net:
        links = await read_links(net)
        there, link = links.get(bridge), links.get(nic)
        if there is not None and was.made:
            _refuse_others(site, links, there, was)
        guarded = bool(was.carried.addresses) and link is not None and there is not None
        if not guarded:
            await _unplug(net, was, there, link)
    if guarded:
        forth = await _way_back(site, was)
        again = [*_join(site, was), *was.carried.take(nic), *was.carried.add(bridge, "replace")]
        await guard.guarded(site, f"moving {_named(was.carried)} back to {nic}", forth, again)
    gone = f"{bridge} removed" if was.made else f"{bridge} as it was"
    return f"{gone}, {nic} as it was" if nic else gone


async def _unplug(net: Any, was: _Before, there: Link | None, link: Link | None) -> None:
    if link is not None and there is not None and link.master == there.index and not was.plugged:
        await net.link("set", index=link.index, master=0)
    if there is not None and was.made:
        await net.link("del", index=there.index)
    elif there is not None:
        if was.bridge_mac and (await read_links(net))[there.name].mac != was.bridge_mac:
            await net.link("set", index=there.index, address=was.bridge_mac)
        if there.up and not was.bridge_up:
            await net.link("set", index=there.index, state="down")
    if link is not None and link.up and not was.nic_up:
        await net.link("set", index=link.index, state="down")


async def _way_back(site: Site, was: _Before) -> list[str]:
    """As `_apart`, but only what there is to do: here a command that fails must not pass unseen."""
    bridge, nic = site.spec.bridge, site.spec.service_nic or ""
    async with site.net(f"reading {bridge}") as net:
        links = await read_links(net)
        there = need(site.name, links, bridge)
        moved = await read_carried(net, site.name, bridge, there.index) if not was.made else Carried()
    ours = Carried(
        tuple(one for one in moved.addresses if one.at in {had.at for had in was.carried.addresses}),
        tuple(route for route in moved.routes if route in was.carried.routes),
    )
    in_it = links[nic].master == there.index
    lines = [f"link del dev {bridge}"] if was.made else ours.take(bridge)
    if in_it and not was.plugged and not was.made:
        lines.append(f"link set dev {nic} nomaster")
    if not was.made:
        lines += _bridge_back(bridge, was)
    return [*lines, *was.carried.add(nic, "replace"), *([] if was.nic_up else [f"link set dev {nic} down"])]


def _refuse_others(site: Site, links: dict[str, Link], there: Link, was: _Before) -> None:
    """HostCallFailed while the bridge that would go holds what somebody else put there since."""
    ports = sorted(
        link.name for link in links.values() if link.master == there.index and link.name != site.spec.service_nic
    )
    own = {one.at.split(" ")[0].split("/")[0] for one in was.carried.addresses}
    others = [text for text in there.addresses if not _is_own(text, own)]
    if ports or others:
        raise HostCallFailed(
            site.name, f"{there.name} holds {', '.join([*ports, *others])}, which came later.", errno.EBUSY,
            "End the guests there, or take these out; then undo again.",
        )  # fmt: skip


def _is_own(text: str, own: set[str]) -> bool:
    address = ipaddress.ip_interface(text).ip
    return str(address) in own or (address.version == 6 and address.is_link_local)


def _named(carried: Carried) -> str:
    return ", ".join(one.at for one in carried.addresses)


def _script(bridge: str, nic: str, carried: Carried) -> tuple[str, ...]:
    own = f' address "$(cat /sys/class/net/{nic}/address)"' if nic else ""
    make = [
        f"[ -e /sys/class/net/{bridge} ] || ip link add name {bridge}{own} {_KIND}",
        f"ip link set dev {bridge} up",
    ]
    if not nic:
        return (*make, "# The pair file names no service NIC: none is plugged in.")
    join = [f"ip link set dev {nic} up", f"ip link set dev {nic} master {bridge}"]
    if not carried.addresses:
        return (*make, *join)
    take = [f"ip {line} 2>/dev/null || true" for line in carried.take(nic)]
    return (
        f"# {nic} carries the host's own addresses. Run this from the console: it does not come back by itself.",
        f"# {_DISTRIBUTION}.",
        *make,
        "{ # read as a whole first: a session over these addresses may end half-way",
        *join,
        *take,
        *(f"ip {line}" for line in carried.add(bridge, "replace")),
        "}",
    )

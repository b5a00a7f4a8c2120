"""The tc forwarding of classic COLO on one host, for each guest NIC: wired and unwired.

The classic scripts hang a root prio qdisc on the guest's NIC to copy what it is sent. Here clsact's exit hook does that
instead: the NIC keeps its own root qdisc, and neither sch_prio is needed nor anything else than sch_ingress brings.
"""

from __future__ import annotations

import errno
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from colotui.engine.qemu.wiring import tap_name
from colotui.errors import HostCallFailed
from colotui.host.claims import ROLES, Claim, guest_nics, holders
from colotui.host.wiring import Link, Wiring, read_wiring
from colotui.model.pair import GuestSpec
from colotui.model.plan import Step
from colotui.model.protection import Role
from colotui.model.setup import Wanted
from colotui.setup.ifb import QUEUE
from colotui.setup.ifbdevices import choose, look
from colotui.setup.site import Site, kept_step
from colotui.setup.tcstate import (
    CLSACT,
    IFF_PROMISC,
    INGRESS,
    PROTOCOLS,
    Filters,
    Hooks,
    Lead,
    add_hooks,
    add_lead,
    hooks_script,
    kept_devices,
    leads,
    put_back,
    read_hooks,
    remove_filters,
)

NameOf = Callable[[Site, GuestSpec, int], str]
"""The device on a host that stands for a guest's NIC, by guest and NIC number."""

_SOURCE = "xen-network-ft.sh, with ipv6"


def tap_of(_site: Site, guest: GuestSpec, number: int) -> str:
    """The tap colotui makes for a guest NIC. Xen numbers its vifs when a domain starts: its engine names those."""
    return tap_name(guest.name, number)


def forward_of(site: Site, _guest: GuestSpec, _number: int) -> str:
    """The forward NIC of the pair file. It serves one guest NIC; further ones need another, or a VLAN on it."""
    return site.spec.forward.nic


def role_of(site: Site, wanted: Wanted) -> Role:
    """Which side of COLO a host is when nothing runs yet: guests start where the good disk images are."""
    first = wanted.image_from or site.pair.hosts[0].name
    return Role.PRIMARY if site.name == first else Role.SECONDARY


async def wiring_steps(
    site: Site, wanted: Wanted, *, role: Role | None = None, device: NameOf = tap_of, forward: NameOf = forward_of
) -> list[Step]:
    """One step for each guest NIC that can be wired now, or was wired before and can be unwired.

    A NIC exists on a host only while its guest's copy runs there; for one that does not there is no step, so that a
    set-up before the first start does not fail of it. `unwired` says which those are, and why.
    """
    steps, _ = await _plan(site, wanted, role, device, forward)
    return steps


async def unwired(
    site: Site, wanted: Wanted, *, role: Role | None = None, device: NameOf = tap_of, forward: NameOf = forward_of
) -> tuple[str, ...]:
    """A sentence for each guest NIC that `wiring_steps` leaves out."""
    _, why = await _plan(site, wanted, role, device, forward)
    return tuple(why)


async def _plan(
    site: Site, wanted: Wanted, role: Role | None, device: NameOf, forward: NameOf
) -> tuple[list[Step], list[str]]:
    if not wanted.wiring:
        return [], []
    async with site.net("reading the network devices") as net:
        seen = await look(net)
    kept = set(await site.ledger.keys())
    served: dict[str, str] = {}
    given: set[str] = set()
    steps: list[Step] = []
    why: list[str] = []
    for guest, number in guest_nics(site.pair):
        names = choose(seen, guest.name, number, {}, given)
        given.update(names.values())
        nic, carrier = device(site, guest, number), forward(site, guest, number)
        wires = _Wires(site, guest, number, role or role_of(site, wanted), nic, carrier, names)
        if wires.key not in kept and nic not in seen.wiring.links:
            why.append(
                f"{guest.name} NIC {number}: there is no {nic} on {site.name}; wire it when the guest runs there."
            )
        elif wires.key not in kept and carrier in served:
            why.append(
                f"{guest.name} NIC {number}: {carrier} of {site.name} serves {served[carrier]} already; "
                "each guest NIC needs a directly connected NIC of its own, or a VLAN."
            )
        else:
            served.setdefault(carrier, f"{guest.name} NIC {number}")
            steps.append(wires.step())
    return steps, why


@dataclass(frozen=True, slots=True)
class _Now:
    """Both devices, what stands at each, and what should."""

    links: Mapping[str, Link]
    hooks: Mapping[str, Hooks]
    leads: tuple[Lead, ...]

    def kind_needed(self, name: str) -> str:
        return CLSACT if any(lead.source == name and not lead.incoming for lead in self.leads) else INGRESS

    def dangling(self, name: str) -> list[Filters]:
        """Filters in our places that lead to a device which is gone: those of an earlier wiring."""
        places = [lead.place for lead in self.leads if lead.source == name]
        return [one for one in self.hooks[name].filters if one.plain and not one.target and one.place in places]

    def foreign(self, name: str) -> str:
        """What stands in our way and is not ours; "" for nothing."""
        hooks = self.hooks[name]
        ours = [lead for lead in self.leads if lead.source == name]
        for one in hooks.filters:
            if one not in self.dangling(name) and not any(one.makes(lead) for lead in ours):
                to = f" to {one.target}" if one.target else ""
                return f"a tc filter ({one.kind}, protocol {one.protocol:#06x}, pref {one.pref}){to}"
        if hooks.kind not in ("", self.kind_needed(name), CLSACT):
            return f"a qdisc {hooks.kind}, where {self.kind_needed(name)} is needed"
        return ""


class _Wires:
    """The forwarding of one guest NIC on one host."""

    def __init__(
        self, site: Site, guest: GuestSpec, number: int, role: Role, nic: str, forward: str, planned: Mapping[Role, str]
    ) -> None:
        self.key = f"wiring-{guest.name}-{number}"
        self._site = site
        self._guest = guest
        self._number = number
        self._role = role
        self._nic = nic
        self._forward = forward
        self._planned = planned

    def step(self) -> Step:
        nic, forward = self._nic, self._forward
        wanted = leads(self._role, nic, forward, self._planned)
        lines = [f"ip link set dev {shlex.quote(name)} txqueuelen {QUEUE}" for name in (nic, forward)]
        lines.append(f"ip link set dev {shlex.quote(forward)} promisc on")
        now = _Now({}, {}, wanted)
        for name in (nic, forward):
            lines.append(hooks_script(name, now.kind_needed(name)))
        lines += [lead.script for lead in wanted]
        if self._role is Role.PRIMARY:
            own, twins = self._planned[Role.PRIMARY], self._planned[Role.SECONDARY]
            path = f"{nic} in > {own}; {nic} out = {forward}; {forward} in > {twins}"
            why = (
                "What the guest is sent is copied to its twin; what either answers goes through an ifb, to be compared."
            )
        else:
            path = f"{nic} in > {forward}; {forward} in > {nic}"
            why = f"The twin hears and answers through the forward NIC alone: {forward} here serves nothing else then."
        command = f"tc: {path} (> moved, = copied; {', '.join(PROTOCOLS)}); txqueuelen {QUEUE}; {forward} promisc on"
        return kept_step(
            self._site, "wiring", f"wire {self._guest.name} NIC {self._number} as {self._role}", command, why,
            check=self.check, apply=self.apply, before=self.before, restore=self.restore, script=tuple(lines),
            undo_command=f"tc filter/qdisc del on {nic} and {forward}; ip link set with the values of before",
            source=_SOURCE, ledger_key=self.key,
        )  # fmt: skip

    async def check(self) -> bool:
        async with self._site.net("reading tc") as net:
            found = await read_wiring(net, ())
            if self._absent(found):
                return False
            now = await self._now(net, found)
        return (
            all(now.hooks[lead.source].has(lead) for lead in now.leads)
            and not any(now.foreign(name) for name in now.links)
            and all(link.txqlen == QUEUE for link in now.links.values())
            and now.links[self._forward].promiscuous
        )

    async def before(self) -> Mapping[str, Any]:
        async with self._site.net("reading tc") as net:
            now = await self._ready(net)
        return {
            name: {
                "txqlen": link.txqlen,
                "promiscuous": link.promiscuous,
                "hooks": now.hooks[name].kind,
                "places": [list(one.place) for one in now.hooks[name].filters if one not in now.dangling(name)],
            }
            for name, link in now.links.items()
        }

    async def apply(self) -> str:
        async with self._site.net(f"wiring {self._nic}") as net:
            now = await self._ready(net)
            indexes = {link.name: link.index for link in (await read_wiring(net, ())).links.values()}
            for name, link in now.links.items():
                if link.txqlen != QUEUE:
                    await net.link("set", index=link.index, txqlen=QUEUE)
                if name == self._forward and not link.promiscuous:
                    await net.link("set", index=link.index, flags=IFF_PROMISC, change=IFF_PROMISC)
                if not now.hooks[name].kind:
                    await add_hooks(net, link.index, now.kind_needed(name))
                for one in now.dangling(name):
                    await remove_filters(net, link.index, one.place)
            for lead in now.leads:
                if not now.hooks[lead.source].has(lead):
                    await add_lead(net, lead, indexes[lead.source], indexes[lead.target])
        ways = dict.fromkeys((lead.source, lead.target, lead.copy) for lead in now.leads)
        return "; ".join(f"{source} {'copied' if copy else 'led'} to {target}" for source, target, copy in ways)

    async def restore(self, before: Mapping[str, Any]) -> str:
        left = []
        for name, was in kept_devices(self._site, before).items():
            async with self._site.net(f"unwiring {name}") as net:
                links = (await read_wiring(net, ())).links
                link = links.get(name)
                if link is None:
                    continue
                left += await put_back(net, link, was, {one.index: one.name for one in links.values()})
        return f"unwired; left on {' and '.join(left)}: filters of others" if left else "unwired"

    def _absent(self, found: Wiring) -> str:
        """What is missing before there can be any wiring; "" for nothing."""
        if self._nic not in found.links:
            return f"there is no network device {self._nic}."
        if self._forward not in found.links:
            return f"there is no network device {self._forward}."
        if self._role is Role.PRIMARY:
            for role in ROLES:
                claim = Claim(self._guest.name, self._number, role)
                if not any(link.up for link in holders(found, claim)[:1]):
                    return f"no ifb is up with the claim {claim.alias!r}."
        return ""

    async def _now(self, net: Any, found: Wiring) -> _Now:
        names = {link.index: link.name for link in found.links.values()}
        ifbs = {}
        if self._role is Role.PRIMARY:
            ifbs = {role: holders(found, Claim(self._guest.name, self._number, role))[0].name for role in ROLES}
        links = {name: found.links[name] for name in (self._nic, self._forward)}
        hooks = {name: await read_hooks(net, link.index, names) for name, link in links.items()}
        return _Now(links, hooks, leads(self._role, self._nic, self._forward, ifbs))

    async def _ready(self, net: Any) -> _Now:
        """How it stands. Raises HostCallFailed when something is missing, or is there that is not ours."""
        found = await read_wiring(net, ())
        if missing := self._absent(found):
            cure = "Start the guest on this host" if self._nic not in found.links else "Run the steps before this one"
            raise HostCallFailed(self._site.name, missing, errno.ENODEV, f"{cure}, then wire it.")
        now = await self._now(net, found)
        for name in now.links:
            if what := now.foreign(name):
                raise HostCallFailed(
                    self._site.name, f"{name} has {what}, which is not of this wiring.", errno.EEXIST,
                    f"Look at `tc qdisc show dev {name}` and `tc filter show dev {name} ingress`; undo an earlier "
                    "wiring, or take off what is not needed, then retry.",
                )  # fmt: skip
        return now

"""The steps about ifb devices: two claimed for each guest NIC of classic COLO, and leaked ones given free again."""

from __future__ import annotations

import errno
import re
import shlex
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from colotui.errors import HostCallFailed
from colotui.host.claims import PLAIN_NAME, ROLES, Claim, guest_nics, holders, leaked
from colotui.host.wiring import read_wiring
from colotui.model.pair import GuestSpec
from colotui.model.plan import Step
from colotui.model.protection import Role
from colotui.model.setup import Wanted
from colotui.setup.ifbdevices import Was, choose, look, put_back, was_of
from colotui.setup.site import SEED, Site, kept_step

QUEUE = 40960
"""Transmit queue length, in packets, that the scripts of classic COLO give to every device of the forwarding."""

_LEAKS = "ifb-leaks"
_LEAKED = re.compile(rf"{_LEAKS}-({PLAIN_NAME.pattern})")
_COLO = "Their qdisc stays the default: kind `colo` comes with the agent module, when COLO starts."


async def ifb_steps(site: Site, wanted: Wanted) -> list[Step]:
    """One step for each guest NIC of the pair: two ifb devices claimed for it, with long queues, up."""
    if not wanted.ifb:
        return []
    async with site.net("reading the network devices") as net:
        seen = await look(net)
    taken: set[str] = set()
    found: list[Step] = []
    for guest, number in guest_nics(site.pair):
        names = choose(seen, guest.name, number, {}, taken)
        taken.update(names.values())
        found.append(_Pair(site, guest, number, names).step())
    return found


class _Pair:
    """The two ifbs of one guest NIC. `planned` are the names the plan shows; they are kept to where possible."""

    def __init__(self, site: Site, guest: GuestSpec, number: int, planned: Mapping[Role, str]) -> None:
        self._site = site
        self._guest = guest
        self._number = number
        self._planned = planned
        self._key = f"ifb-{guest.name}-{number}"

    def step(self) -> Step:
        names = " and ".join(self._planned.values())
        lines: list[str] = []
        for role, name in self._planned.items():
            lines.append(f"ip link show dev {name} >/dev/null 2>&1 || ip link add {name} type ifb")
            alias = shlex.quote(self._claim(role).alias)
            lines.append(f"ip link set dev {name} alias {alias} txqueuelen {QUEUE} up")
        back = "; ".join(f"ip link set dev {name} down alias '' (or del)" for name in self._planned.values())
        return kept_step(
            self._site, "ifb", f"claim {names} for {self._guest.name} NIC {self._number}", "; ".join(lines),
            f"Two ifb devices for each guest NIC: queues for the packets of the guest and of its twin. {_COLO}",
            check=self.check, apply=self.apply, before=self.before, restore=self.restore, script=tuple(lines),
            undo_command=back, source=f"{SEED}, step 6", at_boot=True, ledger_key=self._key,
        )  # fmt: skip

    def _claim(self, role: Role) -> Claim:
        return Claim(self._guest.name, self._number, role)

    async def check(self) -> bool:
        async with self._site.net("reading the network devices") as net:
            found = await read_wiring(net, ())
        first = [next(iter(holders(found, self._claim(role))), None) for role in ROLES]
        return all(link is not None and link.up and link.txqlen == QUEUE for link in first)

    async def before(self) -> Mapping[str, Any]:
        async with self._site.net("reading the network devices") as net:
            seen = await look(net)
        names = choose(seen, self._guest.name, self._number, self._planned)
        return {role.value: asdict(Was.of(name, seen.wiring.links.get(name))) for role, name in names.items()}

    async def apply(self) -> str:
        entry = await self._site.ledger.recall(self._key)
        kept = was_of(self._site, entry.before if entry else {}, [role.value for role in ROLES])
        # The devices of an earlier, cut-off run are taken up again: only of those is it known how they were.
        for role in ROLES:
            await self._take(kept[role.value], self._claim(role))
        return f"{' and '.join(was.name for was in kept.values())} are up with {QUEUE} packets of queue. {_COLO}"

    async def _take(self, was: Was, claim: Claim) -> None:
        async with self._site.net(f"claiming {was.name}") as net:
            seen = await look(net)
            link = seen.wiring.links.get(was.name)
            claiming = [other.name for other in holders(seen.wiring, claim)]
            if claiming and was.name not in claiming:
                raise self._refused(f"{claim.alias!r} is claimed by {claiming[0]}, but it was given {was.name} before.")
            if link is None:
                await self._make(net, was.name)
                link = (await read_wiring(net, ())).links[was.name]
            elif link.name not in claiming and not seen.is_free(link):
                raise self._refused(f"{was.name} was given to {claim.alias!r} before and is used otherwise now.")
            if (link.alias, link.txqlen, link.up) != (claim.alias, QUEUE, True):
                await net.link("set", index=link.index, ifalias=claim.alias, txqlen=QUEUE, state="up")

    async def _make(self, net: Any, name: str) -> None:
        from pyroute2.netlink.exceptions import NetlinkError

        try:
            await net.link("add", kind="ifb", ifname=name)
        except NetlinkError as error:
            if error.code == errno.EOPNOTSUPP:
                raise HostCallFailed(
                    self._site.name, "this kernel has no ifb devices.", errno.EOPNOTSUPP,
                    f"Load the module (modprobe ifb numifbs={2 * len(list(guest_nics(self._site.pair)))}), or boot a "
                    "kernel that has it.",
                ) from error  # fmt: skip
            if error.code != errno.EEXIST:  # asking for one may load the module, which brings its first devices along
                raise

    async def restore(self, before: Mapping[str, Any]) -> str:
        told = []
        for key, was in was_of(self._site, before, [role.value for role in ROLES]).items():
            told.append(await put_back(self._site, was, self._claim(Role(key)).alias))
        return "; ".join(told)

    def _refused(self, what: str) -> HostCallFailed:
        return HostCallFailed(self._site.name, what, errno.EBUSY, "Undo this step, then run it again.")


async def free_leaked_steps(site: Site, wanted: Wanted) -> list[Step]:
    """One step for each ifb device that leaked, or was given free before and can be put back."""
    if not wanted.ifb:
        return []
    async with site.net("reading the network devices") as net:
        found = await read_wiring(net, ())
    names = [left.what for left in leaked(found, site.pair)]
    names += [match[1] for key in await site.ledger.keys() if (match := _LEAKED.fullmatch(key))]
    # a name that is no word would have no place in the ledger; it is told among the leftovers all the same
    return [_leak_step(site, name) for name in dict.fromkeys(names) if _LEAKED.fullmatch(f"{_LEAKS}-{name}")]


def _leak_step(site: Site, name: str) -> Step:
    async def check() -> bool:
        async with site.net("reading the network devices") as net:
            found = await read_wiring(net, ())
        return name not in [left.what for left in leaked(found, site.pair)]

    async def before() -> Mapping[str, Any]:
        async with site.net("reading the network devices") as net:
            found = await read_wiring(net, ())
        return {"device": asdict(Was.of(name, found.links.get(name)))}

    async def apply() -> str:
        async with site.net(f"giving {name} free") as net:
            found = await read_wiring(net, ())
            if name not in [left.what for left in leaked(found, site.pair)]:
                return f"{name} is in use again, or gone: left as it is"
            await net.link("set", index=found.links[name].index, ifalias="", state="down")
        return f"{name} is down and without a claim"

    async def restore(before: Mapping[str, Any]) -> str:
        was = was_of(site, before, ["device"])["device"]
        return await put_back(site, was, "") if was.existed else f"{name} was not there"

    line = f"ip link set dev {name} alias '' down"
    return kept_step(
        site, _LEAKS, f"give {name} free", line,
        "An ifb left up, or claimed for nobody, by a failed run counts as taken, until no free one is left.",
        check=check, apply=apply, before=before, restore=restore, script=(line,),
        undo_command=f"ip link set dev {name} with its alias and state of before", source="xen-network-ft.sh",
        ledger_key=f"{_LEAKS}-{name}",
    )  # fmt: skip

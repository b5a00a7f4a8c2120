"""Which ifb device belongs to which guest NIC: the claim written on the device itself, and ifbs that leaked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from colotui.host.wiring import Link, Wiring
from colotui.model.pair import GuestSpec, Pair
from colotui.model.protection import Role
from colotui.model.survey import Leftover, LeftoverKind

ROLES = (Role.PRIMARY, Role.SECONDARY)
"""The two ifbs of a guest NIC: one for its own packets, one for its twin's."""

# Names go into shell lines an operator may run; the kernel would take nearly anything for one.
PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,14}")
_ALIAS = re.compile(r"colotui ([a-z0-9][a-z0-9-]{0,30}) (0|[1-9][0-9]{0,2}) (primary|secondary)")


@dataclass(frozen=True, slots=True)
class Claim:
    """What an ifb device is for. It lies on the host as the device's alias, so whoever comes next finds it there."""

    guest: str
    nic: int
    role: Role

    @property
    def alias(self) -> str:
        """The device alias that says so."""
        return f"colotui {self.guest} {self.nic} {self.role}"


def claim_of(alias: str) -> Claim | None:
    """The claim an alias makes; None for any other text."""
    found = _ALIAS.fullmatch(alias)
    return Claim(found[1], int(found[2]), Role(found[3])) if found else None


def guest_nics(pair: Pair) -> Iterator[tuple[GuestSpec, int]]:
    """Every guest NIC of the pair, by guest and number."""
    for guest in pair.guests:
        for number in range(len(guest.nics)):
            yield guest, number


def holders(found: Wiring, claim: Claim) -> list[Link]:
    """The ifb devices with this claim, the one in use first: fed by tc, then up, then the older one.

    One whose name is no plain word is passed over: nobody who names ifbs so is one of us.
    """
    fed = {feed.target for feed in found.feeds}
    ours = [link for link in found.links.values() if link.kind == "ifb" and PLAIN_NAME.fullmatch(link.name)]
    claiming = [link for link in ours if link.alias == claim.alias]
    return sorted(claiming, key=lambda link: (link.name not in fed, not link.up, link.index))


def leaked(found: Wiring, pair: Pair) -> tuple[Leftover, ...]:
    """The ifb devices that a failed run left: nothing uses them, yet they do not count as free.

    IFB: up, but without any claim, without a `colo` qdisc and without tc feeding them; the scripts of classic COLO take
    such a device for taken. CLAIM: claimed for a guest NIC the pair does not have, or claimed a second time. A device
    that tc feeds, or that carries a `colo` qdisc, is in use whatever its claim says, and never named here.
    """
    fed = {feed.target for feed in found.feeds}
    known = {(guest.name, number) for guest, number in guest_nics(pair)}
    left: list[Leftover] = []
    for link in sorted(found.links.values(), key=lambda link: link.index):
        if link.kind != "ifb" or link.name in fed or link.qdisc == "colo":
            continue
        claim = claim_of(link.alias)
        if claim is None:
            if link.up and not link.alias:
                left.append(Leftover(LeftoverKind.IFB, link.name))
        elif (claim.guest, claim.nic) not in known or link not in holders(found, claim)[:1]:
            left.append(Leftover(LeftoverKind.CLAIM, link.name, claim.guest))
    return tuple(left)

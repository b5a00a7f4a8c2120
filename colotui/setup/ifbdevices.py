"""The ifb devices of a host: which are free, which two a guest NIC gets, and how one is put back as it was."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from colotui.errors import HostCallFailed
from colotui.host.claims import PLAIN_NAME, ROLES, Claim, claim_of, holders
from colotui.host.wiring import Link, Wiring, read_wiring
from colotui.model.protection import Role
from colotui.setup.site import Site

_ROOT = 0xFFFFFFFF
_PASSING = "pfifo"


@dataclass(frozen=True, slots=True)
class Seen:
    """The host's devices and feeds, and the devices whose qdisc somebody chose."""

    wiring: Wiring
    shaped: frozenset[str]

    def why_busy(self, name: str) -> str:
        """What uses a device besides its claim; "" for nothing."""
        sources = [feed.source for feed in self.wiring.feeds if feed.target == name]
        if sources:
            return f"tc on {sources[0]} sends packets into it"
        return f"it carries a {self.wiring.links[name].qdisc} qdisc" if name in self.shaped else ""

    def is_free(self, link: Link) -> bool:
        """True for an ifb that nobody uses: down, without alias, chosen qdisc or feed; and with a plain name."""
        plain = link.kind == "ifb" and PLAIN_NAME.fullmatch(link.name) is not None
        return plain and not link.up and not link.alias and not self.why_busy(link.name)


@dataclass(frozen=True, slots=True)
class Was:
    """One device as it was before its step. `existed` False: the step makes it."""

    name: str
    existed: bool = False
    alias: str = ""
    up: bool = False
    txqlen: int = 0
    qdisc: str = ""

    @classmethod
    def of(cls, name: str, link: Link | None) -> Was:
        """How it is now; `link` None when it is not there."""
        return cls(name) if link is None else cls(name, True, link.alias, link.up, link.txqlen, link.qdisc)


async def look(net: Any) -> Seen:
    """Read devices, feeds and qdiscs anew."""
    wiring = await read_wiring(net, ())
    names = {link.index: link.name for link in wiring.links.values()}
    chosen: set[str] = set()
    async for message in await net.get_qdiscs():
        # the kernel's own default has handle 0; it stays behind on a device that was once up
        if int(message.get("handle") or 0) and int(message.get("index") or 0) in names:
            chosen.add(names[int(message.get("index"))])
    return Seen(wiring, frozenset(chosen))


def choose(
    seen: Seen, guest: str, number: int, wished: Mapping[Role, str], taken: Iterable[str] = ()
) -> dict[Role, str]:
    """The two devices of a guest NIC: those that have the claim, else the wished ones, else free ones, else new names.

    `wished` is followed where that device is free or not there yet; `taken` are not given out.
    """
    links = seen.wiring.links
    chosen: dict[Role, str] = {}
    gone = set(taken)
    for role in ROLES:
        if claiming := holders(seen.wiring, Claim(guest, number, role)):
            chosen[role] = claiming[0].name
    gone.update(chosen.values())
    free = [link.name for link in sorted(links.values(), key=lambda link: link.index) if seen.is_free(link)]
    new = [name for i in range(len(links) + 2 * len(gone) + 4) if (name := f"ifb{i}") not in links]
    for role in ROLES:
        if role not in chosen:
            wish = [wished[role]] if wished.get(role) in (*free, *new) else []
            chosen[role] = next(name for name in (*wish, *free, *new) if name not in gone)
            gone.add(chosen[role])
    return chosen


def was_of(site: Site, before: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Was]:
    """The devices a ledger entry tells of. Raises HostCallFailed when that is not what a step of ours has written."""
    kinds = {"name": str, "existed": bool, "alias": str, "up": bool, "txqlen": int, "qdisc": str}
    found: dict[str, Was] = {}
    for key in keys:
        told = before.get(key)
        if not isinstance(told, Mapping) or not all(isinstance(told.get(name), kind) for name, kind in kinds.items()):
            raise HostCallFailed(site.name, "what was kept of the ifb devices is damaged.", errno.EBADMSG,
                                 "Look at them with `ip -d link show type ifb` and put them back by hand.")  # fmt: skip
        found[key] = Was(**{name: told[name] for name in kinds})
    return found


async def put_back(site: Site, was: Was, alias: str) -> str:
    """Make one ifb as it was; `alias` is what our step has written on it. May be called again.

    Raises HostCallFailed (EBUSY) while tc or a chosen qdisc still uses it: packets would get lost without a word.
    """
    async with site.net(f"putting {was.name} back") as net:
        seen = await look(net)
        link = seen.wiring.links.get(was.name)
        if link is None or link.kind != "ifb":
            return f"{was.name} is gone already"
        if link.alias not in ("", alias, was.alias):
            if claim_of(link.alias) is None:
                return f"{was.name} is left as it is: it is another's now ({link.alias!r})"
            raise HostCallFailed(site.name, f"{was.name} is claimed now ({link.alias!r}).", errno.EBUSY,
                                 "Undo the step that claimed it first.")  # fmt: skip
        if not was.existed and link.alias != alias and not seen.is_free(link):
            return f"{was.name} is left as it is: it is another's now"
        # a device that was never up has no qdisc; only taking a chosen one off brings that back
        bare = was.existed and not was.up and was.qdisc == "noop"
        why = seen.why_busy(was.name)
        if why and not was.up and not (bare and link.qdisc == _PASSING):
            raise HostCallFailed(site.name, f"{was.name} is in use: {why}.", errno.EBUSY,
                                 "Undo the wiring of its guest NIC first.")  # fmt: skip
        if not was.existed:
            await net.link("del", index=link.index)
            return f"{was.name} removed"
        if bare and link.qdisc != "noop":
            # the claim goes last: whoever comes between knows whose it is
            await net.link("set", index=link.index, state="down")
            await net.tc("replace", _PASSING, index=link.index)
            await net.tc("del", index=link.index, parent=_ROOT)
        if (link.alias, link.txqlen, link.up) != (was.alias, was.txqlen, was.up):
            state = "up" if was.up else "down"
            await net.link("set", index=link.index, ifalias=was.alias, txqlen=was.txqlen, state=state)
        return f"{was.name} as it was"

"""What `xenstore-ls` prints, as values by path; and the ifb devices that classic COLO's scripts have claimed there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from colotui.host.wiring import Wiring
from colotui.model.protection import Role

MOST = 65536
"""Entries kept at most; a host with fifty guests has some ten thousand."""

_LINE = re.compile(r'( *)([-\w/@+.:]+)(?: = "(.*)"|:)(?:[ .]*\([a-z0-9,]*\))?', re.ASCII)
_ESCAPE = re.compile(r"\\(?:([tnr\\])|x([0-9a-f]{2})|([0-7]{3}))")
_PLAIN = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}
_CLAIM = re.compile(r"/libxl/(\d{1,9})/colo_agent/(\d{1,9})/(?:.*/)?ifb_(primary|secondary)")
_IFB = re.compile(r"[A-Za-z0-9._-]{1,15}")


def parse(text: str) -> dict[str, str]:
    """Values by full path, of `xenstore-ls -f` and of the indented form. A value cut short ends with "..." there.

    Entries that make no sense are skipped.
    """
    found: dict[str, str] = {}
    above: list[str] = []
    for line in text.split("\n"):
        match = _LINE.fullmatch(line[:8192])
        if match is None or len(found) >= MOST:
            continue
        blanks, name, value = match.groups()
        if name.startswith("/"):
            path = name
        else:
            depth = min(len(blanks), len(above))
            above = [*above[:depth], name]
            path = "/" + "/".join(above)
        found[path] = _ESCAPE.sub(_meant, value or "")
    return found


def _meant(match: re.Match[str]) -> str:
    letter, base16, base8 = match.groups()
    return _PLAIN[letter] if letter else chr(int(base16, 16) if base16 else int(base8, 8) & 0xFF)


@dataclass(frozen=True, slots=True)
class IfbClaim:
    """One ifb device claimed for one NIC of a running domain."""

    domid: int
    nic: int
    role: Role
    ifb: str


def ifb_claims(store: Mapping[str, str]) -> tuple[IfbClaim, ...]:
    """The claims of the agent's scripts, by domain and NIC."""
    found = []
    for path, value in store.items():
        match = _CLAIM.fullmatch(path)
        if match is not None and _IFB.fullmatch(value):
            found.append(IfbClaim(int(match[1]), int(match[2]), Role(match[3]), value))
    return tuple(sorted(found, key=lambda claim: (claim.domid, claim.nic, claim.role)))


def claimed_twice(claims: tuple[IfbClaim, ...]) -> tuple[str, ...]:
    """Devices that more than one NIC claims: the scripts' own guard against it never works."""
    counts = Counter(claim.ifb for claim in claims)
    return tuple(sorted(name for name, count in counts.items() if count > 1))


def leaked(claims: tuple[IfbClaim, ...], found: Wiring) -> tuple[str, ...]:
    """Devices that are up, without a `colo` qdisc, a feed or a claim: the scripts take them for taken for ever."""
    claimed = {claim.ifb for claim in claims}
    fed = {feed.target for feed in found.feeds}
    return tuple(
        link.name
        for link in sorted(found.links.values(), key=lambda link: link.index)
        if link.kind == "ifb" and link.up and link.qdisc != "colo" and link.name not in claimed | fed
    )


def domain_names(store: Mapping[str, str]) -> dict[int, str]:
    """The domains' names by number."""
    return {
        int(match[1]): value
        for path, value in store.items()
        if (match := re.fullmatch(r"/local/domain/(\d{1,9})/name", path))
    }


def device_model_state(store: Mapping[str, str], domid: int) -> str:
    """The state libxl last wrote of a domain's QEMU: written anew at each checkpoint. "" when there is none."""
    return store.get(f"/local/domain/0/device-model/{domid}/state", "")

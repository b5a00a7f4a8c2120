"""What is proposed where nothing was chosen yet: addresses on the forward net that nobody uses, a MAC for the guest."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import replace

from colotui.model.facts import Missing
from colotui.model.setup import Draft, Look
from colotui.ui.screens.wizard.form import disk_path

_NETS = tuple(f"10.{second}.0.0/24" for second in (78, *range(79, 128), *range(10, 78)))


def network(draft: Draft, look: Look) -> Draft:
    """Bridge and forward addresses where they are empty."""
    left, right = draft.hosts
    if not left.forward_address or not right.forward_address:
        net = _kept(left.forward_address or right.forward_address) or _free(look)
        if net is not None:
            first, second = _two(net, (left.forward_address, right.forward_address))
            left = replace(left, forward_address=left.forward_address or first)
            right = replace(right, forward_address=right.forward_address or second)
    left, right = (replace(host, bridge=host.bridge or "br0") for host in (left, right))
    return replace(draft, hosts=(left, right))


def _kept(address: str) -> ipaddress.IPv4Network | None:
    """The network of the address one host already has."""
    try:
        return ipaddress.IPv4Interface(address).network if address else None
    except ValueError:
        return None


def _two(net: ipaddress.IPv4Network, taken: tuple[str, str]) -> tuple[str, str]:
    used = {address.partition("/")[0] for address in taken if address}
    free: list[str] = []
    for host in net.hosts():
        if str(host) not in used:
            free.append(f"{host}/{net.prefixlen}")
        if len(free) == 2:
            break
    first = free[0] if free else ""
    return first, (first if taken[0] else free[1] if len(free) > 1 else "")


def _free(look: Look) -> ipaddress.IPv4Network | None:
    """A small network that no device of either host has an address in."""
    used: list[ipaddress.IPv4Network] = []
    for survey in look.surveys.values():
        for nic in survey.nics if not isinstance(survey.nics, Missing) else ():
            for address in nic.addresses:
                known = _kept(address)
                if known is not None:
                    used.append(known)
    for text in _NETS:
        net = ipaddress.IPv4Network(text)
        if not any(net.overlaps(other) for other in used):
            return net
    return None


def guest(draft: Draft, random: Callable[[int], bytes]) -> Draft:
    """A MAC and the place of the disk where they are empty. `random` gives that many bytes."""
    spec = draft.guest
    if not spec.mac:
        spec = replace(spec, mac="52:54:00:" + ":".join(f"{byte:02x}" for byte in random(3)))
    if not spec.disk and spec.name:
        spec = replace(spec, disk=disk_path(spec.name, spec.disk_format))
    return replace(draft, guest=spec)

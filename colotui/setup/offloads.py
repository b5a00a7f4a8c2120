"""Offloads off on the NICs that carry COLO's packets, so that both hosts see the same packets in the same pieces."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from colotui.errors import HostCallFailed
from colotui.host.channel import ReadError
from colotui.host.ethtool import OFFLOADS, NicFeatures, features, set_features
from colotui.model.plan import Step
from colotui.model.setup import Wanted
from colotui.setup.links import NO_DEVICE
from colotui.setup.nics import below, carriers
from colotui.setup.site import Site, kept_step

_OFF = " ".join(f"{name} off" for name in OFFLOADS)


async def steps(site: Site, wanted: Wanted) -> list[Step]:
    """One step for all NICs of the host: forward NIC, service NIC, what is below them, and the bridge."""
    if not wanted.offloads_off:
        return []
    names = [name for nic in carriers(site.spec, site.survey) for name in (nic, *below(site.survey, nic))]
    nics = tuple(dict.fromkeys([*names, site.spec.bridge]))

    async def look() -> dict[str, NicFeatures]:
        found = await features(site.host, nics)
        return {nic: _readable(site, nic, one) for nic, one in found.items()}

    async def check() -> bool:
        # An offload the driver keeps on is no reason to try again: done is what can be done, and apply names the rest.
        found = await features(site.host, nics)
        return all(not isinstance(one, ReadError) and set(one.on) <= set(one.kept_on) for one in found.values())

    async def before() -> Mapping[str, Any]:
        # What was asked for, not what works: an offload that waits for another one must wait again afterwards.
        return {
            nic: {name: feature.wanted for name, feature in one.by_name.items() if feature.switchable}
            for nic, one in (await look()).items()
        }

    async def apply() -> str:
        kept: list[str] = []
        for nic, one in (await look()).items():
            off = {name: False for name, feature in one.by_name.items() if feature.switchable}
            after = await set_features(site.host, nic, off)
            if after.on:
                kept.append(f"{nic} keeps {' '.join(after.on)} on: its driver does not let go of that")
        return "; ".join([f"{' '.join(nics)}: {_OFF}", *kept])

    async def restore(was: Mapping[str, Any]) -> str:
        found = await features(site.host, tuple(was))
        texts: list[str] = []
        for nic, one in found.items():
            if isinstance(one, ReadError) and one.errno == NO_DEVICE:
                texts.append(f"{nic} is gone")
                continue
            known = _readable(site, nic, one).by_name
            asked = {name: bool(on) for name, on in dict(was[nic]).items() if name in known}
            after = await set_features(site.host, nic, asked)
            texts.append(f"{nic}: {' '.join(after.on) or 'none'} on")
        return "; ".join(texts)

    script = [f"ethtool -K {shlex.quote(nic)} {name} off || true" for nic in nics for name in OFFLOADS]
    return [
        kept_step(
            site, "offloads", "offloads off", "; ".join(f"ethtool -K {nic} {_OFF}" for nic in nics),
            "a NIC that joins or splits segments makes the two guests' packets differ where their answers do not",
            check=check, apply=apply, before=before, restore=restore,
            script=("command -v ethtool >/dev/null", *script), undo_command="ethtool -K with what was on before",
            source="docs/configuration-tips", at_boot=True, durable=wanted.keep,
        )
    ]  # fmt: skip


def _readable(site: Site, nic: str, one: NicFeatures | ReadError) -> NicFeatures:
    if isinstance(one, ReadError):
        cure = "Make it, or mend the name in the pair file." if one.errno == NO_DEVICE else "Retry, or undo."
        raise HostCallFailed(site.name, f"offloads of {nic}: {one.text}", one.errno, cure)
    return one

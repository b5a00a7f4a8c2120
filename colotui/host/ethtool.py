"""Offloads of a host's NICs: which are on, which the driver keeps, and how they are switched."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from colotui.errors import HostCallFailed
from colotui.host.agent.ethtool import GROUPS, offload_of
from colotui.host.answers import understood
from colotui.host.channel import Host, ReadError

OFFLOADS = tuple(GROUPS)
"""The offloads that are dealt with, as `ethtool -K` calls them."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature of a NIC. `switchable` False: the driver has fixed it; `wanted`: asked for; `active`: it works now.

    One that is wanted may still be off, because another that it needs is (tso needs sg).
    """

    switchable: bool
    wanted: bool
    active: bool


@dataclass(frozen=True, slots=True)
class NicFeatures:
    """The features behind the offloads of one NIC, by the kernel's names ("tx-tcp-segmentation")."""

    by_name: Mapping[str, Feature]

    @property
    def on(self) -> tuple[str, ...]:
        """The offloads of which anything works now."""
        return tuple(name for name in OFFLOADS if any(feature.active for feature in self.group(name)))

    @property
    def kept_on(self) -> tuple[str, ...]:
        """The offloads that are on although nobody may switch them, or nobody asked for them: the driver's will."""
        return tuple(
            name
            for name in self.on
            if all(not (feature.switchable and feature.wanted) for feature in self.group(name) if feature.active)
        )

    def group(self, offload: str) -> tuple[Feature, ...]:
        """The features of one offload that this kernel has."""
        return tuple(feature for name, feature in self.by_name.items() if offload_of(name) == offload)


async def features(host: Host, nics: Sequence[str]) -> dict[str, NicFeatures | ReadError]:
    """The features of each NIC, in one round trip."""
    answer = await host.ask("features", nics=list(nics))
    with understood(host.name):
        return {nic: _one(answer["nics"][nic]) for nic in nics}


async def offloads(host: Host, nics: Sequence[str]) -> dict[str, tuple[str, ...] | ReadError]:
    """The names of the offloads that are on, out of `OFFLOADS`, for each NIC."""
    found = await features(host, nics)
    return {nic: one if isinstance(one, ReadError) else one.on for nic, one in found.items()}


async def set_features(host: Host, nic: str, wanted: Mapping[str, bool]) -> NicFeatures:
    """Ask for features or renounce them, all at once; what is so afterwards. Those the driver has fixed stay.

    HostCallFailed with the host's errno when the kernel refuses: ENODEV, EPERM, EOPNOTSUPP.
    """
    try:
        answer = await host.ask("set_features", nic=nic, wanted=dict(wanted))
    except HostCallFailed as error:
        text = error.what.removeprefix(f"{host.name}: ")
        raise HostCallFailed(host.name, f"offloads of {nic}: {text}", error.errno, error.next_step) from None
    with understood(host.name):
        return _parsed(answer["features"])


async def set_offload(host: Host, nic: str, name: str, on: bool) -> None:
    """Switch one offload. HostCallFailed with the host's errno; EOPNOTSUPP also when the driver does not follow.

    `on` asks for all features of that offload, as `ethtool -K` does; what was on before is put back exactly with
    `set_features`.
    """
    found = (await features(host, [nic]))[nic]
    if isinstance(found, ReadError):
        raise HostCallFailed(host.name, f"offloads of {nic}: {found.text}", found.errno, "Check the name of the NIC.")
    wanted = {
        feature: on for feature, known in found.by_name.items() if offload_of(feature) == name and known.switchable
    }
    after = await set_features(host, nic, wanted) if wanted else found
    if (name in after.on) is not on:
        state = "on" if name in after.on else "off"
        raise HostCallFailed(
            host.name,
            f"{nic}: {name} stays {state}: the driver has fixed it, or another offload that it needs is off.",
            errno.EOPNOTSUPP,
            f"Look at `ethtool -k {nic}` there.",
        )


def _one(told: Any) -> NicFeatures | ReadError:
    if isinstance(told, list):
        return ReadError(int(told[0]), str(told[1]))
    return _parsed(told)


def _parsed(told: Any) -> NicFeatures:
    return NicFeatures(
        {name: Feature(*(bool(flag) for flag in flags[:3])) for name, flags in told.items() if offload_of(name)}
    )

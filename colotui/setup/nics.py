"""The NICs of a host that carry a pair's packets: towards the other host, and towards the clients."""

from __future__ import annotations

from colotui.model.facts import Missing
from colotui.model.pair import HostSpec
from colotui.model.survey import HostSurvey

_COME_AND_GO = ("tun", "ifb", "bridge")


def carriers(spec: HostSpec, survey: HostSurvey) -> tuple[str, ...]:
    """The forward NIC first, then the service NIC, or the lasting ports of the bridge when none is named."""
    ports = () if isinstance(survey.nics, Missing) else survey.nics
    clients = (
        [spec.service_nic]
        if spec.service_nic
        else [nic.name for nic in ports if nic.master == spec.bridge and nic.kind not in _COME_AND_GO]
    )
    return tuple(dict.fromkeys([spec.forward.nic, *clients]))


def below(survey: HostSurvey, name: str) -> tuple[str, ...]:
    """The NICs that do the work of `name`: the one below a VLAN, the members of a bond; itself for any other."""
    found: list[str] = []
    waiting, seen = [name], set[str]()
    while waiting:
        one = waiting.pop(0)
        if one in seen:
            continue
        seen.add(one)
        nic = survey.nic(one)
        members = () if nic is None or isinstance(survey.nics, Missing) else survey.nics
        lower = [member.name for member in members if member.master == one] if nic and nic.kind == "bond" else []
        if nic and nic.parent:
            lower.append(nic.parent)
        waiting += lower
        if not lower:
            found.append(one)
    return tuple(found)

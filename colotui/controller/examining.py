"""Examines a pair: reads both hosts, tries what can only be tried, judges it all. No lock, no change on a host."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from colotui.diagnosis.checks import findings, ports_to_try
from colotui.errors import ColotuiError, HostError
from colotui.host import tcpoptions
from colotui.host.cable import cable_test
from colotui.host.channel import Host
from colotui.host.facts import FactsReader
from colotui.host.ports import reachable
from colotui.host.survey import SurveyReader
from colotui.host.survey.nics import read_network
from colotui.model.cable import CableReport
from colotui.model.facts import HostFacts, Missing
from colotui.model.pair import EngineKind, GuestSpec, HostSpec, Pair, ProbeKind
from colotui.model.setup import Look, Wanted
from colotui.model.survey import HostSurvey, TcpOptions

_SSH_LIMIT = 12.0
_NOT_THERE = "not connected"


@dataclass(slots=True)
class _Seen:
    """What one host told, or why it did not."""

    facts: HostFacts | None = None
    survey: HostSurvey | None = None
    why: str = ""


async def examine(
    hosts: Mapping[str, Host],
    pair: Pair,
    *,
    wanted: Wanted | None = None,
    cable: CableReport | None = None,
    digests: bool = False,
    ports: bool = False,
    links: Mapping[str, str] | None = None,
) -> Look:
    """Look at the hosts that are connected and judge the pair.

    `cable` is the report of an earlier test; `digests` reads the disk images through; `ports` tries COLO's ports
    between the forward addresses. `links` says of hosts that are not connected why. Raises nothing for a host that
    fails meanwhile: the findings say so.
    """
    up = {name: host for name, host in hosts.items() if host.is_up}
    told = await asyncio.gather(*(_see(host, pair, digests=digests) for host in up.values()))
    seen = dict(zip(up, told, strict=True))
    facts = {name: one.facts for name, one in seen.items() if one.facts is not None}
    surveys = {name: one.survey for name, one in seen.items() if one.survey is not None}
    why = {spec.name: (links or {}).get(spec.name) or _NOT_THERE for spec in pair.hosts}
    why |= {name: one.why for name, one in seen.items()}
    tried, ssh, tcp = await asyncio.gather(
        _try_ports(up, pair, surveys) if ports else _nothing(), _try_ssh(up, pair), _see_tcp(pair, surveys)
    )
    judged = findings(
        pair, facts, surveys, links=why, cable=cable, ports=tried, ssh=ssh, tcp=tcp, wanted=wanted
    )  # fmt: skip
    return Look(time.time(), facts, surveys, judged, cable)


async def _nothing() -> None:
    return None


async def _see(host: Host, pair: Pair, *, digests: bool) -> _Seen:
    seen = _Seen()
    reader = FactsReader(host, peer=pair.other(host.name))
    try:
        seen.facts = await reader.facts()
        seen.survey = await SurveyReader(host, pair).read(digests=digests)
    except HostError as error:
        seen.why = str(error)
    finally:
        await reader.close()
    return seen


async def _try_ports(
    up: Mapping[str, Host], pair: Pair, surveys: Mapping[str, HostSurvey]
) -> dict[tuple[str, int], str] | None:
    """Each port of each host from its peer; None where there are not two hosts to try it between."""
    if len(up) < len(pair.hosts) or len(surveys) < len(pair.hosts):
        return None
    tried: dict[tuple[str, int], str] = {}
    for name, port in ports_to_try(pair, surveys):
        address = pair.host(name).forward.address
        if not address:
            continue
        try:
            tried[name, port] = await reachable(up[name], address, port, up[pair.other(name).name])
        except HostError as error:
            tried[name, port] = error.what
    return tried


async def _try_ssh(up: Mapping[str, Host], pair: Pair) -> dict[str, str]:
    """Whether root of each host gets into the other one by ssh; asked only where an engine needs it."""
    if not any(guest.engine is EngineKind.XEN for guest in pair.guests):
        return {}
    names = list(up)
    return dict(zip(names, await asyncio.gather(*(_ssh(up[name], pair.other(name)) for name in names)), strict=True))


async def _ssh(host: Host, peer: HostSpec) -> str:
    if peer.is_local:
        return f"the pair file names no address of {peer.name} that another host could use"
    options = ["BatchMode=yes", "StrictHostKeyChecking=yes", "ConnectTimeout=5"]
    argv = ["ssh", *(word for option in options for word in ("-o", option)), "-p", str(peer.port)]
    try:
        result = await host.run([*argv, "--", f"root@{peer.address}", "true"], timeout=_SSH_LIMIT, check=False)
    except HostError as error:
        return error.what.removeprefix(f"{host.name}: ")
    if result.status == 0:
        return ""
    return (result.stderr.strip().splitlines() or [f"ssh ended with {result.status}"])[-1][:200]


async def _see_tcp(pair: Pair, surveys: Mapping[str, HostSurvey]) -> dict[str, TcpOptions | Missing]:
    running = {copy.guest for survey in surveys.values() for copy in survey.copies}
    found: dict[str, TcpOptions | Missing] = {}
    for guest in pair.guests:
        if guest.engine is EngineKind.QEMU and guest.name not in running:
            found[guest.name] = Missing("the guest does not run")
            continue
        place = _service(guest)
        if place is None:
            found[guest.name] = Missing("the pair file names no TCP service of the guest")
            continue
        answer = await tcpoptions.negotiated(*place)
        found[guest.name] = answer if answer is not None else Missing(f"no connection to {place[0]}:{place[1]}")
    return found


def _service(guest: GuestSpec) -> tuple[str, int] | None:
    """Where the guest's probe connects by TCP; None when it does not."""
    if guest.probe is None or guest.probe.kind is ProbeKind.PING:
        return None
    if guest.probe.kind is ProbeKind.TCP:
        return guest.probe.address, guest.probe.port
    parts = urlsplit(guest.probe.url)
    return guest.probe.address, parts.port or (443 if parts.scheme == "https" else 80)


class Examination:
    """Connects to both hosts of a pair, looks once, and goes. Read-only."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._hosts = {spec.name: Host(spec) for spec in pair.hosts}

    async def look(self, *, digests: bool = False, cable: bool = False) -> Look:
        """The findings about everything. `cable` sends frames of ours over the forward NICs, for about 2 s."""
        names = list(self._hosts)
        reasons = await asyncio.gather(*(self._connect(host) for host in self._hosts.values()))
        links = dict(zip(names, reasons, strict=True))
        report = None
        if cable and not any(links.values()):
            report = await self._test_cable()
        return await examine(self._hosts, self._pair, cable=report, digests=digests, ports=True, links=links)

    async def _connect(self, host: Host) -> str:
        try:
            await host.connect()
        except ColotuiError as error:
            return str(error)
        return ""

    async def _test_cable(self) -> CableReport:
        first, second = (self._hosts[spec.name] for spec in self._pair.hosts)
        others: dict[str, list[str]] = {}
        for host in (first, second):
            network = await read_network(host)
            if not isinstance(network, Missing):
                others[host.name] = [
                    nic.name for nic in network[0] if nic.up and nic.name not in ("lo", host.spec.forward.nic)
                ]
        return await cable_test(first, first.spec.forward.nic, second, second.spec.forward.nic, others=others)

    async def close(self) -> None:
        """End the channels."""
        await asyncio.gather(*(host.close() for host in self._hosts.values()))

"""The service side and the ports: bridge, COLO's TCP ports on the forward address alone, the firewall."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from colotui.diagnosis.checks.scene import SEED, PortTried, Question, Scene
from colotui.engine.qemu.wiring import Wiring
from colotui.model.check import Finding, Topic
from colotui.model.facts import Missing
from colotui.model.pair import EngineKind, GuestSpec, HostSpec, Pair
from colotui.model.quantity import listing
from colotui.model.survey import HostSurvey, Listener

_ANY = ("0.0.0.0", "::")
_LOOPBACK = ("127.0.0.1", "::1")
DOC = "docs/COLO-FT.txt of QEMU"


def findings(scene: Scene) -> Iterator[Finding]:
    """All of this module."""
    for spec, survey in scene.places():
        yield _bridge(spec, survey)
        yield _service_nic(spec, survey)
        yield from _ports_free(scene, spec, survey)
        yield from _ports_reached(scene, spec)
        yield _firewall(scene, spec, survey)


def forward_ports(guest: GuestSpec) -> tuple[int, ...]:
    """The TCP ports a guest's COLO opens on a forward address: mirror and compare of each NIC, migration, NBD."""
    wiring = Wiring(guest)
    nics = [port for nic in wiring.nics for port in (nic.mirror_port, nic.compare_port)]
    return (*nics, wiring.migration_port, wiring.nbd_port)


def local_ports(guest: GuestSpec) -> tuple[int, ...]:
    """The TCP ports it opens on loopback."""
    return tuple(port for nic in Wiring(guest).nics for port in nic.local_ports)


def ports_to_try(pair: Pair, surveys: Mapping[str, HostSurvey]) -> tuple[PortTried, ...]:
    """Every host and forward port that may be opened for a moment.

    Not those where something listens already, and none of a guest with a copy on both hosts: its QEMUs may be about to
    open them.
    """
    copies = [copy.guest for survey in surveys.values() for copy in survey.copies]
    found: list[PortTried] = []
    for spec in pair.hosts:
        seen = surveys[spec.name].listeners if spec.name in surveys else ()
        busy = {one.port for one in seen} if isinstance(seen, tuple) else set()
        for guest in pair.guests:
            if guest.engine is EngineKind.QEMU and copies.count(guest.name) < len(pair.hosts):
                found += [(spec.name, port) for port in forward_ports(guest) if port not in busy]
    return tuple(found)


def _bridge(spec: HostSpec, survey: HostSurvey) -> Finding:
    ask = Question(
        "bridge",
        spec.name,
        "bridge",
        "The guest's NIC is plugged in here, on both hosts; through the service NIC in it the clients reach the guest.",
        Topic.NETWORK,
        f"{SEED}, step 5.2",
    )
    if isinstance(survey.nics, Missing):
        return ask.unknown(survey.nics.why, advice="Check again.")
    nic = survey.nic(spec.bridge)
    if nic is None:
        return ask.bad(f"there is no {spec.bridge}", "bridge")
    if nic.kind != "bridge":
        return ask.bad(
            f"{spec.bridge} is no bridge but {nic.kind or 'a NIC'}", advice="Name a bridge in the pair file."
        )
    ports = [one.name for one in survey.nics if one.master == spec.bridge]
    told = f"{spec.bridge} is {'up' if nic.up else 'down'} and holds {listing(ports) or 'nothing'}"
    if not nic.up or (spec.service_nic and spec.service_nic not in ports):
        return ask.bad(told, "bridge")
    if not spec.service_nic and not any(one.kind != "tun" for one in survey.nics if one.master == spec.bridge):
        return ask.warning(told, advice="Name the `service_nic` in the pair file: nothing leads to the clients.")
    return ask.ok(told)


def _service_nic(spec: HostSpec, survey: HostSurvey) -> Finding:
    ask = Question(
        "service-nic",
        spec.name,
        "service NIC",
        "The clients come in by this NIC.",
        Topic.NETWORK,
        f"{SEED}, Hardware requirements",
    )
    if not spec.service_nic:
        return ask.ok("none is named in the pair file: the bridge is taken as it is")
    if isinstance(survey.nics, Missing):
        return ask.unknown(survey.nics.why, advice="Check again.")
    nic = survey.nic(spec.service_nic)
    if nic is None:
        return ask.bad(f"there is no {spec.service_nic}", advice="Correct `service_nic` in the pair file.")
    if not nic.up:
        return ask.bad(f"{nic.name} is down", "bridge")
    if not nic.carrier:
        return ask.bad(f"{nic.name} has no carrier", advice=f"Look at the cable and the switch port of {nic.name}.")
    return ask.ok(f"{nic.name} is up")


def _ports_free(scene: Scene, spec: HostSpec, survey: HostSurvey) -> Iterator[Finding]:
    """A listener in the way: on the very address, or on all of them; or one of ours that is open to everybody."""
    wanted = [(guest, port) for guest in scene.qemu_guests for port in (*forward_ports(guest), *local_ports(guest))]
    if not wanted:
        return
    ask = Question(
        "ports",
        spec.name,
        "ports",
        "COLO's connections carry the guest's memory and disk in clear: their "
        "ports must be free, and open on the forward address alone.",
        Topic.NETWORK,
        DOC,
    )
    if isinstance(survey.listeners, Missing):
        yield ask.unknown(survey.listeners.why, advice=f"On {spec.name}: ss -ltnp")
        return
    copies = {copy.guest for copy in survey.copies}
    trouble: list[str] = []
    ours: list[int] = []
    for guest, port in wanted:
        places = (spec.forward.address,) if port in forward_ports(guest) else _LOOPBACK
        for one in survey.listeners:
            if one.port != port:
                continue
            own = guest.name in copies and _may_be(one, guest)
            if own and one.address in places:
                ours.append(port)
            elif own or one.address in (*places, *_ANY):
                trouble.append(_said(one))
    if trouble:
        yield ask.bad(
            f"in the way: {listing(dict.fromkeys(trouble))}",
            advice=f"End what listens there on {spec.name}, or give the guest another `base_port` in the pair file.",
        )
        return
    numbers = " ".join(str(port) for port in dict.fromkeys(port for _, port in wanted))
    held = f"; {len(set(ours))} held by the running copy" if ours else ""
    yield ask.ok(f"nothing else listens on {numbers}{held}")


def _may_be(one: Listener, guest: GuestSpec) -> bool:
    """True unless the program is known and is not this guest's QEMU (whose process is called colotui-GUEST)."""
    return not one.program or one.program == f"colotui-{guest.name}"[:15]


def _said(one: Listener) -> str:
    address = f"[{one.address}]" if ":" in one.address else one.address
    return f"{address}:{one.port} by {one.program or 'a program that is not seen'}"


def _ports_reached(scene: Scene, spec: HostSpec) -> Iterator[Finding]:
    peer = scene.pair.other(spec.name)
    ask = Question(
        "ports-reached",
        spec.name,
        "ports reached",
        f"{peer.name} must come through to COLO's ports on the forward address.",
        Topic.NETWORK,
        "README of colotui's pair file",
    )
    tried = {port: why for (host, port), why in (scene.ports or {}).items() if host == spec.name}
    if not tried:
        return
    failed = {port: why for port, why in tried.items() if why}
    if not failed:
        yield ask.ok(f"{peer.name} reaches {' '.join(map(str, tried))} on {spec.forward.address}")
        return
    reasons = listing(dict.fromkeys(failed.values()), 2)
    cure = "forward-address" if all("does not have the address" in why for why in failed.values()) else ""
    yield ask.bad(
        reasons,
        cure,
        "" if cure else f"Let TCP from {peer.forward.address} through to {spec.forward.address} on {spec.forward.nic}.",
    )


def _firewall(scene: Scene, spec: HostSpec, survey: HostSurvey) -> Finding:
    ask = Question(
        "firewall",
        spec.name,
        "firewall",
        "A firewall that drops COLO's packets looks like a peer that is gone.",
        Topic.NETWORK,
        "pre-flight list",
    )
    tried = [why for (host, _), why in (scene.ports or {}).items() if host == spec.name]
    proven = ""
    if tried and not any(tried):
        proven = "COLO's ports were reached"
    elif scene.pair.guests and all(len(scene.running(guest.name)) == 2 for guest in scene.pair.guests):
        proven = "both copies run"
    if isinstance(survey.firewall, Missing):
        if proven:
            return ask.ok(f"{survey.firewall.why}; {proven}")
        return ask.unknown(survey.firewall.why, advice="Once the forward link is up, check again: then it is tried.")
    if not survey.firewall:
        return ask.ok("nothing refuses packets that come in")
    if proven:
        return ask.ok(f"{survey.firewall}; {proven}")
    return ask.warning(
        survey.firewall, advice=f"Accept everything that comes in by {spec.forward.nic}: the peer alone is on it."
    )

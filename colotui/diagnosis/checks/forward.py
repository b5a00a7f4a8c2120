"""The forward NIC: there, up, for COLO alone, directly joined to its twin, acknowledging at once, without offloads."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from colotui.diagnosis.checks.scene import MEASURED, SEED, TIPS, Question, Scene
from colotui.model.check import Finding, Topic
from colotui.model.facts import LinkFacts, Missing
from colotui.model.pair import EngineKind, HostSpec
from colotui.model.quantity import listing, millis
from colotui.model.survey import HostSurvey, Nic

HARDWARE = f"{SEED}, Hardware requirements"


def findings(scene: Scene) -> Iterator[Finding]:
    """All of this module."""
    for spec, survey in scene.places():
        ask = Question(
            "forward-nic",
            spec.name,
            "forward NIC",
            "At least one NIC joins the hosts directly: checkpoints, disk writes and packets to compare go over it.",
            Topic.NETWORK,
            HARDWARE,
        )
        if isinstance(survey.nics, Missing):
            yield ask.unknown(survey.nics.why, advice="Check again.")
            continue
        nic = survey.nic(spec.forward.nic)
        if nic is None:
            name = spec.forward.nic or "NIC chosen"
            yield ask.bad(f"there is no {name}", advice="Name the directly connected NIC in the pair file.")
            continue
        yield ask.ok(_kind(nic))
        yield _up(spec, nic)
        yield _use(spec, nic)
        yield _address(spec, survey, nic)
        yield from _quickack(scene, spec)
        yield _offloads(scene, spec, survey)
    yield from _mtu(scene)
    yield from _direct(scene)
    yield _count(scene)


def _kind(nic: Nic) -> str:
    if nic.kind == "vlan":
        return f"{nic.name}, a VLAN on {nic.parent or 'another NIC'}"
    return f"{nic.name}, {nic.driver or nic.kind or 'driver not told'}, {nic.mac}"


def _up(spec: HostSpec, nic: Nic) -> Finding:
    ask = Question(
        "forward-up", spec.name, "forward NIC up", "Without this link nothing is replicated.", Topic.NETWORK, HARDWARE
    )
    if not nic.up:
        return ask.bad(f"{nic.name} is down", "forward-up")
    if not nic.carrier:
        return ask.bad(
            f"{nic.name} has no carrier", advice=f"Look at the cable of {nic.name} and at the NIC of the other host."
        )
    return ask.ok(f"{nic.name} is up" + (f", {nic.speed_mbps} Mb/s" if nic.speed_mbps else ""))


def _use(spec: HostSpec, nic: Nic) -> Finding:
    ask = Question(
        "forward-use",
        spec.name,
        "no other use",
        "The directly connected NIC must not be used for any other "
        "purpose: foreign packets would be taken for the guest's, or delay them.",
        Topic.NETWORK,
        HARDWARE,
    )
    foreign = [text for text in nic.addresses if _foreign(text, spec.forward.address)]
    uses = []
    if nic.default_route:
        uses.append("a default route leads through it")
    if nic.master:
        uses.append(f"it belongs to {nic.master}")
    if foreign:
        uses.append(f"it has the address {listing(foreign)}")
    if spec.service_nic == nic.name:
        uses.append("it is the service NIC as well")
    if uses:
        return ask.bad(
            f"{nic.name}: {', '.join(uses)}", advice=f"Take that off {nic.name}, or use a VLAN on it for COLO alone."
        )
    return ask.ok(f"{nic.name} is for COLO alone")


def _foreign(text: str, own: str) -> bool:
    try:
        address = ipaddress.ip_interface(text).ip
        return not address.is_link_local and address != ipaddress.ip_address(own or "0.0.0.0")
    except ValueError:
        return True


def _address(spec: HostSpec, survey: HostSurvey, nic: Nic) -> Finding:
    ask = Question(
        "forward-address",
        spec.name,
        "forward address",
        "The copies meet at this address of the direct link.",
        Topic.NETWORK,
        "docs/COLO-FT.txt of QEMU",
    )
    wanted = f"{spec.forward.address}/{spec.forward.prefix}"
    if not spec.forward.address:
        return ask.bad("none is chosen yet", advice="Give `forward` an address in the pair file.")
    there = next((one for one in nic.addresses if one.partition("/")[0] == spec.forward.address), "")
    if there and there != wanted:
        return ask.bad(f"{nic.name} has {there}, not {wanted}", "forward-address")
    if there:
        return ask.ok(f"{nic.name} has {there}")
    nics = survey.nics if isinstance(survey.nics, tuple) else ()
    other = next(
        (one.name for one in nics if any(a.partition("/")[0] == spec.forward.address for a in one.addresses)), ""
    )
    if other:
        return ask.bad(
            f"{spec.forward.address} is on {other}", advice=f"Take it off {other}, or choose another forward address."
        )
    return ask.bad(f"{nic.name} does not have {wanted}", "forward-address")


def _quickack(scene: Scene, spec: HostSpec) -> Iterator[Finding]:
    facts = scene.facts.get(spec.name)
    if facts is None:
        return
    ask = Question(
        "quickack",
        spec.name,
        "quickack",
        "Delayed acknowledgements on the forward route make every "
        "checkpoint's pause several times longer (45 ms instead of 7).",
        Topic.TUNING,
        MEASURED,
    )
    told = facts.forward.quickack if isinstance(facts.forward, LinkFacts) else facts.forward
    if isinstance(told, Missing):
        yield ask.warning(told.why, "quickack")
    elif told:
        yield ask.ok(f"the route over {spec.forward.nic} has quickack")
    else:
        yield ask.warning(f"no quickack on the route over {spec.forward.nic}", "quickack")


def _offloads(scene: Scene, spec: HostSpec, survey: HostSurvey) -> Finding:
    classic = scene.classic or scene.wanted.offloads_off
    ask = Question(
        "offloads",
        spec.name,
        "offloads",
        "A NIC that joins or cuts packets shows the comparison other packets than the guest sent."
        if classic
        else "QEMU's filters take the packets at the guest's tap: what the NICs do with them later does not matter.",
        Topic.TUNING,
        TIPS,
    )
    told, on, unread = [], False, []
    for name in dict.fromkeys((spec.forward.nic, spec.service_nic or "", spec.bridge)):
        nic = survey.nic(name) if name else None
        if nic is None:
            continue
        if isinstance(nic.offloads, Missing):
            unread.append(f"{name}: {nic.offloads.why}")
            continue
        told.append(f"{name} {' '.join(nic.offloads) or 'none'}")
        on = on or bool(nic.offloads)
    evidence = f"on: {', '.join(told)}" if told else "no NIC told its offloads"
    if not classic:
        return ask.ok(f"{evidence} (the qemu engine does not care)")
    if unread:
        return ask.unknown(listing(unread), advice=f"On {spec.name}: ethtool -k {spec.forward.nic}")
    return ask.warning(evidence, "offloads") if on else ask.ok("all off")


def _mtu(scene: Scene) -> Iterator[Finding]:
    found = {spec.name: nic.mtu for spec, survey in scene.places() if (nic := survey.nic(spec.forward.nic))}
    if len(found) == 2:
        ask = Question(
            "forward-mtu",
            "",
            "same MTU",
            "A frame that one end sends and the other does not take is lost without a word.",
            Topic.NETWORK,
            "Linux",
        )
        told = ", ".join(f"{mtu} on {host}" for host, mtu in found.items())
        yield ask.ok(told) if len(set(found.values())) == 1 else ask.bad(told, "forward-up")


def _direct(scene: Scene) -> Iterator[Finding]:
    report = scene.cable
    if report is None:
        return
    ask = Question(
        "forward-direct",
        "",
        "direct cable",
        "Nothing but the peer may hear or speak on this link.",
        Topic.NETWORK,
        HARDWARE,
    )
    between = f"{report.nics[0]} and {report.nics[1]}"
    if report.error:
        yield ask.unknown(f"{between}: {report.error}", advice="Mend that, then test again: colotui check --cable")
        return
    ways = [way for way in (report.there, report.back) if way is not None]
    silent = [f"{way.source} to {way.target}" for way in ways if not way.seen]
    if silent or len(ways) < 2:
        yield ask.bad(
            f"no frame arrives from {listing(silent) or between}",
            advice=f"Join {between} with one cable; another NIC's cable may be plugged in there.",
        )
        return
    strangers = sorted({mac for way in ways for mac in way.strangers})
    if strangers or report.elsewhere:
        heard = [f"frames of {listing(strangers)} arrive"] if strangers else []
        heard += [f"our frames arrive on {listing(report.elsewhere)} too"] if report.elsewhere else []
        yield ask.bad(
            f"{between}: {', '.join(heard)}: it is a switch, or a shared cable",
            advice="Join the two NICs by a cable of their own, or by a VLAN that nothing else is in.",
        )
        return
    times = [way.latency_p50_ms for way in ways if way.latency_p50_ms is not None]
    lost = sum(way.lost for way in ways)
    told = f"{between} are joined" + (f", {millis(max(times))} ms there and back" if times else "")
    if lost:
        yield ask.warning(
            f"{told}, {lost} of {sum(way.sent for way in ways)} frames lost",
            advice="Change the cable, then test again.",
        )
        return
    yield ask.ok(f"{told}, nothing lost, nobody else on it")


def _count(scene: Scene) -> Finding:
    ask = Question(
        "forward-count",
        "",
        "one forward NIC each",
        "Classic COLO wants a directly connected NIC, or a VLAN, for each NIC of a guest.",
        Topic.NETWORK,
        HARDWARE,
    )
    most = max((len(guest.nics) for guest in scene.pair.guests if guest.engine is EngineKind.XEN), default=0)
    if most > 1:
        return ask.bad(
            f"a guest has {most} NICs, and each host has one forward NIC in the pair file",
            advice=f"Give the guest one NIC, or lay {most} VLANs on the direct cable and name one in each forwarddev.",
        )
    if scene.classic:
        return ask.ok("one forward NIC for one guest NIC")
    return ask.ok("one is enough: the qemu engine tells guest NICs apart by their ports")

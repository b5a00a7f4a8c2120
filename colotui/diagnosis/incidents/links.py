"""Rules on the networks: the forward link, the service network, and a guest whose service is silent."""

from __future__ import annotations

from colotui.diagnosis.evidence import answers
from colotui.diagnosis.incidents.case import Case, Finding, in_order, spoken
from colotui.diagnosis.incidents.hosts import PING_FRESH
from colotui.model.facts import LinkFacts
from colotui.model.incident import Confidence, Fact, Kind, Source
from colotui.model.plan import Action
from colotui.model.protection import Life, Severity

SILENT_FOR = 3.0
"""Seconds without an answer of the service, at least two of them lost, before that is an incident."""

BOOT_LIMIT = 60.0
"""Seconds a guest that never answered us may take to boot."""


def forward_cut(case: Case) -> Finding | None:
    """The hosts cannot reach each other: no carrier, or no answer in both directions, while we reach both."""
    evidence = case.evidence
    if any(copy.life is Life.UNREACHABLE for copy in evidence.copies.values()):
        return None
    bound = any(copy.in_colo or copy.armed for copy in evidence.copies.values())
    witnesses: list[Fact] = []
    for host, up in evidence.forward_up.items():
        if up is False:
            told = case.said("forward-down", host=host, within=900.0)
            witnesses.append(told[-1] if told else spoken(host, Source.LINK, "forward-down", "no carrier", case.now))
    carrier = bool(witnesses)
    deaf = [
        spoken(host, Source.LINK, "peer", ping.text, ping.at)
        for host, ping in case.pings.items()
        if ping.ok is False and 0 <= case.now - ping.at <= PING_FRESH
    ]
    if not carrier and (len(deaf) < 2 or not bound):
        return None
    mute = "; no reply may leave without its twin" if bound else ""
    sentence = f"The forward link is {'down' if carrier else 'cut: neither host hears the other'}{mute}."
    settle = "" if carrier else "the cable: `colotui check --cable`, or the link lights of both forward NICs"
    confidence = Confidence.PROVEN if carrier else Confidence.LIKELY
    severity = Severity.ERROR if bound else Severity.WARNING
    return Finding(Kind.FORWARD_CUT, sentence, confidence, severity, in_order(tuple(witnesses), tuple(deaf)), settle)


def service_cut(case: Case) -> Finding | None:
    """The NIC that carries the guest's traffic has no carrier on one host."""
    cut = {
        host: facts.service
        for host, facts in case.hosts.items()
        if isinstance(facts.service, LinkFacts) and not facts.service.up and _seen(case, host)
    }
    if not cut:
        return None
    witnesses = []
    for host, link in cut.items():
        told = case.said("service-down", host=host, within=900.0)
        at = case.hosts[host].taken_at
        witnesses.append(
            told[-1] if told else spoken(host, Source.LINK, "service-down", f"{link.nic} has no carrier", at)
        )
    primary = case.primary
    served = primary is not None and primary.host in cut
    alone = served and len(cut) == 1
    if _silent(case):
        probe = case.evidence.probe
        assert probe is not None
        witnesses.append(spoken("", Source.PROBE, "silent", probe.error, probe.silent_since or probe.at))
    where = " and ".join(cut)
    effect = "no client reaches the guest" if served else "after a failover no client would reach the guest there"
    return Finding(
        Kind.SERVICE_CUT,
        f"The service network is cut on {where}: {effect}.",
        Confidence.PROVEN,
        Severity.ERROR if served else Severity.WARNING,
        in_order(tuple(witnesses)),
        # The copy that is not cut may take over; one that is cut never.
        remedy="" if alone else f"repair the service network on {where}",
        forbids=frozenset() if alone else frozenset({Action.SWITCH}),
    )


def service_silent(case: Case) -> Finding | None:
    """The copy that speaks is well, and yet the guest's service does not answer us."""
    primary, probe = case.primary, case.evidence.probe
    if case.planned or primary is None or not answers(primary) or primary.speaks is not True or probe is None:
        return None
    if not _silent(case) or probe.silent_since is None:
        return None
    heard = any(fact.what == "answers" and fact.source is Source.PROBE for fact in case.facts)
    silent = case.now - probe.silent_since
    if silent < (SILENT_FOR if heard else BOOT_LIMIT) or probe.lost < 2:
        return None
    witness = spoken("", Source.PROBE, "silent", f"{probe.target}: {probe.error or 'no answer'}", probe.silent_since)
    return Finding(
        Kind.SERVICE_SILENT,
        f"{probe.target} does not answer, though QEMU on {primary.host} is well.",
        Confidence.POSSIBLE,
        Severity.WARNING,
        (witness,),
        "the guest's console; a client in the service network; the network between this machine and the guest",
    )


def _silent(case: Case) -> bool:
    """The guest's service was asked and did not answer."""
    return case.evidence.probe is not None and not case.evidence.probe.ok


def _seen(case: Case, host: str) -> bool:
    return case.evidence.copies[host].life is not Life.UNREACHABLE


RULES = (forward_cut, service_cut, service_silent)

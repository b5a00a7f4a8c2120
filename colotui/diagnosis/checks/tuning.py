"""Where the NICs' work lands, and how much a socket may hold."""

from __future__ import annotations

from collections.abc import Iterator

from colotui.diagnosis.checks.scene import SEED, TIPS, Question, Scene
from colotui.model.check import Finding, Topic
from colotui.model.facts import HostFacts, NicIrqs
from colotui.model.pair import HostSpec
from colotui.model.quantity import listing
from colotui.model.survey import HostSurvey

SOCKET_BYTES = 1_000_000
"""What net.core.rmem_max and wmem_max are to be at least."""

_SYSCTLS = ("net.core.rmem_max", "net.core.wmem_max")


def findings(scene: Scene) -> Iterator[Finding]:
    """All of this module."""
    for spec in scene.pair.hosts:
        facts, survey = scene.facts.get(spec.name), scene.surveys.get(spec.name)
        if facts is not None:
            yield from (_placement(facts, nic) for nic in facts.nic_irqs)
        if survey is not None:
            yield _irqbalance(facts, survey)
            yield _sockets(spec, survey)


def _placement(facts: HostFacts, nic: NicIrqs) -> Finding:
    kind = "irq" if nic.irqs else "rps"
    text = f"interrupts {nic.nic}" if nic.irqs else f"steering {nic.nic}"
    ask = Question(
        f"{kind}:{nic.nic}",
        facts.host,
        text,
        "COLO uses several NICs: one that waits for another one's work, or for CPU 0, holds up the comparison.",
        Topic.TUNING,
        f"{SEED}, Performance 3; {TIPS}",
    )
    hit = nic.landing
    where = f"CPU {listing(map(str, sorted(hit)), 4)}" if hit else "nowhere in particular: receive steering is off"
    pending = " (waits for the next interrupt)" if any(irq.pending for irq in nic.irqs) else ""
    shared = f", shared with {listing(nic.shared_with)}" if nic.shared_with else ""
    told = f"{where}{shared}{pending}"
    if facts.cpus < 2:
        return ask.ok("one CPU: there is nothing to place")
    if facts.well_placed(nic):
        short = f"; with {facts.cpus} CPUs some NICs must share" if nic.shared_with else ""
        return ask.ok(told + short)
    return ask.warning(told, kind)


def _irqbalance(facts: HostFacts | None, survey: HostSurvey) -> Finding:
    ask = Question(
        "irqbalance",
        survey.host,
        "irqbalance",
        "It moves the NICs' interrupts together again after they were put on CPUs of their own.",
        Topic.TUNING,
        f"{SEED}, Performance 3",
    )
    if not survey.irqbalance:
        return ask.ok("does not run")
    if facts is not None and not any(nic.irqs for nic in facts.nic_irqs):
        return ask.ok(f"runs ({survey.irqbalance}), but the NICs here have no interrupts it could move")
    return ask.warning(f"runs ({survey.irqbalance})", "irqbalance")


def _sockets(spec: HostSpec, survey: HostSurvey) -> Finding:
    ask = Question(
        "sockets",
        spec.name,
        "socket buffers",
        "A checkpoint comes in one burst; a socket that takes less than that makes the guest wait.",
        Topic.TUNING,
        TIPS,
    )
    found = {name: int(text) for name in _SYSCTLS if (text := survey.sysctls.get(name, "")).isdecimal()}
    if len(found) < len(_SYSCTLS):
        return ask.unknown("the limits could not be read", advice=f"On {spec.name}: sysctl {' '.join(_SYSCTLS)}")
    told = ", ".join(f"{name.rpartition('.')[2]} {value}" for name, value in found.items())
    if min(found.values()) < SOCKET_BYTES:
        return ask.warning(f"{told}; {SOCKET_BYTES} wanted", "sockets")
    return ask.ok(told)

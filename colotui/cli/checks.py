"""Whether two hosts are fit for their guests: one finding per question, each with evidence and why it matters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from colotui.model.facts import HostFacts, LinkFacts, Missing, ModuleState, QemuFacts
from colotui.model.pair import EngineKind, Pair
from colotui.model.protection import HostView, LinkState, Role, Snapshot
from colotui.ui import format as fmt

CLOCK_LIMIT_MS = 1000.0


class Verdict(StrEnum):
    """How a finding stands."""

    OK = "ok"
    WARNING = "warning"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer. `host` is empty where it is about both."""

    host: str
    question: str
    verdict: Verdict
    evidence: str
    why: str


def findings(pair: Pair, snapshot: Snapshot) -> list[Finding]:
    """All findings, host by host, then those about both."""
    found: list[Finding] = []
    for view in snapshot.hosts:
        found += _reach(view)
        if view.facts is not None:
            found += _of_host(pair, snapshot, view, view.facts)
    found += _of_both(snapshot)
    return found


def _reach(view: HostView) -> Iterator[Finding]:
    why = "Everything else is asked over this channel."
    if view.link is LinkState.UP:
        evidence = "the agent answers" + (f" in {fmt.number(view.facts.rtt_ms)} ms" if view.facts else "")
        yield Finding(view.spec.name, "host reached", Verdict.OK, evidence, why)
    else:
        yield Finding(view.spec.name, "host reached", Verdict.UNKNOWN, view.why or "no answer yet", why)
    if view.link is LinkState.UP and view.facts is None:
        yield Finding(view.spec.name, "facts", Verdict.UNKNOWN, "the host's facts did not come in time", why)


def _of_host(pair: Pair, snapshot: Snapshot, view: HostView, facts: HostFacts) -> Iterator[Finding]:
    name = view.spec.name
    if any(guest.engine is EngineKind.QEMU for guest in pair.guests):
        yield _qemu(name, facts.qemu)
    yield from _modules(pair, name, facts)
    yield _memory(pair, snapshot, name, facts)
    # When the links were read and this one is not among them, it is not there; else nothing is known of it.
    absent = Verdict.UNKNOWN if isinstance(facts.ifbs, Missing) else Verdict.BAD
    yield _forward(name, view.spec.forward.address, facts.forward, absent)
    if not isinstance(facts.forward, Missing):
        yield _quickack(name, facts.forward)
    yield _bridge(name, view.spec.bridge, facts.bridge, absent)
    yield _clock(name, facts.clock_offset_ms)
    yield _irqbalance(name, facts.irqbalance)
    yield from _shared_irqs(name, facts)


def _qemu(name: str, qemu: QemuFacts | Missing) -> Finding:
    why = "COLO is broken in many QEMU releases; they hang or copy without protecting."
    if isinstance(qemu, Missing):
        return Finding(name, "QEMU", Verdict.BAD, qemu.why, why)
    verdict = Verdict.BAD if qemu.problem else Verdict.OK
    return Finding(
        name, "QEMU", verdict, ": ".join(filter(None, (f"{qemu.version} at {qemu.path}", qemu.problem))), why
    )


def _modules(pair: Pair, name: str, facts: HostFacts) -> Iterator[Finding]:
    # Only the Xen engine sends packets through ifb and tc; for QEMU its own filters do that.
    needed = any(guest.engine is EngineKind.XEN for guest in pair.guests)
    for module in facts.modules:
        evidence = module.state.value + (f": {module.note}" if module.note else "")
        if module.ready or module.note or module.state is ModuleState.LOADABLE:
            verdict = Verdict.OK
        else:
            verdict = Verdict.BAD if needed else Verdict.OK
        if not needed and not module.ready:
            evidence += " (the qemu engine does without)"
        yield Finding(name, f"module {module.name}", verdict, evidence, module.purpose)


def _memory(pair: Pair, snapshot: Snapshot, name: str, facts: HostFacts) -> Finding:
    need = held = 0
    for guest, view in zip(pair.guests, snapshot.guests, strict=True):
        copy = view.copies.get(name)
        primary = copy is not None and copy.role is Role.PRIMARY
        need += guest.memory * (1 if primary else 2)
        held += (copy.rss or 0) if copy is not None else 0
    free = facts.memory_available + held
    evidence = f"{_size(free)} free or held by the guests' copies, {_size(need)} needed"
    why = "A secondary keeps the guest's memory twice; without it the host kills a copy in the middle of work."
    return Finding(name, "memory", Verdict.OK if free >= need else Verdict.BAD, evidence, why)


def _forward(name: str, address: str, link: LinkFacts | Missing, absent: Verdict) -> Finding:
    why = "Checkpoints, disk writes and packets to compare all go over this link."
    if isinstance(link, Missing):
        return Finding(name, "forward link", absent, link.why, why)
    if not link.up:
        return Finding(name, "forward link", Verdict.BAD, f"{link.nic} is down or has no carrier", why)
    if link.addresses and address not in {text.partition("/")[0] for text in link.addresses}:
        evidence = f"{link.nic} is up, but has {', '.join(link.addresses)} and not {address}"
        return Finding(name, "forward link", Verdict.BAD, evidence, why)
    speed = fmt.link_speed(link.speed_mbps)
    return Finding(name, "forward link", Verdict.OK, f"{link.nic} is up{f', {speed}' if speed else ''}", why)


def _quickack(name: str, link: LinkFacts) -> Finding:
    why = "Delayed acknowledgements make every checkpoint's pause several times longer."
    if isinstance(link.quickack, Missing):
        return Finding(name, "quickack", Verdict.UNKNOWN, link.quickack.why, why)
    evidence = (
        f"the route over {link.nic} has quickack" if link.quickack else f"no quickack on the route over {link.nic}"
    )
    return Finding(name, "quickack", Verdict.OK if link.quickack else Verdict.WARNING, evidence, why)


def _bridge(name: str, bridge: str, link: LinkFacts | Missing, absent: Verdict) -> Finding:
    why = "The guest's NIC is plugged in here, on both hosts."
    if isinstance(link, Missing):
        return Finding(name, "bridge", absent, link.why, why)
    return Finding(name, "bridge", Verdict.OK if link.up else Verdict.BAD, f"{bridge} is {_up(link.up)}", why)


def _clock(name: str, offset: float | Missing) -> Finding:
    why = "Times of both hosts are compared to find what came first; guests see the clock jump after a failover."
    if isinstance(offset, Missing):
        return Finding(name, "clock", Verdict.UNKNOWN, offset.why, why)
    verdict = Verdict.OK if abs(offset) <= CLOCK_LIMIT_MS else Verdict.BAD
    return Finding(name, "clock", verdict, f"{fmt.signed(offset)} ms from this machine's (1000 ms at most)", why)


def _irqbalance(name: str, running: bool | Missing) -> Finding:
    why = "It moves interrupts of the NICs together again after they were put on CPUs of their own."
    if isinstance(running, Missing):
        return Finding(name, "irqbalance", Verdict.UNKNOWN, running.why, why)
    verdict = Verdict.WARNING if running else Verdict.OK
    return Finding(name, "irqbalance", verdict, "runs" if running else "does not run", why)


def _shared_irqs(name: str, facts: HostFacts) -> Iterator[Finding]:
    for nic in facts.nic_irqs:
        if nic.shared_with:
            evidence = f"{nic.nic} shares its CPU with {', '.join(nic.shared_with)}"
            why = "A NIC that waits for another one's work holds up the comparison."
            yield Finding(name, "interrupts", Verdict.WARNING, evidence, why)


def _of_both(snapshot: Snapshot) -> Iterator[Finding]:
    versions = {
        view.spec.name: view.facts.qemu.version
        for view in snapshot.hosts
        if view.facts is not None and isinstance(view.facts.qemu, QemuFacts)
    }
    if len(versions) == len(snapshot.hosts):
        verdict = Verdict.OK if len(set(versions.values())) == 1 else Verdict.BAD
        evidence = ", ".join(f"{version} on {name}" for name, version in versions.items())
        yield Finding("", "same QEMU", verdict, evidence, "Both copies must run the same release.")
    offsets = [
        view.facts.clock_offset_ms
        for view in snapshot.hosts
        if view.facts is not None and not isinstance(view.facts.clock_offset_ms, Missing)
    ]
    if len(offsets) == len(snapshot.hosts):
        apart = abs(offsets[0] - offsets[1])
        verdict = Verdict.OK if apart <= CLOCK_LIMIT_MS else Verdict.BAD
        why = "The date of both hosts should be the same: the guest sees a jump when the other one takes over."
        yield Finding("", "clocks apart", verdict, f"{fmt.number(apart)} ms (1000 ms at most)", why)


def _size(value: int) -> str:
    return " ".join(fmt.size_binary(value))


def _up(up: bool) -> str:
    return "up" if up else "down or has no carrier"

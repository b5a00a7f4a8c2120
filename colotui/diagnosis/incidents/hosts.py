"""Rules on the hosts: which is dead, whether we are the ones cut off, what changed under the lock-step's feet."""

from __future__ import annotations

from colotui.diagnosis.evidence import answers
from colotui.diagnosis.incidents.case import Case, Channel, Finding, in_order, spoken
from colotui.model.facts import Missing, NicIrqs
from colotui.model.incident import Confidence, Fact, Kind, Source
from colotui.model.protection import Life, LinkState, Role, Severity

TOGETHER = 5.0
"""Seconds within which both channels end when it is the cockpit that is cut off."""

PING_FRESH = 6.0
"""Seconds a ping between the hosts stays a witness: it is asked every 2 to 3 s."""

CLOCKS_APART = 1000.0
"""Milliseconds between the two hosts' clocks from which on logs cannot be put side by side any more."""


def cockpit_cut(case: Case) -> Finding | None:
    """Both hosts vanish together: look at ourselves first. Or one does, and its peer says that it lives."""
    lost = _lost(case)
    if len(lost) == len(case.evidence.copies):
        together = max(c.since for c in lost.values()) - min(c.since for c in lost.values()) <= TOGETHER
        probe = case.evidence.probe
        served = (_probe_word(case),) if probe is not None else ()
        sentence = (
            "Both hosts vanished at the same time: it is most likely this cockpit that is cut off."
            if together
            else "Neither host can be reached: nothing is known of either."
        )
        return Finding(
            Kind.COCKPIT_CUT,
            sentence,
            Confidence.LIKELY if together else Confidence.POSSIBLE,
            Severity.WARNING,
            in_order(tuple(_channel_word(case, host) for host in lost), served),
            "look at this machine's network, or at the hosts from another place",
        )
    for host, channel in lost.items():
        if not _bound(case, host):
            continue
        lives = _lives(case, host, channel)
        if lives is not None:
            sentence = f"This cockpit cannot reach {host}, but {host} lives: {lives.text}."
            return Finding(
                Kind.COCKPIT_CUT,
                sentence,
                Confidence.PROVEN,
                Severity.WARNING,
                in_order(_channel_word(case, host), lives),
            )
    return None


def primary_host_dead(case: Case) -> Finding | None:
    """The primary's host is silent to us and to its peer. Silence is no proof: a cut cable looks the same."""
    return _host_dead(case, Role.PRIMARY, Kind.PRIMARY_HOST_DEAD)


def secondary_host_dead(case: Case) -> Finding | None:
    """The secondary's host is silent to us and to the primary's."""
    return _host_dead(case, Role.SECONDARY, Kind.SECONDARY_HOST_DEAD)


def clocks_apart(case: Case) -> Finding | None:
    """The two hosts' clocks differ."""
    known = {
        host: facts.clock_offset_ms
        for host, facts in case.hosts.items()
        if not isinstance(facts.clock_offset_ms, Missing) and case.evidence.copies[host].life is not Life.UNREACHABLE
    }
    if len(known) < 2:
        return None
    apart = max(known.values()) - min(known.values())
    if apart < CLOCKS_APART:
        return None
    witnesses = tuple(
        spoken(host, Source.HOST, "clock", f"{offset:+.0f} ms against this machine", case.hosts[host].taken_at, offset)
        for host, offset in known.items()
    )
    sentence = f"The hosts' clocks are {apart / 1000:.1f} s apart."
    return Finding(Kind.CLOCK_DRIFT, sentence, Confidence.PROVEN, Severity.WARNING, witnesses)


def module_gone(case: Case) -> Finding | None:
    """A kernel module that was ready when the lock-step began is not ready now."""
    for host, now in case.hosts.items():
        before = case.before.get(host)
        if before is None:
            continue
        ready = {module.name for module in before.modules if module.ready}
        gone = [module for module in now.modules if module.name in ready and not module.ready]
        if gone:
            names = ", ".join(module.name for module in gone)
            told = case.said("module-gone", host=host, within=900.0)
            witness = told or (
                spoken(host, Source.HOST, "module-gone", f"{names}: {gone[0].state.value}", now.taken_at),
            )
            sentence = f"The kernel module {names} is gone on {host}; it was there when the lock-step began."
            return Finding(Kind.MODULE_LOST, sentence, Confidence.PROVEN, Severity.WARNING, in_order(witness))
    return None


def interrupt_moved(case: Case) -> Finding | None:
    """The work of a NIC lands on other CPUs than when the lock-step began."""
    for host, now in case.hosts.items():
        before = case.before.get(host)
        old = {nic.nic: nic for nic in before.nic_irqs} if before is not None else {}
        for nic in now.nic_irqs:
            moved = moved_irqs(old[nic.nic], nic) if nic.nic in old else ""
            if moved:
                told = case.said("irq-moved", host=host, within=900.0)
                witness = told or (spoken(host, Source.HOST, "irq-moved", moved, now.taken_at),)
                who = "; irqbalance runs there" if now.irqbalance is True else ""
                sentence = f"An interrupt was moved on {host} under the lock-step: {moved}{who}."
                return Finding(Kind.IRQ_MOVED, sentence, Confidence.PROVEN, Severity.WARNING, in_order(witness))
    return None


def moved_irqs(before: NicIrqs, after: NicIrqs) -> str:
    """How the wanted CPUs of a NIC's work differ, in words; "" when they do not."""
    wanted = {irq.number: irq.wanted for irq in before.irqs}
    for irq in after.irqs:
        if wanted.get(irq.number, irq.wanted) != irq.wanted:
            return f"{after.nic} IRQ {irq.number} from CPU {wanted[irq.number]} to CPU {irq.wanted}"
    if before.rps != after.rps:
        return f"{after.nic} RPS from CPU {before.rps or 'none'} to CPU {after.rps or 'none'}"
    return ""


def _lost(case: Case) -> dict[str, Channel]:
    """The hosts without a channel. One that is still being tried for the first time is not lost."""
    return {host: channel for host, channel in case.channels.items() if channel.state is LinkState.DOWN}


def _bound(case: Case, host: str) -> bool:
    """The twin needs the copy on `host`: a survivor that carries on alone misses nobody when that host is dark."""
    twin = case.other(host)
    return twin.role is Role.SECONDARY or twin.in_colo or twin.armed


def _lives(case: Case, host: str, channel: Channel) -> Fact | None:
    """What proves that a host we do not reach lives: its peer, or a checkpoint that ended since."""
    twin = case.other(host)
    last = case.evidence.last_checkpoint
    if (
        answers(twin)
        and twin.in_colo
        and last is not None
        and last > channel.since + 1.0
        and case.evidence.fresh_checkpoint
    ):
        return spoken(twin.host, Source.QMP, "checkpoint", f"a checkpoint with it ended on {twin.host} since", last)
    ping = case.pings.get(twin.host)
    if ping is not None and ping.ok and ping.at > channel.since + 1.0 and case.now - ping.at <= PING_FRESH:
        return spoken(twin.host, Source.LINK, "peer", ping.text, ping.at)
    return None


def _host_dead(case: Case, role: Role, kind: Kind) -> Finding | None:
    lost = _lost(case)
    if len(lost) != 1 or case.planned:
        return None
    host, channel = next(iter(lost.items()))
    twin = case.other(host)
    if case.role(host) is not role or _lives(case, host, channel) is not None:
        return None
    if not _bound(case, host):
        return None
    ping = case.pings.get(twin.host)
    silent = ping is not None and not ping.ok and ping.at >= channel.since - PING_FRESH
    witnesses: list[Fact] = [_channel_word(case, host)]
    if ping is not None and silent:
        witnesses.append(spoken(twin.host, Source.LINK, "peer", ping.text, ping.at))
    if case.evidence.probe is not None and not case.evidence.probe.ok:
        witnesses.append(_probe_word(case))
    if twin.peer_connected is False:
        witnesses.append(spoken(twin.host, Source.QMP, "links", "its links to the peer are cut", twin.seen_at))
    sure = silent or twin.peer_connected is False
    who = f"The {role.value}'s host {host}"
    sentence = (
        f"{who} answers neither this cockpit nor {twin.host}." if silent else f"{who} does not answer this cockpit."
    )
    return Finding(
        kind,
        sentence,
        Confidence.LIKELY if sure else Confidence.POSSIBLE,
        Severity.ERROR,
        in_order(tuple(witnesses)),
        f"its power: look at {host} itself, or at its management board; a cut cable looks the same from here",
    )


def _channel_word(case: Case, host: str) -> Fact:
    since = case.channels[host].since
    told = case.around(since, "lost", host=host, before=1.0, after=1.0)
    own = [fact for fact in told if fact.source is Source.CHANNEL]
    return own[-1] if own else spoken(host, Source.CHANNEL, "lost", "the channel is down", since)


def _probe_word(case: Case) -> Fact:
    probe = case.evidence.probe
    assert probe is not None
    text = f"{probe.target} answers" if probe.ok else f"{probe.target} does not answer ({probe.error})"
    return spoken("", Source.PROBE, "answers" if probe.ok else "silent", text, probe.silent_since or probe.at)


RULES = (cockpit_cut, primary_host_dead, secondary_host_dead, clocks_apart, module_gone, interrupt_moved)

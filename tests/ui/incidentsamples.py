"""Hand-made incidents, the way the book of a live pair would give them. For tests only."""

from __future__ import annotations

from dataclasses import replace

from colotui.model.incident import Confidence, Diagnosed, Fact, Incident, Kind, Source
from colotui.model.plan import Action
from colotui.model.protection import Severity, Snapshot
from tests.ui import samples

DIED, NOW = samples.DIED, samples.NOW

DEAD = Diagnosed(
    Kind.PRIMARY_DEAD,
    "The primary's QEMU on alpha was killed (signal 9).",
    Confidence.PROVEN,
    DIED,
    (
        Fact(DIED, "alpha", Source.EXIT, "exit", "ended by signal 9", 9.0),
        Fact(DIED + 0.011, "beta", Source.QMP, "COLO_EXIT", "mode secondary, reason error"),
        Fact(DIED + 0.011, "beta", Source.STDERR, "lost", "Can't receive COLO message: Input/output error"),
        Fact(DIED + 0.324, "alpha", Source.HOST, "pid", "pid 4711 absent; no core; the kernel says nothing of OOM"),
        Fact(NOW - 0.5, "", Source.PROBE, "silent", "no reply from 10.77.0.10:80 for 12.8 s"),
    ),
    Severity.ERROR,
    "The client gets no reply.",
    Action.FAILOVER,
    "fail over to beta",
    "do not start alpha's QEMU again first",
    frozenset({Action.PROTECT, Action.REPROTECT}),
    "the primary is dead: first let one copy serve",
)
STORM = Diagnosed(
    Kind.STORM,
    "Replies of the two copies differ 3.1 times a second: each forces a checkpoint.",
    Confidence.LIKELY,
    NOW - 40,
    (
        Fact(
            NOW - 40, "alpha", Source.TRACE, "mismatch", "93 of 124 differ in 10.77.0.10:5201 → 10.77.0.1, tcp length"
        ),
        Fact(NOW - 38, "alpha", Source.QMP, "rate", "3.1 checkpoints a second, 1.0 is usual"),
    ),
    Severity.WARNING,
    "It is served, slowly.",
    None,
    "make the two copies' replies alike",
    "do not shorten the checkpoint delay: it adds to them",
    settle="a capture of both copies' packets: c switches it on",
)
DRIFT = Diagnosed(
    Kind.CLOCK_DRIFT, "The clocks of alpha and beta are 412 ms apart.", Confidence.PROVEN, NOW - 5000,
    (Fact(NOW - 5000, "beta", Source.HOST, "clock", "412 ms ahead of the cockpit, alpha 0 ms"),),
    Severity.WARNING, "The client is served. Logs of the two hosts cannot be put side by side.", None,
    "set both clocks (chrony or systemd-timesyncd), then look again", "do not set a clock by a jump while in lock-step",
)  # fmt: skip


def opened(number: int, told: Diagnosed) -> Incident:
    return Incident(f"web01-{number}", "web01", told.since + 0.5, NOW - 0.2, told)


def closed(
    number: int, told: Diagnosed, since: float, took: float, by: str = "its witnesses say so no more"
) -> Incident:
    facts = tuple(replace(fact, at=fact.at - told.since + since) for fact in told.witnesses)
    past = replace(told, since=since, witnesses=facts)
    return Incident(f"web01-{number}", "web01", since, since + took, past, since + took, by)


PAST = (
    closed(5, replace(DRIFT, kind=Kind.DISK_FULL, sentence="beta's disk is full."), NOW - 9000, 660),
    closed(4, replace(DRIFT, kind=Kind.FORWARD_CUT, sentence="The forward link is cut."), NOW - 80000, 240),
    closed(3, replace(STORM, kind=Kind.GUEST_RESET, sentence="web01 was rebooted."), NOW - 90000, 13.4),
    closed(2, DEAD, NOW - 250000, 14.2, "`Fail over web01 to beta`"),
    closed(1, replace(DEAD, kind=Kind.PRIMARY_HUNG), NOW - 250200, 31.0, "`Fail over web01 to beta`"),
)


def having(base: Snapshot, *incidents: Incident) -> Snapshot:
    return replace(base, guests=(replace(base.guests[0], incidents=incidents), *base.guests[1:]))


def killed() -> Snapshot:
    """The primary was killed; clocks drift since before; five incidents are past."""
    return having(samples.incident(), opened(7, DEAD), opened(6, DRIFT), *PAST)


def storming() -> Snapshot:
    """Protected, and two things are not as they should be."""
    return having(samples.protected(), opened(7, STORM), opened(6, DRIFT), *PAST)


def hostile(text: str) -> Snapshot:
    """The killed primary with `text` in every string that a host could have put there."""
    facts = tuple(replace(fact, host=text, what=text, text=text) for fact in DEAD.witnesses)
    told = replace(
        DEAD, sentence=text, witnesses=facts, client=text, do_text=text, do_not=text, why_not=text, settle=text,
        confidence=Confidence.POSSIBLE,
    )  # fmt: skip
    past = replace(closed(1, told, NOW - 900, 20.0, text), now=told)
    return having(samples.hostile(text), opened(2, told), past)

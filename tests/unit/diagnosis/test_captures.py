"""Captures of real pairs, replayed: the diagnosis says what their names say."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest

from colotui.diagnosis.incidents.case import Case
from colotui.diagnosis.incidents.rules import diagnose
from colotui.model.facts import HostFacts, LinkFacts, Missing, QemuFacts
from colotui.model.incident import Confidence, Diagnosed, Kind, Source
from colotui.model.past import CheckpointLog
from colotui.model.plan import Action
from colotui.model.protection import Exit, Witness
from tests.unit.diagnosis.replay import CAPTURES, Replay


def facts(host: str, now: float, *, quickack: bool = True, problem: str = "") -> HostFacts:
    """A host as its sample would tell of it."""
    forward = LinkFacts("eth1", True, quickack=quickack)
    return HostFacts(host, now, "6.1", 2, 0.1, None, 1 << 30, 1 << 29, (), Missing("not asked"), (), (), False, 0.0,
                     forward, Missing("not asked"), QemuFacts("/usr/bin/qemu", "5.2.0", problem), 0.5)  # fmt: skip


def kinds(found: tuple[Diagnosed, ...]) -> list[Kind]:
    return [one.kind for one in found]


def in_lockstep(case: Case) -> Case:
    """The case with both copies in lock-step: of a long transcript the middle, which says so, was not kept."""
    copies = {
        h: replace(c, migration="colo", in_colo=True, runstate="running") for h, c in case.evidence.copies.items()
    }
    return replace(case, evidence=replace(case.evidence, copies=copies, last_checkpoint=case.now - 0.1))


KILLED = {"alpha": Exit(0, 9, None)}

# folder, the line of the transcript after which it is looked at, seconds after it, how copies ended, what it must be
NAMED = (
    ("2ab-failover", r"A EOF", 0.003, KILLED, Kind.PRIMARY_DEAD, Confidence.PROVEN, Action.FAILOVER),
    ("2e-kill-lh", r"A EOF", 0.001, KILLED, Kind.PRIMARY_DEAD, Confidence.PROVEN, Action.FAILOVER),
    ("2e-quit-lh", r"A EOF", 0.0005, {}, Kind.PRIMARY_DEAD, Confidence.PROVEN, Action.FAILOVER),
    ("2d-sec-killed-lhfirst", r"B EOF", 0.5, {"beta": Exit(0, 9, None)}, Kind.SECONDARY_DEAD, Confidence.PROVEN,
     Action.FAILOVER),
    ("2e-link-lh-quit", r"B -> .*lost-heartbeat", 0.015, {}, Kind.TWO_LIVE, Confidence.PROVEN, None),
    ("2e-stop", r"B -> .*lost-heartbeat", 0.2, {}, Kind.TWO_LIVE, Confidence.PROVEN, None),
    ("2e-lh-alive", r"A -> .*lost-heartbeat", 0.5, {}, Kind.TWO_LIVE, Confidence.PROVEN, None),
    ("4-seckill-delay20000", r"B EOF", 0.5, {"beta": Exit(0, 9, None)}, Kind.SECONDARY_DEAD, Confidence.PROVEN,
     Action.FAILOVER),
    ("4-sigstop-A", r"A !! timeout", 0.5, {}, Kind.PRIMARY_HUNG, Confidence.LIKELY, Action.FAILOVER),
    ("4-sigstop-B-docs", r"B !! timeout", 0.5, {}, Kind.SECONDARY_HUNG, Confidence.LIKELY, Action.FAILOVER),
    ("4-sigstop-B-yank", r"B !! timeout", 0.5, {}, Kind.SECONDARY_HUNG, Confidence.LIKELY, Action.FAILOVER),
    ("4-nbd-stop", r"A <- .*QUORUM_REPORT_BAD", 0.5, {}, Kind.REPLICATION_LOST, Confidence.PROVEN, Action.STOP),
    ("4-sec-disk-full", r"B <- .*BLOCK_IO_ERROR", 0.01, {}, Kind.DISK_FULL, Confidence.PROVEN, Action.STOP),
    ("4-triple-reset", r"B <- .*RESET", 2.0, {}, Kind.TRIPLE_FAULT, Confidence.PROVEN, None),
    ("4-triple-action", r"A <- .*SHUTDOWN", 2.0, {}, Kind.TRIPLE_FAULT, Confidence.PROVEN, None),
    ("4-triple-noreboot", r"B <- .*SHUTDOWN", 2.0, {"alpha": Exit(0, 0, None), "beta": Exit(0, 0, None)},
     Kind.TRIPLE_FAULT, Confidence.PROVEN, None),
    ("4-sec-reset", r"B <- .*RESET", 2.0, {}, Kind.GUEST_RESET, Confidence.PROVEN, None),
    ("1-10.0.13", r"A EOF", -0.1, {}, Kind.LEFTOVERS, Confidence.PROVEN, Action.PROTECT),
    ("1-11.1.3-norp", r"A EOF", -0.1, {}, Kind.LEFTOVERS, Confidence.PROVEN, Action.PROTECT),
)  # fmt: skip


@pytest.mark.parametrize(("name", "line", "later", "exits", "kind", "confidence", "action"), NAMED)
def test_says_what_the_name_says(
    name: str,
    line: str,
    later: float,
    exits: dict[str, Exit],
    kind: Kind,
    confidence: Confidence,
    action: Action | None,
) -> None:
    replay = Replay(name)
    case = replay.case(replay.moment(line) + later, exits=exits, delay=20000 if "20000" in name else 1000)
    found = {one.kind: one for one in diagnose(case)}
    assert kind in found, (list(found), case.evidence.copies)
    told = found[kind]
    assert (told.confidence, told.do) == (confidence, action)
    assert told.witnesses
    assert (told.settle == "") == (confidence is Confidence.PROVEN)


@pytest.mark.parametrize(("name", "roles"), [("2c-reprotect", ("B", "C")), ("2d-sec-killed-docs", ("A", "C"))])
def test_primary_dies_in_the_second_protection(name: str, roles: tuple[str, str]) -> None:
    # The secondary here is the one that a re-protection made, after a failover or after the first secondary died.
    replay = Replay(name, roles)
    case = replay.case(replay.moment(f"{roles[0]} EOF") + 0.0005, exits=KILLED)
    told = diagnose(case)
    assert kinds(told) == [Kind.PRIMARY_DEAD]
    assert (told[0].confidence, told[0].do) == (Confidence.PROVEN, Action.FAILOVER)


def test_cut_forward_link_before_the_secondary_was_promoted() -> None:
    # In this run the guest's kernel on the secondary had failed by itself, seconds earlier: both are said.
    replay = Replay("2e-link-lh-quit")
    now = replay.moment("B -> .*nbd-server-stop") - 0.01
    pings = {host: Witness("host → host", host, "no answer over eth1", False, now - 1.0) for host in ("alpha", "beta")}
    assert {Kind.FORWARD_CUT, Kind.SECONDARY_CORRUPT} <= set(kinds(diagnose(replay.case(now, pings=pings))))


def test_killed_primary_whose_secondary_is_corrupt_is_started_again_and_not_promoted() -> None:
    # The secondary's kernel failed in this run, and killed the guest after the failover.
    replay = Replay("4-autofo-1-3")
    case = replay.case(replay.moment(r"A EOF") + 0.0002, exits=KILLED)
    found = {one.kind: one for one in diagnose(case)}
    assert {Kind.PRIMARY_DEAD, Kind.SECONDARY_CORRUPT} <= set(found)
    assert found[Kind.PRIMARY_DEAD].do is None
    # The engine notes it beside the copy as well; then the primary's own disk is the way out.
    words = found[Kind.SECONDARY_CORRUPT].witnesses[0].text
    copies = dict(case.evidence.copies)
    copies["beta"] = replace(copies["beta"], damage=f"its kernel said `{words}`")
    noted = diagnose(replace(case, evidence=replace(case.evidence, copies=copies)))
    assert next(one for one in noted if one.kind is Kind.PRIMARY_DEAD).do is Action.START


def test_deadlock_of_a_version_that_is_known_for_it() -> None:
    replay = Replay("1-5.2")
    now = replay.moment(r"A !! timeout") + 1.0
    case = replay.case(now, hosts={"alpha": facts("alpha", now, problem="deadlocks at a checkpoint")})
    told = diagnose(case)[0]
    assert (told.kind, told.confidence) == (Kind.DEADLOCK, Confidence.PROVEN)
    assert "vmstate-loaded" in told.sentence
    assert Kind.PRIMARY_HUNG not in kinds(diagnose(case))
    # The same silence on a version that nobody knows for it is likely, no more.
    unknown = diagnose(replay.case(now))[0]
    assert (unknown.kind, unknown.confidence) == (Kind.DEADLOCK, Confidence.LIKELY)
    # A process that its host says is stopped is no deadlock.
    copies = dict(case.evidence.copies)
    copies["alpha"] = replace(copies["alpha"], detail="stopped by a signal")
    stopped = diagnose(replace(case, evidence=replace(case.evidence, copies=copies)))
    assert kinds(stopped)[0] is Kind.PRIMARY_HUNG


def test_cut_forward_link() -> None:
    # The capture asked no host to ping the other; its sockets on the forward link tell that none was heard.
    replay = Replay("4-netcut")
    during = (CAPTURES / "4-netcut" / "ss-during.txt").read_text()
    deaf = [int(n) for n in re.findall(r"timer:\(persist,[^,]+,(\d+)\)", during)]
    assert deaf
    assert min(deaf) >= 5
    now = replay.moment(r"A <- .*COLO_EXIT") - 3.0
    pings = {host: Witness("host → host", host, "no answer over eth1", False, now - 1.0) for host in ("alpha", "beta")}
    found = diagnose(replay.case(now, pings=pings))
    assert found[0].kind is Kind.FORWARD_CUT
    assert found[0].do is Action.FAILOVER
    assert Kind.STALLED not in kinds(found)
    # Without that witness all that can be said is that no checkpoint ends.
    assert kinds(diagnose(replay.case(now))) == [Kind.STALLED]


def test_panic_of_the_guest() -> None:
    replay = Replay("4-panic")
    found = diagnose(replay.case(replay.moment(r"A EOF") - 1.0))
    assert kinds(found) == [Kind.GUEST_PANIC]
    assert found[0].witnesses[0].source is Source.SERIAL
    assert found[0].forbids == frozenset({Action.SWITCH})


def test_storm_of_mismatches() -> None:
    replay = Replay("3-mismatch")
    # Only the beginning and the end of the trace were kept: the moment is the end of its longest stretch.
    every = list(replay.case(replay.last_stamp()).checkpoints)
    end = next(a.at for a, b in itertools.pairwise(every) if b.at - a.at > 1.0) + 0.05
    case = replay.case(end)
    calm = in_lockstep(case)
    found = diagnose(calm)
    assert Kind.STORM in kinds(found)
    assert "UDP" in found[0].sentence
    # Pages that show the time force half as many: slow, and no storm.
    web = CheckpointLog.of([c for number, c in enumerate(every) if number % 2])
    assert Kind.STORM not in kinds(diagnose(replace(calm, checkpoints=web)))


def test_pause_made_by_delayed_acks() -> None:
    replay = Replay("5-cost-128")
    now = replay.moment("A EOF") - 0.01
    case = in_lockstep(replay.case(now, hosts={h: facts(h, now, quickack=False) for h in ("alpha", "beta")}))
    assert len(case.checkpoints) > 10
    found = diagnose(case)
    assert kinds(found) == [Kind.SLOW_PAUSE]
    assert "delayed ACK" in found[0].sentence
    # Where quickack is on, the same pause has another cause, and is not yet too long.
    assert not diagnose(replace(case, hosts={h: facts(h, now) for h in ("alpha", "beta")}))


@pytest.mark.parametrize("name", ["4-nbd-stop", "4-panic", "4-sec-reset", "4-netcut", "4-sigstop-A"])
def test_nothing_before_the_fault(name: str) -> None:
    replay = Replay(name)
    resumed = replay.moment(r"A <- .*RESUME", 1)
    case = replay.case(resumed + 0.01)
    before = replace(case, facts=tuple(fact for fact in case.facts if fact.source is not Source.SERIAL))
    assert diagnose(before) == ()

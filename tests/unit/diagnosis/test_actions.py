"""No state ever allows a promotion while the other copy may speak, without a fence or an attestation."""

import itertools
from dataclasses import replace

import pytest

from colotui.diagnosis.actions import Way, failover_way, refusal
from colotui.diagnosis.evidence import Evidence
from colotui.diagnosis.protection import judge
from colotui.model.pair import DiskSpec, GuestSpec, NicSpec
from colotui.model.plan import Action
from colotui.model.protection import Copy, Exit, Life, Role, Severity, State

SPEC = GuestSpec("web01", 128 << 20, (DiskSpec("/d.qcow2"),), (NicSpec("00:16:4f:00:00:11"),), checkpoint_delay=1000)
NOW = 1_795_000_000.0


def copies(host: str) -> list[Copy]:
    """Every combination of what one host can say of its copy."""
    found = []
    for life, role, migration, linked, damage, generation in itertools.product(
        Life, Role, ("", "colo", "active", "failed"), (True, False, None), ("", "disk"), (0, 1)
    ):
        colo = migration == "colo"
        speaks = role is Role.PRIMARY and life is Life.RUNNING and (not colo or linked is True)
        found.append(
            Copy(host, life, role, NOW, in_colo=colo, armed=colo, migration=migration, peer_connected=linked,
                 damage=damage, speaks=speaks, generation=generation)
        )  # fmt: skip
    return found


def test_every_pair_of_copies() -> None:
    checked = promotions = 0
    for alpha, beta in itertools.product(copies("alpha"), copies("beta")):
        evidence = Evidence(SPEC, NOW, {"alpha": alpha, "beta": beta}, last_checkpoint=NOW - 1)
        way = failover_way(evidence)
        if isinstance(way, Way):
            lost, survivor = evidence.copies[way.lost], evidence.copies[way.survivor]
            assert way.attest == (lost.life is Life.UNREACHABLE)
            if way.promote:
                promotions += 1
                assert survivor.migration == "colo"
                assert not survivor.damage
                assert survivor.generation >= lost.generation
            assert (refusal(evidence, Action.FAILOVER) is None) or evidence.progress
        verdict = judge(evidence)
        if verdict.state is State.PROTECTED:
            silent = Life.UNREACHABLE in (alpha.life, beta.life)
            assert verdict.severity is (Severity.WARNING if silent else Severity.OK)
        if verdict.do_now is not None:
            assert refusal(evidence, verdict.do_now) is None, (verdict, alpha, beta)
        if refusal(evidence, Action.START) is None:
            assert not any(c.speaks for c in (alpha, beta))
        checked += 1
    assert checked == len(copies("a")) ** 2
    assert promotions > 100


def pair(alpha: Copy, beta: Copy, **more: object) -> Evidence:
    return Evidence(SPEC, NOW, {"alpha": alpha, "beta": beta}, **more)  # type: ignore[arg-type]


PRIMARY = Copy("alpha", Life.RUNNING, Role.PRIMARY, NOW, in_colo=True, armed=True, migration="colo",
               peer_connected=True, speaks=True)  # fmt: skip
SECONDARY = Copy("beta", Life.RUNNING, Role.SECONDARY, NOW, in_colo=True, migration="colo", peer_connected=True,
                 speaks=False)  # fmt: skip


def test_healthy_pair_is_protected_and_refuses_a_failover() -> None:
    evidence = pair(PRIMARY, SECONDARY, last_checkpoint=NOW - 1)
    assert judge(evidence).state is State.PROTECTED
    assert refusal(evidence, Action.FAILOVER) == "both copies are well: use the planned switch"
    assert refusal(evidence, Action.SWITCH) is None


def test_killed_primary_recommends_failover() -> None:
    dead = Copy("alpha", Life.DEAD, Role.PRIMARY, NOW, exit=Exit(0, 9, NOW - 13))
    verdict = judge(pair(dead, SECONDARY, last_checkpoint=NOW - 14))
    assert verdict.headline == "web01 is silent: QEMU on alpha was killed (signal 9)"
    assert verdict.do_now is Action.FAILOVER
    assert verdict.since == NOW - 13


def test_cut_link_prefers_the_primary_and_names_what_is_forbidden() -> None:
    evidence = pair(PRIMARY, SECONDARY, last_checkpoint=NOW - 60)
    way = failover_way(evidence)
    assert isinstance(way, Way)
    assert (way.survivor, way.promote) == ("alpha", False)
    assert judge(evidence).do_not == "do not promote beta without fencing alpha"
    other = failover_way(evidence, "beta")
    assert isinstance(other, Way)
    assert (other.survivor, other.promote, other.attest) == ("beta", True, False)


@pytest.mark.parametrize("life", [Life.UNREACHABLE])
def test_unreachable_primary_needs_attestation(life: Life) -> None:
    gone = Copy("alpha", life, Role.PRIMARY, NOW - 20)
    stale = pair(gone, SECONDARY, last_checkpoint=NOW - 20)
    way = failover_way(stale)
    assert isinstance(way, Way)
    assert way.attest
    assert judge(stale).state is State.UNKNOWN


def test_a_silent_host_is_not_protected_without_a_checkpoint_that_was_seen() -> None:
    # Found on the lab: a fresh `status` said Protected after one host had been powered off.
    dark = Copy("alpha", Life.UNREACHABLE, Role.NONE, NOW)
    assert judge(pair(dark, SECONDARY, lockstep_since=NOW)).state is State.UNKNOWN
    assert judge(pair(dark, SECONDARY, lockstep_since=NOW, last_checkpoint=NOW - 20)).state is State.UNKNOWN
    assert judge(pair(dark, SECONDARY, last_checkpoint=NOW - 1)).state is State.PROTECTED


def test_promoted_but_not_released_goes_on_and_is_never_started_over() -> None:
    # A cockpit died between the promotion and the release: the copy runs, its replies are held.
    dead = Copy("alpha", Life.DEAD, Role.PRIMARY, NOW, exit=Exit(0, 9, NOW))
    held = replace(SECONDARY, in_colo=False, migration="completed")
    evidence = pair(dead, held)
    way = failover_way(evidence)
    assert isinstance(way, Way)
    assert (way.survivor, way.promote) == ("beta", True)
    assert refusal(evidence, Action.START) is not None
    assert judge(evidence).do_now is Action.FAILOVER


def test_lockstep_whose_notes_are_missing_asks_to_go_on() -> None:
    evidence = pair(replace(PRIMARY, generation=2), replace(SECONDARY, generation=-1), last_checkpoint=NOW - 1)
    verdict = judge(evidence)
    assert (verdict.state, verdict.do_now) == (State.NOT_PROTECTED, Action.PROTECT)


def test_a_primary_whose_own_disk_fails_is_left_for_the_good_copy() -> None:
    evidence = pair(replace(PRIMARY, damage="its disk reports errors"), SECONDARY, last_checkpoint=NOW - 1)
    assert judge(evidence).do_now is Action.SWITCH


def test_paused_alone_with_a_dark_twin_can_be_let_go_on() -> None:
    paused = replace(PRIMARY, life=Life.PAUSED, armed=False, in_colo=False, migration="completed", speaks=False)
    verdict = judge(pair(paused, Copy("beta", Life.UNREACHABLE, Role.NONE, NOW)))
    assert "stands still" in verdict.headline
    assert verdict.do_now is Action.FAILOVER


def test_hung_alone_is_never_started_over() -> None:
    hung = Copy("alpha", Life.HUNG, Role.PRIMARY, NOW)
    evidence = pair(hung, Copy("beta", Life.ABSENT, Role.NONE, NOW))
    assert refusal(evidence, Action.START) is not None
    assert judge(evidence).state is State.UNKNOWN


@pytest.mark.parametrize("gone", [Life.DEAD, Life.ABSENT, Life.UNREACHABLE])
def test_primary_that_hangs_on_its_lost_twin_may_carry_on(gone: Life) -> None:
    # Measured: the power of the secondary's host went in the midst of a checkpoint.
    hung = Copy("alpha", Life.HUNG, Role.PRIMARY, NOW, in_colo=True, armed=True, detail="no answer in 2 s")
    evidence = Evidence(SPEC, NOW, {"alpha": hung, "beta": Copy("beta", gone, Role.SECONDARY, NOW)})
    assert failover_way(evidence) == Way("alpha", "beta", promote=False, attest=gone is Life.UNREACHABLE)
    verdict = judge(evidence)
    assert verdict.do_now is Action.FAILOVER
    assert "alpha" in verdict.do_now_text
    assert "promote" not in verdict.do_now_text
    # One that was stopped by a signal cannot be freed like that, and a twin that may answer is the better copy.
    stopped = replace(hung, detail="stopped by a signal")
    assert isinstance(failover_way(replace(evidence, copies={**evidence.copies, "alpha": stopped})), str)
    twin = Copy("beta", Life.HUNG, Role.SECONDARY, NOW)
    assert isinstance(failover_way(replace(evidence, copies={"alpha": hung, "beta": twin})), str)


def test_two_live_copies_allow_nothing() -> None:
    plain = replace(PRIMARY, armed=False, in_colo=False, migration="")
    evidence = pair(plain, replace(plain, host="beta"))
    assert all(refusal(evidence, action) is not None for action in Action)


def test_both_hosts_gone_means_do_nothing() -> None:
    verdict = judge(
        pair(Copy("alpha", Life.UNREACHABLE, Role.NONE, NOW), Copy("beta", Life.UNREACHABLE, Role.NONE, NOW))
    )
    assert verdict.state is State.UNKNOWN
    assert verdict.do_now is None


def test_damaged_secondary_is_never_promoted() -> None:
    damaged = Copy("beta", Life.RUNNING, Role.SECONDARY, NOW, in_colo=True, migration="colo", damage="disk")
    dead = Copy("alpha", Life.DEAD, Role.PRIMARY, NOW, exit=Exit(0, 9, NOW))
    assert "damaged" in str(failover_way(pair(dead, damaged)))


def test_older_copy_is_not_promoted_after_the_primary_carried_on() -> None:
    dead = Copy("alpha", Life.DEAD, Role.PRIMARY, NOW, generation=2)
    assert "older" in str(failover_way(pair(dead, SECONDARY)))

"""An armed failover acts once, on the end of its own process that was seen, and on nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import event as note_event
from hypothesis import given, settings
from hypothesis import strategies as st

from colotui.controller.fuse import GRACE, Fuse, Target
from colotui.diagnosis.actions import Way
from colotui.diagnosis.arming import arming_refusal, firing
from colotui.diagnosis.evidence import Evidence
from colotui.model.plan import Action, Progress
from colotui.model.protection import Copy, Life, Role
from tests.unit.diagnosis.test_actions import NOW, PRIMARY, SECONDARY, pair

TARGET = Target("alpha", "beta", 4711, 99)
UP = {"alpha": True, "beta": True}
ALPHA = replace(PRIMARY, pid=4711)
WELL = pair(ALPHA, SECONDARY, last_checkpoint=NOW - 1)
DEAD = replace(ALPHA, life=Life.DEAD, speaks=False, in_colo=False, armed=False)
RUNNING = Progress(Action.SWITCH, "web01", "Switch", (), NOW)


def evidence(alpha: Copy = ALPHA, beta: Copy = SECONDARY, **more: object) -> Evidence:
    return pair(alpha, beta, **{"last_checkpoint": NOW - 1, **more})


def fuse() -> Fuse:
    return Fuse(TARGET, NOW, "operator@desk")


def test_a_healthy_pair_can_be_armed_and_fires_on_the_exit() -> None:
    assert arming_refusal(WELL) is None
    armed = fuse()
    armed.look(WELL, UP, 0.0)
    assert armed.view is not None
    assert armed.view.able
    assert armed.exited(4711, 99, WELL, UP) == Way("beta", "alpha", promote=True)
    assert armed.view is None
    assert isinstance(armed.exited(4711, 99, WELL, UP), str)  # once is all


def test_it_fires_even_when_the_secondary_told_of_the_loss_first() -> None:
    armed = fuse()
    broken = evidence(beta=replace(SECONDARY, peer_connected=False))
    armed.look(broken, UP, 0.0)
    armed.look(broken, UP, GRACE - 0.1)
    assert isinstance(armed.exited(4711, 99, broken, UP), Way)


UNFIT = {
    "the pair is not protected": evidence(beta=replace(SECONDARY, in_colo=False, migration="active")),
    "the copy is damaged": evidence(beta=replace(SECONDARY, damage="disk writes are not replicated")),
    "the copy is older": evidence(alpha=replace(ALPHA, generation=1)),
    "the secondary is gone": evidence(beta=replace(SECONDARY, life=Life.DEAD, in_colo=False)),
    "the secondary hangs": evidence(beta=replace(SECONDARY, life=Life.HUNG)),
    "two copies speak": evidence(beta=replace(SECONDARY, role=Role.PRIMARY, speaks=True)),
    "a plan runs": evidence(progress=RUNNING),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_forbids_a_failover_by_hand_forbids_this_one(name: str) -> None:
    assert arming_refusal(UNFIT[name]) is not None
    armed = fuse()
    verdict = armed.exited(4711, 99, UNFIT[name], UP)
    assert isinstance(verdict, str)
    assert armed.ended == verdict
    assert isinstance(armed.exited(4711, 99, WELL, UP), str)  # what did not act once never does


@pytest.mark.parametrize("name", UNFIT)
def test_what_lasts_disarms(name: str) -> None:
    armed = fuse()
    armed.look(UNFIT[name], UP, 10.0)
    armed.look(UNFIT[name], UP, 10.0 + GRACE)
    assert armed.view is None
    assert armed.ended


def test_what_passes_does_not_disarm() -> None:
    armed = fuse()
    for moment in range(20):
        armed.look(UNFIT["the secondary hangs"] if moment % 2 else WELL, UP, moment * (GRACE - 0.5))
    assert armed.armed


def stopped(armed: Fuse) -> None:
    armed.look(evidence(alpha=replace(ALPHA, life=Life.HUNG, speaks=None)), UP, 0.0)
    armed.look(evidence(alpha=replace(ALPHA, life=Life.HUNG, speaks=None)), UP, GRACE)


def another(armed: Fuse) -> None:
    armed.look(evidence(alpha=replace(ALPHA, pid=5000)), UP, 0.0)


def moved(armed: Fuse) -> None:
    swapped = evidence(replace(SECONDARY, host="alpha", pid=4711), replace(PRIMARY, host="beta"))
    armed.look(swapped, UP, 0.0)
    armed.look(swapped, UP, GRACE)


def by_hand(armed: Fuse) -> None:
    assert armed.disarm("by the operator")
    assert not armed.disarm("twice")


def ended_unseen(armed: Fuse) -> None:
    armed.look(WELL, {"alpha": False, "beta": True}, 0.0)
    armed.regain(None, None)


def replaced_unseen(armed: Fuse) -> None:
    armed.look(WELL, {"alpha": False, "beta": True}, 0.0)
    armed.regain(4711, 100)


@pytest.mark.parametrize("how", [stopped, another, moved, by_hand, ended_unseen, replaced_unseen])
def test_disarmed_stays_disarmed(how: Callable[[Fuse], None]) -> None:
    armed = fuse()
    how(armed)
    assert armed.view is None
    armed.look(WELL, UP, 100.0)
    armed.regain(4711, 99)
    assert armed.view is None
    assert isinstance(armed.exited(4711, 99, WELL, UP), str)


@pytest.mark.parametrize("host", ["alpha", "beta"])
def test_a_host_that_is_not_seen_makes_it_unable_and_not_disarmed(host: str) -> None:
    armed = fuse()
    dark = {**UP, host: False}
    for moment in range(100):
        armed.look(evidence(alpha=DEAD), dark, float(moment))
    assert armed.view is not None
    assert not armed.view.able
    assert armed.view.why == f"{host} cannot be seen: it will not act"
    armed.look(WELL, UP, 101.0)
    assert armed.view is not None
    assert not armed.view.able, "the channel alone proves nothing: the process has to be seen again"
    armed.regain(4711, 99)
    assert armed.view is not None
    assert armed.view.able


def test_the_end_of_another_process_is_nothing() -> None:
    armed = fuse()
    assert isinstance(armed.exited(4712, 99, WELL, UP), str)
    assert isinstance(armed.exited(4711, 98, WELL, UP), str)
    assert armed.armed


def test_the_table_is_asked_with_a_dead_primary() -> None:
    assert firing(WELL, "alpha", "beta") == firing(evidence(alpha=DEAD), "alpha", "beta")
    assert isinstance(firing(WELL, "beta", "alpha"), str)


_COPIES = st.builds(
    replace,
    st.sampled_from([ALPHA, SECONDARY]),
    life=st.sampled_from(list(Life)),
    role=st.sampled_from(list(Role)),
    migration=st.sampled_from(["colo", "active", "completed", ""]),
    in_colo=st.booleans(),
    damage=st.sampled_from(["", "disk"]),
    generation=st.sampled_from([0, 1]),
    pid=st.sampled_from([None, 4711, 5000]),
)
_EVIDENCE = st.one_of(
    st.just(WELL),
    st.just(WELL),
    st.builds(
        lambda a, b, p: evidence(replace(a, host="alpha"), replace(b, host="beta"), progress=p),
        _COPIES,
        _COPIES,
        st.sampled_from([None, RUNNING]),
    ),
)
_UP = st.one_of(st.just(UP), st.just(UP), st.fixed_dictionaries({"alpha": st.booleans(), "beta": st.booleans()}))
_EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("look"), _EVIDENCE, _UP),
        st.tuples(st.just("lost"), st.sampled_from(["alpha", "beta"])),
        st.tuples(st.just("regain"), st.sampled_from([(4711, 99), (4711, 100), (None, None)])),
        st.tuples(st.just("plan")),
        st.tuples(st.just("plan ends")),
        st.tuples(st.just("disarm")),
        st.tuples(st.just("exit"), st.just((4711, 99)), _EVIDENCE, _UP),
        st.tuples(st.just("exit"), st.sampled_from([(4711, 99), (4711, 100), (5000, 99)]), _EVIDENCE, _UP),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=600, deadline=None)
@given(_EVENTS)
def test_no_order_of_events_fires_without_the_exit_seen_by_its_host(events: list[tuple[object, ...]]) -> None:
    armed = fuse()
    fired, blind, plan, over = 0, False, False, False
    for moment, event in enumerate(events):
        match event:
            case ("look", seen, dict() as up):
                armed.look(seen, up, float(moment))  # type: ignore[arg-type]
                blind = blind or (armed.armed and not all(up.values()))
            case ("lost", str() as host):
                armed.lose_sight(host)
                blind = True
            case ("regain", (pid, start)):
                armed.regain(pid, start)
                blind = blind and (pid, start) != (4711, 99)
            case ("plan",):
                # As the controller does it: disarmed before the plan does anything.
                armed.disarm("a plan begins")
                plan = over = True
            case ("plan ends",):
                plan = False
            case ("disarm",):
                armed.disarm("by the operator")
                over = True
            case ("exit", (pid, start), seen, dict() as up):
                verdict = armed.exited(pid, start, seen, up, "a plan runs" if plan else "")  # type: ignore[arg-type]
                if isinstance(verdict, Way):
                    fired += 1
                    note_event("it acted")
                    assert (pid, start) == (4711, 99)
                    assert not plan
                    assert not over
                    assert not blind
                    assert all(up.values())
                    assert verdict.promote
                    assert not verdict.attest
                    assert verdict.survivor == "beta"
                    survivor = seen.copies["beta"]  # type: ignore[attr-defined]
                    assert not survivor.damage
                    assert survivor.generation >= seen.copies["alpha"].generation  # type: ignore[attr-defined]
        if armed.ended:
            over = True
    assert fired <= 1
    assert (armed.view is None) == (fired == 1 or bool(armed.ended))

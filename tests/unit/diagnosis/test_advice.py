"""The advice as a whole: whatever is seen, nothing promotes past a copy that may speak, and a way out stays open."""

from __future__ import annotations

import itertools
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from colotui.diagnosis.actions import Way, failover_way, refusal, two_live
from colotui.diagnosis.advice import AMBIGUOUS, TABLE, fill, veto
from colotui.diagnosis.evidence import Evidence, answers, complete
from colotui.diagnosis.incidents.case import Case, Channel
from colotui.diagnosis.incidents.rules import EXPLAINS, diagnose
from colotui.diagnosis.protection import judge
from colotui.model.incident import Confidence, Diagnosed, Fact, Kind, Source
from colotui.model.plan import Action
from colotui.model.protection import Copy, Exit, Life, LinkState, Probe, Role, Severity, State, Witness
from tests.unit.diagnosis.cases import NOW, PRIMARY, SECONDARY, SPEC, case, host
from tests.unit.diagnosis.test_actions import copies

WORDS = (
    "RESET", "SHUTDOWN", "GUEST_PANICKED", "COLO_EXIT", "QUORUM_REPORT_BAD", "BLOCK_IO_ERROR", "timeout", "triple",
    "cpu-reset", "panic", "oops", "goes-down", "boot", "exit", "oom", "qmp-timeout", "heartbeat", "silent", "answers",
)  # fmt: skip
OUT = (Action.FAILOVER, Action.SWITCH, Action.STOP, Action.START, Action.PROTECT, Action.REPROTECT, Action.UNDO)


def of_kind(kind: Kind, evidence: Evidence) -> Diagnosed:
    """An open incident of a kind with its row of the table, as the diagnosis makes it."""
    row = TABLE[kind]
    return Diagnosed(kind, "It is so.", Confidence.PROVEN, NOW, (Fact(NOW, "alpha", Source.QMP, "x", "x"),),
                     Severity.ERROR, row.client, forbids=row.forbids, why_not=fill(row.why_not, evidence))  # fmt: skip


def test_every_kind_has_a_row_and_every_prohibition_a_reason() -> None:
    assert set(TABLE) == set(Kind)
    evidence = case().evidence
    for kind, row in TABLE.items():
        assert fill(row.client, evidence)
        assert row.do or row.otherwise, kind
        assert all((remedy.promotes is None) != (remedy.action is Action.FAILOVER) for remedy in row.do), kind
        assert bool(row.forbids) == bool(row.why_not), kind
        for text in (row.client, row.otherwise, row.do_not, row.why_not, *(remedy.text for remedy in row.do)):
            assert "{" not in fill(text, evidence)
        assert not row.forbids & {remedy.action for remedy in row.do} - {Action.FAILOVER}, kind
    assert all(kind not in hidden for kind, hidden in EXPLAINS.items())


def test_every_pair_of_copies_with_every_kind() -> None:
    """A walk over the product of test_actions (a step that meets every copy of both), each kind of incident open."""
    every = list(itertools.product(copies("alpha"), copies("beta")))
    met: set[tuple[str, Copy]] = set()
    for number in range(0, len(every), 307):
        alpha, beta = every[number]
        met |= {("alpha", alpha), ("beta", beta)}
        plain = Evidence(SPEC, NOW, {"alpha": alpha, "beta": beta}, last_checkpoint=NOW - 1)
        for kind in Kind:
            safe(replace(plain, incidents=(of_kind(kind, plain),)))
    assert len(met) == 2 * len(copies("a"))


def safe(evidence: Evidence) -> None:
    """What must hold whatever is open."""
    for to in ("", "alpha", "beta"):
        way = failover_way(evidence, to)
        if isinstance(way, Way):
            lost, survivor = evidence.copies[way.lost], evidence.copies[way.survivor]
            assert not two_live(evidence)
            # A copy that we cannot see needs an attestation; every other one is fenced by the plan, by its own host.
            assert way.attest == (lost.life is Life.UNREACHABLE)
            if way.promote:
                assert complete(survivor)
                assert veto(evidence.incidents, Action.FAILOVER) is None
            assert not any(incident.kind in AMBIGUOUS for incident in evidence.incidents)
    for incident in evidence.incidents:
        for action in incident.forbids - {Action.FAILOVER}:
            assert refusal(evidence, action)
    verdict = judge(evidence)
    if verdict.do_now is not None:
        assert refusal(evidence, verdict.do_now) is None
    open_way(evidence)


def open_way(evidence: Evidence) -> None:
    """With a healthy copy and nothing ambiguous, what is open never takes the last way out."""
    if two_live(evidence) or any(incident.kind in AMBIGUOUS for incident in evidence.incidents):
        return
    primary = evidence.primary
    if primary is None or not answers(primary):
        return
    before = replace(evidence, incidents=())
    ways = {action for action in OUT if refusal(before, action) is None}
    left = {action for action in ways if refusal(evidence, action) is None}
    # To protect again is no way out but a way on: it may have to wait until the cause is gone.
    urgent = ways & {Action.FAILOVER, Action.STOP}
    assert not urgent or left & {Action.FAILOVER, Action.STOP, Action.SWITCH}, (ways, evidence.incidents[0].kind)


facts = st.builds(
    lambda what, name, source, text, age: Fact(NOW - age, name, source, what, text),
    st.sampled_from(WORDS),
    st.sampled_from(("alpha", "beta")),
    st.sampled_from(tuple(Source)),
    st.sampled_from(
        ("guest-reset", "host-qmp-quit", "replication0 flush", "No space left on device", "\x1b[2J{x}", "")
    ),
    st.floats(-2.0, 1000.0),
)
one_copy = st.builds(
    lambda base, life, colo, linked, damage, generation, detail: replace(
        base, life=life, in_colo=colo, armed=colo and base.role is Role.PRIMARY, migration="colo" if colo else "",
        peer_connected=linked, damage=damage, generation=generation, detail=detail, silent_since=NOW - 4.0,
        speaks=base.role is Role.PRIMARY and life is Life.RUNNING and (not colo or linked is True),
        exit=Exit(0, 9, NOW - 3.0) if life is Life.DEAD else None,
    ),
    st.sampled_from((PRIMARY, SECONDARY, replace(SECONDARY, role=Role.NONE))), st.sampled_from(tuple(Life)),
    st.booleans(), st.sampled_from((True, False, None)),
    st.sampled_from(("", "disk writes are not replicated", "its disk reports errors", "its kernel said `Oops`")),
    st.integers(0, 1), st.sampled_from(("", "stopped by a signal", "no answer")),
)  # fmt: skip
channel = st.builds(Channel, st.sampled_from(tuple(LinkState)), st.floats(NOW - 100.0, NOW))


@settings(max_examples=400, deadline=None)
@given(
    one_copy, one_copy, st.lists(facts, max_size=8), channel, channel, st.booleans(), st.booleans(), st.booleans(),
    st.floats(0.1, 100.0), st.sampled_from((True, False, None)),
)  # fmt: skip
def test_no_evidence_at_all_leads_to_a_second_live_copy(
    alpha: Copy, beta: Copy, told: list[Fact], first: Channel, second: Channel, ping_a: bool, ping_b: bool,
    served: bool, age: float, carrier: bool | None,
) -> None:  # fmt: skip
    pair = {"alpha": replace(alpha, host="alpha"), "beta": replace(beta, host="beta")}
    evidence = Evidence(
        SPEC, NOW, pair, Probe("http://guest/", served, NOW - 0.5, None, None if served else NOW - 5.0, 3, "x"),
        {"alpha": carrier, "beta": True}, NOW - age, NOW - 500.0,
    )  # fmt: skip
    pings = {
        "alpha": Witness("host → host", "alpha", "x", ping_a, NOW - 1.0),
        "beta": Witness("host → host", "beta", "x", ping_b, NOW - 1.0),
    }
    of = Case(evidence, tuple(sorted(told, key=lambda fact: fact.at)), {n: host(n) for n in pair}, {},
              {"alpha": first, "beta": second}, pings)  # fmt: skip
    found = diagnose(of)
    assert len({one.kind for one in found}) == len(found)
    for one in found:
        assert one.witnesses
        assert one.sentence.endswith(".")
        assert one.since == min(fact.at for fact in one.witnesses)
        assert (one.confidence is Confidence.PROVEN) == (one.settle == ""), one
    judged = replace(evidence, incidents=found)
    for one in found:
        if one.do is not None:
            assert refusal(judged, one.do) is None
            assert one.do_text
    safe(judged)
    verdict = judge(judged)
    if verdict.state is State.PROTECTED:
        assert not any(one.severity is Severity.ERROR and one.kind is Kind.GUEST_PANIC for one in found)


def test_diagnosis_is_cheap_enough_to_run_with_every_look() -> None:
    import timeit

    of = case(facts=tuple(Fact(NOW - n, "alpha", Source.STDERR, "said", "x" * 80) for n in range(800)))
    assert timeit.timeit(lambda: diagnose(of), number=20) / 20 < 0.05

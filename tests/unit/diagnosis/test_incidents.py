"""Each kind of incident fires on its evidence, and not on the case that looks nearly like it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from colotui.diagnosis.actions import refusal
from colotui.diagnosis.incidents.rules import diagnose
from colotui.diagnosis.protection import judge
from colotui.engine.xen.log import hypervisor_fact, libxl_fact
from colotui.model.checkpoint import Cause, Checkpoint
from colotui.model.facts import Irq, LinkFacts, Module, ModuleState, NicIrqs, QemuFacts
from colotui.model.incident import Confidence, Kind, Source
from colotui.model.past import CheckpointLog
from colotui.model.plan import Action, Progress
from colotui.model.protection import Exit, Life, Role, State
from tests.unit.diagnosis.cases import (
    NOW,
    PRIMARY,
    SECONDARY,
    case,
    checkpoints,
    dark,
    down,
    fact,
    host,
    kinds,
    only,
    ping,
    silent,
)  # fmt: skip

PLAN = Progress(Action.FAILOVER, "web01", "Fail over web01", (), NOW - 0.2)
DEAD = replace(PRIMARY, life=Life.DEAD, exit=Exit(0, 9, NOW - 2.0), speaks=False, in_colo=False, armed=False)
DEAD_TWIN = replace(SECONDARY, life=Life.DEAD, exit=Exit(0, 9, NOW - 2.0), in_colo=False)
HUNG = replace(PRIMARY, life=Life.HUNG, silent_since=NOW - 4.0, detail="no answer within 1.5 s", speaks=None)
HUNG_TWIN = replace(SECONDARY, life=Life.HUNG, silent_since=NOW - 4.0, detail="stopped by a signal")
ALONE = replace(PRIMARY, in_colo=False, armed=False, migration="", peer_connected=None)


def test_a_healthy_pair_has_none() -> None:
    assert kinds(case()) == []
    assert kinds(case(ALONE, replace(SECONDARY, life=Life.ABSENT, role=Role.NONE, in_colo=False))) == []


def test_two_live_copies() -> None:
    told = diagnose(case(ALONE, replace(ALONE, host="beta")))[0]
    assert (told.kind, told.confidence, told.do) == (Kind.TWO_LIVE, Confidence.PROVEN, None)
    assert told.forbids == frozenset(Action)


def test_dead_primary() -> None:
    told = only(case(DEAD, facts=(fact("COLO_EXIT", "beta", age=1.9),)))
    assert (told.kind, told.confidence, told.do) == (Kind.PRIMARY_DEAD, Confidence.PROVEN, Action.FAILOVER)
    assert [f.source for f in told.witnesses] == [Source.EXIT, Source.QMP]
    assert told.since == NOW - 2.0
    # Its plan ends copies on purpose; and after the promotion nobody misses the old one.
    assert kinds(case(DEAD, evidence={"progress": PLAN})) == []
    assert Kind.PRIMARY_DEAD not in kinds(case(DEAD, replace(ALONE, host="beta")))


def test_the_kernel_explains_a_death_only_by_the_number_of_the_process() -> None:
    killed = fact("oom", "alpha", Source.KERNEL, "Out of memory: Killed process 77 (qemu-system-x86)", age=2.1)
    assert "out of memory" in only(case(DEAD, facts=(killed,))).sentence
    other = replace(killed, text="Out of memory: Killed process 770 (java)")
    assert "out of memory" not in only(case(DEAD, facts=(other,))).sentence


def test_dead_secondary_and_one_that_was_ended_by_a_plan() -> None:
    told = only(case(beta=DEAD_TWIN))
    assert (told.kind, told.do) == (Kind.SECONDARY_DEAD, Action.FAILOVER)
    assert told.do_text == "carry on with alpha alone"
    assert kinds(case(ALONE, DEAD_TWIN)) == []


def test_hung_copies() -> None:
    told = only(case(HUNG))
    assert (told.kind, told.confidence, told.do) == (Kind.PRIMARY_HUNG, Confidence.LIKELY, Action.FAILOVER)
    assert "/proc/77/" in told.settle
    twin = only(case(beta=HUNG_TWIN))
    assert (twin.kind, twin.confidence, twin.do) == (Kind.SECONDARY_HUNG, Confidence.PROVEN, Action.FAILOVER)
    # A copy that was silent for a moment and has not been called hung: no more than a timeout.
    moments = tuple(fact("timeout", age=age) for age in (9.0, 5.0))
    assert only(case(facts=moments)).kind is Kind.QMP_TIMEOUT
    assert kinds(case(facts=moments[:1])) == []


def test_deadlock_needs_an_open_checkpoint_and_a_peer_that_answers() -> None:
    unended = {"alpha": fact("unended", source=Source.TRACE, text="Receive 'vmstate-loaded' message", age=6.0)}
    told = only(case(HUNG, unended=unended))
    assert (told.kind, told.confidence) == (Kind.DEADLOCK, Confidence.LIKELY)
    bad = {"alpha": host("alpha", qemu=QemuFacts("/q", "11.1.3", "deadlocks"))}
    assert only(case(HUNG, unended=unended, hosts=bad, before=bad)).confidence is Confidence.PROVEN
    assert Kind.DEADLOCK not in kinds(case(HUNG))
    assert Kind.DEADLOCK not in kinds(case(HUNG, HUNG_TWIN, unended=unended))
    assert only(case(replace(HUNG, detail="stopped by a signal"), unended=unended)).kind is Kind.PRIMARY_HUNG


def test_both_hosts_vanish_at_once() -> None:
    both = case(dark(PRIMARY), dark(SECONDARY), channels=down("alpha", "beta", apart=0.4))
    told = only(both)
    assert (told.kind, told.confidence, told.do) == (Kind.COCKPIT_CUT, Confidence.LIKELY, None)
    assert told.do_text.startswith("do nothing")
    assert told.forbids == frozenset(Action)
    # One after the other it is less sure, and still nothing may be done.
    apart = only(case(dark(PRIMARY), dark(SECONDARY), channels=down("alpha", "beta", since=60.0, apart=40.0)))
    assert apart.confidence is Confidence.POSSIBLE


def test_a_dark_host_that_its_peer_reaches_lives() -> None:
    told = only(case(dark(PRIMARY), channels=down("alpha"), evidence={"last_checkpoint": NOW - 9.0}))
    assert (told.kind, told.confidence) == (Kind.COCKPIT_CUT, Confidence.PROVEN)
    assert "alpha lives" in told.sentence
    # A ping from before the loss proves nothing.
    old = {"beta": ping("beta", True, age=5.5)}
    late = case(dark(PRIMARY), channels=down("alpha"), pings=old, evidence={"last_checkpoint": NOW - 9.0})
    assert kinds(late) == [Kind.PRIMARY_HOST_DEAD]


def test_dead_hosts() -> None:
    deaf = {"beta": ping("beta", False)}
    gone = case(dark(PRIMARY), channels=down("alpha"), pings=deaf,
                evidence={"last_checkpoint": NOW - 9.0, "probe": silent()})  # fmt: skip
    told = only(gone)
    assert (told.kind, told.confidence, told.do) == (Kind.PRIMARY_HOST_DEAD, Confidence.LIKELY, Action.FAILOVER)
    assert "attested" in told.do_text
    assert {f.source for f in told.witnesses} == {Source.CHANNEL, Source.LINK, Source.PROBE}
    twin = only(case(beta=dark(SECONDARY), channels=down("beta"), pings={"alpha": ping("alpha", False)},
                     evidence={"last_checkpoint": NOW - 9.0}))  # fmt: skip
    assert (twin.kind, twin.do) == (Kind.SECONDARY_HOST_DEAD, Action.FAILOVER)
    # A guest that runs alone misses nobody.
    assert kinds(case(ALONE, dark(replace(SECONDARY, role=Role.NONE)), channels=down("beta"))) == []


def test_cut_forward_link() -> None:
    told = only(case(evidence={"forward_up": {"alpha": False, "beta": True}}))
    assert (told.kind, told.confidence, told.do) == (Kind.FORWARD_CUT, Confidence.PROVEN, Action.FAILOVER)
    stale = {"forward_up": {"alpha": False, "beta": False}, "last_checkpoint": NOW - 9.0}
    assert only(case(evidence=stale)).kind is Kind.FORWARD_CUT  # and not stalled as well
    deaf = {name: ping(name, False) for name in ("alpha", "beta")}
    assert only(case(pings=deaf, evidence={"last_checkpoint": NOW - 9.0})).confidence is Confidence.LIKELY
    # One lost ping, or old ones, are no cut link.
    assert kinds(case(pings={"alpha": ping("alpha", False), "beta": ping("beta", True)})) == []
    assert kinds(case(pings={name: ping(name, False, age=20.0) for name in ("alpha", "beta")})) == []


def test_cut_service_network() -> None:
    cut = {"alpha": host("alpha", service=LinkFacts("eth0", False)), "beta": host("beta")}
    told = only(case(hosts=cut, evidence={"probe": silent()}))
    assert told.kind is Kind.SERVICE_CUT
    assert "no client reaches" in told.sentence
    assert told.do is Action.SWITCH
    assert refusal(replace(case().evidence, incidents=(told,)), Action.START) == told.why_not
    other = {"alpha": host("alpha"), "beta": host("beta", service=LinkFacts("eth0", False))}
    spare = only(case(hosts=other))
    assert "after a failover" in spare.sentence
    assert (spare.do, spare.do_text) == (None, "repair the service network on beta")
    assert refusal(replace(case().evidence, incidents=(spare,)), Action.SWITCH) == spare.why_not
    assert Action.SWITCH not in told.forbids


def test_silent_service_only_after_it_answered() -> None:
    heard = (fact("answers", "", Source.PROBE, age=300.0),)
    assert only(case(facts=heard, evidence={"probe": silent()})).kind is Kind.SERVICE_SILENT
    assert kinds(case(evidence={"probe": silent()})) == []  # it boots
    assert kinds(case(facts=heard, evidence={"probe": silent(1.0, 1)})) == []


def test_lost_replication() -> None:
    bad = fact("QUORUM_REPORT_BAD", text="replication0 flush Input/output error")
    told = only(case(facts=(bad,)))
    assert (told.kind, told.do) == (Kind.REPLICATION_LOST, Action.STOP)
    noted = replace(SECONDARY, damage="disk writes are not replicated")
    assert only(case(beta=noted)).kind is Kind.REPLICATION_LOST
    # The secondary's own quorum node, and an event of a lock-step that is over, say nothing of this copy.
    assert kinds(case(facts=(replace(bad, text="#block634 write error"),))) == []
    assert kinds(case(facts=(bad,), evidence={"lockstep_since": NOW - 1.0})) == []
    # QEMU told of the last secondary a moment late: this one's process began after that, its lock-step long before.
    assert kinds(case(facts=(bad,), began={"beta": NOW - 2.0})) == []
    assert kinds(case(facts=(bad,), began={"beta": NOW - 30.0})) == [Kind.REPLICATION_LOST]


def test_full_disk_of_the_secondary_also_when_its_qemu_ended_of_it() -> None:
    full = replace(fact("BLOCK_IO_ERROR", "beta", text="colo-disk0 write No space left on device"), value=1.0)
    assert only(case(facts=(full,))).kind is Kind.DISK_FULL
    both = kinds(case(beta=DEAD_TWIN, facts=(full,)))
    assert both == [Kind.SECONDARY_DEAD, Kind.DISK_FULL]
    assert kinds(case(facts=(replace(full, host="alpha"),))) == []


def test_resets() -> None:
    pair = (fact("RESET", text="guest-reset"), fact("RESET", "beta", text="guest-reset", age=2.9))
    log = fact("triple", source=Source.TRACE, text="Triple fault", age=3.01)
    assert only(case(facts=(log, *pair))).kind is Kind.TRIPLE_FAULT
    assert only(case(facts=(log, *pair))).confidence is Confidence.PROVEN
    plain = only(case(facts=(*pair, fact("cpu-reset", source=Source.TRACE, text="CPU Reset", age=2.99))))
    assert (plain.kind, plain.confidence) == (Kind.GUEST_RESET, Confidence.LIKELY)
    said = only(case(facts=(fact("goes-down", source=Source.SERIAL, text="reboot: Restarting system", age=4.0), *pair)))
    assert said.kind is Kind.GUEST_RESET
    # Nobody said anything: it stays open which it was.
    unknown = only(case(facts=pair))
    assert (unknown.kind, unknown.confidence) == (Kind.GUEST_RESET, Confidence.POSSIBLE)
    assert unknown.settle
    asked = only(case(facts=(fact("RESET", text="host-qmp-system-reset"),)))
    assert (asked.kind, asked.confidence) == (Kind.GUEST_RESET, Confidence.PROVEN)


def test_reset_of_one_copy_only() -> None:
    one = fact("RESET", "beta", text="guest-reset")
    told = only(case(facts=(one,)))
    assert (told.kind, told.confidence) == (Kind.TRIPLE_FAULT_ONE, Confidence.LIKELY)
    proven = only(case(facts=(one, fact("triple", "beta", Source.TRACE))))
    assert (proven.kind, proven.confidence) == (Kind.TRIPLE_FAULT_ONE, Confidence.PROVEN)
    # Who was not listening when it happened has only the primary's log, and knows nothing of the twin.
    late = only(case(facts=(fact("triple", "alpha", Source.TRACE),)))
    assert (late.kind, late.confidence) == (Kind.TRIPLE_FAULT, Confidence.LIKELY)
    # The twin's own reset may be a moment away; an old one is over; a power-off is none.
    assert kinds(case(facts=(replace(one, at=NOW - 0.5),))) == []
    assert kinds(case(facts=(replace(one, at=NOW - 61.0),))) == []
    assert kinds(case(facts=(replace(one, what="SHUTDOWN", text="guest-shutdown"),))) == []


def test_a_reset_forbids_a_switch_until_both_copies_are_alike_again() -> None:
    asked = fact("RESET", "beta", text="host-qmp-system-reset", age=3.0)
    open_one = case(facts=(asked,), checkpoints=CheckpointLog.of([Checkpoint(NOW - 3.1, Cause.PERIODIC, 200.0, 9)]))
    assert Action.SWITCH in only(open_one).forbids
    # A whole checkpoint since: the primary's memory is what both have now.
    over = only(case(facts=(asked,), checkpoints=CheckpointLog.of([Checkpoint(NOW - 2.0, Cause.TCP, 20.0, 9)])))
    assert (over.kind, over.forbids, over.do) == (Kind.GUEST_RESET, frozenset(), None)
    assert "checkpoint" in over.do_text
    assert "checkpoint" in over.do_not or not over.do_not
    assert over.why_not == ""
    standing = CheckpointLog.of([Checkpoint(NOW - 2.0, Cause.TCP, None, None)])
    assert Action.SWITCH in only(case(facts=(asked,), checkpoints=standing)).forbids
    # Where the primary was reset the guest has to serve again, too.
    both = (fact("RESET", text="guest-reset"), fact("RESET", "beta", text="guest-reset", age=2.9))
    since = CheckpointLog.of([Checkpoint(NOW - 1.0, Cause.TCP, 20.0, 9)])
    assert Action.SWITCH in only(case(facts=both, checkpoints=since, evidence={"probe": silent(2.0, 1)})).forbids
    assert only(case(facts=both, checkpoints=since)).forbids == frozenset()
    log = fact("triple", source=Source.TRACE, text="Triple fault", age=3.01)
    assert only(case(facts=(log, *both), checkpoints=since)).forbids == frozenset()
    # And what is over explains no silence that came after it.
    heard = fact("answers", "", Source.PROBE, age=500.0)
    later = case(facts=(heard, replace(asked, at=NOW - 20.0)), checkpoints=since, evidence={"probe": silent()})
    assert set(kinds(later)) == {Kind.GUEST_RESET, Kind.SERVICE_SILENT}


def test_panic_until_the_guest_is_reset() -> None:
    word = fact("panic", source=Source.SERIAL, text="Kernel panic - not syncing: sysrq triggered crash", age=30.0)
    told = only(case(facts=(word,), evidence={"probe": None}))
    assert (told.kind, told.confidence) == (Kind.GUEST_PANIC, Confidence.LIKELY)
    assert kinds(case(facts=(word,))) == []  # its service has answered since: those were somebody else's words
    assert only(case(facts=(word,), evidence={"probe": silent()})).confidence is Confidence.PROVEN
    assert only(case(facts=(replace(word, source=Source.QMP, what="GUEST_PANICKED"),))).confidence is Confidence.PROVEN
    after = fact("RESET", text="host-qmp-system-reset", age=10.0)
    assert kinds(case(facts=(word, after))) == [Kind.GUEST_RESET]


def test_corrupt_secondary_is_one_that_fails_alone() -> None:
    word = fact("oops", "beta", Source.SERIAL, "BUG: kernel NULL pointer dereference")
    told = only(case(facts=(word,)))
    assert (told.kind, told.do) == (Kind.SECONDARY_CORRUPT, Action.STOP)
    both = (replace(word, at=word.at - 20.0), replace(word, host="alpha", at=word.at - 20.0))
    assert kinds(case(facts=both)) == []
    assert only(case(facts=(*both, word))).witnesses == (word,)
    damaged = replace(SECONDARY, damage="its kernel said `Oops: 0002`")
    assert only(case(beta=damaged)).kind is Kind.SECONDARY_CORRUPT
    # Its host's own kernel is another one, and so was the guest's in the process before.
    assert kinds(case(facts=(replace(word, source=Source.KERNEL),))) == []
    assert kinds(case(facts=(word,), began={"beta": NOW - 1.0})) == []
    # What stood on both consoles before we came has no time: its text tells whether it came to both.
    past = replace(word, what="past-oops", at=NOW - 50.0)
    assert kinds(case(facts=(past, replace(past, host="alpha", at=NOW - 90.0)))) == []
    assert kinds(case(facts=(past, replace(past, host="alpha", text="BUG: soft lockup")))) == [Kind.SECONDARY_CORRUPT]


def test_storm_names_the_protocol_and_what_to_tune() -> None:
    told = only(case(checkpoints=checkpoints(30.0, 5.0, Cause.TCP)))
    assert (told.kind, told.confidence) == (Kind.STORM, Confidence.PROVEN)
    assert "TCP" in told.sentence
    assert "tcp_timestamps" in told.do_text
    assert "UDP" in only(case(checkpoints=checkpoints(12.0, 5.0, Cause.UDP, pause=50.0))).sentence
    # As many that nobody forced, and the pace of ordinary pages.
    assert kinds(case(checkpoints=checkpoints(30.0, 5.0))) == []
    assert kinds(case(checkpoints=checkpoints(7.5, 5.0, Cause.TCP, pause=34.0))) == []


def test_stalled_only_while_both_answer() -> None:
    old = {"last_checkpoint": NOW - 5.5}
    assert only(case(evidence=old)).kind is Kind.STALLED
    assert kinds(case(evidence={"last_checkpoint": NOW - 4.5})) == []
    assert kinds(case(beta=HUNG_TWIN, evidence=old)) == [Kind.SECONDARY_HUNG]


def test_slow_pauses_and_their_cause() -> None:
    slow = {name: host(name, forward=LinkFacts("eth1", True, quickack=False)) for name in ("alpha", "beta")}
    told = only(case(hosts=slow, checkpoints=checkpoints(2.0, 20.0, pause=46.0)))
    assert "delayed ACK" in told.sentence
    assert "quickack" in told.do_text
    large = only(case(checkpoints=checkpoints(1.0, 20.0, pause=400.0, pages=20000)))
    assert "20000 pages" in large.sentence
    assert kinds(case(hosts=slow)) == []
    assert kinds(case(checkpoints=checkpoints(2.0, 20.0, pause=46.0))) == []


def test_clocks_modules_interrupts() -> None:
    drifted = {"alpha": host("alpha", clock_offset_ms=-400.0), "beta": host("beta", clock_offset_ms=900.0)}
    assert only(case(hosts=drifted)).kind is Kind.CLOCK_DRIFT
    near = {"alpha": host("alpha", clock_offset_ms=900.0), "beta": host("beta", clock_offset_ms=950.0)}
    assert kinds(case(hosts=near)) == []
    gone = {"alpha": host("alpha", modules=(Module("ifb", ModuleState.LOADABLE, "holds replies"),))}
    told = only(case(hosts=gone))
    assert (told.kind, told.forbids) == (Kind.MODULE_LOST, frozenset({Action.PROTECT, Action.REPROTECT}))
    assert kinds(case(hosts=gone, before={})) == []
    moved = {"beta": host("beta", nic_irqs=(NicIrqs("eth1", (Irq(30, "eth1-rx", "0", "0"),)),), irqbalance=True)}
    assert "irqbalance" in only(case(hosts=moved)).sentence
    # Another CPU of the same wanted set took it: that is no move.
    same = {"beta": host("beta", nic_irqs=(NicIrqs("eth1", (Irq(30, "eth1-rx", "1", "0"),)),))}
    assert kinds(case(hosts=same)) == []


def test_leftovers() -> None:
    half = only(case(ALONE, replace(SECONDARY, life=Life.ABSENT, role=Role.NONE, in_colo=False),
                     evidence={"half_run": "protect"}))  # fmt: skip
    assert (half.kind, half.do) == (Kind.LEFTOVERS, Action.UNDO)
    mute = replace(PRIMARY, in_colo=False, migration="failed", speaks=False)
    waiting = replace(SECONDARY, life=Life.WAITING, in_colo=False, migration="", runstate="inmigrate")
    assert "hold every reply" in diagnose(case(mute, waiting))[0].sentence
    assert "its twin does not give" in diagnose(case(mute, replace(SECONDARY, in_colo=False)))[0].sentence
    assert kinds(case(mute, waiting, evidence={"progress": PLAN})) == []
    assert kinds(case(mute, waiting, evidence={"settling": True})) == []


LIBXL = "libxl: error: libxl_qmp.c:429:qmp_next: timeout"
XC = "xc: error: rdexact failed (select returned 0): Internal error"
TRIPLE = "(XEN) hvm.c:2645:d5v0 Triple fault on VCPU0 - invoking HVM shutdown action 1."


def test_what_xen_says() -> None:
    timeout = libxl_fact("alpha", LIBXL, NOW - 2.0)
    assert timeout is not None
    assert only(case(facts=(timeout,))).kind is Kind.QMP_TIMEOUT
    alarm = libxl_fact("beta", XC, NOW - 2.0)
    assert alarm is not None
    told = only(case(facts=(alarm,)))
    assert (told.kind, told.confidence) == (Kind.HEARTBEAT, Confidence.PROVEN)
    assert "False alarm" in told.sentence
    assert kinds(case(DEAD, facts=(alarm,))) == [Kind.PRIMARY_DEAD]
    fault = hypervisor_fact("beta", TRIPLE, NOW - 5.0)
    assert fault is not None
    one = only(case(facts=(fault,)))
    assert (one.kind, one.confidence) == (Kind.TRIPLE_FAULT_ONE, Confidence.LIKELY)
    new = hypervisor_fact("beta", "(XEN) d5v0 Triple fault - invoking HVM shutdown action 1", NOW)
    assert new is not None
    assert new.value == 5.0


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (LIBXL, "qmp-timeout"),
        ("libxl: error: libxl_qmp.c:510:qmp_next: Domain 5:timeout", "qmp-timeout"),
        ("libxl: error: libxl_other.c:1:wait: timeout", ""),
        ("libxl: error: libxl_colo_save.c:59:x: cannot open /dev/HA_compare", "module-gone"),
        ("libxl: error: libxl_colo_save_disk_blktap2.c:64:y: cannot connecte to 192.168.3.1", "disk-agent"),
        ("COLO: Backup failed? resuming domain at primary.", "backup-failed"),
        ("migration target: COLO Failover for domain 7", "failover"),
        ("xc: error: 0-length read: Internal error", "heartbeat"),
        ("xc: detail: fine", ""),
        ("\x1b[2Jlibxl: whatever" * 200, ""),
        ("", ""),
    ],
)
def test_lines_of_xl(line: str, what: str) -> None:
    found = libxl_fact("alpha", line, NOW)
    assert (found.what if found else "") == what


def test_the_top_line_names_the_cause_with_the_same_advice() -> None:
    of = case(facts=(fact("QUORUM_REPORT_BAD", text="replication0 flush"),))
    told = only(of)
    verdict = judge(replace(of.evidence, incidents=(told,)))
    assert (verdict.state, verdict.do_now, verdict.do_not) == (State.NOT_PROTECTED, told.do, told.do_not)
    assert verdict.headline == told.sentence.rstrip(".")
    assert judge(of.evidence).state is State.PROTECTED

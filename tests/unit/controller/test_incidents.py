"""Incidents open and close by evidence, keep their ids, and the log of facts stays bounded whatever comes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colotui.controller.facts import KEPT, KEPT_BYTES, FactLog, changes
from colotui.controller.incidents import KEPT as KEPT_INCIDENTS
from colotui.controller.incidents import IncidentBook
from colotui.host import kmsg
from colotui.model.facts import Irq, LinkFacts, Missing, Module, ModuleState, NicIrqs
from colotui.model.incident import Confidence, Diagnosed, Fact, Kind, Source
from colotui.model.plan import Action, Progress
from colotui.model.protection import Event, Severity
from tests.unit.diagnosis.cases import NOW, host


def told(kind: Kind = Kind.PRIMARY_DEAD, at: float = NOW, *more: Fact) -> Diagnosed:
    """A diagnosis whose first witness is at `at`."""
    witnesses = (Fact(at, "alpha", Source.EXIT, "exit", "signal 9"), *more)
    return Diagnosed(kind, "It is so.", Confidence.PROVEN, at, witnesses, Severity.ERROR, "No reply.")


@pytest.fixture
def lines() -> list[Event]:
    """What the book said."""
    return []


@pytest.fixture
def book(lines: list[Event]) -> IncidentBook:
    """A book that notes its lines."""
    return IncidentBook("web01", lines.append)


def test_opens_at_once_and_closes_after_two_silent_seconds(book: IncidentBook, lines: list[Event]) -> None:
    book.update(NOW, [told()])
    (incident,) = book.all
    assert (incident.id, incident.open, incident.opened_at) == ("web01-1", True, NOW)
    for later in (0.5, 1.0, 1.9):
        book.update(NOW + later, [])
        assert book.all[0].open
    book.update(NOW + 2.1, [])
    (incident,) = book.all
    assert (incident.closed_at, incident.closed_by) == (NOW + 2.1, "its witnesses say so no more")
    assert [line.text for line in lines] == [
        "incident web01-1: primary process dead", "incident web01-1 closed: primary process dead",
    ]  # fmt: skip
    assert all(line.guest == "web01" for line in lines)


def test_a_look_that_failed_does_not_close_it(book: IncidentBook, lines: list[Event]) -> None:
    for second in range(20):
        book.update(NOW + second * 0.5, [] if second % 3 == 1 else [told()])
    assert len(book.all) == 1
    assert book.all[0].open
    assert len(lines) == 1


def test_names_the_plan_that_ended_it(book: IncidentBook) -> None:
    book.update(NOW, [told()])
    done = Progress(Action.FAILOVER, "web01", "Fail over web01", (), NOW, ended_at=NOW + 1.0)
    book.update(NOW + 3.0, [], done)
    assert book.all[0].closed_by == "`Fail over web01`"


def test_the_same_witness_opens_it_again_and_a_new_one_makes_a_new_incident(book: IncidentBook) -> None:
    book.update(NOW, [told()])
    book.update(NOW + 3.0, [])
    book.update(NOW + 4.0, [told()])
    assert [(i.id, i.open) for i in book.all] == [("web01-1", True)]
    book.update(NOW + 8.0, [])
    book.update(NOW + 9.0, [told(at=NOW + 8.5)])
    assert [(i.id, i.open) for i in book.all] == [("web01-2", True), ("web01-1", False)]


def test_keeps_the_first_witness_of_what_is_asked_again(book: IncidentBook) -> None:
    for second in range(10):
        ping = Fact(NOW + second, "beta", Source.LINK, "peer", "no answer")
        book.update(NOW + second, [replace(told(), witnesses=(ping,), since=ping.at)])
    now = book.all[0].now
    assert (now.since, len(now.witnesses), now.witnesses[0].at) == (NOW, 1, NOW)
    twice = tuple(Fact(NOW + n, "beta", Source.QMP, "RESET", "guest-reset") for n in (20, 21))
    book.update(NOW + 22, [replace(told(Kind.GUEST_RESET), witnesses=twice, since=NOW + 20)])
    assert len(book.all[0].now.witnesses) == 2


def test_open_ones_first_and_bounded(book: IncidentBook) -> None:
    for number in range(KEPT_INCIDENTS + 50):
        at = NOW + number * 10
        book.update(at, [told(at=at)])
        book.update(at + 3.0, [])
    book.update(NOW + 9e4, [told(Kind.STORM, NOW + 9e4)])
    assert len(book.all) == KEPT_INCIDENTS
    assert book.all[0].now.kind is Kind.STORM
    assert book.all[1].id == f"web01-{KEPT_INCIDENTS + 50}"
    assert len({i.id for i in book.all}) == KEPT_INCIDENTS


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 5), st.sets(st.sampled_from(tuple(Kind)[:5]))), max_size=40))
def test_the_book_always_tells_one_story(steps: list[tuple[float, set[Kind]]]) -> None:
    lines: list[Event] = []
    book, now = IncidentBook("web01", lines.append), NOW
    for pause, found in steps:
        now += pause
        book.update(now, [told(kind, now) for kind in found])
        opened = [i for i in book.all if i.open]
        assert {i.now.kind for i in opened} >= found
        assert len({i.now.kind for i in opened}) == len(opened)
        assert all(i.opened_at <= i.seen_at <= now for i in book.all)
    assert len({i.id for i in book.all}) == len(book.all)


def test_one_flooding_witness_pushes_out_no_other() -> None:
    log = FactLog()
    log.add(Fact(NOW, "alpha", Source.QMP, "RESET", "guest-reset"))
    for number in range(20_000):
        log.add(Fact(NOW + number, "alpha", Source.STDERR, "said", f"{number} " + "x" * 190))
    found = log.since(0.0)
    assert found[0].what == "RESET"
    assert len(found) <= KEPT + 1
    assert log.size <= KEPT_BYTES + 200
    assert log.dropped >= 20_000 - KEPT


def test_a_witness_that_repeats_itself_is_heard_once_a_second() -> None:
    log = FactLog()
    for number in range(100):
        log.add(Fact(NOW + number * 0.024, "alpha", Source.STDERR, "mirror", "filter mirror send failed"))
    assert len(log.since(0.0)) == 3


def test_changes_between_two_samples() -> None:
    well = host("alpha")
    assert changes(well, well) == []
    assert changes(None, well) == []
    cut = host("alpha", forward=LinkFacts("eth1", False), taken_at=NOW)
    assert [f.what for f in changes(well, cut)] == ["forward-down"]
    assert [f.what for f in changes(None, cut)] == ["forward-down"]
    assert [f.what for f in changes(cut, well)] == ["forward-up"]
    assert changes(well, host("alpha", forward=Missing("no answer"))) == []
    gone = host("alpha", modules=(Module("ifb", ModuleState.MISSING, "x"),), service=LinkFacts("eth0", False))
    assert [f.what for f in changes(well, gone)] == ["service-down", "module-gone"]
    moved = host("alpha", nic_irqs=(NicIrqs("eth1", (Irq(30, "eth1-rx", "0", "0"),)),))
    assert changes(well, moved)[0].text == "eth1 IRQ 30 from CPU 1 to CPU 0"


@pytest.mark.parametrize(
    ("record", "what"),
    [
        (b"3,1,99,-;Out of memory: Killed process 77 (qemu-system-x86) total-vm:1kB\n", "oom"),
        (b"6,2,99,-;igb 0000:01:00.0 eth1: igb: eth1 NIC Link is Down\n", "link-down"),
        (b"6,3,99,-;qemu-system-x86[77]: segfault at 0 ip 00 sp 00 error 4\n SUBSYSTEM=x\n", "segfault"),
        (b"3,4,99,c;I/O error, dev sda, sector 5 op 0x1:(WRITE)\n", "disk"),
        (b"6,5,99,-;NET: Registered PF_INET protocol family\n", ""),
    ],
)
def test_kernel_records(record: bytes, what: str) -> None:
    found = kmsg.parse(record)
    assert found is not None
    assert found.what == what
    assert found.sequence in range(1, 6)


@given(st.binary(max_size=300))
def test_any_bytes_are_no_record_or_one(data: bytes) -> None:
    found = kmsg.parse(data)
    assert found is None or len(found.text) <= kmsg.LONGEST

"""Whose disk an event blames, whose kernel fails alone, and how long that is held against a copy."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colotui.engine.qemu.damage import NOT_REPLICATED, OWN_ERRORS, Damages, blamed
from colotui.engine.qemu.session import began_at
from colotui.engine.qemu.witness import event_time

T = 1_795_000_000.0
REPLICAS = frozenset({"replication0"})


def blame(name: str, node: str = "", host: str = "alpha") -> tuple[str, str] | None:
    return blamed(name, {"node-name": node, "error": "Input/output error"}, host, "beta", REPLICAS)


def test_the_replication_node_stands_for_the_twins_disk_whatever_is_known_of_roles() -> None:
    assert blame("QUORUM_REPORT_BAD", "replication0") == ("beta", NOT_REPLICATED)
    # A secondary's own nodes, and the guest's device, are the host's own disk.
    assert blame("QUORUM_REPORT_BAD", "#block606") == ("alpha", OWN_ERRORS)
    assert blame("BLOCK_IO_ERROR", "#block719") == ("alpha", OWN_ERRORS)
    assert blame("BLOCK_JOB_READY", "replication0") is None
    assert blamed("QUORUM_REPORT_BAD", "no fields", "alpha", "beta", REPLICAS) == ("alpha", OWN_ERRORS)


def test_is_held_only_against_the_process_it_belongs_to() -> None:
    damages = Damages()
    damages.blame("beta", T, NOT_REPLICATED)
    assert damages.of("beta", "alpha", T - 5.0) == NOT_REPLICATED
    # QEMU hands a throttled event out up to a second late: the next secondary may be there by then.
    assert damages.of("beta", "alpha", T + 0.5) == ""
    assert damages.of("beta", "alpha", None) == NOT_REPLICATED  # not known when it began: better too careful
    assert damages.of("alpha", "beta", None) == ""
    damages.blame("beta", T - 3.0, OWN_ERRORS)  # an older word does not hide a newer one
    assert damages.of("beta", "alpha", T - 1.0) == NOT_REPLICATED


def test_a_kernel_that_fails_on_both_is_no_damage_of_the_secondary() -> None:
    damages = Damages()
    damages.kernel_failed("beta", T, "Kernel panic - not syncing: sysrq triggered crash")
    assert damages.of("beta", "alpha", T - 60.0).startswith("its kernel said")
    assert not damages.forgiven("beta", "alpha", T - 60.0)
    # The primary says the same a moment later, or said it a moment before.
    damages.kernel_failed("alpha", T + 0.4, "Kernel panic - not syncing: sysrq triggered crash")
    assert damages.of("beta", "alpha", T - 60.0) == ""
    assert damages.forgiven("beta", "alpha", T - 60.0)
    # Later it fails alone.
    damages.kernel_failed("beta", T + 20.0, "Oops: int3: 0000 [#1]")
    assert "int3" in damages.of("beta", "alpha", T - 60.0)
    assert not damages.forgiven("beta", "alpha", T - 60.0)


def test_a_flood_of_words_forgives_nothing() -> None:
    damages = Damages()
    damages.kernel_failed("beta", T - 50.0, "Oops: 0002 [#1]")
    for number in range(100):
        damages.kernel_failed("beta", T + number, "Oops: 0000 [#1]")
        damages.kernel_failed("alpha", T + number, "Oops: 0000 [#1]")
    assert not damages.forgiven("beta", "alpha", T - 60.0)


def test_words_that_were_there_before_us_have_no_time_and_are_compared_by_their_text() -> None:
    damages = Damages()
    damages.kernel_failed("beta", T, "Oops: 0002 [#1]", past=True)
    assert damages.of("beta", "alpha", T - 60.0)
    damages.kernel_failed("alpha", T - 40.0, "Oops: 0002 [#1]", past=True)
    assert damages.of("beta", "alpha", T - 60.0) == ""
    damages.kernel_failed("alpha", T + 90.0, "BUG: soft lockup", past=False)
    damages.kernel_failed("beta", T + 30.0, "BUG: soft lockup", past=False)
    assert "soft lockup" in damages.of("beta", "alpha", T - 60.0)


def test_nothing_known_is_nothing_forgiven() -> None:
    # What an earlier cockpit wrote down is not ours to take back.
    assert not Damages().forgiven("beta", "alpha", T)


def test_when_a_process_began() -> None:
    assert began_at(b"1000.00 1900.00\n", 90_000, 100, T) == pytest.approx(T - 100.0)
    for uptime, ticks, rate in ((b"", 1, 100), (b"x 1", 1, 100), (None, 1, 100), (b"nan 1", 1, 100), (b"5.0 1", 1, 0)):
        assert began_at(uptime, ticks, rate, T) is None
    # Never later than now: what it says of itself must not be taken for an earlier process's words.
    assert began_at(b"1000.00 1900.00\n", 900_000, 100, T) == T


@given(st.binary(max_size=40), st.integers(), st.integers())
def test_any_uptime_is_a_time_or_none(uptime: bytes, ticks: int, rate: int) -> None:
    found = began_at(uptime, ticks, rate, T)
    assert found is None or (math.isfinite(found) and found <= T)


@given(st.recursive(st.none() | st.integers() | st.text(max_size=9) | st.floats(), lambda inner: st.lists(inner)))
def test_any_stamp_is_a_time_or_none(stamp: object) -> None:
    for event in ({"timestamp": stamp}, {"timestamp": {"seconds": stamp, "microseconds": stamp}}, {}):
        found = event_time(event)
        assert found is None or math.isfinite(found)
    assert event_time({"timestamp": {"seconds": 17, "microseconds": 500_000}}) == 17.5

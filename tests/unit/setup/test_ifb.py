"""Claims on ifb devices, leaked ones, which devices a guest NIC gets, and what leads where."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from colotui.errors import HostCallFailed
from colotui.host.claims import Claim, claim_of, guest_nics, holders, leaked
from colotui.host.wiring import Feed, Link, Wiring
from colotui.model.pair import DiskSpec, ForwardSpec, GuestSpec, HostSpec, NicSpec, Pair
from colotui.model.protection import Role
from colotui.model.survey import Leftover, LeftoverKind
from colotui.setup.ifbdevices import Seen, choose, was_of
from colotui.setup.tcstate import Filters, hooks_script, kept_devices, leads

PAIR = Pair(
    "lab",
    (
        HostSpec("alpha", "192.0.2.1", ForwardSpec("eth1", "10.0.0.1")),
        HostSpec("beta", "192.0.2.2", ForwardSpec("eth1", "10.0.0.2")),
    ),
    (GuestSpec("web01", 1 << 28, (DiskSpec("/d"),), (NicSpec("52:54:00:00:00:01"), NicSpec("52:54:00:00:00:02"))),),
)
SITE: Any = SimpleNamespace(name="alpha")


def ifb(index: int, **changes: Any) -> Link:
    """An ifb that was never used."""
    return replace(Link(index, f"ifb{index}", False, False, "", 1500, "ifb", 0, "noop"), **changes)


def wiring(*links: Link, feeds: tuple[Feed, ...] = ()) -> Wiring:
    return Wiring({link.name: link for link in links}, feeds)


def test_a_claim_is_read_as_it_is_written() -> None:
    for claim in (Claim("web01", 0, Role.PRIMARY), Claim("a-b", 12, Role.SECONDARY)):
        assert claim_of(claim.alias) == claim
    for text in ("", "colotui", "colotui web01 0 none", "colotui web01 00 primary", "colotui Web01 0 primary",
                 "colotui web01 0 primary ", "xcolotui web01 0 primary", "colotui web01 0 primary\n"):  # fmt: skip
        assert claim_of(text) is None
    assert [(guest.name, number) for guest, number in guest_nics(PAIR)] == [("web01", 0), ("web01", 1)]


def test_what_leaked_and_what_did_not() -> None:
    mine = Claim("web01", 0, Role.PRIMARY).alias
    found = wiring(
        ifb(0, up=True, qdisc="pfifo_fast"),
        ifb(1),
        ifb(2, up=True, qdisc="colo"),
        ifb(3, up=True),
        ifb(4, up=True, alias="someone else"),
        ifb(5, up=True, alias=mine),
        ifb(6, alias=Claim("gone", 0, Role.PRIMARY).alias),
        ifb(7, up=True, alias=Claim("web01", 2, Role.SECONDARY).alias),
        ifb(8, up=True, alias=Claim("gone", 1, Role.PRIMARY).alias),
        ifb(9, up=True, kind="veth"),
        ifb(10, alias=mine),
        feeds=(Feed("eth1", "ifb3", True, False), Feed("tap0", "ifb8", True, False)),
    )
    assert leaked(found, PAIR) == (
        Leftover(LeftoverKind.IFB, "ifb0"),
        Leftover(LeftoverKind.CLAIM, "ifb6", "gone"),
        Leftover(LeftoverKind.CLAIM, "ifb7", "web01"),
        Leftover(LeftoverKind.CLAIM, "ifb10", "web01"),
    )


def test_claimed_twice_the_one_in_use_is_it() -> None:
    claim = Claim("web01", 0, Role.PRIMARY)
    both = (ifb(0, alias=claim.alias, up=True), ifb(1, alias=claim.alias))
    assert [link.name for link in holders(wiring(*both), claim)] == ["ifb0", "ifb1"]
    fed = wiring(*both, feeds=(Feed("tap0", "ifb1", True, False),))
    assert [link.name for link in holders(fed, claim)] == ["ifb1", "ifb0"]
    assert leaked(fed, PAIR) == (Leftover(LeftoverKind.CLAIM, "ifb0", "web01"),)


def test_which_devices_a_nic_gets() -> None:
    mine = Claim("web01", 0, Role.SECONDARY).alias
    first = {Role.PRIMARY: "ifb0", Role.SECONDARY: "ifb1"}
    assert choose(Seen(wiring(), frozenset()), "web01", 0, {}) == first
    assert choose(Seen(wiring(), frozenset()), "web01", 1, {}, first.values()) == {
        Role.PRIMARY: "ifb2",
        Role.SECONDARY: "ifb3",
    }
    # taken: up, named for another, shaped, fed; free: 4; claimed for us already: 5
    links = (ifb(0, up=True), ifb(1, alias="x"), ifb(2), ifb(3), ifb(4), ifb(5, alias=mine))
    seen = Seen(wiring(*links, feeds=(Feed("eth1", "ifb3", True, False),)), frozenset({"ifb2"}))
    assert choose(seen, "web01", 0, {}) == {Role.PRIMARY: "ifb4", Role.SECONDARY: "ifb5"}
    assert choose(seen, "web01", 0, {Role.PRIMARY: "ifb6"})[Role.PRIMARY] == "ifb6"
    assert choose(seen, "web01", 0, {Role.PRIMARY: "ifb3"})[Role.PRIMARY] == "ifb4"
    assert choose(seen, "web01", 1, {}) == {Role.PRIMARY: "ifb4", Role.SECONDARY: "ifb6"}
    assert seen.why_busy("ifb3") == "tc on eth1 sends packets into it"


def test_what_leads_where() -> None:
    ifbs = {Role.PRIMARY: "ifb0", Role.SECONDARY: "ifb1"}
    primary = leads(Role.PRIMARY, "tap0", "eth1", ifbs)
    assert {(lead.source, lead.incoming, lead.target, lead.copy) for lead in primary} == {
        ("tap0", False, "eth1", True),
        ("tap0", True, "ifb0", False),
        ("eth1", True, "ifb1", False),
    }
    assert [lead.place for lead in primary[:3]] == [(False, 0x0800, 10), (False, 0x0806, 11), (False, 0x86DD, 12)]
    assert primary[2].script == (
        "tc filter show dev tap0 egress protocol ipv6 pref 12 | grep -q . || "
        "tc filter add dev tap0 egress protocol ipv6 pref 12 u32 match u32 0 0 action mirred egress mirror dev eth1"
    )
    assert hooks_script("tap0", "clsact") == "tc qdisc replace dev tap0 clsact"
    secondary = leads(Role.SECONDARY, "tap0", "eth1", {})
    assert {(lead.source, lead.target) for lead in secondary} == {("tap0", "eth1"), ("eth1", "tap0")}
    assert all(lead.incoming and not lead.copy for lead in secondary)
    # u32 shows filters of one preference at both hooks of a clsact
    assert not {lead.place[2] for lead in primary if lead.incoming} & {
        lead.place[2] for lead in primary if not lead.incoming
    }
    right = Filters(*primary[0].place, "u32", True, "eth1", True)
    assert right.makes(primary[0])
    for wrong in (replace(right, plain=False), replace(right, target="eth0"), replace(right, copy=False),
                  replace(right, pref=13), replace(right, incoming=True)):  # fmt: skip
        assert not wrong.makes(primary[0])


@pytest.mark.parametrize("told", [{}, {"a": None}, {"a": {"name": "ifb0"}}, {"a": {"name": 1, "existed": True}}])
def test_a_damaged_memory_is_said(told: Any) -> None:
    with pytest.raises(HostCallFailed, match="damaged"):
        was_of(SITE, told, ["a"])


@pytest.mark.parametrize(
    "was", [None, {}, {"txqlen": "x"}, {"txqlen": 1, "promiscuous": 0, "hooks": "", "places": [1]}]
)
def test_a_damaged_memory_of_the_wiring_is_said(was: Any) -> None:
    with pytest.raises(HostCallFailed, match="damaged"):
        kept_devices(SITE, {"eth1": was})


def test_a_name_that_is_no_word_is_never_used() -> None:
    """The kernel takes `a;reboot` for a device name; the plan's shell lines must not."""
    claim = Claim("web01", 0, Role.PRIMARY)
    odd = replace(ifb(0), name="a;reboot")
    seen = Seen(wiring(odd, replace(odd, index=1, name="-b", alias=claim.alias)), frozenset())
    assert choose(seen, "web01", 0, {Role.PRIMARY: "a;reboot"}) == {Role.PRIMARY: "ifb0", Role.SECONDARY: "ifb1"}
    assert leaked(seen.wiring, PAIR) == (Leftover(LeftoverKind.CLAIM, "-b", "web01"),)
    assert "'a;reboot'" in leads(Role.SECONDARY, "a;reboot", "eth1", {})[0].script

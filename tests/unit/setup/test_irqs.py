"""Which CPU serves which NIC, which NICs carry a pair's packets, and the shell lines that bind them."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from colotui.host.channel import Host
from colotui.host.parsers import cpu_mask
from colotui.model.facts import Missing
from colotui.model.pair import ForwardSpec, HostSpec, Pair
from colotui.model.setup import Wanted
from colotui.model.survey import HostSurvey, Nic
from colotui.setup import offloads
from colotui.setup.irqplan import plan_cpus
from colotui.setup.irqs import _call, mask
from colotui.setup.ledger import Ledger
from colotui.setup.nics import below, carriers
from colotui.setup.site import Site

NICS = some.lists(some.sampled_from([f"eth{number}" for number in range(9)]), min_size=1, unique=True)
ONLINE = some.sets(some.integers(0, 300), min_size=1, max_size=12)
NEAR = some.dictionaries(
    some.sampled_from([f"eth{number}" for number in range(9)]), some.frozensets(some.integers(0, 9))
)


@given(NICS, ONLINE, NEAR)
def test_no_nic_lands_on_cpu_0_and_none_shares_without_need(
    nics: list[str], online: set[int], near: dict[str, frozenset[int]]
) -> None:
    placed = plan_cpus(nics, online, near)
    if len(online) == 1:
        assert placed.cpus == {}
        assert placed.shortage == ""
        return
    usable = online - {0}
    assert list(placed.cpus) == nics
    assert set(placed.cpus.values()) <= usable
    apart = len(set(placed.cpus.values()))
    assert apart == min(len(nics), len(usable))
    assert (placed.shortage == "") == (apart == len(nics))
    first, *others = placed.cpus.values()
    if len(usable) > 1:
        assert first not in others
        counts = [others.count(cpu) for cpu in usable - {first}]
        assert max(counts) - min(counts) <= 1
    assert plan_cpus(nics, sorted(online, reverse=True), near) == placed


@given(NICS, some.integers(2, 12))
def test_a_further_nic_moves_no_other_while_there_are_enough_cpus(nics: list[str], cpus: int) -> None:
    both = plan_cpus([*nics, "last"], range(cpus))
    if len(nics) < cpus - 1:
        assert {name: both.cpus[name] for name in nics} == plan_cpus(nics, range(cpus)).cpus


def test_a_nic_gets_a_cpu_of_its_own_node_when_one_is_left() -> None:
    near = {"eth1": frozenset({4, 5}), "eth0": frozenset({4, 5}), "eth2": frozenset({4, 5})}
    assert plan_cpus(["eth1", "eth0", "eth2"], range(6), near).cpus == {"eth1": 4, "eth0": 5, "eth2": 1}


def test_a_shortage_is_said_in_words() -> None:
    assert plan_cpus(["eth1", "eth0"], range(2)).shortage == (
        "2 NICs but only CPU 1 beside CPU 0: eth1 and eth0 share CPU 1"
    )
    placed = plan_cpus(["eth1", "eth0", "eth3", "eth4"], range(3))
    assert placed.cpus == {"eth1": 1, "eth0": 2, "eth3": 2, "eth4": 2}
    assert placed.shortage == "4 NICs but only CPUs 1-2 beside CPU 0: eth0 and eth3 and eth4 share CPU 2"
    assert plan_cpus(["eth1", "eth0"], range(1)).cpus == {}


@given(some.integers(0, 8000))
def test_a_mask_is_what_the_kernel_reads(cpu: int) -> None:
    text = mask(cpu)
    assert cpu_mask(text) == {cpu}
    assert all(0 < len(word) <= 8 for word in text.split(","))


def nic(name: str, kind: str = "", **more: str) -> Nic:
    return replace(Nic(name, kind, "", "", 1500, True, True), **more)  # type: ignore[arg-type]


def survey(*nics: Nic, known: bool = True) -> HostSurvey:
    return HostSurvey(
        host="alpha", taken_at=0.0, kernel="6.12", system="debian", release="trixie", systemd=False, cpu_model="",
        cpu_flags=frozenset(), cpus=4, kvm=True, nics=nics if known else Missing("no netlink"), ifbs=(), programs={},
        sysctls={}, images=(), leftovers=(), listeners=(),
    )  # fmt: skip


SPEC = HostSpec("alpha", "192.0.2.1", ForwardSpec("eth1", "10.0.0.1"), bridge="br0")


def test_the_carriers_are_the_forward_nic_and_the_lasting_ports_of_the_bridge() -> None:
    found = survey(nic("eth0", master="br0"), nic("tap0", "tun", master="br0"), nic("eth1"), nic("eth5", master="br5"))
    assert carriers(SPEC, found) == ("eth1", "eth0")
    assert carriers(replace(SPEC, service_nic="eth5"), found) == ("eth1", "eth5")
    assert carriers(replace(SPEC, service_nic="eth1"), found) == ("eth1",)
    assert carriers(SPEC, survey(known=False)) == ("eth1",)


def test_a_vlan_and_a_bond_are_served_by_what_is_below_them() -> None:
    found = survey(nic("bond0.7", "vlan", parent="bond0"), nic("bond0", "bond"), nic("a", master="bond0"),
                   nic("b", master="bond0"), nic("x", "vlan", parent="y"), nic("y", "vlan", parent="x"))  # fmt: skip
    assert below(found, "bond0.7") == ("a", "b")
    assert below(found, "a") == ("a",)
    assert below(found, "not there") == ("not there",)
    assert below(found, "x") == ()  # a host that tells nonsense ends no cockpit


async def test_no_step_without_a_wish() -> None:
    host = Host(SPEC)
    site = Site(Pair("p", (SPEC, replace(SPEC, name="beta")), ()), SPEC, host, survey(), Ledger(host))
    assert await offloads.steps(site, Wanted(offloads_off=False)) == []


@pytest.mark.parametrize("name", ["$(touch x)", "a b", "'", '"; false'])
def test_a_name_is_never_taken_for_shell_text(name: str) -> None:
    told = subprocess.run(["sh", "-euc", _call('printf "%s|%s" "$1" "$2"', "told", name, "3")], capture_output=True)
    assert told.stdout.decode() == f"{name}|3"


async def test_the_offloads_script_says_every_nic_and_offload() -> None:
    host = Host(SPEC)
    seen = survey(nic("eth0", master="br0"), nic("eth1", "vlan", parent="eth7"))
    site = Site(Pair("p", (SPEC, replace(SPEC, name="beta")), ()), SPEC, host, seen, Ledger(host))
    (step,) = await offloads.steps(site, Wanted(offloads_off=True))
    assert step.at_boot
    _, *lines = step.script
    assert lines[:2] == ["ethtool -K eth1 tso off || true", "ethtool -K eth1 sg off || true"]
    assert [line.split()[2] for line in lines[::5]] == ["eth1", "eth7", "eth0", "br0"]
    assert len(lines) == 20

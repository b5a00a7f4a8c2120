"""Network set-up on bare hosts: forward NIC, bridge, what survives a reboot, and every undo exact."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from colotui.errors import HostCallFailed
from colotui.host.channel import Host
from colotui.lab import build
from colotui.lab.lab import Lab
from colotui.model.plan import Step
from colotui.model.setup import Wanted
from colotui.setup import bridge, guard, keep, sockets
from colotui.setup.forward import forward_steps
from colotui.setup.site import Site
from tests.lab.hostdump import differences, dump
from tests.lab.preparing import applied, checked, site_on, undone

NAME = "hnet"
MTU = 1450


@pytest.fixture(scope="module")
def bare() -> Iterator[Lab]:
    lab = Lab(NAME)
    lab.down()
    lab.up(build.build(lambda *_: None), bare=True, tie=os.getpid())
    try:
        yield lab
    finally:
        lab.down()


def pair_of(lab: Lab) -> str:
    state = lab.state()
    assert state is not None
    return state.pair


def sh(lab: Lab, host: str, script: str) -> str:
    argv = lab.host_argv(host, ["sh", "-eu", "-c", script])
    ended = subprocess.run(argv, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


async def all_steps(site: Site, wanted: Wanted | None = None) -> list[Step]:
    wanted = wanted or Wanted()
    found = await forward_steps(site, wanted, mtu=MTU)
    found += [*await bridge.steps(site, wanted), *await sockets.steps(site, wanted)]
    return [*found, keep.keep_step(site, found)]


def test_an_untouched_host_stays_as_it_is(bare: Lab) -> None:
    first = dump(bare, "alpha")
    assert first["files"]["/etc/hostname"][1] == len("alpha\n")
    assert {"eth0", "eth1", "eth2", "lo"} == set(first["links"])
    time.sleep(5)
    assert differences(first, dump(bare, "alpha")) == []


@pytest.mark.parametrize("systemd", [False, True], ids=["rc.local", "systemd"])
async def test_every_step_and_its_exact_undo(bare: Lab, systemd: bool) -> None:
    sh(bare, "alpha", "ip link set eth1 down; ip link set eth0 down")
    before = dump(bare, "alpha")
    async with site_on(pair_of(bare), "alpha", systemd=systemd) as site:
        steps = await all_steps(site)
        assert set((await checked(steps)).values()) == {False}
        assert list(await applied(steps)) == ["forward-up", "forward-address", "quickack", "bridge", "keep"]
        assert set((await checked(steps)).values()) == {True}
        routes = (
            sh(bare, "alpha", "ip -d route show 10.78.0.0/16").splitlines()
            or sh(bare, "alpha", "ip -d route show dev eth1").splitlines()
        )
        assert len(routes) == 1
        assert "quickack 1" in routes[0]
        done = dump(bare, "alpha")
        assert await applied(await all_steps(site)) == {}
        assert differences(done, dump(bare, "alpha")) == []
        assert done["links"]["br0"]["address"] == done["links"]["eth0"]["address"]
        for step in steps[:-1]:
            await step.apply()  # once more, though it is so already
        assert differences(done, dump(bare, "alpha")) == []
        await undone(await all_steps(site))
        assert await site.ledger.keys() == ()
        assert differences(before, dump(bare, "alpha")) == []
        assert set((await undone(steps)).values()) == {"nothing was changed here"}
    sh(bare, "alpha", "ip link set eth1 up; ip link set eth0 up")


async def test_the_forward_address_is_refused_where_it_would_harm(bare: Lab) -> None:
    async with site_on(pair_of(bare), "alpha") as site:
        step = (await forward_steps(site, Wanted()))[1]
        own = f"{site.spec.forward.address}/24"
        near = str(site.spec.forward.address).rsplit(".", 1)[0] + ".77/24"
        for make, undo, sentence in (
            (f"ip addr add {own} dev eth0", f"ip addr del {own} dev eth0", "on eth0"),
            (f"ip addr add {near} dev eth0", f"ip addr del {near} dev eth0", "is in the network"),
            (f"ip addr add {own[:-3]}/16 dev eth1", f"ip addr del {own[:-3]}/16 dev eth1", "prefix length 16"),
            ("ip link add br7 type bridge; ip link set eth1 master br7", "ip link del br7", "belongs to br7"),
            ("ip route add default dev eth1", "ip route del default dev eth1", "default route leads through eth1"),
        ):
            before = dump(bare, "alpha")
            sh(bare, "alpha", make)
            with pytest.raises(HostCallFailed, match=sentence):
                await step.apply()
            sh(bare, "alpha", undo)
            assert differences(before, dump(bare, "alpha")) == [], sentence
        site.spec = replace(site.spec, forward=replace(site.spec.forward, nic="eth9"))
        for step in await forward_steps(site, Wanted()):
            assert not (step.check and await step.check())
        step = (await forward_steps(site, Wanted()))[0]
        with pytest.raises(HostCallFailed, match="There are: eth0, eth1, eth2") as raised:
            await step.apply()
        assert "no network device eth9" in raised.value.what


CARRY = """
ip addr add 10.79.9.5/24 broadcast 10.79.9.255 label eth2:1 dev eth2
ip route change $(ip route show dev eth2 src {address} | cut -d' ' -f1) dev eth2 proto kernel scope link \
  src {address} quickack 1
ip route add default via {gateway} dev eth2 proto static metric 50
ip route add 10.80.0.0/16 via {gateway} dev eth2 table 77
echo 0 >/proc/sys/net/ipv6/conf/eth2/disable_ipv6
ip addr add fd00:79::5/64 nodad dev eth2
ip route add fd00:80::/64 via fd00:79::1 dev eth2
"""
PUT_BACK = """
ip route del 10.80.0.0/16 table 77; ip route del default; ip addr del 10.79.9.5/24 dev eth2
ip addr del fd00:79::5/64 dev eth2; echo 1 >/proc/sys/net/ipv6/conf/eth2/disable_ipv6
ip route change $(ip route show dev eth2 src {address} | cut -d' ' -f1) dev eth2 proto kernel scope link src {address}
"""


@pytest.fixture
def carrying(bare: Lab) -> Iterator[Lab]:
    """The NIC that SSH runs over carries more than one address, and routes of every kind."""
    state = bare.state()
    assert state is not None
    words = {"address": state.hosts["alpha"].address, "gateway": state.net.management(1)}
    sh(bare, "alpha", "echo 0 >/proc/sys/net/ipv6/conf/default/disable_ipv6")
    sh(bare, "alpha", CARRY.format(**words))
    yield bare
    sh(bare, "alpha", PUT_BACK.format(**words))
    sh(bare, "alpha", "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6")


async def test_the_bridge_under_our_own_session(carrying: Lab) -> None:
    before = dump(carrying, "alpha")
    async with site_on(pair_of(carrying), "alpha", service_nic="eth2") as site:
        (step,) = await bridge.steps(site, Wanted())
        assert "comes back by itself" in step.why
        told = await step.apply()
        assert site.spec.address in told
        assert await step.check()
        fresh = Host(site.spec)
        await fresh.connect()
        await fresh.close()
        after = dump(carrying, "alpha")
        assert [one["local"] for one in after["addresses"]["br0"] if one["scope"] == "global"] == [
            one["local"] for one in before["addresses"]["eth2"] if one["scope"] == "global"
        ]
        assert not [one for one in after["addresses"]["eth2"] if one["scope"] == "global"]
        for family in ("-4", "-6"):
            there = [{**one, "dev": one["dev"].replace("br0", "eth2")} for one in after["routes"][family]]
            lost = [one for one in before["routes"][family] if one not in there]
            assert lost == []
        assert not [path for path in after["files"] if path.startswith("/run/colotui-guard")]
        (again,) = await bridge.steps(site, Wanted())
        assert again.script == step.script
        assert "eth2 as it was" in await again.undo()  # type: ignore[misc]
        assert differences(before, dump(carrying, "alpha")) == []


@pytest.mark.parametrize("port", [True, False])
@pytest.mark.parametrize("nic", ["eth2", "eth0"])
async def test_a_bridge_that_was_there_keeps_what_it_had(carrying: Lab, port: bool, nic: str) -> None:
    sh(carrying, "alpha", "ip link add br0 type bridge stp_state 0; ip addr add 192.0.2.1/24 dev br0")
    if port:
        sh(carrying, "alpha", "ip link add v1 type veth peer name v2; ip link set v1 master br0 up")
    before = dump(carrying, "alpha")
    async with site_on(pair_of(carrying), "alpha", service_nic=nic) as site:
        (step,) = await bridge.steps(site, Wanted())
        await step.apply()
        assert await step.check()
        await step.undo()  # type: ignore[misc]
    # the limits of what a port may send at once follow the ports, and stay when the last one has left
    left = [line for line in differences(before, dump(carrying, "alpha")) if "br0.tso_max" not in line]
    assert left == []
    sh(carrying, "alpha", "ip link del br0" + ("; ip link del v1" if port else ""))


async def test_an_rc_local_that_was_there_is_put_back(bare: Lab) -> None:
    sh(bare, "alpha", "printf '#!/bin/sh -e\\ntrue\\nexit 0\\n' >/etc/rc.local; chmod 700 /etc/rc.local")
    before = dump(bare, "alpha")
    async with site_on(pair_of(bare), "alpha") as site:
        step = keep.keep_step(site, [])
        await step.apply()
        assert await step.check()
        assert sh(bare, "alpha", "tail -n 2 /etc/rc.local") == f"{keep.RC_LINE}\nexit 0\n"
        await step.undo()  # type: ignore[misc]
        assert differences(before, dump(bare, "alpha")) == []
        await step.apply()
        sh(bare, "alpha", "sed -i '2i later' /etc/rc.local")
        await step.undo()  # type: ignore[misc]
        assert sh(bare, "alpha", "cat /etc/rc.local") == "#!/bin/sh -e\nlater\ntrue\nexit 0\n"
        assert await site.ledger.keys() == ()
        sh(bare, "alpha", "chmod 644 /etc/rc.local")
        with pytest.raises(HostCallFailed, match="not executable, so that nothing runs it"):
            await step.apply()
        assert await site.ledger.keys() == ()
    sh(bare, "alpha", "rm /etc/rc.local")


VICTIM = """
import asyncio, os, signal, sys
from colotui.model.setup import Wanted
from colotui.setup import bridge, guard
from tests.lab.preparing import site_on
async def main():
    async with site_on(sys.argv[1], "alpha", service_nic="eth2") as site:
        (step,) = await bridge.steps(site, Wanted())
        async def die(*_):
            while await guard._state(site.host) != "moved":
                await asyncio.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)
        guard._confirm = die
        await getattr(step, sys.argv[2])()
asyncio.run(main())
"""


async def _dies(lab: Lab, how: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", VICTIM, pair_of(lab), how], capture_output=True, text=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr


async def _gone(lab: Lab) -> float:
    began = time.monotonic()
    while lab.path_on("alpha", guard.FOLDER).exists():
        await asyncio.sleep(0.1)
        assert time.monotonic() - began < 60
    return time.monotonic() - began


async def test_a_cockpit_killed_before_it_confirmed(carrying: Lab) -> None:
    before = dump(carrying, "alpha")
    await _dies(carrying, "apply")
    assert "br0" in dump(carrying, "alpha")["links"]
    await _gone(carrying)
    back = dump(carrying, "alpha")
    rest = [line for line in differences(before, back) if not line.startswith(".files./var/lib/colotui/setup")]
    assert rest == []
    async with site_on(pair_of(carrying), "alpha", service_nic="eth2") as site:
        (step,) = await bridge.steps(site, Wanted())
        assert not await step.check()
        await step.apply()
        assert await step.check()
        moved = dump(carrying, "alpha")
    # the same while it is taken back, and this time the next cockpit comes while the host still waits
    await _dies(carrying, "undo")
    async with site_on(pair_of(carrying), "alpha", service_nic="eth2") as site:
        (step,) = await bridge.steps(site, Wanted())
        assert not await step.check(), "what may still go back is not so"
        await _gone(carrying)
        assert differences(moved, dump(carrying, "alpha")) == []
        assert await step.check()
        await step.undo()  # type: ignore[misc]
    assert differences(before, dump(carrying, "alpha")) == []


async def test_a_move_that_the_kernel_refuses_leaves_all_as_it_was(carrying: Lab) -> None:
    before = dump(carrying, "alpha")
    async with site_on(pair_of(carrying), "alpha", service_nic="eth2") as site:
        with pytest.raises(HostCallFailed, match=r"a try: .*nosuch"):
            await guard.guarded(
                site,
                "a try",
                ["link add name br0 type bridge", "link set dev eth2 master br0", "link set dev nosuch up"],
                ["link del dev br0", "link set dev eth2 up"],
            )
    assert differences(before, dump(carrying, "alpha")) == []


async def test_what_was_set_is_there_again_after_a_reboot(bare: Lab) -> None:
    before = dump(bare, "beta")
    async with site_on(pair_of(bare), "beta") as site:
        await applied(await all_steps(site))
    bare.host_off("beta")
    bare.host_on("beta")
    async with site_on(pair_of(bare), "beta") as site:
        steps = await all_steps(site)
        assert set((await checked(steps)).values()) == {True}, sh(bare, "beta", "sh /etc/colotui/boot.sh 2>&1")
        await undone(steps)
    assert differences(before, dump(bare, "beta")) == []


async def test_the_bridge_under_our_own_session_after_a_reboot(bare: Lab) -> None:
    async with site_on(pair_of(bare), "beta", service_nic="eth2") as site:
        await applied(await all_steps(site))
    bare.host_off("beta")
    bare.host_on("beta")
    async with site_on(pair_of(bare), "beta", service_nic="eth2") as site:
        steps = await all_steps(site)
        assert set((await checked(steps)).values()) == {True}, sh(bare, "beta", "sh /etc/colotui/boot.sh 2>&1")
        assert site.spec.address in sh(bare, "beta", "ip addr show dev br0")
        assert site.spec.address not in sh(bare, "beta", "ip addr show dev eth2")
        await undone(steps)
    assert site.spec.address in sh(bare, "beta", "ip addr show dev eth2")


@pytest.mark.parametrize(("systemd", "nic"), [(False, "eth0"), (True, "eth2"), (False, None)])
async def test_the_scripts_by_hand_do_the_same(bare: Lab, systemd: bool, nic: str | None) -> None:
    async with site_on(pair_of(bare), "beta", systemd=systemd, service_nic=nic) as site:
        steps = await all_steps(site)
        assert not any((await checked(steps)).values())
        for _ in range(2):
            for step in steps:
                sh(bare, "beta", "\n".join(step.script))
        assert set((await checked(steps)).values()) == {True}
        assert set((await checked(await all_steps(site))).values()) == {False, True} if nic == "eth2" else {True}
    bare.host_off("beta")
    bare.host_on("beta")
    sh(bare, "beta", "rm -rf /etc/colotui /etc/rc.local /etc/systemd/system/colotui-host.service "
       "/etc/systemd/system/multi-user.target.wants/colotui-host.service")  # fmt: skip
    bare.host_off("beta")
    bare.host_on("beta")

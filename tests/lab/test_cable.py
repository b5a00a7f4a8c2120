"""The cable between two real hosts, tested frame by frame: whole, cut, mixed up, and a switch in its place."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import AsyncIterator, Iterator

import pytest

from colotui.config import load
from colotui.host.cable import cable_test
from colotui.host.channel import Host
from colotui.lab import build
from colotui.lab.lab import Lab
from colotui.model.cable import CableReport, Way

NAME = "hcable"
STRANGER = "02:aa:bb:cc:dd:01"

# sends broadcast frames from an address of its own until it is killed
_BABBLE = f"""
import socket, time
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sock.bind(("service", 0))
frame = b"\\xff" * 6 + bytes.fromhex("{STRANGER.replace(":", "")}") + b"\\x88\\xb6" + bytes(46)
print("ready", flush=True)
while True:
    sock.send(frame)
    time.sleep(0.01)
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    lab = Lab(NAME)
    lab.down()
    lab.up(build.build(lambda *_: None), bare=True, tie=os.getpid())
    try:
        yield lab
    finally:
        lab.down()


@pytest.fixture
async def hosts(lab: Lab) -> AsyncIterator[tuple[Host, Host]]:
    state = lab.state()
    assert state is not None
    alpha, beta = (Host(spec) for spec in load(state.pair).hosts)
    try:
        await alpha.connect()
        await beta.connect()
        yield alpha, beta
    finally:
        await alpha.close()
        await beta.close()


def ip(lab: Lab, host: str, *words: str) -> None:
    """`ip` on a host."""
    subprocess.run(lab.host_argv(host, ["ip", *words]), check=True)


@contextlib.contextmanager
def plugged(lab: Lab, host: str, network: str) -> Iterator[str]:
    """A fourth NIC of a host, up, in one of the lab's networks."""
    state = lab.state()
    assert state is not None
    pid, nic = str(state.hosts[host].pid), "eth9"
    for words in (
        ["link", "add", "spare", "type", "veth", "peer", "name", nic, "netns", pid],
        ["link", "set", "spare", "master", network, "up"],
    ):
        subprocess.run(lab.client_argv(["ip", *words]), check=True)
    ip(lab, host, "link", "set", nic, "up")
    try:
        yield nic
    finally:
        subprocess.run(lab.client_argv(["ip", "link", "del", "spare"]), check=True)


@contextlib.contextmanager
def swallowing(lab: Lab, match: str) -> Iterator[None]:
    """Frames from alpha that `match` (as u32 has it, from the payload on) get lost on their way to beta."""
    client = lab.client_argv([])
    for words in (
        "ip link add drain type veth peer name drained",
        "ip link set drain up",
        "tc qdisc add dev alpha-forward ingress",
        f"tc filter add dev alpha-forward parent ffff: protocol all u32 match {match} "
        "action mirred egress redirect dev drain",
    ):
        subprocess.run([*client, *words.split()], check=True)
    try:
        yield
    finally:
        subprocess.run([*client, "tc", "qdisc", "del", "dev", "alpha-forward", "ingress"], check=True)
        subprocess.run([*client, "ip", "link", "del", "drain"], check=True)


def ways(report: CableReport) -> tuple[Way, Way]:
    assert report.there is not None
    assert report.back is not None
    return report.there, report.back


def leftovers(lab: Lab) -> list[str]:
    """What a test may leave on the hosts: promiscuous NICs and raw sockets."""
    found = []
    for host in ("alpha", "beta"):
        argv = lab.host_argv(host, ["sh", "-c", "cat /sys/class/net/eth*/flags; tail -n +2 /proc/net/packet"])
        shown = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split("\n")
        found += [line for line in shown if line and not (line.startswith("0x") and not int(line, 16) & 0x100)]
    return found


async def nothing_left(lab: Lab) -> None:
    """An agent whose call was cancelled needs a moment to see it."""
    for _ in range(100):
        if not leftovers(lab):
            return
        await asyncio.sleep(0.05)
    assert leftovers(lab) == []


async def test_a_direct_cable(lab: Lab, hosts: tuple[Host, Host]) -> None:
    alpha, beta = hosts
    others = {"alpha": ["eth0", "eth2"], "beta": ["eth0", "eth2"]}
    report = await cable_test(alpha, "eth1", beta, "eth1", others=others)
    assert report.error == ""
    assert report.direct
    assert report.nics == ("eth1", "eth1")
    for way, names in zip(ways(report), (("alpha", "beta"), ("beta", "alpha")), strict=True):
        assert (way.source, way.target) == names
        assert way.seen
        assert way.sent >= 200
        assert way.lost == 0
        assert way.latency_p50_ms is not None
        assert way.latency_p99_ms is not None
        assert 0 < way.latency_p50_ms <= way.latency_p99_ms
        assert way.rate_mbps is not None
        assert way.rate_mbps > 1
        assert way.largest == way.mtu == 1500
        assert way.strangers == ()
    assert leftovers(lab) == []


async def test_a_switch_with_a_stranger(lab: Lab, hosts: tuple[Host, Host]) -> None:
    alpha, beta = hosts
    babble = subprocess.Popen(lab.client_argv(["python3", "-c", _BABBLE]), stdout=subprocess.PIPE)
    try:
        assert babble.stdout is not None
        assert babble.stdout.readline() == b"ready\n"
        report = await cable_test(alpha, "eth0", beta, "eth0", seconds=1.0)
    finally:
        babble.kill()
        babble.wait()
    assert report.error == ""
    assert not report.direct
    for way in ways(report):
        assert way.seen
        assert STRANGER in way.strangers
        assert way.foreign_per_s > 10
    quiet = await cable_test(alpha, "eth1", beta, "eth1", seconds=1.0)
    assert quiet.direct, "strangers are those of the NIC that is tested"


@pytest.mark.parametrize("bridged", [False, True])
async def test_a_switch_that_another_nic_is_in(lab: Lab, hosts: tuple[Host, Host], bridged: bool) -> None:
    alpha, beta = hosts
    with plugged(lab, "beta", "forward") as nic:
        if bridged:  # a bridge takes the frames away from all that listen later than the taps do
            ip(lab, "beta", "link", "add", "br9", "type", "bridge")
            ip(lab, "beta", "link", "set", nic, "master", "br9")
            ip(lab, "beta", "link", "set", "br9", "up")
        try:
            others = {"alpha": ["eth0", "eth2"], "beta": ["eth0", "eth2", nic]}
            report = await cable_test(alpha, "eth1", beta, "eth1", others=others, seconds=1.0)
        finally:
            if bridged:
                ip(lab, "beta", "link", "del", "br9")
    assert all(way.seen for way in ways(report))
    assert report.elsewhere == (f"beta {nic}",)
    assert not report.direct


async def test_what_is_made_of_the_nic_is_not_elsewhere(lab: Lab, hosts: tuple[Host, Host]) -> None:
    alpha, beta = hosts
    ip(lab, "beta", "link", "add", "br9", "type", "bridge")
    ip(lab, "beta", "link", "set", "eth1", "master", "br9")
    ip(lab, "beta", "link", "set", "br9", "up")
    try:
        report = await cable_test(alpha, "eth1", beta, "eth1", others={"beta": ["br9", "gone"]}, seconds=1.0)
    finally:
        ip(lab, "beta", "link", "del", "br9")
    assert report.error == ""
    assert report.elsewhere == ()
    assert all(way.seen and way.lost == 0 for way in ways(report))


async def test_a_cable_that_loses_frames(lab: Lab, hosts: tuple[Host, Host]) -> None:
    with swallowing(lab, "u8 0 0x0f at 21"):  # every 16th number
        there, back = ways(await cable_test(hosts[0], "eth1", hosts[1], "eth1", seconds=1.0))
    for way in (there, back):  # lost on the way there, and the answer lost on the way back
        assert way.sent // 16 <= way.lost <= way.sent // 16 + 1
        assert way.seen
        assert way.largest == 1500


async def test_a_cable_that_carries_one_way_only(lab: Lab, hosts: tuple[Host, Host]) -> None:
    with swallowing(lab, "u32 0 0 at 0"):
        report = await cable_test(hosts[0], "eth1", hosts[1], "eth1", seconds=1.0)
    there, back = ways(report)
    assert not there.seen
    assert back.seen
    assert (there.lost, back.lost) == (there.sent, back.sent)
    assert not report.direct


async def test_the_wrong_pair_of_nics(hosts: tuple[Host, Host]) -> None:
    alpha, beta = hosts
    others = {"alpha": ["eth0", "eth1", "eth2"], "beta": ["eth0", "eth1", "eth2"]}
    report = await cable_test(alpha, "eth1", beta, "eth0", others=others, seconds=1.0)
    assert report.error == ""
    assert not report.direct
    for way in ways(report):
        assert not way.seen
        assert way.sent >= 200
        assert way.lost == way.sent
        assert (way.latency_p50_ms, way.latency_p99_ms, way.rate_mbps, way.largest) == (None, None, None, None)
    assert set(report.elsewhere) == {"beta eth1", "alpha eth0"}, "where the frames went instead"


async def test_another_mtu_at_one_end(lab: Lab, hosts: tuple[Host, Host]) -> None:
    alpha, beta = hosts
    ip(lab, "beta", "link", "set", "eth1", "mtu", "1300")
    try:
        there, back = ways(await cable_test(alpha, "eth1", beta, "eth1"))
    finally:
        ip(lab, "beta", "link", "set", "eth1", "mtu", "1500")
    assert (there.mtu, back.mtu) == (1500, 1300)
    assert there.largest is not None
    assert 1300 <= there.largest <= 1304, "a NIC leaves room for a VLAN's tag"
    assert back.largest == 1300
    assert there.rate_mbps is not None
    assert there.lost == 0


async def test_a_cut_cable(lab: Lab, hosts: tuple[Host, Host]) -> None:
    lab.cut("forward")
    try:
        report = await cable_test(hosts[0], "eth1", hosts[1], "eth1")
    finally:
        lab.mend("forward")
    assert report.error.startswith("alpha: eth1 has no carrier. Plug in the cable")
    assert not report.direct
    assert (report.there, report.back) == (None, None)


async def test_a_cable_cut_half_way(lab: Lab, hosts: tuple[Host, Host]) -> None:
    test = asyncio.create_task(cable_test(hosts[0], "eth1", hosts[1], "eth1"))
    await asyncio.sleep(0.2)
    await asyncio.to_thread(lab.cut, "forward")
    try:
        report = await test
    finally:
        lab.mend("forward")
    assert report.error or any(way.lost for way in ways(report))
    await nothing_left(lab)


async def test_nics_that_cannot_be_tested(lab: Lab, hosts: tuple[Host, Host]) -> None:
    alpha, beta = hosts
    ip(lab, "beta", "link", "set", "eth1", "down")
    try:
        down = await cable_test(beta, "eth1", alpha, "eth1")
    finally:
        ip(lab, "beta", "link", "set", "eth1", "up")
    assert down.error == "beta: eth1 is down. Bring it up (ip link set eth1 up), then test again."
    gone = await cable_test(alpha, "eth1", beta, "eth7")
    assert gone.error == "beta: it has no NIC eth7. Choose one of its NICs."
    loopback = await cable_test(alpha, "lo", beta, "eth1")
    assert loopback.error == "alpha: lo is no Ethernet NIC. Choose an Ethernet NIC."
    evil = await cable_test(alpha, "../x", beta, "eth1")
    assert "no name of a NIC" in evil.error
    await nothing_left(lab)


async def test_a_cockpit_that_goes_away_half_way(lab: Lab, hosts: tuple[Host, Host]) -> None:
    test = asyncio.create_task(cable_test(hosts[0], "eth1", hosts[1], "eth1"))
    await asyncio.sleep(0.3)
    assert leftovers(lab) != []
    test.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await test
    await nothing_left(lab)

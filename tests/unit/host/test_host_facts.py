"""Facts of a real host, and of a network made for the test."""

from __future__ import annotations

import asyncio
import ipaddress
import os
from collections.abc import Mapping
from typing import Any

import pytest

from colotui.errors import HostLost
from colotui.host import facts as facts_module
from colotui.host import wiring
from colotui.host.channel import CommandResult, FileStat, Host
from colotui.host.facts import FactsReader
from colotui.host.programs import PLACES, QemuFinder
from colotui.model.facts import HostFacts, Missing, QemuFacts
from colotui.model.pair import ForwardSpec, HostSpec

root = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")


async def _host(nic: str, bridge: str) -> Host:
    host = Host(HostSpec("here", "local", ForwardSpec(nic, "127.0.0.1", 8), bridge=bridge))
    await host.connect()
    return host


async def test_facts_of_this_machine() -> None:
    host = await _host("lo", "no-such-bridge")
    reader = FactsReader(host)
    samples: list[HostFacts] = []
    async for facts in reader.every(0.25):
        samples.append(facts)
        if len(samples) == 3:
            break
    last = samples[-1]
    assert last.kernel == os.uname().release
    assert last.cpus == os.cpu_count()
    assert 0 < last.memory_available < last.memory_total
    assert samples[0].cpu_percent is None
    assert last.cpu_percent is None or 0 <= last.cpu_percent <= 100
    assert [module.name for module in last.modules][:2] == ["sch_ingress", "cls_basic"]
    assert all(module.purpose for module in last.modules)
    assert isinstance(last.irqbalance, bool)
    assert not isinstance(last.clock_offset_ms, Missing)
    assert abs(last.clock_offset_ms) < 50
    assert not isinstance(last.forward, Missing)
    assert last.forward.up
    assert "127.0.0.1/8" in last.forward.addresses
    assert last.forward.rx_bytes_per_s is not None
    assert isinstance(last.forward.quickack, Missing)  # nothing is routed to 127/8 in the main way
    assert last.bridge == Missing("there is no no-such-bridge")
    assert not isinstance(last.ifbs, Missing)
    assert last.rtt_ms > 0
    await reader.close()
    os.kill(host.info.pid, 9)
    await host.wait_lost()
    with pytest.raises(HostLost):
        await reader.facts()
    await reader.close()
    await host.close()


async def test_a_sample_is_cheap(host: Host) -> None:
    reader = FactsReader(host)
    await reader.facts()
    await asyncio.sleep(0.1)
    session = host._living()
    before = session._numbers
    for _ in range(4):
        await reader.facts()
    assert session._numbers - before <= 5  # one call each, one beat between
    await reader.close()


async def test_netlink_that_fails_is_said_and_tried_again(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise KeyError("odd answer")

    reader = FactsReader(host)
    with monkeypatch.context() as patch:
        patch.setattr(wiring, "read_wiring", broken)
        facts = await reader.facts()
    assert isinstance(facts.forward, Missing)
    assert "odd answer" in facts.forward.why
    assert isinstance(facts.ifbs, Missing)
    assert facts.ifb_pairs == ()
    monkeypatch.setattr(reader._network, "_due", 0.0)
    await reader.facts()
    await asyncio.sleep(0.2)
    assert not isinstance((await reader.facts()).ifbs, Missing)
    await reader.close()


@root
async def test_the_wires_of_a_network(host: Host) -> None:
    async with await host.netlink(scratch=True) as net:
        for name, kind in (("tap0", "veth"), ("br0", "bridge"), ("ifb0", "ifb"), ("ifb1", "ifb"), ("eth1", "veth")):
            extra = {"peer": f"{name}p"} if kind == "veth" else {}
            await net.link("add", kind=kind, ifname=name, **extra)
        index = {link.get("ifname"): link.get("index") async for link in await net.get_links()}
        await net.link("set", index=index["tap0"], master=index["br0"], state="up")
        for name in ("ifb0", "ifb1", "eth1", "eth1p"):
            await net.link("set", index=index[name], state="up")
        await net.addr("add", index=index["eth1"], address="10.78.0.1", prefixlen=24)
        for source, target in (("tap0", "ifb0"), ("eth1", "ifb1")):
            await net.tc("add", "ingress", index=index[source])
            await _redirect(net, index[source], 0xFFFF0000, index[target], "redirect")
        found = await wiring.read_wiring(net, ("eth1",))
        assert found.links["eth1"].addresses[0] == "10.78.0.1/24"
        assert found.links["eth1"].carrier
        assert not found.links["br0"].up
        assert found.links["tap0"].master == index["br0"]
        assert found.links["ifb0"].kind == "ifb"
        assert set(found.feeds) == {
            wiring.Feed("tap0", "ifb0", True, False),
            wiring.Feed("eth1", "ifb1", True, False),
        }
        assert wiring.pair_names(found, "eth1") == (("tap0", "ifb0", "ifb1"),)
        peer = ipaddress.ip_address("10.78.0.2")
        assert await wiring.quickack(net, index["eth1"], peer) is False
        await net.route("replace", dst="10.78.0.0/24", oif=index["eth1"], metrics={"quickack": 1})
        assert await wiring.quickack(net, index["eth1"], peer) is True
        assert await wiring.quickack(net, index["tap0"], peer) is None


async def _redirect(net: Any, source: int, parent: int, target: int, what: str) -> None:
    action = {"kind": "mirred", "direction": "egress", "action": what, "ifindex": target}
    await net.tc(
        "add-filter", "u32", index=source, parent=parent, protocol=3, prio=5, target=0x10002,
        keys=["0x0/0x0+0"], action=[action],
    )  # fmt: skip


class _FakeHost:
    """Answers two calls as a host would; its QEMU may change."""

    name = "beta"

    def __init__(self, version: str) -> None:
        self.version = version
        self.stamp = 1.0
        self.runs = 0

    async def stat(self, paths: Any) -> Mapping[str, Any]:
        found: dict[str, Any] = dict.fromkeys(paths)
        found[PLACES[3]] = FileStat(10, self.stamp, 0o100755, False)
        return found

    async def run(self, argv: Any, timeout: float = 10) -> CommandResult:
        self.runs += 1
        return CommandResult(0, f"QEMU emulator version {self.version} (Debian)\n", "")


async def test_qemu_is_asked_once_until_its_file_changes() -> None:
    fake = _FakeHost("10.0.2")
    finder = QemuFinder(fake)  # type: ignore[arg-type]
    first = await finder.read()
    assert isinstance(first, QemuFacts)
    assert (first.path, first.version) == ("/usr/bin/qemu-system-x86_64", "10.0.2")
    assert "cannot complete" in first.problem
    await finder.read()
    assert fake.runs == 1
    fake.version, fake.stamp = "11.1.3", 2.0
    assert await finder.read() == QemuFacts("/usr/bin/qemu-system-x86_64", "11.1.3", "")


@root
async def test_a_change_in_the_network_is_in_the_next_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_module, "_NETWORK_PERIOD", 60.0)
    host = await _host("lo", "colotui-t0")
    reader = FactsReader(host)
    facts = await reader.facts()
    assert isinstance(facts.bridge, Missing)
    await asyncio.sleep(0.2)
    await host.run(["ip", "link", "add", "colotui-t0", "type", "bridge"])
    try:
        await asyncio.sleep(0.1)
        facts = await reader.facts()
        assert not isinstance(facts.bridge, Missing)
        assert not facts.bridge.up
    finally:
        await host.run(["ip", "link", "del", "colotui-t0"])
    await reader.close()
    await host.close()

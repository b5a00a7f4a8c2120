"""A pair without a fault, for each engine, as the checks see it; tests spoil one thing at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from colotui.diagnosis.checks import findings, ports_to_try
from colotui.model.cable import CableReport, Way
from colotui.model.check import Finding
from colotui.model.facts import HostFacts, IfbDevice, Irq, LinkFacts, Missing, Module, ModuleState, NicIrqs, QemuFacts
from colotui.model.pair import (
    DiskSpec,
    EngineKind,
    ForwardSpec,
    GuestSpec,
    HostSpec,
    NicSpec,
    Pair,
    ProbeKind,
    ProbeSpec,
)
from colotui.model.survey import HostSurvey, Image, Listener, Nic, TcpOptions

NOW = 1_795_000_000.0
DISK = "/var/lib/colotui/web01/disk0.qcow2"
MODULES = ("sch_ingress", "cls_basic", "cls_tcindex", "cls_u32", "act_mirred", "ifb", "blktap2")


def pair(engine: EngineKind = EngineKind.QEMU, **guest: Any) -> Pair:
    hosts = tuple(
        HostSpec(name, f"10.79.0.{last}", ForwardSpec("eth1", f"10.78.0.{last}"), service_nic="eth0")
        for name, last in (("alpha", 1), ("beta", 2))
    )
    spec = GuestSpec(
        "web01", 128 << 20, (DiskSpec(DISK, size=256 << 20),), (NicSpec("00:16:4f:00:00:11"),), engine=engine,
        probe=ProbeSpec(ProbeKind.HTTP, "10.77.0.10", url="http://10.77.0.10/"),
    )  # fmt: skip
    return Pair("lab", (hosts[0], hosts[1]), (replace(spec, **guest),))


def facts(host: str, **changes: Any) -> HostFacts:
    number = 1 if host == "alpha" else 2
    found = HostFacts(
        host=host, taken_at=NOW, kernel="6.1.0", cpus=4, load1=0.1, cpu_percent=1.0, memory_total=8 << 30,
        memory_available=6 << 30, modules=tuple(Module(name, ModuleState.LOADED, "it is for x") for name in MODULES),
        ifbs=(), ifb_pairs=(),
        nic_irqs=(NicIrqs("eth0", (Irq(24, "eth0-0", "1", "1"),)), NicIrqs("eth1", (), "2")),
        irqbalance=False, clock_offset_ms=0.8,
        forward=LinkFacts("eth1", True, addresses=(f"10.78.0.{number}/24",), quickack=True),
        bridge=LinkFacts("br0", True), qemu=QemuFacts("/usr/bin/qemu-system-x86_64", "11.1.3"), rtt_ms=0.7,
    )  # fmt: skip
    return replace(found, **changes)


def nics(host: str) -> dict[str, Nic]:
    number = 1 if host == "alpha" else 2
    mac = f"02:c0:10:00:0{number}:0"
    ifb = {f"ifb{i}": Nic(f"ifb{i}", "ifb", "", "02:00:00:00:00:0f", 1500, True, True, alias=f"colotui web01 0 {role}")
           for i, role in enumerate(("primary", "secondary"))}  # fmt: skip
    return {
        "lo": Nic("lo", "", "", "00:00:00:00:00:00", 65536, True, True, addresses=("127.0.0.1/8",)),
        "eth0": Nic("eth0", "", "e1000e", f"{mac}0", 1500, True, True, 1000, master="br0", offloads=()),
        "eth1": Nic("eth1", "", "e1000e", f"{mac}1", 1500, True, True, 1000, offloads=(),
                    addresses=(f"10.78.0.{number}/24", "fe80::1/64")),
        "br0": Nic("br0", "bridge", "", f"{mac}0", 1500, True, True, offloads=(), default_route=True),
        **ifb,
    }  # fmt: skip


def survey(host: str, **changes: Any) -> HostSurvey:
    programs = ("qemu-img", "nl-qdisc-list", "ifconfig", "tc", "modprobe", "depmod", "xl", "chronyd")
    found = HostSurvey(
        host=host, taken_at=NOW, kernel="6.1.0", system="debian", release="trixie", systemd=True, cpu_model="EPYC",
        cpu_flags=frozenset({"sse2", "avx2"}), cpus=4, kvm=True, nics=tuple(nics(host).values()),
        ifbs=tuple(IfbDevice(f"ifb{i}", 10 + i, True, 0, 0, 0) for i in range(2)),
        programs={name: f"/usr/sbin/{name}" for name in programs},
        sysctls={"net.core.rmem_max": "1000000", "net.core.wmem_max": "4194304"},
        images=(Image(DISK, True, "qcow2", 256 << 20, 1 << 20, "ab" * 32),), leftovers=(),
        listeners=(Listener("0.0.0.0", 22, "sshd"), Listener("127.0.0.1", 9998, "other")),
        time_service="chronyd", free_bytes=20 << 30, settings={"/etc/colotui/boot.sh": "#!/bin/sh"},
        machine_types=frozenset({"pc", "q35"}), xen_tools="no package", xen_version="4.5.0",
        colo_agent=("/dev/HA_compare", "sch_colo_ipv4", "sch_colo_icmp", "sch_colo_tcp", "sch_colo_udp"),
    )  # fmt: skip
    return replace(found, **changes)


def with_nic(host: str, name: str, **changes: Any) -> tuple[Nic, ...]:
    found = nics(host)
    found[name] = replace(found[name], **changes)
    return tuple(found.values())


def without_nic(host: str, name: str) -> tuple[Nic, ...]:
    return tuple(nic for nic in nics(host).values() if nic.name != name)


def cable(**changes: Any) -> CableReport:
    there = Way("alpha", "beta", True, 200, 0, 0.05, 0.1, 900.0, 1500, 0.0)
    back = replace(there, source="beta", target="alpha")
    return replace(CableReport(NOW, ("eth1", "eth1"), 2.0, there, back), **changes)


Found = Mapping[tuple[str, str], Finding]


def judged(the_pair: Pair | None = None, **changes: Any) -> Found:
    """The findings by host and key. `facts`, `survey`: changes to beta's; every other name: an argument of findings."""
    chosen = the_pair or pair()
    told = {name: facts(name) for name in ("alpha", "beta")}
    told["beta"] = facts("beta", **changes.pop("facts", {}))
    read = {"alpha": survey("alpha", **changes.pop("alpha", {})), "beta": survey("beta", **changes.pop("survey", {}))}
    given: dict[str, Any] = {
        "links": {"alpha": "", "beta": ""},
        "cable": cable(),
        "ports": dict.fromkeys(ports_to_try(chosen, read), ""),
        "ssh": {"alpha": "", "beta": ""},
        "tcp": {"web01": TcpOptions(sack=False, timestamps=False)},
    }
    found = findings(chosen, told, read, **{**given, **changes})
    by_key = {(finding.host, finding.key): finding for finding in found}
    assert len(by_key) == len(found), "a host is asked a question twice"
    return by_key


MISSING = Missing("netlink: no answer")
XEN = EngineKind.XEN

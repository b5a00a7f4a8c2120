"""Each requirement gets its verdict from what was read and tried, with evidence, a cure or advice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from colotui.diagnosis.checks import not_tried, ports_to_try
from colotui.model.check import Finding, Verdict
from colotui.model.facts import Irq, LinkFacts, Missing, Module, ModuleState, NicIrqs, QemuFacts
from colotui.model.pair import Accel, DiskSpec, NicModel, NicSpec
from colotui.model.setup import Wanted
from colotui.model.survey import GuestCopy, Image, Leftover, LeftoverKind, Listener, TcpOptions
from colotui.setup.plan import STEP_KEYS
from tests.unit.diagnosis.checksample import DISK, MISSING, XEN, cable, judged, pair, survey, with_nic, without_nic

QEMU = "/usr/bin/qemu-system-x86_64"


def standing(found: Any, *verdicts: Verdict) -> set[str]:
    return {finding.key for finding in found.values() if finding.verdict in verdicts}


def test_a_fit_qemu_pair_has_nothing_against_it() -> None:
    found = judged()
    assert standing(found, Verdict.BAD, Verdict.WARNING, Verdict.UNKNOWN) == set()
    assert all(finding.evidence and finding.why and finding.source for finding in found.values())


def test_a_fit_xen_pair_has_only_what_its_config_file_and_sshd_would_tell() -> None:
    found = judged(pair(XEN))
    assert standing(found, Verdict.BAD, Verdict.WARNING) == set()
    rules = {"guest-hvm", "guest-platform-pci", "guest-nic-model", "guest-forwarddev", "guest-filter-params"}
    rules |= {"guest-device-model", "guest-tcp-dsack", "heartbeat"}
    assert standing(found, Verdict.UNKNOWN) == rules


BETA: list[tuple[str, str, str, str, dict[str, Any]]] = [
    ("qemu", "bad", "deadlocks", "qemu", {"facts": {"qemu": QemuFacts(QEMU, "7.2.22", "it deadlocks")}}),
    ("qemu", "bad", "no qemu", "qemu", {"facts": {"qemu": Missing("no qemu-system-x86_64")}}),
    ("qemu", "bad", "no qemu", "", {"facts": {"qemu": Missing("no qemu")}, "survey": {"system": "arch"}}),
    ("qemu", "bad", "no qemu", "", {"facts": {"qemu": Missing("no qemu")}, "survey": {"release": "bookworm"}}),
    ("programs:qemu-img", "bad", "not there", "qemu", {"survey": {"programs": {}}}),
    ("machine", "bad", "no machine `pc`", "", {"survey": {"machine_types": frozenset({"virt"})}}),
    ("machine", "unknown", "did not tell", "", {"survey": {"machine_types": frozenset()}}),
    ("memory", "bad", "256 MiB needed", "", {"facts": {"memory_available": 100 << 20}}),
    ("memory", "warning", "enough for the primary", "", {"facts": {"memory_available": 200 << 20}}),
    ("space", "warning", "1 MiB free", "", {"survey": {"free_bytes": 1 << 20}}),
    ("space", "unknown", "could not be read", "", {"survey": {"free_bytes": None}}),
    ("forward-nic", "unknown", "netlink", "", {"survey": {"nics": MISSING}}),
    ("bridge", "unknown", "netlink", "", {"survey": {"nics": MISSING}}),
    ("forward-nic", "bad", "there is no eth1", "", {"survey": {"nics": without_nic("beta", "eth1")}}),
    ("forward-up", "bad", "eth1 is down", "forward-up", {"survey": {"nics": with_nic("beta", "eth1", up=False)}}),
    ("forward-up", "bad", "no carrier", "", {"survey": {"nics": with_nic("beta", "eth1", carrier=False)}}),
    ("forward-use", "bad", "default route", "", {"survey": {"nics": with_nic("beta", "eth1", default_route=True)}}),
    ("forward-use", "bad", "belongs to br0", "", {"survey": {"nics": with_nic("beta", "eth1", master="br0")}}),
    ("forward-use", "bad", "192.0.2.1/24", "",
     {"survey": {"nics": with_nic("beta", "eth1", addresses=("10.78.0.2/24", "192.0.2.1/24"))}}),
    ("forward-address", "bad", "does not have 10.78.0.2/24", "forward-address",
     {"survey": {"nics": with_nic("beta", "eth1", addresses=())}}),
    ("forward-address", "bad", "not 10.78.0.2/24", "forward-address",
     {"survey": {"nics": with_nic("beta", "eth1", addresses=("10.78.0.2/16",))}}),
    ("quickack", "warning", "no quickack", "quickack", {"facts": {"forward": LinkFacts("eth1", True, quickack=False)}}),
    ("quickack", "warning", "no route", "quickack",
     {"facts": {"forward": LinkFacts("eth1", True, quickack=Missing("no route to it"))}}),
    ("bridge", "bad", "there is no br0", "bridge", {"survey": {"nics": without_nic("beta", "br0")}}),
    ("bridge", "bad", "holds nothing", "bridge", {"survey": {"nics": with_nic("beta", "eth0", master="")}}),
    ("bridge", "bad", "is no bridge", "", {"survey": {"nics": with_nic("beta", "br0", kind="dummy")}}),
    ("service-nic", "bad", "there is no eth0", "", {"survey": {"nics": without_nic("beta", "eth0")}}),
    ("ports", "bad", "0.0.0.0:9998 by nc", "", {"survey": {"listeners": (Listener("0.0.0.0", 9998, "nc"),)}}),
    ("ports", "bad", "10.78.0.2:9003 by nc", "", {"survey": {"listeners": (Listener("10.78.0.2", 9003, "nc"),)}}),
    ("ports", "bad", "127.0.0.1:9001 by nc", "", {"survey": {"listeners": (Listener("127.0.0.1", 9001, "nc"),)}}),
    ("ports", "bad", "[::]:9999", "", {"survey": {"listeners": (Listener("::", 9999),)}}),
    ("ports", "unknown", "could not", "", {"survey": {"listeners": Missing("they could not be listed")}}),
    ("ports-reached", "bad", "refused", "",
     {"ports": {("alpha", 9998): "", ("beta", 9998): "alpha does not reach it: refused"}}),
    ("ports-reached", "bad", "the address", "forward-address",
     {"ports": {("alpha", 9998): "", ("beta", 9998): "beta does not have the address 10.78.0.2"}}),
    ("firewall", "warning", "policy drop", "", {"survey": {"firewall": "nft: policy drop"}, "ports": None}),
    ("firewall", "ok", "were reached", "", {"survey": {"firewall": "nft: policy drop"}}),
    ("firewall", "unknown", "nothing to ask", "", {"survey": {"firewall": Missing("nothing to ask")}, "ports": None}),
    ("irq:eth0", "warning", "CPU 0", "irq", {"facts": {"nic_irqs": (NicIrqs("eth0", (Irq(9, "eth0", "0", "0"),)),)}}),
    ("irq:eth0", "warning", "CPU 0, 1", "irq",
     {"facts": {"nic_irqs": (NicIrqs("eth0", (Irq(9, "eth0", "0-1", ""),)),)}}),
    ("irq:eth0", "warning", "shared with eth1", "irq",
     {"facts": {"nic_irqs": (NicIrqs("eth0", (Irq(9, "eth0", "1", "1"),), "", ("eth1",)),)}}),
    ("irq:eth0", "ok", "waits for the next", "",
     {"facts": {"nic_irqs": (NicIrqs("eth0", (Irq(9, "eth0", "1", "0"),)),)}}),
    ("irq:eth0", "ok", "nothing to place", "",
     {"facts": {"cpus": 1, "nic_irqs": (NicIrqs("eth0", (Irq(9, "eth0", "0", "0"),)),)}}),
    ("rps:eth1", "ok", "with 2 CPUs some NICs must share", "",
     {"facts": {"cpus": 2, "nic_irqs": (NicIrqs("eth0", (), "1", ("eth1",)), NicIrqs("eth1", (), "1", ("eth0",)))}}),
    ("rps:eth1", "warning", "off", "rps", {"facts": {"nic_irqs": (NicIrqs("eth1", (), ""),)}}),
    ("irqbalance", "warning", "systemd service", "irqbalance", {"survey": {"irqbalance": "systemd service"}}),
    ("sockets", "warning", "rmem_max 212992", "sockets",
     {"survey": {"sysctls": {"net.core.rmem_max": "212992", "net.core.wmem_max": "1000000"}}}),
    ("sockets", "unknown", "could not be read", "", {"survey": {"sysctls": {}}}),
    ("clock", "bad", "+1200 ms", "clock", {"facts": {"clock_offset_ms": 1200.0}}),
    ("clock", "unknown", "not measured", "", {"facts": {"clock_offset_ms": Missing("not measured")}}),
    ("time-service", "warning", "none runs", "clock", {"survey": {"time_service": ""}}),
    ("time-service", "warning", "none runs", "", {"survey": {"time_service": "", "systemd": False}}),
    ("image", "warning", "it is on alpha", "image", {"survey": {"images": (Image(DISK, False),)}}),
    ("image", "bad", "raw, the pair file says qcow2", "", {"survey": {"images": (Image(DISK, True, "raw", 5),)}}),
    ("image", "bad", "corrupt", "", {"survey": {"images": (Image(DISK, True, problem="corrupt"),)}}),
    ("leftovers", "warning", "suspend_1", "leftovers",
     {"survey": {"leftovers": (Leftover(LeftoverKind.SUSPEND_FILE, "/var/lib/xen/suspend_1"),)}}),
    ("leftovers", "warning", "web01--incoming", "leftovers",
     {"survey": {"leftovers": (Leftover(LeftoverKind.INCOMING, "web01--incoming", "web01"),)}}),
    ("leftovers", "warning", "/run/colotui/old", "",
     {"survey": {"leftovers": (Leftover(LeftoverKind.RUN_FOLDER, "/run/colotui/old", "old"),)}}),
    ("ifb-leaks", "warning", "ifb3", "ifb-leaks", {"survey": {"leftovers": (Leftover(LeftoverKind.IFB, "ifb3"),)}}),
    ("cut-off-plan", "warning", "plan.json", "",
     {"survey": {"leftovers": (Leftover(LeftoverKind.PLAN, "/run/colotui/web01/plan.json", "web01"),)}}),
    ("keep", "warning", "no settings", "keep", {"survey": {"settings": {}}}),
    ("keep", "ok", "as was chosen", "", {"survey": {"settings": {}}, "wanted": Wanted(keep=False)}),
    ("reach", "unknown", "no answer", "", {"links": {"alpha": "", "beta": "beta: no answer"}}),
    ("kvm", "ok", "under TCG", "", {"survey": {"kvm": False}}),
]  # fmt: skip


def checked(finding: Finding, verdict: str, evidence: str, cure: str) -> None:
    assert (finding.verdict.value, finding.cure) == (verdict, cure), finding
    assert evidence in finding.evidence, finding
    if finding.verdict is not Verdict.OK:
        assert finding.cure in STEP_KEYS if finding.cure else finding.advice, finding


@pytest.mark.parametrize(("key", "verdict", "evidence", "cure", "changes"), BETA)
def test_what_is_wrong_on_a_host(key: str, verdict: str, evidence: str, cure: str, changes: dict[str, Any]) -> None:
    found = judged(**changes)
    checked(found["beta", key], verdict, evidence, cure)
    assert found["alpha", key if ":eth" not in key else "reach"].verdict is Verdict.OK


@pytest.mark.parametrize(
    ("key", "verdict", "evidence", "cure", "changes"),
    [
        ("same-qemu", "bad", "11.2.0 on beta", "", {"facts": {"qemu": QemuFacts(QEMU, "11.2.0")}}),
        ("same-cpu", "warning", "only alpha has avx2", "", {"survey": {"cpu_flags": frozenset({"sse2"})}}),
        ("same-cpu", "ok", "run under TCG", "", {"survey": {"cpu_flags": frozenset({"sse2"}), "kvm": False}}),
        ("clocks-apart", "bad", "1501 ms", "clock", {"facts": {"clock_offset_ms": -1500.0}}),
        ("forward-mtu", "bad", "9000 on beta", "forward-up", {"survey": {"nics": with_nic("beta", "eth1", mtu=9000)}}),
        ("forward-direct", "bad", "02:00:00:00:00:99", "",
         {"cable": cable(back=replace(cable().back, strangers=("02:00:00:00:00:99",)))}),  # type: ignore[type-var]
        ("forward-direct", "bad", "on beta eth0 too", "", {"cable": cable(elsewhere=("beta eth0",))}),
        ("forward-direct", "bad", "no frame arrives", "", {"cable": cable(back=None)}),
        ("forward-direct", "unknown", "eth1 is down", "", {"cable": cable(error="eth1 is down")}),
        ("image-length", "bad", "5 on beta", "", {"survey": {"images": (Image(DISK, True, "qcow2", 5),)}}),
        ("image-length", "bad", "5 on beta", "image",
         {"survey": {"images": (Image(DISK, True, "qcow2", 5),)}, "wanted": Wanted(image_from="alpha")}),
        ("image-content", "warning", "cdcdcdcdcdcd… on beta", "image",
         {"survey": {"images": (Image(DISK, True, "qcow2", 256 << 20, 1, "cd" * 32),)}}),
        ("image-content", "unknown", "compressed", "",
         {"survey": {"images": (Image(DISK, True, "qcow2", 256 << 20, 1, "", "it is compressed"),)}}),
        ("image-content", "ok", "runs on beta", "", {"survey": {"copies": (GuestCopy("web01", 7, 9),)}}),
    ],
)  # fmt: skip
def test_what_is_wrong_between_the_hosts(
    key: str, verdict: str, evidence: str, cure: str, changes: dict[str, Any]
) -> None:
    checked(judged(**changes)["", key], verdict, evidence, cure)


@pytest.mark.parametrize(
    ("host", "key", "verdict", "evidence", "cure", "changes"),
    [
        ("beta", "xen-tools", "bad", "package xen-utils", "", {"survey": {"xen_tools": "xen-utils"}}),
        ("beta", "xen-tools", "bad", "no `xl`", "", {"survey": {"xen_tools": ""}}),
        ("beta", "xen", "bad", "cannot keep COLO", "", {"survey": {"xen_version": "4.20.0"}}),
        ("beta", "xen", "bad", "does not run on Xen", "", {"survey": {"xen_version": ""}}),
        ("", "same-xen", "bad", "4.5.1 on beta", "", {"survey": {"xen_version": "4.5.1"}}),
        ("beta", "xen-agent", "warning", "no /dev/HA_compare", "", {"survey": {"colo_agent": ()}}),
        ("beta", "xen-agent-order", "bad", "sch_colo_tcp sch_colo_ipv4", "",
         {"survey": {"colo_agent": ("sch_colo_tcp", "sch_colo_ipv4")}}),
        ("beta", "programs:nl-qdisc-list", "bad", "not there", "programs",
         {"survey": {"programs": {"apt-get": "/usr/bin/apt-get"}}}),
        ("beta", "programs:nl-qdisc-list", "bad", "not there", "", {"survey": {"programs": {}}}),
        ("beta", "programs:depmod", "bad", "not there", "", {"survey": {"programs": {"apt-get": "/usr/bin/apt-get"}}}),
        ("beta", "ssh", "bad", "Permission denied", "", {"ssh": {"alpha": "", "beta": "Permission denied"}}),
        ("beta", "ssh", "unknown", "not tried", "", {"ssh": None}),
        ("beta", "offloads", "warning", "eth1 gro", "offloads",
         {"survey": {"nics": with_nic("beta", "eth1", offloads=("gro",))}}),
        ("beta", "offloads", "unknown", "netlink", "",
         {"survey": {"nics": with_nic("beta", "eth1", offloads=MISSING)}}),
        ("beta", "ifb", "bad", "0 devices, 2 needed", "ifb", {"survey": {"ifbs": ()}}),
        ("beta", "ifb", "warning", "1 claimed", "ifb", {"survey": {"nics": with_nic("beta", "ifb0", alias="")}}),
        ("beta", "image", "bad", "it is on alpha", "image", {"survey": {"images": (Image(DISK, False),)}}),
        ("", "image-content", "unknown", "not compared", "",
         {"survey": {"images": (Image(DISK, True, "qcow2", 256 << 20),)}}),
        ("", "guest-tcp-sack", "warning", "agrees to it", "guest-sysctls",
         {"tcp": {"web01": TcpOptions(sack=True, timestamps=False)}}),
        ("", "guest-tcp-timestamps", "unknown", "off itself", "guest-sysctls",
         {"tcp": {"web01": TcpOptions(sack=True, timestamps=None)}}),
        ("", "guest-tcp-sack", "unknown", "does not run", "guest-sysctls", {"tcp": {"web01": Missing("does not run")}}),
    ],
)  # fmt: skip
def test_what_is_wrong_for_the_xen_engine_alone(
    host: str, key: str, verdict: str, evidence: str, cure: str, changes: dict[str, Any]
) -> None:
    checked(judged(pair(XEN), **changes)[host, key], verdict, evidence, cure)
    if key in ("xen-tools", "programs:nl-qdisc-list", "ssh", "offloads", "ifb") or key.startswith("guest-tcp"):
        assert judged(**changes)[host, key].verdict is Verdict.OK


@pytest.mark.parametrize(
    ("name", "state", "verdict", "cure"),
    [
        ("ifb", ModuleState.LOADABLE, "warning", "modules"),
        ("ifb", ModuleState.MISSING, "bad", ""),
        ("cls_u32", ModuleState.MISSING, "bad", ""),
        ("cls_basic", ModuleState.MISSING, "ok", ""),
        ("cls_tcindex", ModuleState.GONE, "ok", ""),
        ("cls_tcindex", ModuleState.MISSING, "ok", ""),
        ("blktap2", ModuleState.GONE, "warning", ""),
        ("ifb", ModuleState.BUILT_IN, "ok", ""),
    ],
)
def test_modules(name: str, state: ModuleState, verdict: str, cure: str) -> None:
    modules = {"modules": (Module(name, state, "two devices for each guest NIC", "a note"),)}
    finding = judged(pair(XEN), facts=modules)["beta", f"modules:{name}"]
    assert (finding.verdict.value, finding.cure) == (verdict, cure)
    assert judged(facts=modules)["beta", f"modules:{name}"].verdict is Verdict.OK
    wired = judged(facts=modules, wanted=Wanted(ifb=True, wiring=True))["beta", f"modules:{name}"]
    assert wired.verdict.value == ("ok" if name == "blktap2" else verdict)
    for told in (finding, wired):
        assert "install" not in f"{told.evidence} {told.advice}".lower()
        if name in ("cls_tcindex", "blktap2"):
            assert "serves in its place" in told.evidence or "instead" in told.evidence


def test_kvm_that_is_asked_for_must_be_there() -> None:
    found = judged(pair(accel=Accel.KVM), survey={"kvm": False})
    assert found["beta", "kvm"].verdict is Verdict.BAD
    hosts_own = pair(accel=Accel.KVM, extra=("-cpu", "host,migratable=on"))
    assert judged(hosts_own, survey={"cpu_flags": frozenset({"sse2"})})["", "same-cpu"].verdict is Verdict.BAD


def test_more_guest_nics_than_forward_nics_matter_to_xen_only() -> None:
    two = {"nics": (NicSpec("00:16:4f:00:00:11"), NicSpec("00:16:4f:00:00:12"))}
    assert judged(pair(XEN, **two))["", "forward-count"].verdict is Verdict.BAD
    assert judged(pair(**two))["", "forward-count"].verdict is Verdict.OK
    mixed = (NicSpec("00:16:4f:00:00:11"), NicSpec("00:16:4f:00:00:12", NicModel.VIRTIO))
    assert judged(pair(nics=mixed))["", "guest-nic-model"].verdict is Verdict.WARNING


def test_a_vlan_may_be_the_forward_nic_although_its_parent_is_used() -> None:
    vlan = with_nic("beta", "eth1", kind="vlan", parent="eth0")
    finding = judged(survey={"nics": vlan})["beta", "forward-nic"]
    assert finding.verdict is Verdict.OK
    assert "a VLAN on eth0" in finding.evidence


def test_a_running_copy_holds_its_own_ports() -> None:
    ours = (Listener("10.78.0.2", 9998, "colotui-web01"), Listener("10.78.0.2", 9999, "colotui-web01"))
    running = {"copies": (GuestCopy("web01", 815, 200 << 20),), "listeners": ours}
    finding = judged(survey=running)["beta", "ports"]
    assert finding.verdict is Verdict.OK
    assert "2 held by the running copy" in finding.evidence
    open_to_all = {**running, "listeners": (Listener("0.0.0.0", 9999, "colotui-web01"),)}
    assert judged(survey=open_to_all)["beta", "ports"].verdict is Verdict.BAD
    assert judged(survey={"listeners": ours})["beta", "ports"].verdict is Verdict.BAD
    read = {"alpha": survey("alpha", listeners=()), "beta": survey("beta", **running)}
    alone = [(host, port) for host in ("alpha", "beta") for port in (9003, 9004, 9998, 9999)]
    assert [*ports_to_try(pair(), read), ("beta", 9998), ("beta", 9999)] == alone
    read["alpha"] = survey("alpha", copies=running["copies"])
    assert ports_to_try(pair(), read) == ()


def test_what_the_copies_hold_counts_as_free_memory() -> None:
    held = {"copies": (GuestCopy("web01", 815, 200 << 20),)}
    low = {"memory_available": 100 << 20}
    assert judged(facts=low, survey=held)["beta", "memory"].verdict is Verdict.OK


def test_a_disk_that_is_nowhere() -> None:
    nowhere = {"alpha": {"images": ()}, "survey": {"images": ()}}
    assert judged(**nowhere)["beta", "image"].verdict is Verdict.WARNING
    given = pair(disks=(DiskSpec(DISK),))
    assert judged(given, **nowhere)["beta", "image"].verdict is Verdict.BAD


def test_a_pair_of_which_nothing_is_known_yet() -> None:
    empty = pair(disks=(), nics=(), probe=None)
    hosts = tuple(replace(spec, address="", forward=replace(spec.forward, nic="", address="")) for spec in empty.hosts)
    found = judged(replace(empty, hosts=(hosts[0], hosts[1])))
    assert found["beta", "forward-nic"].verdict is Verdict.BAD
    assert all(finding.cure or finding.advice for finding in found.values() if finding.verdict is not Verdict.OK)


def test_what_was_not_tried_is_said() -> None:
    plain = {name: survey(name, images=(Image(DISK, True, "qcow2", 5),)) for name in ("alpha", "beta")}
    told = " ".join(not_tried(pair(), plain, cable=None))
    assert "--cable" in told
    assert "--digests" in told
    assert not_tried(pair(), {name: survey(name) for name in ("alpha", "beta")}, cable=cable()) == ()
    assert ("", "forward-direct") not in judged(cable=None)

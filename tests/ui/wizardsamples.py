"""Hand-made looks, findings, cable reports and plans of a set-up, the way two real hosts would give them."""

from __future__ import annotations

from dataclasses import replace

from colotui.model.cable import CableReport, Way
from colotui.model.check import Finding, Topic, Verdict
from colotui.model.plan import Action, Line, Plan, Progress, Step, StepProgress, StepState
from colotui.model.setup import Draft, GuestDraft, HostDraft, Look, Reached
from colotui.model.survey import HostSurvey, Image, Nic
from tests.ui import samples

NOW = samples.NOW
KEY_ALPHA = "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDYAcmXL8oVNaYbPzw"
KEY_BETA = "SHA256:47DEQpj8HBSa-TImW-5JCeuQeRkm5NMpJWZG3hSuFU0"
PAIR_FILE = "/root/.config/colotui/pair.yaml"

EMPTY = Draft()
CHOSEN = Draft(
    hosts=(
        HostDraft("alpha", "10.77.0.2", service_nic="eth0", forward_nic="eth1", forward_address="10.78.0.1/24"),
        HostDraft("beta", "10.77.0.3", service_nic="eth0", forward_nic="eth1", forward_address="10.78.0.2/24"),
    ),
    guest=GuestDraft(
        disk="/var/lib/colotui/web01/disk0.qcow2",
        disk_size=4 << 30,
        mac="52:54:00:12:34:56",
        probe="http://10.77.0.10/",
    ),
)


def at_page(page: str, draft: Draft = CHOSEN) -> Draft:
    return replace(draft, page=page)


def reached(place: int) -> Reached:
    return Reached(
        True, hostname=("alpha", "beta")[place], kernel="6.12.57+deb13-amd64", user="root", rtt_ms=0.3 + place / 10
    )


def nic(name: str, driver: str, **changes: object) -> Nic:
    base = Nic(
        name, "", driver, "52:54:00:00:00:01", 1500, True, True, 1000, offloads=("tso", "gso"), default_route=False
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def survey(host: str) -> HostSurvey:
    alpha = host == "alpha"
    third = (
        nic("eth2", "r8169", carrier=False, speed_mbps=None)
        if alpha
        else nic("wlan0", "iwlwifi", speed_mbps=None, addresses=("192.168.1.23/24",))
    )
    nics = (
        nic("lo", "", kind="loopback", addresses=("127.0.0.1/8",)),
        nic("eth0", "e1000e", master="br0", default_route=True),
        nic("eth1", "e1000e", mtu=1500 if alpha else 9000, offloads=("tso",) if alpha else ("tso", "gro")),
        third,
        nic("br0", "bridge", kind="bridge", addresses=(f"10.77.0.{2 if alpha else 3}/24",)),
    )
    return HostSurvey(
        host, NOW - 1, "6.12.57+deb13-amd64", "debian", "trixie", True, "Intel(R) Xeon(R) E-2336",
        frozenset({"vmx", "sse4_2"}), 8, True, nics, (), {"qemu-img": "/usr/bin/qemu-img"},
        {"net.core.rmem_max": "212992", "net.core.wmem_max": "212992"}, (), (), (),
        time_service="chrony" if alpha else "", irqbalance="" if alpha else "irqbalance",
    )  # fmt: skip


def finding(key: str, host: str, topic: Topic, verdict: Verdict, evidence: str, **more: str) -> Finding:
    why = more.pop("why", "")
    return Finding(key, host, more.pop("question", key), verdict, evidence, why, topic, **more)


def findings() -> tuple[Finding, ...]:
    ok, warning, bad = Verdict.OK, Verdict.WARNING, Verdict.BAD
    return (
        finding("ssh", "alpha", Topic.HOSTS, ok, "root, key accepted", question="ssh works"),
        finding("ssh", "beta", Topic.HOSTS, ok, "root, key accepted", question="ssh works"),
        finding("version", "alpha", Topic.ENGINE, ok, "QEMU 11.1.3", question="its version can do COLO"),
        finding("version", "beta", Topic.ENGINE, bad, "QEMU 10.0.2", question="its version can do COLO",
                why="COLO in QEMU 10.0 and 10.1 ends with `Can't receive COLO message`: it was broken there.",
                advice="install QEMU 10.2 or later on beta; 11.1.3 was measured"),
        finding("objects", "alpha", Topic.ENGINE, ok, "all 5", question="it has the filters of COLO"),
        finding("objects", "beta", Topic.ENGINE, ok, "all 5", question="it has the filters of COLO"),
        finding("kvm", "alpha", Topic.ENGINE, ok, "/dev/kvm answers", question="kvm"),
        finding("kvm", "beta", Topic.ENGINE, Verdict.UNKNOWN, "/dev/kvm cannot be opened", question="kvm",
                why="Without KVM the guest runs about ten times slower.", advice="turn it on in the BIOS"),
        finding("mtu", "beta", Topic.NETWORK, warning, "beta sends jumbo frames, alpha drops them.",
                question="largest frame", cure="mtu"),
        finding("foreign", "", Topic.NETWORK, warning, "mdns of avahi-daemon on beta. Harmless, wakes the irq.",
                question="other traffic"),
        finding("gro", "beta", Topic.NETWORK, warning, "it joins packets before they are compared.", question="gro",
                cure="gro"),
        finding("modules", "", Topic.MODULES, ok, "none is needed", question="modules"),
        finding("irq", "beta", Topic.TUNING, warning, "eth0 and eth1 share irq 31 on cpu 0",
                question="one cpu for each NIC", cure="irqs", why="Both wait for each other."),
        finding("rules", "", Topic.GUEST, ok, "no two disks have one port", question="ports"),
        finding("tcp", "", Topic.GUEST, warning, "the guest's sack and timestamps differ between its copies",
                question="the guest's tcp options", advice="three lines in the guest's /etc/sysctl.conf"),
    )  # fmt: skip


def way(source: str, target: str, **changes: object) -> Way:
    base = Way(source, target, True, 200, 0, 0.31, 0.62, 941.0, 1500, 0.0)
    return replace(base, **changes)  # type: ignore[arg-type]


def cable(**changes: object) -> CableReport:
    back = way(
        "beta", "alpha", latency_p50_ms=0.30, latency_p99_ms=0.58, rate_mbps=938.0, largest=9000, foreign_per_s=3.0
    )
    base = CableReport(NOW - 5, ("eth1", "eth1"), 2.1, way("alpha", "beta"), back)
    return replace(base, **changes)  # type: ignore[arg-type]


def look(*, tested: bool = True) -> Look:
    return Look(
        NOW - 1,
        {name: samples.facts(name) for name in ("alpha", "beta")},
        {name: survey(name) for name in ("alpha", "beta")},
        findings(),
        cable() if tested else None,
    )


async def _done() -> str:
    return "done"


def _step(key: str, host: str, title: str, command: str, why: str) -> Step:
    return Step(key, host, title, command, why, _done, undo=_done, source="seed.txt", script=(command,))


STEPS = (
    _step("bridge", "alpha", "bridge br0", "ip link add br0 type bridge", "the guest's NIC joins the clients there"),
    _step("bridge", "beta", "bridge br0", "ip link add br0 type bridge", "the guest's NIC joins the clients there"),
    _step("forward", "alpha", "address of eth1", "ip addr add 10.78.0.1/24 dev eth1", "the streams go through it"),
    _step("forward", "beta", "address of eth1", "ip addr add 10.78.0.2/24 dev eth1", "the streams go through it"),
    _step("mtu", "beta", "largest frame of eth1", "ip link set eth1 mtu 1500", "both ends must be equal"),
    _step("gro", "beta", "gro of eth1 off", "ethtool -K eth1 gro off", "it joins packets before they are compared"),
    _step("irqs", "beta", "interrupt of eth0", "echo 1 > /proc/irq/31/smp_affinity_list", "one cpu for each NIC"),
    _step("quickack", "alpha", "quickack on the forward net", "ip route change 10.78.0.0/24 dev eth1 quickack 1",
          "the pause of a checkpoint fell from 45 ms to 7"),
    _step("quickack", "beta", "quickack on the forward net", "ip route change 10.78.0.0/24 dev eth1 quickack 1",
          "the pause of a checkpoint fell from 45 ms to 7"),
    _step("disk", "alpha", "disk of web01", "qemu-img create -f qcow2 /var/lib/colotui/web01/disk0.qcow2 4G",
          "both copies need one of the same length"),
    _step("disk", "beta", "disk of web01", "qemu-img create -f qcow2 /var/lib/colotui/web01/disk0.qcow2 4G",
          "both copies need one of the same length"),
)  # fmt: skip


def plan() -> Plan:
    return Plan(
        Action.SETUP,
        "web01",
        "Set up alpha and beta for web01",
        STEPS,
        (Line("Undo", "each step keeps what was before and puts exactly that back"),),
    )


STATES = {0: StepState.ALREADY, 1: StepState.ALREADY, 7: StepState.WAITING}


def progress(done: int, *, failed: str = "", ended: bool = False, undoing: bool = False) -> Progress:
    """`done` steps are done; the next one runs, or failed."""
    steps = []
    for index, step in enumerate(STEPS):
        state, started, stopped, output = StepState.WAITING, None, None, ""
        if index < done:
            state, started, stopped = StepState.DONE, NOW - 20 + index, NOW - 19.6 + index
            output = "done"
        elif index == done and failed:
            state, started, stopped, output = StepState.FAILED, NOW - 2, NOW - 1, "Cannot change gro: not supported"
        elif index == done and not ended:
            state, started = StepState.RUNNING, NOW - 2.4
        steps.append(
            StepProgress(step.key, step.host, step.title, step.command, step.why, state, started, stopped, output)
        )
    over = ended or bool(failed)
    return Progress(
        Action.SETUP,
        "web01",
        plan().title,
        tuple(steps),
        NOW - 20,
        NOW - 1 if over else None,
        failed,
        "Choose another NIC, or leave gro on and retry." if failed else "",
        "" if over else "3 of 4 GiB",
        undoing=undoing,
    )


def image(place: int) -> Image:
    path = "/var/lib/colotui/web01/disk0.qcow2"
    if place:
        return Image(path, exists=False)
    return Image(path, exists=True, format="qcow2", length=4 << 30, allocated=1_300_000_000)

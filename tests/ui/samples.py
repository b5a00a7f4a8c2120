"""Hand-made snapshots of every state, the way a live pair would give them. For tests only."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime

from colotui.model.checkpoint import Cause, Checkpoint
from colotui.model.facts import (
    HostFacts,
    IfbDevice,
    IfbPair,
    Irq,
    LinkFacts,
    Missing,
    Module,
    ModuleState,
    NicIrqs,
    QemuFacts,
)
from colotui.model.mismatch import Mismatch
from colotui.model.pair import DiskSpec, ForwardSpec, GuestSpec, HostSpec, NicSpec, ProbeKind, ProbeSpec
from colotui.model.past import CheckpointLog, MismatchLog
from colotui.model.plan import Action, Line, Plan, Progress, Step, StepProgress, StepState
from colotui.model.protection import (
    Copy,
    Event,
    Exit,
    GuestView,
    HostView,
    Life,
    LinkState,
    Probe,
    Protection,
    Role,
    Severity,
    Snapshot,
    State,
    Stream,
    Witness,
)

NOW = datetime(2026, 11, 24, 12, 4, 31).timestamp() + 0.4
DIED = NOW - 13.1
MIB = 2**20

ALPHA = HostSpec("alpha", "10.77.0.2", ForwardSpec("eth1", "10.78.0.1"), service_nic="eth0")
BETA = HostSpec("beta", "10.77.0.3", ForwardSpec("eth1", "10.78.0.2"), service_nic="eth0")
GUEST = GuestSpec(
    name="web01",
    memory=512 * MIB,
    disks=(DiskSpec("/var/lib/colotui/web01/disk0.qcow2", size=256 * MIB),),
    nics=(NicSpec("00:16:4f:00:00:11"),),
    checkpoint_delay=1000,
    probe=ProbeSpec(ProbeKind.HTTP, "10.77.0.10", url="http://10.77.0.10/"),
)


def modules(*, gone: bool) -> tuple[Module, ...]:
    names = ("sch_ingress", "ifb", "act_mirred", "cls_u32", "cls_basic", "sch_colo", "cls_tcindex")
    purposes = ("entry of tc", "two per guest NIC", "sends packets on", "chooses packets", "chooses", "", "chooses")
    return tuple(
        Module(
            name,
            ModuleState.GONE if gone and name == "cls_tcindex" else ModuleState.LOADED,
            purpose,
            "u32 serves" if gone and name == "cls_tcindex" else "",
        )
        for name, purpose in zip(names, purposes, strict=True)
    )


def facts(host: str, at: float = NOW - 0.4, **changes: object) -> HostFacts:
    alpha = host == "alpha"
    base = HostFacts(
        host=host,
        taken_at=at,
        kernel="6.12.57+deb13-amd64",
        cpus=2,
        load1=0.42 if alpha else 0.31,
        cpu_percent=14.0 if alpha else 11.0,
        memory_total=2048 * MIB,
        memory_available=(1311 if alpha else 902) * MIB,
        modules=modules(gone=not alpha),
        ifbs=(
            IfbDevice("ifb0", 4, True, 120934, 120934, 0, "pfifo_fast", ("web01-net0",)),
            IfbDevice("ifb1", 5, True, 98110, 98110, 0, "pfifo_fast", ("eth1",)),
        )
        if alpha
        else (),
        ifb_pairs=(IfbPair("net0", "ifb0", "ifb1", True, 1210.0, 0),) if alpha else (),
        nic_irqs=(
            (NicIrqs("eth0", (Irq(24, "eth0-rx", "1", "1"),)), NicIrqs("eth1", (Irq(27, "eth1-rx", "0-1", "1"),)))
            if alpha
            else (
                NicIrqs("eth0", (Irq(31, "eth0", "0", "0"),), shared_with=("eth1",)),
                NicIrqs("eth1", (Irq(31, "eth1", "0", "0"),), shared_with=("eth0",)),
            )
        ),
        irqbalance=not alpha,
        clock_offset_ms=1.1 if alpha else 0.3,
        forward=LinkFacts(
            "eth1", True, "52:54:00:00:00:01", 1500, 1000, ("10.78.0.1/24",), 2.0e5, 1.9e6, 400.0, 1300.0, 0, True
        ),
        bridge=LinkFacts("br0", True),
        qemu=QemuFacts("/usr/bin/qemu-system-x86_64", "11.1.3"),
        rtt_ms=0.3 if alpha else 0.4,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def checkpoints(end: float, count: int = 300) -> CheckpointLog:
    chance = random.Random(7)
    made = []
    for index in range(count):
        at = end - (count - 1 - index) * 1.0
        forced = chance.random() < 0.06
        pause = 6.0 + chance.random() * 1.6
        if 110 <= index <= 125:
            pause += chance.random() * 9
        if index == 117:
            pause = 25.6
        if chance.random() < 0.05:
            pause += 5
        cause = chance.choice((Cause.TCP, Cause.UDP, Cause.ICMP, Cause.NO_TWIN)) if forced else Cause.PERIODIC
        made.append(Checkpoint(at, cause, round(pause, 1), chance.randrange(300, 400)))
    return CheckpointLog.of(made)


MISMATCHES = MismatchLog.of(
    Mismatch(NOW - ago, protocol, what, "10.77.0.10" if protocol else "", "10.77.0.1" if protocol else "", a, b, forced)
    for ago, protocol, what, a, b, forced in reversed(
        (
            (19.1, "tcp", "length 104 ≠ 79", 104, 79, 2.0),
            (33.4, "udp", "payload differs, 60 B", 60, 60, 2.1),
            (49.6, "", "no twin for 3 s", None, None, 1.0),
            (83.7, "tcp", "length 92 ≠ 79", 92, 79, 2.0),
            (99.9, "tcp", "length 104 ≠ 91", 104, 91, 2.4),
            (134.7, "icmp", "sequence differs", 98, 98, 3.0),
            (167.2, "tcp", "length 78 ≠ 79", 78, 79, 2.0),
            (198.5, "udp", "payload differs, 60 B", 60, 60, 2.0),
            (230.0, "tcp", "length 1514 ≠ 1490", 1514, 1490, 2.0),
        )
    )
)

DAY = 86400.0
EVENTS = (
    Event(NOW - 4 * DAY, "operator", "set up alpha and beta", "31 steps, 14 changed something"),
    Event(NOW - 4 * DAY + 60, "alpha", "quickack set on 10.78.0.0/24 dev eth1", "pause 45 ms → 7 ms"),
    Event(NOW - 4 * DAY + 90, "operator", "drill: primary killed, passed", "client gap 63 ms", guest="web01"),
    Event(NOW - 3.2 * DAY, "operator", "protect web01", "9 steps, 1.4 s, guest stopped 186 ms", guest="web01"),
    Event(NOW - 9271, "beta", "irqbalance started", "may undo the binding of eth0 and eth1", Severity.WARNING),
    Event(NOW - 1150, "colotui", "pause p95 above 15 ms", "6 mismatches in 20 s, all tcp length", guest="web01"),
    Event(NOW - 1109, "colotui", "pause p95 back to 8.9 ms", "was 19.7 ms for 40 s", guest="web01"),
)
DEATH_EVENTS = (
    Event(DIED, "alpha", "QEMU 4711 ended", "signal 9; Can't receive COLO message: Input/output error", Severity.ERROR),
    Event(DIED + 0.011, "beta", "COLO_EXIT", "mode secondary, reason error, 11 ms after the death", Severity.ERROR),
)

STREAMS = (
    Stream("checkpoints", 9998, "right", True, 1.0, "/s", "1.3 MB each"),
    Stream("input copy", 9003, "right", True, 118.0, "pkt/s"),
    Stream("replies", 9004, "left", True, 96.0, "pkt/s", "3 differ/min"),
    Stream("disk writes", 9999, "right", True, 0.4, "MB/s"),
)


def primary(host: str = "alpha", **changes: object) -> Copy:
    base = Copy(
        host=host, life=Life.RUNNING, role=Role.PRIMARY, seen_at=NOW - 0.3, pid=4711, runstate="running",
        migration="colo", in_colo=True, armed=True, peer_connected=True, speaks=True, version="11.1.3", accel="tcg",
        cpu_percent=12.0, rss=257 * MIB, qmp_ms=0.4, generation=1,
    )  # fmt: skip
    return replace(base, **changes)  # type: ignore[arg-type]


def secondary(host: str = "beta", **changes: object) -> Copy:
    base = Copy(
        host=host, life=Life.RUNNING, role=Role.SECONDARY, seen_at=NOW - 0.3, pid=3920, runstate="running",
        migration="colo", in_colo=True, armed=True, peer_connected=True, speaks=False, version="11.1.3", accel="tcg",
        cpu_percent=9.0, rss=684 * MIB, qmp_ms=0.5, generation=1,
    )  # fmt: skip
    return replace(base, **changes)  # type: ignore[arg-type]


def actions(**why: str | None) -> dict[Action, str | None]:
    base: dict[Action, str | None] = dict.fromkeys(Action, "not now")
    return base | {Action(name): reason for name, reason in why.items()}


CALM = actions(
    protect="is so", failover="both copies are well", switch=None, reprotect="no need", stop=None, start="it is there",
    undo="nothing to undo",
)  # fmt: skip
TROUBLE = actions(
    protect="alpha dead", failover=None, switch="alpha dead", reprotect="after f", stop="not protected",
    start="it is there", undo="nothing to undo",
)  # fmt: skip


def host_views(alpha: HostFacts | None = None, beta: HostFacts | None = None) -> tuple[HostView, HostView]:
    return (
        HostView(ALPHA, LinkState.UP, NOW - 3.2 * DAY, alpha or facts("alpha")),
        HostView(BETA, LinkState.UP, NOW - 3.2 * DAY, beta or facts("beta")),
    )


def view(protection: Protection, **changes: object) -> GuestView:
    made = checkpoints(NOW - 0.4)
    base = GuestView(
        spec=GUEST,
        protection=protection,
        copies={"alpha": primary(), "beta": secondary()},
        streams=STREAMS,
        checkpoints=made,
        stats=made.figures(274108, NOW, 300.0),
        mismatches=MISMATCHES,
        mismatch_total=len(MISMATCHES),
        mismatches_per_min=3.0,
        probe=Probe("http://10.77.0.10/", True, NOW - 0.2, 16.8),
        witnesses=WELL,
        actions=CALM,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


WELL = (
    Witness("cockpit → each host", "alpha", "running, primary, colo", True, NOW - 0.2),
    Witness("cockpit → each host", "beta", "running, secondary, colo", True, NOW - 0.2),
    Witness("host → host, eth1", "alpha", "answers ping, 0.3 ms", True, NOW - 0.3),
    Witness("host → host, eth1", "beta", "answers ping, 0.3 ms", True, NOW - 0.3),
    Witness("the guest's service", "alpha", "answers in 16.8 ms, http://10.77.0.10/", True, NOW - 0.1),
    Witness("the guest's service", "beta", "held: nothing reaches the client", None, NOW - 0.1),
)
BAD_WITNESSES = (
    Witness("cockpit → each host", "alpha", "QEMU gone, signal 9 at 12:04:18", False, NOW - 0.2),
    Witness("cockpit → each host", "beta", "running, secondary, COLO_EXIT error", True, NOW - 0.2),
    Witness("host → host, eth1", "alpha", "answers ping, 9003 9004 9998 closed", None, NOW - 0.3),
    Witness("host → host, eth1", "beta", "answers ping, 0.3 ms", True, NOW - 0.3),
    Witness("the guest's service", "alpha", "no reply, for 14 s from 10.77.0.10", False, NOW - 0.1),
    Witness("the guest's service", "beta", "held: nothing reaches the client", None, NOW - 0.1),
)


def snapshot(guest: GuestView, **changes: object) -> Snapshot:
    base = Snapshot(NOW, "lab", host_views(), (guest,), EVENTS, 128)
    return replace(base, **changes)  # type: ignore[arg-type]


def protected() -> Snapshot:
    said = Protection(
        State.PROTECTED, Severity.OK, "web01 runs on alpha, in lock-step with beta", since=NOW - 3 * DAY - 15120,
        primary="alpha", secondary="beta",
    )  # fmt: skip
    return snapshot(view(said))


def warning() -> Snapshot:
    said = Protection(
        State.PROTECTED, Severity.WARNING, "pause p95 47 ms, was 8.9: quickack is gone on beta",
        meaning="Each checkpoint stops the guest 40 ms longer.", since=NOW - 3 * DAY - 15120,
        primary="alpha", secondary="beta",
    )  # fmt: skip
    return snapshot(view(said))


def incident() -> Snapshot:
    """The primary's QEMU was killed 13 s ago."""
    said = Protection(
        State.NOT_PROTECTED, Severity.ERROR, "web01 is silent: QEMU on alpha was killed (signal 9)",
        meaning="The client gets no reply. beta has a complete copy, its output is held.",
        since=DIED, do_now=Action.FAILOVER, do_now_text="fail over to beta …",
        do_not="do not restart alpha's QEMU first", primary="alpha", secondary="beta",
    )  # fmt: skip
    made = checkpoints(DIED - 0.3)
    guest = view(
        said,
        copies={
            "alpha": primary(
                life=Life.DEAD, exit=Exit(137, 9, DIED), in_colo=False, peer_connected=None, speaks=False, seen_at=DIED
            ),
            "beta": secondary(in_colo=False, peer_connected=False, detail="COLO_EXIT"),
        },
        streams=tuple(
            replace(stream, up=False, value=None, remark="12:04:18" if index == 0 else "")
            for index, stream in enumerate(STREAMS)
        ),
        checkpoints=made,
        stats=made.figures(274100, NOW, 300.0),
        probe=Probe("http://10.77.0.10/", False, NOW - 0.2, None, DIED, 13, ""),
        witnesses=BAD_WITNESSES,
        actions=TROUBLE,
    )
    idle = facts("alpha", ifb_pairs=(IfbPair("net0", "ifb0", "ifb1", True, 0.0, 0),))
    return snapshot(guest, hosts=host_views(alpha=idle), events=(*EVENTS, *DEATH_EVENTS), event_total=130)


def unknown() -> Snapshot:
    """alpha has not answered for 9 s; the client still gets replies."""
    said = Protection(
        State.UNKNOWN, Severity.WARNING,
        "alpha does not answer. beta says: running, colo, secondary, last checkpoint 8.1 s ago",
        meaning="The client still gets replies (probe 0.2 s ago).", since=NOW - 9,
        do_now=Action.FAILOVER, do_now_text="promote beta, after alpha is proven or attested off",
        do_not="do not promote beta while alpha may speak", primary="alpha", secondary="beta",
    )  # fmt: skip
    old = facts("alpha", at=NOW - 9.2)
    lost = HostView(ALPHA, LinkState.DOWN, NOW - 9, old, "alpha: no answer on port 22. Look at its console.", NOW + 4)
    guest = view(
        said,
        copies={
            "alpha": primary(life=Life.UNREACHABLE, seen_at=NOW - 9.2, speaks=None, peer_connected=None),
            "beta": secondary(),
        },
        streams=tuple(replace(stream, up=None, value=None, remark="") for stream in STREAMS),
        actions=actions(failover=None, protect="alpha silent", switch="alpha silent", reprotect="alpha silent"),
        witnesses=(Witness("cockpit → each host", "alpha", "no answer, for 9 s", None, NOW - 9.2), *WELL[1:]),
    )
    return snapshot(guest, hosts=(lost, host_views()[1]))


def mute() -> Snapshot:
    """The secondary was killed: the primary runs, but holds every reply."""
    base = incident()
    said = Protection(
        State.NOT_PROTECTED, Severity.ERROR, "web01 is mute: QEMU on beta was killed (signal 9)",
        meaning="alpha runs on, but holds every reply until it carries on alone.", since=DIED,
        do_now=Action.FAILOVER, do_now_text="carry on with alpha alone", do_not="do not promote beta",
        primary="alpha", secondary="beta",
    )  # fmt: skip
    copies = {
        "alpha": primary(peer_connected=False, speaks=False),
        "beta": secondary(life=Life.DEAD, exit=Exit(137, 9, DIED), seen_at=DIED, in_colo=False, peer_connected=None),
    }
    return replace(base, guests=(replace(base.guests[0], protection=said, copies=copies),))


def cut_off() -> Snapshot:
    """Neither host answers, and never did."""
    said = Protection(
        State.UNKNOWN, Severity.WARNING, "neither host answers: this cockpit may be the one that is cut off",
        meaning="Nothing is known of the guest.", since=0.0, do_not="do nothing to the guest until a host answers",
    )  # fmt: skip
    hosts = (
        HostView(ALPHA, LinkState.DOWN, NOW - 20, None, "alpha: no route to host. Look at the cable.", NOW + 2),
        HostView(BETA, LinkState.DOWN, NOW - 20, None, "beta: connection refused. Is sshd running there?", NOW + 2),
    )
    copies = {name: Copy(name, Life.UNREACHABLE, Role.NONE, 0.0) for name in ("alpha", "beta")}
    guest = GuestView(GUEST, said, copies, actions=actions())
    return Snapshot(NOW, "lab", hosts, (guest,))


def two_live() -> Snapshot:
    """The worst of all: both copies speak."""
    base = protected()
    said = Protection(
        State.NOT_PROTECTED, Severity.ERROR, "TWO LIVE COPIES of web01 speak, on alpha and beta",
        meaning="Clients get answers of two guests that know nothing of each other; both write their own disk.",
        do_not="decide which one is right, then end the other on its host; nothing here chooses for you",
        primary="alpha",
    )  # fmt: skip
    copies = {"alpha": primary(in_colo=False), "beta": primary("beta", in_colo=False)}
    guest = replace(base.guests[0], protection=said, copies=copies, streams=(), actions=actions())
    return replace(base, guests=(guest,))


def syncing() -> Snapshot:
    said = Protection(
        State.SYNCING, Severity.WORKING, "Protect web01, step 5 of 9: copy the disk",
        meaning="Not protected until it is done.", since=NOW - 2.4, primary="alpha",
    )  # fmt: skip
    guest = view(
        said,
        copies={
            "alpha": primary(in_colo=False, armed=False, migration="", generation=0),
            "beta": secondary(life=Life.WAITING, in_colo=False, armed=False, rss=64 * MIB, cpu_percent=1.0),
        },
        streams=tuple(
            replace(s, up=None, value=None, remark="")
            if s.name != "disk writes"
            else replace(s, value=41.0, remark="62 %")
            for s in STREAMS
        ),
        checkpoints=CheckpointLog(),
        stats=CheckpointLog().figures(0, NOW, 300.0),
        mismatches=MismatchLog(),
        mismatch_total=0,
        mismatches_per_min=None,
        actions=dict.fromkeys(Action, "protect is running"),
        progress=progress(running=4),
    )
    return snapshot(guest)


def failed_over() -> Snapshot:
    said = Protection(
        State.FAILED_OVER, Severity.WARNING, "web01 runs alone on beta, not protected. Client gap 63 ms.",
        meaning="A second fault now is an outage. alpha answers and can become the new secondary.", since=NOW - 120,
        do_now=Action.REPROTECT, do_now_text="re-protect with alpha …", primary="beta",
    )  # fmt: skip
    made = checkpoints(NOW - 135)
    guest = view(
        said,
        copies={
            "alpha": primary(life=Life.DEAD, exit=Exit(137, 9, NOW - 133), cpu_percent=None, rss=None, speaks=False),
            "beta": primary("beta", in_colo=False, armed=False, rss=684 * MIB, pid=3920),
        },
        streams=tuple(replace(stream, up=None, value=None, remark="") for stream in STREAMS),
        checkpoints=made,
        stats=made.figures(274100, NOW, 300.0),
        actions=actions(reprotect=None, protect="re-protect does it", failover="runs alone"),
    )
    return snapshot(guest)


def connecting() -> Snapshot:
    """The very first snapshot: nothing has answered yet."""
    said = Protection(State.UNKNOWN, Severity.WORKING, "connecting to alpha and beta")
    guest = GuestView(GUEST, said, {}, actions=dict.fromkeys(Action, "not known yet"))
    hosts = (HostView(ALPHA, LinkState.CONNECTING, NOW - 0.1), HostView(BETA, LinkState.CONNECTING, NOW - 0.1))
    return Snapshot(NOW, "lab", hosts, (guest,))


def absent() -> Snapshot:
    """Two bare hosts, no guest yet; many facts cannot be had."""
    said = Protection(
        State.NOT_PROTECTED, Severity.WARNING, "web01 is on neither host", meaning="There is no guest to protect.",
        do_now=Action.START, do_now_text="start web01 …",
    )  # fmt: skip
    bare = {
        "ifbs": Missing("module ifb is not loaded"),
        "ifb_pairs": (),
        "qemu": Missing("no qemu-system-x86_64"),
        "irqbalance": Missing("/run is not readable"),
        "clock_offset_ms": Missing("not measured yet"),
        "nic_irqs": (),
    }
    guest = GuestView(
        GUEST, said,
        {"alpha": Copy("alpha", Life.ABSENT, Role.NONE, NOW), "beta": Copy("beta", Life.ABSENT, Role.NONE, NOW)},
        actions=actions(start=None, protect="start it first"),
    )  # fmt: skip
    return snapshot(guest, hosts=host_views(facts("alpha", **bare), facts("beta", **bare)), events=(), event_total=0)


def hour() -> Snapshot:
    """More than an hour of checkpoints at one a second; each minute a mismatch; 31 minutes ago long pauses."""
    made, differ = [], []
    for place in range(4500):
        at = NOW - 0.4 - 4500 + place
        tcp = place % 61 == 0
        pause = 6.0 + place % 5 / 4 + (12.0 if 4500 - 31 * 60 < place < 4560 - 31 * 60 else 0.0)
        made.append(Checkpoint(at, Cause.TCP if tcp else Cause.PERIODIC, pause, 320 + place % 40))
        if tcp:
            differ.append(
                Mismatch(at - 0.002, "tcp", f"length {place} ≠ 79", "10.77.0.10", "10.77.0.1", place, 79, 2.0)
            )
    log = CheckpointLog.of(made)
    base = protected()
    guest = replace(
        base.guests[0],
        checkpoints=log,
        stats=log.figures(len(log), NOW, 60.0),
        mismatches=MismatchLog.of(differ),
        mismatch_total=len(differ),
    )
    return replace(base, guests=(guest,))


STATES = {
    "protected": protected,
    "warning": warning,
    "incident": incident,
    "unknown": unknown,
    "mute": mute,
    "cut-off": cut_off,
    "two-live": two_live,
    "syncing": syncing,
    "failed-over": failed_over,
    "connecting": connecting,
    "absent": absent,
}

_FAILOVER_STEPS = (
    ("fence", "alpha", "fence", "ip link set web01-net0 down", "never two live copies", True),
    ("stop-export", "beta", "stop the export", "nbd-server-stop", "frees parent0", False),
    ("promote", "beta", "promote", "x-colo-lost-heartbeat", "the secondary carries on alone", True),
    ("wait", "beta", "wait", "query-colo-status: mode none, at most 2 s", "promotion is done only then", False),
    ("release", "beta", "clean up", "object-del f2, object-del f1", "no filter holds replies", False),
    ("chardevs", "beta", "clean up", "chardev-remove red1, red0", "ready for re-protect", False),
    ("measure", "client", "measure", "probe 10.77.0.10:80 every 10 ms", "the gap goes into the table after", False),
)
_PROTECT_TITLES = (
    "images",
    "start",
    "offer the disk",
    "open the links",
    "copy the disk",
    "arm",
    "wait",
    "enter",
    "watch",
)


async def _nothing() -> str:
    return ""


def failover_plan(*, confirm: str = "web01", attest: str = "") -> Plan:
    return Plan(
        Action.FAILOVER,
        "web01",
        "Fail over web01 from alpha to beta",
        tuple(
            Step(key, host, title, command, why, _nothing, weighty=weighty)
            for key, host, title, command, why, weighty in _FAILOVER_STEPS
        ),
        (
            Line("What is lost", "Nothing a client has seen: each reply that left alpha had its twin on beta."),
            Line("What the client feels", "Silence until Enter, then 32–89 ms (ping, 8 runs), once 1.1 s (curl)."),
            Line("Fence", "alpha's QEMU is gone by three signs: pid, QMP socket, COLO_EXIT. Its tap goes down too."),
            Line("Cannot be undone", "after step 3. alpha comes back as a new secondary with r re-protect."),
        ),
        confirm=confirm,
        attest=attest,
        from_host="alpha",
        to_host="beta",
    )


def protect_plan() -> Plan:
    return Plan(
        Action.PROTECT,
        "web01",
        "Protect web01 on beta",
        tuple(
            Step(
                title,
                "beta" if i < 3 else "alpha",
                title,
                f"qmp-command-{i} {'argument ' * (i + 1)}",
                f"because {i}",
                _nothing,
            )
            for i, title in enumerate(_PROTECT_TITLES)
        ),
        (Line("What the client feels", "The guest stands still for about 0.2 s at the end."),),
        to_host="",
    )


def progress(*, running: int | None = None, failed: int | None = None, count: int = 9, ended: bool = False) -> Progress:
    """A protect plan under way at step `running`, failed at `failed`, or done."""
    plan = protect_plan()
    here = running if running is not None else failed if failed is not None else count
    steps = []
    for index, step in enumerate(plan.steps):
        begun = NOW - 2.4 + index * 0.3
        state, started, stopped, output = StepState.WAITING, None, None, ""
        if index < here:
            state, started, stopped, output = StepState.DONE, begun, begun + 0.25, "done"
            if index == 1:
                state = StepState.ALREADY
        elif index == here and running is not None:
            state, started = StepState.RUNNING, begun
        elif index == here and failed is not None:
            state, started, stopped = StepState.FAILED, begun, begun + 0.4
            output = "drive-mirror: Connection refused\nqemu: nbd://10.78.0.2:9999/parent0"
        steps.append(
            StepProgress(
                step.key, step.host, step.title, step.command, step.why, state, started, stopped, output, step.weighty
            )
        )
    over = ended or failed is not None
    return Progress(
        Action.PROTECT,
        "web01",
        plan.title,
        tuple(steps),
        NOW - 2.4,
        NOW if over else None,
        failed="QEMU refused `drive-mirror`: Connection refused" if failed is not None else "",
        next_step="Look whether beta's NBD server listens, then retry." if failed is not None else "",
        note="62 % of 256 MiB, 41 MB/s, 2.4 s to go" if running is not None else "",
        results=(Line("Guest stopped", "186 ms"), Line("Client gap", "63 ms, measured every 10 ms")) if ended else (),
    )


HOSTILE = (
    "[@click=app.quit]x[/]",
    "path [/dev/sda]",
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "a\u202eb\u2066c",
    "line\nbreak\ttab\rret",
    "\x9b31mC1",
    "宽字符 wide",
    "e\u0301\u0301\u0301\u0301\u0301\u0301zalgo",
    "\ud800",
    "x" * 5000,
)


def hostile(text: str) -> Snapshot:
    """The incident with `text` in every string a host could have put there."""
    base = incident()
    guest = base.guests[0]
    said = replace(guest.protection, headline=text, meaning=text, do_now_text=text, do_not=text)
    copies = {
        name: replace(copy, version=text, accel=text, damage="", detail=text, runstate=text)
        for name, copy in guest.copies.items()
    }
    guest = replace(
        guest,
        protection=said,
        copies=copies,
        streams=tuple(replace(s, name=text, unit=text, remark=text) for s in guest.streams),
        mismatches=MismatchLog.of(
            replace(m, protocol=text, what=text, source=text, destination=text) for m in guest.mismatches
        ),
        probe=Probe(text, False, NOW, None, DIED, 3, text),
        witnesses=tuple(replace(w, name=text, text=text) for w in guest.witnesses),
        actions=dict.fromkeys(Action, text) | {Action.FAILOVER: None},
    )
    bad = facts("alpha", kernel=text, irqbalance=Missing(text), ifbs=Missing(text), ifb_pairs=(), qemu=Missing(text))
    hosts = host_views(alpha=bad)
    hosts = (replace(hosts[0], why=text), hosts[1])
    return replace(
        base,
        guests=(guest,),
        hosts=hosts,
        events=tuple(replace(e, source=text, text=text, detail=text) for e in base.events),
        read_only=text,
    )

"""A healthy pair as a case, and the small changes that make an incident of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from colotui.diagnosis.evidence import Evidence
from colotui.diagnosis.incidents.case import Case, Channel
from colotui.diagnosis.incidents.rules import diagnose
from colotui.model.checkpoint import Cause, Checkpoint
from colotui.model.facts import HostFacts, Irq, LinkFacts, Missing, Module, ModuleState, NicIrqs, QemuFacts
from colotui.model.incident import Diagnosed, Fact, Kind, Source
from colotui.model.pair import DiskSpec, GuestSpec, NicSpec
from colotui.model.past import CheckpointLog
from colotui.model.protection import Copy, Life, LinkState, Probe, Role, Witness

NOW = 1_795_000_000.0
SPEC = GuestSpec("web01", 128 << 20, (DiskSpec("/d.qcow2"),), (NicSpec("00:16:4f:00:00:11"),), checkpoint_delay=1000)
PRIMARY = Copy("alpha", Life.RUNNING, Role.PRIMARY, NOW, pid=77, in_colo=True, armed=True, migration="colo",
               peer_connected=True, speaks=True, version="11.1.3")  # fmt: skip
SECONDARY = Copy("beta", Life.RUNNING, Role.SECONDARY, NOW, pid=113, in_colo=True, migration="colo",
                 peer_connected=True, speaks=False, version="11.1.3")  # fmt: skip


def host(name: str, **more: Any) -> HostFacts:
    """A host of which all is well."""
    facts = HostFacts(
        name, NOW - 0.5, "6.1", 2, 0.1, 3.0, 1 << 30, 1 << 29,
        (Module("ifb", ModuleState.LOADED, "holds replies"),), Missing("none"), (),
        (NicIrqs("eth1", (Irq(30, "eth1-rx", "1", "1"),)),), False, 2.0, LinkFacts("eth1", True, quickack=True),
        LinkFacts("br0", True), QemuFacts("/usr/bin/qemu-system-x86_64", "11.1.3"), 0.4, LinkFacts("eth0", True),
    )  # fmt: skip
    return replace(facts, **more)


def ping(name: str, ok: bool, age: float = 1.0) -> Witness:
    """What `name` says of its peer over the forward link."""
    return Witness("host → host", name, "the peer answers" if ok else "the peer does not answer", ok, NOW - age)


def fact(what: str, name: str = "alpha", source: Source = Source.QMP, text: str = "", age: float = 3.0) -> Fact:
    """Something witnessed `age` seconds ago."""
    return Fact(NOW - age, name, source, what, text)


def checkpoints(
    rate: float, seconds: float, cause: Cause = Cause.PERIODIC, pause: float = 8.0, pages: int = 300
) -> CheckpointLog:
    """Checkpoints up to now at an even rate."""
    count = int(rate * seconds)
    return CheckpointLog.of([Checkpoint(NOW - seconds + n / rate, cause, pause, pages) for n in range(count)])


def case(alpha: Copy = PRIMARY, beta: Copy = SECONDARY, *, evidence: dict[str, Any] | None = None, **more: Any) -> Case:
    """A healthy pair, changed as told."""
    known: dict[str, Any] = {
        "probe": Probe("http://guest/", True, NOW - 0.5, 2.0),
        "forward_up": {"alpha": True, "beta": True},
        "last_checkpoint": NOW - 0.4,
        "lockstep_since": NOW - 600.0,
    }
    hosts = {name: host(name) for name in ("alpha", "beta")}
    parts: dict[str, Any] = {
        "evidence": Evidence(SPEC, NOW, {"alpha": alpha, "beta": beta}, **{**known, **(evidence or {})}),
        "hosts": hosts,
        "before": hosts,
        "channels": {name: Channel(LinkState.UP, NOW - 900.0) for name in ("alpha", "beta")},
        "pings": {name: ping(name, True) for name in ("alpha", "beta")},
        "checkpoints": checkpoints(2.0, 60.0),
    }
    return Case(**{**parts, **more})


def down(*names: str, since: float = 4.0, apart: float = 0.0) -> dict[str, Channel]:
    """The channels with those of `names` lost, `apart` seconds from each other."""
    found = {name: Channel(LinkState.UP, NOW - 900.0) for name in ("alpha", "beta")}
    for number, name in enumerate(names):
        found[name] = Channel(LinkState.DOWN, NOW - since + number * apart)
    return found


def dark(copy: Copy) -> Copy:
    """The copy on a host that we do not reach."""
    return replace(copy, life=Life.UNREACHABLE, speaks=None, seen_at=NOW - 5.0)


def silent(seconds: float = 5.0, lost: int = 4) -> Probe:
    """A service that does not answer."""
    return Probe("http://guest/", False, NOW - 0.3, None, NOW - seconds, lost, "timed out")


def kinds(of: Case) -> list[Kind]:
    """The kinds that are diagnosed."""
    return [one.kind for one in diagnose(of)]


def only(of: Case) -> Diagnosed:
    """The one incident of a case."""
    found = diagnose(of)
    assert len(found) == 1, [one.kind for one in found]
    return found[0]

"""Setting up a pair: what the operator has chosen so far, what he wants, and what a look at the hosts found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from colotui.model.cable import CableReport
from colotui.model.check import Finding, Topic, Verdict
from colotui.model.facts import HostFacts
from colotui.model.pair import Accel, EngineKind, NicModel
from colotui.model.survey import HostSurvey, Nic


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a set-up is to do beyond what the engine cannot do without.

    `ifb`: ifb devices claimed for each guest NIC, two of each; `wiring`: the tc forwarding of classic COLO, which
    needs them. `image_from`: the host whose disk images are the good ones, "" = do not copy any.
    """

    ifb: bool = False
    wiring: bool = False
    offloads_off: bool = False
    irqs: bool = True
    quickack: bool = True
    clock: bool = True
    keep: bool = True
    guest_sysctls: bool = True
    image_from: str = ""

    @classmethod
    def for_engine(cls, engine: EngineKind) -> Wanted:
        """What an engine calls for: the xen engine of the seed goes through ifb and tc, qemu's own filters do not."""
        classic = engine is EngineKind.XEN
        return cls(ifb=classic, wiring=classic, offloads_off=classic)


@dataclass(frozen=True, slots=True)
class HostDraft:
    """One host as far as it is known. Empty texts: not chosen yet."""

    name: str
    address: str = ""
    user: str = "root"
    port: int = 22
    key: str = ""
    known_hosts: str = ""
    bridge: str = "br0"
    service_nic: str = ""
    forward_nic: str = ""
    forward_address: str = ""


@dataclass(frozen=True, slots=True)
class GuestDraft:
    """The guest as far as it is known. Sizes in bytes, `checkpoint_delay` in milliseconds."""

    name: str = "web01"
    engine: EngineKind = EngineKind.QEMU
    memory: int = 512 << 20
    cpus: int = 1
    accel: Accel = Accel.AUTO
    disk: str = ""
    disk_format: str = "qcow2"
    disk_size: int | None = None
    mac: str = ""
    nic_model: NicModel = NicModel.E1000
    kernel: str = ""
    initrd: str = ""
    append: str = ""
    probe: str = ""
    base_port: int = 9000
    checkpoint_delay: int = 1000


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything chosen so far, kept so that a set-up can be left and gone on with; `page` is where it was left."""

    name: str = "pair"
    hosts: tuple[HostDraft, HostDraft] = (HostDraft("alpha"), HostDraft("beta"))
    guest: GuestDraft = field(default_factory=GuestDraft)
    wanted: Wanted = field(default_factory=Wanted)
    page: str = ""


@dataclass(frozen=True, slots=True)
class Reached:
    """How reaching one host went. `fingerprint`: its key has to be accepted first; `problem`: it failed."""

    ok: bool
    fingerprint: str = ""
    problem: str = ""
    next_step: str = ""
    hostname: str = ""
    kernel: str = ""
    user: str = ""
    rtt_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at both hosts found, by host name; `findings` are all verdicts, `cable` the last test of it."""

    at: float
    facts: Mapping[str, HostFacts]
    surveys: Mapping[str, HostSurvey]
    findings: tuple[Finding, ...] = ()
    cable: CableReport | None = None

    def about(self, topic: Topic) -> tuple[Finding, ...]:
        """The findings of one page, the worst first."""
        order = (Verdict.BAD, Verdict.UNKNOWN, Verdict.WARNING, Verdict.OK)
        found = [finding for finding in self.findings if finding.topic is topic]
        return tuple(sorted(found, key=lambda finding: order.index(finding.verdict)))

    def nics(self, host: str) -> tuple[Nic, ...]:
        """The NICs of a host that could face clients or join the hosts: hardware, VLANs, bonds and veth."""
        survey = self.surveys.get(host)
        if survey is None or not isinstance(survey.nics, tuple):
            return ()
        return tuple(nic for nic in survey.nics if nic.kind in ("", "vlan", "bond", "veth") and nic.name != "lo")

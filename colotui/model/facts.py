"""Facts of one host: modules, ifb devices, NIC interrupts, clock, load, memory, links, QEMU.

A fact that cannot be had is `Missing(why)`, never a made-up value.
Times are epoch seconds of the cockpit's clock unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Missing:
    """A value that cannot be had, and why, in a few words for the screen."""

    why: str


class ModuleState(StrEnum):
    """Where a kernel feature stands on a host."""

    BUILT_IN = "built in"
    LOADED = "loaded"
    LOADABLE = "loadable"
    MISSING = "missing"
    GONE = "gone from Linux"


@dataclass(frozen=True, slots=True)
class Module:
    """One kernel module COLO may need. `note` says what stands in for it, or what to do."""

    name: str
    state: ModuleState
    purpose: str
    note: str = ""

    @property
    def ready(self) -> bool:
        """True when it can be used now."""
        return self.state in (ModuleState.BUILT_IN, ModuleState.LOADED)


@dataclass(frozen=True, slots=True)
class IfbDevice:
    """One ifb device: counters since it was made, its root qdisc, and where tc sends traffic into it from."""

    name: str
    index: int
    up: bool
    rx_packets: int
    tx_packets: int
    dropped: int
    qdisc: str = ""
    fed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IfbPair:
    """The two ifb devices of one guest NIC, as wired by tc. Rate in packets a second."""

    nic: str
    primary: str
    secondary: str
    up: bool
    packets_per_s: float | None = None
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Irq:
    """One interrupt. CPU lists as the kernel prints them ("0-1"); pending until the next interrupt arrives."""

    number: int
    label: str
    wanted: str
    effective: str

    @property
    def pending(self) -> bool:
        """True when the wanted CPUs are not yet the effective ones.

        `effective` is one CPU out of `wanted` on most interrupt controllers: that is not pending.
        """
        return bool(self.effective) and not (cpus(self.effective) <= cpus(self.wanted))


def cpus(text: str) -> frozenset[int]:
    """The CPUs of a kernel list such as "0-2,5". Empty on text that is not a list."""
    found: set[int] = set()
    for part in text.strip().split(","):
        low, dash, high = part.partition("-")
        if not low.strip().isdigit() or (dash and not high.strip().isdigit()):
            continue
        first = int(low)
        last = int(high) if dash else first
        if last - first > 4096:
            continue
        found.update(range(first, last + 1))
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class NicIrqs:
    """Where a NIC's work lands: its interrupts, or the RPS CPU list of a NIC that has none ("" = off)."""

    nic: str
    irqs: tuple[Irq, ...]
    rps: str = ""
    shared_with: tuple[str, ...] = ()

    @property
    def landing(self) -> frozenset[int]:
        """The CPUs its work lands on. A config or error interrupt hardly ever fires: it is no work."""
        busy = [irq for irq in self.irqs if not irq.label.endswith(("-config", "-event", "-aeq", "-async"))]
        hit = frozenset[int]().union(*(cpus(irq.effective or irq.wanted) for irq in busy or self.irqs))
        return hit or cpus(self.rps)


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """One network link. Rates in bytes and packets a second, over the last sample interval."""

    nic: str
    up: bool
    mac: str = ""
    mtu: int = 0
    speed_mbps: int | None = None
    addresses: tuple[str, ...] = ()
    rx_bytes_per_s: float | None = None
    tx_bytes_per_s: float | None = None
    rx_packets_per_s: float | None = None
    tx_packets_per_s: float | None = None
    dropped: int = 0
    quickack: bool | Missing = Missing("not read yet")


@dataclass(frozen=True, slots=True)
class QemuFacts:
    """The QEMU found on a host. `problem` is empty when its COLO works (versions: qemu-colo.md)."""

    path: str
    version: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class HostFacts:
    """All facts of one host from one sample. `service`: the NIC that carries the guest's traffic to its clients."""

    host: str
    taken_at: float
    kernel: str
    cpus: int
    load1: float
    cpu_percent: float | None
    memory_total: int
    memory_available: int
    modules: tuple[Module, ...]
    ifbs: tuple[IfbDevice, ...] | Missing
    ifb_pairs: tuple[IfbPair, ...]
    nic_irqs: tuple[NicIrqs, ...]
    irqbalance: bool | Missing
    clock_offset_ms: float | Missing
    forward: LinkFacts | Missing
    bridge: LinkFacts | Missing
    qemu: QemuFacts | Missing
    rtt_ms: float
    service: LinkFacts | Missing = Missing("not read yet")

    def well_placed(self, nic: NicIrqs) -> bool:
        """True when the work of `nic` has a CPU of its own, not CPU 0, as far as there are enough of them."""
        if self.cpus < 2:
            return True
        # The wanted CPUs count: what is effective follows with the next interrupt.
        wanted = frozenset[int]().union(*(cpus(irq.wanted) for irq in nic.irqs)) if nic.irqs else nic.landing
        shareable = len(self.nic_irqs) > self.cpus - 1
        return len(wanted) == 1 and 0 not in wanted and (not nic.shared_with or shareable)

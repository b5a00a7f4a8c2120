"""The metrics of the hosts: channel, clock, load, memory, links, interrupts, kernel modules, ifb devices."""

from __future__ import annotations

from collections import Counter

from colotui.metrics.sheet import Family, Kind, Sheet, word
from colotui.model.facts import HostFacts, LinkFacts, Missing, ModuleState
from colotui.model.protection import HostView, LinkState, Witness

_HOST = ("pair", "host")
_LINK = ("pair", "host", "link")

UP = Family("colotui_host_up", Kind.GAUGE, "Whether the channel to the host stands.", _HOST)
CHANNEL_RTT = Family("colotui_host_channel_rtt_seconds", Kind.GAUGE, "Round trip of the channel to the host.", _HOST)
FACTS_AT = Family(
    "colotui_host_facts_timestamp_seconds", Kind.GAUGE, "When the host's facts were read (Unix time).", _HOST
)
HOST = Family("colotui_host", Kind.INFO, "Kernel and hypervisor of the host.", _HOST)
FIT = Family("colotui_host_qemu_fit", Kind.GAUGE, "Whether the host's QEMU is known to be able to do COLO.", _HOST)
CLOCK = Family(
    "colotui_host_clock_offset_seconds", Kind.GAUGE, "How far the host's clock is ahead of this machine's.", _HOST
)
CPUS = Family("colotui_host_cpus", Kind.GAUGE, "CPUs of the host.", _HOST)
CPU = Family("colotui_host_cpu_ratio", Kind.GAUGE, "Share of all the host's CPU time that is in use.", _HOST)
LOAD = Family("colotui_host_load1", Kind.GAUGE, "Load average of the last minute.", _HOST)
MEMORY = Family("colotui_host_memory_size_bytes", Kind.GAUGE, "Memory of the host.", _HOST)
AVAILABLE = Family("colotui_host_memory_available_bytes", Kind.GAUGE, "Memory new programs could have.", _HOST)
MODULES = Family("colotui_host_modules", Kind.GAUGE, "Kernel modules COLO may need, by state.", (*_HOST, "state"))
IFBS = Family("colotui_host_ifb_devices", Kind.GAUGE, "ifb devices of the host.", _HOST)
IFB_PAIRS = Family("colotui_host_ifb_pairs_used", Kind.GAUGE, "Pairs of ifb devices that serve a guest's NIC.", _HOST)
NICS = Family("colotui_host_nics", Kind.GAUGE, "NICs of which it is known where their work lands.", _HOST)
MISPLACED = Family(
    "colotui_host_nics_misplaced", Kind.GAUGE, "NICs whose work has no CPU of its own, or is on CPU 0.", _HOST
)
PENDING = Family(
    "colotui_host_irqs_pending", Kind.GAUGE, "Interrupts that move to their wanted CPU with the next one.", _HOST
)
IRQBALANCE = Family("colotui_host_irqbalance_running", Kind.GAUGE, "Whether irqbalance runs.", _HOST)

LINK_UP = Family("colotui_link_up", Kind.GAUGE, "Whether the link has a carrier.", _LINK)
LINK_SPEED = Family("colotui_link_speed_bytes_per_second", Kind.GAUGE, "What the link could carry.", _LINK)
LINK_MTU = Family("colotui_link_mtu_bytes", Kind.GAUGE, "The link's MTU.", _LINK)
LINK_RX = Family("colotui_link_receive_bytes_per_second", Kind.GAUGE, "Bytes received.", _LINK)
LINK_TX = Family("colotui_link_transmit_bytes_per_second", Kind.GAUGE, "Bytes sent.", _LINK)
LINK_RX_PACKETS = Family("colotui_link_receive_packets_per_second", Kind.GAUGE, "Packets received.", _LINK)
LINK_TX_PACKETS = Family("colotui_link_transmit_packets_per_second", Kind.GAUGE, "Packets sent.", _LINK)
LINK_DROPPED = Family("colotui_link_dropped_packets", Kind.COUNTER, "Packets the link has dropped.", _LINK)
QUICKACK = Family(
    "colotui_forward_quickack", Kind.GAUGE, "Whether the route over the forward link has quickack set.", _HOST
)
FORWARD_UP = Family(
    "colotui_forward_reachable", Kind.GAUGE, "Whether the other host answered this one over the forward link.", _HOST
)
FORWARD_RTT = Family("colotui_forward_rtt_seconds", Kind.GAUGE, "Round trip over the forward link.", _HOST)
PINGS = Family("colotui_forward_pings", Kind.COUNTER, "Pings this host sent over the forward link.", _HOST)
LOST = Family("colotui_forward_pings_lost", Kind.COUNTER, "Pings over the forward link without an answer.", _HOST)

FAMILIES = (
    UP, CHANNEL_RTT, FACTS_AT, HOST, FIT, CLOCK, CPUS, CPU, LOAD, MEMORY, AVAILABLE, MODULES, IFBS, IFB_PAIRS, NICS,
    MISPLACED, PENDING, IRQBALANCE, LINK_UP, LINK_SPEED, LINK_MTU, LINK_RX, LINK_TX, LINK_RX_PACKETS, LINK_TX_PACKETS,
    LINK_DROPPED, QUICKACK, FORWARD_UP, FORWARD_RTT, PINGS, LOST,
)  # fmt: skip

_MEGABIT = 1e6 / 8


def fill(sheet: Sheet, pair: str, view: HostView, forward: Witness | None, pings: tuple[int, int] | None) -> None:
    """All of one host. `forward`: its last word on the other one; `pings`: asked and lost, None for no counters."""
    at = (pair, view.spec.name)
    up = view.link is LinkState.UP
    sheet.number(UP, at, up)
    if pings is not None:
        sheet.number(PINGS, at, pings[0])
        sheet.number(LOST, at, pings[1])
    if view.facts is not None:
        sheet.number(FACTS_AT, at, view.facts.taken_at)
    if not up:  # the rest is what was known before
        return
    if forward is not None:
        sheet.number(FORWARD_UP, at, forward.ok)
        sheet.number(FORWARD_RTT, at, None if forward.rtt_ms is None else forward.rtt_ms / 1000.0)
    if view.facts is not None:
        _facts(sheet, at, view.facts, counters=pings is not None)


def _facts(sheet: Sheet, at: tuple[str, str], facts: HostFacts, *, counters: bool) -> None:
    sheet.number(CHANNEL_RTT, at, facts.rtt_ms / 1000.0)
    qemu = facts.qemu
    sheet.info(HOST, at, {"kernel": facts.kernel, "qemu": "" if isinstance(qemu, Missing) else qemu.version})
    sheet.number(FIT, at, qemu if isinstance(qemu, Missing) else not qemu.problem)
    offset = facts.clock_offset_ms
    sheet.number(CLOCK, at, offset if isinstance(offset, Missing) else offset / 1000.0)
    sheet.number(CPUS, at, facts.cpus)
    sheet.number(CPU, at, None if facts.cpu_percent is None else facts.cpu_percent / 100.0)
    sheet.number(LOAD, at, facts.load1)
    sheet.number(MEMORY, at, facts.memory_total)
    sheet.number(AVAILABLE, at, facts.memory_available)
    if facts.modules:
        states = Counter(module.state for module in facts.modules)
        for state in ModuleState:
            sheet.number(MODULES, (*at, word(state)), states[state])
    if not isinstance(facts.ifbs, Missing):
        sheet.number(IFBS, at, len(facts.ifbs))
        sheet.number(IFB_PAIRS, at, len(facts.ifb_pairs))
    if facts.nic_irqs:
        sheet.number(NICS, at, len(facts.nic_irqs))
        sheet.number(MISPLACED, at, sum(not facts.well_placed(nic) for nic in facts.nic_irqs))
        sheet.number(PENDING, at, sum(irq.pending for nic in facts.nic_irqs for irq in nic.irqs))
    sheet.number(IRQBALANCE, at, facts.irqbalance)
    for name, link in (("forward", facts.forward), ("bridge", facts.bridge), ("service", facts.service)):
        if not isinstance(link, Missing):
            _link(sheet, (*at, name), link, counters=counters)
    if not isinstance(facts.forward, Missing):
        sheet.number(QUICKACK, at, facts.forward.quickack)


def _link(sheet: Sheet, at: tuple[str, str, str], link: LinkFacts, *, counters: bool) -> None:
    sheet.number(LINK_UP, at, link.up)
    sheet.number(LINK_SPEED, at, None if link.speed_mbps is None else link.speed_mbps * _MEGABIT)
    sheet.number(LINK_MTU, at, link.mtu or None)
    sheet.number(LINK_RX, at, link.rx_bytes_per_s)
    sheet.number(LINK_TX, at, link.tx_bytes_per_s)
    sheet.number(LINK_RX_PACKETS, at, link.rx_packets_per_s)
    sheet.number(LINK_TX_PACKETS, at, link.tx_packets_per_s)
    if counters:
        sheet.number(LINK_DROPPED, at, link.dropped)

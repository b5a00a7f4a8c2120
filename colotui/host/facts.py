"""FactsReader: all facts of one host, fresh enough for a screen and cheap enough to be read twice a second."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

from colotui.errors import HostCallFailed, HostError, HostLost
from colotui.host import irqs, parsers, wiring
from colotui.host.channel import Host, ReadError
from colotui.host.dumps import Dumps
from colotui.host.modules import ModuleReader
from colotui.host.programs import QemuFinder
from colotui.host.rates import Rates
from colotui.model.facts import HostFacts, IfbPair, LinkFacts, Missing, Module, QemuFacts
from colotui.model.pair import HostSpec

_NETWORK_PERIOD = 5.0
_LANDING_PERIOD = 2.0
_CLOCK_PERIOD = 5.0
_SLOW_PERIOD = 20.0
_FAST = ("/proc/stat", "/proc/meminfo", "/proc/loadavg", "/proc/net/dev")
_NOT_YET = Missing("not read yet")


class _Tier:
    """Something read less often than every sample, in the background; only the first reading is waited for."""

    def __init__(self, period: float, read: Callable[[], Awaitable[None]]) -> None:
        self._period = period
        self._read = read
        self._due = 0.0
        self._task: asyncio.Future[None] | None = None
        self._wait = True

    async def keep(self) -> None:
        """Start a reading when it is time."""
        if self._task is not None and self._task.done():
            task, self._task = self._task, None
            task.result()
        if self._wait:
            self._wait = False
            if self._task is not None:  # begun before the news: what it brings may be old
                await asyncio.shield(self._task)
            await asyncio.shield(self._start())
        elif self._task is None and time.monotonic() >= self._due:
            self._start()

    def _start(self) -> asyncio.Future[None]:
        self._due = time.monotonic() + self._period
        self._task = asyncio.ensure_future(self._read())
        # a loss is told by the sample itself; nobody may be left to ask this task
        self._task.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._task

    def hurry(self) -> None:
        """Read again with the next sample, and let that wait for it."""
        self._wait = True

    async def close(self) -> None:
        """End a reading under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


class FactsReader:
    """Reads one host again and again. `taps`: the guests' taps there, in the order their ifb pairs are shown.

    A sample is one round trip; what changes rarely is read beside it. With `peer`, quickack is that of the route to it.
    """

    def __init__(self, host: Host, taps: Sequence[str] = (), peer: HostSpec | None = None) -> None:
        self._host = host
        self._spec = host.spec
        self._taps = tuple(taps)
        self._peer = peer
        self._rates = Rates()
        self._cpu: parsers.CpuTimes | None = None
        self._net: Dumps | None = None
        self._wiring: wiring.Wiring | Missing = _NOT_YET
        self._quickack: bool | Missing = _NOT_YET
        self._modules: tuple[Module, ...] = ()
        self._module_reader = ModuleReader(host)
        self._qemu: QemuFacts | Missing = _NOT_YET
        self._qemu_finder = QemuFinder(host)
        self._irqbalance: bool | Missing = _NOT_YET
        self._clock: float | Missing = _NOT_YET
        self._sources: tuple[irqs.NicSource, ...] = ()
        self._landing: Mapping[str, bytes | ReadError] = {}
        self._speeds: dict[str, int] = {}
        self._network = _Tier(_NETWORK_PERIOD, self._read_network)
        self._changes: asyncio.Task[None] | None = None
        self._tiers = (
            self._network,
            _Tier(_CLOCK_PERIOD, self._read_clock),
            _Tier(_SLOW_PERIOD, self._read_slow),
            _Tier(_LANDING_PERIOD, self._read_landing),
        )

    async def facts(self) -> HostFacts:
        """One sample. Raises HostLost when the channel is gone; a value that cannot be read says so in its place."""
        if self._changes is None:
            self._changes = asyncio.create_task(self._follow_changes())
        for tier in self._tiers:
            await tier.keep()
        began = time.perf_counter()
        files = await self._host.read(_FAST)
        took = time.perf_counter() - began
        now = time.monotonic()
        cpu = parsers.cpu_times(_bytes(files, "/proc/stat"))
        percent = parsers.cpu_percent(self._cpu, cpu)
        self._cpu = cpu or self._cpu
        total, available = parsers.memory(_bytes(files, "/proc/meminfo")) or (0, 0)
        counters = parsers.net_dev(_bytes(files, "/proc/net/dev"))
        self._rates.add(now, counters)
        found = self._wiring
        devices: Any = found if isinstance(found, Missing) else wiring.ifb_devices(found, counters)
        pairs: tuple[IfbPair, ...] = ()
        if not isinstance(found, Missing):
            names = wiring.pair_names(found, self._spec.forward.nic, self._taps)
            pairs = wiring.ifb_pairs(names, devices, self._rates.rx_packets)
        return HostFacts(
            host=self._host.name,
            taken_at=time.time(),
            kernel=self._host.info.kernel,
            cpus=cpu.cpus if cpu else 0,
            load1=parsers.load1(_bytes(files, "/proc/loadavg")) or 0.0,
            cpu_percent=percent,
            memory_total=total,
            memory_available=available,
            modules=self._modules,
            ifbs=devices,
            ifb_pairs=pairs,
            nic_irqs=irqs.nic_irqs(self._sources, self._landing),
            irqbalance=self._irqbalance,
            clock_offset_ms=self._clock,
            forward=self._link(self._spec.forward.nic, counters, self._quickack),
            bridge=self._link(self._spec.bridge, counters, Missing("asked of the forward link only")),
            qemu=self._qemu,
            rtt_ms=self._host.rtt_ms if self._host.rtt_ms is not None else took * 1e3,
            service=self._service(counters),
        )

    async def every(self, interval: float) -> AsyncIterator[HostFacts]:
        """Samples until the channel ends or the reader leaves."""
        try:
            while True:
                began = time.monotonic()
                yield await self.facts()
                await asyncio.sleep(max(0.0, interval - (time.monotonic() - began)))
        finally:
            await self.close()

    async def close(self) -> None:
        """End what is read in the background."""
        if self._changes is not None:
            self._changes.cancel()
            await asyncio.gather(self._changes, return_exceptions=True)
        for tier in self._tiers:
            await tier.close()
        self._close_net()

    async def _follow_changes(self) -> None:
        """A cable pulled is seen in the next sample; without such news the period is all there is."""
        with contextlib.suppress(HostError):
            async with self._host.network_changes() as changes:
                async for _ in changes:
                    self._network.hurry()

    def _link(
        self, nic: str, counters: Mapping[str, parsers.Counters], quickack: bool | Missing
    ) -> LinkFacts | Missing:
        if isinstance(self._wiring, Missing):
            return self._wiring
        link = self._wiring.links.get(nic)
        if link is None:
            return Missing(f"there is no {nic}")
        rate = self._rates.of(nic)
        counted = counters.get(nic)
        return LinkFacts(
            nic=nic,
            up=link.carrier,
            mac=link.mac,
            mtu=link.mtu,
            speed_mbps=self._speeds.get(nic),
            addresses=link.addresses,
            rx_bytes_per_s=rate.rx_bytes if rate else None,
            tx_bytes_per_s=rate.tx_bytes if rate else None,
            rx_packets_per_s=rate.rx_packets if rate else None,
            tx_packets_per_s=rate.tx_packets if rate else None,
            dropped=counted.rx_dropped + counted.tx_dropped if counted else 0,
            quickack=quickack,
        )

    def _service(self, counters: Mapping[str, parsers.Counters]) -> LinkFacts | Missing:
        """The bridge keeps its carrier while a tap has one: whether clients are reached, its NIC tells."""
        nics = [nic for nic in self._shown_nics() if nic != self._spec.forward.nic]
        if not nics:
            return Missing(f"no NIC in {self._spec.bridge}")
        return self._link(nics[0], counters, Missing("asked of the forward link only"))

    async def _read_network(self) -> None:
        try:
            if self._net is None:
                self._net = await self._host.dumps()
            async with asyncio.timeout(5):
                found = await wiring.read_wiring(self._net, (self._spec.forward.nic, self._spec.bridge))
                self._quickack = await self._read_quickack(found)
            self._wiring = found
        except HostLost:
            raise
        except Exception as error:  # whatever an odd answer leads to: these facts are missing, no more
            self._wiring = Missing(f"netlink: {error or 'no answer'}")
            self._quickack = self._wiring
            self._close_net()

    async def _read_quickack(self, found: wiring.Wiring) -> bool | Missing:
        forward = self._spec.forward
        link = found.links.get(forward.nic)
        if link is None:
            return Missing(f"there is no {forward.nic}")
        try:
            network = ipaddress.ip_network(f"{forward.address}/{forward.prefix}", strict=False)
            target = ipaddress.ip_address(self._peer.forward.address) if self._peer else network.network_address
        except ValueError as error:
            return Missing(str(error))
        answer = await wiring.quickack(self._net, link.index, target)
        return Missing(f"no route to {target} through {forward.nic}") if answer is None else answer

    def _close_net(self) -> None:
        if self._net is not None:
            self._net.close()
            self._net = None

    async def _read_clock(self) -> None:
        try:
            self._clock = (await self._host.clock()).offset_ms
            running = await self._host.named_processes(["irqbalance"])
            self._irqbalance = bool(running)
        except HostCallFailed as error:
            self._clock = self._irqbalance = Missing(error.what)

    async def _read_slow(self) -> None:
        try:
            self._modules = await self._module_reader.read(self._host.info.kernel)
            self._qemu = await self._qemu_finder.read()
            self._sources = await irqs.find_sources(self._host, self._shown_nics())
        except HostCallFailed as error:
            self._qemu = Missing(error.what)

    def _shown_nics(self) -> list[str]:
        """The NICs whose interrupts matter: those that face clients, then the forward NIC."""
        forward = self._spec.forward.nic
        if self._spec.service_nic:
            return [self._spec.service_nic, forward]
        if isinstance(self._wiring, Missing):
            return [forward]
        bridge = self._wiring.links.get(self._spec.bridge)
        ports = [
            link.name
            for link in self._wiring.links.values()
            if bridge is not None and link.master == bridge.index and link.kind not in ("tun", "ifb", "bridge")
        ]
        return [*ports, forward]

    async def _read_landing(self) -> None:
        nics = dict.fromkeys((self._spec.forward.nic, self._spec.bridge))
        speeds = {nic: f"/sys/class/net/{nic}/speed" for nic in nics if "/" not in nic}
        paths = [path for source in self._sources for path in source.files]
        try:
            self._landing = await self._host.read([*paths, *speeds.values()], limit=4096)
        except HostCallFailed:
            self._landing = {}
        self._speeds = {}
        for nic, path in speeds.items():
            speed = parsers.number(parsers.decode(_bytes(self._landing, path)))
            if speed is not None and speed > 0:
                self._speeds[nic] = speed


def _bytes(files: Mapping[str, bytes | ReadError], path: str) -> bytes:
    data = files.get(path)
    return data if isinstance(data, bytes) else b""

"""Where the work of a NIC lands: its interrupts and their CPUs, or the receive steering of a NIC without any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from colotui.host import parsers
from colotui.host.channel import Host, ReadError
from colotui.model.facts import Irq, NicIrqs, cpus

_DEPTH = 3
_MAX_IRQS = 256


@dataclass(frozen=True, slots=True)
class NicSource:
    """What to read for one NIC: numbers and labels of its interrupts, and the files of its receive queues."""

    nic: str
    irqs: tuple[tuple[int, str], ...]
    rps_files: tuple[str, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """The files whose contents tell where the work lands now."""
        affinity = [
            f"/proc/irq/{number}/{name}"
            for number, _ in self.irqs
            for name in ("smp_affinity_list", "effective_affinity_list")
        ]
        return (*affinity, *self.rps_files)


def candidates(device: str) -> tuple[str, ...]:
    """Folders that may own a NIC's interrupts: its device, then the parents (virtio hangs below its PCI device)."""
    found: list[str] = []
    path = device
    while path.startswith("/sys/devices/") and path.count("/") > 3 and len(found) <= _DEPTH:
        found.append(path)
        path = path.rpartition("/")[0]
    return tuple(found)


async def find_sources(host: Host, nics: Sequence[str]) -> tuple[NicSource, ...]:
    """How each NIC's interrupts can be read. Three round trips, wanted rarely."""
    good = [nic for nic in dict.fromkeys(nics) if nic and "/" not in nic and nic not in (".", "..")]
    devices = await host.realpath([f"/sys/class/net/{nic}/device" for nic in good])
    folders = {nic: candidates(device) for nic, device in zip(good, devices, strict=True)}
    patterns = [f"{folder}/msi_irqs/*" for found in folders.values() for folder in found]
    patterns += [f"/sys/class/net/{nic}/queues/rx-*/rps_cpus" for nic in good]
    listed = await host.glob(patterns)
    plain = [f"{folder}/irq" for found in folders.values() for folder in found]
    texts = await host.read(["/proc/interrupts", *plain], limit=4 << 20)
    table = texts["/proc/interrupts"]
    known = parsers.interrupts(table) if isinstance(table, bytes) else {}
    sources: list[NicSource] = []
    for nic, found in folders.items():
        numbers = _numbers(found, listed, texts, known)
        irqs = tuple((irq, known[irq].label if irq in known else "") for irq in numbers)
        queues = tuple(path for path in listed if path.startswith(f"/sys/class/net/{nic}/queues/"))
        sources.append(NicSource(nic, irqs, queues))
    return tuple(sources)


def _numbers(
    folders: Sequence[str],
    listed: Sequence[str],
    texts: Mapping[str, bytes | ReadError],
    known: Mapping[int, parsers.Interrupt],
) -> list[int]:
    """The interrupts of the nearest folder that has some; of message-signalled ones those in use."""
    for folder in folders:
        messages = [
            number
            for path in listed
            if path.startswith(f"{folder}/msi_irqs/") and (number := parsers.number(path.rpartition("/")[2]))
        ]
        used = [number for number in sorted(messages) if number in known and known[number].label]
        if used:
            return used[:_MAX_IRQS]
        text = texts.get(f"{folder}/irq")
        single = parsers.number(parsers.decode(text)) if isinstance(text, bytes) else None
        if single is not None and single > 0 and not messages:
            return [single]
    return []


def nic_irqs(sources: Sequence[NicSource], files: Mapping[str, bytes | ReadError]) -> tuple[NicIrqs, ...]:
    """All NICs with where their work lands now, and who shares a CPU with whom."""
    found: list[NicIrqs] = []
    for source in sources:
        irqs = tuple(
            Irq(
                number,
                label,
                _text(files, f"/proc/irq/{number}/smp_affinity_list"),
                _text(files, f"/proc/irq/{number}/effective_affinity_list"),
            )
            for number, label in source.irqs
        )
        steered: set[int] = set()
        for path in source.rps_files:
            data = files.get(path)
            if isinstance(data, bytes):
                steered |= parsers.cpu_mask(parsers.decode(data))
        found.append(NicIrqs(source.nic, irqs, parsers.cpu_list(steered)))
    return tuple(
        replace(nic, shared_with=tuple(other.nic for other in found if other is not nic and _meet(nic, other)))
        for nic in found
    )


def _text(files: Mapping[str, bytes | ReadError], path: str) -> str:
    data = files.get(path)
    text = parsers.decode(data).strip() if isinstance(data, bytes) else ""
    return text if cpus(text) else ""


def _meet(one: NicIrqs, other: NicIrqs) -> bool:
    return bool(one.landing & other.landing)

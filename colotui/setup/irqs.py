"""Each NIC's interrupts on a CPU of their own, and the receive steering of NICs that have no interrupts."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from colotui.errors import HostCallFailed
from colotui.host import parsers
from colotui.host.channel import FileStat, ReadError
from colotui.host.irqs import NicSource, candidates, find_sources, nic_irqs
from colotui.model.facts import Irq, cpus
from colotui.model.plan import Step
from colotui.model.setup import Wanted
from colotui.setup import irqbalance
from colotui.setup.irqplan import Placement, plan_cpus
from colotui.setup.nics import below, carriers
from colotui.setup.site import SEED, Site, kept_step

_ONLINE = "/sys/devices/system/cpu/online"
_SOURCE = f"{SEED}, Performance 3"
_RPS_FILE = re.compile(r"/sys/class/net/[^/]{1,15}/queues/rx-\d{1,4}/rps_cpus")

# $1 NIC, $2 CPU: the nearest of its device and three parents that has interrupts in use, as they are numbered now.
_BIND = (
    'd=$(readlink -f "/sys/class/net/$1/device") || exit 0; n=0; hit=; '
    'while [ "$n" -lt 4 ] && [ -z "$hit" ]; do case $d in /sys/devices/*/*) ;; *) break ;; esac; '
    'if [ -d "$d/msi_irqs" ]; then all=$(ls "$d/msi_irqs"); else all=$(cat "$d/irq" 2>/dev/null); fi; '
    'for i in $all; do [ "$i" -gt 0 ] || continue; '
    'for used in "/proc/irq/$i"/*/; do [ -d "$used" ] || continue; hit=1; '
    'echo "$2" >"/proc/irq/$i/smp_affinity_list" || echo "interrupt $i of $1 cannot be moved" >&2; break; done; '
    "done; d=${d%/*}; n=$((n + 1)); done"
)
_STEER = 'for f in "/sys/class/net/$1/queues"/rx-*/rps_cpus; do [ ! -e "$f" ] || echo "$2" >"$f"; done'


@dataclass(frozen=True, slots=True)
class _Bound:
    """One interrupt, the CPU it belongs on, and whether anybody may move it: the driver keeps some for itself."""

    nic: str
    irq: Irq
    cpu: int
    movable: bool

    @property
    def done(self) -> bool:
        return cpus(self.irq.wanted) == {self.cpu}


async def irq_steps(site: Site, wanted: Wanted) -> list[Step]:
    """irqbalance off, interrupts bound, receive steering set: each where there is something to do or to take back."""
    if not wanted.irqs:
        return []
    names = [name for nic in carriers(site.spec, site.survey) for name in below(site.survey, nic)]
    sources = [source for source in await find_sources(site.host, names) if source.irqs or source.rps_files]
    placement = await _place(site, sources)
    with_irqs = {source.nic: placement.cpus[source.nic] for source in sources if source.irqs and placement.cpus}
    without = {source.nic: placement.cpus[source.nic] for source in sources if not source.irqs and placement.cpus}
    kept = await site.ledger.keys()
    steps = await irqbalance.steps(site, wanted) if placement.cpus or irqbalance.KEY in kept else []
    if with_irqs or "irq" in kept:
        steps.append(_irq_step(site, with_irqs, placement.shortage, wanted.keep))
    if without or "rps" in kept:
        steps.append(_rps_step(site, without, placement.shortage, wanted.keep))
    return steps


async def _place(site: Site, sources: Sequence[NicSource]) -> Placement:
    """A CPU of its own NUMA node for each NIC, out of those that are online."""
    nics = [source.nic for source in sources]
    devices = await site.host.realpath([f"/sys/class/net/{nic}/device" for nic in nics])
    files = {
        nic: [f"{folder}/local_cpulist" for folder in candidates(path)] for nic, path in zip(nics, devices, strict=True)
    }
    texts = await site.host.read([_ONLINE, *(path for paths in files.values() for path in paths)])
    near = {
        nic: next(filter(None, (_cpus(texts[path]) for path in paths)), frozenset()) for nic, paths in files.items()
    }
    return plan_cpus(nics, _cpus(texts[_ONLINE]) or range(site.survey.cpus), near)


def _cpus(data: bytes | ReadError) -> frozenset[int]:
    return cpus(parsers.decode(data)) if isinstance(data, bytes) else frozenset()


def _irq_step(site: Site, places: Mapping[str, int], shortage: str, keep: bool) -> Step:
    host = site.host

    async def look() -> list[_Bound]:
        sources = await find_sources(host, tuple(places))
        found = nic_irqs(sources, await host.read([path for source in sources for path in source.files]))
        # an interrupt that two NICs share goes where the first of them is
        bound: dict[int, tuple[str, Irq]] = {}
        for nic in found:
            for irq in nic.irqs:
                bound.setdefault(irq.number, (nic.nic, irq))
        modes = await host.stat([_affinity(number) for number in bound])
        return [
            _Bound(nic, irq, places[nic], _writable(modes[_affinity(number)])) for number, (nic, irq) in bound.items()
        ]

    async def check() -> bool:
        return all(one.done for one in await look() if one.movable)

    async def before() -> Mapping[str, Any]:
        return {
            "irqs": [
                {"nic": one.nic, "number": one.irq.number, "label": one.irq.label, "cpus": one.irq.wanted}
                for one in await look()
                if one.irq.wanted and one.movable
            ]
        }

    async def apply() -> str:
        refused: dict[int, HostCallFailed] = {}
        movable = [one for one in await look() if one.movable]
        for one in movable:
            if not one.done:
                try:
                    await host.write(_affinity(one.irq.number), b"%d\n" % one.cpu)
                except HostCallFailed as error:
                    refused[one.irq.number] = error
        if movable and len(refused) == len(movable):
            first = next(iter(refused.values()))
            raise HostCallFailed(
                site.name,
                f"no interrupt of {' or '.join(places)} can be moved: {first.what.removeprefix(f'{site.name}: ')}",
                first.errno,
                "In a container or a virtual machine ask its host; else leave this step out.",
            )
        return _told(await look(), refused, shortage)

    async def restore(was: Mapping[str, Any]) -> str:
        entries = [dict(entry) for entry in was["irqs"]]
        sources = {source.nic: source for source in await find_sources(host, [str(entry["nic"]) for entry in entries])}
        back, gone = 0, 0
        for entry in entries:
            number = _number_now(entry, sources.get(str(entry["nic"])))
            if number is None:
                gone += 1
                continue
            path = _affinity(number)
            now = (await host.read([path]))[path]
            if _cpus(now) != cpus(str(entry["cpus"])):
                await host.write(path, f"{entry['cpus']}\n".encode())
            back += 1
        return f"{back} interrupts as they were" + (f", {gone} are not there any more" if gone else "")

    # the first NIC comes last: an interrupt that it shares is then where it is
    script = [_call(_BIND, "irq", nic, str(cpu)) for nic, cpu in reversed(list(places.items()))]
    listed = ", ".join(f"{nic} on CPU {cpu}" for nic, cpu in places.items())
    return kept_step(
        site, "irq", "interrupts on CPUs of their own",
        "; ".join(f"echo {cpu} > /proc/irq/N/smp_affinity_list for each N of {nic}" for nic, cpu in places.items()),
        f"a NIC that waits for another one's work holds up the comparison: {listed or 'nothing to place'}",
        check=check, apply=apply, before=before, restore=restore, script=tuple(script),
        undo_command="the CPU lists that were in /proc/irq/N/smp_affinity_list", source=_SOURCE,
        at_boot=True, durable=keep,
    )  # fmt: skip


def _rps_step(site: Site, places: Mapping[str, int], shortage: str, keep: bool) -> Step:
    host = site.host

    async def look() -> dict[str, tuple[int, bytes | ReadError]]:
        sources = await find_sources(host, tuple(places))
        cpu_of = {path: places[source.nic] for source in sources for path in source.rps_files}
        texts = await host.read(tuple(cpu_of))
        return {path: (cpu, texts[path]) for path, cpu in cpu_of.items()}

    def done(cpu: int, data: bytes | ReadError) -> bool:
        return _mask(data) == {cpu}

    async def check() -> bool:
        return all(done(cpu, data) for cpu, data in (await look()).values())

    async def before() -> Mapping[str, Any]:
        return {
            path: parsers.decode(data).strip() for path, (_, data) in (await look()).items() if isinstance(data, bytes)
        }

    async def apply() -> str:
        for path, (cpu, data) in (await look()).items():
            if not done(cpu, data):
                await host.write(path, f"{mask(cpu)}\n".encode())
        return "; ".join([*(f"{nic} on CPU {cpu}" for nic, cpu in places.items()), *([shortage] if shortage else [])])

    async def restore(was: Mapping[str, Any]) -> str:
        paths = [path for path in was if _RPS_FILE.fullmatch(path)]
        now = await host.read(paths)
        there = [path for path in paths if isinstance(now[path], bytes)]
        for path in there:
            if _mask(now[path]) != parsers.cpu_mask(str(was[path])):
                await host.write(path, f"{was[path]}\n".encode())
        gone = len(was) - len(there)
        return f"{len(there)} receive queues as they were" + (f", {gone} are not there any more" if gone else "")

    return kept_step(
        site, "rps", "receive work on CPUs of their own",
        "; ".join(f"echo {mask(cpu)} > /sys/class/net/{nic}/queues/rx-*/rps_cpus" for nic, cpu in places.items()),
        "a NIC without interrupts is served where its packets come from, unless it is told a CPU",
        check=check, apply=apply, before=before, restore=restore,
        script=tuple(_call(_STEER, "rps", nic, mask(cpu)) for nic, cpu in places.items()),
        undo_command="the masks that were in rps_cpus", source=_SOURCE, at_boot=True, durable=keep,
    )  # fmt: skip


def _told(found: Iterable[_Bound], refused: Mapping[int, HostCallFailed], shortage: str) -> str:
    texts: list[str] = []
    groups: dict[tuple[str, int], list[int]] = {}
    for one in found:
        if one.done:
            groups.setdefault((one.nic, one.cpu), []).append(one.irq.number)
    texts += [f"{nic}: {_numbers(numbers)} on CPU {cpu}" for (nic, cpu), numbers in groups.items()]
    pending = [one.irq.number for one in found if one.done and one.irq.pending]
    if pending:
        texts.append(f"{_numbers(pending)} pending until the next interrupt")
    fixed = [one.irq.number for one in found if not one.movable]
    if fixed:
        texts.append(f"{_numbers(fixed)} kept where they are by the driver")
    if refused:
        texts.append(f"{_numbers(refused)} refused ({next(iter(refused.values())).what.rpartition(': ')[2]})")
    return "; ".join([*texts, *([shortage] if shortage else [])])


def _numbers(numbers: Iterable[int]) -> str:
    return " ".join(str(number) for number in numbers)


def _number_now(entry: Mapping[str, Any], source: NicSource | None) -> int | None:
    """The number an interrupt has now: after a boot it may be another one. None when it is not there any more."""
    same = [number for number, label in (source.irqs if source else ()) if label == entry["label"]]
    if int(entry["number"]) in same:
        return int(entry["number"])
    return same[0] if len(same) == 1 else None


def _affinity(number: int) -> str:
    return f"/proc/irq/{number}/smp_affinity_list"


def _writable(found: FileStat | ReadError) -> bool:
    """The kernel takes the write bits off the file of an interrupt that its driver places itself."""
    return isinstance(found, FileStat) and bool(found.mode & 0o222)


def _mask(data: bytes | ReadError) -> frozenset[int]:
    return parsers.cpu_mask(parsers.decode(data)) if isinstance(data, bytes) else frozenset()


def mask(cpu: int) -> str:
    """One CPU as the kernel's mask: hexadecimal, in words of 32 bits."""
    return ",".join([f"{1 << cpu % 32:x}", *["00000000"] * (cpu // 32)])


def _call(text: str, name: str, nic: str, value: str) -> str:
    """Constant shell text run with the two as parameters, so that neither is ever taken for shell text."""
    return f"sh -c {shlex.quote(text)} {name} {shlex.quote(nic)} {shlex.quote(value)}"

"""Which CPU serves which NIC: one for each, so that none waits for another one's work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from colotui.host.parsers import cpu_list

_NOWHERE: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Placement:
    """A CPU for each NIC. `shortage` says in words which NICs have to share, "" when none does."""

    cpus: Mapping[str, int]
    shortage: str = ""


def plan_cpus(
    nics: Sequence[str], online: Iterable[int], near: Mapping[str, frozenset[int]] | None = None
) -> Placement:
    """A CPU for each of `nics`, the most important first; the same answer for the same host, whatever is set now.

    `online`: the CPUs there are; `near`: those of a NIC's own NUMA node, which it gets when one is left. CPU 0 serves
    the clock and whatever nobody placed: it gets no NIC. With too few CPUs the first NIC keeps one of its own and
    the others share the rest; with a single one beside CPU 0 all share that. On a host with one CPU there is nothing
    to place.
    """
    names = list(dict.fromkeys(nics))
    everything = sorted(set(online))
    usable = [cpu for cpu in everything if cpu != 0]
    if len(everything) < 2 or not names:
        return Placement({})
    local = near or {}
    taken: dict[str, int] = {}
    for name in names:
        free = [cpu for cpu in usable if cpu not in taken.values()]
        # what is left to share: all but the CPU of the first, unless that is the only one
        free = free or [cpu for cpu in usable if cpu != taken[names[0]]] or usable
        load = {cpu: list(taken.values()).count(cpu) for cpu in free}
        taken[name] = min(free, key=lambda cpu: (load[cpu], cpu not in local.get(name, _NOWHERE), cpu))
    return Placement(taken, _shortage(taken, usable))


def _shortage(taken: Mapping[str, int], usable: Sequence[int]) -> str:
    shared = {cpu: [name for name, own in taken.items() if own == cpu] for cpu in sorted(set(taken.values()))}
    texts = [f"{' and '.join(names)} share CPU {cpu}" for cpu, names in shared.items() if len(names) > 1]
    if not texts:
        return ""
    count = "CPU" if len(usable) == 1 else "CPUs"
    return f"{len(taken)} NICs but only {count} {cpu_list(usable)} beside CPU 0: {'; '.join(texts)}"

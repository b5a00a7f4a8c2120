"""Write a Pair as a pair file that reads back as the same Pair."""

from __future__ import annotations

from typing import Any

import yaml

from colotui.model.pair import DiskSpec, GuestSpec, HostSpec, Pair, ProbeKind, ProbeSpec

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def dump(pair: Pair) -> str:
    """The text of a pair file for `pair`. What is not set is left out; sizes and times carry their units."""
    tree = {
        "name": pair.name,
        "hosts": {host.name: _host(host) for host in pair.hosts},
        "guests": {guest.name: _guest(guest) for guest in pair.guests},
    }
    return str(yaml.dump(tree, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=1 << 16))


def _host(host: HostSpec) -> dict[str, Any]:
    return _without_nothing(
        {
            "address": host.address,
            "port": host.port,
            "user": host.user,
            "key": host.key,
            "known_hosts": host.known_hosts,
            "bridge": host.bridge,
            "service_nic": host.service_nic,
            "forward": {"nic": host.forward.nic, "address": f"{host.forward.address}/{host.forward.prefix}"},
        }
    )


def _guest(guest: GuestSpec) -> dict[str, Any]:
    return _without_nothing(
        {
            "engine": str(guest.engine),
            "memory": _size(guest.memory),
            "cpus": guest.cpus,
            "accel": str(guest.accel),
            "kernel": guest.kernel,
            "initrd": guest.initrd,
            "append": guest.append or None,
            "disks": [_disk(disk) for disk in guest.disks],
            "nics": [{"mac": nic.mac, "model": str(nic.model)} for nic in guest.nics],
            "extra": list(guest.extra) or None,
            "base_port": guest.base_port,
            "checkpoint_delay": f"{guest.checkpoint_delay} ms",
            "compare_timeout": f"{guest.compare_timeout} ms",
            "probe": _probe(guest.probe) if guest.probe else None,
        }
    )


def _disk(disk: DiskSpec) -> dict[str, Any]:
    size = None if disk.size is None else _size(disk.size)
    return _without_nothing({"path": disk.path, "format": disk.format, "size": size})


def _size(size: int) -> str:
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size % factor == 0:
            return f"{size // factor} {unit}"
    return f"{size} B"


def _probe(probe: ProbeSpec) -> str:
    if probe.kind is ProbeKind.HTTP:
        return probe.url
    place = f"[{probe.address}]" if ":" in probe.address else probe.address
    return f"{probe.kind}://{place}" + (f":{probe.port}" if probe.kind is ProbeKind.TCP else "")


def _without_nothing(tree: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in tree.items() if value is not None}

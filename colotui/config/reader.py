"""Turn the nodes of a pair file into model.pair.Pair, with every problem and its line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TypeVar

from colotui.config import rules, values
from colotui.config.document import Mapping, Node, Scalar
from colotui.config.fields import Fields, Problems
from colotui.config.values import Bad, shown
from colotui.model.pair import (
    Accel,
    DiskSpec,
    EngineKind,
    ForwardSpec,
    GuestSpec,
    HostSpec,
    NicModel,
    NicSpec,
    Pair,
)

E = TypeVar("E", bound=StrEnum)
_MIB = 1 << 20
_HOST_KEYS = ("address", "port", "user", "key", "known_hosts", "bridge", "service_nic", "forward")
_GUEST_KEYS = tuple(field.name for field in fields(GuestSpec) if field.name != "name")
# Options that would take the guest out of colotui's hands.
RESERVED = frozenset(
    f"-{word}" for word in ("daemonize", "incoming", "pidfile", "loadvm", "snapshot", "preconfig", "S", "readconfig")
)
_NO_FORWARD = ForwardSpec("", "", 0)


def read_pair(root: Mapping, path: Path, problems: Problems) -> Pair | None:
    """The pair in `root`; None when there was a problem (see `problems`)."""
    top = Fields(root, "the pair", ("name", "hosts", "guests"), problems)
    name = top.need("name", values.name, "?")
    hosts = [_host(key, node, path.parent, problems) for key, node in _named(top, "hosts", "alpha:\n    address: ...")]
    guests = [_guest(key, node, problems) for key, node in _named(top, "guests", "web01:\n    memory: ...")]
    rules.check_hosts(top, hosts)
    rules.check_guests(top, guests)
    if problems.found:
        return None
    (first, _), (second, _) = hosts
    return Pair(name, (first, second), tuple(guest.spec for guest in guests), str(path))


def _named(top: Fields, name: str, example: str) -> list[tuple[Scalar, Node]]:
    node = top.node(name)
    if isinstance(node, Mapping):
        return list(node.entries)
    if node is not None:
        first = example.split(":")[0]
        top.problems.add(node.line, f"`{name}` must hold named groups, as in `{first}:` with its keys indented below.")
    return []


def _host(key: Scalar, node: Node, folder: Path, problems: Problems) -> tuple[HostSpec, Fields]:
    name = _name(key, "host", problems)
    host = Fields(node, f"host {name}", _HOST_KEYS, problems)
    local_path = partial(values.local_path, base=folder)
    spec = HostSpec(
        name=name,
        address=host.need("address", values.address, ""),
        forward=_forward(host, problems),
        bridge=host.take("bridge", values.nic, "br0"),
        user=host.take("user", values.user, "root"),
        port=host.take("port", partial(values.number, low=1, high=65535), 22),
        key=host.take("key", local_path, None),
        known_hosts=host.take("known_hosts", local_path, None),
        service_nic=host.take("service_nic", values.nic, None),
    )
    return spec, host


def _forward(host: Fields, problems: Problems) -> ForwardSpec:
    node = host.node("forward")
    if node is None:
        return _NO_FORWARD
    forward = Fields(node, f"forward of {host.label}", ("nic", "address"), problems)
    nic = forward.need("nic", values.nic, "")
    return forward.need("address", partial(values.forward, nic), _NO_FORWARD)


def _guest(key: Scalar, node: Node, problems: Problems) -> rules.ReadGuest:
    name = _name(key, "guest", problems)
    guest = Fields(node, f"guest {name}", _GUEST_KEYS, problems)
    disks = guest.items("disks", at_least=1)
    nics = guest.items("nics", at_least=1)
    spec = GuestSpec(
        name=name,
        memory=guest.need("memory", _memory, 0),
        disks=tuple(_disk(item, name, problems) for item in disks),
        nics=tuple(_nic(item, name, problems) for item in nics),
        engine=guest.take("engine", partial(_one_of, EngineKind), EngineKind.QEMU),
        cpus=guest.take("cpus", partial(values.number, low=1, high=64), 1),
        accel=guest.take("accel", partial(_one_of, Accel), Accel.AUTO),
        kernel=guest.take("kernel", values.host_path, None),
        initrd=guest.take("initrd", values.host_path, None),
        append=guest.take("append", values.line_of_text, ""),
        extra=_extra(guest, problems),
        base_port=guest.take("base_port", partial(values.number, low=1024, high=64536), 9000),
        checkpoint_delay=guest.take("checkpoint_delay", values.duration, 20000),
        compare_timeout=guest.take("compare_timeout", values.duration, 3000),
        probe=guest.take("probe", values.probe, None),
    )
    return rules.ReadGuest(spec, guest, tuple(map(_line("path"), disks)), tuple(map(_line("mac"), nics)))


def _line(key: str) -> Callable[[Node], int]:
    def of(node: Node) -> int:
        entries = node.entries if isinstance(node, Mapping) else ()
        return next((value.line for name, value in entries if name.text == key), node.line)

    return of


def _disk(node: Node, guest: str, problems: Problems) -> DiskSpec:
    disk = Fields(node, f"a disk of guest {guest}", ("path", "format", "size"), problems)
    return DiskSpec(
        path=disk.need("path", values.host_path, ""),
        format=disk.take("format", _disk_format, "qcow2"),
        size=disk.take("size", values.size, None),
    )


def _nic(node: Node, guest: str, problems: Problems) -> NicSpec:
    nic = Fields(node, f"a NIC of guest {guest}", ("mac", "model"), problems)
    return NicSpec(nic.need("mac", values.mac, ""), nic.take("model", partial(_one_of, NicModel), NicModel.E1000))


def _extra(guest: Fields, problems: Problems) -> tuple[str, ...]:
    words: list[str] = []
    for item in guest.items("extra", at_most=64):
        try:
            if not isinstance(item, Scalar) or item.empty:
                raise Bad("each item must be one word, in quotes where YAML would read it otherwise")
            word = values.line_of_text(item.text)
            if word.replace("--", "-", 1) in RESERVED:
                raise Bad(f"{shown(word)} is colotui's own business and cannot be given here")
        except Bad as bad:
            problems.add(item.line, f"`extra` of {guest.label}: {bad}.")
        else:
            words.append(word)
    return tuple(words)


def _name(key: Scalar, kind: str, problems: Problems) -> str:
    try:
        return values.name(key.text)
    except Bad as bad:
        problems.add(key.line, f"the name of a {kind}: {bad}.")
        return "?"


def _memory(text: str) -> int:
    memory = values.size(text)
    if memory < 16 * _MIB or memory % _MIB:
        raise Bad(f"{shown(text)}: a guest's memory is a whole number of MiB, at least 16 MiB")
    return memory


def _disk_format(text: str) -> str:
    if text not in ("qcow2", "raw"):
        raise Bad(f"{shown(text)} is not one of: qcow2, raw")
    return text


def _one_of(kind: type[E], text: str) -> E:
    try:
        return kind(text)
    except ValueError:
        raise Bad(f"{shown(text)} is not one of: {', '.join(kind)}") from None

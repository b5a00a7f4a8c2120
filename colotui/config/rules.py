"""What must hold between the fields of a pair file: two different hosts, one forward network, nothing used twice."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from colotui.config.fields import Fields
from colotui.model.pair import GuestSpec, HostSpec

Hosts = list[tuple[HostSpec, Fields]]
# A guest's ports are base_port+1 .. base_port+999 (comparison, migration, disk).
PORTS_EACH = 1000


@dataclass(frozen=True, slots=True)
class ReadGuest:
    """A guest as read, with the lines its disks and MAC addresses stand in."""

    spec: GuestSpec
    fields: Fields
    disk_lines: tuple[int, ...]
    mac_lines: tuple[int, ...]


def check_hosts(top: Fields, hosts: Hosts) -> None:
    """A pair is two hosts that differ and whose forward NICs can reach each other."""
    if len(hosts) != 2 and top.has("hosts"):
        top.problems.add(top.line_of("hosts"), f"a pair is two hosts; `hosts` names {len(hosts)}.")
    for host, fields in hosts:
        _check_host(host, fields)
    if len(hosts) != 2:
        return
    (first, _), (second, fields) = hosts
    add = fields.problems.add
    if first.address and (first.address.lower(), first.port) == (second.address.lower(), second.port):
        add(fields.line_of("address"), f"{first.name} and {second.name} have the same address: two hosts are needed.")
    if not (first.forward.address and second.forward.address):
        return
    line = fields.line_of("forward")
    if first.forward.address == second.forward.address:
        add(line, f"{first.name} and {second.name} have the same forward address {second.forward.address}.")
    one, two = (_network(host) for host in (first, second))
    if one != two:
        add(line, f"the forward addresses are in different networks: {first.name} in {one}, {second.name} in {two}.")
    for host, other in ((first, second), (second, first)):
        if host.address == other.forward.address:
            add(line, f"the address of {host.name} is the forward address of {other.name}.")


def _check_host(host: HostSpec, fields: Fields) -> None:
    add, line = fields.problems.add, fields.line_of("forward")
    if host.address and host.address == host.forward.address:
        add(
            line,
            f"the forward address of {host.name} is also the address it is reached at.",
            "The forward NIC is a link of its own between the hosts, used for nothing else.",
        )
    if host.forward.nic and host.forward.nic in (host.bridge, host.service_nic):
        add(line, f"{host.forward.nic} of {host.name} cannot be the forward NIC and face the clients too.")
    if host.service_nic == host.bridge:
        add(fields.line_of("service_nic"), f"service_nic of {host.name} is the bridge itself; name the NIC inside it.")


def _network(host: HostSpec) -> ipaddress.IPv4Network:
    return ipaddress.IPv4Interface(f"{host.forward.address}/{host.forward.prefix}").network


def check_guests(top: Fields, guests: list[ReadGuest]) -> None:
    """There is a guest, and no two of them share a MAC address, a disk or a port."""
    if not guests and top.has("guests"):
        top.problems.add(top.line_of("guests"), "`guests` names no guest.")
    used: dict[str, str] = {}
    for guest in guests:
        spec, fields = guest.spec, guest.fields
        things = [
            (f"the MAC address {nic.mac}", line)
            for nic, line in zip(spec.nics, guest.mac_lines, strict=True)
            if nic.mac
        ]
        things += [
            (f"the disk {disk.path}", line)
            for disk, line in zip(spec.disks, guest.disk_lines, strict=True)
            if disk.path
        ]
        for thing, line in things:
            if thing in used:
                fields.problems.add(line, f"{thing} of {spec.name} is used already, by {used[thing]}.")
            used.setdefault(thing, spec.name)
        for key, value in (("initrd", spec.initrd), ("append", spec.append)):
            if value and not fields.has("kernel"):
                fields.problems.add(fields.line_of(key), f"guest {spec.name} has `{key}` but no `kernel`.")
    _check_ports(guests)


def _check_ports(guests: list[ReadGuest]) -> None:
    taken: list[GuestSpec] = []
    for guest in guests:
        spec, fields = guest.spec, guest.fields
        for other in taken:
            if abs(spec.base_port - other.base_port) < PORTS_EACH:
                mine = f"base_port {spec.base_port} of {spec.name}"
                if not fields.has("base_port"):
                    mine += " (the default)"
                fields.problems.add(
                    fields.line_of("base_port"),
                    f"{mine} is too near to {other.base_port} of {other.name}.",
                    f"Each guest uses the {PORTS_EACH - 1} ports after its base_port, as 9000, 10000, 11000.",
                )
                break
        taken.append(spec)

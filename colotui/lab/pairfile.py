"""The lab's pair file: an ordinary one, all that a cockpit is told about the lab."""

from __future__ import annotations

from colotui.lab.guestimage import KERNEL_OPTIONS
from colotui.lab.layout import DISK_MIB, GUEST, GUEST_FOLDER, GUEST_MAC, HOSTS, IMAGES_FOLDER, Net, Places


def text(places: Places, net: Net) -> str:
    """The pair file, as YAML."""
    lines = ["# Made by `colotui lab`; gone when the lab goes down.", f"name: {places.name}", "hosts:"]
    for host in HOSTS:
        lines += [
            f"  {host}:",
            f"    address: {net.host_management(host)}",
            "    user: root",
            f"    key: {places.key}",
            f"    known_hosts: {places.known_hosts}",
            "    bridge: br0",
            "    service_nic: eth0",
            f"    forward: {{nic: eth1, address: {net.host_forward(host)}/24}}",
        ]
    lines += [
        "guests:",
        f"  {GUEST}:",
        "    engine: qemu",
        "    memory: 128 MiB",
        "    cpus: 1",
        "    accel: auto",
        f"    kernel: {IMAGES_FOLDER}/vmlinuz",
        f"    initrd: {IMAGES_FOLDER}/initrd",
        f'    append: "{KERNEL_OPTIONS} lab.address={net.guest}/24"',
        f"    disks: [{{path: {GUEST_FOLDER}/disk0.qcow2, format: qcow2, size: {DISK_MIB} MiB}}]",
        f'    nics: [{{mac: "{GUEST_MAC}", model: e1000}}]',
        "    base_port: 9000",
        "    checkpoint_delay: 1000 ms",
        f"    probe: http://{net.guest}/",
    ]
    return "\n".join(lines) + "\n"

"""Names, ports and paths of one guest's COLO pieces: the ids upstream documents, made distinct per NIC and disk."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from colotui.model.pair import DiskSpec, GuestSpec, NicModel, NicSpec

MONITORS = 8
"""QMP sockets per QEMU: a second client on one socket hangs in connect, so each client claims one of these."""

PRIMARY_TRACE = (
    "colo_vm_state_change",
    "colo_send_message",
    "colo_receive_message",
    "ram_save_complete",
    "colo_compare_main",
    "colo_compare_ip_info",
    "colo_compare_tcp_info",
    "colo_compare_udp_miscompare",
    "colo_compare_icmp_miscompare",
    "colo_old_packet_check_found",
    "colo_failover_set_state",
    "colo_flush_ram_cache_begin",
)
"""The fewest trace events that tell every checkpoint, its pause, pages and cause (qemu-colo.md)."""


def run_dir(guest: str) -> str:
    """Sockets, pid, logs of the guest's copy on a host; gone after a reboot."""
    return f"/run/colotui/{guest}"


def data_dir(guest: str) -> str:
    """What must survive a reboot of the host: the guest's state file, and by default its disks."""
    return f"/var/lib/colotui/{guest}"


def monitor_sockets(guest: str) -> tuple[str, ...]:
    """The monitor sockets colotui may claim, in order."""
    return tuple(f"{run_dir(guest)}/qmp{i}" for i in range(MONITORS))


def tap_name(guest: str, index: int) -> str:
    """Name of a guest NIC's tap on the host: at most 15 characters, distinct for distinct guests."""
    tail = f"-net{index}"
    if len(guest) + len(tail) <= 15:
        return guest + tail
    return guest[:5] + hashlib.blake2s(guest.encode(), digest_size=2).hexdigest() + tail


@dataclass(frozen=True, slots=True)
class NicWiring:
    """One guest NIC: its tap, its chardevs with their ports, and its filter objects."""

    index: int
    spec: NicSpec
    tap: str
    ports: int

    def name(self, upstream: str) -> str:
        """An id as upstream documents it; NICs after the first get a suffix."""
        return upstream if self.index == 0 else f"{upstream}-n{self.index}"

    @property
    def netdev(self) -> str:
        """The QEMU netdev id."""
        return f"hn{self.index}"

    @property
    def mirror_port(self) -> int:
        """The secondary reads the copy of the client's packets here (forward link)."""
        return self.ports + 3

    @property
    def compare_port(self) -> int:
        """The secondary sends its replies here (forward link)."""
        return self.ports + 4

    @property
    def local_ports(self) -> tuple[int, int]:
        """compare0 and compare_out, loopback on the primary."""
        return self.ports + 1, self.ports + 5

    @property
    def vnet_hdr(self) -> dict[str, bool]:
        """virtio-net needs header support on every filter and on the comparison; e1000 must not have it."""
        return {"vnet_hdr_support": True} if self.spec.model is NicModel.VIRTIO else {}


@dataclass(frozen=True, slots=True)
class DiskWiring:
    """One guest disk: its nodes in both QEMUs and the two overlay files beside the secondary's image."""

    index: int
    spec: DiskSpec
    virtio: bool

    @property
    def device(self) -> str:
        """The quorum node both sides share; a wrong top-id gives only a silent COLO_EXIT."""
        return f"colo-disk{self.index}"

    @property
    def export(self) -> str:
        """The secondary's image as exported by NBD."""
        return f"parent{self.index}"

    @property
    def replica(self) -> str:
        """The replication node on the secondary."""
        return f"childs{self.index}"

    @property
    def replication(self) -> str:
        """The replication node on the primary."""
        return f"replication{self.index}"

    @property
    def job(self) -> str:
        """The mirror job that brings the secondary's image up to date."""
        return f"resync{self.index}"

    @property
    def active(self) -> str:
        """Overlay with the secondary's own writes since the last checkpoint."""
        return f"{self.spec.path}.active"

    @property
    def hidden(self) -> str:
        """Overlay with what the primary overwrote since the last checkpoint."""
        return f"{self.spec.path}.hidden"


class Wiring:
    """Every name of one guest's COLO pieces."""

    def __init__(self, spec: GuestSpec) -> None:
        self.spec = spec
        virtio = any(nic.model is NicModel.VIRTIO for nic in spec.nics)
        self.nics = tuple(
            NicWiring(i, nic, tap_name(spec.name, i), spec.base_port + 10 * i) for i, nic in enumerate(spec.nics)
        )
        self.disks = tuple(DiskWiring(i, disk, virtio) for i, disk in enumerate(spec.disks))
        self.run_dir = run_dir(spec.name)
        self.data_dir = data_dir(spec.name)

    @property
    def migration_port(self) -> int:
        """Where the secondary takes the RAM and every checkpoint."""
        return self.spec.base_port + 998

    @property
    def nbd_port(self) -> int:
        """Where the secondary takes the disk writes."""
        return self.spec.base_port + 999

    @property
    def primary_objects(self) -> tuple[str, ...]:
        """Objects that make a copy an armed primary, in the order they are removed."""
        kinds = ("comp0", "iothread1", "m0", "redire0", "redire1")
        return tuple(nic.name(kind) for nic in self.nics for kind in kinds)

    @property
    def primary_filters(self) -> tuple[str, ...]:
        """The filters switched on when the lock-step begins."""
        return tuple(nic.name(kind) for nic in self.nics for kind in ("m0", "redire0", "redire1"))

    @property
    def primary_chardevs(self) -> tuple[str, ...]:
        """Chardevs of an armed primary; clients before their servers."""
        kinds = ("mirror0", "compare1", "compare0-0", "compare0", "compare_out0", "compare_out")
        return tuple(nic.name(kind) for nic in self.nics for kind in kinds)

    @property
    def peer_chardevs(self) -> tuple[str, ...]:
        """The primary's chardevs whose other end is the secondary: the witnesses of its life."""
        return tuple(nic.name(kind) for nic in self.nics for kind in ("mirror0", "compare1"))

    @property
    def secondary_objects(self) -> tuple[str, ...]:
        """Redirectors of a secondary: while they stand, its replies are held."""
        return tuple(nic.name(kind) for nic in self.nics for kind in ("f2", "f1"))

    @property
    def secondary_chardevs(self) -> tuple[str, ...]:
        """Chardevs of a secondary."""
        return tuple(nic.name(kind) for nic in self.nics for kind in ("red1", "red0"))

    @property
    def rewriters(self) -> tuple[str, ...]:
        """The filter-rewriters: they stay after a promotion, open connections live on them."""
        return tuple(nic.name("rew0") for nic in self.nics)

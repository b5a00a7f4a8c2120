"""The pair as the operator wrote it down: two hosts, the guests on them, and how each is reached."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EngineKind(StrEnum):
    """What runs the guest."""

    QEMU = "qemu"
    XEN = "xen"


class Accel(StrEnum):
    """How QEMU runs the guest's instructions; AUTO tries KVM with a time limit and falls back to TCG."""

    AUTO = "auto"
    KVM = "kvm"
    TCG = "tcg"


class NicModel(StrEnum):
    """Guest NIC models whose COLO was measured (qemu-colo.md)."""

    E1000 = "e1000"
    VIRTIO = "virtio"


class ProbeKind(StrEnum):
    """How the guest's own service is asked whether it serves."""

    PING = "ping"
    TCP = "tcp"
    HTTP = "http"


@dataclass(frozen=True, slots=True)
class ForwardSpec:
    """The directly connected NIC of a host and its own address there, with prefix length."""

    nic: str
    address: str
    prefix: int = 24


@dataclass(frozen=True, slots=True)
class HostSpec:
    """One host of the pair. `address` "local" means this machine, without SSH."""

    name: str
    address: str
    forward: ForwardSpec
    bridge: str = "br0"
    user: str = "root"
    port: int = 22
    key: str | None = None
    known_hosts: str | None = None
    service_nic: str | None = None

    @property
    def is_local(self) -> bool:
        """True when the agent runs on this machine as a subprocess."""
        return self.address == "local"


@dataclass(frozen=True, slots=True)
class DiskSpec:
    """One guest disk. `path` is the same on both hosts; `size` in bytes is needed only to create it."""

    path: str
    format: str = "qcow2"
    size: int | None = None


@dataclass(frozen=True, slots=True)
class NicSpec:
    """One guest NIC."""

    mac: str
    model: NicModel = NicModel.E1000


@dataclass(frozen=True, slots=True)
class ProbeSpec:
    """Where the guest's service answers. `url` only for http; `port` only for tcp."""

    kind: ProbeKind
    address: str
    port: int = 0
    url: str = ""


@dataclass(frozen=True, slots=True)
class GuestSpec:
    """One guest of the pair. Sizes in bytes, times in milliseconds."""

    name: str
    memory: int
    disks: tuple[DiskSpec, ...]
    nics: tuple[NicSpec, ...]
    engine: EngineKind = EngineKind.QEMU
    cpus: int = 1
    accel: Accel = Accel.AUTO
    kernel: str | None = None
    initrd: str | None = None
    append: str = ""
    extra: tuple[str, ...] = ()
    base_port: int = 9000
    checkpoint_delay: int = 20000
    compare_timeout: int = 3000
    probe: ProbeSpec | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair file, read. `hosts` are exactly two, in the file's order."""

    name: str
    hosts: tuple[HostSpec, HostSpec]
    guests: tuple[GuestSpec, ...]
    path: str = ""

    def host(self, name: str) -> HostSpec:
        """The host called `name`; KeyError when there is none."""
        for spec in self.hosts:
            if spec.name == name:
                return spec
        raise KeyError(name)

    def other(self, name: str) -> HostSpec:
        """The host that is not `name`."""
        first, second = self.hosts
        return second if first.name == name else first

    def guest(self, name: str) -> GuestSpec:
        """The guest called `name`; KeyError when there is none."""
        for spec in self.guests:
            if spec.name == name:
                return spec
        raise KeyError(name)

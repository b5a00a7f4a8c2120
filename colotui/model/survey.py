"""What a survey of one host found: slower facts than those of the cockpit, read when a pair is checked or set up.

Everything here was read from the host; what could not be read is `Missing(why)`. Sizes in bytes, times in epoch
seconds of the cockpit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from colotui.model.facts import IfbDevice, Missing

_NOT_READ = Missing("not read")


@dataclass(frozen=True, slots=True)
class Nic:
    """One network device.

    `kind` is "" for hardware, else the kernel's word (vlan, bond, bridge, veth, tun, ifb); `parent` the NIC below a
    VLAN; `master` the bridge or bond it belongs to. `offloads`: the names of those that are on, as ethtool -K
    takes them (tso, sg, gso, lro, gro). `default_route`: the host's way out leads through it.
    """

    name: str
    kind: str
    driver: str
    mac: str
    mtu: int
    up: bool
    carrier: bool
    speed_mbps: int | None = None
    master: str = ""
    parent: str = ""
    alias: str = ""
    addresses: tuple[str, ...] = ()
    default_route: bool = False
    promiscuous: bool = False
    offloads: tuple[str, ...] | Missing = _NOT_READ


@dataclass(frozen=True, slots=True)
class Image:
    """One guest disk image on a host. `digest` is of the guest's data (SHA-256), read only when asked for."""

    path: str
    exists: bool
    format: str = ""
    length: int | None = None
    allocated: int | None = None
    digest: str = ""
    problem: str = ""


class LeftoverKind(StrEnum):
    """What a failed run can leave on a host."""

    IFB = "ifb device up without a claim"
    CLAIM = "ifb device claimed for a guest that has no such NIC here"
    QDISC = "traffic control on the forward NIC or a tap that leads nowhere"
    RUN_FOLDER = "files of a copy that runs no more"
    OVERLAY = "overlays of a secondary that runs no more"
    PLAN = "a plan that was cut off"
    SUSPEND_FILE = "a suspend file of Xen"
    INCOMING = "a half-received Xen domain"


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing a failed run left. `what` names it exactly (a path, a device); `guest` may be ""."""

    kind: LeftoverKind
    what: str
    guest: str = ""


@dataclass(frozen=True, slots=True)
class Listener:
    """A TCP port that something listens on."""

    address: str
    port: int
    program: str = ""


@dataclass(frozen=True, slots=True)
class GuestCopy:
    """A running copy of a guest of the pair on this host: its process and its resident memory."""

    guest: str
    pid: int
    rss: int


@dataclass(frozen=True, slots=True)
class TcpOptions:
    """What a TCP connection to the guest agreed on. None: this machine itself does not offer it, so nothing is seen."""

    sack: bool | None
    timestamps: bool | None


@dataclass(frozen=True, slots=True)
class HostSurvey:
    """All of one host, at one moment.

    `programs` maps each program that was looked for to its path, "" when it is not there. `sysctls` by their dotted
    name. `system` and `release` as in /etc/os-release (ID, VERSION_CODENAME). `time_service` is the running
    program that keeps the clock, "" for none. `settings` are the texts of colotui's own files that keep what was set
    over a reboot, by path. `irqbalance` says how it runs ("" when it does not), `firewall` what in it refuses packets
    that come in ("" for nothing). `free_bytes` is the least that is free where the guests' disks lie and under
    /var/lib/colotui. `xen_tools` is the package that `xl` came from ("" without xl, "no package" when built by hand),
    `xen_version` the running hypervisor's. `colo_agent` is what of the kernel's COLO agent is there, modules in the
    order they were loaded.
    """

    host: str
    taken_at: float
    kernel: str
    system: str
    release: str
    systemd: bool
    cpu_model: str
    cpu_flags: frozenset[str]
    cpus: int
    kvm: bool
    nics: tuple[Nic, ...] | Missing
    ifbs: tuple[IfbDevice, ...] | Missing
    programs: Mapping[str, str]
    sysctls: Mapping[str, str]
    images: tuple[Image, ...]
    leftovers: tuple[Leftover, ...]
    listeners: tuple[Listener, ...] | Missing
    copies: tuple[GuestCopy, ...] = ()
    time_service: str = ""
    irqbalance: str = ""
    firewall: str | Missing = ""
    free_bytes: int | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    machine_types: frozenset[str] = frozenset()
    xen_tools: str = ""
    xen_version: str = ""
    colo_agent: tuple[str, ...] = ()

    def nic(self, name: str) -> Nic | None:
        """The device called `name`; None when there is none, or the devices could not be read."""
        if isinstance(self.nics, Missing):
            return None
        return next((nic for nic in self.nics if nic.name == name), None)

"""Names, addresses and places of one lab: pure, so that every other part can agree without asking."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from colotui.errors import LabError

HOSTS = ("alpha", "beta")
GUEST = "web01"
GUEST_MAC = "00:16:4f:00:00:11"
GUEST_FOLDER = f"/var/lib/colotui/{GUEST}"
IMAGES_FOLDER = "/var/lib/colotui/images"
DISK_MIB = 256
DEFAULT_NAME = "lab"
SLOTS = 10
"""Labs that fit beside each other: each takes one third octet of three networks."""

CACHE = Path("/var/cache/colotui-lab")
RUN = Path("/run/colotui-lab")

LINKS = ("forward", "service-alpha", "service-beta", "management-alpha", "management-beta")

_NAME = re.compile(r"[a-z][a-z0-9]{0,11}")


@dataclass(frozen=True, slots=True)
class Net:
    """The addresses of the lab in `slot`. Slot 0 is the one the documents show."""

    slot: int = 0

    def service(self, last: int) -> str:
        """An address of the network clients and the guest are in."""
        return f"10.77.{self.slot}.{last}"

    def forward(self, last: int) -> str:
        """An address of the direct cable between the hosts."""
        return f"10.78.{self.slot}.{last}"

    def management(self, last: int) -> str:
        """An address of the network the operator reaches the hosts in."""
        return f"10.79.{self.slot}.{last}"

    @property
    def networks(self) -> tuple[str, str]:
        """What must be free in this machine's own network: service and management."""
        return f"{self.service(0)}/24", f"{self.management(0)}/24"

    @property
    def guest(self) -> str:
        """The guest's address."""
        return self.service(10)

    def host_management(self, host: str) -> str:
        """Where a host's sshd listens."""
        return self.management(2 + HOSTS.index(host))

    def host_forward(self, host: str) -> str:
        """A host's address on the direct cable."""
        return self.forward(1 + HOSTS.index(host))

    def outer(self, kind: str) -> str:
        """The interface of this machine that leads into the lab; at most 15 characters, as the kernel wants."""
        return f"clab{self.slot}-{kind}"


@dataclass(frozen=True, slots=True)
class Places:
    """Where the lab called `name` keeps its state on this machine."""

    name: str = DEFAULT_NAME

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise LabError(
                f"{self.name!r} cannot be a lab's name.", "Use up to 12 small letters and digits, a letter first."
            )

    @property
    def run(self) -> Path:
        """The folder of everything the running lab needs; 0700, gone after `down`."""
        return RUN if self.name == DEFAULT_NAME else RUN.with_name(f"{RUN.name}-{self.name}")

    @property
    def pair(self) -> Path:
        """The pair file."""
        return self.run / "pair.yaml"

    @property
    def key(self) -> Path:
        """The private key that opens both hosts."""
        return self.run / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """Both hosts' keys."""
        return self.run / "known_hosts"

    @property
    def socket(self) -> Path:
        """Where the keeper listens."""
        return self.run / "keeper.sock"

    @property
    def log(self) -> Path:
        """What the keeper and the hosts' first processes say."""
        return self.run / "keeper.log"

    @property
    def lock(self) -> Path:
        """Held by the keeper as long as it lives."""
        return self.run / "lock"

    @property
    def hosts(self) -> Path:
        """Where the hosts' own disks are; a tmpfs only the keeper's mount namespace has."""
        return self.run / "hosts"


def cable(host: str, kind: str) -> str:
    """The far end of a host's NIC, in the namespace of the wires."""
    return f"{host}-{kind}"


def cables_of(link: str) -> tuple[str, ...]:
    """The far ends that carry `link`; cutting them takes the carrier away on the host's side."""
    if link not in LINKS:
        raise LabError(f"{link!r} is no link of the lab.", f"There are: {', '.join(LINKS)}.")
    if link == "forward":
        return tuple(cable(host, "forward") for host in HOSTS)
    kind, host = link.split("-")
    return (cable(host, {"service": "service", "management": "mgmt"}[kind]),)

"""What a drill may break, as a contract: the lab stands behind it, and nobody else ever will."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class Breaker(Protocol):
    """Breaks hosts, links, disks and the guest, and mends them again. Blocking; raises LabError."""

    def kill(self, host: str) -> None:
        """End the copy's QEMU by kill -9; nothing when there is none."""
        ...

    def freeze(self, host: str) -> None:
        """Stop the copy's QEMU by SIGSTOP."""
        ...

    def thaw(self, host: str) -> None:
        """Let it go on; nothing when it is gone."""
        ...

    def power(self, host: str, on: bool) -> None:
        """Cut the host's power, or give it back."""
        ...

    def cut(self, *links: str) -> None:
        """Cut links by their names."""
        ...

    def mend(self, *links: str) -> None:
        """Mend them."""
        ...

    def fill(self, host: str) -> None:
        """Make the host's disk full."""
        ...

    def empty(self, host: str) -> None:
        """Give the host its room back."""
        ...

    def monitor(self, host: str, command: str, arguments: Mapping[str, object] | None = None) -> None:
        """Send one command to the copy's QEMU, past the cockpit."""
        ...

    def crash(self, how: str) -> None:
        """Make the guest's own kernel fail: triple-fault or panic."""
        ...

    def load(self, on: bool) -> None:
        """Begin or end a load of clients whose replies differ on the two copies."""
        ...

    def move_work(self, host: str, moved: bool) -> None:
        """Have another CPU do the forward NIC's work, or the one that did it before."""
        ...


@dataclass(frozen=True, slots=True)
class Seats:
    """Who was what when the drill began."""

    primary: str
    secondary: str

"""What a check of a guest's configuration found wrong."""

from __future__ import annotations

from dataclasses import dataclass

from colotui.model.pair import HostSpec


@dataclass(frozen=True, slots=True)
class Problem:
    """`line` counts from 1, 0 where something is missing. Not `blocking`: COLO runs, but not as it was meant."""

    line: int
    what: str
    why: str
    cure: str
    blocking: bool = True

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.what} {self.why} {self.cure}"


def addresses(host: HostSpec) -> set[str]:
    """The addresses the pair file knows of a host."""
    return {host.address, host.forward.address}

"""Captured packets: how a capture stands, and the two copies' packets that belong to one mismatch, decoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CaptureView:
    """A capture of the replies of both copies that is switched on.

    `since` and `until`: when it began and when it ends by itself. `kept_since`: the oldest packet still held
    (later than `since` once a full file was begun anew). `sizes`: bytes held, by host. `problem`: why packets
    are missing, or "".
    """

    since: float
    until: float
    kept_since: float
    sizes: Mapping[str, int] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Captured:
    """One captured frame. `at`: epoch seconds of the cockpit's clock; `length`: on the wire, `data` may be cut."""

    at: float
    data: bytes
    length: int


@dataclass(frozen=True, slots=True)
class Field:
    """One decoded field of both packets; "" where one of them has no such field."""

    layer: str
    name: str
    primary: str
    secondary: str
    differs: bool


@dataclass(frozen=True, slots=True)
class PacketPair:
    """The primary's and the secondary's packet that belong together.

    One of them is None when it has no twin; `note` then says why. The payloads begin at the same byte of the
    stream; `differences` are the ranges (first, after the last) in which they differ.
    """

    primary: Captured | None
    secondary: Captured | None
    fields: tuple[Field, ...]
    primary_payload: bytes = b""
    secondary_payload: bytes = b""
    differences: tuple[tuple[int, int], ...] = ()
    note: str = ""

    @property
    def at(self) -> float:
        """When the first of the two was captured."""
        return min(packet.at for packet in (self.primary, self.secondary) if packet is not None)

    @property
    def differing_bytes(self) -> int:
        """How many bytes of the payload differ."""
        return sum(after - first for first, after in self.differences)

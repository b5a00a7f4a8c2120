"""Packet mismatches: two replies to the client that differ between primary and secondary."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One mismatch as the comparison saw it (epoch s of the primary's clock; lengths in bytes).

    `what` is a few words for the list ("length 104 ≠ 79"). `forced_ms` is how long after it the
    checkpoint was asked for; None when no checkpoint followed.
    """

    at: float
    protocol: str
    what: str
    source: str = ""
    destination: str = ""
    primary_length: int | None = None
    secondary_length: int | None = None
    forced_ms: float | None = None

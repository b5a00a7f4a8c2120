"""Checkpoints: when each stopped the primary, for how long, and why it was taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Why a checkpoint was taken. FIRST, PERIODIC and UNKNOWN (the trace was silent) are not forced."""

    FIRST = "first"
    PERIODIC = "periodic"
    TCP = "tcp"
    UDP = "udp"
    ICMP = "icmp"
    OTHER = "other"
    NO_TWIN = "no twin"
    UNKNOWN = "unknown"

    @property
    def forced(self) -> bool:
        """True when a mismatch asked for it."""
        return self not in (Cause.PERIODIC, Cause.FIRST, Cause.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One checkpoint. `at` is when the primary stopped (epoch s, primary's clock); pause None while it lasts."""

    at: float
    cause: Cause
    pause_ms: float | None = None
    pages: int | None = None


@dataclass(frozen=True, slots=True)
class CheckpointStats:
    """Figures over the checkpoints of the last `window_s` seconds; `total` counts all seen since attach."""

    total: int = 0
    window_s: float = 0.0
    rate_per_s: float | None = None
    forced_share: float | None = None
    pause_p50_ms: float | None = None
    pause_p95_ms: float | None = None
    pause_max_ms: float | None = None
    pages_p50: int | None = None
    last_at: float | None = None


def percentile(values: Sequence[float], share: float) -> float | None:
    """Nearest-rank percentile; None of no values. `share` between 0 and 1."""
    if not values:
        return None
    ordered = sorted(values)
    rank = max(0, min(len(ordered) - 1, int(share * len(ordered) + 0.999999) - 1))
    return ordered[rank]


def duration(milliseconds: float) -> str:
    """Milliseconds in words: "63 ms", "5.7 s"."""
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"

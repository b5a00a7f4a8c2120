"""Rates of network devices from their counters, over at least a fifth of a second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from colotui.host.parsers import Counters

_SHORTEST = 0.2


@dataclass(frozen=True, slots=True)
class Rate:
    """Bytes and packets a second."""

    rx_bytes: float
    tx_bytes: float
    rx_packets: float
    tx_packets: float


class Rates:
    """Remembers the last counters. A device whose counters went back was made anew: no rate for that round."""

    def __init__(self) -> None:
        self._at: float | None = None
        self._before: Mapping[str, Counters] = {}
        self._rates: dict[str, Rate] = {}

    def add(self, at: float, counters: Mapping[str, Counters]) -> None:
        """A new reading at monotonic time `at`; one too close to the last changes nothing."""
        if self._at is not None:
            span = at - self._at
            if span < _SHORTEST:
                return
            self._rates = {}
            for name, now in counters.items():
                then = self._before.get(name)
                if then is not None:
                    rate = _rate(then, now, span)
                    if rate is not None:
                        self._rates[name] = rate
        self._at, self._before = at, counters

    def of(self, name: str) -> Rate | None:
        """The rates of one device; None before two readings."""
        return self._rates.get(name)

    @property
    def rx_packets(self) -> dict[str, float]:
        """Received packets a second by device."""
        return {name: rate.rx_packets for name, rate in self._rates.items()}


def _rate(then: Counters, now: Counters, span: float) -> Rate | None:
    steps = (
        now.rx_bytes - then.rx_bytes,
        now.tx_bytes - then.tx_bytes,
        now.rx_packets - then.rx_packets,
        now.tx_packets - then.tx_packets,
    )
    if min(steps) < 0:
        return None
    return Rate(*(step / span for step in steps))

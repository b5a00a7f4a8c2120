"""What a test of the direct cable between the hosts measured: each way, frame by frame, below any address."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Way:
    """One direction, from host `source` to host `target`. Times in milliseconds, rates in Mbit/s and packets a second.

    `seen`: our frames arrived there. `lost` of `sent` did not come back. The latencies are half the round trip, by the
    sender's clock alone. `rate_mbps` is what arrived of a short burst of whole frames: a lower bound, because one
    socket may send less than a fast NIC could. `largest` is the longest frame payload (bytes) that got through, and
    `mtu` what the sender's NIC is set to: a smaller `largest` means that the other end, or something between, takes
    less. `strangers` are MAC addresses, other than the two NICs', whose frames arrived at the target during the test;
    `foreign_per_s` is how many frames a second were not ours.
    """

    source: str
    target: str
    seen: bool
    sent: int
    lost: int
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    rate_mbps: float | None
    largest: int | None
    foreign_per_s: float
    strangers: tuple[str, ...] = ()
    mtu: int | None = None


@dataclass(frozen=True, slots=True)
class CableReport:
    """Both directions between two NICs. `seconds` is how long the test took; `error` why it could not be made.

    `elsewhere` names other NICs of the two hosts ("alpha eth2") on which our frames arrived too: then it is no cable
    but a switch. One of the two tested NICs is among them when its own frames came back to it: then it is a loop.
    """

    at: float
    nics: tuple[str, str]
    seconds: float
    there: Way | None = None
    back: Way | None = None
    elsewhere: tuple[str, ...] = ()
    error: str = ""

    @property
    def direct(self) -> bool:
        """True when both ways were seen, nothing else answered, and no other NIC heard it."""
        ways = (self.there, self.back)
        return all(way is not None and way.seen and not way.strangers for way in ways) and not self.elsewhere

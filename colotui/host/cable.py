"""Tests the direct cable between two hosts with raw frames: what each agent sends, and what the other one hears."""

from __future__ import annotations

import asyncio
import errno
import math
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from colotui.errors import HostCallFailed, HostError
from colotui.host.agent.cable import MAX_STRANGERS
from colotui.host.answers import understood
from colotui.host.channel import Host
from colotui.host.session import Channel
from colotui.model.cable import CableReport, Way

#: What the test may take longer than it was given, on a slow host or a far one.
_MARGIN = 5.0
_LEAST, _MOST = 0.5, 8.0
_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
_MANY = 1e12


async def cable_test(
    first: Host,
    first_nic: str,
    second: Host,
    second_nic: str,
    *,
    others: Mapping[str, Sequence[str]] | None = None,
    seconds: float = 2.0,
) -> CableReport:
    """Are the two NICs joined by one cable and nothing else? Each way for half of about `seconds` (0.5 to 8).

    No address is needed, and none is used: the frames have an EtherType kept for experiments, and a nonce of this
    test. `others`, by host name, are NICs on which they must not appear; those a tested NIC is made of, and those made
    of it, are passed over, since they hear what it hears. Both NICs must be up. While the test lasts they are
    promiscuous, and carry a burst of up to half a second each way. A guest whose frames classic COLO forwards over
    the cable is a stranger on it: test before it is protected.

    Never raises a HostError: the report's `error` says why the test could not be made, and what to do.
    """
    at, began = time.time(), time.monotonic()
    seconds = max(_LEAST, min(seconds, _MOST))
    nonce = secrets.token_hex(16)
    ends = tuple(
        _End(host, nic, way, tuple((others or {}).get(host.name, ())), nonce)
        for way, (host, nic) in enumerate(((first, first_nic), (second, second_nic)))
    )
    there = back = None
    elsewhere: tuple[str, ...] = ()
    problem = ""
    try:
        async with asyncio.timeout(seconds + _MARGIN):
            there, back, elsewhere = await _test(ends[0], ends[1], seconds / 2)
    except TimeoutError:
        problem = f"The test of the cable did not end within {seconds + _MARGIN:g} s. Try it again."
    except HostCallFailed as error:
        problem = _advised(error, {end.host.name: end.nic for end in ends}.get(error.host, first_nic))
    except HostError as error:
        problem = str(error)
    return CableReport(at, (first_nic, second_nic), time.monotonic() - began, there, back, elsewhere, problem)


@dataclass(frozen=True, slots=True)
class Probed:
    """What an end that sent says: frames sent, round trips in microseconds, the longest payload that came through."""

    sent: int
    trips: tuple[float, ...]
    largest: int

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Probed:
        """ValueError, KeyError or TypeError when the answer makes no sense."""
        sent = int(_number(answer["sent"]))
        trips = tuple(sorted(_number(trip) for trip in answer["trips"]))
        if len(trips) > sent:
            raise ValueError("more echoes than frames")
        return cls(sent, trips, int(_number(answer["largest"])))


@dataclass(frozen=True, slots=True)
class Heard:
    """What an end that watched says. `rate_mbps` of a burst, by its own clock; `elsewhere`: NICs that heard us too."""

    frames: int
    rate_mbps: float | None
    foreign_per_s: float
    strangers: tuple[str, ...]
    elsewhere: tuple[str, ...]

    @classmethod
    def of(cls, answer: Mapping[str, Any], asked: Sequence[str]) -> Heard:
        """`asked`: the NICs it could have heard us on. ValueError, KeyError or TypeError for nonsense."""
        frames, seconds, size = (_number(value) for value in answer["burst"])
        rate = _number(frames * size * 8 / seconds / 1e6) if frames and size and seconds else None
        strangers = tuple(sorted({_mac(text) for text in answer["strangers"]}))
        elsewhere = tuple(sorted(set(answer["heard"])))
        if len(strangers) > MAX_STRANGERS or not set(elsewhere) <= set(asked):
            raise ValueError("more strangers than it counts, or heard on a NIC nobody asked about")
        foreign = _number(answer["foreign"]) / max(_number(answer["seconds"]), 0.001)
        return cls(int(_number(answer["frames"])), rate, foreign, strangers, elsewhere)


def way_of(source: tuple[str, str], target: tuple[str, str], mtu: int, probed: Probed, heard: Heard) -> Way:
    """One direction from what both ends say; `source` and `target` are name of the host and address of the NIC."""
    trips = probed.trips
    return Way(
        source=source[0],
        target=target[0],
        seen=heard.frames > 0,
        sent=probed.sent,
        lost=probed.sent - len(trips),
        latency_p50_ms=percentile(trips, 0.50) / 2e3 if trips else None,
        latency_p99_ms=percentile(trips, 0.99) / 2e3 if trips else None,
        rate_mbps=heard.rate_mbps,
        largest=probed.largest if trips else None,
        foreign_per_s=heard.foreign_per_s,
        strangers=tuple(mac for mac in heard.strangers if mac not in (source[1], target[1])),
        mtu=mtu,
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values (in order, not none) do not exceed."""
    return ordered[max(0, min(len(ordered), math.ceil(share * len(ordered))) - 1)]


class _End:
    """One of the two NICs, watched from `open` to `result`."""

    def __init__(self, host: Host, nic: str, way: int, others: tuple[str, ...], nonce: str) -> None:
        self.host = host
        self.nic = nic
        self.mac = ""
        self.mtu = 0
        self._others = tuple(name for name in others if name != nic)
        self._args = {"nic": nic, "way": way, "nonce": nonce}
        self._channel: Channel | None = None

    async def open(self, stack: AsyncExitStack, seconds: float) -> None:
        self._channel, head = await self.host.stream(
            "cable_watch", **self._args, others=list(self._others), seconds=seconds
        )
        stack.callback(self._channel.close)
        with understood(self.host.name):
            self.mac, self.mtu = _mac(head["mac"]), int(_number(head["mtu"]))

    async def probe(self, to: str, seconds: float) -> Probed:
        answer = await self.host.ask("cable_probe", seconds + _MARGIN, **self._args, to=to, seconds=seconds)
        with understood(self.host.name):
            return Probed.of(answer)

    async def result(self) -> Heard:
        assert self._channel is not None
        self._channel.finish()
        piece = await self._channel.receive()
        with understood(self.host.name):
            if piece is None:
                raise ValueError("it ended without an answer")
            return Heard.of(piece[0], (self.nic, *self._others))


async def _test(first: _End, second: _End, seconds: float) -> tuple[Way, Way, tuple[str, ...]]:
    async with AsyncExitStack() as stack:
        # both ends listen before anything is sent; on their own they stop a little after we should have
        for end in (first, second):
            await end.open(stack, 2 * seconds + _MARGIN)
        probes = [await first.probe(second.mac, seconds), await second.probe(first.mac, seconds)]
        heard = [await end.result() for end in (first, second)]
    ends = [(end.host.name, end.mac) for end in (first, second)]
    elsewhere = tuple(
        f"{end.host.name} {nic}" for end, ear in zip((first, second), heard, strict=True) for nic in ear.elsewhere
    )
    there = way_of(ends[0], ends[1], first.mtu, probes[0], heard[1])
    back = way_of(ends[1], ends[0], second.mtu, probes[1], heard[0])
    return there, back, elsewhere


def _number(value: Any) -> float:
    """A count or a time of an answer. JSON also knows NaN, Infinity and numbers no float can hold."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _MANY:
        raise ValueError(f"no sensible number: {str(value)[:40]}")
    return float(value)


def _mac(value: Any) -> str:
    if not isinstance(value, str) or not _MAC.fullmatch(value):
        raise ValueError("no hardware address")
    return value


def _advised(error: HostCallFailed, nic: str) -> str:
    """The failure with what to do about it."""
    advice = {
        errno.ENODEV: "Choose one of its NICs.",
        errno.EPROTOTYPE: "Choose an Ethernet NIC.",
        errno.ENETDOWN: f"Bring it up (ip link set {nic} up), then test again.",
        errno.ENOLINK: "Plug in the cable at both ends, and bring up the NIC at the other end, then test again.",
        errno.EPERM: "Let colotui log in as root, or as a user with sudo.",
    }.get(error.errno, error.next_step or "Try it again.")
    return f"{error.what.rstrip('.')}. {advice}"

"""The end that sends when a cable is tested: pings, frames of any length, bursts, and shouts that a switch spreads."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

from colotui.host.agent.rawframes import BROADCAST, BURST, PING, SHORTEST, SHOUT, decode, encode, look, send

MIN_PINGS, MAX_PINGS = 200, 2000
MAX_BURST = 0.5
_SHOUTS = 3
#: Seconds between two pings, and how long the last ones are waited for.
_GAP, _GRACE = 0.001, 0.2
#: How often and how long an answer to a long frame is waited for.
_TRIES, _PATIENCE = 2, 0.03


class Probe:
    """One end that sends to the other, which watches."""

    def __init__(
        self, cancelled: threading.Event, sock: socket.socket, nic: str, nonce: bytes, way: int, to: bytes
    ) -> None:
        self.cancelled = cancelled
        self.sock = sock
        self.mac, self.mtu = look(nic)
        self.nonce = nonce
        self.way = way
        self.to = to
        self._number = 0
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)

    def _frame(self, kind: int, to: bytes, size: int = SHORTEST) -> bytes:
        self._number += 1
        return encode(to, self.mac, self.nonce, kind, self.way, self._number, size, size)

    def run(self, seconds: float) -> dict[str, Any]:
        """All that is sent, in about so many seconds; what came back."""
        self.shout()
        sent, trips = self.pings(max(MIN_PINGS, min(MAX_PINGS, int(0.4 * seconds / _GAP))))
        largest = self.largest(0.25 * seconds) if trips else 0
        # where nobody answers there is nothing to measure, and a switch would give it to everybody
        burst = self.burst(largest, min(MAX_BURST, 0.3 * seconds)) if trips else 0
        self.shout()
        return {"sent": sent, "trips": trips, "largest": largest, "burst": burst}

    def shout(self) -> None:
        """Send what a switch gives to everybody on it."""
        for _ in range(_SHOUTS):
            send(self.sock, self._frame(SHOUT, BROADCAST))

    def _echoes(self, seconds: float) -> Iterator[tuple[int, int, float]]:
        """Number, told length and time of the echoes that come within `seconds`: at least one look at them."""
        if not self._poll.poll(max(0.0, seconds) * 1e3):
            return
        for _ in range(256):
            try:
                frame = self.sock.recv(64)
            except BlockingIOError:
                return
            now = time.perf_counter()
            found = decode(frame, self.nonce)
            if found is not None and found[2] == self.way:
                yield found[3], found[4], now

    def pings(self, count: int) -> tuple[int, list[float]]:
        """Send `count` short frames, one a millisecond; how many were sent, and the round trips in microseconds."""
        left: dict[int, float] = {}
        trips: list[float] = []
        sent = 0
        due = time.perf_counter()
        end = due + 3 * count * _GAP + _GRACE
        while not self.cancelled.is_set():
            now = time.perf_counter()
            if now >= end or (sent == count and (not left or now >= due + _GRACE)):
                break
            if sent < count and now >= due:
                frame = self._frame(PING, self.to)
                left[self._number] = time.perf_counter()
                send(self.sock, frame)
                sent += 1
                due = max(due + _GAP, now)
            for number, _, at in self._echoes(min(due - time.perf_counter() if sent < count else _GRACE, end - now)):
                began = left.pop(number, None)
                if began is not None:
                    trips.append((at - began) * 1e6)
        return sent, trips

    def largest(self, seconds: float) -> int:
        """The longest payload that comes through, in bytes; after `seconds` the longest found until then."""
        end = time.monotonic() + seconds
        low, high, size = SHORTEST, self.mtu, self.mtu
        while low < high and time.monotonic() < end and not self.cancelled.is_set():
            if self._passes(size):
                low = size
            else:
                high = size - 1
            size = (low + high + 1) // 2
        return low

    def _passes(self, size: int) -> bool:
        for _ in range(_TRIES):
            if not send(self.sock, self._frame(PING, self.to, size)):
                continue
            end = time.monotonic() + _PATIENCE
            while time.monotonic() < end:
                if any(number == self._number and told == size for number, told, _ in self._echoes(_PATIENCE)):
                    return True
        return False

    def burst(self, size: int, seconds: float) -> int:
        """Send frames as fast as the socket takes them for so long; how many it took."""
        frame = self._frame(BURST, self.to, size)
        end = time.monotonic() + seconds
        sent = 0
        poll = select.poll()
        poll.register(self.sock, select.POLLOUT)
        while time.monotonic() < end and not self.cancelled.is_set():
            if send(self.sock, frame):
                sent += 1
            else:
                poll.poll(20)
        return sent

"""Reads QEMU's trace log: checkpoints with pause, pages and cause, and the mismatches behind them.

Why a checkpoint started is the last comparison before its `checkpoint-request` (qemu-colo.md): a bare
`ip_info` without `tcp_info` is a TCP mismatch, `packet different` one of the protocol named before,
`old_packet_check_found` a packet without its twin, and none of them a periodic checkpoint.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from colotui.model.checkpoint import Cause, Checkpoint
from colotui.model.mismatch import Mismatch

_LINE = re.compile(rb"^(?:(\d{4}-\d\d-\d\dT[\d:.]+Z) |\d+@(\d+\.\d+):)(colo_\w+|ram_save_complete) ?(.*)$")
_IP = re.compile(
    rb"ppkt size = (\d+), ip_src = ([\d.]+), ip_dst = ([\d.]+), spkt size = (\d+), ip_src = [\d.]+, ip_dst = [\d.]+"
)
_DIRTY = re.compile(rb"dirty=(\d+), done=(\d+)")
_SIZE = re.compile(rb"pkt size = (\d+)")
_CAUSES = {"udp": Cause.UDP, "icmp": Cause.ICMP, "tcp": Cause.TCP}
LONGEST_LINE = 65536
"""A line longer than this is not QEMU's; it is dropped rather than kept growing."""


@dataclass(frozen=True, slots=True)
class Failover:
    """`colo_failover_set_state`: the failover of this side reached a new state."""

    at: float
    state: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """This copy runs again after a checkpoint it did not ask for: the secondary's sign that one has ended."""

    at: float


@dataclass(frozen=True, slots=True)
class Message:
    """A line QEMU printed that is not a trace event: its own words on stderr, which share the file."""

    text: str


@dataclass(frozen=True, slots=True)
class _Compared:
    """The last comparison that found a difference, until a checkpoint answers it."""

    at: float
    cause: Cause
    protocol: str
    source: str = ""
    destination: str = ""
    primary: int | None = None
    secondary: int | None = None
    sizes: bool = False


TraceItem = Checkpoint | Mismatch | Failover | Resumed | Message


class TraceParser:
    """Feed it the log in pieces of any size; it returns what became known. One per log of one QEMU life."""

    def __init__(self) -> None:
        self._rest = b""
        self._difference: _Compared | None = None
        self._protocol = "other"
        self._requested: tuple[float, Cause] | None = None
        self._stopped: Checkpoint | None = None
        self._running_once = False
        self._stamp: tuple[bytes, float] = (b"", 0.0)

    def feed(self, chunk: bytes) -> list[TraceItem]:
        """Parse a piece of the log. Never raises on anything a file can hold."""
        lines = (self._rest + chunk).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > LONGEST_LINE:
            self._rest = b""
        found: list[TraceItem] = []
        for line in lines:
            self._line(line, found)
        return found

    def _line(self, line: bytes, found: list[TraceItem]) -> None:
        match = _LINE.match(line)
        if match is None:
            if b"qemu-system" in line[:160]:
                found.append(Message(line[:2000].decode("utf-8", "replace")))
            return
        iso, epoch, event, rest = match.groups()
        at = self._time(iso) if iso else float(epoch)
        if event == b"colo_compare_tcp_info":
            self._difference = None
        elif event == b"colo_compare_ip_info":
            self._addresses(at, rest)
        elif event == b"colo_compare_main":
            self._comparison(at, rest)
        elif event in (b"colo_compare_udp_miscompare", b"colo_compare_icmp_miscompare"):
            self._lengths(at, event, rest)
        elif event == b"colo_old_packet_check_found":
            self._difference = _Compared(at, Cause.NO_TWIN, "—")
        elif event == b"colo_send_message" and b"'checkpoint-request'" in rest:
            self._request(at, found)
        elif event == b"colo_vm_state_change":
            self._state(at, rest, found)
        elif event == b"ram_save_complete":
            self._pages(rest)
        elif event == b"colo_failover_set_state":
            found.append(Failover(at, rest.rsplit(b" ", 1)[-1].decode("ascii", "replace")))

    def _time(self, iso: bytes) -> float:
        """ISO time to epoch seconds; the second's part is parsed once per second."""
        whole, _, fraction = iso[:-1].partition(b".")
        if whole != self._stamp[0]:
            try:
                self._stamp = (whole, datetime.fromisoformat(whole.decode() + "+00:00").timestamp())
            except ValueError:
                return self._stamp[1]
        return self._stamp[1] + (int(fraction) / 10 ** len(fraction) if fraction.isdigit() else 0.0)

    def _addresses(self, at: float, rest: bytes) -> None:
        match = _IP.match(rest)
        if match is None:
            return
        size, source, destination, twin = match.groups()
        self._difference = _Compared(at, Cause.TCP, "tcp", source.decode(), destination.decode(), int(size), int(twin))

    def _comparison(self, at: float, rest: bytes) -> None:
        text = rest.lstrip(b": ")
        if text.startswith(b"compare "):
            self._protocol = text[8:].strip().decode("ascii", "replace")[:16]
            self._difference = None
        elif b"payload size" in text:
            self._difference = _Compared(at, Cause.OTHER, self._protocol, sizes=True)
        elif text.startswith(b"packet different"):
            known = self._difference or _Compared(at, Cause.OTHER, self._protocol)
            self._difference = replace(
                known, at=at, cause=_CAUSES.get(self._protocol, Cause.OTHER), protocol=self._protocol
            )
        elif text.startswith(b"packet same") or b"has compared" in text:
            self._difference = None

    def _lengths(self, at: float, event: bytes, rest: bytes) -> None:
        match = _SIZE.search(rest)
        if match is None:
            return
        self._protocol = "udp" if b"udp" in event else "icmp"
        known = self._difference or _Compared(at, _CAUSES[self._protocol], self._protocol)
        size = int(match.group(1))
        self._difference = replace(known, secondary=size) if b"econdary" in rest else replace(known, primary=size)

    def _request(self, at: float, found: list[TraceItem]) -> None:
        difference, self._difference = self._difference, None
        if difference is None:
            self._requested = (at, Cause.PERIODIC if self._running_once else Cause.FIRST)
            return
        self._requested = (at, difference.cause)
        found.append(
            Mismatch(
                at=difference.at,
                protocol=difference.protocol,
                what=_words(difference),
                source=difference.source,
                destination=difference.destination,
                primary_length=difference.primary,
                secondary_length=difference.secondary,
                forced_ms=(at - difference.at) * 1000.0,
            )
        )

    def _state(self, at: float, rest: bytes, found: list[TraceItem]) -> None:
        if b"'run' => 'stop'" in rest:
            cause = self._requested[1] if self._requested else Cause.PERIODIC
            self._stopped = Checkpoint(at=at, cause=cause) if self._requested else None
        elif b"'stop' => 'run'" in rest:
            if self._stopped is not None:
                found.append(replace(self._stopped, pause_ms=(at - self._stopped.at) * 1000.0))
            else:
                found.append(Resumed(at))
            self._stopped = None
            self._requested = None
            self._difference = None
            self._running_once = True

    def _pages(self, rest: bytes) -> None:
        match = _DIRTY.search(rest)
        if match and self._stopped is not None and match.group(2) == b"0":
            self._stopped = replace(self._stopped, pages=int(match.group(1)))


def _words(difference: _Compared) -> str:
    """The mismatch in a few words for the list."""
    if difference.cause is Cause.NO_TWIN:
        return "no twin in time"
    if difference.primary is None or difference.secondary is None:
        return "payload lengths differ" if difference.sizes else "packets differ"
    if difference.primary != difference.secondary:
        return f"length {difference.primary} ≠ {difference.secondary}"
    return f"payload differs, {difference.primary} B"

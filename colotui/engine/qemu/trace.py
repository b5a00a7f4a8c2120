"""Reads QEMU's trace log: checkpoints with pause, pages and cause, and the mismatches behind them.

Why a checkpoint started is the last comparison before its `checkpoint-request` (qemu-colo.md): a bare
`ip_info` without `tcp_info` is a TCP mismatch, `packet different` one of the protocol named before,
`old_packet_check_found` a packet without its twin, and none of them a periodic checkpoint.
"""

from __future__ import annotations

import re
from collections.abc import Callable
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
_CPU = re.compile(rb"^(?:\d{4}-\d\d-\d\dT[\d:.]+Z )?(Triple fault|CPU Reset \(CPU \d+\))")
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
class CpuReset:
    """A line of `-d cpu_reset`: the guest's processor was reset, or (`triple`) faulted so that it had to be."""

    at: float
    triple: bool


@dataclass(frozen=True, slots=True)
class Unended:
    """A checkpoint that was asked for and has not ended; `last` is the last message of the two sides about it."""

    at: float
    last: str


@dataclass(slots=True)
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


TraceItem = Checkpoint | Mismatch | Failover | Resumed | Message | CpuReset


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
        self._last = ""

    @property
    def unended(self) -> Unended | None:
        """The checkpoint that is under way, on the log's own clock; None when there is none."""
        return Unended(self._requested[0], self._last) if self._requested else None

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
        # Nearly every line is of the same second as the one before: it is taken apart without the expression.
        if line[:19] == self._stamp[0] and line[26:28] == b"Z " and line[19:20] == b"." and line[20:26].isdigit():
            name, _, rest = line[28:].partition(b" ")
            handle = _HANDLERS.get(name)
            if handle is not None:
                handle(self, line[:27], name, rest, found)
                return
            if name in _IGNORED:
                return
        match = _LINE.match(line)
        if match is None:
            self._other(line, found)
            return
        iso, epoch, name, rest = match.groups()
        handle = _HANDLERS.get(name)
        if handle is not None:
            handle(self, iso or epoch, name, rest, found)

    def _other(self, line: bytes, found: list[TraceItem]) -> None:
        """No event: QEMU's own words, or its note of a processor's reset, which may have no time of its own."""
        cpu = _CPU.match(line)
        if cpu is not None:
            stamp = line[:40].split(b" ", 1)[0]
            at = self._time(stamp) if stamp.endswith(b"Z") else self._stamp[1]
            found.append(CpuReset(at, cpu.group(1).startswith(b"Triple")))
        elif b"qemu-system" in line[:160]:
            found.append(Message(line[:2000].decode("utf-8", "replace")))

    def _time(self, stamp: bytes) -> float:
        """ISO time, or seconds, to epoch seconds; all but the fraction of an ISO time is parsed once per second."""
        if stamp[-1:] != b"Z":
            return float(stamp)
        whole, _, fraction = stamp[:-1].partition(b".")
        if whole != self._stamp[0]:
            try:
                self._stamp = (whole, datetime.fromisoformat(whole.decode() + "+00:00").timestamp())
            except ValueError:
                return self._stamp[1]
        return self._stamp[1] + (int(fraction) / 10 ** len(fraction) if fraction.isdigit() else 0.0)

    def _same(self, stamp: bytes, event: bytes, rest: bytes, found: list[TraceItem]) -> None:
        self._difference = None

    def _addresses(self, stamp: bytes, event: bytes, rest: bytes, found: list[TraceItem]) -> None:
        match = _IP.match(rest)
        if match is None:
            return
        size, source, destination, twin = match.groups()
        self._difference = _Compared(
            self._time(stamp), Cause.TCP, "tcp", source.decode(), destination.decode(), int(size), int(twin)
        )

    def _comparison(self, stamp: bytes, event: bytes, rest: bytes, found: list[TraceItem]) -> None:
        text = rest.lstrip(b": ")
        if text.startswith(b"compare "):
            self._protocol = text[8:].strip().decode("ascii", "replace")[:16]
            self._difference = None
        elif b"payload size" in text:
            self._difference = _Compared(self._time(stamp), Cause.OTHER, self._protocol, sizes=True)
        elif text.startswith(b"packet different"):
            at = self._time(stamp)
            known = self._difference or _Compared(at, Cause.OTHER, self._protocol)
            known.at, known.protocol = at, self._protocol
            known.cause = _CAUSES.get(self._protocol, Cause.OTHER)
            self._difference = known
        elif text.startswith(b"packet same") or b"has compared" in text:
            self._difference = None

    def _lengths(self, stamp: bytes, event: bytes, rest: bytes, found: list[TraceItem]) -> None:
        match = _SIZE.search(rest)
        if match is None:
            return
        self._protocol = "udp" if b"udp" in event else "icmp"
        known = self._difference or _Compared(self._time(stamp), _CAUSES[self._protocol], self._protocol)
        if b"econdary" in rest:
            known.secondary = int(match.group(1))
        else:
            known.primary = int(match.group(1))
        self._difference = known

    def _no_twin(self, stamp: bytes, event: bytes, rest: bytes, found: list[TraceItem]) -> None:
        self._difference = _Compared(self._time(stamp), Cause.NO_TWIN, "—")

    def _request(self, stamp: bytes, event: bytes, rest: bytes, found: list[TraceItem]) -> None:
        self._last = rest[:60].decode("ascii", "replace")
        if b"'checkpoint-request'" not in rest:
            return
        at = self._time(stamp)
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

    def _state(self, stamp: bytes, event: bytes, rest: bytes, found: list[TraceItem]) -> None:
        at = self._time(stamp)
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

    def _pages(self, stamp: bytes, event: bytes, rest: bytes, found: list[TraceItem]) -> None:
        match = _DIRTY.search(rest)
        if match and self._stopped is not None and match.group(2) == b"0":
            self._stopped = replace(self._stopped, pages=int(match.group(1)))

    def _answer(self, stamp: bytes, event: bytes, rest: bytes, found: list[TraceItem]) -> None:
        self._last = rest[:60].decode("ascii", "replace")

    def _failover(self, stamp: bytes, event: bytes, rest: bytes, found: list[TraceItem]) -> None:
        found.append(Failover(self._time(stamp), rest.rsplit(b" ", 1)[-1].decode("ascii", "replace")))


_Handler = Callable[[TraceParser, bytes, bytes, bytes, list[TraceItem]], None]
_HANDLERS: dict[bytes, _Handler] = {
    b"colo_compare_tcp_info": TraceParser._same,
    b"colo_compare_ip_info": TraceParser._addresses,
    b"colo_compare_main": TraceParser._comparison,
    b"colo_compare_udp_miscompare": TraceParser._lengths,
    b"colo_compare_icmp_miscompare": TraceParser._lengths,
    b"colo_old_packet_check_found": TraceParser._no_twin,
    b"colo_send_message": TraceParser._request,
    b"colo_receive_message": TraceParser._answer,
    b"colo_vm_state_change": TraceParser._state,
    b"ram_save_complete": TraceParser._pages,
    b"colo_failover_set_state": TraceParser._failover,
}
_IGNORED = frozenset((b"ram_save_page", b"savevm_section_start", b"savevm_section_end"))
"""The frequent events that say nothing here."""


def _words(difference: _Compared) -> str:
    """The mismatch in a few words for the list."""
    if difference.cause is Cause.NO_TWIN:
        return "no twin in time"
    if difference.primary is None or difference.secondary is None:
        return "payload lengths differ" if difference.sizes else "packets differ"
    if difference.primary != difference.secondary:
        return f"length {difference.primary} ≠ {difference.secondary}"
    return f"payload differs, {difference.primary} B"

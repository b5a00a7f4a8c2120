"""Reads what the classic agent's modules say in the kernel log: checkpoints, and mismatches of many lines each.

The agent keeps one state for all guests and names none in its lines: what is read here is of a host, not of a guest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from colotui.engine.xen.agentwords import Details, detail_of
from colotui.model.checkpoint import Cause
from colotui.model.mismatch import Mismatch

MOST_LINES = 64
"""Lines kept of one mismatch; a TCP header with all its options has 30."""

MOST_WAITING = 1000
"""Mismatches held until it is known whether a checkpoint followed."""

_START = "HA_compare: --------start a new checkpoint."
_FLUSH = "HA_compare: --------flush packets."
_FINISH = "HA_compare: --------checkpoint finish."
_FAILS = re.compile(r"HA_compare: compare_xxx_packet\(\) fails ([0-9a-f]{4})$")
_CORRUPTED = re.compile(r"HA_compare: (master|slave) packet is corrupted$")
_OTHER_PROTOCOL = "HA_compare: protocol in eth header is different"
_OWN_PROTOCOL = re.compile(r"HA_compare: (?:master|slave)'s protocol: (\d{1,5})$")
_OPENED = re.compile(
    r"vm: (-?\d{1,10}), master_idx is: (-?\d{1,10}), slave_idx is: (-?\d{1,10}), flags: ([0-9a-f]{2,8})$"
)
_ERRORS = (
    "error removing foreign ref",
    "missing parameter",
    "HA_compare: can't create kernel thread",
    "HA_compare: misc device register failed",
    "ics is NULL when move_master_queue",
    "ics is NULL when release queue",
)


@dataclass(frozen=True, slots=True)
class AgentCheckpoint:
    """One checkpoint. `started` is None for one that no mismatch asked for; `finished` None while it lasts.

    How long the guest stood still is not known: from flush to finish is only the part in which it is resumed.
    """

    started: float | None
    flushed: float
    finished: float | None = None
    cause: Cause = Cause.PERIODIC

    @property
    def resume_ms(self) -> float | None:
        """From the flush to the end."""
        return None if self.finished is None else (self.finished - self.flushed) * 1000

    @property
    def whole_ms(self) -> float | None:
        """From the mismatch's notice to the end; None for a checkpoint without one."""
        return None if self.finished is None or self.started is None else (self.finished - self.started) * 1000


@dataclass(frozen=True, slots=True)
class Opened:
    """A `colo` qdisc was set up: the two ifb devices of one guest NIC, by their kernel indexes."""

    at: float
    domid: int
    master: int
    slave: int
    primary: bool


@dataclass(frozen=True, slots=True)
class AgentError:
    """The agent's modules complain, in their own words."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Lost:
    """Records that the kernel had overwritten before they were read; a mismatch they cut is not counted."""

    at: float
    records: int


AgentEvent = Mismatch | AgentCheckpoint | Opened | AgentError | Lost


@dataclass
class AgentLog:
    """Takes the kernel log of one host record by record. All figures count since the first record.

    `lost`: records overwritten unread. `torn`: mismatches of which only a part was seen, not counted elsewhere.
    """

    checkpoints: int = 0
    forced: int = 0
    mismatches: int = 0
    lost: int = 0
    torn: int = 0
    _sequence: int | None = None
    _lines: list[str] = field(default_factory=list)
    _first: float | None = None
    _header: list[str] | None = None
    _waiting: list[Mismatch] = field(default_factory=list)
    _running: AgentCheckpoint | None = None
    _started: float | None = None
    _why: Cause = Cause.UNKNOWN

    def record(self, sequence: int, at: float, text: str) -> list[AgentEvent]:
        """What a record tells. `sequence` as in /dev/kmsg, `at` in epoch s. One seen before tells nothing."""
        events: list[AgentEvent] = []
        if self._sequence is not None:
            if sequence <= self._sequence:
                return []
            if sequence > self._sequence + 1:
                events += self._gap(at, sequence - self._sequence - 1)
        self._sequence = sequence
        return [*events, *self._line(at, text.rstrip("\r\n")[:1000])]

    def overrun(self, at: float) -> list[AgentEvent]:
        """The read ended with EPIPE: the next record's number will tell how many were lost."""
        self._tear()
        return self.settle()

    @property
    def hangs_since(self) -> float | None:
        """When the flush was of a checkpoint that has not finished; None when none is under way."""
        return None if self._running is None else self._running.flushed

    def settle(self) -> list[AgentEvent]:
        """The mismatches still held back: nothing more is to come that would tell of their checkpoint."""
        waiting, self._waiting = self._waiting, []
        return list(waiting)

    def _gap(self, at: float, records: int) -> list[AgentEvent]:
        self.lost += records
        self._tear()
        # what was under way may have ended in the gap, and a new one begun
        self._running, self._started, self._why = None, None, Cause.UNKNOWN
        return [*self.settle(), Lost(at, records)]

    def _tear(self) -> None:
        self.torn += bool(self._lines) or self._header is not None
        self._lines, self._first, self._header = [], None, None

    def _line(self, at: float, text: str) -> Iterator[AgentEvent]:
        if self._header is not None:
            if _OWN_PROTOCOL.match(text):
                self._header.append(text)
                if len(self._header) == 3:
                    yield from self._closed(at, self._header, "")
                    self._header = None
                return
            yield from self._closed(at, self._header, "")  # cut short: its first line is what counts
            self._header = None
        if text == _START:
            self.forced += 1
            self._started = at
            yield from self._asked(at)
        elif text == _FLUSH:
            yield from self.settle()
            cause = (self._why if self._why is not Cause.UNKNOWN else Cause.OTHER) if self._started else Cause.PERIODIC
            self._running = AgentCheckpoint(self._started, at, None, cause)
            self._started, self._why = None, Cause.UNKNOWN
            yield self._running
        elif text == _FINISH:
            self.checkpoints += 1
            # without its flush only the end was seen: it counts, and no time is known of it
            yield replace(self._running, finished=at) if self._running else AgentCheckpoint(None, at, at, Cause.UNKNOWN)
            self._running = None
        elif text == _OTHER_PROTOCOL:
            self._header = [text]
        elif fails := _FAILS.match(text):
            lines, self._lines = self._lines, []
            yield from self._closed(self._first if self._first is not None else at, [*lines, text], fails[1])
            self._first = None
        elif _CORRUPTED.match(text):
            yield from self._closed(at, [text], "")
        elif opened := _OPENED.match(text):
            domid, master, slave = (int(opened[n]) for n in (1, 2, 3))
            yield Opened(at, domid, master, slave, bool(int(opened[4], 16) & 1))
        elif text.startswith(_ERRORS):
            yield AgentError(at, text[:200])
        elif detail_of(text):
            if self._first is None:
                self._first = at
            if len(self._lines) < MOST_LINES:
                self._lines.append(text)

    def _closed(self, at: float, lines: list[str], ethertype: str) -> Iterator[AgentEvent]:
        self.mismatches += 1
        details = Details.of(lines, ethertype)
        self._why = details.cause
        self._waiting.append(details.mismatch(at))
        if len(self._waiting) > MOST_WAITING:
            yield self._waiting.pop(0)

    def _asked(self, at: float) -> Iterator[AgentEvent]:
        waiting, self._waiting = self._waiting, []
        for mismatch in waiting:
            yield replace(mismatch, forced_ms=max(0.0, (at - mismatch.at) * 1000))

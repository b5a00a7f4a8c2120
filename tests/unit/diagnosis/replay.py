"""Replays a capture of a real pair (QMP, traces, QEMU's words, consoles) into the case as it stood at a moment.

A is alpha, the primary; B is beta, the secondary, unless told otherwise: a capture of a re-protection has a third
QEMU, C, in the place of the one that went. What the capture does not hold is not made up: the roles come from
its own commands, a copy's life from its answers, its end from its end of file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from colotui.controller.facts import FactLog
from colotui.diagnosis.evidence import Evidence, in_step
from colotui.diagnosis.incidents.case import Case, Channel
from colotui.engine.qemu.history import History
from colotui.engine.qemu.trace import CpuReset, Message, TraceParser
from colotui.engine.qemu.witness import CONSOLE_RE, console_fact, console_words, qmp_fact, stderr_fact
from colotui.model.facts import HostFacts
from colotui.model.incident import Fact, Source
from colotui.model.pair import DiskSpec, GuestSpec, NicSpec
from colotui.model.protection import Copy, Exit, Life, LinkState, Role, Witness

CAPTURES = Path(__file__).parents[2] / "fixtures" / "incidents"
FIRST = ("A", "B")
LINE = re.compile(r"(\d+\.\d+) (\w) (->|<-|!!|EOF) ?(.*)$")


@dataclass
class Side:
    """One QEMU as far as the transcript has told."""

    host: str
    role: Role
    runstate: str = "running"
    running: bool = True
    migration: str = ""
    version: str = ""
    armed: bool = False
    lost_heartbeat: bool = False
    silent_since: float | None = None
    ended_at: float | None = None
    greeted: bool = False
    pending: dict[int, str] = field(default_factory=dict)

    def copy(self, now: float, exits: Exit | None, twin_gone: bool) -> Copy:
        """As the session would tell it."""
        if self.ended_at is not None:
            # An end of file is the end of a process; how it ended only the capture's own notes say.
            return Copy(self.host, Life.DEAD, self.role, now, pid=1, exit=exits, speaks=False)
        colo = self.migration == "colo"
        life = Life.RUNNING if self.running or self.runstate == "colo" else Life.PAUSED
        silent = self.silent_since is not None
        if silent:
            life = Life.HUNG
        speaks = None if silent else self.role is Role.PRIMARY and (not self.armed or (colo and not twin_gone))
        if self.role is Role.SECONDARY and self.lost_heartbeat:
            role, speaks = Role.PRIMARY, True
        else:
            role = self.role
        return Copy(self.host, life, role, now, pid=1, runstate=self.runstate, migration=self.migration, in_colo=colo,
                    armed=self.armed, peer_connected=None if silent else not twin_gone, speaks=speaks,
                    version=self.version, silent_since=self.silent_since,
                    detail="no answer" if silent else "")  # fmt: skip


class Replay:
    """One capture, read up to `until` (epoch s)."""

    def __init__(self, name: str, roles: tuple[str, str] = FIRST) -> None:
        self.folder = CAPTURES / name
        self.primary, self.secondary = roles
        self.names = {self.primary: "alpha", self.secondary: "beta"}
        self.lines = [m.groups() for m in map(LINE.match, self._text("qmp.log").splitlines()) if m]

    def _text(self, name: str) -> str:
        path = self.folder / name
        return path.read_text(errors="replace") if path.exists() else ""

    def moment(self, pattern: str, nth: int = 0) -> float:
        """When the nth line of the transcript that matches was written."""
        hits = [float(at) for at, *words in self.lines if re.search(pattern, " ".join(words))]
        return hits[nth]

    def last_stamp(self) -> float:
        """When the primary's trace ends."""
        return max(map(self._stamp, self._text(f"{self.primary}.trace").splitlines()))

    def case(
        self,
        now: float,
        *,
        delay: int = 1000,
        exits: dict[str, Exit] | None = None,
        hosts: dict[str, HostFacts] | None = None,
        pings: dict[str, Witness] | None = None,
    ) -> Case:
        """The case at `now`."""
        log, history = FactLog(), History()
        roles = {self.primary: Role.PRIMARY, self.secondary: Role.SECONDARY}
        sides = {who: Side(host, roles[who]) for who, host in self.names.items()}
        # Where the filters came with the command line no command of the transcript makes them.
        sides[self.primary].armed = "colo-compare" in self._text(f"{self.primary}.cmd")
        for at, who, how, rest in self._until(now):
            self._take(at, sides[who], how, rest, log, history)
        unended = self._traces(now, log, history)
        self._words(now, log)
        history.settle(now)
        gone = {who: sides[who].ended_at is not None for who in sides}
        for side in sides.values():
            if side.ended_at is not None:
                how = (exits or {}).get(side.host)
                log.add(Fact(side.ended_at, side.host, Source.EXIT, "exit", str(how or "its process is gone")))
        copies = {
            side.host: side.copy(
                now, (exits or {}).get(side.host), gone[self.secondary if who == self.primary else self.primary]
            )
            for who, side in sides.items()
        }
        spec = GuestSpec("web01", 128 << 20, (DiskSpec("/d.qcow2"),), (NicSpec("00:16:4f:00:00:11"),),
                         checkpoint_delay=delay)  # fmt: skip
        began = history.checkpoints.first_at
        since = began if in_step(*copies.values()) or any(c.in_colo for c in copies.values()) else None
        evidence = Evidence(spec, now, copies, last_checkpoint=history.last_end, lockstep_since=since)
        return Case(
            evidence,
            log.since(now - 900.0),
            hosts=hosts or {},
            channels={name: Channel(LinkState.UP, now - 1000.0) for name in self.names.values()},
            pings=pings or {},
            checkpoints=history.checkpoints,
            mismatches=history.mismatches,
            unended=unended,
        )

    def _until(self, now: float) -> Iterator[tuple[float, str, str, str]]:
        for at, who, how, rest in self.lines:
            if float(at) <= now and who in self.names:
                yield float(at), who, how, rest

    def _take(self, at: float, side: Side, how: str, rest: str, log: FactLog, history: History) -> None:
        if how == "EOF":
            side.ended_at = at
        elif how == "!!":
            limit = float(re.search(r"after (\d+)s", rest).group(1))  # type: ignore[union-attr]
            side.silent_since = at - limit if side.silent_since is None else side.silent_since
            log.add(Fact(at, side.host, Source.QMP, "timeout", rest))
        else:
            try:
                message: dict[str, Any] = json.loads(rest)
            except json.JSONDecodeError:
                # Of a long transcript the middle was not kept: the line at the cut ends in its midst.
                return
            if how == "->":
                self._asked(side, message)
            elif "event" in message:
                self._happened(at, side, message, log, history)
            else:
                self._answered(side, message)

    @staticmethod
    def _asked(side: Side, message: dict[str, Any]) -> None:
        command, what = message["execute"], message.get("arguments", {}).get("id")
        side.pending[message["id"]] = command
        if what == "comp0":
            side.armed = command == "object-add"
        if command == "x-colo-lost-heartbeat":
            side.lost_heartbeat = True
            side.armed = side.armed and side.role is not Role.PRIMARY

    @staticmethod
    def _answered(side: Side, message: dict[str, Any]) -> None:
        if "QMP" in message:
            side.version = ".".join(str(message["QMP"]["version"]["qemu"][k]) for k in ("major", "minor", "micro"))
            return
        side.silent_since = None
        command, value = side.pending.pop(message.get("id"), ""), message.get("return")
        if command == "query-migrate" and isinstance(value, dict):
            side.migration = value.get("status", "")
        elif command == "query-status" and isinstance(value, dict):
            side.runstate, side.running = value["status"], value["running"]

    @staticmethod
    def _happened(at: float, side: Side, message: dict[str, Any], log: FactLog, history: History) -> None:
        fact = qmp_fact(side.host, message, at)
        if fact is not None:
            log.add(fact)
        name = message["event"]
        if name == "MIGRATION":
            side.migration = message["data"]["status"]
        elif name == "STOP":
            history.stop(side.host, at)
        elif name == "RESUME":
            side.running, side.runstate = True, "running"
            history.resume(side.host, at, primary=side.role is Role.PRIMARY)

    def _traces(self, now: float, log: FactLog, history: History) -> dict[str, Fact]:
        unended: dict[str, Fact] = {}
        for who, host in self.names.items():
            parser = TraceParser()
            for line in self._text(f"{who}.trace").splitlines():
                if self._stamp(line) > now:
                    break
                items = parser.feed(line.encode() + b"\n")
                for item in items:
                    if isinstance(item, CpuReset) and (item.triple or who == self.primary):
                        what = "triple" if item.triple else "cpu-reset"
                        log.add(Fact(item.at, host, Source.TRACE, what, what))
                if who == self.primary:
                    history.trace([item for item in items if not isinstance(item, Message)])
            if parser.unended is not None:
                unended[host] = Fact(parser.unended.at, host, Source.TRACE, "unended", parser.unended.last)
        return unended

    @staticmethod
    def _stamp(line: str) -> float:
        match = re.match(r"(?:\d+@)?(\d{10}\.\d+):", line)
        if match:
            return float(match.group(1))
        fact = stderr_fact("", line, float("inf"))
        return fact.at if fact.at != float("inf") else 0.0

    def _words(self, now: float, log: FactLog) -> None:
        for who, host in self.names.items():
            for line in self._text(f"{who}.log").splitlines():
                fact = stderr_fact(host, line, float("inf"))
                if fact.at <= now:
                    log.add(fact)
            # A console has no times. Each capture ends soon after its moment, so its last words are of then.
            for match in CONSOLE_RE.finditer(self._text(f"{who}.serial").encode()):
                what, text = console_words(match)
                log.add(console_fact(host, what, text, now - 2.0))

"""Gathers what is witnessed of one guest into a case, has it diagnosed, and keeps the book of its incidents."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from colotui.controller.facts import KEPT_S, FactLog, changes
from colotui.controller.incidents import IncidentBook
from colotui.diagnosis.evidence import Evidence
from colotui.diagnosis.incidents.case import Case, Channel
from colotui.diagnosis.incidents.rules import diagnose
from colotui.engine.qemu.engine import QemuEngine
from colotui.model.facts import HostFacts
from colotui.model.incident import Diagnosed, Fact, Source
from colotui.model.protection import Copy, Event, Life, Probe, Witness


class Cases:
    """One guest's witnesses. `channels` says how the cockpit's own channels stand; it is set by who owns them."""

    def __init__(self, guest: str, engine: QemuEngine, emit: Callable[[Event], None]) -> None:
        self.facts = FactLog()
        self.book = IncidentBook(guest, emit)
        self.channels: Callable[[], Mapping[str, Channel]] = dict
        self._engine = engine
        self._hosts: dict[str, HostFacts] = {}
        self._before: dict[str, HostFacts] = {}
        engine.witness = self.facts.add

    def sampled(self, facts: HostFacts) -> None:
        """A host was sampled: what changed since the sample before is a fact."""
        self.facts.extend(changes(self._hosts.get(facts.host), facts))
        self._hosts[facts.host] = facts

    def channel(self, host: str, what: str, text: str) -> None:
        """The channel to `host` came up, or was lost."""
        self.facts.add(Fact(time.time(), host, Source.CHANNEL, what, text))

    def looked(self, before: Copy, after: Copy) -> None:
        """Two looks at one copy: a process that ended between them is a fact, with how it ended."""
        gone = (Life.DEAD, Life.ABSENT)
        if before.life is after.life or after.life not in gone or before.life in (*gone, Life.UNREACHABLE):
            return
        ended = after.exit
        at = ended.at if ended is not None and ended.at is not None else time.time()
        value = float(ended.signal or ended.code) if ended is not None else None
        words = str(ended) if ended is not None else "its process is gone"
        self.facts.add(Fact(at, after.host, Source.EXIT, "exit", words, value))

    def probed(self, before: Probe | None, now: Probe) -> None:
        """The guest's service was asked: a change is a fact."""
        if before is not None and before.ok == now.ok:
            return
        at = now.silent_since if not now.ok and now.silent_since is not None else now.at
        self.facts.add(
            Fact(at, "", Source.PROBE, "answers" if now.ok else "silent", now.error or now.target, now.rtt_ms)
        )

    def diagnose(self, evidence: Evidence, pings: Mapping[str, Witness]) -> tuple[Diagnosed, ...]:
        """What the evidence speaks of now."""
        if evidence.lockstep_since is None:
            self._before.clear()
        else:
            for host, facts in self._hosts.items():
                self._before.setdefault(host, facts)
        history = self._engine.history
        unended = {host: fact for host in evidence.copies if (fact := self._engine.unended(host)) is not None}
        began = {host: at for host in evidence.copies if (at := self._engine.began(host)) is not None}
        return diagnose(
            Case(
                evidence=evidence,
                facts=self.facts.since(evidence.now - KEPT_S),
                hosts=dict(self._hosts),
                before=dict(self._before),
                channels=self.channels(),
                pings=pings,
                checkpoints=history.checkpoints,
                mismatches=history.mismatches,
                unended=unended,
                began=began,
            )
        )

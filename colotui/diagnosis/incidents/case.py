"""The input of the rules, the words they answer with, and the few questions that most of them ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from colotui.diagnosis.evidence import Evidence
from colotui.model.facts import HostFacts
from colotui.model.incident import Confidence, Fact, Kind, Source
from colotui.model.past import CheckpointLog, MismatchLog
from colotui.model.plan import Action
from colotui.model.protection import Copy, LinkState, Role, Severity, Witness

RECENT = 60.0
"""Seconds an event (a reset, a timeout) stays an open incident."""


class Channel(NamedTuple):
    """The cockpit's channel to a host, and since when it is so (epoch s)."""

    state: LinkState
    since: float


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known of one guest. `facts`: oldest first. `before`: each host when the lock-step began.

    `unended`: the checkpoint that a host asked for and that has not ended, by that host. `began`: when the process of
    the copy on a host began (epoch s), where that is known.
    """

    evidence: Evidence
    facts: tuple[Fact, ...] = ()
    hosts: Mapping[str, HostFacts] = field(default_factory=dict)
    before: Mapping[str, HostFacts] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=dict)
    pings: Mapping[str, Witness] = field(default_factory=dict)
    checkpoints: CheckpointLog = field(default_factory=CheckpointLog)
    mismatches: MismatchLog = field(default_factory=MismatchLog)
    unended: Mapping[str, Fact] = field(default_factory=dict)
    began: Mapping[str, float] = field(default_factory=dict)

    @property
    def now(self) -> float:
        """The moment of judgement."""
        return self.evidence.now

    @property
    def guest(self) -> str:
        """The guest's name."""
        return self.evidence.spec.name

    @property
    def primary(self) -> Copy | None:
        """The copy that is, or last was, the primary."""
        return self.evidence.primary

    @property
    def secondary(self) -> Copy | None:
        """The copy that is, or last was, the secondary."""
        return self.evidence.secondary

    @property
    def planned(self) -> bool:
        """A plan runs, or what it did was not looked at yet: it ends copies and cuts links on purpose."""
        progress = self.evidence.progress
        return self.evidence.settling or (progress is not None and progress.running)

    def other(self, host: str) -> Copy:
        """The copy on the other host."""
        return self.evidence.other(host)

    def role(self, host: str) -> Role:
        """What the copy on `host` is; of one that tells nothing, what its twin leaves it to be."""
        own = self.evidence.copies[host].role
        if own is not Role.NONE:
            return own
        twin = self.other(host).role
        return {Role.PRIMARY: Role.SECONDARY, Role.SECONDARY: Role.PRIMARY}.get(twin, Role.NONE)

    def said(self, *whats: str, host: str = "", within: float = RECENT) -> tuple[Fact, ...]:
        """The facts of these words in the last `within` seconds, oldest first; of one host only, when it is named."""
        return tuple(
            fact
            for fact in self.facts
            if fact.what in whats and host in ("", fact.host) and -1.0 <= self.now - fact.at <= within
        )

    def about(self, host: str, facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
        """Those of `facts` that may be about the present process on `host`; of an earlier one they prove nothing."""
        since = self.began.get(host)
        if since is None and self.evidence.lockstep_since is not None:
            since = self.evidence.lockstep_since - 1.0  # the lock-step is noticed a look after it began
        return tuple(fact for fact in facts if since is None or fact.at >= since)

    def alike_since(self, at: float) -> bool:
        """A whole checkpoint has begun and ended since `at`: both copies have the primary's memory again."""
        return any(one.pause_ms is not None for one in self.checkpoints.after(at))

    def around(
        self, at: float, *whats: str, host: str = "", before: float = 3.0, after: float = 10.0
    ) -> tuple[Fact, ...]:
        """The facts of these words about a moment."""
        return tuple(
            fact
            for fact in self.facts
            if fact.what in whats and host in ("", fact.host) and at - before <= fact.at <= at + after
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found. Its advice is in diagnosis.advice. At least one witness; `settle` where it is not proven.

    `remedy`: what helps in this very case, where no action of ours does; "" for what the table says.
    `forbids`: what is wrong in this very case, beside what the table forbids for its kind. `over`: why it is no
    danger any more; then nothing is forbidden for it, and it is only told.
    """

    kind: Kind
    sentence: str
    confidence: Confidence
    severity: Severity
    witnesses: tuple[Fact, ...]
    settle: str = ""
    remedy: str = ""
    forbids: frozenset[Action] = frozenset()
    over: str = ""

    @property
    def since(self) -> float:
        """The first witness."""
        return min(fact.at for fact in self.witnesses)


Rule = Callable[[Case], Finding | None]


def spoken(host: str, source: Source, what: str, text: str, at: float, value: float | None = None) -> Fact:
    """A witness that is no event but how things stand, taken from the evidence itself."""
    return Fact(at, host, source, what, text, value)


def in_order(*facts: Fact | tuple[Fact, ...]) -> tuple[Fact, ...]:
    """Witnesses, oldest first, each once, at most a dozen: the first and the newest."""
    flat = [
        one for fact in facts for one in (fact if isinstance(fact, tuple) and not isinstance(fact, Fact) else (fact,))
    ]
    found = sorted(dict.fromkeys(flat), key=lambda fact: fact.at)
    return tuple(found) if len(found) <= 12 else (*found[:6], *found[-6:])

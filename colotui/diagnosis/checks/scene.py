"""What the checks judge: the pair, what was read of both hosts and tried between them; how a finding is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from colotui.model.cable import CableReport
from colotui.model.check import Finding, Topic, Verdict
from colotui.model.facts import HostFacts, Missing
from colotui.model.pair import EngineKind, GuestSpec, HostSpec, Pair
from colotui.model.setup import Wanted
from colotui.model.survey import HostSurvey, TcpOptions

SEED = "seed.txt"
MEASURED = "measured"
TIPS = "docs/configuration-tips of the 2014 COLO"

PortTried = tuple[str, int]
"""The host that listened, and the port on its forward address; the other host tried to reach it."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything known. `links`: "" for a host that answers, else why it does not.

    `ports`, `ssh` and `tcp` are what was tried, None where nothing was: by port whether the peer reached it, by host
    whether its ssh reaches the peer ("" = yes, else why not), by guest what its TCP agreed to.
    """

    pair: Pair
    facts: Mapping[str, HostFacts]
    surveys: Mapping[str, HostSurvey]
    links: Mapping[str, str]
    wanted: Wanted
    cable: CableReport | None = None
    ports: Mapping[PortTried, str] | None = None
    ssh: Mapping[str, str] | None = None
    tcp: Mapping[str, TcpOptions | Missing] = field(default_factory=dict)

    @property
    def classic(self) -> bool:
        """True when a guest of the pair runs on the xen engine, the COLO of the seed."""
        return any(guest.engine is EngineKind.XEN for guest in self.pair.guests)

    @property
    def forwarding(self) -> bool:
        """True when packets are to go through ifb and tc."""
        return self.classic or self.wanted.ifb or self.wanted.wiring

    @property
    def qemu_guests(self) -> tuple[GuestSpec, ...]:
        """The guests of the qemu engine."""
        return tuple(guest for guest in self.pair.guests if guest.engine is EngineKind.QEMU)

    @property
    def xen_guests(self) -> tuple[GuestSpec, ...]:
        """The guests of the xen engine."""
        return tuple(guest for guest in self.pair.guests if guest.engine is EngineKind.XEN)

    @property
    def both(self) -> tuple[HostSurvey, HostSurvey] | None:
        """Both surveys; None while one is missing."""
        found = [self.surveys[spec.name] for spec in self.pair.hosts if spec.name in self.surveys]
        return (found[0], found[1]) if len(found) == 2 else None

    def running(self, guest: str) -> tuple[str, ...]:
        """The hosts on which a copy of the guest runs."""
        return tuple(
            name for name, survey in self.surveys.items() if any(copy.guest == guest for copy in survey.copies)
        )

    def places(self) -> Iterator[tuple[HostSpec, HostSurvey]]:
        """Each host that was surveyed."""
        for spec in self.pair.hosts:
            if spec.name in self.surveys:
                yield spec, self.surveys[spec.name]


@dataclass(frozen=True, slots=True)
class Question:
    """One question of one host ("" = both); its methods are the answers."""

    key: str
    host: str
    text: str
    why: str
    topic: Topic
    source: str

    def ok(self, evidence: str) -> Finding:
        """Nothing stands in the way."""
        return self._answer(Verdict.OK, evidence, "", "")

    def warning(self, evidence: str, cure: str = "", advice: str = "") -> Finding:
        """It works, but not as well as it could, or not for long."""
        return self._answer(Verdict.WARNING, evidence, cure, advice)

    def bad(self, evidence: str, cure: str = "", advice: str = "") -> Finding:
        """Protection cannot work like this."""
        return self._answer(Verdict.BAD, evidence, cure, advice)

    def unknown(self, evidence: str, cure: str = "", advice: str = "") -> Finding:
        """It could not be asked."""
        return self._answer(Verdict.UNKNOWN, evidence, cure, advice)

    def _answer(self, verdict: Verdict, evidence: str, cure: str, advice: str) -> Finding:
        return Finding(
            self.key, self.host, self.text, verdict, evidence, self.why, self.topic, cure, advice, self.source
        )


def named(values: Mapping[str, object]) -> str:
    """`11.1.3 on alpha, 11.1.2 on beta`."""
    return ", ".join(f"{value or 'none'} on {host}" for host, value in values.items())


def apart(first: frozenset[str], second: frozenset[str], names: Sequence[str]) -> str:
    """What only one of two sets has, with the host's name; "" when they are equal."""
    parts = []
    for name, only in zip(names, (first - second, second - first), strict=True):
        if only:
            shown = " ".join(sorted(only)[:8])
            more = f" and {len(only) - 8} more" if len(only) > 8 else ""
            parts.append(f"only {name} has {shown}{more}")
    return "; ".join(parts)

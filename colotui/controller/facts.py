"""What was witnessed of one guest, bounded in number and in bytes, and the facts that follow from host samples."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from colotui.diagnosis.incidents.hosts import moved_irqs
from colotui.model.facts import HostFacts, LinkFacts, Missing
from colotui.model.incident import Fact, Source

KEPT = 240
"""Facts kept of each source: a flood of one witness must not push out the words of another."""

KEPT_BYTES = 48 << 10
"""Bytes of text kept of each source."""

SAME_WITHIN = 1.0
"""Seconds within which a witness that repeats itself is heard once (QEMU says it 40 times a second of a mirror)."""

KEPT_S = 900.0
"""Seconds a fact is handed to the rules."""


class FactLog:
    """The facts of one guest. `add` may be called with anything at any rate; memory stays bounded."""

    def __init__(self) -> None:
        self._kept: dict[Source, deque[Fact]] = {}
        self._bytes: dict[Source, int] = {}
        self._newest: dict[tuple[str, Source, str], Fact] = {}
        self.dropped = 0

    def add(self, fact: Fact) -> None:
        """Take one fact in. One that only repeats the last of its kind within a second is counted, not kept."""
        key = (fact.host, fact.source, fact.what)
        before = self._newest.get(key)
        if before is not None and before.text == fact.text and 0 <= fact.at - before.at < SAME_WITHIN:
            self.dropped += 1
            return
        self._newest[key] = fact
        if len(self._newest) > 4 * KEPT:
            self._newest.clear()
        kept = self._kept.setdefault(fact.source, deque())
        kept.append(fact)
        size = self._bytes.get(fact.source, 0) + len(fact.text)
        while len(kept) > KEPT or size > KEPT_BYTES:
            size -= len(kept.popleft().text)
            self.dropped += 1
        self._bytes[fact.source] = size

    def extend(self, facts: Iterable[Fact]) -> None:
        """Take several in."""
        for fact in facts:
            self.add(fact)

    def since(self, at: float) -> tuple[Fact, ...]:
        """The facts later than `at` (epoch s), oldest first; of equal times in the order they came."""
        found = [fact for kept in self._kept.values() for fact in kept if fact.at > at]
        return tuple(sorted(found, key=lambda fact: fact.at))

    @property
    def size(self) -> int:
        """Bytes of text that are kept."""
        return sum(self._bytes.values())


def changes(before: HostFacts | None, after: HostFacts) -> list[Fact]:
    """What two samples of one host tell together: links, modules, interrupts that are not as they were."""
    found: list[Fact] = []
    for name in ("forward", "service"):
        link = getattr(after, name)
        was, now = None if before is None else _up(getattr(before, name)), _up(link)
        nic = link.nic if isinstance(link, LinkFacts) else name
        # Of the first sample only a link that is down is news.
        if now is not None and now is not was and (was is not None or now is False):
            what = f"{name}-{'up' if now else 'down'}"
            text = f"{nic} has {'a' if now else 'no'} carrier"
            found.append(Fact(after.taken_at, after.host, Source.LINK, what, text))
    if before is None:
        return found
    ready = {module.name for module in before.modules if module.ready}
    for module in after.modules:
        if module.name in ready and not module.ready:
            text = f"{module.name} is {module.state.value}"
            found.append(Fact(after.taken_at, after.host, Source.HOST, "module-gone", text))
    landing = {nic.nic: nic for nic in before.nic_irqs}
    for nic_irqs in after.nic_irqs:
        old = landing.get(nic_irqs.nic)
        moved = moved_irqs(old, nic_irqs) if old is not None else ""
        if moved:
            found.append(Fact(after.taken_at, after.host, Source.HOST, "irq-moved", moved))
    return found


def _up(link: LinkFacts | Missing) -> bool | None:
    return None if isinstance(link, Missing) else link.up

"""Follows `xl dmesg`: triple faults, hvmloader's own crashes, and the checkpoints the hypervisor prints."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from colotui.engine.xen.log import hypervisor_fact
from colotui.model.incident import Fact

RING = 1 << 20
"""Bytes of the hypervisor's console at most that are looked at; its own ring has 16 KiB unless made larger."""

# one line of each kind for each virtual CPU and direction; the first CPU's stands for the whole
_SAVED = re.compile(r"\(XEN\) (?:\[[^]]*\] )?HVM d(\d{1,9})v0 save: CPU")
_RESTORED = re.compile(r"\(XEN\) (?:\[[^]]*\] )?HVM restore d(\d{1,9}): CPU 0")
_LOADER = re.compile(r"\(d(\d{1,9})\) (?:\[[^]]*\] )?\*\*\* HVMLoader (?:crashed|bug at \S{1,80})")


@dataclass(frozen=True, slots=True)
class News:
    """What came since the last look. `missed`: the ring has gone round in between; there may have been more."""

    facts: tuple[Fact, ...] = ()
    saved: tuple[int, ...] = ()
    restored: tuple[int, ...] = ()
    loader_crashed: tuple[int, ...] = ()
    missed: bool = False


@dataclass
class HypervisorLog:
    """Takes the whole of `xl dmesg` again and again and tells what is new. Counts by domain number.

    `saved` counts a primary's checkpoints, `restored` a secondary's; both only what was printed and seen, at
    loglvl=all or debug: none at all is no proof that there was no checkpoint.
    """

    host: str
    saved: Counter[int] = field(default_factory=Counter)
    restored: Counter[int] = field(default_factory=Counter)
    _seen: list[str] | None = None

    def look(self, text: str, at: float) -> News:
        """The lines that were not there at the last look, read. The first look tells what the ring holds."""
        lines = text[-RING:].splitlines()
        before, self._seen = self._seen, lines
        fresh, missed = (lines, False) if before is None else _new(before, lines)
        facts: list[Fact] = []
        saved: list[int] = []
        restored: list[int] = []
        crashed: list[int] = []
        for line in fresh:
            line = line[:1000].rstrip()
            if fact := hypervisor_fact(self.host, line, at):
                facts.append(fact)
            elif match := _SAVED.fullmatch(line):
                saved.append(int(match[1]))
            elif match := _RESTORED.fullmatch(line):
                restored.append(int(match[1]))
            elif (match := _LOADER.match(line)) and int(match[1]) not in crashed:
                crashed.append(int(match[1]))
        self.saved.update(saved)
        self.restored.update(restored)
        return News(tuple(facts), tuple(saved), tuple(restored), tuple(crashed), missed)


def _new(before: Sequence[str], now: Sequence[str]) -> tuple[Sequence[str], bool]:
    """The lines of `now` behind the end of `before`: the longest end of `before` that `now` begins with.

    The ring cuts its first line, so the match begins with the second. An emptied ring (`xl dmesg -c`) is all new.
    """
    if not before:
        return now, False
    if list(now[: len(before)]) == list(before):
        return now[len(before) :], False
    body = now[1:]
    if not body:
        return now, True
    # by the prefix function, so that a console full of equal lines stays linear
    joined = [*body, None, *before]
    longest = [0] * len(joined)
    for place in range(1, len(joined)):
        length = longest[place - 1]
        while length and joined[place] != joined[length]:
            length = longest[length - 1]
        longest[place] = length + (joined[place] == joined[length])
    kept = longest[-1]
    return (body[kept:], False) if kept else (now, True)

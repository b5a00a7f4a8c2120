"""What was said over a copy's QMP, the newest of it: commands with their time and end, events; no bulk data."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from colotui.model.text import plain

KEPT = 200
"""Exchanges kept of each sort."""

_ABOUT = ("id", "device", "node-name", "qom-type", "path", "property", "protocol")
"""Arguments that say what a command is about; all others may be large, or secret."""

# Asked several times a second: they must not push out what was done.
_LOOKS = ("query-", "qom-list", "qom-get", "STOP", "RESUME")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One command or event. `at` in epoch seconds of the cockpit; `ms` None for an event."""

    at: float
    what: str
    about: str
    ms: float | None
    outcome: str


class Transcript:
    """A bounded memory of exchanges: looks and deeds each have a ring of their own."""

    def __init__(self) -> None:
        self._looks: deque[Exchange] = deque(maxlen=KEPT)
        self._deeds: deque[Exchange] = deque(maxlen=KEPT)

    def command(self, at: float, name: str, arguments: Mapping[str, object] | None, ms: float, outcome: str) -> None:
        """Note a command that ended, well or not."""
        given = arguments or {}
        words = [f"{key}={given[key]}"[:80] for key in _ABOUT if isinstance(given.get(key), str)]
        if name == "human-monitor-command":
            words = [str(given.get("command-line", "")).split(" ", 1)[0][:40]]
        self._note(Exchange(at, name, " ".join(words), ms, outcome[:200]))

    def event(self, at: float, name: str) -> None:
        """Note an event when it arrives."""
        self._note(Exchange(at, name[:80], "", None, "event"))

    def _note(self, exchange: Exchange) -> None:
        (self._looks if exchange.what.startswith(_LOOKS) else self._deeds).append(exchange)

    def newest(self) -> list[Exchange]:
        """All that is kept, oldest first."""
        return sorted((*self._looks, *self._deeds), key=lambda exchange: exchange.at)


def as_text(exchanges: list[Exchange]) -> str:
    """One line each: when (epoch seconds), how long, what, about what, and how it ended."""
    lines = []
    for one in exchanges:
        took = "" if one.ms is None else f"{one.ms:.1f} ms"
        lines.append(f"{one.at:.3f} {took:>10}  {plain(' '.join((one.what, one.about)).strip())}: {plain(one.outcome)}")
    return "".join(f"{line}\n" for line in lines)

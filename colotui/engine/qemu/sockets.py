"""Traffic of each COLO stream, from `ss -tin` on the primary: bytes and segments by local or peer port."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FIELD = re.compile(r"\b(bytes_sent|bytes_received|segs_out|segs_in|data_segs_out|data_segs_in):(\d+)")
_PORT = re.compile(r":(\d+)$")


@dataclass(frozen=True, slots=True)
class Traffic:
    """Counters of one connection since it was made."""

    bytes_sent: int = 0
    bytes_received: int = 0
    data_segs_out: int = 0
    data_segs_in: int = 0


def parse_ss(text: str, ports: frozenset[int]) -> dict[int, Traffic]:
    """Counters by port, of the connections that have one of `ports` at either end. Other lines are skipped."""
    found: dict[int, Traffic] = {}
    current: int | None = None
    for line in text.splitlines():
        words = line.split()
        ends = [int(m.group(1)) for m in map(_PORT.search, words) if m]
        if not line[:1].isspace() and words:
            current = next((port for port in ends if port in ports), None)
        if current is None:
            continue
        values = {name: int(value) for name, value in _FIELD.findall(line)}
        if values:
            found[current] = Traffic(
                values.get("bytes_sent", 0),
                values.get("bytes_received", 0),
                values.get("data_segs_out", 0),
                values.get("data_segs_in", 0),
            )
    return found

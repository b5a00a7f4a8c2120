"""What QEMU and its guest say, as facts: QMP events, QEMU's own lines, the guest's console. Pure; all of it hostile."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from colotui.model.incident import Fact, Source

LONGEST = 200
"""Characters kept of a witness's words."""

_EVENTS: dict[str, tuple[str, ...]] = {
    "RESET": ("reason",),
    "SHUTDOWN": ("reason",),
    "GUEST_PANICKED": ("action",),
    "COLO_EXIT": ("mode", "reason"),
    "QUORUM_REPORT_BAD": ("node-name", "type", "error"),
    "QUORUM_FAILURE": ("reference",),
    "BLOCK_IO_ERROR": ("device", "operation", "reason"),
}
"""QMP events that are facts, and the fields of theirs that are worth reading. STOP and RESUME are checkpoints."""

STDERR: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("colo-receive", re.compile(r"Can't receive COLO message")),
    ("colo-send", re.compile(r"Can't send COLO message")),
    ("colo-message", re.compile(r"Unexpected COLO message \d+, expected \d+")),
    ("return-path", re.compile(r"Received invalid message 0x\w+ length 0x\w+")),
    ("runstate", re.compile(r"invalid runstate transition: '[\w-]+' -> '[\w-]+'")),
    ("mirror", re.compile(r"filter mirror send failed|filter redirector send failed|colo send primary packet failed")),
    ("no-space", re.compile(r"No space left on device")),
    ("killed", re.compile(r"terminating on signal \d+")),
)
"""QEMU's lines that mean something to a rule, by their fixed part. Every other line is kept as `said`."""

CONSOLE: tuple[tuple[str, str], ...] = (
    ("panic", r"Kernel panic[^\r\n]{0,90}"),
    ("oops", r"BUG: [^\r\n]{0,120}|Oops: [^\r\n]{0,60}|general protection fault[^\r\n]{0,60}"),
    (
        "goes-down",
        r"reboot: (?:Restarting system|machine restart|Power down|System halted)[^\r\n]{0,40}"
        r"|systemd-shutdown\[\d+\][^\r\n]{0,60}|The system is going down[^\r\n]{0,60}",
    ),
    ("boot", r"Linux version \d[^\r\n]{0,60}|SeaBIOS \(version[^\r\n]{0,40}"),
)
"""What a guest's console says that matters. `goes-down` is a guest that ends itself; a triple fault says nothing."""

CONSOLE_RE = re.compile("|".join(f"(?P<{what.replace('-', '_')}>{text})" for what, text in CONSOLE).encode())


_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) ")


def event_time(event: Mapping[str, Any]) -> float | None:
    """When QEMU says that an event happened (epoch s of its host); None when it does not say."""
    stamp = event.get("timestamp")
    if not isinstance(stamp, Mapping):
        return None
    try:
        at = float(stamp["seconds"]) + float(stamp["microseconds"]) / 1e6
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return at if math.isfinite(at) else None


def qmp_fact(host: str, event: Mapping[str, Any], at: float) -> Fact | None:
    """The fact of a QMP event at `at` (epoch s of the cockpit); None for one that no rule needs."""
    name = str(event.get("event", ""))
    data = event.get("data")
    fields = data if isinstance(data, Mapping) else {}
    if name == "MIGRATION":
        return Fact(at, host, Source.QMP, name, "failed") if fields.get("status") == "failed" else None
    if name not in _EVENTS:
        return None
    words = " ".join(str(fields[key]) for key in _EVENTS[name] if key in fields)
    full = 1.0 if name == "BLOCK_IO_ERROR" and fields.get("nospace") is True else None
    return Fact(at, host, Source.QMP, name, words[:LONGEST], full)


def stderr_fact(host: str, line: str, now: float, offset: float = 0.0) -> Fact:
    """The fact of a line that QEMU itself printed, at its own time (`offset`: the host's clock less ours), else now."""
    words = re.split(r"qemu-system-\w+: ", line, maxsplit=1)[-1].strip()[:LONGEST]
    what = next((what for what, pattern in STDERR if pattern.search(words)), "said")
    stamp = _STAMP.match(line)
    at = now
    if stamp is not None:
        # A line that only looks like one of QEMU's has no such time.
        with contextlib.suppress(ValueError):
            at = min(now, datetime.fromisoformat(stamp.group(1)).timestamp() - offset)
    return Fact(at, host, Source.STDERR, what, words)


def console_fact(host: str, what: str, text: str, at: float) -> Fact:
    """The fact of a word on the guest's console (one of CONSOLE)."""
    return Fact(at, host, Source.SERIAL, what, text[:LONGEST])


def console_words(match: re.Match[bytes]) -> tuple[str, str]:
    """Which of CONSOLE a match of CONSOLE_RE is, and its text."""
    return (match.lastgroup or "").replace("_", "-"), match.group().decode("utf-8", "replace")

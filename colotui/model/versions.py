"""Which QEMU versions can do COLO: what was measured, and what was not."""

from __future__ import annotations

import re

_NUMBERS = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")
_WORKS = "QEMU 11.1 or newer can (Debian: trixie-backports)"
_DEADLOCKED = {(5, 2, 0), (7, 2, 22)}


def parse_version(text: str) -> tuple[int, int, int] | None:
    """The first version number in a text such as "QEMU emulator version 11.1.3 (Debian ...)"; None when it has none."""
    found = _NUMBERS.search(text)
    if found is None:
        return None
    major, minor, patch = (int(part or 0) for part in found.groups())
    return major, minor, patch


def colo_problem(version: str) -> str:
    """Why COLO does not work, or is not known to work, with this QEMU; "" when it does."""
    numbers = parse_version(version)
    if numbers is None:
        return f"it does not tell its version; {_WORKS}"
    release = numbers[:2]
    if release >= (11, 1):
        return ""
    if release >= (10, 2):
        return f"COLO was not measured with {numbers[0]}.{numbers[1]}; {_WORKS}"
    if release >= (10, 0):
        return f"10.0 and 10.1 cannot complete the first checkpoint; {_WORKS}"
    if release >= (5, 2):
        near = "" if numbers in _DEADLOCKED else " (measured with 5.2.0 and 7.2.22)"
        return f"it deadlocks at the first checkpoint{near}; {_WORKS}"
    return f"COLO was not measured with a QEMU this old; {_WORKS}"

"""A network device of an xl guest configuration, as xl splits it, and the reserved-memory and rate words beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from colotui.engine.xen.colokeys import KNOWN as COLO_KEYS

LONGEST = 16384
"""Characters of one vif at most."""

_PLAIN_KEYS = (
    "type", "mac", "bridge", "netdev", "gatewaydev", "ip", "script", "backend", "vifname", "model", "rate",
    "forwarddev", "accel", "devid", "mtu", "vlan",
)  # fmt: skip
KEYS = frozenset((*_PLAIN_KEYS, *COLO_KEYS))
"""Every key some xl with COLO reads."""
_FLAGS = frozenset(("trusted", "untrusted"))
_BYTE = re.compile(r"[ \t\n\v\f\r]*\+?(?:0[xX])?([0-9a-fA-F]{1,16})")
_RATE = re.compile(r"[0-9]+[GMK]?[Bb]/s")
_INTERVAL = re.compile(r"[0-9]+[mu]?s?")
_OCTAL = re.compile(r"0[0-7]*")
_DECIMAL = re.compile(r"[0-9]+")
_32 = (1 << 32) - 1


class VifError(ValueError):
    """xl refuses the configuration for this device; the text says why."""


@dataclass(frozen=True, slots=True)
class Vif:
    """The device's words in order, as written. xl passes over a word it does not know with rc 0: `unknown`."""

    words: tuple[str, ...]

    @property
    def values(self) -> Mapping[str, str]:
        """By key; the last word of a key counts."""
        return {key: value for key, equals, value in (word.partition("=") for word in self._bare()) if equals}

    @property
    def unknown(self) -> tuple[str, ...]:
        """The words xl leaves out."""
        return tuple(
            word
            for word in self._bare()
            if word and word not in _FLAGS and ("=" not in word or word.partition("=")[0] not in KEYS)
        )

    def _bare(self) -> list[str]:
        return [word.lstrip(" ") for word in self.words]

    def get(self, key: str) -> str:
        """The value of a key; "" when it is not given."""
        return self.values.get(key, "")

    def with_values(self, changes: Mapping[str, str]) -> Vif:
        """With these values: a key that is there keeps its place and its blanks, others come at the end."""
        left = dict(changes)
        words: list[str] = []
        for word in self.words:
            key, equals, _ = word.partition("=")
            name = key.lstrip(" ")
            words.append(f"{key}={changes[name]}" if equals and name in changes else word)
            left.pop(name, None)
        return Vif((*words, *(f"{key}={value}" for key, value in left.items())))

    def without(self, *keys: str) -> Vif:
        """Without these keys."""
        return Vif(tuple(word for word in self.words if word.lstrip(" ").partition("=")[0] not in keys))

    @property
    def text(self) -> str:
        """The string for the configuration."""
        return ",".join(self.words)


def parse_vif(text: str) -> Vif:
    """The words of one device. Raises VifError for what makes xl end."""
    if len(text) > LONGEST:
        raise VifError(f"it is longer than {LONGEST} characters")
    vif = Vif(tuple(word for word in text.split(",") if word))
    for key, value in ((key, value) for key, _, value in (word.lstrip(" ").partition("=") for word in vif.words)):
        if key == "rate":
            parse_rate(value)
        elif key in ("devid", "mtu") and not value.strip().isdigit():
            raise VifError(f"{key} is no number: `{value}`")
    return vif


def mac_of(text: str) -> str:
    """An address as xl reads it, in small letters: six numbers with one character between. Raises VifError."""
    place, numbers = 0, []
    for _ in range(6):
        found = _BYTE.match(text, place)
        if found is None or int(found[1], 16) > 255:
            raise VifError(f"`{text}` is no hardware address")
        numbers.append(int(found[1], 16))
        place = found.end() + 1
    return ":".join(f"{number:02x}" for number in numbers)


def parse_rate(text: str) -> tuple[int, int]:
    """A rate such as 1MB/s@20ms as bytes for each interval and the interval in µs. Raises VifError."""
    amount, at, interval = text.partition("@")
    if not _RATE.fullmatch(amount):
        raise VifError(f"`{text}` is no rate")
    rate, unit = _strtoull(amount)
    rate *= {"K": 10**3, "M": 10**6, "G": 10**9}.get(unit[:1], 1)
    rate //= 8 if "b" in (unit[:1], unit[1:2]) else 1
    micro = 50_000
    if at:
        if not _INTERVAL.fullmatch(interval):
            raise VifError(f"`{interval}` is no interval")
        micro, unit = _strtoull(interval)
        micro *= {"s": 1_000_000, "": 1_000_000, "m": 1000}.get(unit[:1], 1)
        if micro > _32:
            raise VifError(f"the interval `{interval}` is out of range")
    if rate > ((1 << 64) - 1) // micro:
        raise VifError(f"the rate `{text}` is out of range")
    return rate * micro // 1_000_000, micro


def _strtoull(text: str) -> tuple[int, str]:
    """The number at the start as strtoull takes it with base 0, and what it leaves: 018 is 1, then an 8."""
    found = _OCTAL.match(text) or _DECIMAL.match(text)
    digits = found.group() if found else "0"
    value = int(digits, 8 if digits.startswith("0") else 10) if len(digits.lstrip("0")) <= 20 else 0
    if not 0 < value <= _32:
        raise VifError(f"`{text}` is out of range")
    return value, text[len(digits) :]


@dataclass(frozen=True, slots=True)
class Rdm:
    """Reserved device memory. "" is what xl fills in itself."""

    strategy: str = ""


def parse_rdm(text: str) -> Rdm:
    """What xl takes of the value of `rdm=`. Raises VifError for what it leaves out, with a warning.

    xl has its answer for `policy` turned round: a correct one is refused with the whole value, a wrong one passed over.
    """
    strategy = ""
    for word in text.split(","):
        key, equals, value = word.partition("=")
        if key == "strategy" and equals and value == "host":
            strategy = value
        elif key == "policy" and equals and value.lower() not in ("strict", "relaxed"):
            continue
        else:
            raise VifError(f"`{word[:80]}` is no reserved-memory setting xl takes")
    return Rdm(strategy)

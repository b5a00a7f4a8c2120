"""What is wrong with a copy though its QEMU runs on: whose disk an event blames, and whose kernel fails alone. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Mapping
from typing import NamedTuple

NOT_REPLICATED = "disk writes are not replicated"
OWN_ERRORS = "its disk reports errors"

DISK_EVENTS = frozenset({"QUORUM_REPORT_BAD", "BLOCK_IO_ERROR"})
"""QMP events after which a disk cannot be trusted (measured: writes were missing after a failover)."""

_KERNEL = "its kernel said"

PAIRED = 5.0
"""Seconds within which two copies in lock-step say the same (measured: 0.1 s, or a checkpoint more)."""

_WORDS = 32
"""Words of a failing kernel kept of each host; the oldest are let go."""


class _Word(NamedTuple):
    at: float
    text: str
    past: bool


def blamed(name: str, data: object, host: str, twin: str, replicas: Container[str]) -> tuple[str, str] | None:
    """Whose disk an event of QEMU on `host` blames, and in which words; None for an event that blames none.

    `replicas`: the nodes that stand for the twin's disk. Only a primary has them: what is known of roles may be
    older than the event, for QEMU hands it out up to a second late, and at once to a cockpit that has just come.
    """
    if name not in DISK_EVENTS:
        return None
    node = str(data.get("node-name", "")) if isinstance(data, Mapping) else ""
    return (twin, NOT_REPLICATED) if node in replicas else (host, OWN_ERRORS)


class Damages:
    """By host. Each is of one process: what was witnessed before the present one began is not about it.

    `began` is when the host's present process began (epoch s); None where that is not known.
    """

    def __init__(self) -> None:
        self._disks: dict[str, tuple[float, str]] = {}
        self._words: dict[str, deque[_Word]] = {}

    def blame(self, host: str, at: float, text: str) -> None:
        """An event of `at` blames the disk of `host`."""
        if at >= self._disks.get(host, (at, ""))[0]:
            self._disks[host] = (at, text)

    def kernel_failed(self, host: str, at: float, text: str, *, past: bool = False) -> None:
        """The guest's kernel on `host` said so. `past`: it stood there before we came, `at` says little."""
        self._words.setdefault(host, deque(maxlen=_WORDS)).append(_Word(at, text, past))

    def of(self, host: str, twin: str, began: float | None, *, secondary: bool = True) -> str:
        """What is wrong with the copy on `host`, in words; "" when nothing is known.

        `secondary`: a primary's memory is what both copies get at the next checkpoint, so its kernel's words do not
        count as damage of it.
        """
        at, text = self._disks.get(host, (0.0, ""))
        if text and (began is None or at >= began):
            return text
        alone = [word for word in self._own(host, began) if not self._paired(word, twin)] if secondary else []
        return f"{_KERNEL} `{alone[0].text}`" if alone else ""

    def forgiven(self, host: str, twin: str, began: float | None) -> bool:
        """Its kernel failed, and the twin's did each time too: then what was noted of it is no damage of this copy.

        Never where so much was said that some of it may be forgotten.
        """
        own = self._own(host, began)
        whole = len(own) > 0 and len(self._words[host]) < _WORDS
        return whole and all(self._paired(word, twin) for word in own)

    def _own(self, host: str, began: float | None) -> list[_Word]:
        return [word for word in self._words.get(host, ()) if began is None or word.at >= began]

    def _paired(self, word: _Word, twin: str) -> bool:
        return any(
            word.text == other.text if word.past or other.past else abs(word.at - other.at) <= PAIRED
            for other in self._words.get(twin, ())
        )


def of_kernel(damage: str) -> bool:
    """The words are about a kernel that failed, not about a disk."""
    return damage.startswith(_KERNEL)

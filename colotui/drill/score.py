"""The score of a drill: how fast it was noticed, named and acted upon, what the client felt, what was wrong."""

from __future__ import annotations

from dataclasses import dataclass

from colotui.model.incident import Kind
from colotui.model.plan import Action

NAMED_WITHIN = 5.0
"""Seconds after its first witness within which the right incident must be open."""


@dataclass(frozen=True, slots=True)
class Score:
    """One drill as it went. Times in ms: `noticed_ms` and `named_ms` since the break, `witness_ms` from the first
    witness to the name, `acted_ms` for the plan (or the hand) until the client was served, `gap_ms` the longest
    silence the client felt. None: it did not come to that. `wrong`: everything that was not as it must be, in words.
    """

    drill: str
    text: str
    expected: Kind
    noticed_ms: float | None = None
    named_ms: float | None = None
    witness_ms: float | None = None
    acted_ms: float | None = None
    gap_ms: float | None = None
    sentence: str = ""
    do: Action | None = None
    did: str = ""
    refused: tuple[str, ...] = ()
    acknowledged: int = 0
    wrong: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Everything was as it must be."""
        return not self.wrong

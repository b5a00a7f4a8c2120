"""What a recording holds besides the snapshots: the plans that were run, and the moments one jumps to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from colotui.model.plan import Action, StepProgress

SUFFIX = ".colorec"
"""How the name of a recording ends."""


class MarkKind(StrEnum):
    """What one jumps to: an incident that opened, a mismatch, a plan that began."""

    INCIDENT = "incident"
    MISMATCH = "mismatch"
    ACTION = "action"


@dataclass(frozen=True, slots=True)
class Run:
    """A plan that was run, as it was last seen (epoch s). `ended` None: its end was not recorded."""

    guest: str
    title: str
    action: Action
    begun: float
    ended: float | None
    failed: str
    steps: tuple[StepProgress, ...]

"""Whether a pair is fit: one finding per question, with its evidence, why it matters, and what cures it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a finding stands. UNKNOWN: it could not be asked; never taken for fine."""

    OK = "ok"
    WARNING = "warning"
    BAD = "bad"
    UNKNOWN = "unknown"


class Topic(StrEnum):
    """Where a finding belongs; also the wizard's pages."""

    HOSTS = "hosts and keys"
    ENGINE = "engine"
    NETWORK = "network"
    MODULES = "modules and ifb"
    TUNING = "irq and clock"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer. `key` names the question, the same in every run; `host` is empty where it is about both.

    `cure` is the key of the set-up step that mends it, "" when none does; `advice` is what a person must do then.
    `source` says where the demand comes from: a section of the seed, a document, a measurement.
    """

    key: str
    host: str
    question: str
    verdict: Verdict
    evidence: str
    why: str
    topic: Topic = Topic.HOSTS
    cure: str = ""
    advice: str = ""
    source: str = ""

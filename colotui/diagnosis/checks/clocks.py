"""The hosts' dates: the same within a second, and kept so."""

from __future__ import annotations

from collections.abc import Iterator

from colotui.diagnosis.checks.scene import SEED, Question, Scene
from colotui.model.check import Finding, Topic
from colotui.model.facts import HostFacts, Missing
from colotui.model.quantity import millis
from colotui.model.survey import HostSurvey

LIMIT_MS = 1000.0
_SOURCE = f"{SEED}, Performance 3"


def findings(scene: Scene) -> Iterator[Finding]:
    """All of this module."""
    for spec in scene.pair.hosts:
        if spec.name in scene.facts:
            yield _clock(scene.facts[spec.name])
        if spec.name in scene.surveys:
            yield _service(scene.surveys[spec.name])
    yield from _apart(scene)


def _clock(facts: HostFacts) -> Finding:
    ask = Question(
        "clock",
        facts.host,
        "clock",
        "Times of both hosts are compared to find what came first; guests see the clock jump after a failover.",
        Topic.TUNING,
        _SOURCE,
    )
    offset = facts.clock_offset_ms
    if isinstance(offset, Missing):
        return ask.unknown(offset.why, advice="Check again.")
    sign = "+" if offset > 0 else ""
    told = f"{sign}{millis(offset)} ms from this machine's (1000 ms at most)"
    return ask.ok(told) if abs(offset) <= LIMIT_MS else ask.bad(told, "clock")


def _service(survey: HostSurvey) -> Finding:
    ask = Question(
        "time-service",
        survey.host,
        "time service",
        "Two clocks that nobody keeps drift apart, by seconds within weeks.",
        Topic.TUNING,
        _SOURCE,
    )
    if survey.time_service:
        return ask.ok(f"{survey.time_service} keeps the clock")
    installed = [name for name in ("chronyd", "ntpd") if survey.programs.get(name)]
    if survey.systemd and (installed or survey.programs.get("timedatectl")):
        return ask.warning("none runs", "clock")
    return ask.warning(
        "none runs", advice=f"Install one on {survey.host}, such as chrony, and start it; both hosts from one source."
    )


def _apart(scene: Scene) -> Iterator[Finding]:
    offsets = [
        facts.clock_offset_ms for facts in scene.facts.values() if not isinstance(facts.clock_offset_ms, Missing)
    ]
    if len(offsets) == 2:
        ask = Question(
            "clocks-apart",
            "",
            "clocks apart",
            "The date of both hosts should be the same: the guest sees a jump when the other one takes over.",
            Topic.TUNING,
            _SOURCE,
        )
        between = abs(offsets[0] - offsets[1])
        told = f"{millis(between)} ms (1000 ms at most)"
        yield ask.ok(told) if between <= LIMIT_MS else ask.bad(told, "clock")

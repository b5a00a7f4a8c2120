"""What failed runs left, plans that were cut off, and whether a reboot takes the set-up away."""

from __future__ import annotations

from collections.abc import Iterator

from colotui.diagnosis.checks.scene import MEASURED, SEED, TIPS, Question, Scene
from colotui.model.check import Finding, Topic
from colotui.model.pair import HostSpec
from colotui.model.quantity import listing
from colotui.model.survey import HostSurvey, LeftoverKind

_IFBS = (LeftoverKind.IFB, LeftoverKind.CLAIM)


def findings(scene: Scene) -> Iterator[Finding]:
    """All of this module."""
    for spec, survey in scene.places():
        yield _files(scene, spec, survey)
        yield _ifbs(spec, survey)
        yield _plans(spec, survey)
        yield _kept(scene, spec, survey)


def _files(scene: Scene, spec: HostSpec, survey: HostSurvey) -> Finding:
    ask = Question(
        "leftovers",
        spec.name,
        "leftovers",
        "Files of a run that failed mislead the next one: a suspend file "
        "or a half-received domain makes it fail at once.",
        Topic.HOSTS,
        f"{TIPS}; {SEED}, Trouble shooting",
    )
    found = [one for one in survey.leftovers if one.kind not in (*_IFBS, LeftoverKind.PLAN)]
    if not found:
        return ask.ok("nothing of a failed run is here")
    told = listing(f"{one.what} ({one.kind.value})" for one in found)
    guests = {guest.name for guest in scene.pair.guests}
    if any(one.guest in guests or one.kind is LeftoverKind.SUSPEND_FILE for one in found):
        return ask.warning(told, "leftovers")
    return ask.warning(told, advice="They are of guests that this pair file does not have: remove them by hand.")


def _ifbs(spec: HostSpec, survey: HostSurvey) -> Finding:
    ask = Question(
        "ifb-leaks",
        spec.name,
        "leaked ifbs",
        "An ifb that is merely up counts as taken, until no free one is left.",
        Topic.MODULES,
        MEASURED,
    )
    found = [one for one in survey.leftovers if one.kind in _IFBS]
    if found:
        return ask.warning(listing(f"{one.what} ({one.kind.value})" for one in found), "ifb-leaks")
    return ask.ok("none")


def _plans(spec: HostSpec, survey: HostSurvey) -> Finding:
    ask = Question(
        "cut-off-plan",
        spec.name,
        "cut-off plan",
        "A plan that ended half-way left the guest between two states.",
        Topic.HOSTS,
        "colotui",
    )
    found = [one for one in survey.leftovers if one.kind is LeftoverKind.PLAN]
    if found:
        guest = found[0].guest
        return ask.warning(
            listing(one.what for one in found),
            advice=f"See what it was with `colotui status`, then run that action again or: colotui undo {guest}",
        )
    return ask.ok("none")


def _kept(scene: Scene, spec: HostSpec, survey: HostSurvey) -> Finding:
    ask = Question(
        "keep",
        spec.name,
        "kept over a reboot",
        "Addresses, routes, interrupts and modules are gone after a reboot unless a file sets them again.",
        Topic.HOSTS,
        f"{SEED}, Trouble shooting 3",
    )
    if survey.settings:
        return ask.ok(f"kept in {listing(sorted(survey.settings))}")
    told = "no settings of colotui are kept here"
    if not scene.wanted.keep:
        return ask.ok(f"{told}, as was chosen")
    return ask.warning(
        told, "keep", "Nothing is to be done where the host's own network configuration sets all this at boot."
    )

"""The table of drills agrees with the advice of the program."""

from __future__ import annotations

import pytest

from colotui.diagnosis.advice import TABLE
from colotui.drill.table import DRILLS, Drill, by_name
from colotui.model.plan import Action


def test_names_are_unique_and_found() -> None:
    assert len({drill.name for drill in DRILLS}) == len(DRILLS)
    for drill in DRILLS:
        assert by_name(drill.name) is drill
    assert by_name("all") is None


@pytest.mark.parametrize("drill", DRILLS, ids=lambda drill: drill.name)
def test_expects_what_the_advice_may_say(drill: Drill) -> None:
    # No plan is right where the advice has none, or has one that this very case makes wrong.
    recommended = {remedy.action for remedy in TABLE[drill.kind].do}
    assert set(drill.do) <= recommended | {None}


@pytest.mark.parametrize("drill", DRILLS, ids=lambda drill: drill.name)
def test_what_is_forbidden_is_tried(drill: Drill) -> None:
    forbids = TABLE[drill.kind].forbids
    tried = {refused.action for refused in drill.refused}
    assert tried or not forbids or drill.heals
    assert not forbids or drill.heals or tried & (forbids | {Action.FAILOVER})

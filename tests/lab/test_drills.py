"""Every drill on the real pair: the right incident in time, the right advice, the refusals, a client that is served."""

from __future__ import annotations

import pytest

from colotui.cli.drill import command_line, exercise
from colotui.config import load
from colotui.drill.operator import Operator
from colotui.drill.score import NAMED_WITHIN
from colotui.drill.table import DRILLS, Drill
from colotui.model.protection import Severity, State
from tests.lab.running import Lab


@pytest.mark.parametrize("drill", DRILLS, ids=lambda drill: drill.name)
async def test_drill(lab: Lab, drill: Drill) -> None:
    score = await exercise(lab, load(lab.pair_path), drill, command_line(lab.pair_path))
    print(f"\n{score}")
    assert not score.wrong
    assert score.sentence
    assert score.witness_ms is not None
    assert score.witness_ms <= NAMED_WITHIN * 1000
    assert score.do in drill.do
    assert score.did
    assert len(score.refused) == len(drill.refused)
    assert score.acknowledged > 0
    assert score.gap_ms is not None


async def test_the_lab_is_left_protected(lab: Lab) -> None:
    pair = load(lab.pair_path)
    async with Operator(pair, pair.guests[0].name) as operator:
        assert await operator.until(lambda: operator.view.protection.state is State.PROTECTED, 20.0)
        assert operator.view.protection.severity is Severity.OK
        assert not any(copy.damage for copy in operator.view.copies.values())

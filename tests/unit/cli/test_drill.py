"""`colotui lab drill`: the list, wrong names, the score card and the table."""

from __future__ import annotations

import io
import json

import pytest

from colotui.cli import codes
from colotui.cli.drill import print_score, print_table
from colotui.cli.front import run
from colotui.cli.term import Term
from colotui.drill.score import Score
from colotui.drill.table import DRILLS
from colotui.model.incident import Kind

GOOD = Score(
    "primary-killed", "kill -9 of the primary's QEMU", Kind.PRIMARY_DEAD, 40.0, 104.0, 69.0, 989.0, 241.0,
    "The primary's QEMU on alpha was killed (signal 9).", None, "Fail over web01", ("reprotect: no",), 20,
)  # fmt: skip
BAD = Score("storm", "load", Kind.STORM, wrong=("`checkpoint storm` did not open; open: none",))


def text(*scores: Score) -> str:
    out = Term(io.StringIO(), colour=False)
    for score in scores:
        print_score(score, out)
    print_table(scores, out)
    assert isinstance(out.out, io.StringIO)
    return out.out.getvalue()


def test_list_names_every_drill(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "drill", "--list"]) == codes.OK
    said = capsys.readouterr().out
    assert all(drill.name in said and drill.text in said for drill in DRILLS)
    assert run(["lab", "drill", "--list", "--json"]) == codes.OK
    assert [row["name"] for row in json.loads(capsys.readouterr().out)["drills"]] == [d.name for d in DRILLS]


@pytest.mark.parametrize("names", [[], ["nonsense"], ["all", "storm"]])
def test_wrong_names_are_said_with_those_there_are(names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "drill", *names]) == codes.USAGE
    assert "primary-killed" in capsys.readouterr().err


def test_score_card_says_how_fast_and_what_was_wrong() -> None:
    said = text(GOOD, BAD)
    assert "✔ primary-killed" in said
    assert "named    104 ms after it, 69 ms after the first witness" in said
    assert "longest silence 241 ms, 20 numbers acknowledged" in said
    assert "✘ storm" in said
    assert "did not open; open: none" in said
    assert "1 of 2 went as they must." in said


def test_score_passes_only_when_nothing_was_wrong() -> None:
    assert GOOD.passed
    assert not BAD.passed

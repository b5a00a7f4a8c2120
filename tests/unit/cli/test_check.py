"""`check`: what it prints of the findings, its exit code, and what it asks to be looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from colotui.cli import check
from colotui.controller.examining import Examination
from colotui.diagnosis.checks import findings
from colotui.errors import HostError
from colotui.model.cable import CableReport
from colotui.model.facts import Missing
from colotui.model.pair import Pair
from colotui.model.setup import Look
from tests.unit.cli.conftest import Colotui
from tests.unit.config.pairs import FULL
from tests.unit.diagnosis.checksample import NOW, facts, pair, survey, without_nic

Make = Callable[..., Colotui]


@dataclass
class FakeExamination:
    """Looks at the sample pair; `spoil` is what is wrong with beta."""

    spoil: dict[str, dict[str, Any]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=lambda: {"alpha": "", "beta": ""})
    asked: list[tuple[bool, bool]] = field(default_factory=list)
    crash: Exception | None = None
    closed: bool = False

    async def look(self, *, digests: bool = False, cable: bool = False) -> Look:
        if self.crash:
            raise self.crash
        self.asked.append((digests, cable))
        up = [name for name, why in self.links.items() if not why]
        told = {name: facts(name, **(self.spoil.get("facts", {}) if name == "beta" else {})) for name in up}
        read = {name: survey(name, **(self.spoil.get("survey", {}) if name == "beta" else {})) for name in up}
        report = CableReport(NOW, ("eth1", "eth1"), 2.0, error="eth1 is down") if cable else None
        return Look(NOW, told, read, findings(pair(), told, read, links=self.links, cable=report), report)

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def examination(monkeypatch: pytest.MonkeyPatch) -> FakeExamination:
    fake = FakeExamination()
    pairs: list[Pair] = []

    def make(the_pair: Pair) -> FakeExamination:
        pairs.append(the_pair)
        return fake

    monkeypatch.setattr(check, "make_examination", make)
    return fake


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        ({}, 0),
        ({"survey": {"irqbalance": "process"}}, 1),
        ({"facts": {"clock_offset_ms": Missing("x")}}, 3),
        ({"survey": {"nics": without_nic("beta", "br0")}}, 2),
        ({"survey": {"nics": without_nic("beta", "br0"), "irqbalance": "process"}}, 2),
    ],
)
def test_the_exit_code(colotui: Make, examination: FakeExamination, spoil: dict[str, Any], code: int) -> None:
    examination.spoil = spoil
    cli = colotui(FULL)
    assert cli("check").code == code
    result = cli("check", "--json")
    assert (result.code, result.json["exit_code"]) == (code, code)
    fields = {"key", "host", "question", "verdict", "evidence", "why", "topic", "cure", "advice", "source"}
    assert set(result.json["findings"][0]) == fields
    assert examination.closed


def test_the_text_says_why_and_what_cures_only_where_something_is_wrong(
    colotui: Make, examination: FakeExamination
) -> None:
    cli = colotui()
    assert "cure:" not in cli("check").out
    examination.spoil = {"survey": {"nics": without_nic("beta", "br0"), "xen_tools": "x", "machine_types": frozenset()}}
    out = cli("check").out
    lines = out.splitlines()
    assert "  ✘ bridge                there is no br0" in lines
    at = lines.index("  ✘ bridge                there is no br0")
    assert "cure: colotui setup --only bridge" in " ".join(lines[at : at + 5])
    assert "qemu-system-x86_64 -machine help" in out
    assert max(map(len, lines)) <= 80
    assert [line for line in lines if line and not line.startswith(" ")][:3] == ["alpha", "beta", "both hosts"]
    assert lines[-1].endswith("1 bad, 1 unknown")


def test_a_host_that_cannot_be_reached_is_unknown(colotui: Make, examination: FakeExamination) -> None:
    examination.links = {"alpha": "", "beta": "beta: no answer \x1b[31m. Switch it on."}
    result = colotui()("check")
    assert result.code == 3
    assert "  ? host reached          beta: no answer . Switch it on." in result.out
    assert "\x1b" not in result.out


def test_what_was_not_tried_is_said_and_how_to_try_it(colotui: Make, examination: FakeExamination) -> None:
    cli = colotui()
    assert "(--cable)" in " ".join(cli("check").out.split())
    result = cli("check", "--cable", "--digests", "--json")
    assert examination.asked == [(False, False), (True, True)]
    assert result.json["not_tried"] == []
    assert result.json["cable"]["error"] == "eth1 is down"
    assert result.code == 3


def test_the_channels_are_closed_when_looking_fails(colotui: Make, examination: FakeExamination) -> None:
    examination.crash = HostError("beta", "it fell over.", "Try again.")
    assert colotui()("check").code == 69
    assert examination.closed


def test_the_real_examination_is_made() -> None:
    assert isinstance(check.make_examination(pair()), Examination)

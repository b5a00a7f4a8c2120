"""`check`: each question gets its verdict from the facts, with evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from colotui import config
from colotui.cli.checks import Finding, Verdict, findings
from colotui.model.facts import LinkFacts, Missing, Module, ModuleState, NicIrqs, QemuFacts
from colotui.model.pair import EngineKind, Pair
from colotui.model.protection import LinkState
from tests.unit.cli.conftest import Colotui
from tests.unit.cli.fake import facts, snapshot
from tests.unit.config.pairs import FULL

Make = Callable[..., Colotui]
PAIR = config.loads(FULL)


def found_with(pair: Pair = PAIR, **changes: Any) -> dict[tuple[str, str], Finding]:
    found = snapshot(pair)
    beta = replace(found.hosts[1], facts=facts("beta", **changes))
    found = replace(found, hosts=(found.hosts[0], beta))
    return {(finding.host, finding.question): finding for finding in findings(pair, found)}


def test_a_fit_pair_has_nothing_against_it() -> None:
    found = found_with()
    assert {finding.verdict for finding in found.values()} == {Verdict.OK}
    assert ("", "same QEMU") in found
    assert all(finding.evidence and finding.why for finding in found.values())


@pytest.mark.parametrize(
    ("question", "verdict", "evidence", "changes"),
    [
        ("QEMU", "bad", "deadlocks", {"qemu": QemuFacts("/usr/bin/q", "7.2.22", "deadlocks at the first checkpoint")}),
        ("QEMU", "bad", "not found", {"qemu": Missing("not found")}),
        ("memory", "bad", "256 MiB needed", {"memory_available": -600 << 20}),
        ("forward link", "bad", "down", {"forward": LinkFacts("eth1", False)}),
        ("forward link", "bad", "and not 10.78.0.2", {"forward": LinkFacts("eth1", True, addresses=("10.1.1.1/8",))}),
        ("forward link", "bad", "no such NIC", {"forward": Missing("no such NIC")}),
        ("bridge", "bad", "no such NIC", {"bridge": Missing("no such NIC")}),
        ("bridge", "unknown", "netlink", {"bridge": Missing("netlink"), "ifbs": Missing("netlink")}),
        ("quickack", "warning", "no quickack", {"forward": LinkFacts("eth1", True, quickack=False)}),
        ("quickack", "unknown", "not read yet", {"forward": LinkFacts("eth1", True)}),
        ("bridge", "bad", "down", {"bridge": LinkFacts("br0", False)}),
        ("clock", "bad", "+1200 ms", {"clock_offset_ms": 1200.0}),
        ("clock", "unknown", "not measured", {"clock_offset_ms": Missing("not measured")}),
        ("irqbalance", "warning", "runs", {"irqbalance": True}),
        ("interrupts", "warning", "shares its CPU with eth0", {"nic_irqs": (NicIrqs("eth1", (), "", ("eth0",)),)}),
    ],
)
def test_what_is_wrong_is_found(question: str, verdict: str, evidence: str, changes: dict[str, Any]) -> None:
    finding = found_with(**changes)["beta", question]
    assert finding.verdict == verdict
    assert evidence in finding.evidence


def test_what_is_wrong_between_the_hosts_is_found() -> None:
    found = found_with(qemu=QemuFacts("/usr/bin/q", "11.2.0"), clock_offset_ms=-1500.0)
    assert found["", "same QEMU"].verdict is Verdict.BAD
    assert found["", "clocks apart"].verdict is Verdict.BAD


def test_a_missing_module_matters_to_xen_only() -> None:
    module = (Module("ifb", ModuleState.MISSING, "two devices for each guest NIC"),)
    assert found_with(modules=module)["beta", "module ifb"].verdict is Verdict.OK
    xen = replace(PAIR, guests=(replace(PAIR.guests[0], engine=EngineKind.XEN),))
    assert found_with(xen, modules=module)["beta", "module ifb"].verdict is Verdict.BAD


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 0),
        ({"irqbalance": True}, 1),
        ({"clock_offset_ms": Missing("x")}, 3),
        ({"bridge": LinkFacts("br0", False)}, 2),
    ],
)
def test_the_exit_code(colotui: Make, changes: dict[str, Any], code: int) -> None:
    cli = colotui()
    alpha, beta = cli.controller.snapshot.hosts
    cli.controller.snapshot = replace(
        cli.controller.snapshot, hosts=(alpha, replace(beta, facts=facts("beta", **changes)))
    )
    assert cli("check").code == code
    result = cli("check", "--json")
    assert (result.code, result.json["exit_code"]) == (code, code)
    assert {"host", "question", "verdict", "evidence", "why"} == set(result.json["findings"][0])


def test_the_text_says_why_only_where_something_is_wrong(colotui: Make) -> None:
    cli = colotui()
    assert "holds up" not in cli("check").out
    alpha, beta = cli.controller.snapshot.hosts
    beta = replace(beta, link=LinkState.DOWN, facts=None, why="beta: no answer")
    cli.controller.snapshot = replace(cli.controller.snapshot, hosts=(alpha, beta))
    result = cli("check")
    assert result.code == 3
    assert "  ? host reached          beta: no answer" in result.out
    assert max(map(len, result.out.splitlines())) <= 80
    assert result.out.splitlines()[-1].endswith("1 unknown")

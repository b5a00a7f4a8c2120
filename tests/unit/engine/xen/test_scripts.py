"""Lines of the hotplug scripts, of blktap2 and of a domain's xl log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colotui.engine.xen.scripts import IfbsSet, blktap_fact, hotplug_fact, ifbs_set, shutdown_fact


@pytest.mark.parametrize("gap", [" ", "   ", "\t"])
def test_the_success_line_with_any_blanks(gap: str) -> None:
    ifbs = f"ifb_primary: ifb0,{gap}ifb_secondary: ifb1, forwarddev: eth1"
    line = f"colo: Successful colo-agent-setup setup for vif5.0.{gap} {ifbs}"
    assert ifbs_set(line) == IfbsSet("vif5.0", "ifb0", "ifb1", "eth1")
    fact = hotplug_fact("alpha", line, 1.0)
    assert fact is not None
    assert fact.what == "wired"


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("Unable to find a free ifb device for vif5.0", "no-ifb"),
        ("Unable to add ingress qdisc to nic eth1", "tc-failed"),
        ("Unable to redirect ip packets from eth1 to ifb1", "tc-failed"),
        ("Unable to copy and forward ip packets from vif5.0 to eth1", "tc-failed"),
        ("device eth1 cannot enter promiscuous mode", "not-promiscuous"),
        ("Invalid mode: third", "wrong-mode"),
        ("Successful colo-proxy-setup setup for vif5.0.", "proxy-set"),
        ("Successful vif-bridge online for vif5.0", ""),
    ],
)
def test_hotplug_lines(line: str, what: str) -> None:
    fact = hotplug_fact("alpha", f"logger: {line}", 1.0)
    assert (fact.what if fact else "") == what


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("switch to unprotected mode due to internal error", "disk-unprotected"),
        ("failure detected, activating passthrough", "disk-failover"),
        ("the last commit is not finished", "disk-commit"),
        ("OOPS, ring is full", "disk-ring-full"),
        ("Backup failed? resuming domain at primary.", ""),
    ],
)
def test_blktap2_lines(words: str, what: str) -> None:
    fact = blktap_fact("alpha", f"Sep  5 10:00:00 alpha tapdisk2[812]: COLO: {words}", 1.0)
    assert (fact.what if fact else "") == what


def test_a_domain_s_end() -> None:
    fact = shutdown_fact("beta", "Domain 5 has shut down, reason code 1 0x1", 1.0)
    assert fact is not None
    assert (fact.what, fact.value) == ("shut-down", 1.0)
    assert shutdown_fact("beta", "Domain 5 is dead", 1.0) is None


@given(st.text(max_size=200))
def test_any_line_is_a_fact_or_none(line: str) -> None:
    hotplug_fact("h", line, 0.0)
    blktap_fact("h", line, 0.0)
    shutdown_fact("h", line, 0.0)

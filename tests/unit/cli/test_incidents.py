"""`incidents` and `status`: open incidents are named, with what to do, and no host's words reach the terminal raw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from colotui.cli import incidents
from colotui.model.incident import Confidence, Diagnosed, Fact, Incident, Kind, Source
from colotui.model.plan import Action
from colotui.model.protection import Severity
from tests.unit.cli.conftest import Colotui
from tests.unit.cli.fake import NOW

Make = Callable[..., Colotui]

TOLD = Diagnosed(
    Kind.REPLICATION_LOST, "Disk writes no longer reach beta.", Confidence.PROVEN, NOW - 9,
    (Fact(NOW - 9, "alpha", Source.QMP, "QUORUM_REPORT_BAD", "replication0 \x1b]0;owned\x07 flush"),),
    Severity.ERROR, "The client is served.", Action.STOP, "stop the protection", "do not promote beta",
    frozenset({Action.FAILOVER, Action.SWITCH}), "beta's disk misses writes",
)  # fmt: skip
OPEN = Incident("web01-7", "web01", NOW - 8, NOW, TOLD)
CLOSED = replace(OPEN, id="web01-6", closed_at=NOW - 20, closed_by="`Fail over web01`")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake pair need not be watched."""
    monkeypatch.setattr(incidents, "WATCHED", 0.0)


def with_incidents(cli: Colotui, *found: Incident) -> None:
    """Give the guest these incidents."""
    shot = cli.controller.snapshot
    cli.controller.snapshot = replace(shot, guests=(replace(shot.guests[0], incidents=found), *shot.guests[1:]))


def test_none(colotui: Make) -> None:
    ran = colotui()("incidents")
    assert (ran.code, ran.out) == (0, "No incident is open.\n")


def test_an_open_one_with_all_that_is_known(colotui: Make) -> None:
    cli = colotui()
    with_incidents(cli, OPEN, CLOSED)
    ran = cli("incidents")
    assert ran.code == 2
    for words in (
        "web01-7",
        "proven",
        "alpha qmp",
        "colotui stop web01",
        "do not promote beta",
        "failover, switch: beta",
    ):
        assert words in ran.out
    assert "\x1b" not in ran.out
    assert "\x07" not in ran.out
    assert "web01-6" not in ran.out


def test_json_and_status(colotui: Make) -> None:
    cli = colotui()
    with_incidents(cli, OPEN, CLOSED)
    (one,) = cli("incidents", "--json").json["incidents"]
    assert (one["id"], one["now"]["kind"], one["now"]["forbids"]) == (
        "web01-7", "disk replication lost", ["failover", "switch"],
    )  # fmt: skip
    assert "web01-7  disk replication lost (proven)" in cli("status").out
    assert [i["id"] for i in cli("status", "--json").json["snapshot"]["guests"][0]["incidents"]] == [
        "web01-7",
        "web01-6",
    ]

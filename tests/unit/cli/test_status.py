"""`status`: what it prints, its JSON, and the exit code a monitoring system reads."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from colotui.cli import jsonview
from colotui.model.facts import LinkFacts, Missing
from colotui.model.plan import Action
from colotui.model.protection import Life, LinkState, Severity, State
from tests.unit.cli.conftest import Colotui
from tests.unit.cli.fake import snapshot
from tests.unit.config.pairs import FULL
from tests.unit.config.test_reader import SECOND

Make = Callable[..., Colotui]


def with_state(cli: Colotui, *states: tuple[State, Severity]) -> None:
    found = cli.controller.snapshot
    guests = tuple(
        replace(view, protection=replace(view.protection, state=state, severity=severity))
        for view, (state, severity) in zip(found.guests, states, strict=True)
    )
    cli.controller.snapshot = replace(found, guests=guests)


@pytest.mark.parametrize(
    ("state", "severity", "code"),
    [
        (State.PROTECTED, Severity.OK, 0),
        (State.PROTECTED, Severity.WARNING, 0),
        (State.SYNCING, Severity.WORKING, 1),
        (State.FAILED_OVER, Severity.WARNING, 1),
        (State.NOT_PROTECTED, Severity.WARNING, 1),
        (State.NOT_PROTECTED, Severity.ERROR, 2),
        (State.FAILING_OVER, Severity.WORKING, 1),
        (State.UNKNOWN, Severity.WARNING, 3),
        (State.UNKNOWN, Severity.ERROR, 3),
    ],
)
def test_the_exit_code(colotui: Make, state: State, severity: Severity, code: int) -> None:
    cli = colotui()
    with_state(cli, (state, severity))
    assert cli("status").code == code
    assert cli("status", "--json").code == code
    assert cli("status", "--json").json["exit_code"] == code


def test_of_two_guests_the_worse_one_counts(colotui: Make) -> None:
    cli = colotui(FULL + SECOND)
    with_state(cli, (State.UNKNOWN, Severity.WARNING), (State.NOT_PROTECTED, Severity.ERROR))
    assert cli("status").code == 2
    with_state(cli, (State.UNKNOWN, Severity.WARNING), (State.NOT_PROTECTED, Severity.WARNING))
    assert cli("status").code == 3
    assert "web02" in cli("status").out


def test_the_text(colotui: Make) -> None:
    cli = colotui()
    result = cli("status")
    lines = result.out.splitlines()
    assert lines[0].startswith("● Protected   web01   since ")
    assert max(map(len, lines)) <= 80
    text = " ".join(result.out.split())
    for part in (
        "web01 runs on alpha, in lock-step with beta",
        "role primary, speaks to the client secondary, its replies are held",
        "copy running, in lock-step running, in lock-step",
        "QEMU 11.1.3, tcg, pid 4711 pid 815",
        "memory 257 MiB 684 MiB",
        "checkpoints 0.7 /s over 60 s, 25 % forced; 42 seen",
        "pause median 6.8 ms, 95 % below 12.0 ms, longest 44.0 ms",
        "mismatches 3 seen; last",
        "service http://10.77.0.10/ answers in 2.1 ms",
        "? cockpit → host beta host not reached",
        "switch colotui switch web01",
        "failover no: both copies are well: use the planned switch",
    ):
        assert part in text, part
    assert result.err == ""
    assert cli.controller.read_only


def test_ascii_and_no_colour(colotui: Make) -> None:
    out = colotui()("status", "--ascii").out
    assert out.isascii()
    assert out.startswith("* Protected")


def test_a_host_that_is_not_reached(colotui: Make) -> None:
    cli = colotui()
    found = cli.controller.snapshot
    alpha, beta = found.hosts
    down = replace(beta, link=LinkState.DOWN, facts=None, why="beta: no answer in 5 s. Is it on?")
    guest = found.guests[0]
    copies = {**guest.copies, "beta": replace(guest.copies["beta"], life=Life.UNREACHABLE, speaks=None)}
    cli.controller.snapshot = replace(found, hosts=(alpha, down), guests=(replace(guest, copies=copies),))
    out = cli("status").out
    assert "not known: host not reached" in out
    assert "beta: no answer in 5 s. Is it on?" in out


def test_hostile_words_are_made_plain(colotui: Make) -> None:
    cli = colotui()
    guest = cli.controller.snapshot.guests[0]
    evil = "\x1b[2J\x1b]0;x\x07\u202eevil\nline\x00"
    copies = {name: replace(copy, version=evil, damage=evil) for name, copy in guest.copies.items()}
    protection = replace(guest.protection, headline=evil, meaning=evil, do_not=evil)
    actions = dict.fromkeys(Action, evil)
    probe = guest.probe and replace(guest.probe, ok=False, error=evil)
    changed = replace(guest, copies=copies, protection=protection, actions=actions, half_run=evil, probe=probe)
    cli.controller.snapshot = replace(cli.controller.snapshot, guests=(changed,))
    result = cli("status")
    assert all(character.isprintable() or character == "\n" for character in result.out)
    assert "evil line" in result.out
    assert cli("status", "--json").out.isascii()


def test_the_json(colotui: Make) -> None:
    result = colotui()("status", "--json").json
    found = result["snapshot"]
    assert result["version"] == 1
    assert (found["pair"], found["read_only"]) == ("lab", "")
    guest = found["guests"][0]
    assert guest["protection"]["state"] == "Protected"
    assert guest["copies"]["alpha"]["role"] == "primary"
    assert guest["actions"] == {"switch": None, "failover": "both copies are well: use the planned switch"}
    assert guest["spec"]["probe"]["kind"] == "http"
    assert found["hosts"][0]["facts"]["forward"]["nic"] == "eth1"


def test_our_own_read_only_look_is_no_reason_against_an_action(colotui: Make) -> None:
    cli = colotui()
    guest = replace(cli.controller.snapshot.guests[0], actions={Action.SWITCH: "read-only"})
    cli.controller.snapshot = replace(cli.controller.snapshot, guests=(guest,))
    assert cli("status", "--json").json["snapshot"]["guests"][0]["actions"] == {"switch": None}
    assert "colotui switch web01" in cli("status").out


def test_values_as_json() -> None:
    assert jsonview.value(Missing("no debugfs")) == {"missing": "no debugfs"}
    assert jsonview.value({State.PROTECTED: (1, math.nan, math.inf, None, True)}) == {
        "Protected": [1, None, None, None, True]
    }
    assert jsonview.value(LinkFacts("eth1", True))["quickack"] == {"missing": "not read yet"}


def test_every_snapshot_can_be_read_again(colotui: Make) -> None:
    cli = colotui(FULL + SECOND)
    assert cli("status", "--json").json["snapshot"] == jsonview.value(replace(snapshot(cli.pair), read_only=""))

"""Actions on the command line: the plan first, the right confirmation, the right exit code, nothing run otherwise."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace

import pytest

from colotui.errors import ActionRefused, HostUnreachable, LockHeld
from colotui.model.plan import Action
from colotui.model.protection import LinkState
from tests.unit.cli.conftest import Colotui
from tests.unit.cli.fake import ATTESTED, FAILOVER, PROTECT
from tests.unit.config.pairs import FULL
from tests.unit.config.test_reader import SECOND

Make = Callable[..., Colotui]


def ran(colotui: Colotui) -> list[str]:
    return [call for call in colotui.controller.calls if call.startswith("run")]


def test_a_dry_run_shows_every_step_and_runs_none(colotui: Make) -> None:
    cli = colotui()
    result = cli("failover", "web01", "--dry-run")
    assert result.code == 0
    for part in (
        "Fail over web01 from alpha to beta",
        "What is lost",
        "  1  alpha      fence",
        "$ kill -9 4711",
        "why: why fence",
        "  2  beta       promote",
        "Dry run: nothing was changed.",
    ):
        assert part in result.out
    assert cli.controller.calls == ["start", "prepare failover web01", "close"]


def test_a_dry_run_as_json_holds_the_plan_without_its_functions(colotui: Make) -> None:
    result = colotui()("failover", "--dry-run", "--json")
    plan = result.json["plan"]
    assert (result.code, result.json["version"], result.json["dry_run"]) == (0, 1, True)
    assert (plan["action"], plan["confirm"], plan["to_host"]) == ("failover", "web01", "beta")
    assert [step["key"] for step in plan["steps"]] == ["fence", "promote", "answer"]
    assert plan["steps"][0]["command"] == "kill -9 4711"
    assert "apply" not in plan["steps"][0]


def test_typing_the_name_runs_it(colotui: Make) -> None:
    cli = colotui(answers=["web01"])
    result = cli("failover")
    assert result.code == 0
    assert cli.questions == ["type web01 to promote beta: "]
    assert ran(cli) == ["run failover typed=web01"]
    assert "  1/3 alpha      fence" in result.out
    assert "saw promote" in result.out
    assert "Client gap" in result.out
    assert "61 ms" in result.out
    assert result.out.count("  1/3 ") == 1
    assert cli.controller.calls[-1] == "close"


@pytest.mark.parametrize("answer", ["", "web", "WEB01", "beta", "yes"])
def test_typing_anything_else_does_not(colotui: Make, answer: str) -> None:
    cli = colotui(answers=[answer])
    result = cli("failover")
    assert result.code == 65
    assert "Nothing was changed." in result.err
    assert ran(cli) == []


@pytest.mark.parametrize(("answer", "code"), [("", 0), ("y", 0), ("n", 65), ("what", 65)])
def test_a_plan_without_a_name_to_type_asks_for_enter(colotui: Make, answer: str, code: int) -> None:
    cli = colotui(plan=PROTECT, answers=[answer])
    assert cli("protect").code == code
    assert cli.questions == ["Enter to run it, n to leave: "]
    assert len(ran(cli)) == (code == 0)


def test_without_a_terminal_it_must_be_said_on_the_command_line(colotui: Make) -> None:
    cli = colotui()
    result = cli("failover")
    assert result.code == 65
    assert "nobody to ask" in result.err
    assert "--yes" in result.err
    assert ran(cli) == []


def test_yes_confirms_an_ordinary_plan(colotui: Make) -> None:
    cli = colotui()
    assert cli("failover", "--yes").code == 0
    assert ran(cli) == ["run failover typed=web01"]


def test_yes_does_not_attest(colotui: Make) -> None:
    cli = colotui(plan=ATTESTED)
    result = cli("failover", "--yes")
    assert result.code == 65
    assert "does not attest that alpha is off" in result.err
    assert "--attest web01" in result.err
    assert ran(cli) == []


def test_a_name_attests(colotui: Make) -> None:
    cli = colotui(plan=ATTESTED)
    assert cli("failover", "--yes", "--attest", "web01").code == 0
    assert ran(cli) == ["run failover typed=web01"]


def test_the_attested_name_must_be_the_guests(colotui: Make) -> None:
    cli = colotui(plan=ATTESTED)
    result = cli("failover", "--yes", "--attest", "web02")
    assert result.code == 64
    assert cli.controller.calls == []


def test_attest_alone_is_no_confirmation(colotui: Make) -> None:
    cli = colotui(plan=ATTESTED)
    assert cli("failover", "--attest", "web01").code == 65
    assert ran(cli) == []


def test_what_is_attested_is_shown_before_the_name_is_typed(colotui: Make) -> None:
    cli = colotui(plan=ATTESTED, answers=["web01"])
    result = cli("failover")
    assert result.code == 0
    assert "You attest that alpha is off, or no copy of web01 runs there." in " ".join(result.out.split())


def test_json_asks_nothing(colotui: Make) -> None:
    cli = colotui(answers=["web01"])
    result = cli("failover", "--json")
    assert (result.code, result.json["error"]["kind"]) == (65, "ActionRefused")
    assert ran(cli) == []


def test_a_run_as_json(colotui: Make) -> None:
    result = colotui()("failover", "--json", "--yes")
    assert (result.code, result.json["ok"], result.json["exit_code"]) == (0, True, 0)
    assert [step["state"] for step in result.json["progress"]["steps"]] == ["done"] * 3
    assert result.json["progress"]["results"] == [{"label": "Client gap", "text": "61 ms"}]
    assert result.json["protection"]["state"] == "Protected"


def test_a_failed_step_shows_its_words_and_the_ways_on(colotui: Make) -> None:
    result = colotui(fail_at="promote")("failover", "--yes")
    assert result.code == 67
    assert "it said no" in result.out
    assert "\x1b" not in result.out
    assert "Look at the bridge." in result.out
    assert "colotui failover web01" in result.out
    assert "colotui undo web01" in result.out
    assert "measure" not in result.out.split("1/3", 1)[1]


def test_a_failed_run_as_json(colotui: Make) -> None:
    result = colotui(fail_at="promote")("failover", "--yes", "--json")
    assert (result.code, result.json["ok"], result.json["exit_code"]) == (67, False, 67)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_asks_the_plan_to_stop_at_a_safe_point(colotui: Make, number: signal.Signals) -> None:
    cli = colotui(cancel_at="promote")
    cli.controller.on_step = lambda key: os.kill(os.getpid(), number) if key == "fence" else None
    result = cli("failover", "--yes")
    assert result.code == 130
    assert "stops at the next safe point" in result.err
    assert "what was done stands" in result.out


def test_an_interrupt_past_the_last_safe_point_lets_it_end(colotui: Make) -> None:
    cli = colotui()
    cli.controller.on_step = lambda key: os.kill(os.getpid(), signal.SIGINT) if key == "fence" else None
    result = cli("failover", "--yes")
    assert result.code == 0
    assert "it goes on: past the last point" in result.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ActionRefused("web01: failover is not possible now: not protected."), 65),
        (LockHeld("web01", "op@desk since 24 Nov 01:00:00"), 66),
        (HostUnreachable("alpha", "no answer."), 69),
    ],
)
def test_what_stands_in_the_way_has_its_code(colotui: Make, error: Exception, code: int) -> None:
    cli = colotui(plan=error)
    result = cli("failover", "--yes")
    assert result.code == code
    assert str(error).split(".")[0] in result.err
    assert cli("--json", "failover", "--yes").json["error"]["exit_code"] == code
    assert ran(cli) == []


def test_a_plan_that_grew_old_is_looked_at_again(colotui: Make) -> None:
    cli = colotui(answers=["web01"])
    cli.controller.snapshot = replace(cli.controller.snapshot, at=cli.controller.snapshot.at - 60)
    assert cli("failover").code == 0
    assert cli.controller.calls.count("prepare failover web01") == 2


def test_a_plan_that_became_another_one_is_not_run(colotui: Make) -> None:
    cli = colotui(answers=["web01"])
    cli.controller.snapshot = replace(cli.controller.snapshot, at=cli.controller.snapshot.at - 60)
    plans = [FAILOVER, ATTESTED]

    async def prepare(guest: str, action: Action, to: str = "") -> object:
        return plans.pop(0)

    cli.controller.prepare = prepare  # type: ignore[method-assign,assignment]
    result = cli("failover")
    assert result.code == 65
    assert "another plan" in result.err
    assert ran(cli) == []


def test_a_host_that_is_not_reached_is_named_first(colotui: Make) -> None:
    cli = colotui()
    alpha, beta = cli.controller.snapshot.hosts
    down = replace(alpha, link=LinkState.DOWN, why="alpha: its host key is not known yet (SHA256:x).")
    cli.controller.snapshot = replace(cli.controller.snapshot, hosts=(down, beta))
    assert "colotui: alpha: its host key is not known yet" in cli("failover", "--dry-run").err


def test_the_guest_must_be_named_when_there_are_two(colotui: Make) -> None:
    cli = colotui(FULL + SECOND)
    result = cli("failover", "--dry-run")
    assert result.code == 64
    assert "web01, web02" in result.err
    assert cli("failover", "web02", "--dry-run").code == 0
    assert cli.controller.calls[1] == "prepare failover web02"
    assert cli("failover", "web03", "--dry-run").code == 64


def test_the_surviving_host_may_be_named(colotui: Make) -> None:
    cli = colotui()
    assert cli("failover", "--dry-run", "--to", "beta").code == 0
    assert "prepare failover web01 beta" in cli.controller.calls
    assert cli("failover", "--dry-run", "--to", "gamma").code == 64
    assert cli("switch", "--to", "beta").code == 64


def test_read_only_refuses(colotui: Make) -> None:
    cli = colotui()
    assert cli("failover", "--yes", "--read-only").code == 65
    assert cli("--read-only", "failover", "--yes").code == 65
    assert cli.controller.calls == []


def test_all_actions_are_commands(colotui: Make) -> None:
    cli = colotui(plan=PROTECT)
    for action in set(Action) - {Action.SETUP}:
        assert cli(action.value, "--dry-run").code == 0
        assert f"prepare {action.value} web01" in cli.controller.calls


def test_hostile_words_of_a_host_do_not_reach_the_terminal(colotui: Make) -> None:
    cli = colotui()
    plan = replace(FAILOVER, title="x\x1b]0;owned\x07\u202ey", lines=())
    cli.controller.plan = replace(plan, steps=(replace(FAILOVER.steps[0], command="a\x1b[2Jb\nc\u2066d"),))
    out = cli("failover", "--dry-run").out
    assert "xy" in out
    assert "$ ab\n" in out
    assert "$ cd\n" in out
    assert all(character.isprintable() or character == "\n" for character in out)


def test_an_interrupt_before_anything_runs_changes_nothing(colotui: Make) -> None:
    cli = colotui(crash=KeyboardInterrupt())
    result = cli("failover", "--yes")
    assert result.code == 130
    assert ran(cli) == []
    assert cli.controller.calls[-1] == "close"

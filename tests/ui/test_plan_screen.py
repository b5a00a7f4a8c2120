"""From the key to the result: a plan is shown, typed for, run, followed, retried, undone and left."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events

from colotui.errors import ActionRefused, EngineError, LockHeld
from colotui.model.plan import Action
from tests.ui import samples
from tests.ui.driver import driven

NAME = tuple("web01")


async def test_the_name_must_be_typed_before_enter_promotes() -> None:
    async with driven(samples.incident()) as cockpit:
        await cockpit.press("f", "enter")
        assert "not complete" in cockpit.shown("plan-box")
        await cockpit.press(*"web0", "enter")
        assert ("prepare", "web01", "failover") in cockpit.fake.calls
        assert not any(call[0] == "run" for call in cockpit.fake.calls)
        await cockpit.press("x", "enter")
        assert "that is not the name" in cockpit.shown("plan-box") or "not complete" in cockpit.shown("plan-box")
        assert not any(call[0] == "run" for call in cockpit.fake.calls)
        await cockpit.press("backspace", "1", "enter")
        assert cockpit.fake.calls[-1] == ("run", "web01", "failover", "web01")


async def test_ctrl_u_empties_and_pasting_is_not_typing() -> None:
    async with driven(samples.incident()) as cockpit:
        await cockpit.press("f", *"web", "ctrl+u")
        assert "5 letters to go" in cockpit.shown("plan-box")
        cockpit.app.screen.post_message(events.Paste("web01"))
        await cockpit.pilot.pause()
        assert "5 letters to go" in cockpit.shown("plan-box")
        assert "type the name" in cockpit.shown("plan-box")


async def test_c_and_x_work_before_typing_and_after_tab(tmp_path: Path) -> None:
    async with driven(samples.incident(), tmp_path=tmp_path) as cockpit:
        await cockpit.press("f", "c")
        assert "nbd-server-stop" in cockpit.app.clipboard
        await cockpit.press("x")
        assert (tmp_path / "colotui-failover-web01.sh").exists()
        await cockpit.press("w", "x")
        assert not (tmp_path / "colotui-failover-web01-2.sh").exists()
        await cockpit.press("tab", "x")
        assert (tmp_path / "colotui-failover-web01-2.sh").exists()
        await cockpit.press("tab", "backspace", "backspace")
        assert "5 letters to go" in cockpit.shown("plan-box")


async def test_a_script_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    async with driven(samples.incident(), tmp_path=tmp_path / "gone") as cockpit:
        await cockpit.press("f", "x")
        assert "not written" in cockpit.shown("plan-box")


async def test_a_plan_without_a_name_runs_with_enter() -> None:
    async with driven(samples.incident()) as cockpit:
        cockpit.fake.prepared = samples.protect_plan()
        await cockpit.press("f")
        assert "Enter  run it" in cockpit.shown("plan-box")
        await cockpit.press("enter")
        assert ("run", "web01", "protect", "") in cockpit.fake.calls
        assert "done in" in cockpit.shown("plan-box")
        await cockpit.press("enter")
        assert cockpit.screen_name == "CockpitScreen"
        assert cockpit.fake.calls[-1] == ("leave", "web01")


async def test_steps_tick_live_and_the_result_stands_with_the_witnesses() -> None:
    async with driven(samples.incident()) as cockpit:
        cockpit.fake.gate.clear()
        await cockpit.press("f", *NAME, "enter")
        assert "step 3 of 9" in cockpit.shown("plan-box")
        cockpit.fake.show_progress(samples.progress(running=6))
        await cockpit.pilot.pause(0.1)
        assert "step 7 of 9" in cockpit.shown("plan-box")
        cockpit.fake.gate.set()
        await cockpit.pilot.pause(0.1)
        text = cockpit.shown("plan-box")
        assert "The pair now" in text
        assert "63 ms, measured every 10 ms" in text
        await cockpit.press("c")
        assert "Client gap: 63 ms" in cockpit.app.clipboard


async def test_leaving_does_not_stop_the_action_and_v_returns() -> None:
    async with driven(samples.incident()) as cockpit:
        cockpit.fake.gate.clear()
        await cockpit.press("f", *NAME, "enter", "escape")
        assert cockpit.screen_name == "CockpitScreen"
        await cockpit.press("v")
        assert "step 3 of 9" in cockpit.shown("plan-box")
        await cockpit.press("escape", "f")
        assert "step 3 of 9" in cockpit.shown("plan-box")
        await cockpit.press("escape")
        cockpit.fake.gate.set()
        await cockpit.pilot.pause(0.1)
        assert "done in" in cockpit.said()


async def test_stopping_at_a_safe_point_or_not() -> None:
    async with driven(samples.incident()) as cockpit:
        cockpit.fake.gate.clear()
        await cockpit.press("f", *NAME, "enter", "s")
        assert cockpit.fake.calls[-1] == ("cancel", "web01")
        assert "stops at the next safe point" in cockpit.shown("plan-box")
        cockpit.fake.cancel_reason = "past the promotion: no safe point left"
        await cockpit.press("s")
        assert "no safe point left" in cockpit.shown("plan-box")


@pytest.mark.parametrize(("key", "call"), [("r", "retry"), ("u", "undo")])
async def test_a_failed_step_offers_retry_and_undo(key: str, call: str) -> None:
    async with driven(samples.incident()) as cockpit:
        cockpit.fake.outcome = samples.progress(failed=4)
        await cockpit.press("f", *NAME, "enter")
        text = cockpit.shown("plan-box")
        assert "failed at step 5 of 9" in text
        assert "Connection refused" in text
        cockpit.fake.outcome = samples.progress(ended=True)
        await cockpit.press(key)
        assert cockpit.fake.calls[-1] == (call, "web01")
        assert "done in" in cockpit.shown("plan-box")


async def test_a_failed_plan_can_be_left_or_kept_for_later() -> None:
    async with driven(samples.incident()) as cockpit:
        cockpit.fake.outcome = samples.progress(failed=4)
        await cockpit.press("f", *NAME, "enter", "escape")
        assert cockpit.screen_name == "CockpitScreen"
        assert ("leave", "web01") not in cockpit.fake.calls
        assert "u undo…" in cockpit.shown("keys")
        await cockpit.press("u")
        assert "failed at step 5 of 9" in cockpit.shown("plan-box")
        await cockpit.press("l")
        assert cockpit.screen_name == "CockpitScreen"
        assert cockpit.fake.calls[-1] == ("leave", "web01")


@pytest.mark.parametrize(
    "error",
    [
        ActionRefused("both copies are well", "Use the planned switch."),
        LockHeld("web01", "root@ops1 since 11:58"),
        EngineError("beta: [bold]QEMU[/] \x1b[31mrefused"),
    ],
)
async def test_a_refusal_is_shown_calmly(error: Exception) -> None:
    async with driven(samples.incident()) as cockpit:
        cockpit.fake.prepared = error  # type: ignore[assignment]
        await cockpit.press("f")
        text = cockpit.shown("plan-box")
        assert "Not now." in text
        assert "Nothing was changed." in text
        assert "\x1b" not in text
        await cockpit.press("enter")
        assert cockpit.screen_name == "CockpitScreen"


async def test_a_refused_run_and_a_fault_of_our_own_take_nothing_down() -> None:
    async with driven(samples.incident()) as cockpit:
        cockpit.fake.outcome = ActionRefused("another plan runs")
        await cockpit.press("f", *NAME, "enter")
        assert "another plan runs" in cockpit.shown("plan-box")
        await cockpit.press("escape")

        async def broken(*_: object) -> None:
            raise RuntimeError("boom [/]")

        cockpit.fake._end = broken  # type: ignore[method-assign, assignment]
        cockpit.fake.show_progress(None)
        await cockpit.press("f", *NAME, "enter")
        assert "Internal error: RuntimeError" in cockpit.shown("plan-box")
        await cockpit.press("escape")


async def test_an_outcome_after_leaving_is_told() -> None:
    for outcome, words in (
        (samples.progress(failed=4), "v opens it"),
        (ActionRefused("the lock is gone"), "the lock is gone"),
    ):
        async with driven(samples.incident()) as cockpit:
            cockpit.fake.gate.clear()
            cockpit.fake.outcome = outcome  # type: ignore[assignment]
            await cockpit.press("f", *NAME, "enter", "escape")
            cockpit.fake.gate.set()
            await cockpit.pilot.pause(0.1)
            assert words in cockpit.said()


async def test_the_band_stays_lit_and_live_above_the_plan() -> None:
    async with driven(samples.incident()) as cockpit:
        await cockpit.press("f")
        assert "✘ NOT PROTECTED" in cockpit.shown("plan-top")
        cockpit.fake.publish(samples.failed_over())
        await cockpit.pilot.pause(0.1)
        assert "FAILED OVER" in cockpit.shown("plan-top")


async def test_a_long_plan_scrolls() -> None:
    async with driven(samples.incident(), (80, 24)) as cockpit:
        await cockpit.press("f")
        first = cockpit.shown("plan-box")
        await cockpit.press("down", "down", "pagedown")
        assert cockpit.shown("plan-box") != first
        await cockpit.press("up", "up", "up", "pageup")
        assert cockpit.shown("plan-box") == first


async def test_every_action_is_named() -> None:
    from colotui.ui.actions import BY_ACTION

    assert set(BY_ACTION) == set(Action) - {Action.SETUP}, "a pair is set up before there is a cockpit on it"

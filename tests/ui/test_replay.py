"""The cockpit on a recording: every key, the line that says where it is, and the same picture as the live one gave."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from textual.command import CommandPalette
from textual.geometry import Offset

from colotui.replay.controller import ReplayController
from colotui.ui.app import CockpitApp
from colotui.ui.keys import axis_bindings, cockpit_bindings, replay_bindings, time_bindings
from colotui.ui.layout import layout_for
from colotui.ui.paint.canvas import Line, text_of
from colotui.ui.replayapp import ReplayApp
from tests.ui.driver import Driven
from tests.ui.fake import FakeController
from tests.unit.replay.memory import ACT_AT, DEATH_AT, GAP, STORM_AT, T0, MemoryRecording, sample

SIZES = {"160x46": (160, 46), "100x30": (100, 30), "80x24": (80, 24)}
REASON = "this is a recording of 24 Nov 2026: nothing can be done here"


class Replayed(Driven):
    """As a driven cockpit; `fake` is not there."""

    app: ReplayApp

    @property
    def second(self) -> float:
        """Where it is, in seconds from the beginning."""
        return round(self.app.playback.now() - T0, 3)

    @property
    def line(self) -> str:
        return self.shown("replay")


@asynccontextmanager
async def replayed(
    at: float = 0.0,
    size: tuple[int, int] = (160, 46),
    *,
    playing: bool = False,
    recording: MemoryRecording | None = None,
    **options: Any,
) -> AsyncIterator[Replayed]:
    playback = ReplayController(recording or sample(), at=T0 + at, playing=playing)
    app = ReplayApp(playback, **options)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Replayed(app, pilot, None)  # type: ignore[arg-type]


# -- the keys -------------------------------------------------------------------------------------


def test_no_key_means_two_things() -> None:
    taken = {key for binding in cockpit_bindings() for key in binding.key.split(",")}
    taken |= {key for binding in axis_bindings() for key in binding.key.split(",")}
    mine = [key for binding in replay_bindings() for key in binding.key.split(",")]
    assert not taken & set(mine)
    assert len(mine) == len(set(mine))
    # The axis has its arrows only where it has the focus; both mean back and on in time.
    in_focus = {key for binding in time_bindings() for key in binding.key.split(",")}
    assert in_focus & set(mine) == {"left", "right"}
    assert all(binding.id for binding in replay_bindings())


KEYS = {
    "full_stop": 130.0,
    "right": 130.0,
    "comma": 110.0,
    "left": 110.0,
    "greater_than_sign": 180.0,
    "shift+right": 180.0,
    "less_than_sign": 60.0,
    "shift+left": 60.0,
    "H": 0.0,
    "ctrl+left": 0.0,
    "L": 600.0,
    "ctrl+right": 600.0,
    "circumflex_accent": 0.0,
    "dollar_sign": 600.0,
    "right_parenthesis": 301.0,
    "left_parenthesis": 101.0,
    "d": 151.0,
    "D": 51.0,
    "apostrophe": 331.0,
}


@pytest.mark.parametrize("screen", ["", "1", "1 enter", "4 enter", "3 enter", "i", "o"])
async def test_each_key_goes_to_its_moment_on_every_screen(screen: str) -> None:
    async with replayed(120.0) as replay:
        await replay.press(*screen.split())
        name = replay.screen_name
        for key, second in KEYS.items():
            if key in ("left", "right") and screen.endswith("enter"):
                continue  # they move the time axis there
            replay.app.playback.seek(T0 + 120.0)
            await replay.press(key)
            assert replay.second == second, key
            assert replay.app.playback.snapshot.at <= T0 + second
        assert replay.screen_name == name


async def test_the_next_and_the_previous_of_each_kind_and_their_ends() -> None:
    async with replayed() as replay:
        await replay.press("right_parenthesis")
        assert "incident 1 of 2: checkpoint storm (web01)" in replay.said()
        await replay.press("right_parenthesis", "right_parenthesis")
        assert "no incident after this moment" in replay.said()
        assert replay.second == 301.0
        await replay.press("left_parenthesis")
        assert replay.second == 101.0
        await replay.press("apostrophe")
        assert "action 1 of 1: Fail over web01 to beta" in replay.said()
        await replay.press("d")
        assert "no mismatch after this moment" in replay.said()
        await replay.press("quotation_mark", "D", "D")
        assert "mismatch 3 of 4" in replay.said()


async def test_space_plays_and_pauses_and_so_does_the_freeze_key() -> None:
    async with replayed(10.0) as replay:
        assert replay.line.strip().startswith("||")
        for key in ("space", "z"):
            await replay.press(key)
            assert replay.app.playback.transport.playing
            assert replay.line.strip().startswith("▶")
            before = replay.second
            await replay.pilot.pause(0.2)
            assert replay.second > before
            await replay.press(key)
            assert not replay.app.playback.transport.playing
        assert replay.app.frozen is None
        assert "FROZEN" not in replay.shown("top")


async def test_frames_arrive_while_it_plays() -> None:
    async with replayed(10.0, playing=True) as replay:
        for _ in range(6):
            await replay.press("right_curly_bracket")
        assert " 64x " in replay.line
        for _ in range(100):
            await replay.pilot.pause(0.1)
            if replay.app.playback.snapshot.at > T0 + 20.0:
                break
        assert replay.app.playback.snapshot.at > T0 + 20.0
        assert replay.app.shown.snapshot is replay.app.playback.snapshot


async def test_speed() -> None:
    async with replayed() as replay:
        assert " 1x " in replay.line
        await replay.press("right_curly_bracket")
        assert " 2x " in replay.line
        await replay.press("left_curly_bracket", "left_curly_bracket", "left_curly_bracket", "left_curly_bracket")
        assert " 1/4x " in replay.line
        assert "1/4x is the slowest" in replay.said()


@pytest.mark.parametrize(
    ("key", "typed", "second"),
    [
        ("t", "12:00:31", 360.0),
        ("at", "+5m", 420.0),
        ("t", "-30s", 90.0),
        ("at", "2026-11-24 12:00", 329.0),
        ("t", "end", 600.0),
    ],
)
async def test_a_time_is_asked_for(key: str, typed: str, second: float) -> None:
    async with replayed(120.0, (100, 30)) as replay:
        await replay.press(key)
        assert replay.screen_name == "ReplayTimeScreen"
        assert "2026-11-24 11:54:31 to 2026-11-24 12:04:31" in replay.shown("replay-time")
        for letter in typed:
            await replay.press({" ": "space"}.get(letter, letter))
        assert typed in replay.shown("replay-time")
        await replay.press("enter")
        assert replay.screen_name == "ReplayScreen"
        assert abs(replay.second - second) < 1.0


async def test_a_wrong_time_is_said_and_can_be_put_right() -> None:
    async with replayed(120.0, (80, 24)) as replay:
        await replay.press("t", *"noon", "enter")
        assert "`noon` is no time." in replay.shown("replay-time")
        await replay.press("ctrl+u", *"+1", "x", "backspace", "home", "right", "delete", "end", "2", "enter")
        assert replay.second == 122.0
        await replay.press("t", "enter")
        assert (replay.screen_name, replay.second) == ("ReplayScreen", 122.0)
        await replay.press("t", *"+9h", "escape")
        assert replay.second == 122.0
        await replay.press("t", *"23:00", "enter")
        assert replay.second == 600.0
        assert "the recording ends at 2026-11-24 12:04:31" in replay.said()


async def test_outside_and_in_a_gap_it_says_why_it_is_elsewhere() -> None:
    async with replayed(-50.0) as replay:
        assert "the recording begins at 2026-11-24 11:54:31" in replay.said()
        await replay.press("t", *"+3m50s", "enter")
        assert "nothing was recorded from" in replay.said()
        assert replay.second == GAP[1] - T0
        await replay.press("comma")
        assert replay.second == GAP[0] - T0


async def test_a_click_on_the_line_and_on_its_keys() -> None:
    async with replayed() as replay:
        middle = replay.line.index("─" * 20) + 30
        await replay.pilot.click("#replay", offset=Offset(middle, 0))
        await replay.pilot.pause()
        assert 30.0 < replay.second < 600.0
        before = replay.second
        await replay.pilot.click("#replay", offset=Offset(3, 0))
        await replay.pilot.pause()
        assert replay.second == before
        await replay.pilot.click("#keys", offset=Offset(replay.shown("keys").index("10 s"), 0))
        await replay.pilot.pause()
        assert replay.second == before + 10.0
        await replay.pilot.click("#keys", offset=Offset(replay.shown("keys").index("play/pause"), 0))
        assert replay.app.playback.transport.playing


async def test_keys_typed_into_a_filter_are_text() -> None:
    async with replayed(120.0) as replay:
        await replay.press("4", "slash", "d", "full_stop", "space", "t", "enter")
        assert replay.second == 120.0
        assert replay.screen_name == "ReplayScreen"


async def test_the_keymap_moves_them() -> None:
    async with replayed(120.0, keymap={"replay-on": "f7", "replay-play": "f8"}) as replay:
        assert "f8 play/pause" in replay.shown("keys")
        await replay.press("full_stop")
        assert replay.second == 120.0
        await replay.press("f7")
        assert replay.second == 130.0


# -- nothing can be done --------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["p", "f", "w", "r", "u", "S", "X", "K", "a", "c", "B"])
async def test_whatever_acts_says_the_reason(key: str) -> None:
    async with replayed(350.0 if key in "fa" else 120.0, (100, 30)) as replay:
        await replay.press(key)
        assert replay.screen_name == "ReplayScreen"
        assert REASON in replay.said()
        assert "read-only" not in replay.said()


async def test_the_incidents_say_it_and_lead_to_their_moment() -> None:
    async with replayed(500.0) as replay:
        await replay.press("i", "B")
        assert REASON in replay.said()
        await replay.press("enter")
        assert replay.second == round(DEATH_AT - T0, 3)
        await replay.press("full_stop")
        assert f"not now: {REASON}" in " ".join(replay.shown("incidents-page").split())
        assert "enter to its moment" in replay.shown("incidents-page")


async def test_a_plan_that_ran_is_shown_and_cannot_be_touched() -> None:
    async with replayed(350.0) as replay:
        await replay.press("v")
        assert replay.screen_name == "PlanScreen"
        assert "Fail over web01 to beta" in replay.shown("plan-box")
        await replay.press("s")
        assert REASON in replay.shown("plan-box")
        await replay.press("escape", "q")
    assert replay.app.return_value == 0


async def test_the_palette_and_the_help_list_it_all() -> None:
    async with replayed(120.0) as replay:
        await replay.press("colon")
        await replay.pilot.pause(0.3)
        assert isinstance(replay.app.screen, CommandPalette)
        options = [str(option.prompt) for option in replay.app.screen.query_one("CommandList").options]  # type: ignore[attr-defined]
        for words in ("Fail over", "Protect", "Arm the failover", "Capture the packets", "A support bundle"):
            assert any(words in option and f"not now: {REASON}" in option for option in options), words
        for binding in replay_bindings():
            assert any(binding.description in option and "not now" not in option for option in options)
        await replay.press(*"10minutes", "enter")
        await replay.pilot.pause(0.2)
        await replay.press("escape", "escape", "question_mark")
        text = " ".join(replay.shown("help-box").split())
        for binding in replay_bindings():
            assert binding.description in text


async def test_a_live_cockpit_has_none_of_it() -> None:
    app = CockpitApp(FakeController(sample().at(T0)), now=lambda: T0)
    async with app.run_test(size=(160, 46)) as pilot:
        await pilot.press("question_mark")
        await pilot.pause()
        live = Driven(app, pilot, None)  # type: ignore[arg-type]
        assert "Replay" not in live.shown("help-box")
        await live.press("escape", "full_stop", "t", "d", "space")
        assert live.screen_name == "CockpitScreen"
        assert "REPLAY" not in live.shown()


# -- the picture ----------------------------------------------------------------------------------


def parts_of(app: CockpitApp) -> dict[str, list[Line]]:
    screen = app.cockpit_screen
    parts = (screen.ladder, *screen.panes)
    return {part.id or "": list(part.lines) for part in parts if part.display}


@pytest.mark.parametrize("size", sorted(SIZES))
async def test_the_picture_of_a_moment_is_what_the_live_cockpit_showed_then(size: str) -> None:
    recording = sample()
    moments = (0.0, 10.0, 12.7, 120.3, 200.0, 262.5, 300.9, 350.2, 405.0, 599.6)
    async with replayed(0.0, SIZES[size], recording=recording) as replay:
        shown = {}
        for moment in moments:
            replay.app.go_to(T0 + moment)
            await replay.pilot.pause()
            shown[moment] = (parts_of(replay.app), replay.shown("top"))
    for moment in moments:
        live = CockpitApp(FakeController(recording.at(T0 + moment)), now=lambda moment=moment: T0 + moment)  # type: ignore[misc]
        async with live.run_test(size=SIZES[size]) as pilot:
            await pilot.pause()
            mine, top = shown[moment]
            for name, lines in parts_of(live).items():
                # On a small terminal the line of the replay takes the row of the last event.
                same = lines[: len(mine[name])] if name == "events" and size == "80x24" else lines
                if name == "events" and size == "80x24":
                    same, mine[name] = same[1:], mine[name][1:]
                assert mine[name] == same, (moment, name)
            assert "REPLAY" in top


@pytest.mark.parametrize("size", sorted(SIZES))
async def test_it_says_replay_on_every_screen_with_a_top(size: str) -> None:
    async with replayed(120.0, SIZES[size]) as replay:
        for at, keys in ((120.0, ""), (120.0, "1 enter"), (350.0, "i"), (350.0, "v"), (500.0, "o"), (500.0, "3 enter")):
            replay.app.go_to(T0 + at)
            await replay.press(*keys.split())
            top = "\n".join(replay.shown().splitlines()[:2])
            assert " REPLAY " in top, (at, keys, top)
            await replay.press("escape", "escape")


async def test_a_very_small_terminal_says_it_too() -> None:
    async with replayed(120.0, (20, 5)) as replay:
        assert "REPLAY 11:56:31" in replay.shown("top")
        await replay.press("full_stop", "space", "t")
        await replay.pilot.resize_terminal(160, 46)
        await replay.pilot.pause()
        await replay.press("escape")
        assert "11:56:4" in replay.line


@pytest.mark.parametrize("size", sorted(SIZES))
async def test_the_line_has_the_moment_the_marks_and_the_length(size: str) -> None:
    async with replayed(350.0, SIZES[size]) as replay:
        line = replay.line
        assert "24 Nov" in line
        assert "12:00:21" in line
        assert line.rstrip().endswith("10 min")
        assert line.count("▲") == 2
        assert line.count("■") == 1
        assert "··" in line
        assert (
            line.index("━") < line.index("▲") < line.index("··") < line.rindex("▲") < line.index("■") < line.index("█")
        )
        assert len(text_of(replay.app.cockpit_screen.bar.lines[0])) == SIZES[size][0]  # type: ignore[attr-defined]
        top = layout_for(*SIZES[size])
        assert replay.app.cockpit_screen.events.size.height == top.events - (size == "80x24")
        bottom = replay.app.cockpit_screen.key_bar.region.y
        assert replay.app.cockpit_screen.bar.region.y == bottom - 1 == SIZES[size][1] - 2  # type: ignore[attr-defined]


async def test_ascii_is_ascii_all_over() -> None:
    async with replayed(350.0, (80, 24), ascii_only=True) as replay:
        for keys in ("", "t", "escape", "i", "escape", "space"):
            await replay.press(*keys.split())
            assert replay.shown().isascii()
        await replay.press("escape", "space")
        assert ">" in replay.line or "||" in replay.line


async def test_no_colour_keeps_the_badge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "NO_COLOR", "1")
    async with replayed(350.0) as replay:
        assert " REPLAY " in replay.shown("top")
        for ground in ("", "@band-error-background", "@surface"):
            style = replay.app.palette.style(f"badge-replay{ground}")
            assert style.bold
            assert bool(style.reverse) is (ground != "@band-error-background")


async def test_every_theme_paints_the_line() -> None:
    async with replayed(350.0) as replay:
        for _ in range(5):
            await replay.press("T")
            assert "REPLAY" in replay.shown("top")


# -- trouble --------------------------------------------------------------------------------------


async def test_a_damaged_part_is_said_and_the_rest_goes_on() -> None:
    recording = sample()
    recording.broken = T0 + 300.0
    async with replayed(120.0, recording=recording) as replay:
        await replay.press("dollar_sign")
        assert "a part of it is damaged" in replay.said()
        assert replay.second == 120.0
        await replay.press("apostrophe")
        assert replay.second == 120.0
        await replay.press("full_stop")
        assert replay.second == 130.0


async def test_a_held_axis_goes_along_with_a_jump() -> None:
    async with replayed(350.0) as replay:
        await replay.press("left_square_bracket")
        assert replay.app.axis.held
        await replay.press("full_stop")
        assert not replay.app.axis.held


async def test_q_closes_the_file() -> None:
    recording = sample()
    async with replayed(recording=recording) as replay:
        await replay.press("q")
    assert recording.closed
    assert replay.app.return_value == 0


def test_times_of_the_sample() -> None:
    assert datetime.fromtimestamp(T0).strftime("%H:%M:%S") == "11:54:31"
    assert STORM_AT < DEATH_AT < ACT_AT

"""The keys of the time axis and of the pages in full."""

from __future__ import annotations

from dataclasses import replace

import pytest

from colotui.model.checkpoint import Cause, Checkpoint
from colotui.model.past import CheckpointLog
from tests.ui import samples
from tests.ui.driver import Driven, driven
from tests.ui.samples import hour

NOW = samples.NOW


def page(cockpit: Driven) -> str:
    return cockpit.shown("full-page")


async def test_zoom_and_scroll_without_focus() -> None:
    async with driven(hour()) as cockpit:
        for key, words in (("minus", "last 15 min"), ("minus", "last 1 h"), ("plus", "last 15 min")):
            await cockpit.press(key)
            assert words in cockpit.shown("checkpoints")
        await cockpit.press("equals_sign", "plus")
        assert "last 1 min" in cockpit.shown("checkpoints")
        await cockpit.press("plus")
        assert "1 min is the least" in cockpit.said()
        await cockpit.press("right_square_bracket")
        assert "the axis is at now" in cockpit.said()
        await cockpit.press("minus", "left_square_bracket")
        assert "11:58–12:03, 75 s ago" in cockpit.shown("checkpoints")
        await cockpit.press("left_square_bracket", "right_square_bracket")
        assert "11:58–12:03" in cockpit.shown("checkpoints")
        await cockpit.press("0")
        assert "last 5 min" in cockpit.shown("checkpoints")


@pytest.mark.parametrize(("back", "on"), [("h", "l"), ("left", "right")])
async def test_letters_and_arrows_scroll_where_the_pane_has_the_focus(back: str, on: str) -> None:
    async with driven(hour()) as cockpit:
        await cockpit.press(back)
        assert not cockpit.app.axis.held
        await cockpit.press("2", back, back)
        assert "150 s ago" in cockpit.shown("checkpoints") or "2 min ago" in cockpit.shown("checkpoints")
        await cockpit.press(on, on, on)
        assert not cockpit.app.axis.held
        await cockpit.press("home")
        assert cockpit.app.axis.left(NOW) == NOW - 0.4 - 4500
        await cockpit.press(back)
        assert "nothing older was seen" in cockpit.said()
        await cockpit.press("end")
        assert not cockpit.app.axis.held
        await cockpit.press(back, "escape")
        assert not cockpit.app.axis.held
        assert cockpit.app.focused is not None


async def test_a_held_axis_stands_while_the_rest_is_live() -> None:
    snapshot = hour()
    async with driven(snapshot) as cockpit:
        await cockpit.press("minus", "left_square_bracket", "left_square_bracket")
        before = cockpit.shown("checkpoints")
        guest = snapshot.guests[0]
        more = CheckpointLog.of([*guest.checkpoints, Checkpoint(NOW, Cause.UDP, 900.0, 1)])
        fresh = replace(guest, checkpoints=more, mismatches_per_min=77.0)
        cockpit.fake.publish(replace(snapshot, guests=(fresh,), events=(*samples.EVENTS, *samples.DEATH_EVENTS)))
        await cockpit.pilot.pause(0.6)
        assert cockpit.shown("checkpoints") == before
        assert "77" in cockpit.shown("top")
        assert "QEMU 4711 ended" in cockpit.shown("events")
        await cockpit.press("0")
        assert "↑" in cockpit.shown("checkpoints") or "900" in cockpit.shown("checkpoints")


async def test_freeze_and_the_axis_do_not_mix() -> None:
    async with driven(hour()) as cockpit:
        await cockpit.press("left_square_bracket", "z")
        assert "FROZEN" in cockpit.shown("top")
        assert cockpit.app.axis.held
        await cockpit.press("escape")
        assert not cockpit.app.axis.held
        assert cockpit.app.frozen is not None
        await cockpit.press("escape")
        assert cockpit.app.frozen is None


async def test_a_chosen_checkpoint_lights_its_mismatch_and_moves_the_axis() -> None:
    async with driven(hour()) as cockpit:
        await cockpit.press("2", "j")
        assert cockpit.app.cockpit_screen.checkpoints.chosen is not None

        def lit() -> list[str]:
            lines = cockpit.app.cockpit_screen.mismatches.lines
            return ["".join(t for t, _ in line) for line in lines if any("cursor" in style for _, style in line)]

        assert len(lit()) == 1
        assert "≠ 79" in lit()[0]
        first = lit()
        await cockpit.press("e", "j", "k", "E")
        assert lit() == first
        for _ in range(7):
            await cockpit.press("j")
        assert cockpit.app.axis.held
        assert len(lit()) == 1
        await cockpit.press("G")
        assert "min ago" in cockpit.shown("checkpoints")
        await cockpit.press("y")
        assert "tcp  pause" in cockpit.app.clipboard
        await cockpit.press("escape")
        assert lit() == []


async def test_a_keymap_moves_the_keys_of_the_axis_everywhere() -> None:
    async with driven(hour(), keymap={"zoom-out": "f7", "earlier": "f8"}) as cockpit:
        await cockpit.press("minus")
        assert "last 5 min" in cockpit.shown("checkpoints")
        await cockpit.press("f7")
        assert "last 15 min" in cockpit.shown("checkpoints")
        await cockpit.press("2", "enter", "f7", "f8")
        assert "1 h of time" in page(cockpit)
        assert "min ago" in page(cockpit)
        assert "+ f7 zoom" in page(cockpit)


async def test_checkpoints_in_full() -> None:
    async with driven(hour()) as cockpit:
        await cockpit.press("2", "minus", "enter")
        assert "15 min of time" in page(cockpit)
        assert "up to now" in page(cockpit)
        await cockpit.press("minus")
        assert "1 h of time" in page(cockpit)
        assert "3599 in this time" in page(cockpit)
        await cockpit.press("h")
        assert "15 min ago" in page(cockpit)
        await cockpit.press("l", "home")
        assert "10:49" in page(cockpit)
        await cockpit.press("end")
        assert "up to now" in page(cockpit)
        await cockpit.press("e", "e", "j", "k", "y")
        assert "chosen" in page(cockpit)
        assert "tcp" in cockpit.app.clipboard
        await cockpit.press("left_square_bracket", "z")
        assert "FROZEN" in cockpit.shown("full-top")
        await cockpit.press("z", "escape")
        assert cockpit.screen_name == "CockpitScreen"
        assert "min ago" in cockpit.shown("checkpoints")


async def test_hosts_in_full_filter_and_turn_to_the_wiring() -> None:
    async with driven(samples.protected()) as cockpit:
        await cockpit.press("1", "enter", "slash", *"irq")
        assert "eth0-rx" in page(cockpit)
        assert "kernel" not in page(cockpit)
        await cockpit.press("enter")
        assert "/ irq" in page(cockpit)
        await cockpit.press("escape")
        assert "kernel" in page(cockpit)
        await cockpit.press("slash", *"x", "escape")
        assert "kernel" in page(cockpit)
        await cockpit.press("tab")
        assert "input copy :9003" in page(cockpit)
        await cockpit.press("slash", "shift+tab")
        assert "kernel" in page(cockpit)
        await cockpit.press("escape")
        assert cockpit.screen_name == "CockpitScreen"
        await cockpit.press("W")
        assert "input copy :9003" in page(cockpit)
        await cockpit.press("q")
        assert cockpit.screen_name == "CockpitScreen"


async def test_hosts_in_full_scroll() -> None:
    async with driven(samples.protected(), (80, 24)) as cockpit:
        await cockpit.press("1", "enter")
        assert "rows more" in page(cockpit)
        await cockpit.press("G")
        assert "fed by" not in page(cockpit).partition("ifb devices")[0]
        assert "rows more" not in page(cockpit)
        await cockpit.press("g", "end", "home", "pagedown", "pageup")
        assert "alpha" in page(cockpit)


async def test_events_in_full_filter_and_jump() -> None:
    async with driven(samples.incident()) as cockpit:
        await cockpit.press("4", "enter", "e")
        await cockpit.press("y")
        assert "QEMU 4711 ended" in cockpit.app.clipboard
        await cockpit.press("e", "e")
        assert "no more errors" in cockpit.said()
        await cockpit.press("E", "slash", *"irqbalance", "enter")
        assert "QEMU 4711" not in page(cockpit)
        assert "irqbalance started" in page(cockpit)
        await cockpit.press("escape", "escape")
        assert cockpit.screen_name == "CockpitScreen"


async def test_mismatches_in_full_step() -> None:
    async with driven(samples.protected()) as cockpit:
        await cockpit.press("3", "enter", "e", "e", "E", "y")
        assert "payload differs" in cockpit.app.clipboard

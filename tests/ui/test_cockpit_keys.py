"""Every key of the cockpit does what the help says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.command import CommandPalette
from textual.geometry import Offset

from colotui.model.plan import Action
from colotui.ui.keys import cockpit_bindings
from colotui.ui.panes.views import EventsPane, MismatchesPane
from colotui.ui.widgets.filterbar import FilterBar
from tests.ui import samples
from tests.ui.driver import driven


async def test_the_controller_is_started_and_closed() -> None:
    async with driven(samples.protected()) as cockpit:
        assert cockpit.fake.started
        await cockpit.press("q")
    assert cockpit.fake.closed
    assert cockpit.app.return_value == 0


@pytest.mark.parametrize(
    ("key", "action"),
    [
        ("p", "protect"),
        ("f", "failover"),
        ("w", "switch"),
        ("r", "reprotect"),
        ("u", "undo"),
        ("S", "start"),
        ("K", "stop"),
    ],
)
async def test_an_allowed_action_opens_its_plan(key: str, action: str) -> None:
    guest = replace(samples.protected().guests[0], actions=dict.fromkeys(Action, None))
    async with driven(samples.snapshot(guest)) as cockpit:
        await cockpit.press(key)
        assert cockpit.screen_name == "PlanScreen"
        assert cockpit.fake.calls == [("prepare", "web01", action)]
        assert "ip link set web01-net0 down" in cockpit.shown("plan-box")
        await cockpit.press("escape")
        assert cockpit.screen_name == "CockpitScreen"


@pytest.mark.parametrize("key", ["p", "f", "r", "u", "S"])
async def test_a_disabled_action_says_why_and_does_nothing(key: str) -> None:
    async with driven(samples.protected()) as cockpit:
        await cockpit.press(key)
        assert cockpit.screen_name == "CockpitScreen"
        assert cockpit.fake.calls == []
        reasons = ("is so", "both copies are well", "no need", "nothing to undo", "it is there")
        assert any(reason in cockpit.said() for reason in reasons)


async def test_read_only_acts_on_nothing() -> None:
    async with driven(samples.incident(), read_only="another cockpit acts") as cockpit:
        assert "READ-ONLY" in cockpit.shown("top")
        await cockpit.press("f")
        assert cockpit.screen_name == "CockpitScreen"
        assert "read-only: another cockpit acts" in cockpit.said()
        assert cockpit.fake.calls == []


@pytest.mark.parametrize(("key", "pane"), [("1", "hosts"), ("2", "checkpoints"), ("3", "mismatches"), ("4", "events")])
async def test_numbers_focus_and_enter_opens_in_full(key: str, pane: str) -> None:
    async with driven(samples.protected()) as cockpit:
        await cockpit.press(key)
        assert cockpit.app.focused is not None
        assert cockpit.app.focused.id == pane
        await cockpit.press("enter")
        assert cockpit.screen_name == "FullScreen"
        await cockpit.press("j", "k", "pagedown", "pageup", "G", "g", "y", "T")
        assert cockpit.app.clipboard
        await cockpit.press("escape")
        assert cockpit.screen_name == "CockpitScreen"


async def test_enter_without_a_pane_opens_nothing() -> None:
    async with driven(samples.protected()) as cockpit:
        await cockpit.press("enter")
        assert cockpit.screen_name == "CockpitScreen"


async def test_tab_goes_round_the_panes_and_switches_hosts_when_small() -> None:
    async with driven(samples.protected()) as cockpit:
        seen = []
        for _ in range(5):
            await cockpit.press("tab")
            assert cockpit.app.focused is not None
            seen.append(cockpit.app.focused.id)
        assert seen == ["hosts", "checkpoints", "mismatches", "events", "hosts"]
        await cockpit.press("shift+tab")
        assert cockpit.app.focused is not None
        assert cockpit.app.focused.id == "events"
    async with driven(samples.protected(), (80, 24)) as cockpit:
        assert cockpit.shown("hosts").lstrip().startswith("alpha")
        await cockpit.press("tab")
        assert cockpit.shown("hosts").lstrip().startswith("beta")
        await cockpit.press("tab")
        assert cockpit.shown("hosts").lstrip().startswith("alpha")


async def test_j_k_g_and_pages_move_the_cursor() -> None:
    async with driven(samples.incident()) as cockpit:
        await cockpit.press("j")
        events = cockpit.app.screen.query_one(EventsPane)
        assert events.has_focus
        await cockpit.press("j", "down", "j")
        assert events.state.cursor == 3
        await cockpit.press("k", "up")
        assert events.state.cursor == 1
        await cockpit.press("G")
        assert events.state.cursor == len(samples.EVENTS) + 1
        await cockpit.press("g")
        assert events.state.cursor == 0
        await cockpit.press("pagedown")
        assert events.state.cursor == 5
        await cockpit.press("pageup")
        assert events.state.cursor == 0


async def test_e_jumps_to_errors_and_mismatches() -> None:
    async with driven(samples.incident()) as cockpit:
        events = cockpit.app.screen.query_one(EventsPane)
        await cockpit.press("e")
        assert events.state.cursor == 0
        await cockpit.press("e", "e")
        assert events.state.cursor == 4
        await cockpit.press("e")
        assert "no more errors" in cockpit.said()
        await cockpit.press("E")
        assert events.state.cursor == 1
        await cockpit.press("3", "e", "e", "E")
        assert cockpit.app.screen.query_one(MismatchesPane).state.cursor == 1


async def test_a_chosen_mismatch_lights_its_checkpoint() -> None:
    async with driven(samples.protected()) as cockpit:
        await cockpit.press("3", "j")
        lines = cockpit.app.screen.query_one("#checkpoints").lines  # type: ignore[attr-defined]
        assert any(style == "focus" and text == "◆" for line in lines for text, style in line)


async def test_filter_of_events_and_mismatches() -> None:
    async with driven(samples.protected()) as cockpit:
        await cockpit.press("slash", *"pause")
        assert cockpit.app.screen.query_one(FilterBar).display
        assert "irqbalance" not in cockpit.shown("events")
        await cockpit.press("enter")
        assert not cockpit.app.screen.query_one(FilterBar).display
        assert "/ pause" in cockpit.shown("events")
        await cockpit.press("slash", "home", "exclamation_mark", "down")
        assert "irqbalance" in cockpit.shown("events")
        assert "pause p95" not in cockpit.shown("events")
        await cockpit.press("slash", "escape")
        assert "pause p95" in cockpit.shown("events")
        await cockpit.press("3", "slash", *"udp", "enter")
        assert "tcp" not in cockpit.shown("mismatches")
        await cockpit.press("escape")
        assert "tcp" in cockpit.shown("mismatches")
        await cockpit.press("escape")
        assert cockpit.app.focused is None


async def test_markup_typed_into_the_filter_is_only_text() -> None:
    async with driven(samples.protected()) as cockpit:
        await cockpit.press("slash", *"[b]", "enter")
        assert "nothing matches [b]" in cockpit.shown("events")


async def test_freeze_stops_the_display_not_the_truth() -> None:
    async with driven(samples.protected()) as cockpit:
        await cockpit.press("z")
        assert "FROZEN" in cockpit.shown("top")
        cockpit.fake.publish(samples.incident())
        await cockpit.pilot.pause(0.6)
        assert "● PROTECTED" in cockpit.shown("top")
        assert "NOW: NOT PROTECTED" in cockpit.shown("top")
        await cockpit.press("f")
        assert "✘ NOT PROTECTED" in cockpit.shown("plan-top")
        await cockpit.press("escape", "escape")
        assert "✘ NOT PROTECTED" in cockpit.shown("top")
        assert "FROZEN" not in cockpit.shown("top")


async def test_copy() -> None:
    async with driven(samples.incident()) as cockpit:
        await cockpit.press("4", "j", "y")
        assert "QEMU 4711 ended" in cockpit.app.clipboard
        await cockpit.press("3", "y")
        assert "length 104 ≠ 79" in cockpit.app.clipboard
        await cockpit.press("1", "j", "j", "y")
        assert cockpit.app.clipboard.startswith("irq eth0: 24 → cpu1")
        await cockpit.press("2", "y")
        assert "none since" in cockpit.app.clipboard


async def test_help_is_made_from_the_bindings() -> None:
    async with driven(samples.protected(), keymap={"protect": "P"}) as cockpit:
        await cockpit.press("question_mark")
        assert cockpit.screen_name == "HelpScreen"
        text = cockpit.shown("help-box")
        for binding in cockpit_bindings():
            assert binding.description.split(",")[0][:30] in " ".join(text.split()), binding.description
        assert "P              Protect" in text.replace("│", "") or "P            Protect" in text
        await cockpit.press("j", "k", "escape")
        assert cockpit.screen_name == "CockpitScreen"


async def test_a_keymap_moves_a_key() -> None:
    async with driven(samples.incident(), keymap={"failover": "F9", "help": "f1"}) as cockpit:
        assert "F9 fail over…" in cockpit.shown("keys")
        await cockpit.press("f")
        assert cockpit.screen_name == "CockpitScreen"
        await cockpit.press("f1")
        assert cockpit.screen_name == "HelpScreen"


@pytest.mark.parametrize("key", ["colon", "ctrl+p"])
async def test_the_palette_lists_every_action_with_its_reason(key: str) -> None:
    async with driven(samples.protected()) as cockpit:
        await cockpit.press(key)
        await cockpit.pilot.pause(0.3)
        palette = cockpit.app.screen
        assert isinstance(palette, CommandPalette)
        options = [str(option.prompt) for option in palette.query_one("CommandList").options]  # type: ignore[attr-defined]
        assert any("Fail over" in option and "not now: both copies are well" in option for option in options)
        assert any("Planned switch" in option and "not now" not in option for option in options)
        await cockpit.press(*"planned")
        await cockpit.pilot.pause(0.3)
        await cockpit.press("enter")
        await cockpit.pilot.pause(0.2)
        assert cockpit.screen_name == "PlanScreen"


async def test_the_palette_runs_other_keys_and_themes() -> None:
    async with driven(samples.protected()) as cockpit:
        for typed, check in (("freeze the", lambda: cockpit.app.frozen is not None),
                             ("theme light", lambda: cockpit.app.theme == "colotui-light")):  # fmt: skip
            await cockpit.press("colon")
            await cockpit.press(*[{" ": "space"}.get(letter, letter) for letter in typed])
            await cockpit.pilot.pause(0.4)
            await cockpit.press("enter")
            await cockpit.pilot.pause(0.2)
            assert check(), typed


async def test_themes_go_round_and_repaint() -> None:
    async with driven(samples.protected()) as cockpit:
        names = {cockpit.app.theme}
        colours = {cockpit.app.palette.style("accent")}
        for _ in range(len(cockpit.app.themes_found) - 1):
            await cockpit.press("T")
            names.add(cockpit.app.theme)
            colours.add(cockpit.app.palette.style("accent"))
        assert len(names) == len(cockpit.app.themes_found) == 5
        assert len(colours) >= 4


async def test_mouse_can_be_given_to_the_terminal() -> None:
    async with driven(samples.protected()) as cockpit:
        await cockpit.press("m")
        assert "mouse" in cockpit.said()


async def test_a_click_focuses_and_chooses_and_the_wheel_moves() -> None:
    async with driven(samples.incident()) as cockpit:
        await cockpit.pilot.click("#events", offset=Offset(10, 3))
        await cockpit.pilot.pause()
        events = cockpit.app.screen.query_one(EventsPane)
        assert events.has_focus
        assert events.state.cursor == 2
        await cockpit.pilot.click("#hosts", offset=Offset(10, 0))
        assert cockpit.app.focused is not None
        assert cockpit.app.focused.id == "hosts"


async def test_a_click_on_a_key_is_that_key() -> None:
    async with driven(samples.incident()) as cockpit:
        bar = cockpit.shown("keys")
        await cockpit.pilot.click("#keys", offset=Offset(bar.index("freeze"), 0))
        await cockpit.pilot.pause()
        assert "FROZEN" in cockpit.shown("top")
        await cockpit.pilot.click("#keys", offset=Offset(bar.index("? help"), 0))
        await cockpit.pilot.pause()
        assert cockpit.screen_name == "HelpScreen"
        await cockpit.press("escape")
        await cockpit.pilot.click("#keys", offset=Offset(2, 0))
        await cockpit.pilot.pause()
        assert cockpit.screen_name == "PlanScreen"


async def test_cursors_stay_on_their_entry_when_new_ones_come() -> None:
    calm = samples.protected()
    async with driven(calm) as cockpit:
        await cockpit.press("4", "j", "j")
        cockpit.fake.publish(replace(samples.incident(), event_total=130))
        await cockpit.pilot.pause(0.6)
        assert cockpit.app.screen.query_one(EventsPane).state.cursor == 4


async def test_guests_can_be_changed() -> None:
    snapshot = samples.protected()
    other = replace(samples.incident().guests[0], spec=replace(samples.GUEST, name="db01"))
    async with driven(replace(snapshot, guests=(snapshot.guests[0], other))) as cockpit:
        assert "✘ db01" in cockpit.shown("top")
        await cockpit.press("n")
        assert "NOT PROTECTED" in cockpit.shown("top")
        assert "db01" in cockpit.shown("top")
        await cockpit.press("N")
        assert "● PROTECTED" in cockpit.shown("top")
    async with driven(snapshot) as cockpit:
        await cockpit.press("n")
        assert "one guest" in cockpit.said()
        await cockpit.press("v")
        assert "no plan runs" in cockpit.said()


async def test_quit_asks_while_an_action_runs() -> None:
    async with driven(samples.syncing()) as cockpit:
        await cockpit.press("q")
        assert cockpit.screen_name == "AskScreen"
        assert "Protect web01 on beta" in cockpit.shown("ask-box")
        await cockpit.press("enter")
        assert cockpit.screen_name == "CockpitScreen"
        await cockpit.press("ctrl+c", "ctrl+c")
        assert cockpit.screen_name == "AskScreen"
        await cockpit.press("y")
        await cockpit.pilot.pause()
    assert cockpit.fake.closed
    assert cockpit.app.return_value == 0

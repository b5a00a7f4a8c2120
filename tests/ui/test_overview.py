"""Several pairs and guests in one cockpit: the list, the tabs, the toast, and actions on the right pair."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from textual import events
from textual._xterm_parser import XTermParser
from textual.command import CommandPalette
from textual.geometry import Offset
from textual.pilot import Pilot

from colotui.controller.base import Controller
from colotui.model.plan import Action
from colotui.model.protection import Snapshot
from colotui.ui.app import CockpitApp
from colotui.ui.fleet import Source
from colotui.ui.screens.overview import OverviewScreen
from colotui.ui.widgets.filterbar import FilterBar
from colotui.ui.widgets.lineview import LineView
from tests.ui import fleetsamples as fs
from tests.ui import samples
from tests.ui.driver import Driven
from tests.ui.fake import FakeController


@dataclass
class Fleeting(Driven):
    """Driven, with one fake for each pair."""

    fakes: Sequence[FakeController] = ()

    def rows(self) -> list[str]:
        """The rows of the list, without its head."""
        return [row for row in self.shown("overview-list").splitlines()[2:] if row.strip()]

    @property
    def cursor(self) -> int:
        screen = self.app.screen
        assert isinstance(screen, OverviewScreen)
        return screen.state.cursor


@asynccontextmanager
async def fleet(
    *snapshots: Snapshot,
    size: tuple[int, int] = (160, 46),
    broken: bool = False,
    extra: Sequence[Source] = (),
    **options: Any,
) -> AsyncIterator[Fleeting]:
    fakes = [FakeController(snapshot) for snapshot in snapshots]
    named = [(fake.snapshot.pair, fake) for fake in fakes]
    options.setdefault("now", lambda: samples.NOW)
    app = CockpitApp(pairs=[*fs.sources(*named, broken=broken), *extra], **options)
    async with app.run_test(size=size) as pilot:
        await settle(app, pilot)
        yield Fleeting(app, pilot, fakes[0], fakes)


async def settle(app: CockpitApp, pilot: Pilot[int]) -> None:
    """Until every pair that can be made was made."""
    for _ in range(100):
        await pilot.pause(0.01)
        if all(pair.snapshot is not None or pair.failure is not None for pair in app.fleet.pairs):
            break
    await pilot.pause()


async def test_several_pairs_open_with_the_list_the_worst_first() -> None:
    async with fleet(fs.lab(), fs.shop(), broken=True) as cockpit:
        assert cockpit.screen_name == "OverviewScreen"
        assert [row.split()[0] for row in cockpit.rows()] == ["1", "2", "3", "4", "5", "6", "7"]
        for row, words in zip(
            cockpit.rows(),
            ("✘ Not protected", "queue", "shop.yaml:7: there is no key", "Failed over", "mail", "cache", "lab"),
            strict=True,
        ):
            assert words in row
        assert "4 of 7 need you" in cockpit.shown("overview-top")
        assert all(fake.started for fake in cockpit.fakes)
        await cockpit.press("q", "y")
    assert all(fake.closed for fake in cockpit.fakes)
    assert cockpit.app.return_value == 0


async def test_one_pair_opens_with_its_cockpit() -> None:
    async with fleet(fs.lab()) as cockpit:
        assert cockpit.screen_name == "CockpitScreen"
        assert "1 ◐ mail   2 ▲ cache   3 ● web01" in cockpit.shown("top")
        await cockpit.press("o")
        assert cockpit.screen_name == "OverviewScreen"
        assert "pair" not in cockpit.shown("overview-list").splitlines()[1]
        await cockpit.press("escape")
        assert cockpit.screen_name == "CockpitScreen"
        await cockpit.press("o", "o")
        assert cockpit.screen_name == "CockpitScreen"


async def test_a_pair_that_is_slow_holds_up_no_other() -> None:
    go_on = threading.Event()
    late = FakeController(fs.shop())

    def slow() -> Controller:
        go_on.wait(20)
        return late

    fakes = FakeController(fs.lab())
    app = CockpitApp(pairs=[("shop", slow), *fs.sources(("lab", fakes))], now=lambda: samples.NOW)
    async with app.run_test(size=(160, 46)) as pilot:
        for _ in range(100):
            await pilot.pause(0.01)
            if app.fleet.pairs[1].snapshot is not None:
                break
        cockpit = Fleeting(app, pilot, fakes)
        app.redraw()
        await pilot.pause()
        assert "web01" in cockpit.shown("overview-list")
        assert "◐ Connecting" in cockpit.rows()[0]
        assert "reading the pair file" in cockpit.rows()[0]
        await cockpit.press("escape")
        assert "cannot be shown" in cockpit.said()
        await cockpit.press("1")
        assert cockpit.screen_name == "OverviewScreen"
        go_on.set()
        await settle(app, pilot)
        app.redraw()
        await pilot.pause()
        assert "db" in cockpit.rows()[0]


async def test_a_broken_pair_is_tried_again() -> None:
    good = FakeController(fs.pair("eu", pay="protected"))
    answers: list[Callable[[], Controller]] = [fs.fails(), lambda: good]
    async with fleet(fs.lab(), extra=[("eu", lambda: answers.pop(0)())]) as cockpit:
        assert "there is no key `hots`" in cockpit.rows()[0]
        await cockpit.press("enter")
        await settle(cockpit.app, cockpit.pilot)
        assert "tried again" in cockpit.said()
        assert "hots" not in cockpit.shown("overview-list")
        assert "pay" in cockpit.shown("overview-list")
        assert good.started


@pytest.mark.parametrize(("key", "guest", "pair"), [("1", "db", 1), ("2", "queue", 1), ("5", "cache", 0)])
async def test_a_digit_opens_the_guest_at_that_row(key: str, guest: str, pair: int) -> None:
    async with fleet(fs.lab(), fs.shop()) as cockpit:
        await cockpit.press(key)
        assert cockpit.screen_name == "CockpitScreen"
        assert guest in cockpit.shown("top").splitlines()[0] + cockpit.shown("top").splitlines()[1]
        assert cockpit.app.guest_name == guest
        assert cockpit.app.shown is cockpit.app.fleet.pairs[pair]
        await cockpit.press("o", "9")
        assert "no row 9" in cockpit.said()


async def test_moving_filtering_opening_copying() -> None:
    async with fleet(fs.lab(), fs.shop()) as cockpit:
        await cockpit.press("j", "down")
        assert cockpit.cursor == 2
        await cockpit.press("k")
        assert cockpit.cursor == 1
        await cockpit.press("G")
        assert cockpit.cursor == 5
        await cockpit.press("g", "pagedown", "pageup")
        assert cockpit.cursor == 0
        await cockpit.press("slash", *"mail")
        assert isinstance(cockpit.app.focused, FilterBar)
        assert len(cockpit.rows()) == 1
        await cockpit.press("enter", "y")
        assert "copied: Syncing  mail  lab" in cockpit.said()
        await cockpit.press("enter")
        assert cockpit.app.guest_name == "mail"
        await cockpit.press("o", "slash", *"!db", "enter")
        assert len(cockpit.rows()) == 5
        assert "take the filter away" in cockpit.shown("overview-top")
        await cockpit.press("escape")
        assert len(cockpit.rows()) == 6
        assert cockpit.screen_name == "OverviewScreen"
        await cockpit.press("slash", *"zzz", "enter", "enter", "y", "f", "1")
        assert "nothing matches zzz" in cockpit.shown("overview-list")
        assert cockpit.screen_name == "OverviewScreen"


async def test_the_cursor_stays_on_its_guest_when_the_order_changes() -> None:
    async with fleet(fs.lab(), fs.shop()) as cockpit:
        await cockpit.press("j", "j", "j")
        screen = cockpit.app.screen
        assert isinstance(screen, OverviewScreen)
        assert screen.rows()[cockpit.cursor].guest == "mail"
        cockpit.fakes[0].publish(fs.pair("lab", web01="incident", cache="incident", mail="syncing"))
        await cockpit.pilot.pause(0.6)
        assert cockpit.cursor == 5
        assert screen.rows()[cockpit.cursor].guest == "mail"
        await cockpit.press("g")
        cockpit.fakes[0].publish(fs.pair("lab", web01="protected", cache="protected", mail="syncing"))
        await cockpit.pilot.pause(0.6)
        assert cockpit.cursor == 0


async def test_an_action_in_the_list_is_about_the_guest_under_the_cursor() -> None:
    async with fleet(fs.lab(), fs.shop()) as cockpit:
        await cockpit.press("f")
        assert cockpit.screen_name == "PlanScreen"
        assert cockpit.fakes[1].calls == [("prepare", "db", "failover")]
        assert cockpit.fakes[0].calls == []
        await cockpit.press("escape")
        assert cockpit.screen_name == "CockpitScreen"
        assert cockpit.app.guest_name == "db"


async def test_a_plan_stays_with_its_pair_whatever_is_shown() -> None:
    lab, shop = fs.pair("lab", web01="incident"), fs.pair("shop", web01="incident")
    async with fleet(lab, shop) as cockpit:
        await cockpit.press("2", "f", *"web01")
        cockpit.app.show_guest(cockpit.app.fleet.standings[0])
        await cockpit.press("enter")
        await cockpit.pilot.pause(0.1)
        assert ("run", "web01", "failover", "web01") in cockpit.fakes[1].calls
        assert cockpit.fakes[0].calls == []


async def test_actions_reach_the_pair_on_the_screen() -> None:
    async with fleet(fs.lab(), fs.shop()) as cockpit:
        await cockpit.press("3", "r")
        assert cockpit.fakes[1].calls == [("prepare", "web01", "reprotect")]
        await cockpit.press("escape", "o", "6", "w")
        assert cockpit.fakes[0].calls == [("prepare", "web01", "switch")]


async def test_next_guest_goes_through_all_pairs_in_the_order_of_the_list() -> None:
    async with fleet(fs.lab(), fs.shop(), broken=True) as cockpit:
        await cockpit.press("1")
        seen = []
        for _ in range(6):
            seen.append((cockpit.app.shown.name, cockpit.app.guest_name))
            await cockpit.press("n")
        assert seen == [
            ("shop", "db"), ("shop", "queue"), ("shop", "web01"), ("lab", "mail"), ("lab", "cache"), ("lab", "web01"),
        ]  # fmt: skip
        assert cockpit.app.guest_name == "db"
        await cockpit.press("N")
        assert cockpit.app.guest_name == "web01"
        await cockpit.press("alt+2")
        assert cockpit.app.guest_name == "queue"
        await cockpit.press("alt+3", "alt+9")
        assert cockpit.app.guest_name == "queue"
        assert "no guest 3 to show" in cockpit.said()


@pytest.mark.parametrize("digit", "123456789")
async def test_alt_and_a_digit_as_an_older_terminal_sends_it(digit: str) -> None:
    (event,) = (event for event in XTermParser().feed(f"\x1b{digit}") if isinstance(event, events.Key))
    shown: list[int] = []
    async with fleet(fs.lab()) as cockpit:
        cockpit.app.show_nth = shown.append  # type: ignore[method-assign]
        await cockpit.press(event.key)
    assert shown == [int(digit)]


async def test_a_guest_that_turns_bad_while_another_is_shown_is_noticed_once() -> None:
    calm, bad = fs.pair("shop", db="protected"), fs.pair("shop", db="incident")
    async with fleet(fs.pair("lab", web01="protected"), calm) as cockpit:
        await cockpit.press("1")
        assert cockpit.app.guest_name == "web01"
        cockpit.fakes[1].publish(bad)
        await cockpit.pilot.pause()
        top = cockpit.app.screen.query_one("#top", LineView).lines[0]
        assert ("✘ db", "error-bold@surface") in top
        await cockpit.pilot.pause(1.2)
        assert cockpit.said().count("db: Not protected. db is silent") == 1
        cockpit.fakes[1].publish(replace(bad, at=bad.at + 1))
        await cockpit.pilot.pause(1.2)
        assert cockpit.said().count("db: Not protected") == 1
        for size in ((100, 30), (80, 24), (20, 5)):
            await cockpit.pilot.resize_terminal(*size)
            await cockpit.pilot.pause()
            assert ("✘ db" if size[0] > 20 else "o  1 other in need") in cockpit.shown("top")


async def test_no_toast_for_the_guest_on_the_screen_or_while_the_list_is_open() -> None:
    calm, bad = fs.pair("shop", db="protected"), fs.pair("shop", db="incident")
    async with fleet(fs.pair("lab", web01="protected"), calm) as cockpit:
        cockpit.fakes[1].publish(bad)
        await cockpit.pilot.pause(1.2)
        assert "need" not in cockpit.said()
        assert "✘ Not protected" in cockpit.rows()[0]
        cockpit.fakes[1].publish(calm)
        await cockpit.press("2")
        assert cockpit.app.guest_name == "db"
        cockpit.fakes[1].publish(bad)
        await cockpit.pilot.pause(1.2)
        assert "db: Not" not in cockpit.said()


async def test_quit_asks_while_an_action_runs_on_a_pair_that_is_not_shown() -> None:
    busy = fs.pair("shop", db="syncing")
    async with fleet(fs.pair("lab", web01="protected"), busy) as cockpit:
        await cockpit.press("2")
        assert cockpit.app.guest_name == "web01"
        await cockpit.press("q")
        assert cockpit.screen_name == "AskScreen"
        await cockpit.press("escape", "o", "q")
        assert cockpit.screen_name == "AskScreen"


async def test_a_freeze_ends_with_the_pair_it_was_of() -> None:
    async with fleet(fs.lab(), fs.shop()) as cockpit:
        await cockpit.press("6", "z")
        assert "FROZEN" in cockpit.shown("top")
        await cockpit.press("N")
        assert "FROZEN" in cockpit.shown("top"), "the same pair"
        await cockpit.press("alt+1")
        assert "FROZEN" not in cockpit.shown("top")
        assert "the display goes on" in cockpit.said()


async def test_the_palette_means_the_guest_under_the_cursor_and_opens_any() -> None:
    async with fleet(fs.lab(), fs.shop()) as cockpit:
        await cockpit.press("colon")
        assert isinstance(cockpit.app.screen, CommandPalette)
        await cockpit.press(*"fail", "space", *"over")
        await cockpit.pilot.pause(0.4)
        await cockpit.press("enter")
        await cockpit.pilot.pause(0.2)
        assert cockpit.fakes[1].calls == [("prepare", "db", "failover")]
        await cockpit.press("escape", "colon", *"open", "space", *"cache")
        await cockpit.pilot.pause(0.4)
        await cockpit.press("enter")
        await cockpit.pilot.pause(0.2)
        assert cockpit.app.guest_name == "cache"
        assert cockpit.screen_name == "CockpitScreen"


async def test_mouse() -> None:
    async with fleet(fs.lab(), fs.shop()) as cockpit:
        await cockpit.pilot.click("#overview-list", offset=Offset(20, 4))
        assert cockpit.cursor == 2
        await cockpit.pilot.click("#overview-list", offset=Offset(20, 0))
        await cockpit.pilot.click("#overview-list", offset=Offset(20, 30))
        assert cockpit.cursor == 2
        await cockpit.pilot.click("#overview-list", offset=Offset(20, 4))
        await cockpit.pilot.pause()
        assert cockpit.app.guest_name == "web01"
        assert cockpit.screen_name == "CockpitScreen"


async def test_a_moved_key_moves_in_the_list_too() -> None:
    keymap = {"overview": "f9", "down": "d", "failover": "f5"}
    async with fleet(fs.lab(), fs.shop(), keymap=keymap) as cockpit:
        assert "f5 fail over" in cockpit.rows()[0]
        await cockpit.press("d")
        assert cockpit.cursor == 1
        await cockpit.press("f9")
        assert cockpit.screen_name == "CockpitScreen"
        await cockpit.press("f9", "f5")
        assert cockpit.screen_name == "PlanScreen"


async def test_help_theme_and_any_size() -> None:
    async with fleet(fs.lab(), fs.shop(), broken=True) as cockpit:
        await cockpit.press("question_mark")
        assert "alt+1…9" in cockpit.shown("help-box")
        await cockpit.press("escape", "T", "m")
        before = cockpit.shown()
        for size in ((20, 5), (80, 24), (1, 1), (100, 30), (5, 40), (200, 10), (300, 90), (160, 46)):
            await cockpit.pilot.resize_terminal(*size)
            await cockpit.pilot.pause()
            await cockpit.press("j", *(("slash", "escape") if size[0] >= 80 and size[1] >= 24 else ()), "k")
            assert cockpit.app.is_running
        assert cockpit.shown() == before


async def test_64_guests_paint_only_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    many = fs.many(64, bad=0)
    async with fleet(many, fs.lab()) as cockpit:
        assert "66" not in cockpit.shown("overview-top")
        await cockpit.press("G")
        await cockpit.pilot.pause()
        painted: list[str] = []
        original = LineView._strip

        def counted(self: LineView, line: object) -> object:
            painted.append(self.id or "")
            return original(self, line)  # type: ignore[arg-type]

        monkeypatch.setattr(LineView, "_strip", counted)
        cockpit.app.redraw()
        await cockpit.pilot.pause()
        assert painted == []
        guest = many.guests[63]
        assert guest.probe is not None
        guest = replace(guest, probe=replace(guest.probe, rtt_ms=17.1))
        cockpit.fakes[0].publish(replace(many, guests=(*many.guests[:63], guest)))
        cockpit.app.redraw()
        await cockpit.pilot.pause()
        assert painted == ["overview-list"]


async def test_read_only_is_said_of_its_pair_only() -> None:
    lab = replace(fs.pair("lab", web01="protected"), read_only="somebody acts")
    guest = replace(fs.guest("protected", "db"), actions=dict.fromkeys(Action, None))
    async with fleet(lab, replace(lab, pair="shop", guests=(guest,), read_only="")) as cockpit:
        await cockpit.press("1", "w")
        assert "read-only" in cockpit.said()
        await cockpit.press("o", "2", "w")
        assert cockpit.screen_name == "PlanScreen"

"""The incident screen: the list, the chosen one, its keys, and what the cockpit says of incidents."""

from __future__ import annotations

from dataclasses import replace

import pytest

from colotui.model.incident import Kind
from colotui.model.plan import Action
from colotui.model.protection import Severity
from colotui.ui.paint.canvas import text_of
from colotui.ui.paint.incidents import IncidentsState, paint_incidents
from tests.ui import incidentsamples as given
from tests.ui import samples
from tests.ui.driver import Driven, driven
from tests.ui.fake import FakeController

SIZES = {"160x46": (160, 46), "100x30": (100, 30), "80x24": (80, 24)}
PAGE = "incidents-page"


def row_of(drive: Driven, words: str) -> str:
    (row,) = [line for line in drive.shown(PAGE).splitlines() if words in line.partition("│")[0]]
    return row.partition("│")[0]


# -- what it says -----------------------------------------------------------------------------------------


async def test_the_worst_open_one_is_shown_with_its_evidence() -> None:
    async with driven(given.killed()) as drive:
        await drive.press("i")
        assert drive.screen_name == "IncidentsScreen"
        shown = drive.shown(PAGE)
        assert "incidents  2 open  5 past" in shown
        assert "The primary's QEMU on alpha was killed (signal 9)." in shown
        assert "web01-7   primary process dead   since 12:04:18.300   open 13 s   proven by 5 witnesses on 2" in shown
        assert "COLO_EXIT  mode secondary, reason error" in shown
        assert "+324 ms" in shown
        assert "Fail over to beta …" in shown
        assert "Do not start alpha's QEMU again first." in shown
        assert "Refused meanwhile: p protect, r re-protect. Why: the primary is dead" in shown
        assert "open 13 s" in row_of(drive, "7  12:04:18  primary process dead")
        assert "took 11 min" in row_of(drive, "secondary's disk full")


async def test_an_error_is_chosen_before_a_newer_warning() -> None:
    newer = given.opened(8, given.STORM)
    async with driven(given.having(samples.incident(), newer, *given.killed().guests[0].incidents)) as drive:
        await drive.press("i")
        assert "web01-7   primary process dead" in drive.shown(PAGE)


async def test_what_would_settle_it_is_said() -> None:
    async with driven(given.storming()) as drive:
        await drive.press("i")
        shown = drive.shown(PAGE)
        assert "likely by 2 witnesses on 1 host" in shown
        assert "What would settle it: a capture of both copies' packets" in shown
        assert "open the plan" not in shown
        await drive.press("enter")
        assert "nothing to run for it: make the two copies' replies alike" in drive.said()


async def test_none_is_one_quiet_line() -> None:
    async with driven(samples.protected()) as drive:
        assert "incident" not in drive.shown("top")
        await drive.press("i")
        shown = drive.shown(PAGE)
        assert "None since this cockpit began to watch. Watched: both QEMUs" in shown
        assert "and the guest's service." in " ".join(shown.split())
        await drive.press("enter", "j", "e", "y", "G", "slash", "escape", "escape")
        assert drive.screen_name == "CockpitScreen"


async def test_an_action_that_is_refused_says_why() -> None:
    base = given.killed()
    guest = replace(base.guests[0], actions=samples.actions(failover="alpha hangs: wait"))
    async with driven(replace(base, guests=(guest,))) as drive:
        await drive.press("i")
        assert "not now: alpha hangs: wait" in drive.shown(PAGE)
        await drive.press("enter")
        assert drive.screen_name == "IncidentsScreen"
        assert "fail over: alpha hangs: wait" in drive.said()


async def test_read_only_says_so() -> None:
    async with driven(replace(given.killed(), read_only="ann@desk acts")) as drive:
        await drive.press("i")
        assert "not now: read-only: ann@desk acts" in drive.shown(PAGE)
        await drive.press("enter")
        assert drive.fake.calls == []


# -- keys -------------------------------------------------------------------------------------------------


async def test_enter_opens_the_recommended_plan_and_escape_comes_back() -> None:
    async with driven(given.killed()) as drive:
        await drive.press("i", "enter")
        assert drive.screen_name == "PlanScreen"
        assert drive.fake.calls == [("prepare", "web01", "failover")]
        await drive.press("escape")
        assert drive.screen_name == "IncidentsScreen"
        await drive.press("f")
        assert drive.screen_name == "PlanScreen"
        await drive.press("escape", "p")
        assert "protect: alpha dead" in drive.said()
        await drive.press("escape")
        assert drive.screen_name == "CockpitScreen"


async def test_moving_and_leaving() -> None:
    async with driven(given.killed()) as drive:
        await drive.press("i", "j")
        assert "The clocks of alpha and beta are 412 ms apart." in drive.shown(PAGE)
        await drive.press("k")
        assert "(signal 9)" in drive.shown(PAGE)
        await drive.press("G")
        assert "web01-1   primary hung" in drive.shown(PAGE)
        assert "by `Fail over web01 to beta`." in drive.shown(PAGE)
        assert "The advice was: fail over to beta." in drive.shown(PAGE)
        await drive.press("enter")
        assert "incident web01-1 is over" in drive.said()
        await drive.press("g")
        assert "web01-7   primary process dead" in drive.shown(PAGE)
        for key in ("q", "i"):
            await drive.press(key)
            assert drive.screen_name == "CockpitScreen"
            await drive.press("i")


async def test_the_next_and_the_previous_open_one() -> None:
    async with driven(given.killed()) as drive:
        await drive.press("i", "G", "E")
        assert "412 ms apart" in drive.shown(PAGE)
        await drive.press("E")
        assert "(signal 9)" in drive.shown(PAGE)
        await drive.press("e", "e")
        assert "412 ms apart" in drive.shown(PAGE)
        assert "no more open incidents that way" in drive.said()


async def test_filter() -> None:
    async with driven(given.killed()) as drive:
        await drive.press("i", "slash", *"forward", "enter")
        shown = drive.shown(PAGE)
        assert "forward link cut" in shown
        assert "clocks apart" not in shown
        assert "The forward link is cut." in shown
        await drive.press("escape")
        assert "clocks apart" in drive.shown(PAGE)
        await drive.press("slash", *"!open", "enter")
        assert "clocks apart" not in drive.shown(PAGE)
        await drive.press("escape", "slash", *"zzz")
        assert "nothing matches zzz" in drive.shown(PAGE)
        await drive.press("enter", "j", "enter", "y", "e", "escape", "escape")
        assert drive.screen_name == "CockpitScreen"


async def test_copy_takes_the_whole_incident() -> None:
    async with driven(given.killed()) as drive:
        await drive.press("i", "y")
        text = drive.app.clipboard
        assert text.startswith("web01-7  primary process dead  open for 13 s\n")
        assert "2026-11-24 12:04:18.311  beta  qmp  COLO_EXIT  mode secondary, reason error" in text
        assert "do          fail over to beta (colotui failover web01)" in text
        assert "refused     protect, reprotect: the primary is dead" in text
        await drive.press("G", "y")
        assert "closed      2026-11-21 " in drive.app.clipboard


async def test_the_bundle_is_about_the_chosen_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from colotui.errors import ActionRefused

    asked: list[tuple[str, str]] = []

    async def bundle(_self: FakeController, guest: str, incident: str = "") -> None:
        asked.append((guest, incident))
        raise ActionRefused("not in this test")

    monkeypatch.setattr(FakeController, "bundle", bundle, raising=False)
    async with driven(given.killed()) as drive:
        await drive.press("i", "j", "B")
        await drive.pilot.pause()
        assert drive.screen_name == "BundleScreen"
        assert asked == [("web01", "web01-6")]
        await drive.press("escape")
        assert drive.screen_name == "IncidentsScreen"


async def test_a_small_terminal_shows_the_list_then_the_incident() -> None:
    async with driven(given.killed(), (80, 24)) as drive:
        await drive.press("i")
        assert "signal 9)." not in drive.shown(PAGE)
        await drive.press("j", "enter")
        assert "412 ms apart" in drive.shown(PAGE)
        assert "clocks apart   open" in drive.shown(PAGE)
        await drive.press("E")
        assert "(signal 9)." in drive.shown(PAGE)
        await drive.press("G", "g", "j", "k", "pagedown", "pageup", "escape")
        assert drive.screen_name == "IncidentsScreen"
        assert "2 open  5 past" in drive.shown(PAGE)
        await drive.press("enter", "enter")
        assert drive.screen_name == "PlanScreen"
        await drive.press("escape", "escape", "escape")
        assert drive.screen_name == "CockpitScreen"


async def test_the_cursor_stays_on_its_incident_when_a_new_one_opens() -> None:
    base = given.killed()
    async with driven(base) as drive:
        await drive.press("i", "j")
        drive.fake.publish(given.having(base, given.opened(8, given.STORM), *base.guests[0].incidents))
        await drive.pilot.pause()
        assert "3 open" in drive.shown(PAGE)
        assert "web01-6   clocks apart" in drive.shown(PAGE)


async def test_frozen_shows_then_and_runs_now() -> None:
    base = given.killed()
    async with driven(base) as drive:
        await drive.press("i", "z")
        over = replace(base.guests[0].incidents[0], closed_at=samples.NOW, closed_by="`Fail over`")
        drive.fake.publish(given.having(base, over))
        await drive.pilot.pause()
        assert "FROZEN" in drive.shown("incidents-top")
        assert "open 13 s" in drive.shown(PAGE)
        await drive.press("enter")
        assert "incident web01-7 is over" in drive.said()
        await drive.press("z")
        assert "Nothing: it closed at 12:04:31 by `Fail over`." in drive.shown(PAGE)


async def test_the_mouse() -> None:
    async with driven(given.killed()) as drive:
        await drive.press("i")
        await drive.pilot.click(f"#{PAGE}", offset=(10, 6))
        assert "web01-5   secondary's disk full" in drive.shown(PAGE)
        await drive.pilot.click(f"#{PAGE}", offset=(10, 5))
        assert "web01-5" in drive.shown(PAGE)
        await drive.pilot.click(f"#{PAGE}", offset=(100, 3))
        assert "web01-5" in drive.shown(PAGE)


async def test_the_keymap_moves_the_keys() -> None:
    async with driven(given.killed(), keymap={"incidents": "f7", "bundle": "f8"}) as drive:
        await drive.press("i")
        assert drive.screen_name == "CockpitScreen"
        assert "why   f7   incident 7" in drive.shown("top")
        await drive.press("f7")
        assert drive.screen_name == "IncidentsScreen"
        assert "f8 bundle" in drive.shown(PAGE)
        await drive.press("f7")
        assert drive.screen_name == "CockpitScreen"


# -- the cockpit ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", sorted(SIZES))
async def test_the_strip_names_what_is_open(size: str) -> None:
    async with driven(given.storming(), SIZES[size]) as drive:
        assert "▲ i 2 incidents" in drive.shown("top")
        assert "i incidents 2" in drive.shown("keys")
        drive.fake.publish(given.having(samples.protected(), given.opened(1, given.STORM)))
        await drive.pilot.pause()
        assert "▲ i checkpoint storm" in drive.shown("top")
        drive.fake.publish(given.having(samples.protected(), *given.PAST))
        drive.app.redraw()
        await drive.pilot.pause()
        assert "▲ i" not in drive.shown("top")


async def test_a_warning_that_says_it_already_is_not_doubled() -> None:
    base = samples.warning()
    told = replace(given.STORM, sentence=base.guests[0].protection.headline + ".")
    async with driven(given.having(base, given.opened(1, told))) as drive:
        assert "▲ i" not in drive.shown("top")
        drive.fake.publish(given.having(base, given.opened(1, told), given.opened(2, given.DRIFT)))
        await drive.pilot.pause()
        assert "▲ i clocks apart" in drive.shown("top")


@pytest.mark.parametrize("size", sorted(SIZES))
async def test_the_band_leads_to_the_incident(size: str) -> None:
    async with driven(given.killed(), SIZES[size]) as drive:
        assert " i " in drive.shown("top")
        assert "why" in drive.shown("top")
        drive.fake.publish(given.having(samples.failed_over(), given.opened(1, given.DRIFT)))
        await drive.pilot.pause()
        assert " i " in drive.shown("top")
        assert "why" not in drive.shown("top")


# -- nothing brings it down -------------------------------------------------------------------------------


async def test_any_size_and_back() -> None:
    async with driven(given.killed()) as drive:
        await drive.press("i")
        before = drive.shown()
        for size in ((20, 5), (80, 24), (1, 1), (100, 30), (99, 28), (139, 60), (5, 40), (300, 90), (160, 46)):
            await drive.pilot.resize_terminal(*size)
            await drive.press("down", "up")
        assert drive.shown() == before


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
async def test_hostile_strings(text: str) -> None:
    async with driven(given.hostile(text), (80, 24)) as drive:
        await drive.press("i")
        for size in ((80, 24), (100, 30), (160, 46)):
            await drive.pilot.resize_terminal(*size)
            await drive.press("G", "pagedown", "y", "E", "g", "enter", "j")
            shown = drive.shown() + drive.app.clipboard + drive.said()
            assert drive.screen_name in ("IncidentsScreen", "PlanScreen")
            assert not any(bad in shown for bad in ("\x1b", "\x9b", "\u202e", "\r"))
            await drive.press("escape", "escape", "escape", "i")
        assert drive.app.is_running


async def test_a_flood_of_witnesses_scrolls() -> None:
    told = replace(given.DEAD, witnesses=given.DEAD.witnesses * 60)
    async with driven(given.having(samples.incident(), given.opened(1, told))) as drive:
        await drive.press("i")
        assert "rows more" in drive.shown(PAGE)
        assert "what not to do" not in drive.shown(PAGE)
        await drive.press(*["pagedown"] * 40)
        assert "what not to do" in drive.shown(PAGE)
        assert "rows more" not in drive.shown(PAGE)


async def test_two_hundred_incidents_scroll() -> None:
    past = tuple(given.closed(n, given.DEAD, samples.NOW - 100 * (201 - n), 9.0) for n in range(199, 0, -1))
    async with driven(given.having(samples.incident(), given.opened(200, given.DEAD), *past)) as drive:
        await drive.press("i", "G")
        assert "web01-1 " in drive.shown(PAGE)
        await drive.press("g")
        assert "200" in drive.shown(PAGE)


async def test_every_width_holds_its_lines() -> None:
    for snapshot in (given.killed(), given.storming(), given.hostile("宽字符" * 90), samples.protected()):
        async with driven(snapshot) as drive:
            scene = drive.app.scene()
            assert scene is not None
            for width in (80, 81, 99, 100, 101, 120, 139, 140, 160, 220, 300):
                for height in (8, 22, 28, 43, 80):
                    for single in (False, True):
                        state = IncidentsState(single=single)
                        lines = paint_incidents(scene, width, height, state)
                        assert len(lines) <= height
                        for line in lines:
                            assert len(text_of(line)) <= width


async def test_ascii_is_ascii() -> None:
    for size in SIZES.values():
        async with driven(given.killed(), size, ascii_only=True) as drive:
            assert drive.shown().isascii()
            await drive.press("i")
            assert drive.shown().isascii()
            await drive.press("enter")
            assert drive.shown().isascii()


@pytest.mark.parametrize("kind", list(Kind))
async def test_every_kind_fits_its_list(kind: Kind) -> None:
    told = replace(given.DEAD, kind=kind, do=None, do_text="", severity=Severity.WARNING, forbids=frozenset(Action))
    for size in SIZES.values():
        async with driven(given.having(samples.incident(), given.opened(1, told)), size) as drive:
            await drive.press("i")
            (row,) = [line for line in drive.shown(PAGE).splitlines() if "▲  1 " in line.partition("│")[0]]
            assert kind.value in row.partition("│")[0]
            if size[0] < 100:
                await drive.press("enter")
            assert "Every action is refused meanwhile." in drive.shown(PAGE)
            assert "Nothing to do by hand: wait and watch." in drive.shown(PAGE)

"""Resizing, hostile strings, no controller yet, no colour, ASCII: nothing brings the cockpit down."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest
from rich.cells import cell_len

from colotui.controller.base import Controller
from colotui.errors import ConfigError
from colotui.ui.app import CockpitApp, run_cockpit
from colotui.ui.paint.box import wrap
from colotui.ui.paint.sheet import wrapped
from colotui.ui.widgets.lineview import LineView
from tests.ui import samples
from tests.ui.driver import driven
from tests.ui.fake import FakeController

SIZES = ((20, 5), (80, 24), (1, 1), (100, 30), (160, 46), (5, 40), (200, 10), (300, 90), (160, 46))


@pytest.mark.parametrize("name", sorted(samples.STATES))
async def test_any_size_and_back(name: str) -> None:
    async with driven(samples.STATES[name]()) as cockpit:
        before = cockpit.shown()
        for size in SIZES:
            await cockpit.pilot.resize_terminal(*size)
            await cockpit.pilot.pause()
            assert cockpit.app.is_running
        assert cockpit.shown() == before


@pytest.mark.parametrize("keys", ["f", "question_mark", "1 enter", "2 enter", "3 enter", "4 enter", "slash", "colon"])
async def test_other_screens_at_any_size(keys: str) -> None:
    async with driven(samples.incident()) as cockpit:
        await cockpit.press(*keys.split())
        for size in SIZES:
            await cockpit.pilot.resize_terminal(*size)
            await cockpit.pilot.pause()
            await cockpit.press("down", "up")
        await cockpit.press("escape")
        assert cockpit.app.is_running


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
async def test_hostile_strings(text: str) -> None:
    async with driven(samples.hostile(text), (100, 30)) as cockpit:
        cockpit.fake.prepared = replace(samples.failover_plan(), title=text)
        for size in ((80, 24), (160, 46)):
            await cockpit.pilot.resize_terminal(*size)
            await cockpit.press("4", "y", "1", "enter", "escape", "4", "enter", "escape", "p", "slash", "escape")
            await cockpit.press("f", "escape", "colon", "escape")
        shown = cockpit.shown()
        assert cockpit.app.is_running
        assert "\x1b" not in shown
        assert "\x9b" not in shown
        assert "\u202e" not in shown


@pytest.mark.parametrize("size", [(20, 5), (1, 1)])
async def test_the_focus_comes_back_with_the_room(size: tuple[int, int]) -> None:
    async with driven(samples.protected()) as cockpit:
        await cockpit.press("3", "j")
        before = cockpit.shown()
        await cockpit.pilot.resize_terminal(*size)
        await cockpit.pilot.resize_terminal(160, 46)
        assert cockpit.app.focused is cockpit.app.cockpit_screen.mismatches
        assert cockpit.shown() == before


async def test_what_shines_through_under_a_question_takes_the_new_size() -> None:
    async with driven(samples.protected()) as cockpit:
        await cockpit.press("a")
        await cockpit.pilot.resize_terminal(100, 30)
        cockpit.app.redraw()
        regions = [part.region for part in cockpit.app.cockpit_screen.query(LineView) if part.display]
        await cockpit.press("escape")
        now = [part.region for part in cockpit.app.cockpit_screen.query(LineView) if part.display]
        assert regions == now


async def test_a_question_takes_a_new_theme() -> None:
    async with driven(samples.protected()) as cockpit:
        await cockpit.press("a")
        box = cockpit.app.screen.query_one("#ask-box", LineView)
        dark = box.render_line(0)
        cockpit.app.use_theme("light")
        await cockpit.pilot.pause()
        assert box.render_line(0).text == dark.text
        assert box.render_line(0) != dark


async def test_a_line_that_comes_before_its_width_is_kept_whole() -> None:
    async with driven(samples.protected(), (80, 24)) as cockpit:
        top = cockpit.app.cockpit_screen.top
        top.show([(("x" * 200, "base"),)])
        assert top.render_line(0).cell_length == 80
        assert top._strips[0] is not None
        assert top._strips[0].cell_length == 200


def test_a_word_of_ten_thousand_letters_is_wrapped_at_once() -> None:
    lines = wrapped("a b " + "宽" * 10_000 + " c", 5)
    assert lines[0] == "a b"
    assert lines[-2:] == ["宽宽", "c"]
    assert all(cell_len(line) <= 5 for line in lines)
    assert "".join(lines).count("宽") == 10_000
    assert wrap("x " * 3 + "y" * 400, 40, 2)[1].endswith("…")
    assert wrap("", 40, 3) == []


async def test_the_first_picture_comes_before_the_controller() -> None:
    may_go_on = threading.Event()

    def slow() -> Controller:
        may_go_on.wait(5)
        return FakeController(samples.protected())

    app = CockpitApp(make_controller=slow, now=lambda: samples.NOW)
    async with app.run_test(size=(160, 46)) as pilot:
        await pilot.pause()
        top = app.screen.query_one("#top", LineView)
        assert "CONNECTING" in "".join(text for line in top.lines for text, _ in line)
        await pilot.press("f", "v", "y", "z", "e", "j", "question_mark", "escape", "enter", "n")
        await pilot.resize_terminal(20, 5)
        await pilot.pause()
        await pilot.resize_terminal(160, 46)
        may_go_on.set()
        for _ in range(50):
            await asyncio.sleep(0.02)
            await pilot.pause()
            if "● PROTECTED" in "".join(text for line in top.lines for text, _ in line):
                break
        else:
            pytest.fail("the snapshot never came")


def test_a_wrong_pair_file_ends_with_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> Controller:
        raise ConfigError("pair.yaml", 7, "unknown key `hots`", "Did you mean `hosts`?")

    assert run_cockpit(broken, headless=True) == 64
    assert "pair.yaml:7: unknown key `hots`" in capsys.readouterr().err


def test_an_unknown_theme_is_refused_before_the_screen() -> None:
    with pytest.raises(ConfigError, match="no theme"):
        run_cockpit(lambda: FakeController(samples.protected()), theme="nope", headless=True)


async def test_a_pair_without_a_guest_says_so() -> None:
    async with driven(replace(samples.protected(), guests=())) as cockpit:
        assert "names no guest" in cockpit.shown("top")
        await cockpit.press("f", "y", "tab")


async def test_no_colour_and_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with driven(samples.incident(), ascii_only=True) as cockpit:
        shown = cockpit.shown()
        assert shown.isascii()
        assert "x NOT PROTECTED" in shown
        await cockpit.press("f")
        assert cockpit.shown().isascii()
        await cockpit.press("escape", "question_mark")
        assert cockpit.shown().isascii()
        await cockpit.press("escape", "q")


async def test_a_row_that_did_not_change_is_not_painted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with driven(samples.protected()) as cockpit:
        painted: list[tuple[str, int]] = []
        original = LineView._strip

        def counted(self: LineView, line: object) -> object:
            painted.append((self.id or "", 1))
            return original(self, line)  # type: ignore[arg-type]

        monkeypatch.setattr(LineView, "_strip", counted)
        cockpit.app.redraw()
        await cockpit.pilot.pause()
        assert painted == []
        guest = cockpit.fake.snapshot.guests[0]
        assert guest.probe is not None
        guest = replace(guest, probe=replace(guest.probe, rtt_ms=17.1))
        cockpit.fake.publish(replace(cockpit.fake.snapshot, guests=(guest,)))
        cockpit.app.redraw()
        await cockpit.pilot.pause()
        assert painted == [("ladder", 1)]

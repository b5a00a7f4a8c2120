"""The guided set-up at any size, with hostile strings, in ASCII; the welcome; how it all begins and ends."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from colotui.controller.preparing import Preparing
from colotui.errors import ColotuiError, ConfigError
from colotui.model.setup import Draft, Reached
from colotui.ui.paint.wizard.view import PAGES, Page
from colotui.ui.setupapp import SetupApp, run_setup
from tests.ui import samples
from tests.ui import wizardsamples as ws
from tests.ui.fake import FakeController
from tests.ui.fakesetup import FakePreparing
from tests.ui.wizarddriver import guided

SIZES = ((20, 5), (80, 24), (1, 1), (100, 30), (160, 46), (5, 40), (200, 10), (300, 90), (160, 46))
BEFORE_RUN = [page.value for page in PAGES if page.number <= Page.REVIEW.number]


def at(page: str) -> FakePreparing:
    fake = FakePreparing(ws.at_page(page))
    fake.tested = True
    return fake


def poisoned(value: Any, text: str) -> Any:
    """`value` with `text` in every string of it; what decides a shape (enums, numbers, keys) stays."""
    if isinstance(value, Enum) or callable(value):
        return value
    if isinstance(value, str):
        return text if value else value
    if is_dataclass(value) and not isinstance(value, type):
        kept = ("host", "name", "key", "nics", "mac", "kind")
        changes = {f.name: poisoned(getattr(value, f.name), text) for f in fields(value) if f.name not in kept}
        return replace(value, **changes)
    if isinstance(value, tuple):
        return tuple(poisoned(entry, text) for entry in value)
    if isinstance(value, frozenset):
        return frozenset(poisoned(entry, text) for entry in value)
    if isinstance(value, dict):
        return {key: poisoned(entry, text) for key, entry in value.items()}
    return value


@pytest.mark.parametrize("page", BEFORE_RUN)
async def test_any_size_and_back(page: str) -> None:
    async with guided(at(page)) as wizard:
        before = wizard.shown()
        for size in SIZES:
            await wizard.pilot.resize_terminal(*size)
            await wizard.press("down", "up")
        wizard.wizard.session.scroll = 0
        wizard.app.redraw()
        assert wizard.shown() == before
        await wizard.pilot.resize_terminal(20, 5)
        await wizard.settle()
        assert "80x24" in wizard.shown() or "20x5" in wizard.shown()


async def test_running_and_the_pages_after_it_at_any_size() -> None:
    fake = at("review")
    fake.hold_at = 6
    async with guided(fake, snapshot=samples.protected) as wizard:
        await wizard.press("enter")
        fake.gate.clear()
        await wizard.press("enter")
        for stage in ("run", "first protection", "drill"):
            for size in SIZES:
                await wizard.pilot.resize_terminal(*size)
                await wizard.settle()
            assert wizard.page == stage
            fake.gate.set()
            await wizard.settle()
            await wizard.press("enter")


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
async def test_hostile_strings(text: str) -> None:
    fake = at("hosts and keys")
    fake.gives = poisoned(ws.look(), text)
    fake.images = {0: poisoned(ws.image(0), text), 1: replace(ws.image(1), problem=text)}
    fake._planned = poisoned(ws.plan(), text)
    fake.answers[0] = Reached(False, fingerprint=text)
    fake.raises = {}
    async with guided(fake, (100, 30)) as wizard:
        await wizard.press("enter", "y", "enter", "enter")
        for index, page in enumerate(BEFORE_RUN):
            wizard.wizard.session.furthest = Page.REVIEW.number
            wizard.wizard.go(Page(page))
            await wizard.settle()
            await wizard.pilot.resize_terminal(*((80, 24), (160, 46))[index % 2])
            await wizard.press("down", "pagedown")
            shown = wizard.shown()
            assert "\x1b" not in shown
            assert "\x9b" not in shown
            assert "\u202e" not in shown
        await wizard.press("v", "escape")
        assert wizard.app.is_running


async def test_hostile_answers_and_errors() -> None:
    for text in samples.HOSTILE:
        fake = FakePreparing(ws.CHOSEN)
        fake.answers[0] = Reached(False, problem=text, next_step=text)
        fake.raises["look"] = ColotuiError(text, text)
        async with guided(fake, (80, 24)) as wizard:
            await wizard.press("enter")
            fake.answers[0] = replace(ws.reached(0), hostname=text, user=text, kernel=text)
            await wizard.press("enter", "enter")
            assert wizard.page == "engine"
            assert "\x1b" not in wizard.shown()


@pytest.mark.parametrize("size", [(160, 46), (100, 30), (80, 24)])
async def test_ascii_and_no_colour(monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with guided(at("hosts and keys"), size, ascii_only=True, welcome=True) as wizard:
        assert wizard.shown().isascii()
        await wizard.press("enter", "enter")
        for _ in range(8):
            assert wizard.shown().isascii()
            await wizard.press("enter")
        assert "written:" in wizard.shown()
        assert wizard.shown().isascii()
        await wizard.press("question_mark")
        assert wizard.shown().isascii()


@pytest.mark.parametrize("theme", ["light", "high-contrast", "colour-blind-safe", "sixteen"])
async def test_themes(theme: str) -> None:
    async with guided(at("network"), theme=theme) as wizard:
        assert "Cable test" in wizard.shown()
        await wizard.press("T")
        assert "Cable test" in wizard.shown()


async def test_a_fault_in_a_worker_is_said() -> None:
    fake = at("network")

    async def broken() -> None:
        raise RuntimeError("out of thin air")

    async with guided(fake) as wizard:
        wizard.wizard.work.start("look", broken)
        await wizard.settle()
        assert "Internal error: RuntimeError: out of thin air" in wizard.shown()


async def test_the_welcome() -> None:
    async with guided(FakePreparing(), welcome=True) as wizard:
        assert "Set up a pair" in wizard.shown()
        assert "sudo colotui lab" in wizard.shown()
        await wizard.press("2")
        assert wizard.app.clipboard == "sudo colotui lab"
        assert "copied" in wizard.shown()
        await wizard.press("up", "enter")
        assert wizard.page == "hosts and keys"
        await wizard.type("10.77.0.2")
        await wizard.press("escape", "escape")
        assert wizard.top == "WelcomeScreen"
        assert "Go on with the set-up of web01" in wizard.shown()
        await wizard.click_on("Go on with the set-up")
        assert wizard.page == "hosts and keys"
        assert wizard.fake.draft.hosts[0].address == "10.77.0.2"
        await wizard.press("escape", "escape", "T", "j", "k", "c", "q")
        assert not wizard.app.is_running


@pytest.mark.parametrize("size", SIZES)
async def test_the_welcome_at_any_size(size: tuple[int, int]) -> None:
    async with guided(FakePreparing(), size, welcome=True) as wizard:
        assert "colotui" in wizard.shown() or size[0] < 7
        await wizard.press("down")
        assert wizard.app.is_running


async def test_the_welcome_stands_before_the_set_up_is_made() -> None:
    may_go_on = threading.Event()
    fake = FakePreparing()

    def slow() -> Preparing:
        may_go_on.wait(5)
        return fake

    app = SetupApp(slow, lambda _: FakeController(samples.absent()), welcome=True, now=lambda: samples.NOW)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        await pilot.press("enter")
        assert type(app.screen).__name__ == "WelcomeScreen"
        may_go_on.set()
        for _ in range(100):
            await asyncio.sleep(0.02)
            await pilot.pause()
            if type(app.screen).__name__ == "WizardScreen":
                break
        else:
            pytest.fail("the set-up never began")


def test_run_setup_ends_with_its_code_and_a_farewell(capsys: pytest.CaptureFixture[str]) -> None:
    async def leave(pilot: Any) -> None:
        for _ in range(20):
            await pilot.pause()
        await pilot.press("escape", "escape")

    fake = FakePreparing(Draft())
    code = run_setup(
        lambda: fake, lambda _: FakeController(samples.absent()), welcome=False, auto_pilot=leave, headless=True
    )
    assert code == 0
    assert fake.closed
    assert "start colotui again to go on" in capsys.readouterr().out


def test_a_set_up_that_cannot_be_made_ends_with_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> Preparing:
        raise ConfigError("/root/.local/state/colotui/draft.json", 0, "cannot be read")

    assert run_setup(broken, lambda _: FakeController(samples.absent()), welcome=True, headless=True) == 64
    assert "cannot be read" in capsys.readouterr().err


def test_an_unknown_theme_is_refused_before_the_screen() -> None:
    with pytest.raises(ConfigError, match="no theme"):
        run_setup(FakePreparing, lambda _: FakeController(samples.absent()), welcome=True, theme="nope", headless=True)


async def test_the_keymap_moves_a_key() -> None:
    async with guided(at("network"), keymap={"setup-back": "f7"}) as wizard:
        assert "f7 back" in wizard.shown()
        await wizard.press("f7")
        assert wizard.page == "engine"


def test_the_fake_keeps_the_contract() -> None:
    fake: Preparing = FakePreparing(path=Path("/x"))
    assert fake.pair is None

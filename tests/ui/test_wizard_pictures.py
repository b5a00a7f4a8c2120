"""The pages of the guided set-up as they were approved, at three sizes; the welcome, the themes, ASCII."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from colotui.model.protection import Snapshot
from colotui.model.setup import Reached
from colotui.ui.setupapp import SetupApp
from tests.ui import samples
from tests.ui import wizardsamples as ws
from tests.ui.fakesetup import FakePreparing
from tests.ui.wizarddriver import made, settled

SIZES = {"160x46": (160, 46), "100x30": (100, 30), "80x24": (80, 24)}
PAGES = {
    "hosts": "hosts and keys",
    "engine": "engine",
    "network": "network",
    "modules": "modules and ifb",
    "tuning": "irq and clock",
    "guest": "guest",
    "review": "review",
    "failed": "review",
    "written": "review",
}
KEYS = {"hosts": ["enter"], "network": ["down"], "failed": ["enter", "enter"], "written": ["enter", "enter"]}


def app(name: str, **options: Any) -> SetupApp:
    fake = FakePreparing(ws.at_page(PAGES[name]))
    fake.tested = True
    if name == "failed":
        fake.fail_at = 5
    if name == "hosts":
        fake.answers[0] = Reached(False, fingerprint=ws.KEY_ALPHA)
        fake.answers[1] = Reached(False, problem="beta: connection refused.", next_step="Is sshd running on port 22?")
    return made(fake, options.pop("snapshot", samples.absent), **options)[0]


def pressing(*keys: str) -> Callable[[Any], Any]:
    """Press `keys` once the set-up has settled; settle after each."""

    async def before(pilot: Any) -> None:
        for key in ("", *keys):
            if key:
                await pilot.press(key)
            await settled(pilot)

    return before


@pytest.mark.parametrize("size", sorted(SIZES))
@pytest.mark.parametrize("name", sorted(PAGES))
def test_page(snap_compare: Callable[..., bool], name: str, size: str) -> None:
    assert snap_compare(app(name), terminal_size=SIZES[size], run_before=pressing(*KEYS.get(name, [])))


@pytest.mark.parametrize("size", sorted(SIZES))
def test_drill(snap_compare: Callable[..., bool], size: str) -> None:
    def snapshot() -> Snapshot:
        return samples.protected()

    keys = pressing("enter", "enter", "enter", "enter")
    assert snap_compare(app("written", snapshot=snapshot), terminal_size=SIZES[size], run_before=keys)


@pytest.mark.parametrize("size", sorted(SIZES))
def test_welcome(snap_compare: Callable[..., bool], size: str) -> None:
    welcome = made(FakePreparing(), welcome=True)[0]
    assert snap_compare(welcome, terminal_size=SIZES[size], run_before=pressing())


@pytest.mark.parametrize("theme", ["light", "high-contrast", "colour-blind-safe", "sixteen"])
def test_theme(snap_compare: Callable[..., bool], theme: str) -> None:
    assert snap_compare(app("network", theme=theme), terminal_size=(100, 30), run_before=pressing("down"))


def test_so_far(snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(app("network"), terminal_size=(160, 46), run_before=pressing("v"))


def test_help(snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(app("network"), terminal_size=(160, 46), run_before=pressing("question_mark"))


def test_ascii(snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(app("network", ascii_only=True), terminal_size=(100, 30), run_before=pressing("down"))


def test_no_colour(snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(app("guest"), terminal_size=(100, 30), run_before=pressing())


def test_tiny(snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(app("network"), terminal_size=(20, 5), run_before=pressing())

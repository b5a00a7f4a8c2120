"""The bundle screen: collects at once, lists, writes on Enter and not before."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from colotui.errors import ActionRefused
from colotui.model.bundle import Bundle
from colotui.ui.commands import CockpitCommands
from tests.ui import samples
from tests.ui.bundlesamples import bundle
from tests.ui.driver import Driven, driven
from tests.ui.fake import FakeController


class Bundling:
    """Gives the controller what the screen asks for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: Bundle | ActionRefused = bundle()
        self.gate = asyncio.Event()
        self.gate.set()
        outer = self

        async def collected(_self: FakeController, guest: str, incident: str = "") -> Bundle:
            await outer.gate.wait()
            if isinstance(outer.made, ActionRefused):
                raise outer.made
            return outer.made

        monkeypatch.setattr(FakeController, "bundle", collected, raising=False)


@pytest.fixture
def bundling(monkeypatch: pytest.MonkeyPatch) -> Bundling:
    return Bundling(monkeypatch)


async def settled(cockpit: Driven) -> str:
    await cockpit.app.workers.wait_for_complete()
    await cockpit.pilot.pause()
    return cockpit.shown("bundle-box")


async def test_it_is_listed_first_and_written_on_enter(bundling: Bundling, tmp_path: Path) -> None:
    async with driven(samples.protected(), tmp_path=tmp_path) as cockpit:
        bundling.gate.clear()
        await cockpit.press("B")
        assert "Collecting from alpha and beta" in cockpit.shown("bundle-box")
        await cockpit.press("enter")
        bundling.gate.set()
        shown = await settled(cockpit)
        assert "hosts/alpha/run/log00" in shown
        assert "Could not be had" in shown
        assert "no answer within 3 s" in shown
        assert "\x1b" not in shown
        assert list(tmp_path.iterdir()) == []
        await cockpit.press("enter")
        assert "Written (" in await settled(cockpit)
        (file,) = tmp_path.iterdir()
        assert file.name == f"{bundle().name}.tar.gz"
        await cockpit.press("y")
        assert cockpit.app.clipboard == str(file)
        await cockpit.press("enter")
        assert cockpit.screen_name == "CockpitScreen"
        assert len(list(tmp_path.iterdir())) == 1


async def test_escape_leaves_nothing(bundling: Bundling, tmp_path: Path) -> None:
    async with driven(samples.protected(), tmp_path=tmp_path) as cockpit:
        await cockpit.press("B", "escape")
        assert cockpit.screen_name == "CockpitScreen"
        assert list(tmp_path.iterdir()) == []


async def test_it_may_be_left_while_it_is_collected(bundling: Bundling) -> None:
    async with driven(samples.protected()) as cockpit:
        bundling.gate.clear()
        await cockpit.press("B", "escape")
        bundling.gate.set()
        await cockpit.pilot.pause()
        assert cockpit.screen_name == "CockpitScreen"


async def test_refusals_and_a_folder_that_is_gone_are_said(bundling: Bundling, tmp_path: Path) -> None:
    async with driven(samples.protected(), tmp_path=tmp_path / "gone") as cockpit:
        await cockpit.press("B")
        await settled(cockpit)
        await cockpit.press("enter")
        assert "cannot be written" in await settled(cockpit)
        await cockpit.press("escape")
        bundling.made = ActionRefused("web01 has no incident.", "Look at the list.")
        await cockpit.press("B")
        assert "web01 has no incident. Look at the list." in await settled(cockpit)


@pytest.mark.parametrize("size", [(160, 46), (100, 30), (80, 24), (40, 10)])
async def test_every_size_and_ascii(bundling: Bundling, size: tuple[int, int], tmp_path: Path) -> None:
    bundling.made = bundle(60)
    async with driven(samples.protected(), size=size, tmp_path=tmp_path, ascii_only=True) as cockpit:
        await cockpit.press("B")
        assert (await settled(cockpit)).isascii()
        await cockpit.press("G")
        assert "no answer" in cockpit.shown("bundle-box") or size[1] <= 10
        await cockpit.press("g")
        assert "Nothing was changed" in cockpit.shown("bundle-box")


async def test_the_palette_has_it(bundling: Bundling) -> None:
    async with driven(samples.protected()) as cockpit:
        provider = CockpitCommands(cockpit.app.screen)
        names = [name for name, why, _run in provider._entries() if not why]
        assert any(name.startswith("B ") and "support bundle" in name for name in names)

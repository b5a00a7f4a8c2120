"""The palette says how the recording stands."""

from __future__ import annotations

from colotui.ui.commands import CockpitCommands
from tests.ui import samples
from tests.ui.driver import Driven, driven


def entries(cockpit: Driven) -> list[tuple[str, str]]:
    return [(name, why) for name, why, _run in CockpitCommands(cockpit.app.screen)._entries() if name == "Recording"]


async def test_the_palette_says_how_the_recording_stands() -> None:
    async with driven(samples.protected()) as cockpit:
        assert entries(cockpit) == []
        cockpit.app.recordings = lambda: ["recording into /x/[b]a.colorec"]
        assert entries(cockpit) == [("Recording", "recording into /x/[b]a.colorec")]
        found = CockpitCommands(cockpit.app.screen)._entries()
        next(run for name, _why, run in found if name == "Recording")()
        await cockpit.pilot.pause()
        assert "recording into /x/[b]a.colorec" in cockpit.said()

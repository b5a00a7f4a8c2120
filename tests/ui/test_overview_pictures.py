"""The list of guests and the tabs as they were approved."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from colotui.model.protection import Snapshot
from colotui.ui.app import CockpitApp
from tests.ui import fleetsamples as fs
from tests.ui import samples
from tests.ui.fake import FakeController
from tests.ui.test_overview import settle

SIZES = {"160x46": (160, 46), "100x30": (100, 30), "80x24": (80, 24)}
FLEETS: dict[str, tuple[Snapshot, ...]] = {
    "bad": (fs.lab(), fs.shop()),
    "well": (fs.many(64, bad=0), fs.pair("shop", db="protected")),
}


def app(name: str, **options: object) -> CockpitApp:
    named = [(snapshot.pair, FakeController(snapshot)) for snapshot in FLEETS[name]]
    sources = fs.sources(*named, broken=name == "bad")
    return CockpitApp(pairs=sources, now=lambda: samples.NOW, **options)  # type: ignore[arg-type]


def after(*keys: str) -> Callable[[Pilot[int]], object]:
    async def run(pilot: Pilot[int]) -> None:
        cockpit = pilot.app
        assert isinstance(cockpit, CockpitApp)
        await settle(cockpit, pilot)
        cockpit.redraw()
        await pilot.press(*keys)
        await pilot.pause()

    return run


@pytest.mark.parametrize("size", sorted(SIZES))
@pytest.mark.parametrize("name", sorted(FLEETS))
def test_list(snap_compare: Callable[..., bool], name: str, size: str) -> None:
    assert snap_compare(app(name), terminal_size=SIZES[size], run_before=after())


@pytest.mark.parametrize("theme", ["light", "high-contrast", "colour-blind-safe", "sixteen"])
def test_theme(snap_compare: Callable[..., bool], theme: str) -> None:
    assert snap_compare(app("bad", theme=theme), terminal_size=(100, 30), run_before=after())


def test_tiny(snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(app("bad"), terminal_size=(20, 5), run_before=after())


def test_ascii(snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(app("bad", ascii_only=True), terminal_size=(100, 30), run_before=after())


def test_no_colour(snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(app("bad"), terminal_size=(100, 30), run_before=after())

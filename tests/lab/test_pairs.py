"""Two pair files over the same hosts, watched by one cockpit with the real controllers: the list tells the truth."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from colotui import config
from colotui.controller.controller import PairController
from colotui.lab import build
from colotui.model.pair import DiskSpec, NicSpec, ProbeKind, ProbeSpec
from colotui.model.protection import State
from colotui.ui.app import CockpitApp
from colotui.ui.fleet import Rank, Source
from tests.lab.drive import Drive
from tests.lab.running import Lab


@pytest.fixture(scope="module")
def pairs_lab() -> Iterator[Lab]:
    """A lab of its own: beside it another may be up."""
    image = build.build(lambda *_: None)
    lab = Lab("hpa")
    lab.down()
    lab.up(image, tie=os.getpid())
    try:
        yield lab
    finally:
        lab.down()


@pytest.fixture
def files(pairs_lab: Lab, tmp_path: Path) -> list[Path]:
    """The lab's own pair file, one with another guest on the same hosts, one that is torn."""
    first = config.load(pairs_lab.pair_path)
    guest = first.guests[0]
    address = pairs_lab.client.address + "1"  # .10 -> .101
    other = replace(
        guest,
        name="web02",
        nics=(NicSpec("00:16:4f:00:00:22"),),
        disks=(DiskSpec("/var/lib/colotui/web02/disk0.qcow2", size=64 << 20),),
        append=guest.append.replace(pairs_lab.client.address, address),
        base_port=guest.base_port + 2000,
        probe=ProbeSpec(ProbeKind.PING, address),
    )
    second = tmp_path / "second.yaml"
    second.write_text(config.dump(replace(first, name="second", guests=(other,))))
    torn = tmp_path / "torn.yaml"
    torn.write_text("name: torn\nhots: {}\n")
    return [Path(pairs_lab.pair_path), second, torn]


def sources(files: list[Path]) -> list[Source]:
    def made(path: Path) -> Source:
        return path.stem, lambda: PairController(config.load(path))

    return [made(path) for path in files]


async def until(pilot: Pilot[int], wanted: Callable[[], bool], limit: float = 30.0) -> None:
    for _ in range(int(limit / 0.1)):
        if wanted():
            return
        await pilot.pause(0.1)
    app = pilot.app
    assert isinstance(app, CockpitApp)
    raise AssertionError([(row.name, row.rank, row.why) for row in app.fleet.standings])


async def test_one_protected_one_not_started_one_torn(pairs_lab: Lab, files: list[Path]) -> None:
    async with Drive(str(files[0])) as drive:
        await drive.protected()
        await drive.serving()
    app = CockpitApp(pairs=sources(files))
    async with app.run_test(size=(160, 46)) as pilot:

        def order() -> list[tuple[str, Rank]]:
            return [(row.name, row.rank) for row in app.fleet.standings]

        wanted = [("web02", Rank.NOT_SERVED), ("torn", Rank.UNKNOWN), ("web01", Rank.PROTECTED)]
        await until(pilot, lambda: order() == wanted)
        assert "torn.yaml:1: " in app.fleet.standings[1].why

        # Each pair has its own locks: both may act, and each on its own guest.
        assert [app.read_only_on(pair) for pair in app.fleet.pairs] == ["", "", ""]
        await pilot.press("3")
        await pilot.pause()
        assert app.guest_name == "web01"
        await pilot.press("alt+1")
        assert app.guest_name == "web02"
        plan = await app.connected.prepare("web02", app.fleet.standings[0].view.protection.do_now)  # type: ignore
        assert plan.guest == "web02"

        # The guest that is not on the screen loses its primary: the strip and a remark say so.
        primary = app.fleet.standings[2].view.protection.primary  # type: ignore[union-attr]
        pid = pairs_lab.path_on(primary, "/run/colotui/web01/pid").read_text().strip()
        subprocess.run(pairs_lab.host_argv(primary, ["kill", f"-{signal.SIGKILL}", pid]), check=True)
        await until(pilot, lambda: order()[0] == ("web01", Rank.NOT_SERVED))
        await until(pilot, lambda: any("web01: Not protected" in str(note.message) for note in app._notifications), 5)
        await pilot.pause(0.6)
        assert "✘ web01" in "".join(text for line in app.cockpit_screen.top.lines for text, _ in line)
        assert app.guest_name == "web02", "what is shown does not change by itself"
        await pilot.press("q")
        await asyncio.sleep(0)
    assert app.return_value == 0
    async with Drive(str(files[0])) as drive:
        assert drive.guest.protection.state is State.NOT_PROTECTED

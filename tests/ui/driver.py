"""How the tests of the screens drive the cockpit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from colotui.model.protection import Snapshot
from colotui.ui.app import CockpitApp
from colotui.ui.paint.canvas import text_of
from colotui.ui.widgets.lineview import LineView
from tests.ui import samples
from tests.ui.fake import FakeController


@dataclass
class Driven:
    """A running cockpit, its pilot and its controller."""

    app: CockpitApp
    pilot: Pilot[int]
    fake: FakeController

    def shown(self, name: str = "") -> str:
        """The text of one painted part, or of all parts of the screen on top."""
        parts = self.app.screen.query(LineView)
        chosen = [part for part in parts if part.display and (not name or part.id == name)]
        return "\n".join(text_of(line) for part in chosen for line in part.lines)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    def said(self) -> str:
        """The remarks that stand on the screen."""
        return "\n".join(str(note.message) for note in self.app._notifications)

    @property
    def screen_name(self) -> str:
        return type(self.app.screen).__name__


@asynccontextmanager
async def driven(
    snapshot: Snapshot, size: tuple[int, int] = (160, 46), tmp_path: Path | None = None, **options: Any
) -> AsyncIterator[Driven]:
    fake = FakeController(snapshot)
    options.setdefault("now", lambda: samples.NOW)
    app = CockpitApp(fake, export_folder=tmp_path, **options)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Driven(app, pilot, fake)
        fake.gate.set()

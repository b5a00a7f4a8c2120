"""How the tests drive the guided set-up: a running app, its pilot, and the fakes behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from textual.pilot import Pilot

from colotui.model.protection import Snapshot
from colotui.ui.paint.canvas import text_of
from colotui.ui.screens.wizard import WizardScreen
from colotui.ui.setupapp import SetupApp
from colotui.ui.widgets.lineview import LineView
from tests.ui import samples
from tests.ui.fake import FakeController
from tests.ui.fakesetup import FakePreparing

ROUNDS = 12


async def settled(pilot: Pilot[Any]) -> None:
    """The fakes answer at once, but through several tasks and messages one after the other."""
    for _ in range(ROUNDS):
        await asyncio.sleep(0.002)
    # A controller is made in a thread, which takes its own time.
    making = [worker for worker in pilot.app.workers if worker.name == "connect" and not worker.is_finished]
    if making:
        await asyncio.wait_for(pilot.app.workers.wait_for_complete(making), 10)
    await pilot.pause()


@dataclass
class Guided:
    """`controllers` are those that were made for the written pair."""

    app: SetupApp
    pilot: Pilot[int]
    fake: FakePreparing
    controllers: list[FakeController]

    async def settle(self) -> None:
        """Let the workers come to their end."""
        await settled(self.pilot)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
        await self.settle()

    async def type(self, text: str) -> None:
        """As a person types it: letter by letter."""
        names = {" ": "space", ".": "full_stop", "/": "slash", ":": "colon", "-": "minus", "?": "question_mark"}
        await self.press(*(names.get(char, char) for char in text))

    def shown(self) -> str:
        """The text of the screen on top."""
        parts = self.app.screen.query(LineView)
        return "\n".join(text_of(line) for part in parts if part.display for line in part.lines)

    @property
    def wizard(self) -> WizardScreen:
        return cast(WizardScreen, next(s for s in self.app.screen_stack if isinstance(s, WizardScreen)))

    @property
    def page(self) -> str:
        return self.wizard.session.page.value

    @property
    def top(self) -> str:
        return type(self.app.screen).__name__

    def called(self, name: str) -> int:
        return sum(call[0] == name for call in self.fake.calls)

    async def click_on(self, text: str) -> None:
        """Click where `text` stands; of several places the lowest."""
        for y, line in reversed(list(enumerate(self.shown().split("\n")))):
            if text in line:
                await self.pilot.click(offset=(line.index(text), y))
                await self.settle()
                return
        raise AssertionError(f"not on the screen: {text}")


def made(
    fake: FakePreparing, snapshot: Callable[[], Snapshot] = samples.absent, **options: Any
) -> tuple[SetupApp, list[FakeController]]:
    controllers: list[FakeController] = []

    def make(path: Path) -> FakeController:
        assert path == fake.path
        controllers.append(FakeController(snapshot()))
        return controllers[-1]

    options.setdefault("now", lambda: samples.NOW)
    options.setdefault("welcome", False)
    return SetupApp(lambda: fake, make, **options), controllers


@asynccontextmanager
async def guided(
    fake: FakePreparing | None = None,
    size: tuple[int, int] = (160, 46),
    snapshot: Callable[[], Snapshot] = samples.absent,
    **options: Any,
) -> AsyncIterator[Guided]:
    fake = fake or FakePreparing()
    app, controllers = made(fake, snapshot, **options)
    async with app.run_test(size=size) as pilot:
        driven = Guided(app, pilot, fake, controllers)
        await driven.settle()
        yield driven
        fake.gate.set()

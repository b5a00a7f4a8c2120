"""A person at the guided set-up of a bare lab: the keys they would press, on the real hosts, waiting as they would."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from textual.pilot import Pilot

from colotui import config
from colotui.controller.base import Controller
from colotui.controller.preparation import Preparation
from colotui.lab.lab import LabState
from colotui.lab.layout import GUEST_FOLDER, GUEST_MAC, IMAGES_FOLDER, Places
from colotui.ui.paint.canvas import text_of
from colotui.ui.screens.wizard import WizardScreen
from colotui.ui.setupapp import SetupApp
from colotui.ui.widgets.lineview import LineView

_KEYS = {
    " ": "space",
    ".": "full_stop",
    "/": "slash",
    ":": "colon",
    "-": "minus",
    "=": "equals_sign",
    "_": "underscore",
}


def make_app(folder: Path) -> SetupApp:
    """The real app: real preparation, real controller; drafts and the pair file go into `folder`."""

    def preparing() -> Preparation:
        return Preparation(folder, folder / "pair.yaml")

    def controller(path: Path) -> Controller:
        from colotui.controller.controller import PairController

        return PairController(config.load(path))

    return SetupApp(preparing, controller, welcome=False)


class Hand:
    """Presses keys and reads the screen."""

    def __init__(self, app: SetupApp, pilot: Pilot[Any]) -> None:
        self.app, self.pilot = app, pilot

    async def press(self, *keys: str) -> None:
        """One key after the other."""
        for key in keys:
            await self.pilot.press(key)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Letter by letter."""
        await self.press(*(_KEYS.get(char, char) for char in text))

    def shown(self) -> str:
        """The text of the screen on top."""
        parts = self.app.screen.query(LineView)
        return "\n".join(text_of(line) for part in parts if part.display for line in part.lines)

    async def until(self, wanted: Callable[[], bool], what: str, limit: float = 60.0) -> None:
        """Wait as a person does who looks at the screen."""
        end = time.monotonic() + limit
        while not wanted():
            assert time.monotonic() < end, f"not within {limit} s: {what}\n{self.shown()}"
            await asyncio.sleep(0.05)
            await self.pilot.pause()

    async def sees(self, text: str, limit: float = 60.0) -> None:
        """Wait for words on the screen."""
        await self.until(lambda: text in self.shown(), f"`{text}` on the screen", limit)

    @property
    def wizard(self) -> WizardScreen:
        """The set-up, wherever it lies."""
        return cast(WizardScreen, next(s for s in self.app.screen_stack if isinstance(s, WizardScreen)))

    async def page(self, name: str) -> None:
        """Wait for a page and until it has looked."""
        await self.until(lambda: self.wizard.session.page.value == name, f"page {name}")
        await self.until(lambda: not self.wizard.session.work.busy, f"page {name} has looked")

    async def go(self, field: str) -> None:
        """Tab until the cursor is in that field."""
        for _ in range(40):
            here = self.wizard.session.focused
            if here is not None and here.key == field:
                return
            await self.press("tab")
        raise AssertionError(f"no field {field}; at {self.wizard.session.focused}\n{self.shown()}")

    async def fill(self, field: str, text: str) -> None:
        """Empty a field and type into it."""
        await self.go(field)
        await self.press("ctrl+u")
        await self.type(text)


async def hosts(hand: Hand, state: LabState) -> None:
    """Page 1: addresses and key file; each fingerprint is compared with the host's own key, then accepted."""
    places = Places(state.name)
    for place, host in enumerate(("alpha", "beta")):
        await hand.fill(f"host.{place}.address", state.hosts[host].address)
        await hand.fill(f"host.{place}.key", str(places.key))
    await hand.press("enter")
    for place in (0, 1):

        def asked(place: int = place) -> bool:
            told = hand.wizard.session.work.reached[place]
            return told is not None and bool(told.fingerprint or told.ok)

        await hand.until(asked, "the host's key is shown")
        told = hand.wizard.session.work.reached[place]
        assert told is not None
        if told.ok:
            continue
        assert told.fingerprint in hand.shown()
        await hand.go(f"ask.{place}")
        await hand.press("y")

        def reached(place: int = place) -> bool:
            told = hand.wizard.session.work.reached[place]
            return told is not None and told.ok

        await hand.until(reached, "the host is reached")
    await hand.press("enter")
    await hand.page("engine")


async def network(hand: Hand) -> None:
    """Pages 2 and 3: the engine is qemu; eth0 faces the clients, eth1 is the cable, which is tested."""
    await hand.press("enter")
    await hand.page("network")
    for _ in range(2):
        await hand.press("space", "down", "space", "up", "tab")
    draft = hand.wizard.session.work.draft
    assert [(host.service_nic, host.forward_nic) for host in draft.hosts] == [("eth0", "eth1")] * 2
    await hand.press("t")
    await hand.sees("same cable")
    await hand.until(lambda: not hand.wizard.session.work.busy, "the cable is tested")


async def on_to_guest(hand: Hand) -> None:
    """Pages 4 and 5 as they are proposed."""
    for page in ("modules and ifb", "irq and clock", "guest"):
        await hand.press("enter")
        await hand.page(page)


async def guest(hand: Hand, state: LabState) -> None:
    """Page 6: the lab's guest, typed in."""
    from colotui.lab.guestimage import KERNEL_OPTIONS

    for field, text in (
        ("guest.memory", "128 MiB"),
        ("guest.mac", GUEST_MAC),
        ("guest.probe", f"http://{state.net.guest}/"),
        ("guest.disk", f"{GUEST_FOLDER}/disk0.qcow2"),
        ("guest.kernel", f"{IMAGES_FOLDER}/vmlinuz"),
        ("guest.initrd", f"{IMAGES_FOLDER}/initrd"),
        ("guest.append", f"{KERNEL_OPTIONS} lab.address={state.net.guest}/24"),
    ):
        await hand.fill(field, text)
    await hand.press("enter")
    await hand.page("review")


async def review_and_run(hand: Hand) -> None:
    """Pages 7 and 8: read the plan, run it."""
    await hand.press("enter")
    await hand.page("run")
    await hand.press("enter")


async def to_review(hand: Hand, state: LabState) -> None:
    """From the first page to the review."""
    await hosts(hand, state)
    await network(hand)
    await on_to_guest(hand)
    await guest(hand, state)

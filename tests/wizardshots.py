"""Draws the guided set-up on two bare lab hosts into screenshots/: python -m tests.wizardshots

As root. Driven as a person would; every value was read from the hosts.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from colotui.lab import build
from colotui.lab.lab import Lab
from tests.lab.wizardhand import Hand, guest, hosts, make_app, network, on_to_guest
from tests.screenshots import shoot

SIZES = {"160x46": (160, 46), "100x30": (100, 30), "80x24": (80, 24)}


async def main() -> None:
    """From the first page to the written pair file."""
    lab = Lab("shots")
    lab.down()
    lab.up(build.build(lambda *_: None), bare=True, tie=os.getpid())
    state = lab.state()
    assert state is not None
    try:
        with tempfile.TemporaryDirectory() as folder:
            os.environ.update(HOME=folder, XDG_STATE_HOME=f"{folder}/state", XDG_CONFIG_HOME=f"{folder}/config")
            app = make_app(Path(folder))
            async with app.run_test(size=(160, 46)) as pilot:
                hand = Hand(app, pilot)
                await hand.until(lambda: type(app.screen).__name__ == "WizardScreen", "the wizard opens")
                await hosts(hand, state)
                await network(hand)
                for name, size in SIZES.items():
                    await pilot.resize_terminal(*size)
                    await pilot.pause()
                    shoot(app, f"9-wizard-network-{name}")
                await pilot.resize_terminal(160, 46)
                await on_to_guest(hand)
                await guest(hand, state)
                shoot(app, "9-wizard-review-160x46")
    finally:
        lab.down()


if __name__ == "__main__":
    asyncio.run(main())

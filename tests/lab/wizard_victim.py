"""The real guided set-up that is killed with SIGKILL in a step: tests.lab.wizard_victim LAB FOLDER INDEX DELAY."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from colotui.lab.lab import Lab
from colotui.model.plan import StepState
from tests.lab.wizardhand import Hand, make_app, review_and_run, to_review


def main(name: str, folder: str, index: int, delay: float) -> None:
    """Go on where the draft was left, run, and die `delay` s after step `index` began; status 3 when it never did."""
    state = Lab(name).state()
    assert state is not None
    app = make_app(Path(folder))

    async def person(pilot: Pilot[Any]) -> None:
        hand = Hand(app, pilot)
        await hand.until(lambda: any(type(s).__name__ == "WizardScreen" for s in app.screen_stack), "the wizard opens")
        await hand.until(lambda: hand.wizard.is_mounted and bool(hand.shown().strip()), "its first picture")
        if hand.wizard.session.page.value == "hosts and keys":
            await to_review(hand, state)
        await hand.page("review")
        preparation = app.setup
        assert preparation is not None

        def watch() -> None:
            steps = preparation.progress.steps if preparation.progress is not None else ()
            if index < len(steps) and steps[index].state is StepState.RUNNING:
                threading.Timer(delay, os.kill, (os.getpid(), signal.SIGKILL)).start()

        preparation.subscribe(watch)
        await review_and_run(hand)
        await hand.sees("written:")
        os._exit(3)

    app.run(headless=True, size=(160, 46), auto_pilot=person)
    sys.exit(app.return_code or 4)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))

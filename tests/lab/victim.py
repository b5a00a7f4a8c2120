"""A cockpit that kills itself with SIGKILL as soon as a given step of a plan runs: python -m tests.lab.victim."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from colotui.model.plan import Action, StepState
from colotui.model.protection import Snapshot
from tests.lab.drive import GUEST, Drive


async def main(path: str, action: Action, key: str) -> None:
    """Run `action` and die at `key`; ends with status 3 when that step never ran."""
    async with Drive(path) as drive:

        def watch(snapshot: Snapshot) -> None:
            progress = snapshot.guests[0].progress
            for step in progress.steps if progress else ():
                if step.key == key and step.state is not StepState.WAITING:
                    os.kill(os.getpid(), signal.SIGKILL)

        # The watches see progress as it is published; the snapshot may lag a step behind, which is as good a moment.
        drive.controller.subscribe(watch)
        plan = await drive.controller.prepare(GUEST, action)
        await drive.controller.run(plan, plan.confirm)
        await asyncio.sleep(0.3)
    sys.exit(3)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Action(sys.argv[2]), sys.argv[3]))

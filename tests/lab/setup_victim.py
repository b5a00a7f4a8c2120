"""A set-up that kills itself with SIGKILL in a step: tests.lab.setup_victim PAIR FOLDER INDEX do|undo DELAY."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path

from colotui.config import load
from colotui.controller.preparation import Preparation
from colotui.model.plan import StepState


async def main(path: str, folder: str, index: int, way: str, delay: float) -> None:
    """Run the plan, or its undo, and die `delay` s after step `index` began; status 3 when it never did."""
    preparation = Preparation(Path(folder), Path(path), pair=load(path))
    plan = await (preparation.undo_plan() if way == "undo" else preparation.plan())

    def watch() -> None:
        progress = preparation.progress
        if progress is None or index >= len(progress.steps):
            return
        if progress.steps[index].state is StepState.RUNNING:
            threading.Timer(delay, os.kill, (os.getpid(), signal.SIGKILL)).start()

    preparation.subscribe(watch)
    if plan.steps:
        await preparation.run(plan)
    await asyncio.sleep(delay + 0.05)
    sys.exit(3)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], float(sys.argv[5])))

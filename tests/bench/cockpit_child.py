"""The program under measurement: `ours` or `stock` on the stood-in controller, until SIGTERM.

Options after the name: guests=N, events=N (a second), trace=lines,2000,60 (see cockpit_trace), record=FILE,
report=FILE, profile=FILE.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from colotui import collector

TICK = 0.1


class Ticker:
    """How late the loop comes to what is due every 100 ms: a frame cannot be less late than that."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self.on = True

    async def run(self) -> None:
        """Until it is turned off."""
        due = time.perf_counter() + TICK
        while self.on:
            await asyncio.sleep(due - time.perf_counter())
            if self.on:
                self.late.append((time.perf_counter() - due) * 1000.0)
            due = max(due + TICK, time.perf_counter())


def main(kind: str, options: dict[str, str]) -> None:
    """Run the app to its end."""
    made: list[Any] = []

    def make() -> Any:
        from tests.bench.cockpit_feed import StoodIn

        events = int(options.get("events", "50"))
        made.append(StoodIn(int(options.get("guests", "1")), events=events, trace=options.get("trace", "")))
        if "record" in options:
            from colotui.record.recorder import Recorder

            recorder = Recorder(Path(options["record"]), made[0].pair)
            made[0].subscribe(recorder.take)
            recorder.start()
        if kind != "stock":
            collector.started()
        return made[0]

    app: Any
    if kind == "stock":
        from tests.bench.cockpit_stock import StockApp

        app = StockApp(make)
    else:
        collector.starting()  # as the command does
        from colotui.ui.app import CockpitApp

        app = CockpitApp(make_controller=make)
    ticker = Ticker()
    begun: list[tuple[float, int]] = []

    def leave() -> None:
        ticker.on = False  # taking leave of the terminal is no frame
        app.exit()

    async def alongside() -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, leave)
        while not made:
            await asyncio.sleep(0.1)
        await asyncio.sleep(3.0)
        begun.append((time.perf_counter(), made[0].parsed))
        await ticker.run()

    async def run() -> None:
        task = asyncio.create_task(alongside())
        await app.run_async()
        task.cancel()

    if "profile" in options:
        import cProfile

        cProfile.runctx("asyncio.run(run())", {"asyncio": asyncio, "run": run}, {}, options["profile"])
    else:
        asyncio.run(run())
    if "report" in options and begun:
        took = time.perf_counter() - begun[0][0]
        history = made[0]._watches["web01"].engine.history
        found = {
            "late": ticker.late, "seconds": took, "parsed": made[0].parsed - begun[0][1], "items": made[0].items,
            "checkpoints": history.trace_total, "mismatches": history.mismatch_total, "all_parsed": made[0].parsed,
        }  # fmt: skip
        Path(options["report"]).write_text(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], dict(word.split("=", 1) for word in sys.argv[2:]))
    os._exit(0)

"""The checkpoint pause with quickack on the forward route against without: the same pair, turn about, in one run.

Run as root: python -m tests.bench.pause [rounds]. The set-up's own step makes and takes back the setting on both
hosts; a pause is the time between QEMU's STOP and RESUME, by the primary's clock.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from colotui.controller.preparation import Preparation
from colotui.model.pair import Pair
from colotui.model.plan import Plan
from tests.lab.drive import Drive
from tests.lab.running import running_lab

DELAY = 500
"""Milliseconds between two checkpoints of an idle guest."""

COUNT = 30
"""Checkpoints a round counts for each side."""

SETTLE = 3
"""Checkpoints after a change that are not counted."""


async def setting(pair: Pair, folder: Path, *, on: bool) -> None:
    """Set or take back quickack on both hosts, with the plan that operators run."""
    preparation = Preparation(folder, folder / "pair.yaml", pair=pair)
    try:
        plan: Plan = await (preparation.plan if on else preparation.undo_plan)(("quickack",))
        progress = await preparation.run(plan)
        assert not progress.failed, progress.failed
    finally:
        await preparation.close()


async def pauses(drive: Drive) -> list[float]:
    """The pauses of the next COUNT checkpoints, in milliseconds."""
    begun = drive.guest.stats.total
    want = begun + SETTLE + COUNT
    await drive.until(lambda view: view.stats.total >= want, limit=COUNT * 4.0, what=f"{COUNT} checkpoints")
    recent = drive.guest.checkpoints[-COUNT - 1 : -1]
    return [checkpoint.pause_ms for checkpoint in recent if checkpoint.pause_ms is not None]


async def main(rounds: int) -> None:
    """Both settings in turn; medians and their ratio."""
    with running_lab() as lab, tempfile.TemporaryDirectory() as folder:
        first = Drive(lab.pair_path).pair
        pair = replace(first, guests=tuple(replace(guest, checkpoint_delay=DELAY) for guest in first.guests))
        for host in ("alpha", "beta"):  # the lab's hosts come tuned: begin as an ordinary host does
            untune(lab.host_argv(host, []), pair.host(host).forward.nic)
        tuned: list[float] = []
        plain: list[float] = []
        async with Drive(pair) as drive:
            await drive.protected()
            for number in range(rounds):
                plain += await pauses(drive)
                await setting(pair, Path(folder), on=True)
                tuned += await pauses(drive)
                await setting(pair, Path(folder), on=False)
                print(f"round {number + 1}: {describe(plain)} without, {describe(tuned)} with quickack", flush=True)
        ratio = statistics.median(tuned) / statistics.median(plain)
        print(f"pause: median {statistics.median(tuned):.1f} ms with quickack (n={len(tuned)}), "
              f"{statistics.median(plain):.1f} ms without (n={len(plain)}), ratio {ratio:.2f}")  # fmt: skip


def untune(inside: list[str], nic: str) -> None:
    """Take quickack off a host's forward route."""
    found = subprocess.run([*inside, "ip", "-4", "route", "show", "dev", nic, "proto", "kernel"],
                           capture_output=True, text=True, check=True).stdout.split()  # fmt: skip
    network, source = found[0], found[found.index("src") + 1]
    route = [network, "dev", nic, "proto", "kernel", "scope", "link", "src", source]
    subprocess.run([*inside, "ip", "route", "replace", *route], check=True)


def describe(values: list[float]) -> str:
    """The median so far."""
    return f"{statistics.median(values):.1f} ms"


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))

"""Failover from the command to the client's first reply, against the bare QMP sequence on the same pair.

Run as root: python -m tests.bench.failover [rounds]. Each round kills the primary twice, once for colotui's
plan and once for the bare sequence; the reply is a ping at 5 ms intervals from the client's own network.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from colotui.model.plan import Action
from colotui.model.protection import Life
from tests.lab.client import Pinger
from tests.lab.drive import GUEST, Drive
from tests.lab.running import Lab, running_lab
from tests.lab.test_failover import RUN, kill


class BareQmp:
    """The least that can speak QMP: one socket, one command after the other."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._file = self._socket.makefile("rw")
        self._file.readline()
        self.call("qmp_capabilities")

    def call(self, command: str, **arguments: object) -> Any:
        """One command; its value."""
        self._file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._file.flush()
        while True:
            answer = json.loads(self._file.readline())
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise RuntimeError(answer["error"])

    def close(self) -> None:
        """End it."""
        self._socket.close()


def bare_failover(path: str) -> float:
    """Upstream's sequence and nothing else; when it began."""
    qmp = BareQmp(path)
    begun = bare_sequence(qmp)
    qmp.close()
    return begun


def bare_sequence(qmp: BareQmp) -> float:
    """Upstream's sequence on a connection that is open already; when it began."""
    begun = time.time()
    qmp.call("nbd-server-stop")
    qmp.call("x-colo-lost-heartbeat")
    while qmp.call("query-colo-status")["mode"] != "none":
        time.sleep(0.001)
    for name in ("f2", "f1"):
        qmp.call("object-del", id=name)
    for label in ("red1", "red0"):
        qmp.call("chardev-remove", id=label)
    return begun


async def one(lab: Lab, drive: Drive, folder: Path, bare: bool) -> tuple[float, float | None]:
    """One failover: milliseconds to the first reply, and how long the guest stood still for the protection."""
    stopped = await protect(drive)
    await asyncio.sleep(1.0)
    pinger = Pinger(lab.client, folder / "ping.log", interval=0.005)
    await asyncio.sleep(0.5)
    old, new = drive.primary, drive.secondary
    kill(lab, drive, old)
    await drive.until(lambda v: v.copies[old].life is Life.DEAD, 5, "the death is seen")
    await asyncio.sleep(0.7)
    if bare:
        begun = await asyncio.to_thread(bare_failover, str(lab.path_on(new, f"{RUN}/people")))
    else:
        plan = await drive.controller.prepare(GUEST, Action.FAILOVER)
        begun = time.time()
        progress = await drive.controller.run(plan, plan.confirm)
        assert not progress.failed, progress.failed
    await asyncio.sleep(1.5)
    first = pinger.first_after(begun)
    pinger.stop()
    await drive.until(lambda v: v.copies[new].role.value == "primary", 5, "the survivor speaks")
    return (first - begun) * 1000.0, stopped


async def protect(drive: Drive) -> float | None:
    """Protect; milliseconds the guest stood still, as the plan measured it."""
    await drive.protected()
    progress = drive.guest.progress
    step = next((s for s in progress.steps if s.key == "lockstep"), None) if progress else None
    match = re.search(r"stopped (\d+) ms", step.output) if step else None
    return float(match.group(1)) if match else None


def line(name: str, values: list[float]) -> str:
    """Median, p95 and the number of runs."""
    ordered = sorted(values)
    p95 = ordered[max(0, int(len(ordered) * 0.95) - 1)]
    return f"{name:<34} median {statistics.median(ordered):7.1f} ms   p95 {p95:7.1f} ms   n={len(ordered)}"


async def main(rounds: int) -> None:
    """The whole comparison."""
    found: dict[bool, list[float]] = {False: [], True: []}
    stops: list[float] = []
    with running_lab() as lab, tempfile.TemporaryDirectory() as folder:
        async with Drive(lab.pair_path) as drive:
            for number in range(rounds):
                for bare in (False, True) if number % 2 else (True, False):
                    took, stopped = await one(lab, drive, Path(folder), bare)
                    found[bare].append(took)
                    if stopped is not None:
                        stops.append(stopped)
                print(f"round {number + 1}: plan {found[False][-1]:.0f} ms, bare {found[True][-1]:.0f} ms", flush=True)
    print(line("colotui's plan, to the first reply", found[False]))
    print(line("bare QMP sequence", found[True]))
    print(f"ratio of the medians {statistics.median(found[False]) / statistics.median(found[True]):.2f}")
    print(line("guest stopped while protecting", stops))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))

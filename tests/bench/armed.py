"""The client's gap after a kill -9 of the primary, with the failover armed, against the bare QMP sequence.

Run as root: python -m tests.bench.armed [rounds]. Each round kills the primary twice: once colotui is armed, once a
thread waits for the same exit with a pidfd of its own, no agent and no channel between, and then runs upstream's
sequence on a monitor that is open already. The gap is that of a ping at 5 ms intervals from the client's network.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path

from colotui.model.protection import State
from tests.bench.failover import BareQmp, bare_sequence, line
from tests.lab.client import Pinger
from tests.lab.drive import GUEST, Drive
from tests.lab.running import Lab, running_lab
from tests.lab.test_failover import RUN


def outer_pid(lab: Lab, host: str, inner: int) -> int:
    """The number that this machine gives to a process of a lab host."""
    argv = lab.host_argv(host, ["readlink", "/proc/self/ns/pid"])
    space = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if str((entry / "ns/pid").readlink()) != space:
                continue
            status = (entry / "status").read_text()
        except OSError:
            continue
        numbers = next(row for row in status.splitlines() if row.startswith("NSpid:")).split()
        if int(numbers[-1]) == inner:
            return int(entry.name)
    raise LookupError(f"{host} has no process {inner}")


def wait_and_promote(pid: int, qmp: BareQmp) -> float:
    """Wait for the end of `pid`, then the bare sequence; when that began."""
    handle = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    poll.poll()
    os.close(handle)
    return bare_sequence(qmp)


async def ready(drive: Drive, lab: Lab) -> tuple[str, int]:
    """Protect; the survivor to be, and the primary's process as this machine numbers it."""
    await drive.protected()
    await asyncio.sleep(1.0)
    inner = drive.guest.copies[drive.primary].pid
    assert inner is not None
    return drive.secondary, outer_pid(lab, drive.primary, inner)


async def die(lab: Lab, pid: int, log: Path, ended: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """Kill `pid` while a client pings; when, and the client's gap in milliseconds. `ended` waits for the promotion."""
    pinger = Pinger(lab.client, log, interval=0.005)
    await asyncio.sleep(1.0)
    killed = time.time()
    os.kill(pid, signal.SIGKILL)
    await ended()
    await asyncio.sleep(1.0)
    gap = pinger.gap_after(killed)
    pinger.stop()
    return killed, gap * 1000.0


async def armed(lab: Lab, log: Path, parts: dict[str, list[float]]) -> float:
    """One death with the failover armed; the gap."""
    async with Drive(lab.pair_path) as drive:
        _survivor, pid = await ready(drive, lab)
        await drive.controller.arm(GUEST, on=True)
        await drive.until(lambda v: v.armed is not None and v.armed.able, 3, "it is armed")

        async def ended() -> None:
            await drive.until_state(State.FAILED_OVER, 8)

        killed, gap = await die(lab, pid, log, ended)
        progress = drive.guest.progress
        assert progress is not None
        assert not progress.failed, progress.failed
    parts["armed: kill to the first step"].append((progress.started_at - killed) * 1000.0)
    for step in progress.steps:
        parts[f"armed: step {step.key}"].append((step.seconds or 0.0) * 1000.0)
    return gap


async def bare(lab: Lab, log: Path, parts: dict[str, list[float]]) -> float:
    """One death with the bare sequence alone: no cockpit is there to ask the survivor anything meanwhile."""
    async with Drive(lab.pair_path) as drive:
        survivor, pid = await ready(drive, lab)
    qmp = BareQmp(str(lab.path_on(survivor, f"{RUN}/people")))
    waiting = asyncio.create_task(asyncio.to_thread(wait_and_promote, pid, qmp))

    async def ended() -> None:
        await waiting

    killed, gap = await die(lab, pid, log, ended)
    qmp.close()
    parts["bare: kill to the first command"].append((waiting.result() - killed) * 1000.0)
    return gap


async def main(rounds: int) -> None:
    """The whole comparison."""
    gaps: dict[str, list[float]] = {"armed": [], "bare": []}
    parts: dict[str, list[float]] = defaultdict(list)
    with running_lab() as lab, tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "ping.log"
        for number in range(rounds):
            for name, run in (("armed", armed), ("bare", bare))[:: 1 if number % 2 else -1]:
                gaps[name].append(await run(lab, log, parts))
            print(f"round {number + 1}: armed {gaps['armed'][-1]:.0f} ms, bare {gaps['bare'][-1]:.0f} ms", flush=True)
    print(line("armed, the client's gap", gaps["armed"]))
    print(line("bare QMP sequence, same exit", gaps["bare"]))
    print(f"ratio of the medians {statistics.median(gaps['armed']) / statistics.median(gaps['bare']):.2f}")
    for name, values in parts.items():
        print(line(name, values))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))

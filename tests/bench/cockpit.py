"""What the cockpit costs: CPU, memory, bytes to the terminal, first paint, key to paint, and a flood of trace.

python -m tests.bench.cockpit [part ...] [--short]   parts: cpu, guests, first, keys, flood; all without a name.
As root the measured programs get precedence over whatever else runs on the machine.
The real app runs in a real terminal of 160x46 on the real controller, whose hosts are stood in for. The stock-widget
version of the same screen runs turn about with it. Figures are printed beside their limits; nothing fails.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.cockpit_pty import Program

WARM = 4.0
SHORT = "--short" in sys.argv
_ROWS: list[tuple[str, str, str]] = []


def row(name: str, figure: str, limit: str = "") -> None:
    """One line of the table, printed at once and kept for the end."""
    _ROWS.append((name, figure, limit))
    print(f"{name:<58} {figure:>22}  {limit}", flush=True)


def child(kind: str, **options: object) -> Program:
    """The program under measurement."""
    words = [f"{name}={value}" for name, value in options.items()]
    return Program([sys.executable, "-m", "tests.bench.cockpit_child", kind, *words])


def quantile(values: list[float], share: float) -> float:
    """Nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def watched(kind: str, seconds: float, **options: object) -> tuple[float, float, float, float]:
    """CPU in percent of a core, KiB/s to the terminal, MiB of memory now and at most."""
    with child(kind, **options) as program:
        program.wait_for(rb"pause", 20)
        time.sleep(WARM)
        cpu, total, begun = program.cpu(), program.total, time.perf_counter()
        time.sleep(seconds)
        took = time.perf_counter() - begun
        share = (program.cpu() - cpu) / took * 100
        rate = (program.total - total) / took / 1024
        found = share, rate, program.memory(), program.memory("VmHWM")
        program.end()
        return found


def part_cpu() -> None:
    """CPU, bytes and memory, ours and stock in turn; 30 s of each in two halves."""
    found: dict[str, list[tuple[float, float, float, float]]] = {"ours": [], "stock": []}
    for _ in range(1 if SHORT else 2):
        for kind in ("ours", "stock"):
            found[kind].append(watched(kind, 15.0))
    for kind, limits in (("ours", ("<= 3 %", "<= 20 KiB/s", "<= 60 MiB")), ("stock", ("", "", ""))):
        cpu, rate, memory, most = (statistics.mean(column) for column in zip(*found[kind], strict=True))
        row(f"CPU at 2 Hz, 50 events/s, 160x46: {kind}", f"{cpu:.1f} %", limits[0])
        row(f"bytes to the terminal: {kind}", f"{rate:.1f} KiB/s", limits[1])
        row(f"memory (RSS), and at most: {kind}", f"{memory:.1f} / {most:.1f} MiB", limits[2])
    with tempfile.TemporaryDirectory() as folder:
        cpu, rate, memory, most = watched("ours", 15.0, record=Path(folder) / "bench.colorec")
    row("the same while it records", f"{cpu:.1f} %, {rate:.1f} KiB/s, {memory:.1f} MiB")
    idle = watched("ours", 15.0, events=0)
    row("CPU at 2 Hz without events: ours", f"{idle[0]:.1f} %, {idle[1]:.1f} KiB/s")


def part_guests() -> None:
    """The same with 64 guests."""
    cpu, rate, memory, _ = watched("ours", 15.0, guests=64)
    row("64 guests: CPU, bytes, memory", f"{cpu:.1f} %, {rate:.1f} KiB/s, {memory:.0f} MiB")


PAIR = """
name: lab
hosts:
  alpha: {address: 127.0.0.1, port: 9, bridge: br0, service_nic: eth0, forward: {nic: eth1, address: 10.78.0.1/24}}
  beta: {address: 127.0.0.2, port: 9, bridge: br0, service_nic: eth0, forward: {nic: eth1, address: 10.78.0.2/24}}
guests:
  web01:
    memory: 512 MiB
    disks: [{path: /var/lib/colotui/web01/disk0.qcow2, format: qcow2}]
    nics: [{mac: "52:54:00:12:34:56"}]
"""


def part_first() -> None:
    """From the start of the command to the first picture, and to the first snapshot."""
    first: list[float] = []
    ready: list[float] = []
    spent: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pair.yaml"
        path.write_text(PAIR)
        env = {"XDG_STATE_HOME": folder}
        for number in range(6 if SHORT else 16):
            command = [sys.executable, "-m", "colotui", "--read-only", "-c", str(path)]
            with Program(command, env=env) as program:
                painted = program.wait_for(rb"reading the pair file|connecting")
                cpu = program.cpu()
                snapshot = program.wait_for(rb"packet mismatches")
                if number:  # the first run warms the cache
                    first.append(painted - program.started)
                    ready.append(snapshot - program.started)
                    spent.append(cpu)
    row(
        "first paint, median (p95), warm cache",
        f"{statistics.median(first):.3f} ({quantile(first, 0.95):.3f}) s",
        "< 0.3 s",
    )
    row("CPU spent until the first paint, median", f"{statistics.median(spent):.2f} s")
    row("first snapshot on the screen, median (p95)", f"{statistics.median(ready):.3f} ({quantile(ready, 0.95):.3f}) s")


def part_keys() -> None:
    """From a key to the bytes that show its effect, while trace lines arrive."""
    chance = random.Random(3)
    count = 30 if SHORT else 100
    waits: dict[str, list[float]] = {"freeze": [], "focus": []}
    with child("ours", trace=f"lines,2000,{count * 2}") as program:
        program.wait_for(rb"pause", 20)
        time.sleep(WARM)
        for _ in range(count):
            time.sleep(chance.uniform(0.05, 0.3))
            waits["freeze"].append(timed(program, b"z", rb"FROZEN"))
            program.type(b"z")
            time.sleep(chance.uniform(0.05, 0.3))
            waits["focus"].append(timed(program, b"1", rb"108;182;255[^m]*m *1 hosts"))
            program.type(b"\x1b[Z")
        program.end()
    for name, values in waits.items():
        ms = [value * 1000 for value in values]
        figure = f"{statistics.median(ms):.0f} / {quantile(ms, 0.95):.0f} / {max(ms):.0f} ms"
        row(f"key to paint, 2,000 trace lines/s, median/p95/max: {name}", figure, "p95 <= 50 ms")


def timed(program: Program, key: bytes, effect: bytes) -> float:
    at = program.type(key)
    return program.wait_for(effect) - at


def part_flood() -> None:
    """20 MB/s of trace through the watcher and parser inside the app."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report"
        seconds = 8 if SHORT else 15
        with child("ours", trace=f"bytes,21000000,{seconds + 10}", report=report) as program:
            program.wait_for(rb"pause", 20)
            time.sleep(WARM)
            cpu, begun = program.cpu(), time.perf_counter()
            time.sleep(seconds)
            share = (program.cpu() - cpu) / (time.perf_counter() - begun) * 100
            program.end()
        found = json.loads(report.read_text())
    late = found["late"]
    row("trace parsed in the app", f"{found['parsed'] / found['seconds'] / 1e6:.1f} MB/s", "20 MB/s")
    figure = f"{statistics.median(late):.0f} / {quantile(late, 0.95):.0f} / {max(late):.0f} ms"
    row("frames late meanwhile, median/p95/max", figure, "<= 50 ms")
    row("frames more than 50 ms late, of all", f"{sum(x > 50 for x in late)} of {len(late)}", "0")
    row("CPU meanwhile", f"{share:.0f} %")
    row("checkpoints and mismatches found meanwhile", f"{found['checkpoints']}, {found['mismatches']}")


PARTS = {"cpu": part_cpu, "guests": part_guests, "first": part_first, "keys": part_keys, "flood": part_flood}


def main(names: list[str]) -> None:
    """Run the named parts, or all."""
    with contextlib.suppress(PermissionError):
        os.nice(-15)  # what others do on this machine is not the cockpit's cost; its children inherit it
    with tempfile.TemporaryDirectory() as cache:
        # As installed: with compiled modules, wherever this machine lets them be written.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = cache
        watched("ours", 0.0)
        for name in names or PARTS:
            PARTS[name]()


if __name__ == "__main__":
    main([word for word in sys.argv[1:] if not word.startswith("-")])

"""The real controller with stood-in hosts: everything between two answers of a host and the screen is the product's."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

from colotui.controller.controller import PairController
from colotui.controller.guest import GuestWatch
from colotui.engine.qemu.watcher import Watcher
from colotui.host.channel import Host, load_ssh
from colotui.model.checkpoint import Checkpoint
from colotui.model.mismatch import Mismatch
from colotui.model.pair import Pair
from colotui.model.protection import Copy, Event, LinkState, Probe, Severity, Witness
from tests.ui import samples

EVENTS_PER_S = 50
HOUR = 3600
_READ = 64 << 10


def pair_of(guests: int) -> Pair:
    """The pair of the samples with so many guests."""
    specs = [samples.GUEST] + [
        replace(samples.GUEST, name=f"web{index:02d}", base_port=9000 + 1000 * (index % 50))
        for index in range(2, guests + 1)
    ]
    return Pair("lab", (samples.ALPHA, samples.BETA), tuple(specs))


class StoodIn(PairController):
    """Publishes as the real one does; what hosts would answer is made up here, twice a second."""

    def __init__(self, guests: int = 1, *, events: int = EVENTS_PER_S, trace: str = "") -> None:
        super().__init__(pair_of(guests))
        self._chance = random.Random(1)
        self._every = events
        self._trace = trace.split(",") if trace else []
        self.parsed = 0
        self.items = 0
        now = time.time()
        for keeper in self._keepers.values():
            keeper.state, keeper.since = LinkState.UP, now - HOUR
        for watch in self._watches.values():
            self._fill(watch, now)
        for event in samples.EVENTS:
            self._emit(replace(event, at=event.at - samples.NOW + now))
        self._answer(now)
        self._snapshot = self._build()

    def _fill(self, watch: GuestWatch, now: float) -> None:
        """An hour of checkpoints, as after an hour of watching."""
        made = samples.checkpoints(now - 0.5, HOUR if watch.spec.name == samples.GUEST.name else 300)
        watch.engine.history.trace([*made])
        watch.engine.history.trace([replace(m, at=m.at - samples.NOW + now) for m in samples.MISMATCHES])
        for event in watch.asked.values():
            event.set()
        watch.forward_up.update({"alpha": True, "beta": True})

    def _answer(self, now: float) -> None:
        chance = self._chance
        for name in ("alpha", "beta"):
            known = samples.facts(name)
            link = replace(
                cast(Any, known.forward),
                rx_bytes_per_s=chance.uniform(1.9e5, 2.1e5), tx_bytes_per_s=chance.uniform(1.8e6, 2.0e6),
            )  # fmt: skip
            ifbs = tuple(replace(p, packets_per_s=chance.uniform(1100, 1300)) for p in known.ifb_pairs)
            self._facts[name] = replace(
                known, taken_at=now, load1=chance.uniform(0.3, 0.5), cpu_percent=chance.uniform(9, 15),
                rtt_ms=chance.uniform(0.2, 0.5), forward=link, ifb_pairs=ifbs,
                memory_available=int(chance.uniform(1300, 1320)) << 20,
            )  # fmt: skip
        for watch in self._watches.values():
            self._answer_of(watch, now)

    def _answer_of(self, watch: GuestWatch, now: float) -> None:
        chance = self._chance
        copies: dict[str, Copy] = {
            "alpha": samples.primary(seen_at=now, cpu_percent=chance.uniform(8, 14), rss=257 << 20),
            "beta": samples.secondary(seen_at=now, cpu_percent=chance.uniform(6, 11), rss=684 << 20),
        }
        watch.copies.update(copies)
        watch.engine._copies.update(copies)
        watch.engine._roles.update({name: copy.role for name, copy in copies.items()})
        mono = time.monotonic()
        for port in watch.engine._ports():
            counted = SimpleNamespace(bytes_sent=0, data_segs_in=0, data_segs_out=0)
            moved = SimpleNamespace(
                bytes_sent=chance.uniform(1.2e6, 1.4e6), data_segs_in=chance.uniform(90, 100),
                data_segs_out=chance.uniform(110, 120),
            )  # fmt: skip
            watch.engine._traffic[port] = cast(Any, (mono, moved, counted, mono - 1.0))
        watch.pings["alpha"] = Witness("host → host", "alpha", "answers ping, 0.3 ms", True, now)
        watch.pings["beta"] = Witness("host → host", "beta", "answers ping, 0.3 ms", True, now)
        if watch.probe is not None:
            watch.probe.latest = Probe(watch.probe.target, True, now, chance.uniform(14, 18))
        self._changes(watch, now)

    def _changes(self, watch: GuestWatch, now: float) -> None:
        history = watch.engine.history
        if self._trace or (history.last_end is not None and now - history.last_end < 0.9):
            return
        history.trace([Checkpoint(now - 0.01, self._chance.choice(_CAUSES), self._chance.uniform(6, 9), 340)])
        if self._chance.random() < 0.06:
            history.trace([Mismatch(now - 0.02, "tcp", "length 104 ≠ 79", "10.77.0.10", "10.77.0.1", 104, 79, 2.0)])

    async def start(self) -> None:
        """The publishing is the real one; hosts are never connected."""
        await asyncio.to_thread(_load_what_a_connected_cockpit_has_loaded)
        self._tasks.append(asyncio.create_task(self._publish_always()))
        self._tasks.append(asyncio.create_task(self._answers()))
        self._tasks.append(asyncio.create_task(self._happenings()))
        if self._trace:
            self._tasks.append(asyncio.create_task(self._follow()))

    async def _answers(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            self._answer(time.time())

    async def _happenings(self) -> None:
        number = 0
        while self._every:
            await asyncio.sleep(1 / self._every)
            number += 1
            severity = Severity.WARNING if number % 20 == 0 else Severity.OK
            text = f"pause above 15 ms, the {number}th"
            self._emit(Event(time.time(), "alpha", text, "6 mismatches in 20 s", severity, samples.GUEST.name))

    async def _follow(self) -> None:
        """The trace of another process through the product's own watcher."""
        engine = self._watches[samples.GUEST.name].engine

        def take(host: str, items: list[Any]) -> None:
            self.items += len(items)
            engine._trace(host, items)

        host = cast(Host, _TraceHost(self, self._trace))
        watcher = Watcher(host, engine.wiring, take, engine._message, engine._console)
        watcher.start()
        try:
            await asyncio.Event().wait()
        finally:
            await watcher.close()


_CAUSES = sorted({c.cause for c in samples.checkpoints(0.0)})


def _load_what_a_connected_cockpit_has_loaded() -> None:
    import urllib.request  # noqa: F401  # the pair's probe asks by HTTP

    import qemu.qmp  # noqa: F401

    load_ssh()


class _TraceHost:
    """Stands in for the channel: its tail is what the feeding process writes."""

    name = "alpha"

    def __init__(self, feed: StoodIn, argv: list[str]) -> None:
        self._feed = feed
        self._argv = argv

    async def stat(self, paths: list[str]) -> dict[str, Any]:
        return dict.fromkeys(paths)

    def tail(self, path: str, offset: int = 0, max_bytes_per_s: int = 0) -> AsyncIterator[bytes]:
        return self._lines() if path.endswith("trace.log") else _nothing()

    async def _lines(self) -> AsyncIterator[bytes]:
        argv = [sys.executable, "-m", "tests.bench.cockpit_trace", *self._argv]
        process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE, limit=_READ)
        assert process.stdout is not None
        try:
            while chunk := await process.stdout.read(_READ):
                self._feed.parsed += len(chunk)
                yield chunk
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


async def _nothing() -> AsyncIterator[bytes]:
    await asyncio.Event().wait()
    yield b""

"""One guest's QEMU on one host: its process, its monitors, what it says, and how it ended."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import math
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from colotui.engine.qemu.monitor import Monitor
from colotui.engine.qemu.transcript import Transcript
from colotui.engine.qemu.wiring import Wiring
from colotui.engine.qemu.witness import event_time
from colotui.errors import ColotuiError, HostCallFailed, QmpGone, QmpRefused, QmpTimeout
from colotui.host.channel import Host, ProcessInfo
from colotui.model.protection import Copy, Exit, Life, Role

LOOK_LIMIT = 1.5
"""Seconds a look at QEMU may take before the copy counts as silent."""

HUNG_AFTER = 2.0
"""Seconds of silence after which a copy is called hung; a busy TCG guest can be silent for a moment."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a host keeps of a guest over reboots: who carried on last. The higher generation is the newer disk."""

    generation: int = 0
    role: str = ""
    since: float = 0.0
    why: str = ""

    @staticmethod
    def parse(data: object) -> Record:
        """Read the state file; anything that is not one gives the empty record."""
        if not isinstance(data, bytes):
            return Record()
        try:
            raw = json.loads(data)
            return Record(int(raw["generation"]), str(raw["role"])[:16], float(raw["since"]), str(raw["why"])[:200])
        except (ValueError, KeyError, TypeError, OverflowError):
            return Record()

    def dump(self) -> bytes:
        """The state file's bytes."""
        fields = {"generation": self.generation, "role": self.role, "since": self.since, "why": self.why}
        return json.dumps(fields).encode() + b"\n"


def parse_exit(data: object) -> Exit | None:
    """The supervisor's "<status> <epoch>" line; a status over 128 is a signal, as the shell says it."""
    if not isinstance(data, bytes):
        return None
    words = data.split()
    if len(words) != 2 or not words[0].isdigit():
        return None
    try:
        at = float(words[1])
    except ValueError:
        return None
    status = int(words[0])
    return Exit(code=0, signal=status - 128, at=at) if status > 128 else Exit(code=status, signal=0, at=at)


def began_at(uptime: object, ticks: int, ticks_per_s: int, now: float) -> float | None:
    """When a process began (epoch s), from its host's /proc/uptime read at `now`; None when that makes no sense."""
    try:
        up = float(uptime.split()[0]) if isinstance(uptime, bytes) else math.nan
        began = now - up + ticks / ticks_per_s
    except (ValueError, IndexError, ZeroDivisionError, OverflowError):
        return None
    return min(began, now) if math.isfinite(began) else None


class CopySession:
    """Looks at one copy and talks to it. `on_event(host, event)` gets every QMP event.

    `began`: when the process that was seen last began (epoch s of the cockpit's clock); None: not known.
    """

    def __init__(self, host: Host, wiring: Wiring, on_event: Callable[[str, Mapping[str, Any]], None]) -> None:
        self.host = host
        self.wiring = wiring
        self.record = Record()
        self.process: ProcessInfo | None = None
        self.pid: int | None = None
        self.began: float | None = None
        self.exit: Exit | None = None
        self.damage = ""
        self.stopped_at: float | None = None
        self.resumed_at: float | None = None
        self.objects: frozenset[str] = frozenset()
        self.transcript = Transcript()
        self.looked = False
        self._on_event = on_event
        self._beginning: tuple[int, int] | None = None
        self._monitor: Monitor | None = None
        self._spare: Monitor | None = None
        self._role = Role.NONE
        self._silent_since: float | None = None
        self._ticks: tuple[float, int] | None = None
        self._last: Copy | None = None
        self._opening = asyncio.Lock()

    @property
    def name(self) -> str:
        """The host's name."""
        return self.host.name

    @property
    def answers(self) -> bool:
        """The last look found a QEMU, and it answered."""
        return self.process is not None and self._silent_since is None

    def _path(self, name: str) -> str:
        return f"{self.wiring.run_dir}/{name}"

    async def look(self) -> ProcessInfo | None:
        """Read pid, exit and state files and find the process. Raises HostError only."""
        state = f"{self.wiring.data_dir}/state"
        files = await self.host.read([self._path("pid"), self._path("exit"), self._path("damage"), state])
        self.record = Record.parse(files.get(state))
        self.exit = parse_exit(files.get(self._path("exit")))
        pid = files.get(self._path("pid"))
        noted, _, text = _text(files.get(self._path("damage"))).partition(" ")
        self.pid = int(pid) if isinstance(pid, bytes) and pid.strip().isdigit() else None
        self.process = await self.host.process(self.pid) if self.pid else None
        # The number may have gone to another program since: ours names its pid file on its command line.
        if self.process is not None and self._path("pid") not in self.process.cmdline:
            self.process = None
        if self.process is not None:
            await self._find_beginning(self.process)
        self.damage = text if self.process is not None and noted == str(self.process.pid) else ""
        if self.process is None and self.pid is not None and self.exit is None:
            # It may have ended this moment: its supervisor writes how within a millisecond or two.
            await asyncio.sleep(0.02)
            self.exit = parse_exit((await self.host.read([self._path("exit")]))[self._path("exit")])
        return self.process

    async def _find_beginning(self, process: ProcessInfo) -> None:
        same = (process.pid, process.start_time)
        if same == self._beginning:
            return
        now = time.time()
        uptime = (await self.host.read(["/proc/uptime"]))["/proc/uptime"]
        self.began = began_at(uptime, process.start_time, self.host.info.ticks_per_s, now)
        self._beginning = same

    async def strays(self) -> list[int]:
        """QEMUs of this guest that the pid file does not name: it can be lost, a process cannot."""
        return [process.pid for process in await self._living() if process.pid != self.pid]

    async def others(self, known: ProcessInfo) -> list[int]:
        """QEMUs of this guest that live here and are not the process `known`, whatever the pid file says."""
        same = (known.pid, known.start_time)
        return [process.pid for process in await self._living() if (process.pid, process.start_time) != same]

    async def _living(self) -> list[ProcessInfo]:
        name = f"colotui-{self.wiring.spec.name}"[:15]
        pids = (await self.host.named_processes([name])).get(name, ())
        found = [await self.host.process(pid) for pid in pids]
        return [process for process in found if process is not None and self._path("pid") in process.cmdline]

    async def monitor(self) -> Monitor:
        """The command line to QEMU, opened when it is not yet. Raises QmpGone, QmpTimeout, HostError."""
        async with self._opening:
            if self._monitor is None or not self._monitor.is_open:
                if self._monitor is not None:
                    await self._monitor.close()
                self._monitor = Monitor(self.host, self.wiring.spec.name, self._event, self.transcript)
                await self._monitor.open()
            if self._spare is None or not self._spare.is_open:
                if self._spare is not None:
                    await self._spare.close()
                self._spare = Monitor(self.host, self.wiring.spec.name, transcript=self.transcript)
                await self._spare.open()
        return self._monitor

    async def spare(self) -> Monitor:
        """The second line, kept open for yank: it works while the first one is blocked on a dead peer."""
        if self._spare is None or not self._spare.is_open:
            self._spare = Monitor(self.host, self.wiring.spec.name, transcript=self.transcript)
            await self._spare.open()
        return self._spare

    async def qmp(self, command: str, /, *, limit: float = 5.0, **arguments: object) -> Any:
        """Run one command on the command line. Raises as Monitor.execute does."""
        return await (await self.monitor()).execute(command, arguments or None, limit=limit)

    async def human(self, line: str) -> str:
        """Run one line of the human monitor."""
        return await (await self.monitor()).human(line)

    def _event(self, event: Mapping[str, Any]) -> None:
        name, at = event.get("event"), event_time(event) or 0.0
        self.transcript.event(time.time(), str(name))
        # Of a pause only its beginning and its first end count: a checkpoint may follow at once.
        if name == "STOP" and self.stopped_at is None:
            self.stopped_at = at
        elif name == "RESUME" and self.resumed_at is None:
            self.resumed_at = at
        self._on_event(self.host.name, event)

    async def observe(self) -> Copy:
        """The copy as it is now. Raises HostError when the host itself cannot be asked."""
        now = time.time()
        process = await self.look()
        self.looked = True
        if process is None:
            await self.close()
            self.objects = frozenset()
            self._silent_since = None
            self._ticks = None
            ended = self.exit is not None and (self.exit.signal or self.exit.code)
            life = Life.DEAD if ended or (self.pid and self.exit is None) else Life.ABSENT
            role = self._remembered_role() if life is Life.DEAD else Role.NONE
            self._last = Copy(
                host=self.name,
                life=life,
                role=role,
                seen_at=now,
                pid=self.pid if life is Life.DEAD else None,
                exit=self.exit if life is Life.DEAD else None,
                generation=self.record.generation,
                speaks=False,
            )
            return self._last
        cpu = self._cpu(process)
        try:
            if process.state in ("T", "t"):
                raise QmpTimeout(self.name, "anything", 0.0)
            copy = await self._ask(process, now, cpu)
            self._silent_since = None
            self._role = copy.role
        except (QmpTimeout, QmpGone, QmpRefused, HostCallFailed) as error:
            copy = self._silent(process, now, cpu, error)
        self._last = copy
        return copy

    def _silent(self, process: ProcessInfo, now: float, cpu: float | None, error: ColotuiError) -> Copy:
        """A process that does not answer: starting, hung, or stopped by a signal."""
        if self._silent_since is None:
            self._silent_since = now
        stopped = process.state in ("T", "t")
        hung = stopped or now - self._silent_since >= HUNG_AFTER
        previous = self._last
        life = Life.HUNG if hung else (previous.life if previous else Life.WAITING)
        return Copy(
            host=self.name,
            life=life,
            role=self._remembered_role(),
            seen_at=now,
            pid=process.pid,
            runstate=previous.runstate if previous else "",
            migration=previous.migration if previous else "",
            in_colo=previous.in_colo if previous else False,
            armed=previous.armed if previous else False,
            version=previous.version if previous else "",
            accel=_accel(process.cmdline),
            cpu_percent=cpu,
            rss=process.rss,
            silent_since=self._silent_since,
            generation=self.record.generation,
            detail="stopped by a signal" if stopped else error.what,
        )

    def _remembered_role(self) -> Role:
        """The last role it told; else what the host wrote down; else how it was started."""
        if self._role is not Role.NONE:
            return self._role
        if self.record.role in (Role.PRIMARY.value, Role.SECONDARY.value):
            return Role(self.record.role)
        return Role.NONE

    def _cpu(self, process: ProcessInfo) -> float | None:
        """CPU in percent of one core since the last look."""
        now = time.monotonic()
        before, self._ticks = self._ticks, (now, process.cpu_ticks)
        if before is None or now - before[0] < 0.05 or process.cpu_ticks < before[1]:
            return self._last.cpu_percent if self._last else None
        return (process.cpu_ticks - before[1]) / (now - before[0])  # 100 clock ticks a second: ticks/s is percent

    async def _ask(self, process: ProcessInfo, now: float, cpu: float | None) -> Copy:
        monitor = await self.monitor()

        async def ask(command: str, **arguments: object) -> Any:
            return await monitor.execute(command, arguments or None, limit=LOOK_LIMIT)

        status, migrate, chardevs, objects = await asyncio.gather(
            ask("query-status"), ask("query-migrate"), ask("query-chardev"), ask("qom-list", path="/objects")
        )
        names = {str(item.get("name")) for item in objects}
        self.objects = frozenset(names)
        links = {str(item.get("label")): str(item.get("filename", "")) for item in chardevs}
        runstate = str(status.get("status", ""))
        migration = str(migrate.get("status", ""))
        wiring = self.wiring
        armed = bool(names & set(wiring.primary_filters))
        secondary = bool(names & set(wiring.secondary_objects)) or runstate == "inmigrate"
        role = Role.SECONDARY if secondary else Role.PRIMARY
        peers = wiring.secondary_chardevs if secondary else wiring.peer_chardevs
        known = [links[label] for label in peers if label in links]
        connected = None if not known else not any(name.startswith("disconnected:") for name in known)
        filtering = False
        if armed and not secondary:
            states = [
                await ask("qom-get", path=f"/objects/{name}", property="status")
                for name in wiring.primary_filters
                if name in names
            ]
            filtering = "on" in states
        running = bool(status.get("running")) or runstate == "colo"
        in_colo = migration == "colo"
        speaks = False if secondary else running and (not filtering or (in_colo and connected is True))
        life = Life.RUNNING if running else Life.WAITING if runstate == "inmigrate" else Life.PAUSED
        return Copy(
            host=self.name,
            life=life,
            role=role,
            seen_at=now,
            pid=process.pid,
            runstate=runstate,
            migration=migration,
            in_colo=in_colo,
            armed=armed,
            peer_connected=connected,
            speaks=speaks,
            version=monitor.version,
            accel=_accel(process.cmdline),
            cpu_percent=cpu,
            rss=process.rss,
            qmp_ms=monitor.last_ms,
            generation=self.record.generation,
        )

    async def note_damage(self, text: str) -> None:
        """Keep what is wrong with this copy beside it, for as long as its process lives; "" takes it back."""
        if self.process is not None:
            words = f"{self.process.pid} {text}".encode()
            await self.host.write(self._path("damage"), words, mode=0o600, create=True)

    async def write_record(self, record: Record) -> None:
        """Keep `record` on the host over reboots."""
        await self.host.write(f"{self.wiring.data_dir}/state", record.dump(), mode=0o600, create=True)
        self.record = record

    async def fence(self) -> str:
        """End this copy so that it cannot speak: QMP quit, then kill; returns what proves it.

        Raises HostError when the host cannot be asked: then nothing is proven.
        """
        process = await self.look()
        if process is None:
            for pid in await self.strays():
                await self.host.kill(pid, signal.SIGKILL)
                await self.host.watch_exit(pid)
            return f"QEMU is gone ({self.exit or 'no process'})"
        how = "quit"
        if process.state not in ("T", "t"):
            try:
                await self.qmp("quit", limit=0.7)
            except (QmpGone, QmpTimeout, QmpRefused, HostCallFailed):
                how = "kill"
        else:
            how = "kill"
        if how == "kill" or not await self.ended(process, 1.0):
            how = "kill"
            await self.host.kill(process.pid, signal.SIGKILL, start_time=process.start_time)
            if not await self.ended(process, 3.0):
                raise QmpTimeout(self.name, "kill -9", 3.0)
        await self.close()
        return f"QEMU {process.pid} ended ({how})"

    async def ended(self, process: ProcessInfo, limit: float) -> bool:
        """Wait until the process is gone, at most `limit` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await self.host.watch_exit(process.pid, start_time=process.start_time)
        now = await self.host.process(process.pid)
        return now is None or now.start_time != process.start_time

    async def close(self) -> None:
        """End the connections to QEMU."""
        for monitor in (self._monitor, self._spare):
            if monitor is not None:
                await monitor.close()
        self._monitor = self._spare = None


def _text(data: object) -> str:
    return data.decode("utf-8", "replace").strip()[:300] if isinstance(data, bytes) else ""


def _accel(cmdline: tuple[str, ...] | list[str]) -> str:
    """What follows -accel on the command line."""
    for flag, value in itertools.pairwise(cmdline):
        if flag == "-accel":
            return value.split(",", 1)[0][:8]
    return ""

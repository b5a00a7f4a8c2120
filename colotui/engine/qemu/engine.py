"""The `qemu` engine of one guest: two copies observed, their history kept, the steps of every action built."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from colotui.engine.qemu import steps
from colotui.engine.qemu.capture import Capture
from colotui.engine.qemu.damage import DISK_EVENTS, Damages, blamed, of_kernel
from colotui.engine.qemu.fitness import choose_accel, find_qemu
from colotui.engine.qemu.history import History
from colotui.engine.qemu.primary import PrimaryOps
from colotui.engine.qemu.secondary import SecondaryOps, image_size
from colotui.engine.qemu.session import CopySession, Record
from colotui.engine.qemu.sockets import Traffic, parse_ss
from colotui.engine.qemu.trace import CpuReset, Message, TraceItem
from colotui.engine.qemu.watcher import Watcher
from colotui.engine.qemu.wiring import Wiring
from colotui.engine.qemu.witness import console_fact, event_time, qmp_fact, stderr_fact
from colotui.errors import ActionRefused, HostError
from colotui.host.channel import Host, ProcessInfo
from colotui.model.incident import Fact, Source
from colotui.model.pair import GuestSpec, Pair
from colotui.model.plan import Step
from colotui.model.protection import Copy, Event, Role, Severity, Stream

QUIET_EVENTS = frozenset(
    {"STOP", "RESUME", "MIGRATION_PASS", "JOB_STATUS_CHANGE", "RTC_CHANGE", "NIC_RX_FILTER_CHANGED"}
)
"""QMP events that are not shown as lines: two a checkpoint, or of no use to an operator."""

COPYING = "copying"
"""Role in the record of a host whose disk is being overwritten: it holds no guest."""


class QemuEngine:
    """See engine.base.Engine. `emit` gets the lines worth an operator's eye; `note` the live remarks of a step."""

    def __init__(self, pair: Pair, spec: GuestSpec, hosts: Mapping[str, Host], emit: Callable[[Event], None]) -> None:
        self.pair = pair
        self.spec = spec
        self.wiring = Wiring(spec)
        self.history = History()
        self.note: Callable[[str], None] = lambda _text: None
        self.witness: Callable[[Fact], None] = lambda _fact: None
        self.offsets: dict[str, float] = {}
        self._emit = emit
        self._sessions = {name: CopySession(host, self.wiring, self._event) for name, host in hosts.items()}
        self.capture = Capture(self.wiring, self._sessions, self.offsets)
        self._watchers: dict[str, tuple[int | None, Watcher]] = {}
        self._roles: dict[str, Role] = {}
        self._damages = Damages()
        self._pids: dict[str, int] = {}
        self._traffic: dict[int, tuple[float, Traffic, Traffic | None, float]] = {}
        self.powered_off: set[str] = set()
        self._copies: dict[str, Copy] = {}

    def session(self, host: str) -> CopySession:
        """The session with the copy on `host`."""
        return self._sessions[host]

    async def observe(self, host: str) -> Copy:
        """The copy on `host` now; follows its logs while it lives. Raises HostError."""
        session = self._sessions[host]
        copy = await session.observe()
        self._roles[host] = copy.role
        self._copies[host] = copy
        if copy.silent_since is not None:
            stopped = "stopped" in copy.detail
            source, what = (Source.HOST, "stopped") if stopped else (Source.QMP, "timeout")
            self.witness(Fact(copy.seen_at, host, source, what, copy.detail))
        await self._follow(session, copy)
        if session.process is None:
            return copy
        return replace(copy, damage=await self._damage(session, copy.role))

    async def _damage(self, session: CopySession, role: Role) -> str:
        """What is wrong with this copy; kept beside it, for another cockpit must not promote what we know is broken."""
        host, twin, noted = session.name, self._twin(session.name), session.damage
        damage = self._damages.of(host, twin, session.began, secondary=role is Role.SECONDARY)
        if not damage and not (of_kernel(noted) and self._damages.forgiven(host, twin, session.began)):
            return noted
        if damage != noted:
            with contextlib.suppress(HostError):
                await session.note_damage(damage)
        return damage

    def _twin(self, host: str) -> str:
        return next((other for other in self._sessions if other != host), host)

    async def _follow(self, session: CopySession, copy: Copy) -> None:
        pid, watcher = self._watchers.get(session.name, (None, None))
        living = session.process.pid if session.process else None
        if living == pid:
            return
        if watcher is not None:
            # Two looks may be here at once: the first one takes it away.
            self._watchers.pop(session.name, None)
            await watcher.close()
            if self._watchers.get(session.name, (None, None))[0] == living:
                return
        if living is not None:
            if self._pids.get(session.name) not in (None, living):
                self.powered_off.discard(session.name)
            self._pids[session.name] = living
            watcher = Watcher(session.host, self.wiring, self._trace, self._message, self._console)
            watcher.start()
            self._watchers[session.name] = (living, watcher)

    async def caught_up(self, limit: float) -> None:
        """Wait until what the logs held when we came is read, at most `limit` s."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                for _pid, watcher in list(self._watchers.values()):
                    await watcher.caught_up.wait()

    def reading(self, host: str) -> bool:
        """What the log of `host` held when we came is still being read: its newest checkpoint is not known yet."""
        _pid, watcher = self._watchers.get(host, (None, None))
        return watcher is not None and not watcher.caught_up.is_set()

    def _trace(self, host: str, items: list[TraceItem]) -> None:
        for item in items:
            if isinstance(item, Message):
                self._message(host, item.text)
            elif isinstance(item, CpuReset) and (item.triple or not self._resets_by_itself(host)):
                what, text = ("triple", "Triple fault") if item.triple else ("cpu-reset", "CPU Reset")
                at = min(item.at - self.offsets.get(host, 0.0), time.time())
                self.witness(Fact(at, host, Source.TRACE, what, text))
        # The host's clock may differ from ours; everything shown is on ours.
        self.history.trace([self._shift(host, item) for item in items])

    def _shift(self, host: str, item: TraceItem) -> TraceItem:
        offset = self.offsets.get(host, 0.0)
        if isinstance(item, Message):
            return item
        # Nothing has happened later than now: a clock that jumps must not keep an old checkpoint fresh.
        return replace(item, at=min(item.at - offset, time.time()))

    def _message(self, host: str, text: str) -> None:
        words = text.split("qemu-system-x86_64: ", 1)[-1]
        self.witness(stderr_fact(host, text, time.time(), self.offsets.get(host, 0.0)))
        self._line(host, "QEMU says", words, Severity.WARNING)

    def _resets_by_itself(self, host: str) -> bool:
        """Loading a checkpoint resets a secondary's processor: that says nothing of the guest."""
        return self._roles.get(host) is Role.SECONDARY

    def began(self, host: str) -> float | None:
        """When the process that was last seen on `host` began (epoch s); None where that is not known."""
        return self._sessions[host].began

    def unended(self, host: str) -> Fact | None:
        """The checkpoint that `host` asked for and that has not ended, from its trace; None when there is none."""
        _pid, watcher = self._watchers.get(host, (None, None))
        found = watcher.trace.unended if watcher is not None else None
        if found is None:
            return None
        return Fact(found.at - self.offsets.get(host, 0.0), host, Source.TRACE, "unended", found.last)

    def _console(self, host: str, what: str, text: str, at: float | None) -> None:
        shift = 0.0 if at is None else self.offsets.get(host, 0.0)
        self.witness(console_fact(host, what, text, (time.time() if at is None else at) - shift))
        if what in ("oops", "panic", "past-oops"):
            self._damages.kernel_failed(host, self._ours(host, at), text, past=at is not None)
            self._line(host, f"{self._roles.get(host, Role.NONE).value} guest's kernel fails", text, Severity.ERROR)

    def _ours(self, host: str, at: float | None) -> float:
        """A time of the host on our clock; now, where either is not known: later than it was, never earlier."""
        now = time.time()
        return now if at is None or host not in self.offsets else min(at - self.offsets[host], now)

    def _event(self, host: str, event: Mapping[str, Any]) -> None:
        name, stamp, now = str(event.get("event", "")), event_time(event), time.time()
        at = now if stamp is None else min(stamp - self.offsets.get(host, 0.0), now)
        fact = qmp_fact(host, event, at)
        if fact is not None:
            self.witness(fact)
        if name == "STOP":
            self.history.stop(host, at)
        elif name == "RESUME":
            self.history.resume(host, at, primary=self._roles.get(host) is Role.PRIMARY)
        data = event.get("data")
        fields = data if isinstance(data, Mapping) else {}
        if name == "SHUTDOWN" and fields.get("guest"):
            self.powered_off.add(host)
        found = blamed(name, data, host, self._twin(host), {disk.replication for disk in self.wiring.disks})
        if found is not None:
            self._damages.blame(found[0], self._ours(host, stamp), found[1])
        if name in QUIET_EVENTS:
            return
        bad = (
            name in DISK_EVENTS
            or name in ("COLO_EXIT", "RESET", "GUEST_PANICKED")
            or (name == "MIGRATION" and fields.get("status") == "failed")
        )
        detail = ", ".join(f"{key} {value}" for key, value in fields.items())
        self._line(host, name, detail, Severity.WARNING if bad else Severity.OK, at)

    def _line(self, host: str, text: str, detail: str, severity: Severity, at: float | None = None) -> None:
        self._emit(Event(at or time.time(), host, text, detail, severity, self.spec.name))

    async def measure(self, primary: str) -> None:
        """Read the traffic of every stream on the primary, for the rates of the rungs. Raises HostError."""
        ports = self._ports()
        result = await self._sessions[primary].host.run(["ss", "-tinH"], timeout=3, check=False)
        if result.status != 0:
            return
        now = time.monotonic()
        fresh = parse_ss(result.stdout, ports)
        for port in ports:
            before = self._traffic.get(port)
            if port in fresh:
                self._traffic[port] = (now, fresh[port], before[1] if before else None, before[0] if before else now)
            else:
                self._traffic.pop(port, None)

    def _ports(self) -> frozenset[int]:
        nic = self.wiring.nics[0]
        return frozenset({self.wiring.migration_port, self.wiring.nbd_port, nic.mirror_port, nic.compare_port})

    def streams(self, primary: str) -> tuple[Stream, ...]:
        """The rungs: checkpoints, copy of the input, replies, disk writes, each with its measured rate."""
        nic, wiring = self.wiring.nics[0], self.wiring
        up = self._standing()
        if not up:
            self._traffic.clear()
        figures = self.history.stats(time.time())
        each = self._rate(wiring.migration_port, "bytes_sent")
        size = f"{each / figures.rate_per_s / 1e6:.1f} MB each" if each is not None and figures.rate_per_s else ""
        disk = self._rate(wiring.nbd_port, "bytes_sent")
        replies, copied = (
            self._rate(nic.compare_port, "data_segs_in"),
            self._rate(nic.mirror_port, "data_segs_out"),
        )
        rate = figures.rate_per_s if up else None
        return (
            Stream("checkpoints", wiring.migration_port, "right", up, rate, "/s", size),
            Stream("input copy", nic.mirror_port, "right", up, copied, "pkt/s"),
            Stream("replies", nic.compare_port, "left", up, replies, "pkt/s"),
            Stream("disk writes", wiring.nbd_port, "right", up, None if disk is None else disk / 1e6, "MB/s"),
        )

    def _standing(self) -> bool | None:
        """The links of the lock-step stand; False: one is cut; None: no lock-step, or a host is silent."""
        copies = list(self._copies.values())
        if len(copies) < len(self._sessions) or not any(copy.in_colo for copy in copies):
            return None
        return all(copy.in_colo and copy.peer_connected is not False for copy in copies)

    def _rate(self, port: int, field: str) -> float | None:
        known = self._traffic.get(port)
        if known is None or known[2] is None or known[0] <= known[3]:
            return None
        moved = float(getattr(known[1], field) - getattr(known[2], field))
        return max(0.0, moved / (known[0] - known[3]))

    async def start_steps(self, host: str) -> tuple[Step, ...]:
        """See engine.base. Raises EngineUnfit when this host's QEMU or KVM cannot do what is asked."""
        session = self._sessions[host]
        binary, _version = await find_qemu(session.host)
        accel = await self._accel((host,))
        await session.look()
        generation = session.record.generation

        def record(why: str) -> Record:
            return Record(generation, Role.PRIMARY.value, time.time(), "" if why == "started" else why)

        plan = []
        for name, other in self._sessions.items():
            if not other.host.is_up:
                plan.append(replace(steps.attest_step(other), key=f"fence-{name}"))
            elif name != host and await other.look() is not None:
                plan.append(steps.fence_step(other, "a useless copy must not come back", key=f"clear-{name}"))
        return (*plan, *steps.start_steps(session, binary, accel, self.pair.host(host).bridge, record))

    async def _accel(self, preferred: tuple[str, ...]) -> str:
        """KVM only when every reachable host can: a copy must be able to move."""
        names = [name for name, session in self._sessions.items() if session.host.is_up or name in preferred]
        hosts = tuple(self._sessions[name].host for name in names)
        binaries = tuple([(await find_qemu(host))[0] for host in hosts])
        return (await choose_accel(hosts, binaries, self.spec))[0]

    async def protect_steps(self, primary: str, secondary: str) -> tuple[Step, ...]:
        """See engine.base. Raises EngineUnfit when the two QEMUs differ or cannot do COLO."""
        first, second = self._sessions[primary], self._sessions[secondary]
        await first.look()
        copy = await first.observe()
        binary, version = await find_qemu(second.host)
        if copy.version and copy.version != version:
            raise ActionRefused(
                f"{primary} runs QEMU {copy.version}, {secondary} has {version}: COLO needs the same on both.",
                f"Install {copy.version} on {secondary}, then protect.",
            )
        leader, follower = PrimaryOps(first, self._note), SecondaryOps(second, self._note)
        here, there = self.pair.host(primary), self.pair.host(secondary)

        async def sizes() -> dict[int, int]:
            found = {}
            for disk in self.wiring.disks:
                size = await image_size(first.host, disk.spec.path, disk.spec.format)
                found[disk.index] = size if size is not None else 0
            return found

        old = await second.look()
        plan: list[Step] = []
        accel = copy.accel or "tcg"
        twin = await second.observe() if old else None
        # A QEMU left there is ended first, unless it is the waiting secondary of a plan we go on with.
        if old is not None and twin is not None:
            waiting = twin.role is Role.SECONDARY and (twin.runstate == "inmigrate" or copy.in_colo)
            if not waiting:
                plan.append(steps.fence_step(second, "a former copy must not come back", key="clear"))
        anew = old is None or bool(plan)
        plan += steps.secondary_steps(
            follower, binary, accel, there.bridge, there.forward.address, here.forward.address, sizes
        )
        if anew and not copy.in_colo and await leader.leftovers():
            # Jobs and nodes of an earlier try point to a secondary that is gone: they would pass for a fresh copy.
            plan.insert(0, steps.disarm_step(leader))

        def copying() -> Record:
            return Record(-1, COPYING, time.time(), f"{primary} copies its disk over this one")

        links, *rest = steps.primary_steps(leader, second, here.forward.address, there.forward.address)
        if not copy.in_colo:
            rest.insert(
                next(i for i, step in enumerate(rest) if step.key == "mirror"),
                steps.record_step(
                    second, copying, "note the copying", "a half-copied disk must never start", "copying"
                ),
            )
        # Opened before the secondary starts, its links stand at once instead of at its next try.
        plan.insert(next(i for i, step in enumerate(plan) if step.key == "wait"), links)
        plan += rest

        def followed() -> Record:
            return Record(first.record.generation, Role.SECONDARY.value, time.time(), "")

        def led() -> Record:
            return Record(first.record.generation, Role.PRIMARY.value, time.time(), "")

        plan.append(steps.record_step(second, followed, "note the role", "its disk is as new as the primary's"))
        plan.append(
            steps.record_step(first, led, "note the role", "after a reboot this disk is the one to start", "record-1")
        )
        return tuple(plan)

    def _note(self, text: str) -> None:
        self.note(text)

    async def promote_steps(
        self, survivor: str, lost: str, attested: bool, gone: ProcessInfo | None = None
    ) -> tuple[Step, ...]:
        """See engine.base. `gone`: the lost copy's process, which its own host has seen to end."""
        session, other = self._sessions[survivor], self._sessions[lost]
        ops = SecondaryOps(session, self._note)
        first = steps.attest_step(other) if attested else steps.fence_step(other, "never two live copies")
        if gone is not None:
            first = steps.gone_step(other, gone)
        record = self._alone(session, f"failover from {lost}")
        return (first, *steps.promote_steps(ops, record, cut_first=attested))

    def _alone(self, session: CopySession, why: str) -> Callable[[], Record]:
        """The survivor's record: one generation newer than anything its twin has."""
        known = [other.record.generation for other in self._sessions.values()]
        generation = max([session.record.generation, *known]) + 1
        return lambda: Record(generation, Role.PRIMARY.value, time.time(), why)

    def _alone_record(self, session: CopySession, why: str) -> Step:
        record = self._alone(session, why)
        return steps.record_step(session, record, "note the survivor", "after a reboot this disk is the one to start")

    async def carry_on_steps(self, survivor: str, lost: str) -> tuple[Step, ...]:
        """See engine.base. The lost secondary is ended after the service is back: it cannot speak unpromoted."""
        session, other = self._sessions[survivor], self._sessions[lost]
        plan = steps.carry_on_steps(PrimaryOps(session, self._note))
        plan.append(self._alone_record(session, f"lost the secondary on {lost}"))
        if other.host.is_up:
            plan.append(steps.fence_step(other, "its copy is old from now on", key="clear"))
        else:
            plan.insert(0, steps.attest_step(other))
        return tuple(plan)

    async def stop_steps(self, primary: str, secondary: str) -> tuple[Step, ...]:
        """End protection: the secondary goes, the guest runs on, plain."""
        session, other = self._sessions[primary], self._sessions[secondary]
        plan = [steps.fence_step(other, "without its primary it is of no use", key="end-secondary")]
        plan += steps.carry_on_steps(PrimaryOps(session, self._note))

        def record() -> Record:
            known = [s.record.generation for s in self._sessions.values()]
            return Record(max(known) + (0 if other.record.role != "secondary" else 1), Role.PRIMARY.value, 0.0, "")

        wanted = record()
        plan.append(
            steps.record_step(
                session, lambda: replace(wanted, since=time.time()), "note it", "this disk is the one to start"
            )
        )
        return tuple(plan)

    async def shutdown_steps(self, host: str) -> tuple[Step, ...]:
        """See engine.base."""
        session = self._sessions[host]
        return (steps.power_off_step(session, self._note), steps.fence_step(session, "what is left of it ends", "end"))

    async def switch_steps(self, primary: str, secondary: str) -> tuple[Step, ...]:
        """See engine.base."""
        first = self._sessions[primary]
        fresh = steps.fresh_checkpoint_step(first, lambda: self.history.checkpoint_total)
        rest = await self.promote_steps(secondary, primary, attested=False)
        return (fresh, *rest)

    def record(self, host: str) -> Record:
        """What `host` keeps of the guest over reboots, as last read."""
        return self._sessions[host].record

    async def forget(self, host: str) -> None:
        """The channel to `host` ended: drop what hung on it."""
        self._copies.pop(host, None)
        watcher = self._watchers.pop(host, None)
        if watcher is not None:
            await watcher[1].close()
        await self._sessions[host].close()

    async def close(self) -> None:
        """End every connection; the guest notices nothing."""
        for name in self._sessions:
            try:
                await self.forget(name)
            except HostError:
                continue

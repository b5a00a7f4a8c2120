"""Watches one guest on both hosts and builds its view: copies, probe, history, judgement, allowed actions."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from colotui.controller.cases import Cases
from colotui.controller.probe import ServiceProbe
from colotui.diagnosis.actions import refusal
from colotui.diagnosis.arming import arming_refusal
from colotui.diagnosis.evidence import Evidence, in_step, reached
from colotui.diagnosis.protection import judge
from colotui.engine.qemu.engine import QemuEngine
from colotui.engine.qemu.wiring import run_dir
from colotui.errors import HostError
from colotui.host.channel import Host
from colotui.model.pair import GuestSpec, Pair
from colotui.model.plan import Action, Progress
from colotui.model.protection import Armed, Copy, Event, GuestView, Life, Role, Severity, Witness
from colotui.tasks import end

log = logging.getLogger(__name__)

PERIOD = 0.5
"""Seconds between two looks at a copy."""


QUIET = 1.0
"""Seconds a failover may take undisturbed; one that takes longer is looked at while it runs."""

HUSHED = 0.02
"""Seconds between two questions whether the failover still runs."""

ARMED_PAUSE = 0.06
"""Seconds a look waits after its wake while the failover is armed."""


class GuestWatch:
    """One guest. The copies are looked at independently, so that a hung host never delays the other's news."""

    def __init__(
        self,
        pair: Pair,
        spec: GuestSpec,
        hosts: Mapping[str, Host],
        emit: Callable[[Event], None],
        changed: Callable[[], None],
    ) -> None:
        self.spec = spec
        self.engine = QemuEngine(pair, spec, hosts, self._emit_event)
        self.cases = Cases(spec.name, self.engine, emit)
        self.probe = ServiceProbe(spec.probe) if spec.probe else None
        self.progress: Progress | None = None
        self.armed: Armed | None = None
        self.half_run: dict[str, str] = {}
        self.settling = False
        self.gap_ms: float | None = None
        self.forward_up: dict[str, bool | None] = {}
        self.pings: dict[str, Witness] = {}
        self._hosts = hosts
        self._emit_line = emit
        self._changed = changed
        now = time.time()
        self.copies: dict[str, Copy] = {
            name: Copy(name, Life.UNREACHABLE, Role.NONE, now, detail="not asked yet") for name in hosts
        }
        self.asked: dict[str, asyncio.Event] = {name: asyncio.Event() for name in hosts}
        self._wake: dict[str, asyncio.Event] = {name: asyncio.Event() for name in hosts}
        self._tasks: list[asyncio.Task[None]] = []
        self._lockstep_since: float | None = None
        self._exits: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Begin to watch both hosts and the guest's service."""
        for name in self._hosts:
            self._tasks.append(asyncio.create_task(self._watch(name)))
        self._tasks.append(asyncio.create_task(self._traffic()))
        if self.probe is not None:
            self._tasks.append(asyncio.create_task(self._ask_service()))

    async def close(self) -> None:
        """Stop watching."""
        await end([*self._tasks, *self._exits.values()])
        await self.engine.close()

    def wake(self) -> None:
        """Look at both copies now."""
        for event in self._wake.values():
            event.set()

    async def look(self) -> None:
        """Look at every reachable copy once, now: an action decides on what is, not on what was."""
        await asyncio.gather(*(self._look(name) for name in self._hosts))

    async def first_answer(self) -> None:
        """Wait until the guest's service was asked once."""
        if self.probe is not None and self.probe.latest is None:
            await self.probe.ask()

    async def host_lost(self, name: str) -> None:
        """The channel to `name` ended."""
        await self.engine.forget(name)
        self._unreachable(name)

    def _unreachable(self, name: str) -> None:
        self.copies[name] = replace(self.copies[name], life=Life.UNREACHABLE, speaks=None, detail="host not reached")
        self.asked[name].set()

    async def _look(self, name: str) -> None:
        host = self._hosts[name]
        if not host.is_up:
            if self.copies[name].life is not Life.UNREACHABLE:
                self._unreachable(name)
            return
        try:
            copy = await self.engine.observe(name)
            marker = f"{run_dir(self.spec.name)}/plan.json"
            left = (await host.read([marker]))[marker]
        except HostError:
            self._unreachable(name)
            return
        self.half_run[name] = _marker(left)
        before = self.copies[name]
        self.copies[name] = copy
        self.asked[name].set()
        self.cases.looked(before, copy)
        self._news(before, copy)
        self._await_exit(name, copy)

    def _await_exit(self, name: str, copy: Copy) -> None:
        """Have the agent push the end of the process, so that a death shows at once."""
        task = self._exits.get(name)
        if copy.pid is None or copy.life in (Life.ABSENT, Life.DEAD) or (task is not None and not task.done()):
            return

        async def wait(pid: int) -> None:
            with contextlib.suppress(HostError):
                await self._hosts[name].watch_exit(pid)
                self._wake[name].set()

        self._exits[name] = asyncio.create_task(wait(copy.pid))

    def _news(self, before: Copy, after: Copy) -> None:
        if before.life is after.life:
            return
        at = after.exit.at if after.exit and after.exit.at else time.time()
        if after.life is Life.DEAD:
            text = f"QEMU {after.pid or ''} ended".replace("  ", " ")
            self._emit_event(Event(at, after.host, text, str(after.exit or ""), Severity.ERROR, self.spec.name))
        elif after.life is Life.HUNG:
            self._emit_event(
                Event(at, after.host, "QEMU does not answer", after.detail, Severity.ERROR, self.spec.name)
            )
        elif before.life is Life.HUNG and after.life is Life.RUNNING:
            self._emit_event(Event(at, after.host, "QEMU answers again", "", Severity.OK, self.spec.name))

    def _emit_event(self, event: Event) -> None:
        self._emit_line(event)
        if event.severity is not Severity.OK:
            self.wake()

    async def _watch(self, name: str) -> None:
        wake = self._wake[name]
        while True:
            before = _news_of(self.copies[name]) if self.asked[name].is_set() else None
            try:
                await self._look(name)
            except Exception as error:
                # A fault of ours must not freeze the last verdict on the screen: say it, and call the copy unknown.
                log.exception("looking at %s on %s", self.spec.name, name)
                self._unreachable(name)
                text = f"{type(error).__name__}: {error}"
                self._emit_line(Event(time.time(), "colotui", f"cannot look at {name}", text, Severity.ERROR))
            if before != _news_of(self.copies[name]):
                self._changed()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PERIOD):
                    await wake.wait()
            wake.clear()
            await self._hush()

    async def _hush(self) -> None:
        """Leave a promotion alone: each question to the survivor is silence for the client; its plan looks itself."""
        if self.armed is not None:
            # The survivor may tell of the loss before the lost host tells of the exit.
            await asyncio.sleep(ARMED_PAUSE)
        for _ in range(round(QUIET / HUSHED)):
            if not self.promoting(QUIET):
                return
            await asyncio.sleep(HUSHED)

    def promoting(self, limit: float) -> bool:
        """A failover runs, and began less than `limit` s ago."""
        progress = self.progress
        if progress is None or not progress.running or progress.action is not Action.FAILOVER:
            return False
        return 0.0 <= time.time() - progress.started_at < limit

    async def _traffic(self) -> None:
        while True:
            await asyncio.sleep(2.0)
            primary = next((c for c in self.copies.values() if c.role is Role.PRIMARY and c.in_colo), None)
            if primary is not None and self._hosts[primary.host].is_up:
                with contextlib.suppress(HostError):
                    await self.engine.measure(primary.host)

    async def _ask_service(self) -> None:
        assert self.probe is not None
        while True:
            before = self.probe.latest
            now = await self.probe.ask()
            self.cases.probed(before, now)
            if before is not None and before.ok != now.ok:
                text = "the guest's service answers again" if now.ok else "the guest's service is silent"
                severity = Severity.OK if now.ok else Severity.ERROR
                self._emit_event(Event(now.at, "client", text, now.error, severity, self.spec.name))
            await asyncio.sleep(2.0 if now.ok else 0.5)

    def evidence(self) -> Evidence:
        """What is known now."""
        twins = list(self.copies.values())
        if in_step(*twins):
            self._lockstep_since = self._lockstep_since or time.time()
        elif not any(copy.in_colo for copy in twins):
            self._lockstep_since = None
        reading = any(self.engine.reading(name) for name in self.copies)
        evidence = Evidence(
            spec=self.spec,
            now=time.time(),
            copies=dict(self.copies),
            probe=self.probe.latest if self.probe else None,
            forward_up=dict(self.forward_up),
            last_checkpoint=None if reading else self.engine.history.last_end,
            lockstep_since=self._lockstep_since,
            progress=self.progress,
            half_run="" if self.settling else next((text for text in self.half_run.values() if text), ""),
            gap_ms=self.gap_ms,
            settling=self.settling,
        )
        if reached(evidence):
            evidence = replace(evidence, half_run="")
        primary = evidence.primary
        if primary is not None:
            record = self.engine.record(primary.host)
            evidence = replace(evidence, why=record.why, alone_since=record.since)
        if not all(event.is_set() for event in self.asked.values()):
            return evidence
        return replace(evidence, incidents=self.cases.diagnose(evidence, self.pings))

    def view(self, read_only: str) -> GuestView:
        """Everything a screen shows of this guest."""
        now = time.time()
        evidence = self.evidence()
        protection = judge(evidence)
        if not all(event.is_set() for event in self.asked.values()):
            protection = replace(protection, headline="asking both hosts", meaning="", do_now=None, do_not="")
        history = self.engine.history
        history.settle(now)
        self.cases.book.update(now, evidence.incidents, self.progress)
        reasons = {action: refusal(evidence, action) for action in Action}
        if read_only:
            reasons = {action: reason or "read-only" for action, reason in reasons.items()}
        return GuestView(
            spec=self.spec,
            protection=protection,
            copies=dict(self.copies),
            streams=self.engine.streams(protection.primary),
            checkpoints=history.checkpoints,
            stats=history.stats(now),
            mismatches=history.mismatches,
            mismatch_total=history.mismatch_total,
            mismatches_per_min=float(len(history.mismatches.after(now - 60.0))),
            probe=evidence.probe,
            witnesses=self.witnesses(now),
            actions=reasons,
            progress=self.progress,
            half_run=evidence.half_run,
            capture=self.engine.capture.view,
            incidents=self.cases.book.all,
            armed=self.armed,
            arm_refusal=arming_refusal(evidence) or ("read-only" if read_only else None),
        )

    def witnesses(self, now: float) -> tuple[Witness, ...]:
        """What each of the three witnesses says of each host."""
        found = []
        for name, copy in self.copies.items():
            found.append(Witness("cockpit → host", name, describe(copy), _verdict(copy), copy.seen_at))
            if name in self.pings:
                found.append(self.pings[name])
        if self.probe is not None and self.probe.latest is not None:
            latest = self.probe.latest
            text = f"answers in {latest.rtt_ms:.1f} ms" if latest.ok else f"no reply ({latest.error})"
            found.append(Witness("the guest's service", "", text, latest.ok, latest.at))
        return tuple(found)


def _news_of(copy: Copy) -> Copy:
    """The copy without its figures: they wait for the next snapshot, all else makes one."""
    return replace(copy, seen_at=0.0, cpu_percent=None, rss=None, qmp_ms=None)


def describe(copy: Copy) -> str:
    """One copy in a few words."""
    if copy.life is Life.DEAD:
        return f"QEMU gone, {copy.exit}" if copy.exit else "QEMU gone"
    if copy.life is Life.ABSENT:
        return "no QEMU"
    if copy.life is Life.UNREACHABLE:
        return "host not reached"
    if copy.life is Life.HUNG:
        return f"QEMU {copy.pid} does not answer"
    words = [copy.runstate or copy.life.value, copy.role.value]
    if copy.in_colo:
        words.append("in colo")
    if copy.peer_connected is False:
        words.append("links to the peer cut")
    return ", ".join(words)


def _verdict(copy: Copy) -> bool | None:
    if copy.life in (Life.UNREACHABLE, Life.ABSENT):
        return None
    return copy.life in (Life.RUNNING, Life.PAUSED, Life.WAITING)


def _marker(data: object) -> str:
    """The action of a plan that did not end, from its marker file; "" when there is none."""
    if not isinstance(data, bytes):
        return ""
    try:
        return Action(str(json.loads(data)["action"])).value
    except (ValueError, KeyError, TypeError, RecursionError):
        return "an unknown plan"

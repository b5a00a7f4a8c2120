"""The controller of one pair: channels, watches, the lock, one plan at a time, snapshots for whoever listens."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from operator import attrgetter

from colotui.controller import kernel
from colotui.controller.armed import ArmedKeeper
from colotui.controller.base import Listener
from colotui.controller.capturing import CaptureKeeper
from colotui.controller.forward import ForwardWatch
from colotui.controller.guest import GuestWatch
from colotui.controller.keeper import Keeper
from colotui.controller.locks import Locks
from colotui.controller.plans import build
from colotui.controller.runner import OPERATOR
from colotui.controller.runs import Runs
from colotui.controller.views import Views
from colotui.diagnosis.incidents.case import Channel
from colotui.errors import ActionRefused, HostError
from colotui.host.channel import Host
from colotui.host.facts import FactsReader
from colotui.model.bundle import Bundle
from colotui.model.facts import HostFacts, Missing
from colotui.model.incident import Fact
from colotui.model.mismatch import Mismatch
from colotui.model.packet import PacketPair
from colotui.model.pair import Pair
from colotui.model.plan import Action, Plan, Progress
from colotui.model.protection import Event, HostView, LinkState, Severity, Snapshot
from colotui.tasks import end

PERIOD = 0.5
"""Seconds between two snapshots when nothing happens; a change or a bad event makes one at once."""

EVENTS_APART = 0.25
"""Seconds between two snapshots that are made for nothing but events that warn."""

FACTS_LIMIT = 2.0
"""Seconds a plan waits at most for the first facts of a host that was just reached."""

HUSH = 0.15
"""Seconds a snapshot waits when a failover has just begun: building one takes milliseconds, and the client waits."""

KEPT_EVENTS = 500


class PairController:
    """See controller.base.Controller. A read-only one never takes the lock and never changes anything."""

    def __init__(self, pair: Pair, *, read_only: bool = False, accept_keys: bool = False) -> None:
        self.pair = pair
        self._hosts = {spec.name: Host(spec, accept_key=accept_keys) for spec in pair.hosts}
        self._keepers = {name: self._keeper(name, host) for name, host in self._hosts.items()}
        self._facts: dict[str, HostFacts] = {}
        self._events: deque[Event] = deque(maxlen=KEPT_EVENTS)
        self._event_total = 0
        self._listeners: list[Listener] = []
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._host_tasks: dict[str, list[asyncio.Task[None]]] = {name: [] for name in self._hosts}
        self._sampled = {name: asyncio.Event() for name in self._hosts}
        self._watches = {
            spec.name: GuestWatch(pair, spec, self._hosts, self._emit, partial(self._changed, spec.name))
            for spec in pair.guests
        }
        self._locks = Locks(self._hosts, self._watches, self._emit, watching=read_only)
        self._captures = CaptureKeeper(self._watches, self._may_capture, self._emit)
        self._armed = ArmedKeeper(pair, self._watches, self._hosts, self._barred, self._fire, self._emit)
        self._runs = Runs(
            self._hosts,
            self._watches,
            self._emit,
            # Before anything is done: a plan may end the primary on purpose, and that end must promote nothing.
            self._armed.disarm,
            self._captures.plan_ended,
            self._changed,
            self._publish,
        )
        for watch in self._watches.values():
            watch.cases.channels = self._channels
        self._forward = ForwardWatch(pair, self._hosts)
        self._views = Views(self._watches, lambda name: self._watches[name].view(self._locks.read_only), PERIOD * 0.9)
        self._published_at = 0.0
        self._snapshot = self._build()

    def _keeper(self, name: str, host: Host) -> Keeper:
        async def up() -> None:
            await self._host_up(name)

        async def down(reason: str) -> None:
            await self._host_down(name, reason)

        return Keeper(host, up, down)

    @property
    def snapshot(self) -> Snapshot:
        """See controller.base."""
        return self._snapshot

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """See controller.base."""
        self._listeners.append(listener)

        def leave() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return leave

    async def start(self) -> None:
        """See controller.base."""
        for keeper in self._keepers.values():
            keeper.start()
        for watch in self._watches.values():
            watch.start()
        self._captures.start()
        self._armed.start()
        self._tasks.append(asyncio.create_task(self._publish_always()))

    async def close(self) -> None:
        """See controller.base. A running plan first comes to its next safe point: never leave the guest standing."""
        await self._armed.close()
        await self._runs.close()
        await self._captures.close()
        await end([*self._tasks, *(task for tasks in self._host_tasks.values() for task in tasks)])
        for watch in self._watches.values():
            await watch.close()
        for keeper in self._keepers.values():
            await keeper.close()

    async def settled(self, limit: float = 8.0) -> Snapshot:
        """Wait until every host was tried and every copy looked at once; the snapshot then."""
        waits = [keeper.tried.wait() for keeper in self._keepers.values()]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await asyncio.gather(*waits)
                await self._facts_known(FACTS_LIMIT)
                for watch in self._watches.values():
                    await asyncio.gather(watch.first_answer(), watch.look())
                    await watch.engine.caught_up(1.0)
        for name, keeper in self._keepers.items():
            if keeper.state is not LinkState.UP:
                for watch in self._watches.values():
                    watch.asked[name].set()
        self._publish()
        return self._snapshot

    # hosts

    async def _facts_known(self, limit: float) -> None:
        """Wait, `limit` s at most, until each host we reach was sampled: a cut cable is seen by nothing else."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                for name, keeper in self._keepers.items():
                    if keeper.state is LinkState.UP:
                        await self._sampled[name].wait()

    async def _host_up(self, name: str) -> None:
        host = self._hosts[name]
        self._emit(Event(time.time(), "colotui", f"connected to {name}", host.spec.address))
        await self._locks.take(name)
        self._sampled[name].clear()
        self._host_tasks[name] = [
            asyncio.create_task(self._sample(name)),
            asyncio.create_task(self._forward.follow(name)),
            asyncio.create_task(kernel.follow(host, self._witness)),
        ]
        for watch in self._watches.values():
            watch.cases.channel(name, "up", host.spec.address)
            watch.wake()

    async def _host_down(self, name: str, reason: str) -> None:
        self._emit(Event(time.time(), "colotui", f"lost the channel to {name}", reason, Severity.WARNING))
        await end(self._host_tasks[name])
        self._locks.lost(name)
        for watch in self._watches.values():
            watch.cases.channel(name, "lost", reason)
            await watch.host_lost(name)
        self._changed()

    async def _sample(self, name: str) -> None:
        """Facts once a second; a fact that cannot be read says so itself."""
        reader = FactsReader(self._hosts[name], taps=self._taps(), peer=self.pair.other(name))
        with contextlib.suppress(HostError):
            while True:
                facts = await reader.facts()
                self._facts[name] = facts
                for watch in self._watches.values():
                    watch.cases.sampled(facts)
                if not isinstance(facts.clock_offset_ms, Missing):
                    for watch in self._watches.values():
                        watch.engine.offsets[name] = facts.clock_offset_ms / 1000.0
                up = None if isinstance(facts.forward, Missing) else facts.forward.up
                for watch in self._watches.values():
                    if watch.forward_up.get(name) is not up and up is False:
                        watch.wake()
                    watch.forward_up[name] = up
                    watch.pings.update(self._forward.witnesses)
                self._sampled[name].set()
                await asyncio.sleep(1.0)
        self._sampled[name].set()  # there are no facts to wait for

    def _channels(self) -> dict[str, Channel]:
        return {name: Channel(keeper.state, keeper.since) for name, keeper in self._keepers.items()}

    def _witness(self, fact: Fact) -> None:
        """What a host says is of all its guests."""
        for watch in self._watches.values():
            watch.cases.facts.add(fact)

    def _taps(self) -> tuple[str, ...]:
        return tuple(nic.tap for watch in self._watches.values() for nic in watch.engine.wiring.nics)

    # actions

    def refusal(self, guest: str, action: Action) -> str | None:
        """See controller.base."""
        return self._watches[guest].view(self._locks.read_only).actions.get(action)

    async def prepare(self, guest: str, action: Action, to: str = "") -> Plan:
        """See controller.base."""
        await self._locks.must_hold(guest)
        watch = self._watches[guest]
        await self._facts_known(FACTS_LIMIT)
        await watch.look()
        return await build(self.pair, watch, action, to)

    async def run(self, plan: Plan, typed: str = "") -> Progress:
        """See controller.base."""
        if plan.confirm and typed != plan.confirm:
            raise ActionRefused(f"{plan.title}: `{plan.confirm}` has to be typed to confirm.", "Nothing was changed.")
        await self._locks.must_hold(plan.guest)
        await self._runs.one_at_a_time()
        return await self._runs.launch(plan, OPERATOR)

    async def retry(self, guest: str) -> Progress:
        """See controller.base."""
        runner = self._runs.failed(guest)
        await self._locks.must_hold(guest)
        await self._runs.one_at_a_time()
        return await self._runs.again(runner)

    async def capture(self, guest: str, on: bool) -> None:
        """See controller.base."""
        await self._locks.must_hold(guest)
        await self._runs.one_at_a_time()
        await self._captures.switch(guest, on=on)
        self._changed(guest)

    async def packets(self, guest: str, mismatch: Mismatch) -> PacketPair | Missing:
        """See controller.base."""
        return await self._captures.packets(guest, mismatch)

    async def arm(self, guest: str, on: bool) -> None:
        """See controller.base."""
        if not on:
            self._armed.disarm(guest, "by the operator")
        else:
            await self._locks.must_hold(guest)
            await self._armed.arm(guest)
        self._changed(guest)

    def _barred(self, guest: str) -> str:
        """Why an armed failover of `guest` may not act now; "" when it may. Plans of other guests do not matter."""
        if self._locks.read_only:
            return f"read-only: {self._locks.read_only}"
        if title := self._runs.running(guest):
            return f"`{title}` is running"
        if not self._locks.held(guest):
            return "this cockpit does not hold the guest's lock on both hosts"
        return ""

    def _fire(self, plan: Plan) -> Awaitable[Progress]:
        return self._runs.launch(plan, "colotui")

    async def bundle(self, guest: str, incident: str = "") -> Bundle:
        """See controller.base."""
        from colotui.controller.bundle import collect

        # Asked in the first second, or on stale news, the snapshot would not know which process to look into.
        await self._watches[guest].look()
        return await collect(
            self.pair, guest, self._hosts, self._watches[guest].engine.session, self._build(), incident
        )

    def _may_capture(self, guest: str) -> bool:
        return self._locks.held_somewhere(guest) and not self._locks.read_only and not self._runs.running()

    async def undo(self, guest: str) -> Progress:
        """See controller.base. Raises ActionRefused where the undo wants the guest's name: prepare and run it."""
        return await self.run(await self.prepare(guest, Action.UNDO))

    def leave(self, guest: str) -> None:
        """See controller.base."""
        self._runs.leave(guest)

    def cancel(self, guest: str) -> str | None:
        """See controller.base."""
        return self._runs.cancel(guest)

    # snapshots

    def remark(self, event: Event) -> None:
        """Put a line of somebody else's into the list of events."""
        self._emit(event)

    def _emit(self, event: Event) -> None:
        self._events.append(event)
        self._event_total += 1
        if event.guest:
            self._views.changed(event.guest)
        # What is harmless may come by the hundred: it waits for the next snapshot.
        apart = time.monotonic() - self._published_at >= EVENTS_APART
        if event.severity is Severity.ERROR or (event.severity is Severity.WARNING and apart):
            self._wake.set()

    def _changed(self, guest: str = "") -> None:
        """Something of a guest, or of all, is new: a snapshot says so at once."""
        self._views.changed(guest)
        self._wake.set()

    async def _publish_always(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PERIOD):
                    await self._wake.wait()
            # A burst of events makes one snapshot, and none is built between two steps of a failover.
            await asyncio.sleep(0.05)
            if any(watch.promoting(HUSH) for watch in self._watches.values()):
                await asyncio.sleep(HUSH)
            self._wake.clear()
            self._tell()
            await self._locks.take_again()

    def _publish(self) -> None:
        self._views.changed()
        self._tell()

    def _tell(self) -> None:
        """Hand out a snapshot; the guests of which nothing is new are as in the one before."""
        self._snapshot = self._build()
        self._published_at = time.monotonic()
        for listener in list(self._listeners):
            listener(self._snapshot)

    def _build(self) -> Snapshot:
        views = tuple(
            HostView(
                spec=spec,
                link=self._keepers[spec.name].state,
                since=self._keepers[spec.name].since,
                facts=self._facts.get(spec.name),
                why=self._keepers[spec.name].why,
                next_try_at=self._keepers[spec.name].next_try_at,
            )
            for spec in self.pair.hosts
        )
        return Snapshot(
            at=time.time(),
            pair=self.pair.name,
            hosts=(views[0], views[1]),
            guests=self._views.all(),
            events=tuple(sorted(self._events, key=attrgetter("at"))),
            event_total=self._event_total,
            read_only=self._locks.read_only,
        )

"""Armed failovers of a pair: watches the primary's own process on its own host, and promotes once that has ended."""

from __future__ import annotations

import asyncio
import getpass
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Mapping

from colotui.controller.fuse import GRACE, Fuse, Target
from colotui.controller.guest import GuestWatch
from colotui.controller.plans import armed_failover
from colotui.diagnosis.arming import arming_refusal, without
from colotui.errors import ActionRefused, ColotuiError, HostError
from colotui.host.answers import ProcessInfo
from colotui.host.channel import Host
from colotui.model.pair import Pair
from colotui.model.plan import Plan, Progress
from colotui.model.protection import Event, Severity
from colotui.tasks import end

log = logging.getLogger(__name__)

PERIOD = 0.25
"""Seconds between two looks at whether it may stay armed. The exit itself is pushed and waits for none of them."""

STRAY_PERIOD = 5.0
"""Seconds between two searches for a second QEMU of an armed guest; the last one is a step of the plan itself."""


class ArmedKeeper:
    """The armed failovers of one pair, at most one a guest.

    `barred(guest)`: why this cockpit may not act on the guest at all, "" when it may. `fire(plan)`: run it; it
    begins before it first waits.
    """

    def __init__(
        self,
        pair: Pair,
        watches: Mapping[str, GuestWatch],
        hosts: Mapping[str, Host],
        barred: Callable[[str], str],
        fire: Callable[[Plan], Awaitable[Progress]],
        emit: Callable[[Event], None],
    ) -> None:
        self._pair = pair
        self._watches = watches
        self._hosts = hosts
        self._barred = barred
        self._fire = fire
        self._emit = emit
        self._fuses: dict[str, Fuse] = {}
        self._waits: dict[str, asyncio.Task[None]] = {}
        self._firing: set[asyncio.Task[None]] = set()
        self._barred_since: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to keep an eye on what is armed."""
        self._task = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Disarm everything: nobody is left to act."""
        for guest in list(self._fuses):
            self.disarm(guest, "the cockpit closes")
        waits = [*self._waits.values(), *([self._task] if self._task is not None else [])]
        await end(task for task in waits if task not in self._firing)

    async def arm(self, guest: str) -> None:
        """Arm it. Raises ActionRefused, HostError or EngineError; nothing is armed then."""
        if guest in self._fuses:
            return
        watch = self._watches[guest]
        await watch.look()
        reason = arming_refusal(watch.evidence())
        if reason is not None:
            raise ActionRefused(f"{guest}: the failover cannot be armed: {reason}.", "Protect it first, then arm.")
        evidence = watch.evidence()
        assert evidence.primary is not None  # arming_refusal() said so
        assert evidence.secondary is not None
        primary, secondary = evidence.primary.host, evidence.secondary.host
        # Both lines to the survivor stand from here on, and are kept: the promotion opens none.
        await watch.engine.session(secondary).monitor()
        process = await watch.engine.session(primary).look()
        if process is None or process.pid != evidence.primary.pid:
            raise ActionRefused(f"{guest}: the QEMU on {primary} changed this moment.", "Look again, then arm.")
        stray = await self._stray(watch, primary, process)
        if stray:
            raise ActionRefused(
                f"{guest}: a second QEMU of it runs on {stray}.", "End that one first: the end of one proves nothing."
            )
        # All of this took time: it is armed on what is so now.
        reason = self._barred(guest) or arming_refusal(watch.evidence())
        if reason:
            raise ActionRefused(f"{guest}: the failover cannot be armed: {reason}.", "Look again, then arm.")
        if guest in self._fuses:
            return
        target = Target(primary, secondary, process.pid, process.start_time)
        fuse = Fuse(target, time.time(), f"{getpass.getuser()}@{socket.gethostname()}")
        self._fuses[guest] = fuse
        self._watch_exit(guest, fuse, process)
        watch.armed = fuse.view
        self._say(guest, "armed", f"acts when {primary} sees its QEMU {process.pid} end; never on silence")

    def disarm(self, guest: str, why: str, severity: Severity = Severity.OK) -> None:
        """Disarm it; nothing when it is not armed. From here on it cannot act any more."""
        fuse = self._fuses.get(guest)
        if fuse is not None and fuse.disarm(why):
            self._put_away(guest, fuse, severity)

    def _put_away(self, guest: str, fuse: Fuse, severity: Severity) -> None:
        self._fuses.pop(guest, None)
        self._barred_since.pop(guest, None)
        self._watches[guest].armed = None
        wait = self._waits.pop(guest, None)
        if wait is not None and wait is not asyncio.current_task() and wait not in self._firing:
            wait.cancel()
        if fuse.ended:
            self._say(guest, "disarmed", fuse.ended, severity)

    def _watch_exit(self, guest: str, fuse: Fuse, process: ProcessInfo) -> None:
        old = self._waits.pop(guest, None)
        if old is not None:
            old.cancel()
        self._waits[guest] = asyncio.create_task(self._wait(guest, fuse, process))

    async def _wait(self, guest: str, fuse: Fuse, process: ProcessInfo) -> None:
        """Wait for the host's word that the process ended. A channel that ends says nothing of the process."""
        host = self._hosts[fuse.target.primary]
        try:
            await host.watch_exit(process.pid, start_time=process.start_time)
        except HostError as error:
            if host.is_up:
                self.disarm(guest, f"the end of its process cannot be watched: {error.what}", Severity.ERROR)
            else:
                self._blind(guest, fuse, host.name)
            return
        await self._exited(guest, fuse, process)

    def _blind(self, guest: str, fuse: Fuse, host: str) -> None:
        if not fuse.armed:
            return
        if not fuse.unseen:
            self._say(guest, "armed, but blind", f"{host} cannot be seen: it will not act", Severity.WARNING)
        fuse.lose_sight(host)
        self._watches[guest].armed = fuse.view

    async def _exited(self, guest: str, fuse: Fuse, process: ProcessInfo) -> None:
        at = time.time()
        watch, target = self._watches[guest], fuse.target
        up = {name: host.is_up for name, host in self._hosts.items()}
        barred = self._barred(guest)
        if {target.primary, target.secondary} & watch.engine.powered_off:
            barred = barred or "the guest powered itself off"
        was_armed = fuse.armed
        evidence = watch.evidence()
        verdict = fuse.exited(process.pid, process.start_time, evidence, up, barred)
        if isinstance(verdict, str):
            if was_armed:
                self._put_away(guest, fuse, Severity.WARNING)
                text = f"QEMU {process.pid} on {target.primary} ended; nothing was promoted: {verdict}"
                self._say(guest, "did not act", text, Severity.ERROR)
            return
        task = asyncio.current_task()
        assert task is not None
        self._firing.add(task)
        task.add_done_callback(self._firing.discard)
        try:
            plan = await armed_failover(self._pair, watch, without(evidence, target.primary), process, at)
            going = self._fire(plan)
            self._put_away(guest, fuse, Severity.OK)
            ended = f"QEMU {process.pid} on {target.primary} ended, {target.primary} itself has seen it"
            self._say(guest, "acts", f"{ended}; promoting {target.secondary}", Severity.WARNING)
            progress = await going
        except ColotuiError as error:
            self._put_away(guest, fuse, Severity.ERROR)
            self._say(guest, "could not act", str(error), Severity.ERROR)
            return
        if progress.failed:
            self._say(guest, "stopped half-way", f"{progress.failed} {progress.next_step}", Severity.ERROR)
        else:
            self._say(guest, "done", f"{target.secondary} carries on", Severity.OK)

    async def _keep(self) -> None:
        searched = time.monotonic()
        while True:
            await asyncio.sleep(PERIOD)
            search = time.monotonic() - searched >= STRAY_PERIOD
            if search:
                searched = time.monotonic()
            for guest, fuse in list(self._fuses.items()):
                try:
                    await self._look(guest, fuse, search=search)
                except HostError:
                    continue  # its channel ends: the next look finds that
                except Exception as error:
                    # A fault of ours must not leave something armed that nobody keeps an eye on.
                    log.exception("looking at the armed failover of %s", guest)
                    self.disarm(guest, f"an unexpected {type(error).__name__}: {error}", Severity.ERROR)

    async def _look(self, guest: str, fuse: Fuse, *, search: bool) -> None:
        watch, now = self._watches[guest], time.monotonic()
        up = {name: host.is_up for name, host in self._hosts.items()}
        dark = next((name for name, stands in up.items() if not stands), "")
        if dark:
            self._blind(guest, fuse, dark)
            return
        barred = self._barred(guest)
        if barred:
            # After a channel is back its lock takes a moment.
            if now - self._barred_since.setdefault(guest, now) >= GRACE:
                self.disarm(guest, barred, Severity.WARNING)
            return
        self._barred_since.pop(guest, None)
        fuse.look(watch.evidence(), up, now)
        if fuse.unseen:
            await self._regain(guest, fuse)
        elif fuse.armed and search:
            process = watch.engine.session(fuse.target.primary).process
            stray = await self._stray(watch, fuse.target.primary, process) if process is not None else ""
            if stray:
                fuse.disarm(f"a second QEMU of it runs on {stray}")
        if self._fuses.get(guest) is not fuse:
            return
        if fuse.ended:
            self._put_away(guest, fuse, Severity.WARNING)
        watch.armed = fuse.view

    async def _regain(self, guest: str, fuse: Fuse) -> None:
        """Both channels stand again: go on only with the very same process, seen anew."""
        watch = self._watches[guest]
        await watch.look()
        process = watch.engine.session(fuse.target.primary).process
        fuse.regain(process.pid if process else None, process.start_time if process else None)
        if process is not None and fuse.armed:
            self._watch_exit(guest, fuse, process)
            self._say(guest, "sees again", f"both hosts answer, QEMU {process.pid} is the same")

    async def _stray(self, watch: GuestWatch, primary: str, process: ProcessInfo) -> str:
        """Where a second QEMU of the guest runs ("alpha (pid 7)"), "" when none does."""
        for name in self._hosts:
            session = watch.engine.session(name)
            found = await session.others(process) if name == primary else await session.strays()
            if found:
                return f"{name} (pid {found[0]})"
        return ""

    def _say(self, guest: str, text: str, detail: str = "", severity: Severity = Severity.OK) -> None:
        self._emit(Event(time.time(), "colotui", f"armed failover: {text}", detail, severity, guest))

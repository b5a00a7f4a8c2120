"""The plans that are run: one at a time, marked on the hosts while it lasts, its results told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping

from colotui.controller.guest import GuestWatch
from colotui.controller.runner import OPERATOR, Runner
from colotui.engine.qemu.wiring import run_dir
from colotui.errors import ActionRefused, HostError
from colotui.host.channel import Host
from colotui.model.checkpoint import duration
from colotui.model.plan import Action, Line, Plan, Progress, StepState
from colotui.model.protection import Event, Severity

PLAN_LIMIT = 30.0
"""Seconds a closing cockpit waits for the running plan to come to a point where it can be left."""

END_LIMIT = 5.0
"""Seconds in which a plan that has ended has looked at the guest and taken its marker away."""


class Runs:
    """Runs plans of the guests. Whoever asks has made sure that this cockpit may act.

    `begins(guest, why)` is called before anything is done, `over(guest)` is awaited when a plan has ended and the
    guest was looked at; `changed(guest)` tells of each progress, `publish()` wants a snapshot of all at once.
    """

    def __init__(
        self,
        hosts: Mapping[str, Host],
        watches: Mapping[str, GuestWatch],
        emit: Callable[[Event], None],
        begins: Callable[[str, str], None],
        over: Callable[[str], Awaitable[None]],
        changed: Callable[[str], None],
        publish: Callable[[], None],
    ) -> None:
        self._hosts, self._watches, self._emit = hosts, watches, emit
        self._begins, self._over, self._changed, self._publish = begins, over, changed, publish
        self._runners: dict[str, Runner] = {}
        self._going: dict[Runner, asyncio.Task[Progress]] = {}

    async def close(self) -> None:
        """Ask each running plan to come to its next safe point, and wait for it (PLAN_LIMIT at most)."""
        for runner in self._going:
            runner.cancel()
        if self._going:
            await asyncio.wait(self._going.values(), timeout=PLAN_LIMIT)

    def running(self, guest: str = "") -> str:
        """The title of the plan that runs on the guest (on any without a name); "" when none does."""
        return next((one.plan.title for one in self._going if guest in ("", one.plan.guest)), "")

    async def one_at_a_time(self) -> None:
        """Raise ActionRefused while a plan runs. One whose end is on the screen already is waited for."""
        ending = [task for runner, task in self._going.items() if not runner.progress.running]
        if ending:
            await asyncio.wait(ending, timeout=END_LIMIT)
        if title := self.running():
            raise ActionRefused(f"`{title}` is running.", "One action at a time: wait for it.")

    async def launch(self, plan: Plan, source: str) -> Progress:
        """Run a plan that may be run; it counts as running before anything is waited for."""
        watch = self._watches[plan.guest]

        def publish(progress: Progress) -> None:
            watch.progress = progress
            self._changed(plan.guest)

        runner = Runner(plan, publish, source)
        self._runners[plan.guest] = runner
        watch.engine.note = runner.note
        self._emit(Event(time.time(), source, plan.title, f"{len(plan.steps)} steps", guest=plan.guest))
        return await self._go(runner, watch)

    def failed(self, guest: str) -> Runner:
        """The guest's plan that failed. Raises ActionRefused when there is none."""
        runner = self._runners.get(guest)
        if runner is None or not runner.progress.failed:
            raise ActionRefused(f"{guest}: no plan has failed here.", "Start the action again.")
        return runner

    async def again(self, runner: Runner) -> Progress:
        """Go on with a plan that failed, from its failed step."""
        return await self._go(runner, self._watches[runner.plan.guest])

    def leave(self, guest: str) -> None:
        """Put the ended plan away; what it did stands."""
        runner = self._runners.get(guest)
        if runner is not None and not runner.progress.running:
            del self._runners[guest]
            self._watches[guest].progress = None
            self._changed(guest)

    def cancel(self, guest: str) -> str | None:
        """Ask the running plan to stop at the next safe point; the reason when it has none left."""
        runner = self._runners.get(guest)
        if runner is None or not runner.progress.running:
            return "nothing is running"
        return runner.cancel()

    async def _go(self, runner: Runner, watch: GuestWatch) -> Progress:
        """Run it in a task of its own: whoever asked may go away, the plan still ends in a known place."""
        self._begins(runner.plan.guest, f"`{runner.plan.title}` begins")
        runner.begin()
        task = self._going[runner] = asyncio.create_task(self._run_through(runner, watch))
        task.add_done_callback(lambda _task: self._going.pop(runner, None))
        return await asyncio.shield(task)

    async def _run_through(self, runner: Runner, watch: GuestWatch) -> Progress:
        plan = runner.plan
        begun = time.time()
        if plan.action is not Action.FAILOVER:
            await self._mark(plan)  # a failover looks at what is; it needs no marker, and no millisecond more
        # Its end is on the screen before the copies were looked at: until then they are not judged as if none ran.
        watch.settling = True
        try:
            progress = await runner.run()
            ended = not progress.failed and not progress.cancelled
            if ended or plan.action is Action.UNDO:
                await self._unmark(plan.guest)
            await watch.look()
        finally:
            watch.settling = False
        await self._over(plan.guest)
        if ended:
            watch.half_run = {}
            progress = runner.conclude(_results(runner, watch, begun))
            if plan.action in (Action.PROTECT, Action.REPROTECT):
                watch.gap_ms = None
        self._emit(_outcome(runner, progress, begun))
        self._publish()
        return progress

    async def _mark(self, plan: Plan) -> None:
        """Write on both hosts that a plan began: the next cockpit finds it there when this one dies."""
        text = json.dumps({"action": plan.action.value, "title": plan.title, "at": time.time()}).encode()
        for host in self._hosts.values():
            if host.is_up and plan.action is not Action.UNDO:
                with contextlib.suppress(HostError):
                    await host.write(f"{run_dir(plan.guest)}/plan.json", text, mode=0o600, create=True)

    async def _unmark(self, guest: str) -> None:
        for host in self._hosts.values():
            if host.is_up:
                with contextlib.suppress(HostError):
                    await host.remove([f"{run_dir(guest)}/plan.json"])


def _results(runner: Runner, watch: GuestWatch, begun: float) -> tuple[Line, ...]:
    """What a plan that ended well says of itself, and of what the client felt."""
    progress = runner.progress
    begin = "From Enter" if runner.source == OPERATOR else "From the exit"
    lines = [Line("Took", duration(((progress.ended_at or begun) - begun) * 1000))]
    for step in progress.steps:
        if step.key == "lockstep" and step.output:
            lines.append(Line("The client felt", step.output))
        if step.key == "answer" and step.output:
            if step.started_at and step.ended_at:
                lines.append(Line(begin, f"{duration((step.ended_at - begun) * 1000)} to the first answer"))
            if watch.gap_ms is not None:
                lines.append(Line("Client gap", f"{duration(watch.gap_ms)}, seen by the probe"))
    return tuple(lines)


def _outcome(runner: Runner, progress: Progress, begun: float) -> Event:
    """How a plan ended, as a line of the event list."""
    plan = runner.plan
    took = f"{(progress.ended_at or time.time()) - begun:.1f} s"
    done = sum(step.state in (StepState.DONE, StepState.ALREADY) for step in progress.steps)
    if progress.failed:
        text, severity = "failed", Severity.ERROR
    elif progress.cancelled:
        text, severity = "cancelled", Severity.WARNING
    else:
        text, severity = "done", Severity.OK
    words = f"{plan.action.value} {plan.guest}: {text}"
    return Event(time.time(), runner.source, words, progress.failed or f"{done} steps, {took}", severity, plan.guest)

"""A controller that answers from memory: the CLI's side of controller.base.Controller, without any host."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from colotui.controller.base import Listener
from colotui.errors import ActionRefused, ColotuiError
from colotui.model.checkpoint import CheckpointStats
from colotui.model.facts import HostFacts, LinkFacts, Module, ModuleState, QemuFacts
from colotui.model.mismatch import Mismatch
from colotui.model.pair import Pair
from colotui.model.plan import Action, Line, Plan, Progress, Step, StepProgress, StepState
from colotui.model.protection import (
    Copy,
    GuestView,
    HostView,
    Life,
    LinkState,
    Probe,
    Protection,
    Role,
    Severity,
    Snapshot,
    State,
    Witness,
)

NOW = time.time()


async def nothing() -> str:
    return ""


def step(key: str, host: str, title: str, command: str, **more: object) -> Step:
    return Step(key, host, title, command, f"why {key}", nothing, **more)  # type: ignore[arg-type]


FAILOVER = Plan(
    Action.FAILOVER,
    "web01",
    "Fail over web01 from alpha to beta",
    (
        step("fence", "alpha", "fence", "kill -9 4711", weighty=True),
        step("promote", "beta", "promote", '{"execute": "x-colo-lost-heartbeat"}', weighty=True),
        step("answer", "client", "measure", "ask http://10.77.0.10/ every 20 ms"),
    ),
    (Line("What is lost", "Nothing a client has seen."), Line("Fence", "alpha's QEMU is gone.")),
    confirm="web01",
    from_host="alpha",
    to_host="beta",
)
ATTESTED = replace(FAILOVER, attest="alpha is off, or no copy of web01 runs there")
PROTECT = Plan(Action.PROTECT, "web01", "Protect web01: alpha ⇒ beta", FAILOVER.steps[2:], to_host="beta")


def facts(host: str, **changes: object) -> HostFacts:
    forward = LinkFacts("eth1", True, addresses=("10.78.0.1/24", "10.78.0.2/24"), quickack=True, speed_mbps=1000)
    found = HostFacts(
        host=host,
        taken_at=NOW,
        kernel="6.12",
        cpus=4,
        load1=0.2,
        cpu_percent=3.0,
        memory_total=8 << 30,
        memory_available=6 << 30,
        modules=(Module("cls_u32", ModuleState.LOADED, "sends packets to the other copy"),),
        ifbs=(),
        ifb_pairs=(),
        nic_irqs=(),
        irqbalance=False,
        clock_offset_ms=0.8,
        forward=forward,
        bridge=LinkFacts("br0", True),
        qemu=QemuFacts("/usr/bin/qemu-system-x86_64", "11.1.3"),
        rtt_ms=0.7,
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def snapshot(pair: Pair, state: State = State.PROTECTED, severity: Severity = Severity.OK) -> Snapshot:
    copies = {
        "alpha": Copy(
            "alpha", Life.RUNNING, Role.PRIMARY, NOW, pid=4711, in_colo=True, peer_connected=True, speaks=True,
            version="11.1.3", accel="tcg", rss=257 << 20, cpu_percent=3.2, runstate="running",
        ),
        "beta": Copy("beta", Life.RUNNING, Role.SECONDARY, NOW, pid=815, in_colo=True, speaks=False, rss=684 << 20),
    }  # fmt: skip
    guests = tuple(
        GuestView(
            spec=spec,
            protection=Protection(
                state, severity, f"{spec.name} runs on alpha, in lock-step with beta", since=NOW - 100,
                primary="alpha", secondary="beta",
            ),
            copies=copies,
            stats=CheckpointStats(42, 60.0, 0.7, 0.25, 6.8, 12.0, 44.0, 359, NOW - 1),
            mismatches=(Mismatch(NOW - 5, "tcp", "length 104 ≠ 79", "10.77.0.10", "10.77.0.1"),),
            mismatch_total=3,
            probe=Probe("http://10.77.0.10/", True, NOW, 2.1) if spec.probe else None,
            witnesses=(
                Witness("cockpit → host", "alpha", "running, primary, in colo", True, NOW),
                Witness("cockpit → host", "beta", "host not reached", None, NOW - 7),
            ),
            actions={Action.SWITCH: None, Action.FAILOVER: "both copies are well: use the planned switch"},
        )
        for spec in pair.guests
    )  # fmt: skip
    hosts = tuple(HostView(spec, LinkState.UP, NOW - 60, facts(spec.name)) for spec in pair.hosts)
    return Snapshot(NOW, pair.name, (hosts[0], hosts[1]), guests, read_only="asked for")


@dataclass
class FakeController:
    """Plays what it was told to: `plan` is prepared, `script` is how running it goes."""

    pair: Pair
    snapshot: Snapshot
    plan: Plan | ColotuiError = FAILOVER
    fail_at: str = ""
    cancel_at: str = ""
    crash: BaseException | None = None
    read_only: bool = False
    calls: list[str] = field(default_factory=list)
    listeners: list[Listener] = field(default_factory=list)
    on_step: Callable[[str], None] = lambda _key: None
    cancelled: bool = False

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    async def start(self) -> None:
        self.calls.append("start")

    async def close(self) -> None:
        self.calls.append("close")

    async def settled(self, limit: float = 8.0) -> Snapshot:
        if self.crash:
            raise self.crash
        return self.snapshot

    def refusal(self, guest: str, action: Action) -> str | None:
        return self.snapshot.guests[0].actions.get(action)

    async def prepare(self, guest: str, action: Action, to: str = "") -> Plan:
        self.calls.append(f"prepare {action} {guest} {to}".strip())
        if isinstance(self.plan, ColotuiError):
            raise self.plan
        return self.plan

    async def run(self, plan: Plan, typed: str = "") -> Progress:
        self.calls.append(f"run {plan.action} typed={typed}")
        if plan.confirm and typed != plan.confirm:
            raise ActionRefused("not typed.")
        steps = [StepProgress(s.key, s.host, s.title, s.command, s.why, weighty=s.weighty) for s in plan.steps]
        progress = Progress(plan.action, plan.guest, plan.title, tuple(steps), time.time())
        for index, current in enumerate(steps):
            steps[index] = replace(current, state=StepState.RUNNING, started_at=time.time())
            progress = self._publish(replace(progress, steps=tuple(steps), note="62 %"))
            await asyncio.sleep(0)
            self.on_step(current.key)
            await asyncio.sleep(0)
            if self.cancelled and current.key == self.cancel_at:
                return self._publish(replace(progress, cancelled=True, ended_at=time.time()))
            failed = current.key == self.fail_at
            output = "it said \x1b[31mno\x1b[0m" if failed else f"saw {current.key}"
            steps[index] = replace(
                steps[index], state=StepState.FAILED if failed else StepState.DONE, ended_at=time.time(), output=output
            )
            progress = self._publish(replace(progress, steps=tuple(steps)))
            if failed:
                return self._publish(
                    replace(progress, failed=output, next_step="Look at the bridge.", ended_at=time.time())
                )
        return self._publish(replace(progress, ended_at=time.time(), results=(Line("Client gap", "61 ms"),)))

    async def retry(self, guest: str) -> Progress:
        raise NotImplementedError

    async def undo(self, guest: str) -> Progress:
        raise NotImplementedError

    def leave(self, guest: str) -> None:
        self.calls.append("leave")

    def cancel(self, guest: str) -> str | None:
        self.calls.append("cancel")
        self.cancelled = True
        return None if self.cancel_at else "past the last point where it can be left safely"

    def _publish(self, progress: Progress) -> Progress:
        guests = (replace(self.snapshot.guests[0], progress=progress), *self.snapshot.guests[1:])
        self.snapshot = replace(self.snapshot, guests=guests)
        for listener in self.listeners:
            listener(self.snapshot)
        return progress


__all__ = ["ATTESTED", "FAILOVER", "NOW", "PROTECT", "FakeController", "facts", "snapshot"]

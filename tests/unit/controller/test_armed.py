"""The keeper of armed failovers on hosts that are played: what it waits for, what it tells, when it lets go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import cast

import pytest

from colotui.controller import armed as module
from colotui.controller.armed import ArmedKeeper
from colotui.controller.guest import GuestWatch
from colotui.diagnosis.evidence import Evidence
from colotui.errors import ActionRefused, HostCallFailed, HostLost
from colotui.host.answers import ProcessInfo
from colotui.host.channel import Host
from colotui.model.pair import HostSpec, Pair
from colotui.model.plan import Action, Plan, Progress, Step
from colotui.model.protection import Armed, Event
from tests.unit.controller.test_fuse import ALPHA, WELL, evidence
from tests.unit.diagnosis.test_actions import SECONDARY, SPEC

QEMU = ProcessInfo(4711, "colotui-web01", ("qemu", "/run/colotui/web01/pid"), 99, 0, 0, "S")


class PlayedHost:
    """A host whose process ends when the test says so."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_up = True
        self.watched: list[tuple[int, int | None]] = []
        self.exit: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def watch_exit(self, pid: int, *, start_time: int | None = None) -> float:
        self.watched.append((pid, start_time))
        return await self.exit

    def lose(self) -> None:
        self.is_up = False
        if not self.exit.done():
            self.exit.set_exception(HostLost(self.name, "the channel ended.", ""))

    def back(self) -> None:
        self.exit = asyncio.get_running_loop().create_future()
        self.is_up = True


@dataclass
class PlayedSession:
    process: ProcessInfo | None = None
    stray: list[int] = field(default_factory=list)
    opened: int = 0

    async def monitor(self) -> None:
        self.opened += 1

    async def look(self) -> ProcessInfo | None:
        return self.process

    async def others(self, known: ProcessInfo) -> list[int]:
        return self.stray

    async def strays(self) -> list[int]:
        return self.stray


class PlayedEngine:
    def __init__(self) -> None:
        self.sessions = {"alpha": PlayedSession(QEMU), "beta": PlayedSession()}
        self.powered_off: set[str] = set()

    def session(self, host: str) -> PlayedSession:
        return self.sessions[host]

    async def promote_steps(
        self, survivor: str, lost: str, attested: bool, gone: ProcessInfo | None = None
    ) -> tuple[Step, ...]:
        assert gone == QEMU
        assert not attested

        async def nothing() -> str:
            return ""

        return (Step("promote", survivor, "promote", "x-colo-lost-heartbeat", "", nothing),)


class PlayedWatch:
    """What the keeper asks of a GuestWatch."""

    def __init__(self) -> None:
        self.spec = SPEC
        self.engine = PlayedEngine()
        self.known: Evidence = WELL
        self.armed: Armed | None = None
        self.probe = None

    def evidence(self) -> Evidence:
        return self.known

    async def look(self) -> None:
        await asyncio.sleep(0)


class Stage:
    """One pair with one guest, and the keeper on it."""

    def __init__(self) -> None:
        self.alpha, self.beta = PlayedHost("alpha"), PlayedHost("beta")
        self.watch = PlayedWatch()
        self.events: list[Event] = []
        self.plans: list[Plan] = []
        self.barred = ""
        self.failure = ""
        hosts = {"alpha": cast("Host", self.alpha), "beta": cast("Host", self.beta)}
        pair = Pair("lab", (cast("HostSpec", None), cast("HostSpec", None)), (SPEC,))
        self.keeper = ArmedKeeper(
            pair, {"web01": cast("GuestWatch", self.watch)}, hosts, lambda _guest: self.barred, self.fire,
            self.events.append,
        )  # fmt: skip
        self.keeper.start()

    async def fire(self, plan: Plan) -> Progress:
        self.plans.append(plan)
        return Progress(plan.action, plan.guest, plan.title, (), 0.0, 1.0, failed=self.failure)

    def said(self) -> list[str]:
        return [event.text.removeprefix("armed failover: ") for event in self.events]

    async def exit(self) -> None:
        if not self.alpha.exit.done():  # what was disarmed has given the waiting up
            self.alpha.exit.set_result(1.0)
        await self.while_()

    async def while_(self) -> None:
        await asyncio.sleep(0.08)


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setattr(module, "PERIOD", 0.01)
    monkeypatch.setattr(module, "STRAY_PERIOD", 0.01)
    stage = Stage()
    yield stage
    await stage.keeper.close()


async def test_it_promotes_on_the_exit_and_tells_all_of_it(stage: Stage) -> None:
    await stage.keeper.arm("web01")
    await stage.while_()
    assert stage.watch.armed is not None
    assert stage.alpha.watched == [(4711, 99)]
    assert stage.watch.engine.sessions["beta"].opened == 1, "the survivor's monitor stands before it is needed"
    assert not stage.plans
    await stage.exit()
    (plan,) = stage.plans
    assert (plan.action, plan.from_host, plan.to_host) == (Action.FAILOVER, "alpha", "beta")
    assert plan.confirm == ""
    assert stage.watch.armed is None
    assert stage.said() == ["armed", "acts", "done"]


async def test_a_plan_that_fails_is_told(stage: Stage) -> None:
    stage.failure = "beta: QEMU is still in COLO."
    await stage.keeper.arm("web01")
    await stage.exit()
    assert stage.said() == ["armed", "acts", "stopped half-way"]


async def test_arming_twice_is_arming_once(stage: Stage) -> None:
    await stage.keeper.arm("web01")
    await stage.keeper.arm("web01")
    assert stage.said() == ["armed"]


async def test_disarmed_by_the_operator_the_exit_is_nothing(stage: Stage) -> None:
    await stage.keeper.arm("web01")
    stage.keeper.disarm("web01", "by the operator")
    await stage.exit()
    assert not stage.plans
    assert stage.said() == ["armed", "disarmed"]
    assert stage.watch.armed is None


async def test_a_second_qemu_cannot_be_armed_over(stage: Stage) -> None:
    stage.watch.engine.sessions["alpha"].stray = [7]
    with pytest.raises(ActionRefused, match=r"second QEMU of it runs on alpha \(pid 7\)"):
        await stage.keeper.arm("web01")
    assert stage.watch.armed is None


async def test_a_second_qemu_that_comes_later_disarms(stage: Stage) -> None:
    await stage.keeper.arm("web01")
    stage.watch.engine.sessions["alpha"].stray = [7]
    await stage.while_()
    assert stage.said() == ["armed", "disarmed"]
    await stage.exit()
    assert not stage.plans


async def test_what_changed_while_arming_is_not_armed(stage: Stage) -> None:
    stage.watch.engine.sessions["alpha"].process = replace(QEMU, pid=5000)
    with pytest.raises(ActionRefused, match="changed this moment"):
        await stage.keeper.arm("web01")
    stage.watch.engine.sessions["alpha"].process = QEMU
    stage.barred = "`Switch` is running"
    with pytest.raises(ActionRefused, match="is running"):
        await stage.keeper.arm("web01")
    stage.barred = ""
    stage.watch.known = evidence(beta=replace(SECONDARY, in_colo=False))
    with pytest.raises(ActionRefused, match="not protected"):
        await stage.keeper.arm("web01")


async def test_a_lost_channel_is_not_an_exit(stage: Stage) -> None:
    await stage.keeper.arm("web01")
    stage.alpha.lose()
    await stage.while_()
    assert stage.watch.armed is not None
    assert stage.watch.armed.why == "alpha cannot be seen: it will not act"
    assert not stage.plans
    stage.alpha.back()
    await stage.while_()
    assert stage.watch.armed is not None
    assert stage.watch.armed.able
    assert stage.alpha.watched == [(4711, 99), (4711, 99)]
    await stage.exit()
    assert len(stage.plans) == 1
    assert stage.said() == ["armed", "armed, but blind", "sees again", "acts", "done"]


async def test_the_channel_to_the_survivor_counts_too(stage: Stage) -> None:
    await stage.keeper.arm("web01")
    stage.beta.is_up = False
    await stage.exit()
    assert not stage.plans
    assert stage.said()[-1] == "did not act"


async def test_what_ended_unseen_disarms(stage: Stage) -> None:
    await stage.keeper.arm("web01")
    stage.alpha.lose()
    await stage.while_()
    stage.watch.engine.sessions["alpha"].process = None
    stage.alpha.back()
    await stage.while_()
    assert stage.watch.armed is None
    assert stage.said()[-1] == "disarmed"
    assert not stage.plans


async def test_a_host_that_cannot_watch_disarms(stage: Stage) -> None:
    await stage.keeper.arm("web01")
    await asyncio.sleep(0)
    stage.alpha.exit.set_exception(HostCallFailed("alpha", "too many streams", 11))
    await stage.while_()
    assert stage.said() == ["armed", "disarmed"]
    assert not stage.plans


async def test_a_running_plan_and_a_guest_that_powers_off_bar_it(stage: Stage) -> None:
    await stage.keeper.arm("web01")
    stage.watch.engine.powered_off.add("alpha")
    await stage.exit()
    assert not stage.plans
    assert stage.said()[-1] == "did not act"
    assert "powered itself off" in stage.events[-1].detail


async def test_a_lock_that_stays_lost_disarms(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE", 0.03)
    await stage.keeper.arm("web01")
    stage.barred = "read-only: ann@desk acts"
    await stage.while_()
    assert stage.watch.armed is None
    assert stage.events[-1].detail == stage.barred


async def test_a_damaged_copy_is_not_promoted(stage: Stage) -> None:
    await stage.keeper.arm("web01")
    stage.watch.known = evidence(ALPHA, replace(SECONDARY, damage="its kernel said `Oops`"))
    await stage.exit()
    assert not stage.plans
    assert stage.said()[-1] == "did not act"
    assert "damaged" in stage.events[-1].detail


async def test_the_end_of_the_cockpit_disarms(stage: Stage) -> None:
    await stage.keeper.arm("web01")
    await stage.keeper.close()
    await stage.exit()
    assert not stage.plans
    assert stage.said() == ["armed", "disarmed"]

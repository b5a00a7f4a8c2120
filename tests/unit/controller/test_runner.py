"""Plans run step by step: checked first, stopped at a failure, resumed, cancelled only where it is safe."""

from __future__ import annotations

from colotui.controller.runner import Runner, undo_steps
from colotui.errors import EngineError
from colotui.model.plan import Action, Plan, Progress, Step, StepState


class World:
    """What the steps of a test change."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.broken: set[str] = set()

    def step(self, key: str, *, cancel: bool = True) -> Step:
        async def check() -> bool:
            return key in self.done

        async def apply() -> str:
            if key in self.broken:
                raise EngineError(f"{key} does not work.", "Mend it.")
            self.done.append(key)
            return f"did {key}"

        async def undo() -> str:
            self.done.remove(key)
            return f"undid {key}"

        return Step(key, "alpha", key, f"do {key}", "because", apply, check, undo, f"undo {key}", cancel_before=cancel)

    def plan(self, *keys: str) -> Plan:
        return Plan(Action.PROTECT, "web01", "test", tuple(self.step(key) for key in keys))


async def test_all_steps_then_nothing_the_second_time() -> None:
    world, seen = World(), list[Progress]()
    first = await Runner(world.plan("a", "b"), seen.append).run()
    assert [s.state for s in first.steps] == [StepState.DONE, StepState.DONE]
    assert first.current == 2
    assert not first.failed
    second = await Runner(world.plan("a", "b"), seen.append).run()
    assert [s.state for s in second.steps] == [StepState.ALREADY, StepState.ALREADY]
    assert world.done == ["a", "b"]
    assert StepState.RUNNING in {s.state for p in seen for s in p.steps}


async def test_failure_stops_and_retry_goes_on_from_there() -> None:
    world = World()
    world.broken.add("b")
    runner = Runner(world.plan("a", "b", "c"), lambda _p: None)
    progress = await runner.run()
    assert (progress.failed, progress.next_step) == ("b does not work.", "Mend it.")
    assert world.done == ["a"]
    world.broken.clear()
    assert not (await runner.run()).failed
    assert world.done == ["a", "b", "c"]


async def test_undo_takes_back_in_reverse() -> None:
    world = World()
    plan = world.plan("a", "b")
    await Runner(plan, lambda _p: None).run()
    undo = Plan(Action.UNDO, "web01", "undo", undo_steps(plan.steps))
    assert [s.key for s in undo.steps] == ["undo-b", "undo-a"]
    await Runner(undo, lambda _p: None).run()
    assert world.done == []


async def test_cancel_waits_for_a_safe_point() -> None:
    world = World()
    runner: Runner

    async def ask() -> str:
        assert runner.cancel() is None
        return "asked"

    steps = (
        Step("ask", "alpha", "ask", "", "", ask),
        world.step("unsafe", cancel=False),
        world.step("safe"),
    )
    runner = Runner(Plan(Action.PROTECT, "web01", "t", steps), lambda _p: None)
    progress = await runner.run()
    assert progress.cancelled
    assert world.done == ["unsafe"]


async def test_a_bug_in_a_step_is_a_failed_step() -> None:
    async def bug() -> str:
        raise ZeroDivisionError("oh")

    plan = Plan(Action.START, "web01", "t", (Step("x", "alpha", "x", "", "", bug),))
    progress = await Runner(plan, lambda _p: None).run()
    assert "ZeroDivisionError" in progress.failed

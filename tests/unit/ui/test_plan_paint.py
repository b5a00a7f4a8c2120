"""The plan on the screen, in each of its stages and at each size; and the plan as text and script."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from colotui.model.pair import ForwardSpec, HostSpec
from colotui.model.plan import Line as PlanLine
from colotui.model.plan import Plan
from colotui.model.script import script_text
from colotui.ui.export import plan_text, progress_text, write_script
from colotui.ui.paint.canvas import text_of
from colotui.ui.paint.plan import PlanView, Stage
from colotui.ui.paint.planframe import footer_keys, paint_plan, wanted_height
from tests.ui import samples
from tests.unit.ui.test_paint import scene_of, words

SIZES = ((132, 38), (98, 27), (78, 21), (58, 14), (40, 10), (20, 4))


def views() -> dict[str, PlanView]:
    plan = samples.failover_plan()
    attest = samples.failover_plan(attest="alpha is off: I have seen it")
    protect = samples.protect_plan()
    return {
        "looking": PlanView(Stage.LOOKING, "Fail over web01"),
        "refused": PlanView(Stage.REFUSED, "Fail over web01", refused="both copies are well", next_step="use w"),
        "ready": PlanView(Stage.READY, plan.title, plan, typed="web0"),
        "complete": PlanView(Stage.READY, plan.title, plan, typed="web01"),
        "wrong": PlanView(Stage.READY, plan.title, plan, typed="wen", typing=False, remark="copied"),
        "attest": PlanView(Stage.READY, plan.title, attest),
        "plain": PlanView(Stage.READY, protect.title, protect),
        "running": PlanView(Stage.RUNNING, protect.title, protect, samples.progress(running=4)),
        "undoing": PlanView(Stage.RUNNING, "x", None, replace(samples.progress(running=4), undoing=True)),
        "failed": PlanView(Stage.FAILED, protect.title, protect, samples.progress(failed=7)),
        "cancelled": PlanView(Stage.FAILED, "x", None, replace(samples.progress(failed=7), cancelled=True)),
        "ended": PlanView(Stage.ENDED, protect.title, protect, samples.progress(ended=True)),
    }


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", sorted(views()))
def test_every_stage_at_every_size(name: str, size: tuple[int, int]) -> None:
    view = views()[name]
    for ascii_only in (False, True):
        scene = scene_of(samples.incident(), ascii_only=ascii_only)
        for scroll in (0, 5, 10_000):
            lines, real, highest = paint_plan(scene, replace(view, scroll=scroll), *size)
            assert len(lines) == size[1]
            assert {cell_len(text_of(line)) for line in lines} == {size[0]}
            assert 0 <= real <= highest
        assert wanted_height(scene, view, size[0]) > 3


def shown(name: str, size: tuple[int, int] = (132, 44)) -> str:
    return words(paint_plan(scene_of(samples.incident()), views()[name], *size)[0])


def test_the_ritual_says_everything_before_anything_is_done() -> None:
    text = shown("ready")
    for part in (
        "nothing has been changed yet",
        "The pair now",
        "✘ QEMU gone, signal 9",
        "What is lost",
        "What the client feels",
        "Fence",
        "Cannot be undone",
        "ip link set web01-net0 down",
        "never two live copies",
        "Type web01 to promote beta",
        "1 letter to go",
        "Enter promotes once the name is complete",
    ):
        assert part in text, part
    assert "Enter   promote beta" in shown("complete")
    assert "that is not the name" in words(
        paint_plan(scene_of(samples.incident()), replace(views()["wrong"], typing=True), 132, 44)[0]
    )
    assert "tab goes back to typing" in shown("wrong")
    assert "alpha is off: I have seen it" in shown("attest")
    assert "alpha is off: I have seen it" in shown("attest", (98, 20))


def test_only_fence_and_promote_are_bold() -> None:
    lines, _, _ = paint_plan(scene_of(samples.incident()), views()["ready"], 132, 44)
    bold = [text.strip() for line in lines for text, style in line if style.startswith("strong") and "-" in text]
    assert bold == ["ip link set web01-net0 down", "x-colo-lost-heartbeat"]


def test_running_failed_and_ended() -> None:
    assert "step 5 of 9" in shown("running")
    assert "62 % of 256 MiB" in shown("running")
    assert "is so" in shown("running")
    assert "undoing" in shown("undoing")
    failed = shown("failed")
    assert "failed at step 8 of 9" in failed
    assert "Connection refused" in failed
    assert "nbd://10.78.0.2:9999/parent0" in failed
    assert "Look whether beta's NBD server listens" in failed
    assert "r retry from here" in failed
    assert "stopped at step 8" in shown("cancelled")
    ended = shown("ended")
    assert "done in" in ended
    assert "63 ms, measured every 10 ms" in ended
    assert "The pair now" in ended
    assert "Not now." in shown("refused")


def test_a_long_command_is_never_cut() -> None:
    plan = samples.failover_plan()
    command = "ip " + " ".join(f"argument{index}" for index in range(40)) + " " + "x" * 150
    steps = (replace(plan.steps[0], command=command), *plan.steps[1:])
    view = PlanView(Stage.READY, plan.title, replace(plan, steps=steps))
    lines, _, _ = paint_plan(scene_of(samples.incident()), view, 132, 60)
    flat = words(lines)
    assert all(f"argument{index}" in flat for index in range(40))
    assert flat.count("x" * 50) >= 1


def test_footer_keys_follow_the_stage() -> None:
    scene = scene_of(samples.incident())
    keys = {name: [key for key, _ in footer_keys(scene, view)] for name, view in views().items()}
    assert keys["plain"][0] == "enter"
    assert "enter" not in keys["ready"]
    assert keys["failed"][:3] == ["r", "u", "l"]
    assert keys["running"] == ["esc", "s"]


def test_text_and_script_quote_what_a_host_said(tmp_path: Path) -> None:
    bad = "$(touch pwned)'; rm -rf /; `id`\nsecond \x1b[31m"
    plan = samples.failover_plan()
    plan = replace(
        plan,
        guest="../../etc/x",
        title=bad,
        lines=(PlanLine(bad, bad),),
        steps=(replace(plan.steps[0], command=bad, why=bad, title=bad, host=bad), *plan.steps[1:]),
    )
    spec = HostSpec("alpha", bad, ForwardSpec("eth1", "10.78.0.1"), user=bad, key=bad)
    script = script_text(plan, {"alpha": spec, bad: spec}, samples.NOW)
    assert "\x1b" not in script
    assert "\x1b" not in plan_text(plan)
    path = write_script(plan, {bad: spec}, samples.NOW, tmp_path)
    assert path.parent == tmp_path
    assert write_script(plan, {}, samples.NOW, tmp_path) != path
    run = subprocess.run(
        ["sh", str(path)], cwd=tmp_path, input="\n" * 20, capture_output=True, text=True, timeout=20, check=True
    )
    assert not (tmp_path / "pwned").exists()
    assert "nbd-server-stop" in run.stdout
    for line in script.splitlines():
        if line.startswith("hand "):
            assert len(shlex.split(line)) == 4


def test_progress_as_text() -> None:
    text = progress_text(samples.progress(failed=2))
    assert "failed" in text
    assert "Connection refused" in text
    assert "Client gap: 63 ms" in progress_text(samples.progress(ended=True))


def test_hostile_plan(tmp_path: Path) -> None:
    for text in samples.HOSTILE:
        plan: Plan = samples.failover_plan(attest=text)
        steps = tuple(replace(step, command=text, why=text, title=text, host=text) for step in plan.steps)
        view = PlanView(Stage.READY, text, replace(plan, title=text, steps=steps, lines=(PlanLine(text, text),)))
        for size in SIZES:
            lines, _, _ = paint_plan(scene_of(samples.hostile(text)), view, *size)
            assert {cell_len(text_of(line)) for line in lines} == {size[0]}

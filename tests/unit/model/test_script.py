"""The dry run as a shell script: runs what it shows, asks first, and obeys no text of a host."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from colotui.model.pair import ForwardSpec, HostSpec
from colotui.model.plan import Action, Plan, Step
from colotui.model.script import login, script_text


async def _nothing() -> str:
    return ""


def step(host: str, title: str, *script: str) -> Step:
    return Step(title, host, title, "; ".join(script) or "by QMP", "it's needed", _nothing, script=script)


FORWARD = ForwardSpec("eth1", "10.78.0.1")
LOCAL = HostSpec("alpha", "local", FORWARD)


def run(tmp_path: Path, plan: Plan, hosts: Mapping[str, HostSpec], typed: str, *words: str) -> str:
    # `sudo` stands for whatever logs in; it must be given just the shell line
    (tmp_path / "sudo").write_text('#!/bin/sh\nexec "$@"\n')
    (tmp_path / "sudo").chmod(0o755)
    path = tmp_path / "plan.sh"
    path.write_text(script_text(plan, hosts, 0.0))
    done = subprocess.run(
        ["sh", str(path), *words],
        input=typed, capture_output=True, text=True, cwd=tmp_path, timeout=20,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=False,
    )  # fmt: skip
    return f"{done.returncode}\n{done.stdout}{done.stderr}"


def test_runs_each_step_after_asking(tmp_path: Path) -> None:
    plan = Plan(Action.SETUP, "", "Set up", (step("alpha", "one", "echo 1 >one"), step("alpha", "two", "echo 2 >two")))
    said = run(tmp_path, plan, {"alpha": LOCAL}, "\ns\n")
    assert said.startswith("0\n")
    assert (tmp_path / "one").read_text() == "1\n"
    assert not (tmp_path / "two").exists(), "s leaves a step out"
    run(tmp_path, plan, {"alpha": LOCAL}, "", "-y")
    assert (tmp_path / "two").exists()


def test_stops_at_a_step_that_fails(tmp_path: Path) -> None:
    plan = Plan(Action.SETUP, "", "Set up", (step("alpha", "one", "false"), step("alpha", "two", "echo 2 >two")))
    said = run(tmp_path, plan, {"alpha": LOCAL}, "", "-y")
    assert said.startswith("1\n")
    assert "That failed" in said
    assert not (tmp_path / "two").exists()


def test_what_no_shell_can_do_is_printed(tmp_path: Path) -> None:
    plan = Plan(Action.PROTECT, "web01", "Protect", (step("alpha", "mirror"),))
    said = run(tmp_path, plan, {"alpha": LOCAL}, "\n")
    assert "by hand" in said
    assert "by QMP" in said


def test_a_line_cannot_end_the_input_early(tmp_path: Path) -> None:
    plan = Plan(Action.SETUP, "", "$(touch a)\n`touch b`", (step("alpha", "x'$(touch c)", "COLOTUI", "echo $HOME"),))
    run(tmp_path, plan, {"alpha": LOCAL}, "", "-y")
    assert not {"a", "b", "c"} & {path.name for path in tmp_path.iterdir()}


def test_login_names_all_that_ssh_needs() -> None:
    spec = HostSpec("beta", "b.example", FORWARD, user="op", port=2222, key="/k y", known_hosts="/kh")
    line = login(spec)
    assert line == ("ssh -o BatchMode=yes -p 2222 -i '/k y' -o UserKnownHostsFile=/kh op@b.example 'sudo -n sh -eu'")

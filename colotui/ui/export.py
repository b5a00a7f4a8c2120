"""A plan as text: for the clipboard, and as a shell script to read, keep or run by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from colotui.model.pair import HostSpec
from colotui.model.plan import Plan, Progress
from colotui.model.script import script_text
from colotui.model.text import plain
from colotui.ui.format import clock, fine_duration

_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def plan_text(plan: Plan) -> str:
    """The plan as plain lines."""
    lines = [plain(plan.title), ""]
    lines += [f"{plain(line.label)}: {plain(line.text)}" for line in plan.lines]
    lines.append("")
    for number, step in enumerate(plan.steps, start=1):
        lines.append(f"{number}. {plain(step.host)}: {plain(step.title)}")
        lines.append(f"   {plain(step.command)}")
        lines.append(f"   why: {plain(step.why)}" + (f" ({plain(step.source)})" if step.source else ""))
    return "\n".join(lines) + "\n"


def progress_text(progress: Progress) -> str:
    """A running or ended plan as plain lines, with what each step took and said."""
    lines = [plain(progress.title), f"begun {clock(progress.started_at)}", ""]
    for number, step in enumerate(progress.steps, start=1):
        took = f", {fine_duration(step.seconds)}" if step.seconds is not None else ""
        lines.append(f"{number}. {plain(step.host)}: {plain(step.title)}: {step.state.value}{took}")
        lines.append(f"   {plain(step.command)}")
        if step.output:
            lines.append(f"   {plain(step.output)}")
    if progress.failed:
        lines += ["", plain(progress.failed), plain(progress.next_step)]
    lines += [f"{plain(line.label)}: {plain(line.text)}" for line in progress.results]
    return "\n".join(lines) + "\n"


def write_script(plan: Plan, hosts: Mapping[str, HostSpec], made_at: float, folder: Path) -> Path:
    """Write the script into `folder` under a name of its own; where it is. OSError when that fails."""
    stem = _NAME.sub("_", f"colotui-{plan.action.value}-{plan.guest}".rstrip("-")) or "colotui-plan"
    path = folder / f"{stem}.sh"
    number = 2
    while path.exists():
        path = folder / f"{stem}-{number}.sh"
        number += 1
    path.write_text(script_text(plan, hosts, made_at), encoding="utf-8")
    path.chmod(0o700)
    return path

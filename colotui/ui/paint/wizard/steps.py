"""Review and run: one plan for both hosts, before it runs and while it does."""

from __future__ import annotations

from colotui.model.plan import Plan, Progress, StepProgress, StepState
from colotui.ui.format import fine_duration, plural
from colotui.ui.glyphs import BAD, GOOD
from colotui.ui.paint.canvas import Span
from colotui.ui.paint.plan import Columns, PlanView, Stage, paint_steps
from colotui.ui.paint.wizard.findings import unmended
from colotui.ui.paint.wizard.leaf import Leaf, waiting
from colotui.ui.paint.wizard.view import WizardView

_SAID_ROWS = 8


def standing(view: WizardView, plan: Plan) -> Progress:
    """The plan as it stands before it runs: what is already so is marked."""
    steps = tuple(
        StepProgress(
            step.key, step.host, step.title, step.command, step.why,
            view.states.get(index, StepState.WAITING), weighty=step.weighty,
        )
        for index, step in enumerate(plan.steps)
    )  # fmt: skip
    return Progress(plan.action, plan.guest, plan.title, steps, view.wall)


def open_steps(view: WizardView) -> int:
    """How many steps of the plan would change something, as far as it is known."""
    if view.plan is None:
        return 0
    return sum(view.states.get(index) is not StepState.ALREADY for index in range(len(view.plan.steps)))


def paint_review(leaf: Leaf, view: WizardView) -> None:
    """What is missing, then the plan."""
    leaf.question(
        "This is the whole plan. Is it what you want?",
        "Nothing has run yet. What is already so is left alone, and each step can be taken back.",
    )
    for index, problem in enumerate(view.problems):
        row = leaf.row()
        if not index:
            leaf.put(0, [("Still missing", "error-bold")], row=row)
            row = leaf.row()
        leaf.put(0, [(BAD, "error-bold")], row=row)
        leaf.place(2, row, problem, "base", leaf.width - 2)
    if view.problems:
        leaf.row()
    _by_hand(leaf, view)
    said = waiting(leaf, view, "plan", "making the plan")
    said = said or waiting(leaf, view, "states", "comparing it with the hosts")
    if view.plan is None:
        if not said:
            leaf.row()
            leaf.put(0, [("There is no plan yet.", "muted")])
        return
    if said:
        leaf.row()
    for line in view.plan.lines:
        row = leaf.row()
        leaf.put(0, [(line.label, "muted")], 17, row=row)
        leaf.place(18, row, line.text, "base", leaf.width - 18)
    if view.plan.lines:
        leaf.row()
    _plan(leaf, view, Stage.READY, standing(view, view.plan))


def _by_hand(leaf: Leaf, view: WizardView) -> None:
    found = unmended(view)
    for index, finding in enumerate(found):
        row = leaf.row()
        if not index:
            leaf.put(0, [("Not in order, and no step mends it", "error-bold")], row=row)
            row = leaf.row()
        leaf.put(0, [(BAD, "error-bold")], row=row)
        host = f"{finding.host}: " if finding.host else ""
        words = f"{host}{finding.question}: {finding.evidence}" + (f": {finding.advice}" if finding.advice else "")
        leaf.place(2, row, words, "base", leaf.width - 2)
    if found:
        leaf.row()


def paint_run(leaf: Leaf, view: WizardView) -> None:
    """The list ticking, what failed and the ways on from there, or where the pair file is."""
    progress = view.progress
    if progress is None:
        count = open_steps(view)
        title = f"{plural(count, 'step')} will change the two hosts."
        leaf.question(
            title if count else "Both hosts are as the plan wants them.",
            "Enter runs the plan from its first step. It can be stopped at any safe point, and taken back.",
        )
        if not waiting(leaf, view, "plan", "making the plan"):
            waiting(leaf, view, "run", "beginning")
        if view.plan is not None:
            _plan(leaf, view, Stage.READY, standing(view, view.plan))
        return
    _headline(leaf, view, progress)
    stage = Stage.RUNNING if progress.running else Stage.FAILED if failed(progress) else Stage.ENDED
    _plan(leaf, view, stage, progress)


def failed(progress: Progress) -> bool:
    """It did not come to its end."""
    return bool(progress.failed) or progress.cancelled


def unfinished(progress: Progress) -> bool:
    """It runs, or it waits for a word on what to do."""
    return progress.running or failed(progress)


def _headline(leaf: Leaf, view: WizardView, progress: Progress) -> None:
    taken = fine_duration((progress.ended_at or view.wall) - progress.started_at)
    count = len(progress.steps)
    leaf.row()
    if progress.running:
        word = "Taking it back" if progress.undoing else f"Step {min(progress.current + 1, count)} of {count}"
        leaf.put(0, [("◐ ", "accent-bold"), (word, "strong"), (f"  {taken}", "muted")])
        _row(leaf, "It goes on by itself. s stops it at the next safe point.", "muted")
    elif failed(progress):
        word = "Stopped" if progress.cancelled and not progress.failed else "Failed"
        where = f" at step {min(progress.current + 1, count)} of {count}"
        leaf.put(0, [(f"{BAD} ", "error-bold"), (word + where, "error-bold"), (f"  {taken}", "muted")])
        keys: list[Span] = []
        for key, text in (("r", "retry from here"), ("u", "undo what was done"), ("l", "leave it so")):
            keys += [(key, "strong"), (f" {text}", "base"), ("    ", "base")]
        leaf.row()
        leaf.put(0, keys[:-1])
    elif progress.undoing:
        leaf.put(0, [("Taken back", "strong"), (f"  {taken}", "muted")])
        _row(leaf, "The hosts are as they were before. Enter goes back to the plan.", "muted")
    else:
        leaf.put(0, [(f"{GOOD} ", "muted"), ("All steps are done", "strong"), (f"  {taken}", "muted")])
        if view.pair_path:
            leaf.row()
            leaf.put(0, [("written: ", "muted"), (view.pair_path, "bold")])
        else:
            waiting(leaf, view, "write", "writing the pair file")
    leaf.row()


def _row(leaf: Leaf, text: str, style: str) -> None:
    leaf.row()
    leaf.text(0, text, style, leaf.width)


def _plan(leaf: Leaf, view: WizardView, stage: Stage, progress: Progress) -> None:
    columns = Columns.of(leaf.width, progress.steps, 0)
    row = paint_steps(leaf, view.wall, PlanView(stage, progress.title, view.plan, progress), columns)
    if stage is Stage.RUNNING:
        leaf.focus_row = row
    if stage is Stage.FAILED:
        # What it said stands below it, and has to be in sight too.
        leaf.focus_row = min(len(leaf) - 1, row + _SAID_ROWS)

"""A plan on the screen: the pair now, what it costs, the steps with their commands, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from colotui.model.plan import Line as PlanLine
from colotui.model.plan import Plan, Progress, StepProgress, StepState
from colotui.model.protection import Witness
from colotui.model.text import plain_lines
from colotui.ui.format import duration, fine_duration, lasting, plural
from colotui.ui.glyphs import BAD, GOOD
from colotui.ui.paint.canvas import Span, width_of
from colotui.ui.paint.scene import Scene
from colotui.ui.paint.sheet import Sheet, wrapped

MARGIN = 4
_OUTPUT_ROWS = 12


class Stage(StrEnum):
    """Where the plan screen stands."""

    LOOKING = "looking"
    REFUSED = "refused"
    READY = "ready"
    RUNNING = "running"
    FAILED = "failed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class PlanView:
    """What the plan screen shows now."""

    stage: Stage
    title: str
    plan: Plan | None = None
    progress: Progress | None = None
    typed: str = ""
    typing: bool = True
    refused: str = ""
    next_step: str = ""
    remark: str = ""
    scroll: int = 0
    asked_at: float = 0.0


def steps_of(view: PlanView) -> tuple[StepProgress, ...]:
    """The steps to show: those of the progress once it runs, else the plan's as waiting."""
    if view.progress is not None:
        return view.progress.steps
    if view.plan is None:
        return ()
    return tuple(
        StepProgress(step.key, step.host, step.title, step.command, step.why, weighty=step.weighty)
        for step in view.plan.steps
    )


def body(scene: Scene, view: PlanView, width: int) -> tuple[Sheet, int]:
    """The scrolling part, and the row that should be in sight."""
    sheet = Sheet(width)
    if view.stage is Stage.LOOKING:
        sheet.row()
        sheet.row()
        sheet.put(MARGIN, [("Looking at both hosts, nothing is changed …", "muted")])
        if scene.wall - view.asked_at >= 1 and view.asked_at:
            sheet.right(width - MARGIN, [(lasting(scene.wall - view.asked_at), "muted")])
        return sheet, 0
    if view.stage is Stage.REFUSED:
        _refused(sheet, view, width)
        return sheet, 0
    columns = Columns.of(width, steps_of(view))
    sheet.row()
    if scene.guest.witnesses:
        _witnesses(sheet, scene, columns, "The pair now")
    if view.stage is Stage.ENDED and view.progress is not None and view.progress.results:
        sheet.row()
        _lines(sheet, view.progress.results, columns)
    elif view.plan is not None and view.plan.lines and view.stage in (Stage.READY, Stage.RUNNING):
        sheet.row()
        _lines(sheet, view.plan.lines, columns)
    if len(sheet) > 1:
        sheet.row()
    focus = paint_steps(sheet, scene.wall, view, columns)
    sheet.row()
    return sheet, focus


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the columns of a plan begin at a width; `why` is 0 where it goes under the command instead."""

    title: int
    name: int
    second: int
    third: int
    why: int
    end: int

    @classmethod
    def of(cls, width: int, steps: tuple[StepProgress, ...], margin: int | None = None) -> Columns:
        """The columns within `width` cells, `margin` cells from either edge."""
        if margin is None:
            margin = MARGIN if width >= 100 else 2
        name = margin + 3 + min(14, max((width_of([(step.host, "")]) for step in steps), default=5)) + 2
        longest = max((width_of([(step.title, "")]) for step in steps), default=8)
        second = max(margin + 27 if width >= 116 else margin + 23, min(name + longest + 2, width * 36 // 100))
        end = width - margin
        why = second + (end - second) * 61 // 100 if width >= 116 else 0
        return cls(margin, name, second, second + (end - second) * 42 // 100, why, end)


def _refused(sheet: Sheet, view: PlanView, width: int) -> None:
    sheet.row()
    sheet.row()
    sheet.put(MARGIN, [("Not now.", "strong")])
    sheet.row()
    sheet.text(MARGIN, view.refused, "base", width - 2 * MARGIN)
    if view.next_step:
        sheet.row()
        sheet.text(MARGIN, view.next_step, "muted", width - 2 * MARGIN)
    sheet.row()
    sheet.row()
    sheet.put(MARGIN, [("Nothing was changed.", "muted")])


def _witnesses(sheet: Sheet, scene: Scene, columns: Columns, title: str) -> None:
    """One row a witness, one column a host, the older age at the right."""
    left, right = scene.left.spec.name, scene.right.spec.name
    sheet.row()
    sheet.put(columns.title, [(title, "strong")])
    sheet.put(columns.second, [(left, "bold")])
    sheet.put(columns.third, [(right, "bold")])
    sheet.right(columns.end, [("age", "muted")])
    sheet.rule(columns.title, columns.end)
    names = dict.fromkeys(witness.name for witness in scene.guest.witnesses)
    for name in names:
        told = [witness for witness in scene.guest.witnesses if witness.name == name]
        row = sheet.row()
        sheet.put(columns.title, [(name, "muted")], columns.second - columns.title - 1)
        oldest = min(witness.at for witness in told)
        old = max(0.0, scene.now - oldest)
        sheet.right(columns.end, [(duration(old), "stale-age" if scene.stale(oldest) else "muted")])
        for witness in told:
            if witness.host == right:
                _told(sheet, witness, columns.third, columns.end - 8 - columns.third, row)
            else:
                stop = columns.third if witness.host == left else columns.end - 6
                _told(sheet, witness, columns.second, stop - columns.second - 2, row)


def _told(sheet: Sheet, witness: Witness, x: int, width: int, row: int) -> None:
    """What a witness says, wrapped: what decides about a promotion is never cut off."""
    room = width - (0 if witness.ok is None else 2)
    first, *others = wrapped(witness.text, room)
    sheet.put(x, _verdict(first, witness.ok), width, row=row)
    for offset, text in enumerate(others, start=1):
        while row + offset >= len(sheet):
            sheet.row()
        sheet.put(x + width - room, [(text, "base")], room, row=row + offset)


def _verdict(text: str, ok: bool | None) -> list[Span]:
    head, comma, rest = text.partition(",")
    if not comma and ok:
        # No comma to end the verdict: its first two words.
        first, _, others = text.partition(" ")
        second, blank, rest = others.partition(" ")
        head, comma = f"{first} {second}".strip(), blank
    if ok is None:
        return [(text, "base")]
    if ok:
        return [(f"{GOOD} ", "base"), (head, "bold"), (comma + rest, "base")]
    return [(f"{BAD} {head}", "error-bold"), (comma + rest, "base")]


def _lines(sheet: Sheet, lines: tuple[PlanLine, ...], columns: Columns) -> None:
    for line in lines:
        sheet.row()
        sheet.put(columns.title, [(line.label, "muted")], columns.second - columns.title - 1)
        sheet.text(columns.second, line.text, "base", columns.end - columns.second)


def paint_steps(sheet: Sheet, wall: float, view: PlanView, columns: Columns) -> int:
    """The list of steps; the row of the one that runs or failed."""
    steps = steps_of(view)
    sheet.row()
    sheet.put(columns.title, [("The plan", "strong")])
    sheet.put(columns.second, [("exact command", "muted")])
    tail = plural(len(steps), "step")
    if columns.why:
        sheet.put(columns.why, [("why", "muted")])
    sheet.right(columns.end, [(tail, "muted")])
    sheet.rule(columns.title, columns.end)
    focus = 0
    current = view.progress.current if view.progress is not None else -1
    for index, step in enumerate(steps):
        row = sheet.row()
        if index == current:
            focus = row
        _step(sheet, wall, view, columns, index, step, row)
    return focus


def _mark(step: StepProgress) -> Span:
    return {
        StepState.WAITING: (" ", "low"),
        StepState.RUNNING: ("◐", "accent-bold"),
        StepState.DONE: (GOOD, "base"),
        StepState.ALREADY: (GOOD, "low"),
        StepState.FAILED: (BAD, "error-bold"),
        StepState.UNDONE: ("○", "muted"),
        StepState.SKIPPED: ("·", "low"),
    }[step.state]


def _step(
    sheet: Sheet, wall: float, view: PlanView, columns: Columns, index: int, step: StepProgress, row: int
) -> None:
    running = view.progress is not None
    loud = step.weighty or step.state is StepState.RUNNING
    faded = step.state in (StepState.ALREADY, StepState.SKIPPED, StepState.UNDONE)
    style = "low" if faded else "strong" if loud else "base"
    x = columns.title
    number = [_mark(step)] if running and step.state is not StepState.WAITING else [(str(index + 1), "muted")]
    sheet.put(x, number, 2)
    sheet.put(x + 3, [(step.host, "muted")], columns.name - x - 4)
    _beside(sheet, columns.name, step.title, columns.second - columns.name - 2, row, style)
    end_of_command = (columns.why - 2) if columns.why else columns.end - (9 if running else 0)
    if running:
        timing = _timing(wall, step)
        sheet.put(columns.end - width_of([timing]), [timing], row=row)
    if step.state is StepState.ALREADY:
        # Nothing is done here: one row, so that what is done stands out.
        sheet.put(columns.second, [(step.command, style)], end_of_command - columns.second, row=row)
        return
    _beside(sheet, columns.second, step.command, end_of_command - columns.second, row, style)
    why_end = columns.end - (9 if running else 0)
    if columns.why:
        done = step.state in (StepState.DONE, StepState.UNDONE) and step.output
        _beside(sheet, columns.why, step.output if done else step.why, why_end - columns.why, row)
    elif view.stage is Stage.READY:
        sheet.row()
        sheet.text(columns.second, step.why, "low", columns.end - columns.second)
    if step.state is StepState.RUNNING and view.progress is not None and view.progress.note:
        sheet.row()
        sheet.put(columns.second, [(view.progress.note, "accent")], columns.end - columns.second)
    if step.state is StepState.FAILED:
        _failure(sheet, view, step, columns)
    elif step.output and step.state in (StepState.DONE, StepState.UNDONE) and not columns.why:
        sheet.row()
        sheet.put(columns.second, [(step.output, "low")], columns.end - columns.second)


def _beside(sheet: Sheet, x: int, text: str, width: int, row: int, style: str = "muted") -> None:
    """Text beside a step, wrapped over the rows the step already has and as many more as it needs."""
    for offset, line in enumerate(wrapped(text, width)):
        while row + offset >= len(sheet):
            sheet.row()
        sheet.put(x, [(line, style)], width, row=row + offset)


def _timing(wall: float, step: StepProgress) -> Span:
    if step.state is StepState.RUNNING and step.started_at is not None:
        return fine_duration(wall - step.started_at), "accent"
    if step.state in (StepState.ALREADY, StepState.UNDONE, StepState.SKIPPED):
        return {"already so": "is so"}.get(step.state.value, step.state.value), "low"
    seconds = step.seconds
    return (fine_duration(seconds), "muted") if seconds is not None else ("", "low")


def _failure(sheet: Sheet, view: PlanView, step: StepProgress, columns: Columns) -> None:
    """The failed step opens with its output and what to do next."""
    width = columns.end - columns.second
    said = view.progress.failed if view.progress is not None else ""
    sheet.row()
    sheet.text(columns.second, f"{BAD} {said or 'it failed'}", "error", width)
    for line in plain_lines(step.output, _OUTPUT_ROWS):
        if line.strip() and line.strip() not in said:
            sheet.row()
            sheet.text(columns.second, line, "muted", width)
    if view.progress is not None and view.progress.next_step:
        sheet.row()
        sheet.text(columns.second, view.progress.next_step, "base", width)
    sheet.row()

"""The frame round a plan: title, the scrolled body, the place to type the name, and the keys that work now."""

from __future__ import annotations

from colotui.model.plan import Action
from colotui.ui.format import fine_duration, plural
from colotui.ui.paint.canvas import Canvas, Line, Span, width_of
from colotui.ui.paint.plan import MARGIN, PlanView, Stage, body
from colotui.ui.paint.scene import Scene

_GROUND = "surface"


def paint_plan(scene: Scene, view: PlanView, width: int, height: int) -> tuple[list[Line], int, int]:
    """The whole box; with it the scroll it really has and the highest one possible."""
    canvas = Canvas(width, height, _GROUND)
    sheet, focus = body(scene, view, width - 2)
    margin = MARGIN if width >= 100 else 2
    panel = _panel_rows(view, height)
    footer = 3 if height >= 26 else 2 if height >= 12 else 1
    room = max(1, height - 2 - panel - footer)
    highest = max(0, len(sheet) - room)
    scroll = min(view.scroll, highest)
    if view.stage is Stage.RUNNING and not scroll <= focus < scroll + room:
        scroll = min(highest, max(0, focus - room // 2))
    if view.stage is Stage.FAILED and view.scroll == 0 and focus >= room:
        scroll = min(highest, max(0, focus - 2))
    sheet.draw(canvas, 1, scroll, room, x=1)
    _frame(scene, canvas, view)
    if highest:
        shown = f" {scroll + 1}–{min(len(sheet), scroll + room)} of {len(sheet)} rows, ↑ ↓ "
        canvas.right(width - 3, height - 1, [(shown, "muted")])
    if panel:
        _panel(canvas, view, height - 1 - footer - panel, panel, margin)
    _footer(scene, canvas, view, height - 1 - min(footer, 2), margin)
    return scene.finish(canvas), scroll, highest


def wanted_height(scene: Scene, view: PlanView, width: int) -> int:
    """How many rows the box would like."""
    sheet, _ = body(scene, view, width - 2)
    return (
        len(sheet)
        + 2
        + 3
        + (
            5 + bool(view.plan.attest)
            if view.plan is not None and view.plan.confirm and view.stage is Stage.READY
            else 0
        )
    )


def _panel_rows(view: PlanView, height: int) -> int:
    if view.stage is not Stage.READY or view.plan is None or not view.plan.confirm:
        return 0
    rows = 5 if height >= 22 else 3
    return rows + (1 if view.plan.attest and rows == 5 else 0)


def _frame(scene: Scene, canvas: Canvas, view: PlanView) -> None:
    width, height = canvas.width, canvas.height
    style = "error" if view.stage is Stage.FAILED else "frame-primary"
    canvas.put(0, 0, "┌" + "─" * (width - 2) + "┐", style)
    for row in range(1, height - 1):
        canvas.put(0, row, "│", style)
        canvas.put(width - 1, row, "│", style)
    canvas.put(0, height - 1, "└" + "─" * (width - 2) + "┘", style)
    right = _status(scene, view)
    end = width - 3
    if right:
        end = canvas.right(end, 0, [(" ", "muted"), *right, (" ", "muted")], width // 2)
    canvas.put(3, 0, f" {view.title} ", "strong", max(0, end - 5))


def _status(scene: Scene, view: PlanView) -> list[Span]:
    progress = view.progress
    if view.stage in (Stage.LOOKING, Stage.REFUSED, Stage.READY) or progress is None:
        return [("nothing has been changed yet", "muted")]
    taken = fine_duration((progress.ended_at or scene.wall) - progress.started_at)
    count = len(progress.steps)
    if view.stage is Stage.RUNNING:
        word = "undoing" if progress.undoing else f"step {min(progress.current + 1, count)} of {count}"
        return [(f"{word}, {taken}", "accent-bold")]
    if view.stage is Stage.FAILED:
        word = "stopped" if progress.cancelled else "failed"
        return [(f"{word} at step {min(progress.current + 1, count)} of {count}", "error-bold")]
    return [(f"{'undone' if progress.undoing else 'done'} in {taken}", "strong")]


def _panel(canvas: Canvas, view: PlanView, y: int, rows: int, margin: int) -> None:
    """The input lies alone on `panel`, so that it cannot be missed and not be hit by accident."""
    plan = view.plan
    if plan is None:
        return
    end = canvas.width - margin - 1
    inset = 2 if margin > 2 else 1
    for row in range(y, y + rows):
        canvas.fill(inset, row, canvas.width - 2 * inset, " ", "base@panel")
    question: list[Span] = [("Type ", "base"), (plan.confirm, "strong"), (f" to {_purpose(view)}", "base")]
    row = y + (1 if rows >= 5 else 0)
    canvas.spans(margin + 1, row, _on_panel(question), end - margin)
    if plan.attest:
        if rows >= 5:
            canvas.put(margin + 1, row + 1, plan.attest, "warn@panel", end - margin)
            row += 1
        else:
            x = margin + 3 + width_of(question)
            canvas.put(x, row, plan.attest, "warn@panel", end - x)
    row += 2 if rows >= 5 else 1
    field = max(16, len(plan.confirm) + 4)
    canvas.put(margin + 1, row, " " * field, "field")
    x = canvas.put(margin + 2, row, view.typed, "field", field - 2)
    if view.typing:
        canvas.put(x, row, " ", "caret")
    hint, style = _typing_hint(view)
    at = canvas.put(margin + field + 4, row, hint, f"{style}@panel", end - margin - field - 4)
    complete = view.typed == plan.confirm
    enter: list[Span] = (
        [(" Enter ", "recommended"), (f"  {_purpose(view)}", "strong")]
        if complete
        else [
            (
                f"Enter {'promotes' if _purpose(view).startswith('promote') else 'works'} once the name is complete",
                "low",
            )
        ]
    )
    if width_of(enter) > end - at - 2:
        enter = [(" Enter ", "recommended")] if complete else [("Enter: not yet", "low")]
    canvas.right(end, row, _on_panel(enter), end - at - 2)


def _on_panel(spans: list[Span]) -> list[Span]:
    return [(text, f"{style}@panel") for text, style in spans]


def _purpose(view: PlanView) -> str:
    """What typing the name is for."""
    plan = view.plan
    if plan is None or not (plan.to_host or plan.action is Action.SHUTDOWN):
        return "go on"
    if any(step.key == "promote" for step in plan.steps):
        return f"promote {plan.to_host}"
    if plan.action is Action.FAILOVER:
        return f"let {plan.to_host} carry on alone"
    if plan.action is Action.SHUTDOWN:
        return "shut it down"
    return f"start it on {plan.to_host}" if plan.action is Action.START else "go on"


def _typing_hint(view: PlanView) -> tuple[str, str]:
    wanted = view.plan.confirm if view.plan is not None else ""
    if not view.typing:
        return "tab goes back to typing", "muted"
    if view.typed == wanted:
        return "complete", "muted"
    if not wanted.startswith(view.typed):
        return "that is not the name", "warn"
    return f"{plural(len(wanted) - len(view.typed), 'letter')} to go", "muted"


def footer_keys(scene: Scene, view: PlanView) -> list[tuple[str, str]]:
    """The keys that work now, with words."""
    if view.stage in (Stage.LOOKING, Stage.REFUSED):
        return [("esc", "leave")]
    if view.stage is Stage.READY:
        keys = [("esc", "leave, change nothing"), ("c", "copy the plan"), ("x", "as shell script")]
        if view.plan is not None and not view.plan.confirm:
            return [("enter", "run it"), *keys]
        if view.typed and view.typing:
            return [("esc", "leave, change nothing"), ("tab", "to the plan: c copy, x as shell script")]
        return keys
    if view.stage is Stage.RUNNING:
        return [("esc", "to the cockpit, it goes on"), ("s", "stop at the next safe point")]
    if view.stage is Stage.FAILED:
        return [("r", "retry from here"), ("u", "undo what was done"), ("l", "leave it so"), ("c", "copy")]
    return [("enter", "back to the cockpit"), ("c", "copy")]


def _footer(scene: Scene, canvas: Canvas, view: PlanView, y: int, margin: int) -> None:
    x = margin + 1
    end = canvas.width - margin - 1
    if view.remark:
        end = canvas.right(end, y, [(view.remark, "warn")], (end - x) * 3 // 5) - 2
    for index, (key, word) in enumerate(footer_keys(scene, view)):
        if x + len(key) + len(word) + 1 > end:
            break
        first = index == 0 and view.stage is Stage.READY and view.plan is not None and not view.plan.confirm
        x = canvas.put(x, y, f" {key.capitalize()} " if first else key, "recommended" if first else "strong")
        x = canvas.put(x + 1, y, word, "muted", end - x - 1) + 4

"""Runs one plan: step after step, each first checked, with progress published; stops, cancels and undoes cleanly."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from colotui.errors import ColotuiError
from colotui.model.plan import Action, Line, Plan, Progress, Step, StepProgress, StepState

log = logging.getLogger(__name__)

OPERATOR = "operator"
"""Who asked for a plan that was confirmed by hand."""


def blank(step: Step) -> StepProgress:
    """A step before it ran."""
    return StepProgress(step.key, step.host, step.title, step.command, step.why, weighty=step.weighty)


class Runner:
    """One run of one plan. `publish` gets every change; nothing is raised for a failed step. `source`: who asked."""

    def __init__(self, plan: Plan, publish: Callable[[Progress], None], source: str = OPERATOR) -> None:
        self.plan = plan
        self.source = source
        self._publish = publish
        self._cancel = False
        self.progress = Progress(
            action=plan.action,
            guest=plan.guest,
            title=plan.title,
            steps=tuple(blank(step) for step in plan.steps),
            started_at=time.time(),
            undoing=plan.action is Action.UNDO,
        )

    def note(self, text: str) -> None:
        """Live remark of the current step."""
        self._set(note=text)

    def cancel(self) -> str | None:
        """Stop before the next step that may be left; the reason when no such step is to come."""
        rest = self.plan.steps[self.progress.current + 1 :]
        if not any(step.cancel_before for step in rest):
            return "past the last point where it can be left safely"
        self._cancel = True
        return None

    async def run(self) -> Progress:
        """Run all steps. After a failure, call it again: every step looks anew, for a failure may undo earlier ones."""
        self.begin()
        for index, step in enumerate(self.plan.steps):
            if self._cancel and step.cancel_before:
                self._set(ended_at=time.time(), cancelled=True, note="")
                return self.progress
            if not await self._step(index, step):
                self._set(ended_at=time.time(), note="")
                return self.progress
        self._set(ended_at=time.time(), note="")
        return self.progress

    def conclude(self, results: tuple[Line, ...]) -> Progress:
        """Add what was measured after the run."""
        self._set(results=results)
        return self.progress

    def begin(self) -> None:
        """Count as running from here on."""
        self._cancel = False
        fresh = tuple(blank(step) for step in self.plan.steps)
        self._set(steps=fresh, ended_at=None, failed="", next_step="", cancelled=False)

    async def _step(self, index: int, step: Step) -> bool:
        self._mark(index, state=StepState.RUNNING, started_at=time.time(), ended_at=None, output="")
        try:
            if step.check is not None and await step.check():
                self._mark(index, state=StepState.ALREADY, ended_at=time.time())
                return True
            output = await step.apply()
        except ColotuiError as error:
            self._fail(index, error.what, error.next_step)
            return False
        except Exception as error:
            # A fault of ours must not leave the operator without the plan: it is said, logged, and can be undone.
            log.exception("step %s of %s", step.key, self.plan.title)
            self._fail(index, f"an unexpected {type(error).__name__}: {error}", "Retry, or undo; the log has the rest.")
            return False
        self._mark(index, state=StepState.DONE, ended_at=time.time(), output=output)
        return True

    def _fail(self, index: int, what: str, next_step: str) -> None:
        self._mark(index, state=StepState.FAILED, ended_at=time.time(), output=what)
        self._set(failed=what, next_step=next_step)

    def _mark(self, index: int, **changes: object) -> None:
        steps = list(self.progress.steps)
        steps[index] = replace(steps[index], **changes)  # type: ignore[arg-type]
        self._set(steps=tuple(steps))

    def _set(self, **changes: object) -> None:
        self.progress = replace(self.progress, **changes)  # type: ignore[arg-type]
        self._publish(self.progress)


def undo_steps(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The undo of every step that has one, last step first. Each looks itself whether there is anything to undo."""
    return tuple(
        Step(
            key=f"undo-{step.key}",
            host=step.host,
            title=f"undo: {step.title}",
            command=step.undo_command,
            why=f"takes back: {step.command}",
            apply=step.undo,
            weighty=step.weighty,
        )
        for step in reversed(steps)
        if step.undo is not None
    )

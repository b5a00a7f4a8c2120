"""Plans and their progress as text: every step with its exact command before, its time and words after."""

from __future__ import annotations

from collections.abc import Mapping

from colotui.cli.term import Term, clean
from colotui.model.plan import Plan, Progress, StepProgress, StepState
from colotui.model.text import plain_lines
from colotui.ui import format as fmt

_ENDED = (StepState.DONE, StepState.ALREADY, StepState.FAILED, StepState.UNDONE, StepState.SKIPPED)
_INDENT = 6


def print_plan(plan: Plan, out: Term, states: Mapping[int, StepState] | None = None) -> None:
    """The whole plan: what it means, then each step with number, host, title, command and why.

    `states`: by index, what is known of a step beforehand; one that is already so takes one line.
    """
    out.line(out.paint(clean(plan.title), "strong"))
    label = max((len(line.label) for line in plan.lines), default=0) + 3
    for line in plan.lines:
        out.wrapped(line.text, label + 2, f"  {clean(line.label)}")
    out.line()
    for number, step in enumerate(plan.steps, 1):
        title = clean(step.title)
        head = f"{number:>3}  {clean(step.host):<10} {out.paint(title, 'strong') if step.weighty else title}"
        known = (states or {}).get(number - 1)
        if known is not None:
            out.line(f"{head:<54} {known.value}")
            continue
        out.line(head)
        for command in plain_lines(step.command):
            out.line(f"{'':{_INDENT}}$ {command}")
        if step.why:
            source = f" ({step.source})" if step.source else ""
            out.wrapped(f"why: {step.why}{source}", _INDENT)
    if not plan.steps:
        out.line("  nothing to do")
    out.line()


class ProgressPrinter:
    """Prints each step once, when it ends; the running one on a line that goes away."""

    def __init__(self, out: Term) -> None:
        self.out = out
        self._printed: dict[int, float | None] = {}

    def show(self, progress: Progress) -> None:
        """Print what is new in `progress`."""
        count = len(progress.steps)
        for number, step in enumerate(progress.steps, 1):
            head = f"{number:>3}/{count} {clean(step.host):<10} {clean(step.title)}"
            if step.state in _ENDED:
                if self._printed.get(number, -1.0) != step.ended_at:
                    self._printed[number] = step.ended_at
                    self._ended(head, step)
            elif step.state is StepState.RUNNING:
                note = f"  {clean(progress.note)}" if progress.note else ""
                self.out.transient(f"{head} …{note}")
        self.out.out.flush()

    def _ended(self, head: str, step: StepProgress) -> None:
        style = "bad" if step.state is StepState.FAILED else ""
        word = {StepState.DONE: "done", StepState.FAILED: "✘ failed"}.get(step.state, step.state.value)
        time = "" if step.state is StepState.ALREADY else fmt.fine_duration(step.seconds)
        self.out.line(f"{head:<54} {self.out.paint(word, style)}  {time}".rstrip())
        if step.state is StepState.FAILED:
            for line in plain_lines(step.output, 40):
                self.out.line(f"{'':{_INDENT}}{line}")
        elif step.output:
            self.out.wrapped(step.output, _INDENT)


def print_results(progress: Progress, out: Term) -> None:
    """What was measured, after a plan that ended well."""
    label = max((len(line.label) for line in progress.results), default=0) + 4
    for line in progress.results:
        out.wrapped(line.text, label, f"  {clean(line.label)}")

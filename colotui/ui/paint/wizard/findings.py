"""Findings on a page: what is not in order, with its evidence, and the step of the plan that mends it."""

from __future__ import annotations

from collections.abc import Sequence

from colotui.model.check import Finding, Topic, Verdict
from colotui.model.plan import Plan, Step
from colotui.ui.format import plural
from colotui.ui.glyphs import BAD, GOOD, UNKNOWN, WARN
from colotui.ui.paint.canvas import Span, width_of
from colotui.ui.paint.sheet import wrapped
from colotui.ui.paint.wizard.leaf import Leaf
from colotui.ui.paint.wizard.view import WizardView

_MARKS: dict[Verdict, Span] = {
    Verdict.OK: (GOOD, "muted"),
    Verdict.WARNING: (WARN, "warn-bold"),
    Verdict.BAD: (BAD, "error-bold"),
    Verdict.UNKNOWN: (UNKNOWN, "warn-bold"),
}


def step_for(plan: Plan | None, finding: Finding) -> Step | None:
    """The step of the plan that cures a finding."""
    if plan is None or not finding.cure:
        return None
    fitting = [step for step in plan.steps if step.key == finding.cure]
    return next((step for step in fitting if step.host == finding.host), fitting[0] if fitting else None)


def added_by(view: WizardView, topic: Topic) -> int:
    """How many steps of the plan are there because of this page's findings."""
    if view.look is None or view.plan is None:
        return 0
    cures = {finding.cure for finding in view.look.about(topic) if finding.cure and finding.verdict is not Verdict.OK}
    return sum(step.key in cures for step in view.plan.steps)


def paint_findings(leaf: Leaf, view: WizardView, topic: Topic, *, skip: Sequence[str] = ()) -> None:
    """The findings that are not in order, and how many are; nothing before the first look."""
    if view.look is None:
        return
    found = view.look.about(topic)
    wanting = [finding for finding in found if finding.verdict is not Verdict.OK and finding.key not in skip]
    fine = sum(finding.verdict is Verdict.OK for finding in found)
    if wanting:
        leaf.row()
    longest = max((width_of([(finding.question, "")]) for finding in wanting), default=0)
    evidence = 3 + min(longest, leaf.width * 26 // 100) + 3
    longest = max((width_of([(finding.evidence, "")]) for finding in wanting), default=0)
    cure = max(leaf.width * 45 // 100, min(leaf.width * 61 // 100, evidence + longest + 3))
    for finding in wanting:
        if leaf.width >= 100:
            _beside(leaf, view, finding, evidence, cure)
        else:
            _below(leaf, view, finding)
    if fine:
        leaf.row()
        if not wanting:
            leaf.row()
        leaf.put(0, [(GOOD, "muted"), ("  " + plural(fine, "check is", "checks are") + " in order", "muted")])


def _beside(leaf: Leaf, view: WizardView, finding: Finding, evidence: int, cure: int) -> None:
    """Mark, question, evidence and cure in columns that begin at those cells, the host at the right."""
    width = leaf.width
    row = leaf.row()
    end = width - 12
    leaf.put(0, [_MARKS[finding.verdict]], row=row)
    last = [leaf.place(3, row, finding.question, "bold", evidence - 6)]
    last.append(leaf.place(evidence, row, finding.evidence, "base", cure - evidence - 2))
    after = leaf.place(evidence, last[-1], finding.why, "low", cure - evidence - 2) if _explain(finding) else last[-1]
    last.append(after)
    label, words, style = _cure(view, finding)
    leaf.put(cure, [(label, "muted")], row=row)
    last.append(leaf.place(cure + len(label), row, words, style, end - cure - len(label) - 2))
    if finding.host:
        leaf.put(end, [(f"on {finding.host}", "muted")], 12, row=row)
    leaf.at(max(last) - 1)


def _below(leaf: Leaf, view: WizardView, finding: Finding) -> None:
    """The same on a narrow page: evidence and cure below the question."""
    row = leaf.row()
    leaf.put(0, [_MARKS[finding.verdict]], row=row)
    tail = f"on {finding.host}" if finding.host else ""
    if tail:
        leaf.right(leaf.width, [(tail, "muted")], 16)
    row = leaf.place(3, row, finding.question, "bold", leaf.width - 3 - (len(tail[:16]) + 2 if tail else 0))
    row = leaf.place(3, row, finding.evidence, "base", leaf.width - 3)
    if _explain(finding):
        row = leaf.place(3, row, finding.why, "low", leaf.width - 3)
    label, words, style = _cure(view, finding)
    leaf.put(3, [(label, "muted")], row=leaf.at(row))
    leaf.place(3 + len(label), row, words, style, leaf.width - 3 - len(label))


def _explain(finding: Finding) -> bool:
    return bool(finding.why) and finding.verdict in (Verdict.BAD, Verdict.UNKNOWN)


def _cure(view: WizardView, finding: Finding) -> tuple[str, str, str]:
    """What mends it: a label, the words, their style."""
    step = step_for(view.plan, finding)
    if step is not None:
        return "plan: ", step.command, "strong"
    if finding.cure:
        return "plan: ", finding.cure, "base"
    return ("do: ", finding.advice, "base") if finding.advice else ("plan: ", "nothing, you decide", "muted")


def unmended(view: WizardView, topic: Topic | None = None) -> list[Finding]:
    """What is not in order and no step of the plan mends: a person has to."""
    found = view.look.findings if view.look is not None else ()
    return [
        finding
        for finding in found
        if finding.verdict is Verdict.BAD and not finding.cure and topic in (None, finding.topic)
    ]


def paint_table(leaf: Leaf, view: WizardView, topic: Topic) -> None:
    """All findings of a topic, the two hosts side by side; of those not in order why it matters, and the way out."""
    if view.look is None:
        return
    names = [host.name for host in view.hosts]
    found = view.look.about(topic)
    first = min(30, leaf.width * 26 // 100)
    half = (leaf.width - first) // 2
    leaf.row()
    for index, name in enumerate(names):
        leaf.put(first + index * half, [(name, "bold")], half - 2)
    leaf.rule(0, leaf.width)
    for key in dict.fromkeys(finding.key for finding in found):
        told = [finding for finding in found if finding.key == key]
        row = leaf.row()
        last = [leaf.place(0, row, told[0].question, "muted", first - 2)]
        for finding in told:
            index = names.index(finding.host) if finding.host in names else 0
            x = first + index * half
            room = half if finding.host in names else 2 * half
            leaf.put(x, [_MARKS[finding.verdict]], row=row)
            last.append(leaf.place(x + 2, row, finding.evidence, "base", room - 4))
        leaf.at(max(last) - 1)
    for finding in [each for each in found if each.verdict is not Verdict.OK]:
        leaf.row()
        row = leaf.row()
        label, words, style = _cure(view, finding)
        title = f"{finding.host}: {finding.question}" if finding.host else finding.question
        leaf.put(0, [_MARKS[finding.verdict]], row=row)
        row = leaf.place(3, row, title, "bold", leaf.width - 3)
        row = leaf.place(3, row, finding.why, "muted", leaf.width - 3) if finding.why else row
        leaf.put(3, [(label, "muted")], row=leaf.at(row))
        leaf.place(3 + len(label), row, words, style, leaf.width - 3 - len(label))


def paint_added(leaf: Leaf, view: WizardView, topic: Topic) -> None:
    """`This page adds 2 steps to the plan, 11 in all so far.`"""
    if view.plan is None:
        return
    leaf.row()
    leaf.row()
    count, total = added_by(view, topic), len(view.plan.steps)
    lead = f"This page adds {plural(count, 'step')} to the plan" if count else "This page adds nothing to the plan"
    rest = f", {total} in all so far. They run on the page “run”, not before."
    if width_of([(lead, ""), (rest, "")]) > leaf.width:
        lines = wrapped(lead + rest, leaf.width)
        leaf.text(0, " ".join(lines), "muted", leaf.width)
        return
    leaf.put(0, [(lead, "strong"), (rest, "muted")])

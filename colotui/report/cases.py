"""The incidents with their evidence and advice, and the plans that were run with their steps and commands, as HTML."""

from __future__ import annotations

from colotui.model.incident import Fact, Incident
from colotui.model.plan import StepProgress, StepState
from colotui.model.protection import Severity
from colotui.report.content import Content, Done
from colotui.report.markup import Html, joined, tag
from colotui.report.strip import SIGNS
from colotui.report.timeline import outcome
from colotui.report.times import dated, full, iso, sentence, since
from colotui.ui.format import fine_duration, plural

_STEP_SIGNS = {
    StepState.DONE: "✔", StepState.ALREADY: "✔", StepState.FAILED: "✘", StepState.UNDONE: "−", StepState.SKIPPED: "−",
    StepState.RUNNING: "◐", StepState.WAITING: "○",
}  # fmt: skip


def witness_words(fact: Fact) -> str:
    """A witness's own words; the name of a QMP event stands before them."""
    if not fact.text:
        return fact.what
    return f"{fact.what}  {fact.text}" if fact.what.isupper() and fact.what not in fact.text else fact.text


def life(incident: Incident) -> str:
    """When it was seen first and when it closed, in words."""
    told = incident.now
    text = f"first witness {dated(told.since)}, opened {full(incident.opened_at)}"
    if incident.closed_at is None:
        return f"{text}, still open when last seen {full(incident.seen_at)}"
    lasted = fine_duration(incident.closed_at - told.since)
    text = f"{text}, closed {full(incident.closed_at)} after {lasted}"
    if incident.closed_by.startswith("`"):
        return f"{text} by {incident.closed_by}"
    return f"{text}: {incident.closed_by}" if incident.closed_by else text


def advice(incident: Incident) -> list[tuple[str, str, str]]:
    """Kind ("do" or "dont"), label, words: what was recommended and what was forbidden, and why."""
    told, found = incident.now, list[tuple[str, str, str]]()
    if told.do_text or told.do is not None:
        found.append(("do", "Recommended", sentence(told.do_text or (told.do.value if told.do is not None else ""))))
    else:
        found.append(("do", "Recommended", "Nothing to run: wait and watch."))
    if told.do_not:
        found.append(("dont", "Not to do", sentence(told.do_not)))
    if told.forbids:
        names = ", ".join(sorted(action.value for action in told.forbids))
        found.append(("dont", "Refused meanwhile", f"{names}. {sentence(told.why_not)}".rstrip()))
    return found


def command_of(incident: Incident) -> str:
    """The command line that does what was recommended; "" for nothing to run."""
    return f"colotui {incident.now.do.value} {incident.guest}" if incident.now.do is not None else ""


def incident_html(content: Content, incident: Incident) -> Html:
    """One incident: what, how sure, its evidence in order, what it meant, what to do and not to do."""
    told = incident.now
    loud = "bad" if told.severity is Severity.ERROR else "warn"
    sure = f"{told.confidence.value}, {plural(len(told.witnesses), 'witness', 'witnesses')}"
    head = tag(
        "div",
        tag("h3", tag("span", f"{SIGNS[told.severity]} ", class_=loud), f"{incident.id}  {told.kind.value}",
            tag("span", sure, class_="sub")),
        tag("p", tag("b", sentence(told.sentence))),
        tag("p", sentence(life(incident)), class_="muted"),
        class_="incident-head",
    )  # fmt: skip
    rows = [
        tag(
            "tr",
            tag("td", tag("time", full(fact.at), datetime=iso(fact.at)), class_="time"),
            tag("td", since(told.since, fact.at), class_="num"),
            tag("td", fact.host or "cockpit", class_="nowrap"),
            tag("td", fact.source.value, class_="muted nowrap"),
            tag("td", witness_words(fact), class_="wide-row"),
        )
        for fact in told.witnesses
    ]
    evidence = tag(
        "table",
        tag("caption", f"Evidence of {incident.id}, in order; + counts from its first witness"),
        _heads(("time", "time"), ("+", "num"), ("host", ""), ("source", ""), ("what it said", "")),
        tag("tbody", *rows),
        class_="stack",
    )
    told_words = [
        tag("div", tag("p", tag("b", label), ": ", words, *_command(incident, label)), class_=kind)
        for kind, label, words in advice(incident)
    ]
    return joined(
        (
            head,
            evidence,
            tag("p", tag("span", "For the client: ", class_="muted"), sentence(told.client)) if told.client else None,
            tag("p", tag("span", "What would settle it: ", class_="muted"), sentence(told.settle))
            if told.settle
            else None,
            *told_words,
        )
    )


def _command(incident: Incident, label: str) -> list[Html]:
    command = command_of(incident)
    return [Html(" "), tag("code", command)] if command and label == "Recommended" else []


def action_html(content: Content, done: Done) -> Html:
    """One plan: its outcome, its steps with their times, words and commands, and what was measured after it."""
    run = done.run
    bad = bool(run.failed)
    sign = "✘ " if bad else "✔ " if run.ended is not None and not done.cancelled else "? "
    head = tag(
        "h3",
        tag("span", sign, class_="bad" if bad else None),
        run.title,
        tag("span", outcome(done), class_="sub"),
    )  # fmt: skip
    rows = [_step(content, number, step) for number, step in enumerate(run.steps, start=1)]
    table = tag(
        "table",
        tag(
            "caption", f"Steps of {run.title}, begun {dated(run.begun)}; the command of each is its equivalent by hand"
        ),
        _heads(
            ("", "sign"), ("time", "time"), ("took", "num"), ("host", ""), ("step, its command and what it said", "")
        ),
        tag("tbody", *rows),
        class_="stack",
    )
    results = [tag("tr", tag("th", line.label, scope="row"), tag("td", line.text)) for line in done.results]
    return joined(
        (
            head,
            tag("p", "As one command: ", tag("code", f"colotui {run.action.value} {run.guest}")),
            tag("p", tag("b", "It stopped: "), sentence(run.failed)) if bad else None,
            table,
            tag("table", tag("caption", "Measured afterwards"), tag("tbody", *results), class_="facts")
            if results
            else None,
        )
    )


def _step(content: Content, number: int, step: StepProgress) -> Html:
    bad = step.state is StepState.FAILED
    begun = step.started_at
    took = "" if step.seconds is None else fine_duration(step.seconds)
    state = "" if step.state is StepState.DONE else f" ({step.state.value})"
    said = [tag("br"), tag("span", step.output, class_="bad" if bad else "muted")] if step.output else []
    return tag(
        "tr",
        tag("td", _STEP_SIGNS[step.state], class_="sign bad" if bad else "sign"),
        tag("td", "" if begun is None else tag("time", full(begun), datetime=iso(begun)), class_="time"),
        tag("td", took, class_="num"),
        tag("td", step.host, class_="nowrap"),
        tag("td", f"{number}. {step.title}{state}", tag("br") if step.command else None,
            tag("code", step.command) if step.command else None, *said, class_="wide-row"),
    )  # fmt: skip


def _heads(*names: tuple[str, str]) -> Html:
    return tag("thead", tag("tr", *(tag("th", name, scope="col", class_=style or None) for name, style in names)))

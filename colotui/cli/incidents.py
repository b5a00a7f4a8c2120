"""`colotui incidents`: what is wrong now, with its witnesses, what to do about it and what not to do."""

from __future__ import annotations

import argparse
import asyncio
import time

from colotui.cli import codes
from colotui.cli.jsonview import document
from colotui.cli.session import load, opened, term
from colotui.cli.term import Term, clean
from colotui.model.incident import Fact, Incident
from colotui.model.pair import Pair
from colotui.model.protection import Severity, Snapshot

WATCHED = 3.5
"""Seconds the pair is watched: the hosts ask each other every 2 s, and a silent QEMU is called hung after 2 s."""

LABEL = 12
"""Columns of the labels on the left."""

_STYLES = {Severity.ERROR: "bad", Severity.WARNING: "warning"}


def command(args: argparse.Namespace) -> int:
    """Watch for a moment and print the incidents that are open."""
    snapshot = asyncio.run(_watch(load(args)))
    found = open_ones(snapshot)
    code = exit_code(found)
    if args.json:
        print(document(exit_code=code, at=snapshot.at, incidents=found))
        return code
    out = term(args)
    if not found:
        out.line("No incident is open.")
    for number, incident in enumerate(found):
        if number:
            out.line()
        print_incident(incident, snapshot.at, out)
    return code


async def _watch(pair: Pair) -> Snapshot:
    async with opened(pair, read_only=True) as (controller, _):
        await asyncio.sleep(WATCHED)
        return controller.snapshot


def open_ones(snapshot: Snapshot) -> list[Incident]:
    """The open incidents of all guests, in the order of the views."""
    return [incident for guest in snapshot.guests for incident in guest.incidents if incident.open]


def exit_code(found: list[Incident]) -> int:
    """As `status`: of several incidents the one that needs somebody most."""
    loud = {incident.now.severity for incident in found}
    if Severity.ERROR in loud:
        return codes.CRITICAL
    return codes.WARNING if loud else codes.OK


def print_incident(incident: Incident, now: float, out: Term) -> None:
    """One incident, top to bottom: what, since when, who says so, what to do."""
    told = incident.now
    head = out.paint(f"{incident.id}  {told.kind.value}", _STYLES.get(told.severity, "strong"))
    out.line(f"{head}   {told.confidence.value}, since {_clock(told.since)}")
    out.wrapped(told.sentence, 2)
    for fact in told.witnesses:
        out.wrapped(_witness(fact), LABEL, f"  {_clock(fact.at)}")
    out.wrapped(told.client, LABEL, "  client")
    if told.do is not None:
        out.wrapped(f"{told.do_text}:  colotui {told.do.value} {incident.guest}", LABEL, "  do")
    elif told.do_text:
        out.wrapped(told.do_text, LABEL, "  do")
    if told.do_not:
        out.wrapped(told.do_not, LABEL, "  do not")
    if told.forbids:
        names = ", ".join(sorted(action.value for action in told.forbids))
        out.wrapped(f"{names}: {told.why_not}", LABEL, "  refused")
    if told.settle:
        out.wrapped(told.settle, LABEL, "  to settle")


def _witness(fact: Fact) -> str:
    """A witness's words, made harmless."""
    who = " ".join(part for part in (fact.host, fact.source.value) if part)
    return f"{clean(who, 30)}: {clean(fact.text, 160)}"


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))

"""`colotui check`: what is known of both hosts, question by question, with evidence and why it matters."""

from __future__ import annotations

import argparse
import asyncio

from colotui.cli import codes
from colotui.cli.checks import Finding, Verdict, findings
from colotui.cli.jsonview import document
from colotui.cli.session import OneShot, load, opened, term
from colotui.cli.term import Term, clean
from colotui.model.pair import Pair
from colotui.model.protection import LinkState, Snapshot

FACTS_LIMIT = 6.0
"""Seconds to wait for the first facts of hosts that can be reached."""

_MARKS = {
    Verdict.OK: ("✔", ""),
    Verdict.WARNING: ("▲", "warning"),
    Verdict.BAD: ("✘", "bad"),
    Verdict.UNKNOWN: ("?", ""),
}
_CODES = {Verdict.BAD: codes.CRITICAL, Verdict.UNKNOWN: codes.UNKNOWN, Verdict.WARNING: codes.WARNING}


def command(args: argparse.Namespace) -> int:
    """Ask both hosts and print the findings."""
    pair = load(args)
    found = findings(pair, asyncio.run(_look(pair)))
    verdicts = {finding.verdict for finding in found}
    code = next((code for verdict, code in _CODES.items() if verdict in verdicts), codes.OK)
    if args.json:
        print(document(exit_code=code, findings=found))
    else:
        _print(found, term(args))
    return code


async def _look(pair: Pair) -> Snapshot:
    async with opened(pair, read_only=True) as (controller, snapshot):
        return snapshot if _complete(snapshot) else await _facts(controller)


async def _facts(controller: OneShot) -> Snapshot:
    """The snapshot once every reached host has told its facts, or the last one when that takes too long."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def look(snapshot: Snapshot) -> None:
        if _complete(snapshot) and not done.done():
            done.set_result(None)

    leave = controller.subscribe(look)
    try:
        await asyncio.wait([done], timeout=FACTS_LIMIT)
    finally:
        leave()
    return controller.snapshot


def _complete(snapshot: Snapshot) -> bool:
    return all(host.facts is not None for host in snapshot.hosts if host.link is LinkState.UP)


def _print(found: list[Finding], out: Term) -> None:
    heading = None
    for finding in found:
        host = finding.host or "both hosts"
        if host != heading:
            if heading is not None:
                out.line()
            out.line(out.paint(clean(host), "strong"))
            heading = host
        sign, style = _MARKS[finding.verdict]
        head = f"  {sign} {clean(finding.question, 20)}"
        out.wrapped(finding.evidence, 26, out.paint(f"{head:<26}", style))
        if finding.verdict is not Verdict.OK:
            out.wrapped(finding.why, 26)
    out.line()
    counts = [(sum(f.verdict is verdict for f in found), verdict) for verdict in Verdict]
    out.line(", ".join(f"{count} {verdict}" for count, verdict in counts if count))

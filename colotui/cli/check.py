"""`colotui check`: whether the pair is fit, question by question, with evidence, why it matters, and what cures it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections.abc import Sequence
from typing import Protocol

from colotui.cli import codes
from colotui.cli.jsonview import document
from colotui.cli.session import CLOSE_LIMIT, load, term
from colotui.cli.term import Term, clean
from colotui.diagnosis.checks import not_tried
from colotui.model.check import Finding, Verdict
from colotui.model.pair import Pair
from colotui.model.setup import Look

_INDENT = 26
_MARKS = {
    Verdict.OK: ("✔", ""),
    Verdict.WARNING: ("▲", "warning"),
    Verdict.BAD: ("✘", "bad"),
    Verdict.UNKNOWN: ("?", ""),
}
_CODES = {Verdict.BAD: codes.CRITICAL, Verdict.UNKNOWN: codes.UNKNOWN, Verdict.WARNING: codes.WARNING}


class Examining(Protocol):
    """What this command asks of the object that looks; see controller.examining."""

    async def look(self, *, digests: bool = False, cable: bool = False) -> Look:
        """Look at both hosts."""
        ...

    async def close(self) -> None:
        """End the channels."""
        ...


def make_examination(pair: Pair) -> Examining:
    """The real one; imported here because SSH and netlink take their time to load."""
    from colotui.controller.examining import Examination

    return Examination(pair)


def command(args: argparse.Namespace) -> int:
    """Look at both hosts and print the findings."""
    pair = load(args)
    look = asyncio.run(_look(pair, digests=args.digests, cable=args.cable))
    verdicts = {finding.verdict for finding in look.findings}
    code = next((code for verdict, code in _CODES.items() if verdict in verdicts), codes.OK)
    left_out = not_tried(pair, look.surveys, cable=look.cable)
    if args.json:
        print(document(exit_code=code, findings=look.findings, cable=look.cable, not_tried=left_out))
    else:
        _print(look.findings, left_out, term(args))
    return code


async def _look(pair: Pair, *, digests: bool, cable: bool) -> Look:
    examination = make_examination(pair)
    try:
        return await examination.look(digests=digests, cable=cable)
    finally:
        # The answer is there already: a channel that does not end must not keep it from the operator.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_LIMIT):
                await examination.close()


def _print(found: Sequence[Finding], left_out: Sequence[str], out: Term) -> None:
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
        out.wrapped(finding.evidence, _INDENT, out.paint(f"{head:<{_INDENT}}", style))
        if finding.verdict is not Verdict.OK:
            out.wrapped(finding.why, _INDENT)
            if finding.cure:
                out.wrapped(f"cure: colotui setup --only {finding.cure}", _INDENT)
            if finding.advice:
                out.wrapped(finding.advice, _INDENT)
    out.line()
    for text in left_out:
        out.wrapped(f"Not tried: {text}.")
    counts = [(sum(f.verdict is verdict for f in found), verdict) for verdict in Verdict]
    out.line(", ".join(f"{count} {verdict}" for count, verdict in counts if count))

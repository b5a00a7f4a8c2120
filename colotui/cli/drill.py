"""`colotui lab drill`: the lab breaks its pair, the cockpit's controller answers, and a score card says how well."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from colotui import config
from colotui.cli import codes, failure
from colotui.cli.jsonview import document
from colotui.cli.session import term
from colotui.cli.term import Term
from colotui.drill.exercise import Elsewhere, Exercise
from colotui.drill.score import Score
from colotui.drill.table import DRILLS, Drill, by_name
from colotui.errors import LabError, UsageError
from colotui.lab.build import check_machine
from colotui.lab.faults import Faults
from colotui.lab.lab import Lab
from colotui.lab.layout import DEFAULT_NAME, GUEST
from colotui.model.checkpoint import duration
from colotui.model.pair import Pair
from colotui.model.plan import Action

TRY_LIMIT = 40.0
"""Seconds the command line may take to refuse something: a hung host makes it wait."""


def command(args: argparse.Namespace) -> int:
    """Run the drills that are named, one after the other. 0 when all of them went as they must, else 67."""
    out = term(args)
    if args.list:
        return _list(args, out)
    drills = _chosen(args.drill)
    check_machine()
    lab = Lab(getattr(args, "name", None) or DEFAULT_NAME)
    state = lab.state()
    if state is None or state.bare:
        raise LabError("Drills need a lab that is up, and not a bare one.", "Bring it up: sudo colotui lab up")
    elsewhere = command_line(state.pair) if args.with_cli else None
    scores = []
    for number, drill in enumerate(drills):
        if not args.json:
            out.transient(f"{number + 1} of {len(drills)}: {drill.text}")
        scores.append(asyncio.run(exercise(lab, config.load(state.pair), drill, elsewhere)))
        if not args.json:
            print_score(scores[-1], out)
            out.flush()
    code = codes.OK if all(score.passed for score in scores) else codes.FAILED
    if args.json:
        print(document(exit_code=code, passed=code == codes.OK, drills=[_shown(score) for score in scores]))
    elif len(scores) > 1:
        print_table(scores, out)
    return code


async def exercise(lab: Lab, pair: Pair, drill: Drill, elsewhere: Elsewhere | None = None) -> Score:
    """One drill on a lab that is up. Raises ColotuiError when the lab cannot be used."""
    spec = next(guest for guest in pair.guests if guest.name == GUEST)
    return await Exercise(pair, spec, Faults(lab, GUEST), drill, elsewhere).run()


def command_line(pair_file: str) -> Elsewhere:
    """Tries an action as an operator would type it, confirmed, but never attested."""

    async def tried(action: Action, to: str) -> int:
        argv = ["-m", "colotui", "-c", pair_file, action.value, GUEST, "--yes", *(["--to", to] if to else [])]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *argv, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(TRY_LIMIT):
                return await process.wait()
        except TimeoutError:
            failure.say(f"colotui: `{action.value}` on the command line did not end within {TRY_LIMIT:.0f} s.")
            process.kill()
            return await process.wait()

    return tried


def print_score(score: Score, out: Term) -> None:
    """One score card."""
    good = score.passed
    sign = out.paint("✔" if good else "✘", "good" if good else "bad")
    out.line(f"{sign} {score.drill}: {score.text}")
    rows = [
        ("noticed", f"{_ms(score.noticed_ms)} after the break"),
        ("named", f"{_ms(score.named_ms)} after it, {_ms(score.witness_ms)} after the first witness"),
        ("incident", f"{score.expected.value}: {score.sentence or 'it did not open'}"),
        ("done", f"{score.did or 'nothing'}; the client was served {_ms(score.acted_ms)} later"),
        ("refused", "; ".join(score.refused) or "nothing had to be"),
        ("client", f"longest silence {_ms(score.gap_ms)}, {score.acknowledged} numbers acknowledged"),
    ]
    for label, text in rows:
        out.wrapped(text, 13, f"    {label}")
    for text in score.wrong:
        out.wrapped(text, 13, "    " + out.paint("wrong", "bad") + "    ")


def print_table(scores: Sequence[Score], out: Term) -> None:
    """All of them, one line each."""
    out.line()
    out.line(f"{'':2}{'drill':<20}{'noticed':>9}{'named':>9}{'acted':>9}{'client':>9}")
    for score in scores:
        times = (score.noticed_ms, score.named_ms, score.acted_ms, score.gap_ms)
        sign = out.paint("✔" if score.passed else "✘", "good" if score.passed else "bad")
        out.line(f"{sign} {score.drill:<20}" + "".join(f"{_ms(ms):>9}" for ms in times))
    passed = sum(score.passed for score in scores)
    out.line(f"{passed} of {len(scores)} went as they must.")


def _list(args: argparse.Namespace, out: Term) -> int:
    if args.json:
        print(document(drills=[{"name": d.name, "text": d.text, "incident": d.kind} for d in DRILLS]))
        return codes.OK
    for drill in DRILLS:
        out.line(f"{drill.name:<20}{drill.text}")
    return codes.OK


def _chosen(names: Sequence[str]) -> list[Drill]:
    if list(names) == ["all"]:
        return list(DRILLS)
    there = "There: " + ", ".join(drill.name for drill in DRILLS) + ", or all."
    if not names:
        raise UsageError("no drill is named.", there)
    found = []
    for name in names:
        drill = by_name(name)
        if drill is None:
            raise UsageError(f"there is no drill `{name}`.", there)
        found.append(drill)
    return found


def _shown(score: Score) -> dict[str, object]:
    """A score as JSON has it: with its verdict, which is no field of it."""
    from colotui.cli.jsonview import value

    return {"passed": score.passed, **value(score)}


def _ms(ms: float | None) -> str:
    return "–" if ms is None else duration(ms)

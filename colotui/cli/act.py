"""The actions: show the plan, ask, run it step by step, say how it ended."""

from __future__ import annotations

import argparse
import asyncio
import time

from colotui.cli import codes, failure
from colotui.cli.asking import Asker
from colotui.cli.jsonview import document
from colotui.cli.plantext import ProgressPrinter, print_plan, print_results
from colotui.cli.running import stopping_safely
from colotui.cli.session import OneShot, guest_name, host_name, load, opened, silent_hosts, term, view_of
from colotui.cli.term import Term, clean
from colotui.errors import ActionRefused, UsageError
from colotui.model.pair import Pair
from colotui.model.plan import Action, Plan, Progress
from colotui.model.protection import Snapshot
from colotui.ui.glyphs import state_glyph

FRESH = 5.0
"""Seconds a plan may have been on the screen before it is looked at anew: the pair may have changed meanwhile."""


def command(args: argparse.Namespace) -> int:
    """Plan, confirm, run."""
    pair = load(args)
    guest = guest_name(pair, args.guest)
    to = host_name(pair, args.to) if getattr(args, "to", "") else ""
    if args.attest is not None and args.attest != guest:
        raise UsageError(
            f"--attest names `{clean(args.attest, 40)}`, but this is about {guest}.",
            "Nothing was looked at or changed.",
        )
    if args.read_only and not args.dry_run:
        raise ActionRefused("--read-only was given: nothing is changed.", "Add --dry-run to see the plan.")
    return asyncio.run(_Act(args, pair, guest, to).go())


class _Act:
    """One action on one guest, from the plan to its end."""

    def __init__(self, args: argparse.Namespace, pair: Pair, guest: str, to: str) -> None:
        self.args, self.pair, self.guest, self.to = args, pair, guest, to
        self.action = Action(args.command)
        self.out: Term = term(args)

    async def go(self) -> int:
        """Returns the exit code; raises ColotuiError."""
        async with opened(self.pair, read_only=False) as (controller, snapshot):
            for why in silent_hosts(snapshot):
                failure.say(f"colotui: {why}")
            plan = await controller.prepare(self.guest, self.action, self.to)
            if not self.args.json:
                print_plan(plan, self.out)
            if self.args.dry_run:
                if self.args.json:
                    print(document(dry_run=True, plan=plan))
                else:
                    self.out.line("Dry run: nothing was changed.")
                return codes.OK
            self.out.flush()
            typed = await self._confirmed(plan)
            plan = await self._still(controller, plan, snapshot.at)
            progress = await self._run(controller, plan, typed)
            return self._ended(progress, controller.snapshot)

    async def _confirmed(self, plan: Plan) -> str:
        """What counts as typed. Raises ActionRefused when the operator, or the command line, does not confirm."""
        if self.args.yes:
            if plan.attest and self.args.attest is None:
                raise ActionRefused(
                    f"{plan.title}: --yes does not attest that {plan.attest}.",
                    f"Make sure of it, then add: --attest {self.guest}",
                )
            return plan.confirm
        asker = Asker()
        if not asker.possible or self.args.json:
            raise ActionRefused(
                f"{plan.title}: there is nobody to ask." if not self.args.json else "--json asks nothing.",
                "Look at --dry-run, then add --yes" + (f" --attest {self.guest}." if plan.attest else "."),
            )
        if plan.attest:
            self.out.wrapped(f"You attest that {plan.attest}.", 11, self.out.paint("▲ attest", "warning") + "   ")
        if plan.confirm:
            answer = await asker.ask(f"type {plan.confirm} to {_deed(plan)}: ")
            if answer != plan.confirm:
                raise ActionRefused(f"`{clean(answer, 40)}` is not `{plan.confirm}`.", "Nothing was changed.")
            return answer
        answer = await asker.ask("Enter to run it, n to leave: ")
        if answer.lower() not in ("", "y", "yes"):
            raise ActionRefused("not confirmed.", "Nothing was changed.")
        return ""

    async def _still(self, controller: OneShot, plan: Plan, seen_at: float) -> Plan:
        """The plan, looked at anew when it stood on the screen for long. Raises when it is another one by now."""
        if time.time() - seen_at < FRESH:
            return plan
        fresh = await controller.prepare(self.guest, self.action, self.to)
        if _gist(fresh) != _gist(plan):
            raise ActionRefused(
                "the pair has changed since the plan was shown; it would be another plan now.",
                "Nothing was changed. Look at the new plan: run this again.",
            )
        return fresh

    async def _run(self, controller: OneShot, plan: Plan, typed: str) -> Progress:
        printer = ProgressPrinter(self.out)

        def publish(snapshot: Snapshot) -> None:
            progress = view_of(snapshot, self.guest).progress
            if progress is not None and progress.action is plan.action:
                printer.show(progress)

        leave = None if self.args.json else controller.subscribe(publish)
        try:
            with stopping_safely(lambda: controller.cancel(self.guest), self.out):
                progress = await controller.run(plan, typed)
        finally:
            if leave is not None:
                leave()
        if not self.args.json:
            printer.show(progress)
        return progress

    def _ended(self, progress: Progress, snapshot: Snapshot) -> int:
        protection = view_of(snapshot, self.guest).protection
        code = codes.FAILED if progress.failed else codes.INTERRUPTED if progress.cancelled else codes.OK
        if self.args.json:
            print(document(ok=code == codes.OK, exit_code=code, progress=progress, protection=protection))
            return code
        self.out.line()
        if progress.failed:
            self._failed(progress)
        elif progress.cancelled:
            self.out.wrapped("Stopped at a safe point; what was done stands.")
            self._ways_on()
        else:
            print_results(progress, self.out)
        glyph = state_glyph(protection.state, protection.severity)
        self.out.wrapped(f"{glyph} {protection.state.value}: {protection.headline}")
        return code

    def _failed(self, progress: Progress) -> None:
        failed = next((step for step in progress.steps if step.output and step.output == progress.failed), None)
        where = f"step `{failed.title}` on {failed.host}" if failed else "the plan"
        self.out.wrapped(f"{where} failed: {progress.failed}", 2, self.out.paint("✘", "bad") + " ")
        if progress.next_step:
            self.out.wrapped(progress.next_step, 2)
        self._ways_on()

    def _ways_on(self) -> None:
        again = f"colotui {self.action.value} {self.guest}" + (f" --to {self.to}" if self.to else "")
        self.out.line(f"  to go on:      {again}   (what is already so is not done again)")
        if self.action is not Action.UNDO:
            self.out.line(f"  to take back:  colotui undo {self.guest}")
        self.out.line()


def _deed(plan: Plan) -> str:
    """What typing the name does, in a few words: "promote beta"."""
    if any(step.title.startswith("promote") or step.key.startswith("promote") for step in plan.steps):
        return f"promote {plan.to_host}"
    return clean(plan.title[:1].lower() + plan.title[1:])


def _gist(plan: Plan) -> tuple[object, ...]:
    """What makes it the same plan for whoever read it."""
    return plan.title, plan.confirm, plan.attest, plan.from_host, plan.to_host, [step.key for step in plan.steps]

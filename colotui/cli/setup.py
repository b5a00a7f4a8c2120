"""`colotui setup`: prepares both hosts of a pair as the wizard does, step by step; without a pair file it opens it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colotui import config, paths
from colotui.cli import codes
from colotui.cli.asking import Asker
from colotui.cli.jsonview import document
from colotui.cli.plantext import ProgressPrinter, print_plan
from colotui.cli.running import stopping_safely
from colotui.cli.session import CLOSE_LIMIT, host_name, term
from colotui.errors import ActionRefused, ConfigError, UsageError
from colotui.model.pair import Pair
from colotui.model.plan import Plan, Progress, StepState
from colotui.model.script import script_text
from colotui.model.setup import Wanted

if TYPE_CHECKING:
    from colotui.controller.preparation import Preparation

WITH = {"ifb": "ifb", "wiring": "wiring", "offloads": "offloads_off", "irqs": "irqs", "quickack": "quickack",
        "clock": "clock", "keep": "keep", "guest-sysctls": "guest_sysctls"}  # fmt: skip
"""What --with and --without take, and the field of Wanted each stands for."""


def command(args: argparse.Namespace) -> int:
    """Plan, confirm, run; or the wizard."""
    path = config.find(args.config, args.pair)
    if path is None or args.wizard:
        return _wizard(args)
    pair = config.load(path)
    if args.read_only and not (args.dry_run or args.script):
        raise ActionRefused("--read-only was given: nothing is changed.", "Add --dry-run to see the plan.")
    return asyncio.run(_Setup(args, pair, path).go())


def _wizard(args: argparse.Namespace) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "there is no pair file yet, and the wizard needs a terminal.",
            f"Run it in one, or write {paths.config_dir() / 'pair.yaml'} (the README has an example).",
        )
    from colotui.cli.cockpit import open_wizard

    return open_wizard(args, welcome=False)


def wanted_of(args: argparse.Namespace, pair: Pair) -> Wanted:
    """What the engine of the guests calls for, changed as the command line says. Raises UsageError."""
    wanted = Wanted.for_engine(pair.guests[0].engine)
    for words, value in ((args.with_, True), (args.without, False)):
        for word in words:
            if word not in WITH:
                raise UsageError(f"there is no part `{word}` of a set-up.", f"Parts: {', '.join(WITH)}.")
            parts: dict[str, Any] = {WITH[word]: value}
            wanted = replace(wanted, **parts)
    if wanted.wiring and not wanted.ifb:
        raise UsageError("the wiring leads through ifb devices.", "Add: --with ifb")
    if args.image_from:
        wanted = replace(wanted, image_from=host_name(pair, args.image_from))
    return wanted


class _Setup:
    """One set-up, from the look at the hosts to its end."""

    def __init__(self, args: argparse.Namespace, pair: Pair, path: Path) -> None:
        self.args, self.pair, self.path = args, pair, path
        self.only = tuple(word for words in args.only for word in words.split(",") if word)
        self.out = term(args)

    async def go(self) -> int:
        """Returns the exit code; raises ColotuiError."""
        from colotui.controller.preparation import Preparation

        preparation = Preparation(paths.state_dir(), self.path, pair=self.pair)
        preparation.wanted = wanted_of(self.args, self.pair)
        try:
            return await self._with(preparation)
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_LIMIT):
                    await preparation.close()

    async def _with(self, preparation: Preparation) -> int:
        args = self.args
        plan = await (preparation.undo_plan(self.only) if args.undo else preparation.plan(self.only))
        states = await preparation.states(plan)
        if args.script:
            return self._write_script(plan, states)
        if not args.json:
            print_plan(plan, self.out, states)
        if args.dry_run:
            if args.json:
                print(document(dry_run=True, plan=plan, states={str(index): state for index, state in states.items()}))
            else:
                self.out.line("Dry run: nothing was changed.")
            return codes.OK
        if len(states) < len(plan.steps) and not args.yes:
            await self._confirm()
        progress = await self._run(preparation, plan)
        return self._ended(progress)

    def _write_script(self, plan: Plan, states: Mapping[int, StepState]) -> int:
        text = script_text(plan, {spec.name: spec for spec in self.pair.hosts}, time.time(), states)
        if self.args.script == "-":
            print(text, end="")
            return codes.OK
        path = Path(self.args.script)
        try:
            with path.open("x", encoding="utf-8") as out:
                out.write(text)
            path.chmod(0o700)
        except OSError as error:
            raise ConfigError(str(path), 0, f"cannot be written: {error.strerror}.", "Name another file.") from error
        self.out.line(f"Written: {path}. Read it before you run it; it asks before each step.")
        return codes.OK

    async def _confirm(self) -> None:
        asker = Asker()
        if not asker.possible or self.args.json:
            raise ActionRefused("there is nobody to ask.", "Look at --dry-run, then add --yes.")
        self.out.flush()
        answer = await asker.ask("Enter to run it, n to leave: ")
        if answer.lower() not in ("", "y", "yes"):
            raise ActionRefused("not confirmed.", "Nothing was changed.")

    async def _run(self, preparation: Preparation, plan: Plan) -> Progress:
        printer = ProgressPrinter(self.out)

        def show() -> None:
            if preparation.progress is not None:
                printer.show(preparation.progress)

        leave = None if self.args.json else preparation.subscribe(show)
        try:
            with stopping_safely(preparation.cancel, self.out):
                progress = await preparation.run(plan)
        finally:
            if leave is not None:
                leave()
        if not self.args.json:
            printer.show(progress)
        return progress

    def _ended(self, progress: Progress) -> int:
        code = codes.FAILED if progress.failed else codes.INTERRUPTED if progress.cancelled else codes.OK
        if self.args.json:
            print(document(ok=code == codes.OK, exit_code=code, progress=progress))
            return code
        out = self.out
        out.line()
        if progress.failed:
            out.wrapped(progress.failed, 2, out.paint("✘", "bad") + " ")
            if progress.next_step:
                out.wrapped(progress.next_step, 2)
        elif progress.cancelled:
            out.wrapped("Stopped between two steps; what was done stands.")
        else:
            done = sum(step.state is StepState.DONE for step in progress.steps)
            so = len(progress.steps) - done
            out.wrapped(f"{'Undone' if self.args.undo else 'Done'}: {done} changed, {so} already so.")
        if progress.failed or progress.cancelled:
            out.line("  to go on:      colotui setup" + (" --undo" if self.args.undo else ""))
            if not self.args.undo:
                out.line("  to take back:  colotui setup --undo")
        return code

"""`colotui`: opens the cockpit on the pair, or the welcome when there is none yet."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from colotui import collector, config, paths
from colotui.cli import codes, failure
from colotui.cli.recorders import Recorders
from colotui.cli.session import make_controller, term, welcome
from colotui.errors import UsageError
from colotui.model.text import plain_lines

if TYPE_CHECKING:
    from colotui.controller.base import Controller
    from colotui.controller.preparing import Preparing
    from colotui.model.pair import Pair
    from colotui.ui.app import CockpitApp
    from colotui.ui.fleet import Source


def command(args: argparse.Namespace) -> int:
    """Open the screen; without a pair file the welcome."""
    files = config.find_all(args.configs, args.pairs, everything=args.all)
    if len(files) == 1:
        return open_on(args, files[0])
    if files:
        return open_on_all(args, files)
    if not at_terminal():
        out = term(args)
        out.wrapped("colotui watches two hosts that run virtual machines in lock-step, and acts on them with you.")
        out.wrapped("There is no pair file yet. " + welcome())
        return codes.USAGE
    return open_wizard(args, welcome=True)


def open_on(args: argparse.Namespace, path: Path) -> int:
    """Open the cockpit on the pair file at `path`; returns when the operator leaves."""
    pair = config.load(path)
    recorders = Recorders(wanted=not args.no_record)
    return _open(args, [(path.stem, lambda: _loaded(pair, args.read_only, recorders))], recorders)


def open_on_all(args: argparse.Namespace, files: Sequence[Path]) -> int:
    """Open the cockpit on several pair files; one that cannot be read is a row of its list, not the end."""
    recorders = Recorders(wanted=not args.no_record)

    def source(path: Path) -> Source:
        return path.stem, lambda: _loaded(config.load(path), args.read_only, recorders)

    return _open(args, [source(path) for path in files], recorders)


def _open(args: argparse.Namespace, pairs: Sequence[Source], recorders: Recorders) -> int:
    if not at_terminal():
        raise UsageError("the cockpit needs a terminal.", "Without one: colotui status, or any action with --yes.")
    take_no_color(args)
    # Imported last: a wrong pair file is said at once, not after the screen's library has loaded.
    from colotui.ui.app import CockpitApp

    app = CockpitApp(
        pairs=pairs,
        theme=args.theme,
        theme_folder=paths.user_themes_dir(),
        ascii_only=term(args).ascii,
        keymap=keymap(),
    )
    return _run_recorded(args, app, recorders)


def open_wizard(args: argparse.Namespace, *, welcome: bool) -> int:
    """Open the guided set-up, behind the welcome or at once."""
    take_no_color(args)
    from colotui.ui.setupapp import SetupApp

    def make_preparing() -> Preparing:
        from colotui.controller.preparation import Preparation

        return Preparation(paths.state_dir(), paths.config_dir() / "pair.yaml")

    recorders = Recorders(wanted=not args.no_record)
    app = SetupApp(
        make_preparing,
        lambda path: _loaded(config.load(path), args.read_only, recorders),
        welcome=welcome,
        theme=args.theme,
        theme_folder=paths.user_themes_dir(),
        ascii_only=term(args).ascii,
        keymap=keymap(),
    )
    code = _run_recorded(args, app, recorders)
    if app.farewell:
        term(args).wrapped(app.farewell)
    return code


def _loaded(pair: Pair, read_only: bool, recorders: Recorders) -> Controller:
    controller = make_controller(pair, read_only)
    recorders.attach(pair, controller)
    collector.started()
    return controller


def _run_recorded(args: argparse.Namespace, app: CockpitApp, recorders: Recorders) -> int:
    recorders.say, app.recordings = lambda text: app.say(text, bad=True), recorders.lines
    try:
        return run_app(args, app)
    finally:
        recorders.close()


def at_terminal() -> bool:
    """True when there is a terminal to draw on."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def take_no_color(args: argparse.Namespace) -> None:
    """Let the screen's library see --no-color."""
    if args.no_color:
        os.environ["NO_COLOR"] = "1"


def keymap() -> dict[str, str]:
    """The user's keymap. Raises ConfigError."""
    from colotui.ui.keys import cockpit_bindings, replay_bindings

    return config.load_keymap([binding.id for binding in (*cockpit_bindings(), *replay_bindings()) if binding.id])


def run_app(args: argparse.Namespace, app: CockpitApp) -> int:
    """Run an app to its end; the exit code."""
    # A fault in the screen is printed by its library as a page of traceback: that goes to the log instead.
    printed = io.StringIO()
    with contextlib.redirect_stderr(printed):
        app.run()
    if app.failure is not None:
        raise app.failure
    trace = "\n".join(plain_lines(printed.getvalue()))
    if app.return_code and trace:
        what = "the cockpit ended by a fault of its own; protection goes on without it."
        return failure.fault(what, trace, debug=args.debug)
    return app.return_code or codes.OK

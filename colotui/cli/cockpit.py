"""`colotui`: opens the cockpit on the pair, or says what to do when there is none yet."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from pathlib import Path

from colotui import config, paths
from colotui.cli import codes, failure
from colotui.cli.session import make_controller, term, welcome
from colotui.errors import UsageError
from colotui.model.pair import Pair
from colotui.model.text import plain_lines


def command(args: argparse.Namespace) -> int:
    """Open the screen."""
    path = config.find(args.config, args.pair)
    if path is None:
        out = term(args)
        out.wrapped("colotui watches two hosts that run virtual machines in lock-step, and acts on them with you.")
        out.wrapped("There is no pair file yet. " + welcome())
        return codes.USAGE
    return open_on(args, path)


def open_on(args: argparse.Namespace, path: Path) -> int:
    """Open the cockpit on the pair file at `path`; returns when the operator leaves."""
    pair = config.load(path)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the cockpit needs a terminal.", "Without one: colotui status, or any action with --yes.")
    if args.no_color:
        os.environ["NO_COLOR"] = "1"
    return _run(args, pair)


def _run(args: argparse.Namespace, pair: Pair) -> int:
    # Imported last: a wrong pair file is said at once, not after the screen's library has loaded.
    from colotui.ui.app import CockpitApp
    from colotui.ui.keys import cockpit_bindings

    known = [binding.id for binding in cockpit_bindings() if binding.id]

    app = CockpitApp(
        make_controller=lambda: make_controller(pair, args.read_only),
        theme=args.theme,
        theme_folder=paths.user_themes_dir(),
        ascii_only=term(args).ascii,
        keymap=config.load_keymap(known),
    )
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

"""From the words of the command line to one command, its exit code, and a sentence when it fails."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from colotui.cli import codes
from colotui.cli.parser import parse
from colotui.errors import ColotuiError, UsageError
from colotui.model.plan import Action

# Each command lies in a module of its own, so that none pays for the imports of another.
_COMMANDS: dict[str | None, str] = {
    "status": "colotui.cli.status",
    "incidents": "colotui.cli.incidents",
    "check": "colotui.cli.check",
    "guard": "colotui.cli.guard",
    "bundle": "colotui.cli.bundle",
    "hosts": "colotui.cli.hosts",
    "replay": "colotui.cli.replay",
    "metrics": "colotui.cli.metrics",
    "ocf": "colotui.cli.ocf",
    "record": "colotui.cli.record",
    "report": "colotui.cli.report",
    "paths": "colotui.cli.places",
    "config": "colotui.cli.configcheck",
    "lab": "colotui.cli.lab",
    None: "colotui.cli.cockpit",
    **{action.value: "colotui.cli.act" for action in Action if action is not Action.SETUP},
    Action.SETUP.value: "colotui.cli.setup",
}


def run(words: Sequence[str]) -> int:
    """Run the command in `words`; never raises but for --help and a wrong command line (SystemExit)."""
    args = parse(words)
    from colotui.cli import failure

    failure.log_to_file(args.debug)
    try:
        if args.command is not None and (args.all or len(args.configs) + len(args.pairs) > 1):
            raise UsageError(f"`{args.command}` is about one pair.", "Give one -c FILE or one -p NAME.")
        command: Callable[[argparse.Namespace], int] = import_module(_COMMANDS[args.command]).command
        code = command(args)
        sys.stdout.flush()
    except ColotuiError as error:
        return failure.told(error, args.json)
    except KeyboardInterrupt:
        failure.say("colotui: interrupted.")
        return codes.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone (`colotui status | head -1`); at exit Python would flush into it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return codes.BROKEN_PIPE
    except Exception as error:
        return failure.unexpected(error, debug=args.debug, as_json=args.json)
    return code

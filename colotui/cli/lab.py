"""`colotui lab`: hands over to the lab, with a way to open the cockpit on its pair file; drills meet it here."""

from __future__ import annotations

import argparse
from pathlib import Path

from colotui.cli.cockpit import open_on


def command(args: argparse.Namespace) -> int:
    """Run the lab's own command."""
    if args.lab_command == "drill":
        from colotui.cli.drill import command as drill

        return drill(args)
    from colotui.lab.cli import run

    def cockpit(pair_file: str | Path) -> int:
        return open_on(args, Path(pair_file))

    return run(args, cockpit=cockpit)

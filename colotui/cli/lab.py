"""`colotui lab`: hands over to the lab, and gives it a way to open the cockpit on the pair file it made."""

from __future__ import annotations

import argparse
from pathlib import Path

from colotui.cli.cockpit import open_on


def command(args: argparse.Namespace) -> int:
    """Run the lab's own command."""
    from colotui.lab.cli import run

    def cockpit(pair_file: str | Path) -> int:
        return open_on(args, Path(pair_file))

    return run(args, cockpit=cockpit)

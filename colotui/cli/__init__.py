"""The command line: every action also without a screen, with plans shown first, JSON and documented exit codes."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run colotui with `argv` (default: this process's) and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words in (["--version"], ["-V"]):
        # The one call that scripts make often needs none of the rest.
        from colotui import __version__

        print(f"colotui {__version__}")
        return 0
    from colotui import collector

    collector.starting()
    from colotui.cli.front import run

    return run(words)

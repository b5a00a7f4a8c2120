"""`colotui config check`: everything wrong with the pair file, each with its line."""

from __future__ import annotations

import argparse
import stat
from pathlib import Path

from colotui import config
from colotui.cli import codes
from colotui.cli.jsonview import document
from colotui.cli.session import pair_file, term
from colotui.cli.term import clean


def command(args: argparse.Namespace) -> int:
    """List the problems; 64 when there are any."""
    path = config.find(args.file) if args.file else None
    path = path or pair_file(args)
    problems = config.check(path)
    if args.json:
        found = [{"line": problem.line, "what": problem.what, "next_step": problem.next_step} for problem in problems]
        print(document(path=str(path), ok=not problems, problems=found))
        return codes.USAGE if problems else codes.OK
    out = term(args)
    for problem in problems:
        out.wrapped(str(problem), 2)
    if problems:
        count = len(problems)
        out.line(out.paint(f"{count} problem{'s' * (count > 1)}.", "bad"))
        return codes.USAGE
    pair = config.load(path)
    guests = ", ".join(guest.name for guest in pair.guests)
    hosts = " and ".join(host.name for host in pair.hosts)
    out.line(f"{clean(str(path))}: good. Pair {pair.name}: hosts {hosts}; {_guests(len(pair.guests))} {guests}.")
    if _open_to_all(path):
        out.wrapped("Anybody may write this file, and what it says runs as root on the hosts: chmod go-w.", 2, "▲")
    return codes.OK


def _guests(count: int) -> str:
    return "guest" if count == 1 else "guests"


def _open_to_all(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IWOTH)
    except OSError:
        return False

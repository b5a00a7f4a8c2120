"""`colotui status`: the state of the pair once, as text or JSON, with an exit code a monitoring system understands."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import replace

from colotui.cli import codes
from colotui.cli.jsonview import document
from colotui.cli.session import load, opened, term
from colotui.cli.statustext import print_snapshot
from colotui.model.pair import Pair
from colotui.model.protection import Protection, Severity, Snapshot, State


def command(args: argparse.Namespace) -> int:
    """Look once and print."""
    snapshot = asyncio.run(_look(load(args)))
    code = exit_code(snapshot)
    if args.json:
        print(document(exit_code=code, snapshot=snapshot))
    else:
        print_snapshot(snapshot, term(args))
    return code


async def _look(pair: Pair) -> Snapshot:
    async with opened(pair, read_only=True) as (_, snapshot):
        return _as_if_acting(snapshot)


def _as_if_acting(snapshot: Snapshot) -> Snapshot:
    """This look was read-only by our own choice: that must not read as a reason against an action."""
    guests = tuple(
        replace(view, actions={action: None if why == "read-only" else why for action, why in view.actions.items()})
        for view in snapshot.guests
    )
    return replace(snapshot, guests=guests, read_only="")


def exit_code(snapshot: Snapshot) -> int:
    """The code of `status`: of several guests the one that needs somebody most."""
    found = {_of_guest(view.protection) for view in snapshot.guests}
    return next((code for code in (codes.CRITICAL, codes.UNKNOWN, codes.WARNING) if code in found), codes.OK)


def _of_guest(protection: Protection) -> int:
    if protection.state is State.PROTECTED:
        return codes.OK
    if protection.state is State.UNKNOWN:
        return codes.UNKNOWN
    return codes.CRITICAL if protection.severity is Severity.ERROR else codes.WARNING

"""What most commands begin with: the pair file, a controller on it, and the guest that is meant."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

from colotui import config, paths
from colotui.cli.term import Term
from colotui.controller.base import Controller
from colotui.errors import UsageError
from colotui.model.pair import Pair
from colotui.model.protection import Event, GuestView, LinkState, Snapshot
from colotui.model.text import plain

CLOSE_LIMIT = 35.0
"""Seconds the channels get to end."""


class OneShot(Controller, Protocol):
    """A controller that can also wait until both hosts were asked once."""

    async def settled(self, limit: float = 8.0) -> Snapshot:
        """The snapshot after every host was tried and every copy looked at."""
        ...

    def remark(self, event: Event) -> None:
        """Put a line of somebody else's into the list of events."""
        ...


def pair_file(args: argparse.Namespace) -> Path:
    """The pair file this command line means. Raises UsageError with what to do when there is none."""
    found = config.find(args.config, args.pair)
    if found is None:
        raise UsageError("there is no pair file yet.", welcome())
    return found


def welcome() -> str:
    """What to do without a pair file."""
    return (
        f"Write one ({paths.config_dir() / 'pair.yaml'}; the README has an example) and look it over with "
        f"`colotui config check`, or try everything on this machine alone: `sudo {program()} lab`."
    )


def program() -> str:
    """How this program is called under sudo, which looks only into the system's own folders."""
    called = Path(sys.argv[0])
    usual = called.name != "colotui" or str(called.parent) in ("/usr/bin", "/usr/local/bin")
    return "colotui" if usual else str(called.absolute())


def load(args: argparse.Namespace) -> Pair:
    """The pair this command line means."""
    return config.load(pair_file(args))


def term(args: argparse.Namespace) -> Term:
    """The output as this command line wants it."""
    return Term(colour=not args.no_color, ascii_only=args.ascii)


def make_controller(pair: Pair, read_only: bool) -> OneShot:
    """The real controller of `pair`; imported here because SSH and netlink take their time to load."""
    from colotui.controller.controller import PairController

    return PairController(pair, read_only=read_only)


@contextlib.asynccontextmanager
async def opened(pair: Pair, *, read_only: bool) -> AsyncIterator[tuple[OneShot, Snapshot]]:
    """A started controller with its first full snapshot; closed at the end."""
    controller = make_controller(pair, read_only)
    try:
        await controller.start()
        yield controller, await controller.settled()
    finally:
        # The answer is there already: a channel that does not end must not keep it from the operator.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_LIMIT):
                await controller.close()


def guest_name(pair: Pair, name: str | None) -> str:
    """The guest that is meant: the named one, or the only one."""
    there = ", ".join(guest.name for guest in pair.guests)
    if name is None:
        if len(pair.guests) == 1:
            return pair.guests[0].name
        raise UsageError(f"pair {pair.name} has {len(pair.guests)} guests.", f"Say which one: {there}.")
    if name not in [guest.name for guest in pair.guests]:
        raise UsageError(f"there is no guest `{plain(name, 40)}` in pair {pair.name}.", f"There: {there}.")
    return name


def host_name(pair: Pair, name: str) -> str:
    """The host that is meant; UsageError when the pair has none of that name."""
    if name not in [host.name for host in pair.hosts]:
        there = ", ".join(host.name for host in pair.hosts)
        raise UsageError(f"there is no host `{plain(name, 40)}` in pair {pair.name}.", f"There: {there}.")
    return name


def view_of(snapshot: Snapshot, guest: str) -> GuestView:
    """The view of one guest."""
    return next(view for view in snapshot.guests if view.name == guest)


def silent_hosts(snapshot: Snapshot) -> list[str]:
    """Why each host without a channel has none."""
    return [
        host.why or f"{host.spec.name}: not reached yet" for host in snapshot.hosts if host.link is not LinkState.UP
    ]

"""`colotui guard`: an armed failover without a screen, in the foreground, saying what it sees."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Iterator

from colotui.cli import codes, failure
from colotui.cli.jsonview import VERSION, value
from colotui.cli.session import OneShot, guest_name, load, opened, silent_hosts, term, view_of
from colotui.cli.term import Term, clean
from colotui.errors import ActionRefused
from colotui.model.pair import Pair
from colotui.model.plan import Action
from colotui.model.protection import Event, Severity, Snapshot

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PAINT = {Severity.OK: "low", Severity.WORKING: "working", Severity.WARNING: "warning", Severity.ERROR: "bad"}


def command(args: argparse.Namespace) -> int:
    """Arm, watch, and end with what came of it."""
    pair = load(args)
    guest = guest_name(pair, args.guest)
    if args.read_only:
        raise ActionRefused("--read-only was given: a guard has to act.", "Leave it out, or use `colotui status`.")
    return asyncio.run(_Guard(args, pair, guest).go())


class _Guard:
    """One armed guest, until it acted, was disarmed or is interrupted."""

    def __init__(self, args: argparse.Namespace, pair: Pair, guest: str) -> None:
        self.pair, self.guest = pair, guest
        self.json: bool = args.json
        self.out: Term = term(args)
        self._begun = time.time()
        self._told: set[Event] = set()
        self._over = asyncio.Event()
        self._interrupted = False

    async def go(self) -> int:
        """Returns the exit code; raises ColotuiError when it cannot be armed."""
        async with opened(self.pair, read_only=False) as (controller, snapshot):
            for why in silent_hosts(snapshot):
                failure.say(f"colotui: {why}")
            await controller.arm(self.guest, on=True)
            leave = controller.subscribe(self._look)
            try:
                with self._signals():
                    # Published once more: from here on every snapshot is one of an armed guest, or of what came of it.
                    self._look(await controller.settled())
                    await self._over.wait()
            finally:
                leave()
        return self._ended(controller)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Ctrl-C and the end of the terminal disarm; a failover that has begun comes to its end first."""

        def asked() -> None:
            self._interrupted = True
            self._over.set()

        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, asked)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    def _look(self, snapshot: Snapshot) -> None:
        for event in snapshot.events:
            if event not in self._told and event.at >= self._begun and self._matters(event):
                self._tell(event)
        self._told = set(snapshot.events)
        view = view_of(snapshot, self.guest)
        running = view.progress is not None and view.progress.running
        if view.armed is None and not running:
            self._over.set()

    def _matters(self, event: Event) -> bool:
        mine = event.guest in ("", self.guest)
        return mine and (event.text.startswith("armed failover:") or event.severity is not Severity.OK)

    def _tell(self, event: Event) -> None:
        if self.json:
            print(json.dumps({"version": VERSION, "event": value(event)}), flush=True)
            return
        clock = time.strftime("%H:%M:%S", time.localtime(event.at))
        text = clean(event.text) + (f": {clean(event.detail)}" if event.detail else "")
        self.out.line(f"{clock}  {clean(event.source, 12):<8}  {self.out.paint(text, _PAINT[event.severity])}")
        self.out.flush()

    def _ended(self, controller: OneShot) -> int:
        # What the closing said, a failover that was still running included.
        self._look(controller.snapshot)
        view = view_of(controller.snapshot, self.guest)
        progress = view.progress
        acted = progress is not None and progress.action is Action.FAILOVER
        if progress is not None and acted:
            code = codes.FAILED if progress.failed else codes.OK
        else:
            code = codes.INTERRUPTED if self._interrupted else codes.REFUSED
        protection = view.protection
        if self.json:
            print(json.dumps({"version": VERSION, "exit_code": code, "protection": value(protection)}), flush=True)
        else:
            self.out.wrapped(f"{protection.state.value}: {protection.headline}")
            self.out.flush()
        return code

"""`colotui record`: the flight recorder without a screen, until it is ended."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from colotui.cli import codes
from colotui.cli.jsonview import VERSION
from colotui.cli.session import load, opened, term
from colotui.cli.term import Term, clean
from colotui.errors import UsageError
from colotui.model.pair import Pair
from colotui.model.protection import Severity, Snapshot
from colotui.model.quantity import size
from colotui.record import place
from colotui.record.recorder import Recorder
from colotui.record.retention import Keep

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PAINT = {Severity.OK: "low", Severity.WORKING: "working", Severity.WARNING: "warning", Severity.ERROR: "bad"}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,3})?) ?(?:([KMGT])(?:iB?)?|B)?")
_UNITS = {None: 0, "K": 10, "M": 20, "G": 30, "T": 40}
_SMALLEST = 1 << 20
_EVERY = 60.0
_LOOK = 0.5
_WIDE = 5000


def command(args: argparse.Namespace) -> int:
    """Record until a signal comes, or the recording fails (RecordingError)."""
    keep = keep_of(args.keep_days, args.keep_size)
    pair = load(args)
    path = Path(args.output) if args.output else place.usual(pair)
    return asyncio.run(_Recording(args, pair, Recorder(path, pair, keep, waits=False)).go())


def keep_of(days: str | None, most: str | None) -> Keep:
    """What to keep, of the words of the command line. Raises UsageError."""
    keep = Keep()
    if days is not None:
        try:
            number = float(days)
        except ValueError:
            number = math.nan
        if not 0 <= number <= 36500:
            raise UsageError(f"--keep-days: `{clean(days, 40)}` is no number of days.", "As in: --keep-days 30")
        keep = Keep(number, keep.size)
    if most is not None:
        found = _SIZE.fullmatch(most)
        wanted = int(float(found[1]) * (1 << _UNITS[found[2]])) if found else -1
        if wanted != 0 and wanted < _SMALLEST:
            raise UsageError(
                f"--keep-size: `{clean(most, 40)}` is no size of at least 1 MiB.", "As in: --keep-size 500M"
            )
        keep = Keep(keep.days, wanted)
    return keep


class _Recording:
    """One headless recording."""

    def __init__(self, args: argparse.Namespace, pair: Pair, recorder: Recorder) -> None:
        self.pair, self.recorder = pair, recorder
        self.json: bool = args.json
        self.out: Term = term(args)
        self._over = asyncio.Event()
        self._said: dict[str, tuple[str, str]] = {}

    async def go(self) -> int:
        """Returns the exit code; raises RecordingError when the recording ended by itself."""
        self.recorder.start()
        try:
            await self._opened()
            self._line(f"recording into {self.recorder.path}", "low")
            async with opened(self.pair, read_only=True) as (controller, snapshot):
                leave = controller.subscribe(self._take)
                self._take(snapshot)
                try:
                    with self._signals():
                        await self._until_over()
                finally:
                    leave()
        finally:
            await asyncio.to_thread(self.recorder.close)
        if self.recorder.failure is not None:
            raise self.recorder.failure
        self._line(f"ended: {self._figures()}", "low")
        return codes.OK

    async def _opened(self) -> None:
        """A file that cannot be written is said before any host is asked."""
        await asyncio.to_thread(self.recorder.ready.wait)
        if self.recorder.failure is not None:
            raise self.recorder.failure

    async def _until_over(self) -> None:
        told = time.monotonic()
        while not self._over.is_set() and self.recorder.failure is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK):
                    await self._over.wait()
            if time.monotonic() - told >= _EVERY:
                told += _EVERY
                self._line(self._figures(), "low")

    def _take(self, snapshot: Snapshot) -> None:
        self.recorder.take(snapshot)
        for guest in snapshot.guests:
            said = guest.protection
            now = said.state.value, said.headline
            if self._said.get(guest.name) != now:
                self._said[guest.name] = now
                words = f"{guest.name}: {now[0]}" + (f": {now[1]}" if now[1] and now[1] != now[0] else "")
                self._line(words, _PAINT[said.severity])

    def _figures(self) -> str:
        written = self.recorder.written
        try:
            held = size(self.recorder.path.stat().st_size)
        except OSError:
            held = "no"
        left_out = f", {self.recorder.left_out} left out" if self.recorder.left_out else ""
        return f"{written.frames} snapshots recorded{left_out}, the file has {held}"

    def _line(self, text: str, paint: str) -> None:
        now = time.time()
        if self.json:
            print(json.dumps({"version": VERSION, "at": now, "text": clean(text, _WIDE)}), flush=True)
            return
        clock = time.strftime("%H:%M:%S", time.localtime(now))
        self.out.line(f"{clock}  {self.out.paint(clean(text, _WIDE), paint)}")
        self.out.flush()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._over.set)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

"""`colotui metrics`: the numbers of a pair for Prometheus, over HTTP or as a textfile, read-only beside any cockpit."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from prometheus_client import CollectorRegistry, ProcessCollector

from colotui import __version__
from colotui.cli import codes, failure
from colotui.cli.exposing import MetricsServer, listening, url
from colotui.cli.jsonview import document
from colotui.cli.session import OneShot, load, opened, silent_hosts, term
from colotui.errors import UsageError
from colotui.metrics.collector import PairCollector, text
from colotui.model.pair import Pair
from colotui.model.protection import LinkState, Snapshot
from colotui.model.text import plain

FACTS_LIMIT = 6.0
"""Seconds one look waits for the facts of hosts that answer; they come a second after the channel."""


def command(args: argparse.Namespace) -> int:
    """Serve, write, or print."""
    if args.dashboard or args.alerts:
        name = "dashboard.json" if args.dashboard else "alerts.yaml"
        print(resources.files("colotui").joinpath("data", name).read_text(encoding="utf-8"), end="")
        return codes.OK
    pair = load(args)
    path = _textfile(args.textfile) if args.textfile is not None else None
    if args.once:
        return asyncio.run(_once(pair, path))
    if path is not None:
        return asyncio.run(_Exporter(args, pair, path, None).go())
    with listening(args.listen, remote=args.allow_remote) as bound:
        return asyncio.run(_Exporter(args, pair, None, bound).go())


async def _once(pair: Pair, path: Path | None) -> int:
    registry, collector = _registry(pair, lasting=False)
    async with opened(pair, read_only=True) as (controller, snapshot):
        for why in silent_hosts(snapshot):
            failure.say(f"colotui: {why}")
        collector.take(await _with_facts(controller))
    body = text(registry)[0]
    if path is None:
        print(body.decode(), end="")
        return codes.OK
    try:
        write(path, body)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}.", _WRITE_CURE) from None
    return codes.OK


async def _with_facts(controller: OneShot) -> Snapshot:
    """The snapshot once every host that answers has told its facts, or the time is over."""
    end = time.monotonic() + FACTS_LIMIT
    while time.monotonic() < end:
        hosts = controller.snapshot.hosts
        if all(host.facts is not None for host in hosts if host.link is LinkState.UP):
            break
        await asyncio.sleep(0.1)
    return controller.snapshot


class _Exporter:
    """Follows the pair until it is told to end, and gives its metrics out in the way that was asked for."""

    def __init__(self, args: argparse.Namespace, pair: Pair, path: Path | None, bound: socket.socket | None) -> None:
        self.args, self.pair, self.path, self.bound = args, pair, path, bound
        self.out = term(args)
        self._over = asyncio.Event()
        self._code = codes.OK
        self._told = ""

    async def go(self) -> int:
        """Returns the exit code: 0 after SIGTERM or SIGHUP, 130 after Ctrl-C."""
        registry, collector = _registry(self.pair, lasting=True)
        with self._signals():
            # A signal also ends the waiting for hosts that do not answer.
            following = asyncio.create_task(self._follow(registry, collector))
            over = asyncio.create_task(self._over.wait())
            await asyncio.wait({following, over}, return_when=asyncio.FIRST_COMPLETED)
            over.cancel()
            if not following.done():
                following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following
        return self._code

    async def _follow(self, registry: CollectorRegistry, collector: PairCollector) -> None:
        async with opened(self.pair, read_only=True) as (controller, snapshot):
            for why in silent_hosts(snapshot):
                failure.say(f"colotui: {why}")
            collector.take(snapshot)
            leave = controller.subscribe(collector.take)
            try:
                if self.path is None:
                    await self._serve(registry)
                else:
                    await _with_facts(controller)
                    await self._write(registry, self.path)
            finally:
                leave()

    async def _serve(self, registry: CollectorRegistry) -> None:
        assert self.bound is not None
        # Beside a node_exporter these names would be there twice; as a target of its own they belong to it.
        ProcessCollector(registry=registry)
        server = MetricsServer(lambda accept: text(registry, accept))
        await server.start(self.bound)
        self._begun(url(self.bound))
        try:
            await self._over.wait()
        finally:
            await server.close()

    async def _write(self, registry: CollectorRegistry, path: Path) -> None:
        self._begun(str(path))
        try:
            while True:
                self._written(path, text(registry)[0])
                await asyncio.sleep(self.args.interval)
        finally:
            # What nobody keeps up to date any more must not look like news.
            _remove(path)

    def _written(self, path: Path, body: bytes) -> None:
        """Write; one that fails is told once, and tried again: a full disk may be mended."""
        try:
            write(path, body)
            self._told = ""
        except OSError as error:
            told = error.strerror or str(error)
            if told != self._told:
                failure.say(f"colotui: {path} cannot be written: {told}. It is tried again.")
            self._told = told

    def _begun(self, where: str) -> None:
        if self.args.json:
            print(document(pair=self.pair.name, metrics=where), flush=True)
        else:
            # Not wrapped: it is there to be copied.
            self.out.line(f"Metrics of pair {self.pair.name}: {plain(where)}")
            self.out.flush()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def asked(code: int) -> None:
            self._code = code
            self._over.set()

        loop = asyncio.get_running_loop()
        ends = {signal.SIGTERM: codes.OK, signal.SIGHUP: codes.OK, signal.SIGINT: codes.INTERRUPTED}
        for number, code in ends.items():
            loop.add_signal_handler(number, asked, code)
        try:
            yield
        finally:
            for number in ends:
                loop.remove_signal_handler(number)


def _registry(pair: Pair, *, lasting: bool) -> tuple[CollectorRegistry, PairCollector]:
    registry = CollectorRegistry()
    collector = PairCollector(pair.name, __version__, lasting=lasting)
    registry.register(collector)
    return registry, collector


_WRITE_CURE = "Choose a folder that you may write to, the one node_exporter reads."


def _textfile(name: str) -> Path:
    """The path of a textfile. Raises UsageError for one that node_exporter would not read, or that is no file."""
    path = Path(name)
    if path.suffix != ".prom":
        raise UsageError(f"{plain(name, 200)}: node_exporter reads only files that end in .prom.", "Name it so.")
    try:
        there = path.parent.is_dir() and not path.is_dir()
    except (OSError, ValueError):
        there = False
    if not there:
        raise UsageError(f"{plain(name, 200)} cannot be written: there is no such folder, or it is one.", _WRITE_CURE)
    return path


def write(path: Path, body: bytes) -> None:
    """Put `body` in the place of `path` in one go: whoever reads it sees the old text or the new. Raises OSError."""
    # The name does not end in .prom, so that a half-written file is never read.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError:
        _remove(temporary)
        raise


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()

"""Asks the guest's own service whether it serves: the third witness, as a client would see it."""

from __future__ import annotations

import asyncio
import contextlib
import time

from colotui.model.pair import ProbeKind, ProbeSpec
from colotui.model.protection import Probe

LIMIT = 1.0
"""Seconds an answer may take before the service counts as silent."""


class ServiceProbe:
    """Asks again and again; keeps the newest answer, the silence and the losses."""

    def __init__(self, spec: ProbeSpec) -> None:
        self._spec = spec
        self.latest: Probe | None = None
        self.last_ok: float | None = None

    @property
    def target(self) -> str:
        """What is asked, for the screen."""
        if self._spec.kind is ProbeKind.HTTP:
            return self._spec.url
        port = f":{self._spec.port}" if self._spec.port else ""
        return f"{self._spec.kind.value} {self._spec.address}{port}"

    async def ask(self, limit: float = LIMIT) -> Probe:
        """Ask once."""
        begun = time.time()
        error = ""
        try:
            async with asyncio.timeout(limit + 0.2):
                await self._once(limit)
        except (OSError, TimeoutError, ValueError) as failure:
            error = str(failure) or "no answer"
        now = time.time()
        before = self.latest
        lost = before.lost if before else 0
        if error:
            since = before.silent_since if before and before.silent_since else (self.last_ok or begun)
            self.latest = Probe(self.target, False, now, None, since, lost + 1, error[:120])
        else:
            self.last_ok = now
            self.latest = Probe(self.target, True, now, (now - begun) * 1000.0, None, lost)
        return self.latest

    async def first_answer(self, limit: float) -> Probe | None:
        """Ask every 20 ms until it answers; None when it did not within `limit` s."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            answer = await self.ask(0.25)
            if answer.ok:
                return answer
            await asyncio.sleep(0.02)
        return None

    async def _once(self, limit: float) -> None:
        spec = self._spec
        if spec.kind is ProbeKind.HTTP:
            await asyncio.to_thread(_http, spec.url, limit)
        elif spec.kind is ProbeKind.TCP:
            _reader, writer = await asyncio.open_connection(spec.address, spec.port)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        else:
            await _ping(spec.address, limit)


def _http(url: str, limit: float) -> None:
    import urllib.error  # only a probe by HTTP pays for it
    import urllib.request

    try:
        with urllib.request.urlopen(url, timeout=limit) as answer:
            answer.read(65536)
    except urllib.error.HTTPError:
        return  # it answered, whatever it thinks of the page
    except urllib.error.URLError as error:
        raise OSError(str(error.reason)) from error


async def _ping(address: str, limit: float) -> None:
    process = await asyncio.create_subprocess_exec(
        "ping", "-n", "-q", "-c", "1", "-W", f"{max(1, round(limit))}", address,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        status = await process.wait()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        raise
    if status != 0:
        raise OSError("no reply")

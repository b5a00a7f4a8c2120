"""QMP over a host's channel: every call with a time limit, events pushed, and a second line for yank."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from colotui.engine.qemu.transcript import Transcript
from colotui.engine.qemu.wiring import monitor_sockets
from colotui.errors import HostCallFailed, QmpGone, QmpRefused, QmpTimeout

if TYPE_CHECKING:
    from qemu.qmp import QMPClient

    from colotui.host.channel import Host

CALL_LIMIT = 5.0
"""Seconds a QMP command may take. Healthy ones take 0.3-8 ms (measured); a hung QEMU never answers."""

EventSink = Callable[[Mapping[str, Any]], None]

# The library logs every lost connection as an error; the controller says it in its own words.
logging.getLogger("qemu.qmp").setLevel(logging.CRITICAL)


class Monitor:
    """One QMP connection to the QEMU of one guest on one host, on a monitor socket it alone has claimed.

    What is said over it is noted in `transcript`.
    """

    def __init__(
        self, host: Host, guest: str, on_event: EventSink | None = None, transcript: Transcript | None = None
    ) -> None:
        self._host = host
        self._guest = guest
        self._on_event = on_event
        self._transcript = transcript if transcript is not None else Transcript()
        self._client: QMPClient | None = None
        self.last_ms: float | None = None
        self.version = ""

    @property
    def is_open(self) -> bool:
        """True while the connection stands. A hung QEMU keeps it open."""
        from qemu.qmp import Runstate

        return self._client is not None and self._client.runstate == Runstate.RUNNING

    async def open(self, limit: float = 2.0) -> None:
        """Claim a socket, connect and negotiate (out-of-band included).

        Raises QmpGone when nothing listens there, QmpTimeout when QEMU does not greet within `limit` s.
        """
        from qemu.qmp import QMPClient, QMPError

        name = self._host.name
        try:
            async with asyncio.timeout(limit):
                sock, _path = await self._host.open_unix(monitor_sockets(self._guest))
        except HostCallFailed as error:
            raise QmpGone(name, error.what) from error
        except TimeoutError:
            raise QmpTimeout(name, "connect", limit) from None
        client = QMPClient(name)
        if self._on_event is not None:
            client.register_listener(_listener(self._on_event))
        try:
            async with asyncio.timeout(limit):
                await client.connect(sock)
        except TimeoutError:
            sock.close()
            raise QmpTimeout(name, "greeting", limit) from None
        except (QMPError, OSError, EOFError) as error:
            sock.close()
            raise QmpGone(name, str(error)) from error
        self._client = client
        greeting = client.greeting
        if greeting is not None:
            qemu: Any = greeting.QMP.version["qemu"]
            self.version = ".".join(str(qemu[part]) for part in ("major", "minor", "micro"))

    async def execute(
        self,
        command: str,
        arguments: Mapping[str, object] | None = None,
        *,
        limit: float = CALL_LIMIT,
        oob: bool = False,
    ) -> Any:
        """Run `command` and return its value.

        Raises QmpRefused with QEMU's own words, QmpTimeout after `limit` s, QmpGone when QEMU went away.
        """
        from qemu.qmp import ExecInterruptedError, ExecuteError, QMPError

        client = self._client
        if client is None or not self.is_open:
            raise QmpGone(self._host.name, "not connected")
        begun, at, outcome = time.monotonic(), time.time(), "not waited for"
        try:
            async with asyncio.timeout(limit):
                value = await client.execute(command, arguments, oob=oob)
            outcome = "ok"
        except TimeoutError:
            outcome = "no answer"
            raise QmpTimeout(self._host.name, command, limit) from None
        except ExecuteError as error:
            outcome = f"{error.error_class}: {error}"
            raise QmpRefused(self._host.name, command, error.error_class, str(error)) from error
        except (ExecInterruptedError, QMPError, OSError, EOFError) as error:
            outcome = "the connection ended"
            raise QmpGone(self._host.name, f"during `{command}`") from error
        finally:
            took = (time.monotonic() - begun) * 1000.0
            self._transcript.command(at, command, arguments, took, outcome)
        self.last_ms = took
        return value

    async def human(self, line: str, *, limit: float = CALL_LIMIT) -> str:
        """Run a line of the human monitor (drive_add and drive_del have no QMP form).

        It reports failures as text, so anything it prints is an error: raised as QmpRefused.
        """
        text = str(await self.execute("human-monitor-command", {"command-line": line}, limit=limit)).strip()
        if text and not text.startswith("Failed flush"):
            raise QmpRefused(self._host.name, line.split(" ", 1)[0], "HumanMonitor", text)
        return text

    async def close(self) -> None:
        """End the connection; safe to call at any time. QEMU notices nothing."""
        client, self._client = self._client, None
        if client is None:
            return
        # disconnect() re-raises why the connection ended; that was already reported where it mattered.
        with contextlib.suppress(Exception):
            async with asyncio.timeout(1.0):
                await client.disconnect()


def _listener(sink: EventSink) -> Any:
    """A listener that hands events on at once and keeps none (the library's own keeps them all)."""
    from qemu.qmp import EventListener

    class Pusher(EventListener):
        async def put(self, event: Mapping[str, Any]) -> None:
            sink(event)

    return Pusher()

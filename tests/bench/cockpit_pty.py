"""A program in a terminal of its own: its bytes counted and searched, keys typed to it, its CPU and memory read."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_TICKS = os.sysconf("SC_CLK_TCK")
_SYNC_ASKED, _SYNC_ANSWER = b"\x1b[?2026$p", b"\x1b[?2026;2$y"


class Program:
    """Runs `argv` in a pseudo-terminal. What it writes is read at once, as a fast terminal does."""

    def __init__(self, argv: Sequence[str], size: tuple[int, int] = (160, 46), env: dict[str, str] | None = None):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.total = 0
        self.writes = 0
        self._seen = bytearray()
        self._news = threading.Condition()
        self._answered = False
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            list(argv), stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(env or {})},
        )  # fmt: skip
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _read(self) -> None:
        while True:
            try:
                select.select([self.master], [], [])
                data = os.read(self.master, 1 << 20)
            except (OSError, ValueError):
                return
            if not data:
                return
            with self._news:
                self.total += len(data)
                self.writes += 1
                self._seen += data
                self._news.notify_all()
            if not self._answered and _SYNC_ASKED in data:
                self._answered = True
                os.write(self.master, _SYNC_ANSWER)  # as today's terminals do

    def forget(self) -> None:
        """What was written until now is of no interest any more."""
        with self._news:
            self._seen.clear()

    def written(self) -> bytes:
        """What was written since the last `forget`."""
        with self._news:
            return bytes(self._seen)

    def wait_for(self, pattern: bytes, limit: float = 10.0) -> float:
        """The moment (perf_counter) at which `pattern` is in what was written; TimeoutError after `limit` s."""
        wanted = re.compile(pattern)
        end = time.perf_counter() + limit
        with self._news:
            while not wanted.search(self._seen):
                left = end - time.perf_counter()
                if left <= 0 or self.process.poll() is not None:
                    raise TimeoutError(f"{pattern!r} did not come; the last: {bytes(self._seen[-2000:])!r}")
                self._news.wait(left)
            return time.perf_counter()

    def type(self, keys: bytes) -> float:
        """Type; the moment it was done."""
        self.forget()
        at = time.perf_counter()
        os.write(self.master, keys)
        return at

    def cpu(self) -> float:
        """Seconds of CPU its main process has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory(self, name: str = "VmRSS") -> float:
        """MiB of a field of its /proc status."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.split(f"{name}:", 1)[1].split()[0]) / 1024

    def end(self, limit: float = 15.0) -> None:
        """Let it end by itself on SIGTERM."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(limit)

    def close(self) -> None:
        """End it however it is."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)

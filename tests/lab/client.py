"""The client of the lab's guest, seen from its own network: ping gaps, acknowledged counters, long downloads."""

from __future__ import annotations

import hashlib
import re
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

_REPLY = re.compile(r"^\[(\d+\.\d+)\].*icmp_seq=(\d+)")


class Client:
    """One client: `argv` is the prefix that runs a program in its network, `address` is the guest's."""

    def __init__(self, argv: Sequence[str], address: str) -> None:
        # A killed test run takes its clients along.
        self.argv = ["setpriv", "--pdeathsig", "KILL", *argv]
        self.address = address

    def fetch(self, path: str, limit: float = 5.0) -> str | None:
        """One page as text; None when it did not come in time."""
        result = self.curl("-m", str(limit), self.url(path))
        return result.stdout.decode(errors="replace") if result.returncode == 0 else None

    def url(self, path: str) -> str:
        """The guest's page."""
        return f"http://{self.address}{path}"

    def curl(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        """curl, quiet but for errors."""
        return subprocess.run([*self.argv, "curl", "-sS", *words], capture_output=True, check=False)


class Pinger:
    """ping at 20 ms intervals; knows when each reply came."""

    def __init__(self, client: Client, log: Path, interval: float = 0.02) -> None:
        self._log = log
        self._out = log.open("wb")
        self._process = subprocess.Popen(
            [*client.argv, "stdbuf", "-oL", "ping", "-D", "-n", "-i", str(interval), client.address],
            stdout=self._out,
            stderr=subprocess.STDOUT,
        )

    def replies(self) -> list[float]:
        """Epoch seconds of each reply so far."""
        lines = self._log.read_text(errors="replace").splitlines()
        return [float(m.group(1)) for m in map(_REPLY.match, lines) if m]

    def gap_after(self, moment: float) -> float:
        """Seconds from the last reply before `moment` to the first one after the silence that followed it."""
        times = self.replies()
        before = [t for t in times if t <= moment]
        after = [t for t in times if t > moment]
        gaps = [b - a for a, b in zip([before[-1], *after], after, strict=False)]
        return max(gaps)

    def first_after(self, moment: float) -> float:
        """When the first reply after `moment` came."""
        return next(t for t in self.replies() if t > moment)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
        self._out.close()


class Counter:
    """Asks /counter again and again; keeps every number that was acknowledged."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._stop = threading.Event()
        self.numbers: list[int] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            number = self._client.fetch("/counter", limit=3.0)
            if number is not None and number.strip().isdigit():
                self.numbers.append(int(number))
            time.sleep(0.05)

    def stop(self) -> list[int]:
        """End it; the acknowledged numbers in order."""
        self._stop.set()
        self._thread.join(10)
        return self.numbers


class Download:
    """One slow download; complete only when the bytes are those of the file."""

    def __init__(self, client: Client, target: Path, rate: str = "300k", path: str = "/big") -> None:
        self.target = target
        command = ["curl", "-sS", "--limit-rate", rate, "-o", str(target), client.url(path)]
        self._process = subprocess.Popen([*client.argv, *command], stderr=subprocess.PIPE)

    @property
    def ended(self) -> bool:
        """True when curl has left."""
        return self._process.poll() is not None

    def finish(self, limit: float) -> tuple[int, str]:
        """Wait for its end; curl's status and the digest of what came."""
        self._process.wait(limit)
        data = self.target.read_bytes() if self.target.exists() else b""
        return self._process.returncode, hashlib.sha256(data).hexdigest()

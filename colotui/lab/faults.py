"""The faults of the lab: what breaks a host, a link, a disk or the guest for real, by the operating system alone."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from colotui.errors import LabError
from colotui.lab import osrun
from colotui.lab.keeper import STORE_SIZE
from colotui.lab.lab import Lab, LabState
from colotui.lab.layout import GUEST

LINE = 1 << 20
"""Bytes one line of a monitor may have."""

QMP_LIMIT = 5.0
"""Seconds QEMU may take to answer a command of ours."""

_FULL = 20
"""Times to try to make a disk full while something still writes to it."""


class Faults:
    """Breaks the lab and mends it. Every call raises LabError with one sentence when it cannot be done."""

    def __init__(self, lab: Lab, guest: str = GUEST) -> None:
        self._lab, self._guest = lab, guest
        self._load: subprocess.Popen[bytes] | None = None

    def kill(self, host: str) -> None:
        """End the copy's QEMU by kill -9."""
        self._signal(host, signal.SIGKILL)

    def freeze(self, host: str) -> None:
        """Stop the copy's QEMU: it lives and does nothing."""
        self._signal(host, signal.SIGSTOP)

    def thaw(self, host: str) -> None:
        """Let a stopped QEMU go on; nothing where it is gone."""
        with contextlib.suppress(LabError):
            self._signal(host, signal.SIGCONT)

    def power(self, host: str, on: bool) -> None:
        """Cut a host's power, or give it back."""
        (self._lab.host_on if on else self._lab.host_off)(host)

    def cut(self, *links: str) -> None:
        """Cut links."""
        for link in links:
            self._lab.cut(link)

    def mend(self, *links: str) -> None:
        """Mend links."""
        for link in links:
            self._lab.mend(link)

    def fill(self, host: str) -> None:
        """Make a host's disk just as large as what is on it."""
        for _ in range(_FULL):
            store = os.statvfs(self._store(host))
            used = (store.f_blocks - store.f_bfree) * store.f_frsize
            with contextlib.suppress(LabError):  # it grew in between
                self._resize(host, str(used))
                return
        raise LabError(f"The disk of {host} could not be made full: something writes too fast.")

    def empty(self, host: str) -> None:
        """Give a host's disk its size back."""
        self._resize(host, STORE_SIZE)

    def monitor(self, host: str, command: str, arguments: Mapping[str, object] | None = None) -> None:
        """Send one command to the copy's QEMU by the monitor that is left to people."""
        path = self._lab.path_on(host, f"/run/colotui/{self._guest}/people")
        what = f"`{command}` to QEMU on {host}"
        with socket.socket(socket.AF_UNIX) as stream:
            stream.settimeout(QMP_LIMIT)
            try:
                stream.connect(str(path))
                lines = stream.makefile("rb")
                lines.readline()
                for words in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments or {}}):
                    stream.sendall(json.dumps(words).encode() + b"\n")
                    answer = _answer(lines.readline, what)
                    if "error" in answer:
                        raise LabError(f"{what}: it refuses: {answer['error']}")
            except OSError as error:
                raise LabError(f"{what}: {error}") from error

    def crash(self, how: str) -> None:
        """Make the guest's kernel fail, by the page of its service that does so; the answer never comes."""
        state = self._state()
        url = f"http://{state.net.guest}/crash/{how}"
        argv = self._lab.client_argv(["curl", "-sS", "-m", "2", "-X", "POST", "-o", "/dev/null", url])
        status = subprocess.run(argv, capture_output=True, env=osrun.environment()).returncode
        if status in (6, 7):
            raise LabError(f"The guest at {state.net.guest} could not be asked to fail: nobody listens.")

    def load(self, on: bool) -> None:
        """Begin the load, or end it."""
        if on and self._load is None:
            argv = [sys.executable, "-m", "colotui.lab.askclock", self._state().net.guest]
            self._load = subprocess.Popen(
                osrun.tied(self._lab.client_argv(argv)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        elif not on and self._load is not None:
            self._load.kill()
            self._load.wait()
            self._load = None

    def move_work(self, host: str, moved: bool) -> None:
        """Have the second CPU take the forward NIC's packets (RPS), or leave them to whoever gets them."""
        path = "/sys/class/net/eth1/queues/rx-0/rps_cpus"
        argv = self._lab.host_argv(host, ["tee", path])
        osrun.run(argv, what=f"giving eth1's work on {host} to another CPU", text="2\n" if moved else "0\n")

    def _signal(self, host: str, number: signal.Signals) -> None:
        pid = self._pid(host)
        argv = self._lab.host_argv(host, ["kill", f"-{number.value}", str(pid)])
        osrun.run(argv, what=f"{number.name} to QEMU {pid} on {host}")

    def _pid(self, host: str) -> int:
        path = self._lab.path_on(host, f"/run/colotui/{self._guest}/pid")
        with contextlib.suppress(OSError, ValueError):
            return int(path.read_text())
        raise LabError(f"{host} has no QEMU of {self._guest}.")

    def _state(self) -> LabState:
        state = self._lab.state()
        if state is None:
            raise LabError("The lab is not up.", "Bring it up: sudo colotui lab up")
        return state

    def _resize(self, host: str, size: str) -> None:
        state = self._state()
        folder = str(self._lab.places.hosts / host)
        argv = [
            "nsenter",
            "--target",
            str(state.keeper),
            "--mount",
            "--",
            "mount",
            "-o",
            f"remount,size={size}",
            folder,
        ]
        osrun.run(argv, what=f"changing the size of {host}'s disk")

    def _store(self, host: str) -> Path:
        """The host's disk, which only the keeper's mount namespace has."""
        return Path(f"/proc/{self._state().keeper}/root") / str(self._lab.places.hosts / host).lstrip("/")


def _answer(readline: Callable[[int], bytes], what: str) -> dict[str, Any]:
    """QEMU's answer to a command: the events before it are somebody else's."""
    while True:
        line = readline(LINE)
        if not line:
            raise LabError(f"{what}: it closed its monitor.")
        said: dict[str, Any] = json.loads(line)
        if "event" not in said:
            return said

"""A host of the lab: namespaces of its own around a root file system of its own, with power to cut."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import IO

from colotui.errors import LabError
from colotui.lab import osrun
from colotui.lab.build import Image
from colotui.lab.layout import HOSTS, Net
from colotui.lab.wires import Wires


class LabHost:
    """One host. Its disk is in `store`; what runs on it, /run and /tmp last as long as its power."""

    def __init__(self, name: str, image: Image, store: Path, log: IO[str]) -> None:
        self.name = name
        self._image = image
        self._store = store
        self._log = log
        self._outer: subprocess.Popen[str] | None = None
        self.pid = 0
        """Its first process, as this machine numbers it; 0 when it is off."""

    @property
    def on(self) -> bool:
        """Has it power?"""
        return self._outer is not None

    @property
    def process(self) -> int:
        """The process whose end means that the host is off."""
        return self._outer.pid if self._outer else 0

    def begin(self, *, with_disk: bool) -> None:
        """Switch it on; `plugged` carries on once it has made its file system."""
        self._store.mkdir(parents=True, exist_ok=True)
        script = (files("colotui.lab") / "host-boot.sh").read_text()
        lower = f"{self._image.guest / 'layer'}:{self._image.root}"
        disk = str(self._image.guest / "disk0.qcow2") if with_disk else ""
        spaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "--kill-child"]
        boot = ["/bin/sh", "-c", script, "boot", self.name, lower, str(self._store), str(self._image.keys), disk]
        self._outer = subprocess.Popen(
            osrun.tied(["unshare", *spaces, "--", *boot]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=osrun.environment(),
        )

    def made(self) -> None:
        """Wait until its file system is there."""
        assert self._outer is not None
        assert self._outer.stdout is not None
        line = self._outer.stdout.readline().strip()
        if not line.isdecimal():
            self.cut_power()
            self._log.flush()
            said = Path(self._log.name).read_text(errors="replace")
            raise LabError(f"{self.name} does not start: {osrun.last_line(said, 1)}")
        self.pid = int(line)

    def go(self) -> None:
        """Its NICs are plugged in: let its init run."""
        assert self._outer is not None
        assert self._outer.stdin is not None
        self._outer.stdin.write("go\n")
        self._outer.stdin.close()

    def cut_power(self) -> None:
        """Everything on it ends this instant, unwarned; its disk stays."""
        if self._outer is None:
            return
        with contextlib.suppress(ProcessLookupError):
            # The kernel ends a namespace with its first process; the outer one only waits for that.
            os.kill(self.pid or self._outer.pid, signal.SIGKILL)
        self._outer.wait()
        for stream in (self._outer.stdin, self._outer.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._outer, self.pid = None, 0


class Hosts:
    """Both hosts with their cables: power on, power off."""

    def __init__(self, net: Net, wires: Wires, image: Image, store: Path, log: IO[str], *, bare: bool) -> None:
        self._wires = wires
        self._bare = bare
        self._net = net
        self.by_name = {name: LabHost(name, image, store / name, log) for name in HOSTS}

    def power_on(self, *names: str) -> None:
        """Switch hosts on, all at once."""
        starting = [self._named(name) for name in names]
        starting = [host for host in starting if not host.on]
        for host in starting:
            host.begin(with_disk=not self._bare or host.name == HOSTS[0])
        for host in starting:
            host.made()
            self._wires.plug(host.name, host.pid)
            self._wires.configure(host.name, host.pid, self._bare)
            host.go()

    def power_off(self, name: str) -> None:
        """Cut a host's power."""
        host = self._named(name)
        if host.on:
            self._wires.silence(name)
            host.cut_power()
            self._wires.unplug(name)

    def fell(self, name: str) -> None:
        """The host's first process ended by itself: as good as a power cut."""
        self.power_off(name)

    def _named(self, name: str) -> LabHost:
        if name not in self.by_name:
            raise LabError(f"{name!r} is no host of the lab.", f"There are: {', '.join(HOSTS)}.")
        return self.by_name[name]

"""What a lab could leave behind on this machine, looked up past everything the lab itself knows."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from colotui.lab.lab import LabState
from colotui.lab.layout import Places


def namespaces(pid: int) -> set[str]:
    """The namespaces a process is in, as text; none for one that has gone."""
    found = set()
    for kind in ("net", "mnt", "pid"):
        try:
            found.add(str(Path(f"/proc/{pid}/ns/{kind}").readlink()))
        except OSError:
            return set()
    return found


def processes() -> list[int]:
    """Every process of this machine."""
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def interfaces() -> set[str]:
    """The interfaces in this machine's own network."""
    return {path.name for path in Path("/sys/class/net").iterdir()}


@dataclass(frozen=True)
class Traces:
    """What belongs to one lab and must be gone after it."""

    places: Places
    outer: frozenset[str]
    spaces: frozenset[str]

    @classmethod
    def of(cls, state: LabState) -> Traces:
        """Taken while the lab is up."""
        pids = [state.keeper, state.client, *(host.pid for host in state.hosts.values() if host.on)]
        spaces = set().union(*map(namespaces, pids)) - namespaces(os.getpid())
        assert len(spaces) >= 7, "keeper, client and two hosts have namespaces of their own"
        outer = frozenset(state.net.outer(kind) for kind in ("service", "mgmt"))
        assert outer <= interfaces()
        return cls(Places(state.name), outer, frozenset(spaces))

    def left(self, *, files: bool = True) -> list[str]:
        """What is still there."""
        found = [f"interface {name}" for name in sorted(self.outer & interfaces())]
        for pid in processes():
            if namespaces(pid) & self.spaces:
                found.append(f"process {pid} {command(pid)}")
        mounts = Path("/proc/self/mountinfo").read_text()
        if str(self.places.run) in mounts:
            found.append("a mount")
        if files and self.places.run.exists():
            found.append(f"files in {self.places.run}")
        return found


def command(pid: int) -> str:
    """What a process was started as."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:100]
    except OSError:
        return ""


def nothing_within(left: Callable[[], list[str]], limit: float = 5.0) -> None:
    """Wait until nothing is left; fails with what is."""
    end = time.monotonic() + limit
    while found := left():
        assert time.monotonic() < end, found
        time.sleep(0.05)

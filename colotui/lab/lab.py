"""Bring a lab up and down and act on it: what the command line and the tests use."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import colotui
from colotui.errors import LabError
from colotui.lab import build, osrun
from colotui.lab.build import Image, Progress
from colotui.lab.keeper import Orders
from colotui.lab.layout import DEFAULT_NAME, GUEST, HOSTS, RUN, Net, Places

_UP_LIMIT = 60.0


@dataclass(frozen=True, slots=True)
class HostState:
    """One host of a running lab."""

    name: str
    on: bool
    pid: int
    address: str


@dataclass(frozen=True, slots=True)
class LabState:
    """A running lab, as its keeper tells it."""

    name: str
    pair: str
    keeper: int
    client: int
    since: float
    bare: bool
    tied_to: int
    net: Net
    cut: tuple[str, ...]
    hosts: dict[str, HostState]


class Lab:
    """The lab called `name`, up or not. Every call raises LabError with one sentence when it cannot be done."""

    def __init__(self, name: str = DEFAULT_NAME) -> None:
        self.places = Places(name)

    def up(self, image: Image, *, bare: bool = False, tie: int = 0) -> LabState:
        """Bring it up on `image`. With `tie` it goes down by itself when that process ends."""
        build.check_machine()
        places = self.places
        lock = _claim(places)
        try:
            for leftover in places.run.iterdir():  # of a lab that was killed; its processes and mounts went with it
                if leftover != places.lock:
                    shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
            orders = Orders(places.name, str(image.root), str(image.guest), str(image.keys), bare, tie)
            return self._start_keeper(orders, lock)
        finally:
            os.close(lock)

    def state(self) -> LabState | None:
        """How it stands; None when it is not up."""
        try:
            told = self._ask("status")
        except LabError:
            if _holder(self.places) is None:
                return None
            raise LabError("The lab is just coming up or going down.", "Ask again in a moment.") from None
        return _state(told)

    def down(self) -> bool:
        """Take it down, whatever state it is in; True when there was something to take down."""
        places = self.places
        holder = _holder(places)
        if holder is not None:
            self._end_keeper(holder)
        if not places.run.exists():
            return holder is not None
        try:
            lock = _claim(places)
        except LabError:  # somebody brings it up again already
            return True
        shutil.rmtree(places.run, ignore_errors=True)
        os.close(lock)
        return True

    def host_on(self, name: str) -> None:
        """Give a host its power back; returns when it can be reached."""
        self._ask("host-on", name, limit=20.0)

    def host_off(self, name: str) -> None:
        """Cut a host's power: everything on it ends at once, only its disk stays."""
        self._ask("host-off", name, limit=20.0)

    def cut(self, link: str) -> None:
        """Cut a link: forward, service-alpha, service-beta, management-alpha, management-beta."""
        self._ask("cut", link)

    def mend(self, link: str) -> None:
        """Mend a link that was cut."""
        self._ask("mend", link)

    def client_argv(self, argv: Sequence[str]) -> list[str]:
        """`argv` run as a client of the guest: this machine's programs in the service network."""
        return ["nsenter", "--target", str(self._need().client), "--net", "--", *argv]

    def host_argv(self, name: str, argv: Sequence[str]) -> list[str]:
        """`argv` run on a host, as root, without SSH."""
        host = self._need().hosts.get(name)
        if host is None:
            raise LabError(f"{name!r} is no host of the lab.", f"There are: {', '.join(HOSTS)}.")
        if not host.on:
            raise LabError(f"{name} is off.", f"Switch it on: colotui lab host {name} on")
        spaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd"]
        return ["nsenter", "--target", str(host.pid), *spaces, "--", *argv]

    def path_on(self, name: str, path: str) -> Path:
        """A path of a host as this machine sees it; for sockets and files a test looks at."""
        host = self._need().hosts[name]
        return Path(f"/proc/{host.pid}/root") / path.lstrip("/")

    def serial(self, guest: str = GUEST) -> dict[str, str]:
        """What the guest's serial console has shown, by host; hosts without such a guest are left out."""
        shown = {}
        for host in self._need().hosts.values():
            log = self.path_on(host.name, f"/run/colotui/{guest}/serial.log")
            if host.on and log.exists():
                shown[host.name] = log.read_text(errors="replace")
        return shown

    def _end_keeper(self, pid: int) -> None:
        try:
            watched = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        try:
            try:
                self._ask("down", limit=15.0)
            except LabError:
                with contextlib.suppress(ProcessLookupError):  # it hangs or is half-way up: everything dies with it
                    signal.pidfd_send_signal(watched, signal.SIGKILL)
            if not select.select([watched], [], [], 10.0)[0]:
                raise LabError(f"The lab's keeper {pid} does not end.")
        finally:
            os.close(watched)

    def _need(self) -> LabState:
        state = self.state()
        if state is None:
            raise _not_up(self.places)
        return state

    def _ask(self, do: str, name: str = "", limit: float = 10.0) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX) as stream:
            stream.settimeout(limit)
            try:
                stream.connect(str(self.places.socket))
                stream.sendall(json.dumps({"do": do, "name": name}).encode() + b"\n")
                line = stream.makefile("r").readline()
            except TimeoutError as error:
                raise LabError("The lab's keeper does not answer.", "Take the lab down: colotui lab down") from error
            except PermissionError as error:
                raise LabError("The lab belongs to root.", "Try it with sudo.") from error
            except OSError as error:
                raise _not_up(self.places) from error
        if not line:
            raise LabError("The lab's keeper ended in the middle of it.", "Bring the lab up again: colotui lab up")
        told: dict[str, Any] = json.loads(line)
        if not told["ok"]:
            raise LabError(told["what"], told["next"])
        return told

    def _start_keeper(self, orders: Orders, lock: int) -> LabState:
        package = str(Path(colotui.__file__).parent.parent)
        keeper = subprocess.Popen(
            # Its own mount namespace: the hosts' disks are mounted in there and nowhere else.
            ["unshare", "--mount", "--", sys.executable, "-m", "colotui.lab.keeper", json.dumps(asdict(orders))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.places.log.open("w"),
            text=True,
            cwd="/",
            env=osrun.environment() | {"PYTHONPATH": package, "PYTHONDONTWRITEBYTECODE": "1"},
            start_new_session=True,
            pass_fds=(lock,),
        )
        os.truncate(lock, 0)
        os.pwrite(lock, str(keeper.pid).encode(), 0)
        assert keeper.stdout is not None
        try:
            line = keeper.stdout.readline()
        except BaseException:
            keeper.terminate()
            keeper.wait()
            raise
        told: dict[str, Any] = json.loads(line) if line else {"ready": False, "what": self._last_words(), "next": ""}
        if not told["ready"]:
            keeper.wait()
            raise LabError(told["what"], told["next"])
        return _state(told["status"])

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            return f"The lab did not come up: {osrun.last_line(self.places.log.read_text(), 1)}"
        return "The lab did not come up, and its keeper said nothing."


def up(
    progress: Progress,
    *,
    name: str = DEFAULT_NAME,
    mirror: str | None = None,
    cache: Path | None = None,
    bare: bool = False,
    tie: int = 0,
) -> LabState:
    """Build what is missing, then bring the lab up."""
    image = build.build(progress, mirror, cache)
    return Lab(name).up(image, bare=bare, tie=tie)


def clean(*, name: str = DEFAULT_NAME, cache: Path | None = None) -> None:
    """Take the lab down and remove everything it ever made on this machine."""
    build.check_machine()
    Lab(name).down()
    build.clean(cache)


def _claim(places: Places) -> int:
    """The lab's lock, ours; it is the keeper that will hold it."""
    end = time.monotonic() + 1.0
    while True:
        places.run.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(places.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = _written(lock)
            os.close(lock)
            if (pid and Path(f"/proc/{pid}").exists()) or time.monotonic() > end:
                raise LabError(
                    f"The lab {places.name!r} is up already (keeper {pid or 'just starting'}).",
                    "Use it, take it down with `colotui lab down`, or give this one a --name.",
                ) from None
            time.sleep(0.02)  # somebody only looks whether it is held
            continue
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(lock), places.lock.stat()):
                os.truncate(lock, 0)
                return lock
        os.close(lock)  # that was the lock of a lab that went down this instant


def _holder(places: Places) -> int | None:
    """The keeper's pid while it holds the lock; None when nobody does."""
    for _ in range(50):
        try:
            lock = os.open(places.lock, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except PermissionError as error:
            raise LabError("The lab belongs to root.", "Try it with sudo.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if pid := _written(lock):
                return pid
            time.sleep(0.02)  # whoever holds it has not started its keeper yet
        else:
            return None
        finally:
            os.close(lock)
    raise LabError(f"{places.lock} is held, but nobody says by whom.", "Is another `colotui lab` hanging?")


def _written(lock: int) -> int:
    text = os.pread(lock, 20, 0)
    return int(text) if text.isdigit() else 0


def _state(told: dict[str, Any]) -> LabState:
    return LabState(
        name=told["name"],
        pair=told["pair"],
        keeper=told["keeper"],
        client=told["client"],
        since=told["since"],
        bare=told["bare"],
        tied_to=told["tied_to"],
        net=Net(told["slot"]),
        cut=tuple(told["cut"]),
        hosts={name: HostState(name, **host) for name, host in told["hosts"].items()},
    )


def _not_up(places: Places) -> LabError:
    called = "" if places.run == RUN else f" --name {places.name}"
    return LabError("The lab is not up.", f"Bring it up: sudo colotui lab{called} up")

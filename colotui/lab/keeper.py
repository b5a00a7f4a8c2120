"""The process that keeps a lab up: it owns the wires and the hosts, and with its end all of them end.

Run by `lab.up` in a mount namespace of its own. It says on stdout, as JSON lines, when the lab is up or why not,
then answers one-line requests on its socket until it is told to go down, or the process it is tied to ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from colotui.errors import ColotuiError, LabError
from colotui.lab import build, osrun, pairfile, wires
from colotui.lab.build import Image
from colotui.lab.hosts import Hosts
from colotui.lab.layout import HOSTS, SLOTS, Net, Places

STORE_SIZE = "2g"
"""The size of each host's disk: at most so much memory for what it writes; guests of the lab write little."""

_SSH_LIMIT = 10.0


@dataclass(frozen=True, slots=True)
class Orders:
    """What `lab.up` wants; travels as JSON."""

    name: str
    root: str
    guest: str
    keys: str
    bare: bool
    tie: int

    @property
    def image(self) -> Image:
        """The image to use."""
        return Image(Path(self.root), Path(self.guest), Path(self.keys))


class _GoDown(BaseException):
    """Somebody wants the lab down."""


class Keeper:
    """One lab, while it is up."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._places = Places(orders.name)
        self._since = time.time()
        self._net, self._slot = _take_slot(orders.name)
        store = self._places.hosts
        store.mkdir()
        for host in HOSTS:
            # Seen only in this process's mount namespace and its children's: it needs no unmounting, ever. One each,
            # so that one host's disk can be full.
            (store / host).mkdir()
            options = f"mode=700,size={STORE_SIZE}"
            osrun.run(["mount", "-t", "tmpfs", "-o", options, "lab", str(store / host)], what="the hosts' disks")
        self._log = self._places.log.open("a")
        self._wires = wires.Wires(self._net)
        self._hosts = Hosts(self._net, self._wires, orders.image, store, self._log, bare=orders.bare)

    def bring_up(self) -> None:
        """Make the hosts run, the pair file, and the socket."""
        places = self._places
        shutil.copy(self._orders.image.keys / "operator", places.key)
        places.key.chmod(0o600)
        keys = [(host, (self._orders.image.keys / f"{host}.pub").read_text().split()) for host in HOSTS]
        places.known_hosts.write_text(
            "".join(f"{self._net.host_management(host)} {kind} {key}\n" for host, (kind, key, *_) in keys)
        )
        places.pair.write_text(pairfile.text(places, self._net))
        self._hosts.power_on(*HOSTS)
        for host in HOSTS:
            self._wait_ssh(host)

    def status(self) -> dict[str, Any]:
        """What there is, for those who ask."""
        hosts = self._hosts.by_name
        return {
            "name": self._places.name,
            "keeper": os.getpid(),
            "since": self._since,
            "bare": self._orders.bare,
            "tied_to": self._orders.tie,
            "slot": self._net.slot,
            "pair": str(self._places.pair),
            "client": self._wires.pid,
            "cut": self._wires.cut_links,
            "hosts": {
                name: {"on": host.on, "pid": host.pid, "address": self._net.host_management(name)}
                for name, host in hosts.items()
            },
        }

    def serve(self, listener: socket.socket) -> None:
        """Answer requests until `_GoDown`; notice hosts that fall by themselves and the end of the tie."""
        tie = _pidfd(self._orders.tie) if self._orders.tie else None
        if self._orders.tie and tie is None:
            raise _GoDown
        while True:
            watched = {name: _pidfd(host.process) for name, host in self._hosts.by_name.items() if host.on}
            fds: list[Any] = [listener, *(fd for fd in (tie, *watched.values()) if fd is not None)]
            ready, _, _ = select.select(fds, [], [])
            fallen = [name for name, fd in watched.items() if fd is None or fd in ready]
            for fd in watched.values():
                if fd is not None:
                    os.close(fd)
            for name in fallen:
                self._hosts.fell(name)
            if tie is not None and tie in ready:
                raise _GoDown
            if listener in ready:
                with contextlib.suppress(OSError, ValueError):
                    self._answer(listener)

    def end(self) -> None:
        """Everything ends; what is left is files."""
        for name in HOSTS:
            self._hosts.power_off(name)
        self._wires.end()

    def _answer(self, listener: socket.socket) -> None:
        stream, _ = listener.accept()
        with stream:
            stream.settimeout(5)
            request = json.loads(stream.makefile("r").readline())
            reply: dict[str, Any] = {"ok": True}
            down = request.get("do") == "down"
            try:
                reply |= self._obey(request)
            except ColotuiError as error:
                reply = {"ok": False, "what": error.what, "next": error.next_step}
            if down:
                self.end()
            stream.sendall(json.dumps(reply).encode() + b"\n")
        if down:
            raise _GoDown

    def _obey(self, request: dict[str, Any]) -> dict[str, Any]:
        name = str(request.get("name", ""))
        match request.get("do"):
            case "status":
                return self.status()
            case "host-on":
                self._hosts.power_on(name)
                self._wait_ssh(name)
            case "host-off":
                self._hosts.power_off(name)
            case "cut":
                self._wires.cut(name)
            case "mend":
                self._wires.mend(name)
            case "down":
                pass
            case other:
                raise LabError(f"The lab's keeper does not know {other!r}.")
        return {}

    def _wait_ssh(self, host: str) -> None:
        if f"management-{host}" in self._wires.cut_links:
            return
        end = time.monotonic() + _SSH_LIMIT
        while time.monotonic() < end:
            address = (self._net.host_management(host), 22)
            with contextlib.suppress(OSError), socket.create_connection(address, timeout=0.5) as stream:
                if stream.recv(4) == b"SSH-":
                    return
            time.sleep(0.02)
        raise LabError(f"{host} is up but its SSH server does not answer.", f"See {self._places.log}.")


def _take_slot(name: str) -> tuple[Net, socket.socket]:
    """Find addresses nobody uses, held by an abstract socket: the kernel gives that back, whatever happens."""
    busy = ""
    for slot in range(SLOTS):
        net = Net(slot)
        holder = socket.socket(socket.AF_UNIX)
        try:
            holder.bind(f"\0colotui-lab-{slot}")
        except OSError:
            holder.close()
            busy = busy or f"{net.networks[0]} (another lab)"
            continue
        used = wires.in_use(net)
        if used and net.outer("mgmt") in used:  # of a lab that was killed this instant: it goes by itself
            time.sleep(0.3)
            used = wires.in_use(net)
        if not used:
            return net, holder
        busy = busy or used
        holder.close()
    raise LabError(f"The lab's networks are in use on this machine: {busy}.", "Free them, or run the lab elsewhere.")


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def _say(**words: object) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def _on_signal(number: int, frame: FrameType | None) -> None:
    raise _GoDown


def main() -> None:
    """Keep the lab described on the command line. Ends when the lab is down."""
    orders = Orders(**json.loads(sys.argv[1]))
    places = Places(orders.name)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _on_signal)
    keeper = None
    try:
        with build.in_use(orders.image), socket.socket(socket.AF_UNIX) as listener:
            keeper = Keeper(orders)
            keeper.bring_up()
            listener.bind(str(places.socket))
            listener.listen(8)
            _say(ready=True, status=keeper.status())  # fails when the one who wanted the lab is gone: then so are we
            _let_go()
            keeper.serve(listener)
    except _GoDown:
        pass
    except ColotuiError as error:
        with contextlib.suppress(OSError):
            _say(ready=False, what=error.what, next=error.next_step)
    except Exception as error:
        traceback.print_exc()
        with contextlib.suppress(OSError):
            _say(ready=False, what=f"The lab did not come up: {error}", next="That is a fault of the lab itself.")
    finally:
        if keeper is not None:
            keeper.end()
        _remove_state(places)


def _let_go() -> None:
    """From here on the lab outlives the terminal it was started from."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.close(null)


def _remove_state(places: Places) -> None:
    # The lock file goes last, and with it the claim on the name. The stores are tmpfs here, empty folders outside.
    for host in HOSTS:
        with contextlib.suppress(LabError):
            osrun.run(["umount", "--lazy", str(places.hosts / host)], what="the hosts' disks")
    shutil.rmtree(places.run, ignore_errors=True)


if __name__ == "__main__":
    main()

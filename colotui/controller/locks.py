"""The guests' locks on the hosts: one cockpit acts, and every other one knows who."""

from __future__ import annotations

import contextlib
import errno
import getpass
import socket
import time
from collections.abc import Callable, Iterable, Mapping

from colotui.engine.qemu.wiring import run_dir
from colotui.errors import ActionRefused, HostCallFailed, HostError, LockHeld
from colotui.host.channel import Host
from colotui.model.protection import Event, Severity


class Locks:
    """The locks of all guests on both hosts. One that is watching takes none; `read_only` says why it may not act."""

    def __init__(
        self, hosts: Mapping[str, Host], guests: Iterable[str], emit: Callable[[Event], None], *, watching: bool
    ) -> None:
        self._hosts, self._guests, self._emit = hosts, tuple(guests), emit
        self._watching = watching
        self._holder = ""
        self._held: set[tuple[str, str]] = set()

    @property
    def read_only(self) -> str:
        """Why this cockpit may not act; "" when it may."""
        if self._watching:
            return "asked for"
        return f"{self._holder} acts" if self._holder else ""

    def held(self, guest: str) -> bool:
        """True when the guest's lock is ours on both hosts."""
        return all((name, guest) in self._held for name in self._hosts)

    def held_somewhere(self, guest: str) -> bool:
        """True when the guest's lock is ours on one host at least."""
        return any((name, guest) in self._held for name in self._hosts)

    def lost(self, name: str) -> None:
        """The channel to the host is gone, and with it the locks there."""
        self._held = {pair for pair in self._held if pair[0] != name}

    async def take(self, name: str) -> None:
        """Take what is missing on a host that has just come up, unless somebody holds it."""
        if self._watching:
            return
        host = self._hosts[name]
        text = f"{getpass.getuser()}@{socket.gethostname()} since {time.strftime('%d %b %H:%M:%S')}"
        for guest in self._guests:
            if (name, guest) in self._held:
                continue
            path = f"{run_dir(guest)}/lock"
            try:
                await host.mkdir(run_dir(guest))
                await host.lock(path, text)
            except HostCallFailed as error:
                if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                    self._emit(Event(time.time(), name, "the lock cannot be taken", error.what, Severity.WARNING))
                self._holder = await self._read_holder(host, path) or "another cockpit"
                return
            except HostError:
                return
            self._held.add((name, guest))
        if all((n, g) in self._held for n in self._hosts for g in self._guests if self._hosts[n].is_up):
            self._holder = ""

    async def take_again(self) -> None:
        """Somebody else held them: perhaps that one is gone by now."""
        if self._holder and not self._watching:
            for name, host in self._hosts.items():
                if host.is_up:
                    await self.take(name)

    async def must_hold(self, guest: str) -> None:
        """Raise LockHeld unless the guest's lock is ours on every host that is reached; ActionRefused when watching."""
        if self._watching:
            raise ActionRefused(f"{guest}: this cockpit is read-only.", "Start it without --read-only to act.")
        for name, host in self._hosts.items():
            if host.is_up and (name, guest) not in self._held:
                await self.take(name)
                if (name, guest) not in self._held:
                    raise LockHeld(guest, self._holder or "another cockpit")

    @staticmethod
    async def _read_holder(host: Host, path: str) -> str:
        with contextlib.suppress(HostError):
            return (await host.holder(path) or "").strip()
        return ""

"""Captures the replies of both copies during COLO, before they are held: switched on and off, bounded in every way.

QEMU writes into a small file system of its own under /run: when no cockpit is there to begin the file anew it is
full, QEMU stops writing, and nothing else on the host notices.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from colotui.engine.pairing import pair, without_twin
from colotui.engine.qemu.capturefile import Mark, read_around
from colotui.engine.qemu.session import CopySession
from colotui.engine.qemu.wiring import NicWiring, Wiring
from colotui.errors import ColotuiError, EngineError, HostError, QmpRefused
from colotui.host.channel import FileStat
from colotui.model.facts import Missing
from colotui.model.mismatch import Mismatch
from colotui.model.packet import Captured, CaptureView, PacketPair

LONGEST = 9216
"""Bytes kept of each packet: a jumbo frame whole."""

ROOM = 64 << 20
"""Bytes of the file system the captures of one copy lie in."""

FULL = 48 << 20
"""Bytes after which both copies' files are begun anew."""

LASTS = 600.0
"""Seconds after which a capture ends by itself."""

_MARKS = 2 * int(LASTS)
"""Marks kept of one file: one a look, two looks a second."""

_SETTLES = 3.0
"""Seconds until what was just switched on shows in a look at QEMU."""


def object_name(nic: NicWiring) -> str:
    """The id of the dump object of one NIC."""
    return f"colotui-dump{nic.index}"


class Capture:
    """The capture of one guest: at most one, on both copies. Only whoever holds the guest's lock switches it."""

    def __init__(self, wiring: Wiring, sessions: Mapping[str, CopySession], offsets: Mapping[str, float]) -> None:
        self._wiring = wiring
        self._sessions = sessions
        self._offsets = offsets
        self._folder = f"{wiring.run_dir}/dump"
        self._since = self._until = self._kept_since = 0.0
        self._marks: dict[tuple[str, int], deque[Mark]] = {}
        self._sizes: dict[str, int] = {}
        self._problem = ""
        self._expect = 0.0
        self._unclean = set(sessions)
        self._busy = asyncio.Lock()

    @property
    def view(self) -> CaptureView | None:
        """The capture that is on; None when there is none."""
        if not self._since:
            return None
        return CaptureView(self._since, self._until, self._kept_since, dict(self._sizes), self._problem)

    @property
    def is_on(self) -> bool:
        """Switched on here, or seen in a copy at the last look at it."""
        return bool(self._since or self._running())

    async def begin(self, primary: str, secondary: str) -> None:
        """Switch it on. Raises HostError or EngineError; then nothing of it is left on."""
        async with self._busy:
            self._since = time.time()
            self._until = self._since + LASTS
            try:
                for name, held_by in ((secondary, "f2"), (primary, "redire1")):
                    await self._make_room(name)
                    await self._add(name, held_by)
            except BaseException:
                await asyncio.shield(self._end())
                raise
            self._begun()

    def _begun(self) -> None:
        self._kept_since = time.time()
        self._expect = time.monotonic() + _SETTLES
        self._marks.clear()
        self._sizes = {}
        self._problem = ""

    async def _make_room(self, name: str) -> None:
        self._unclean.add(name)
        await self._clean(name)
        if name in self._unclean:
            raise EngineError(
                f"{name}: what an earlier capture left in {self._folder} cannot be removed.",
                "Unmount that folder on the host, then switch the capture on again.",
            )
        self._unclean.add(name)
        host = self._sessions[name].host
        await host.mkdir(self._folder)
        options = f"size={ROOM},mode=0700,nosuid,nodev,noexec"
        await host.run(["mount", "-t", "tmpfs", "-o", options, "colotui-dump", self._folder])
        times = f"{self._since + self._offset(name)} {self._until + self._offset(name)}\n"
        await host.write(f"{self._folder}/times", times.encode(), mode=0o600, create=True)

    async def _add(self, name: str, held_by: str) -> None:
        """Behind the filter that holds the replies: packets from the guest pass the filters from the last one on.

        On a secondary the rewriter comes before, so that both copies number their streams alike.
        """
        for nic in self._wiring.nics:
            dump: dict[str, Any] = {"qom-type": "filter-dump", "id": object_name(nic), "netdev": nic.netdev}
            dump |= {"queue": "rx", "insert": "behind", "position": f"id={nic.name(held_by)}"}
            await self._sessions[name].qmp("object-add", **dump, file=self._path(nic), maxlen=LONGEST)

    def _path(self, nic: NicWiring) -> str:
        return f"{self._folder}/{nic.netdev}.pcap"

    def _offset(self, name: str) -> float:
        return self._offsets.get(name, 0.0)

    async def end(self) -> None:
        """Switch it off and remove the files. What cannot be reached now is cleaned when it can."""
        async with self._busy:
            await self._end()

    async def _end(self) -> bool:
        """True when nothing of it is left on any host."""
        self._unclean.update(self._sessions)
        for name in list(self._unclean):
            await self._clean(name)
        self._since = 0.0
        self._expect = time.monotonic() + _SETTLES
        self._marks.clear()
        return not self._unclean

    async def _clean(self, name: str) -> None:
        """Take everything of a capture off one host; it stays on the list when that does not work now."""
        session = self._sessions[name]
        if not session.host.is_up or (session.process is not None and not session.answers):
            return
        # A QEMU or a host that fails just now is no reason to stop; the next look tries again.
        with contextlib.suppress(ColotuiError):
            if session.process is not None:
                await self._delete(session)
            if not isinstance((await session.host.stat([self._folder]))[self._folder], FileStat):
                self._unclean.discard(name)
                return
            await session.host.run(["umount", self._folder], check=False)
            await session.host.rmdir(self._folder)
            self._unclean.discard(name)

    async def _delete(self, session: CopySession) -> None:
        for nic in self._wiring.nics:
            try:
                await session.qmp("object-del", id=object_name(nic), limit=2.0)
            except QmpRefused as error:
                if "not found" not in error.description:
                    raise
        session.objects = frozenset()

    def _running(self) -> dict[str, CopySession]:
        names = {object_name(nic) for nic in self._wiring.nics}
        return {name: session for name, session in self._sessions.items() if names & session.objects}

    async def look(self, *, may_act: bool) -> str:
        """See how the capture stands; end it when its time is over, begin full files anew, clean what was left.

        Finds one that another cockpit left. Without `may_act` it only looks. A remark for the events, or "".
        """
        if self._busy.locked():
            return ""
        async with self._busy:
            running = self._running()
            settled = time.monotonic() > self._expect
            if not running or not (self._since or settled):
                if settled:
                    self._since = 0.0  # someone else ended it, or both copies are gone
                    await self._clean_left(may_act=may_act)
                return ""
            await self._measure(running)
            if not may_act:
                return ""
            if time.time() >= self._until:
                return "the packet capture ended by itself: its time was over" if await self._end() else ""
            if max(self._sizes.values(), default=0) >= FULL:
                await self._anew(running)
                return "the packet capture was begun anew: its file was full"
            return ""

    async def _clean_left(self, *, may_act: bool) -> None:
        """What a cockpit that was killed, or a QEMU that died, left on a host."""
        for name in list(self._unclean) if may_act else ():
            if self._sessions[name].looked:
                await self._clean(name)

    async def _measure(self, running: Mapping[str, CopySession]) -> None:
        for name, session in running.items():
            paths = {self._path(nic): nic for nic in self._wiring.nics}
            times = f"{self._folder}/times"
            try:
                stats = await session.host.stat(list(paths))
                if not self._since:
                    self._found(name, (await session.host.read([times]))[times])
            except HostError:
                continue
            found = {nic: stat for path, nic in paths.items() if isinstance(stat := stats[path], FileStat)}
            self._sizes[name] = sum(stat.size for stat in found.values())
            for nic, stat in found.items():
                marks = self._marks.setdefault((name, nic.index), deque(maxlen=_MARKS))
                if not marks or stat.size > marks[-1].size:
                    marks.append(Mark(stat.size, stat.mtime))
            if self._sizes[name] >= ROOM - 2 * LONGEST:
                self._problem = f"{name}'s file is full: later packets are missing"

    def _found(self, name: str, data: object) -> None:
        """Someone else switched it on: the times are beside the file. Nonsense there counts as over."""
        words = data.split() if isinstance(data, bytes) else []
        try:
            since, until = (float(word) - self._offset(name) for word in words)
        except ValueError:
            since = until = time.time()
        now = time.time()
        usable = math.isfinite(since) and math.isfinite(until)
        self._since = self._kept_since = since if usable and since <= now else now
        self._until = min(until, self._since + LASTS) if usable else now

    async def _anew(self, running: Mapping[str, CopySession]) -> None:
        for name, session in running.items():
            with contextlib.suppress(ColotuiError):  # a copy that ends now shows as ended at the next look
                held_by = "f2" if self._wiring.secondary_objects[0] in session.objects else "redire1"
                await self._delete(session)
                await self._add(name, held_by)
        self._begun()

    async def packets(self, mismatch: Mismatch, primary: str, secondary: str, waits: float) -> PacketPair | Missing:
        """The two packets behind `mismatch`; `waits`: seconds the comparison waits for a twin. Raises HostError."""
        if not self._since:
            return Missing("no packets were captured")
        moment = mismatch.at - waits if without_twin(mismatch) else mismatch.at
        if moment < self._kept_since:
            return Missing(f"the packets kept begin at {time.strftime('%H:%M:%S', time.localtime(self._kept_since))}")
        mine, theirs = await asyncio.gather(*(self._around(name, moment) for name in (primary, secondary)))
        if isinstance(mine, Missing):
            return mine
        if isinstance(theirs, Missing):
            return theirs
        return await asyncio.to_thread(pair, mismatch, mine, theirs, waits)

    async def _around(self, name: str, moment: float) -> list[Captured] | Missing:
        """What one copy sent around `moment` on all its NICs."""
        host, offset = self._sessions[name].host, self._offset(name)
        sent: list[Captured] = []
        for nic in self._wiring.nics:
            marks = tuple(self._marks.get((name, nic.index), ()))
            found = await read_around(host, self._path(nic), marks, moment, offset)
            if isinstance(found, Missing):
                return found
            sent += found
        return sent

"""What each set-up step found before it changed a host, kept on that host, so that it can be put back exactly."""

from __future__ import annotations

import contextlib
import errno
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from colotui.errors import HostCallFailed
from colotui.host.channel import Host, ReadError

DATA = "/var/lib/colotui"
FOLDER = f"{DATA}/setup"
_ROOT = f"{FOLDER}/root"
_LONGEST = 1 << 20  # the list of a host's packages is the longest that is kept
_BOOT = "/proc/sys/kernel/random/boot_id"
_KEY = re.compile(r"[a-z0-9][A-Za-z0-9._-]{0,80}")


@dataclass(frozen=True, slots=True)
class Entry:
    """What was before one step. `same_boot` False: the host was booted since, run-time settings are gone anyway."""

    key: str
    before: Mapping[str, Any]
    same_boot: bool


class Ledger:
    """One file a step in `FOLDER`. Written before the step changes anything, gone once it is taken back."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def remember(self, key: str, before: Mapping[str, Any]) -> Entry:
        """Keep `before`, unless an earlier, perhaps cut-off, run has kept it already: that one is the truth.

        Raises HostError when it cannot be written; then nothing may be changed.
        """
        known = await self.recall(key)
        if known is not None:
            return known
        await self._make_folder()
        text = json.dumps({"before": dict(before), "boot": await self._boot()}, sort_keys=True)
        await self._host.write(_path(key), text.encode(), mode=0o600, create=True)
        return Entry(key, before, same_boot=True)

    async def recall(self, key: str) -> Entry | None:
        """What was before the step; None when it changed nothing here. A damaged entry raises HostCallFailed."""
        found = (await self._host.read([_path(key)], limit=_LONGEST))[_path(key)]
        if isinstance(found, ReadError):
            if found.errno == errno.ENOENT:
                return None
            raise HostCallFailed(self._host.name, f"{_path(key)}: {found.text}", found.errno)
        try:
            told = json.loads(found)
            before, boot = dict(told["before"]), str(told["boot"])
        except (ValueError, KeyError, TypeError):
            raise HostCallFailed(
                self._host.name,
                f"{_path(key)} is damaged.",
                errno.EBADMSG,
                "What was before that step is not known: put it back by hand, then remove the file.",
            ) from None
        return Entry(key, before, same_boot=boot == await self._boot())

    async def keys(self) -> tuple[str, ...]:
        """The steps that changed something on this host."""
        try:
            names = await self._host.listdir(FOLDER)
        except HostCallFailed as error:
            if error.errno == errno.ENOENT:
                return ()
            raise
        return tuple(name.removesuffix(".json") for name in names if name.endswith(".json"))

    async def forget(self, key: str) -> None:
        """The step was taken back. With the last one the folders that were made for it go too."""
        await self._host.remove([_path(key)])
        if await self.keys():
            return
        found = (await self._host.read([_ROOT]))[_ROOT]
        made = found.decode().split() if isinstance(found, bytes) else []
        await self._host.remove([_ROOT])
        for path in [FOLDER, *([DATA] if DATA in made else [])]:
            with contextlib.suppress(HostCallFailed):  # not empty: something of a guest lies there still
                await self._host.rmdir(path)

    async def _make_folder(self) -> None:
        found = await self._host.stat([DATA, FOLDER])
        if not isinstance(found[FOLDER], ReadError):
            return
        made = " ".join(path for path in (DATA, FOLDER) if isinstance(found[path], ReadError))
        await self._host.write(_ROOT, made.encode(), mode=0o600, create=True)

    async def _boot(self) -> str:
        found = (await self._host.read([_BOOT]))[_BOOT]
        return found.decode().strip() if isinstance(found, bytes) else ""


def _path(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a ledger key: {key!r}")
    return f"{FOLDER}/{key}.json"

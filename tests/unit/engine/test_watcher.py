"""What a guest's console said before a cockpit came: only its last words still hold."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from colotui.engine.qemu.watcher import Watcher
from colotui.engine.qemu.wiring import Wiring
from colotui.host.answers import FileStat
from colotui.model.pair import DiskSpec, GuestSpec, NicSpec

SPEC = GuestSpec("web01", 128 << 20, (DiskSpec("/d.qcow2"),), (NicSpec("00:16:4f:00:00:11"),))
PANIC = b"---[ end Kernel panic - not syncing: sysrq triggered crash ]---\r\n"
SERVES = b"colotui lab guest: serving on 10.77.1.10/24\r\ncolotui lab guest: data disk sda mounted\r\n"
WRITTEN = 1_795_000_000.0


class Console:
    """A host that has nothing but a guest's console: what was there, and what comes."""

    name = "alpha"

    def __init__(self, there: bytes, *comes: bytes) -> None:
        self._there, self._comes = there, comes

    async def stat(self, paths: list[str]) -> dict[str, object]:
        return {path: FileStat(len(self._there), WRITTEN, 0o100644, False) for path in paths}

    async def tail(self, path: str, offset: int) -> AsyncIterator[bytes]:
        if path.endswith("serial.log"):
            for chunk in (self._there, *self._comes):
                yield chunk[offset:]


async def heard(there: bytes, *comes: bytes) -> list[tuple[str, float | None]]:
    words: list[tuple[str, float | None]] = []
    host: Any = Console(there, *comes)
    watcher = Watcher(
        host, Wiring(SPEC), lambda *_: None, lambda *_: None, lambda _host, what, _text, at: words.append((what, at))
    )
    await watcher._console()
    return words


@pytest.mark.parametrize(
    ("there", "what"),
    [
        (PANIC, "panic"),
        (PANIC + b"[   39.31] Rebooting in 10 seconds..\r\n", "panic"),
        (PANIC + SERVES, "past-oops"),  # it was reset, and boots without many words
    ],
)
async def test_a_panic_holds_only_while_nothing_follows_it(there: bytes, what: str) -> None:
    assert await heard(there) == [(what, WRITTEN)]


async def test_what_is_said_now_has_no_time_of_its_own() -> None:
    assert await heard(SERVES, PANIC) == [("panic", None)]

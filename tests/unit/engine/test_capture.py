"""A capture that is found on the hosts: what its files say is not trusted."""

from __future__ import annotations

import time
from typing import Any, cast

import pytest

from colotui.engine.qemu.capture import LASTS, Capture
from colotui.engine.qemu.session import CopySession
from colotui.engine.qemu.wiring import Wiring
from colotui.host.channel import FileStat, ReadError
from tests.ui import samples


class FakeHost:
    """A host with a capture file and the note beside it."""

    is_up = True
    name = "alpha"

    def __init__(self, note: bytes | None) -> None:
        self.note = note
        self.size = 24
        self.ran: list[list[str]] = []

    async def stat(self, paths: list[str]) -> dict[str, FileStat | ReadError]:
        return {path: FileStat(self.size, 1000.0, 0o100644, False) for path in paths}

    async def read(self, paths: list[str]) -> dict[str, bytes | ReadError]:
        return {path: ReadError(2, "gone") if self.note is None else self.note for path in paths}

    async def run(self, argv: list[str], *, check: bool = True) -> None:
        self.ran.append(argv)

    async def rmdir(self, path: str) -> None:
        self.ran.append(["rmdir", path])


class FakeSession:
    """A copy whose QEMU has the dump object."""

    def __init__(self, host: FakeHost) -> None:
        self.host = host
        self.objects = frozenset({"colotui-dump0"})
        self.process = object()
        self.answers = True
        self.looked = True
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def qmp(self, command: str, **arguments: Any) -> None:
        self.asked.append((command, arguments))


def capture(note: bytes | None, offset: float = 0.0) -> tuple[Capture, FakeSession]:
    session = FakeSession(FakeHost(note))
    return Capture(Wiring(samples.GUEST), {"alpha": cast(CopySession, session)}, {"alpha": offset}), session


async def test_one_that_another_cockpit_left_is_found_and_shown() -> None:
    now = time.time()
    found, session = capture(f"{now - 50 + 7} {now + 550 + 7}\n".encode(), offset=7.0)
    assert found.view is None
    assert await found.look(may_act=False) == ""
    assert found.view is not None
    assert found.view.since == pytest.approx(now - 50, abs=0.01)
    assert found.view.until == pytest.approx(now + 550, abs=0.01)
    assert found.view.sizes == {"alpha": 24}
    assert session.asked == []
    await found.end()
    assert found.view is None
    assert session.asked == [("object-del", {"id": "colotui-dump0", "limit": 2.0})]
    assert [words[0] for words in session.host.ran] == ["umount", "rmdir"]


@pytest.mark.parametrize(
    "note", [None, b"", b"nan nan", b"1 inf", b"-1e999 5", b"one two", b"1 2 3", b"\xff\xfe 9" * 99]
)
async def test_nonsense_beside_the_file_counts_as_over(note: bytes | None) -> None:
    found, session = capture(note)
    await found.look(may_act=False)
    assert found.view is not None
    assert found.view.until <= time.time()
    assert found.view.since <= time.time()
    assert "its time was over" in await found.look(may_act=True)
    assert session.asked[0][0] == "object-del"


async def test_it_never_lasts_longer_than_it_may() -> None:
    now = time.time()
    found, _session = capture(f"{now - 10} {now + 1e9}".encode())
    await found.look(may_act=False)
    assert found.view is not None
    assert found.view.until <= now - 10 + LASTS + 0.01


async def test_a_read_only_cockpit_ends_nothing() -> None:
    found, session = capture(f"{time.time() - 900} {time.time() - 300}".encode())
    for _ in range(3):
        assert await found.look(may_act=False) == ""
    assert session.asked == session.host.ran == []


async def test_a_copy_that_does_not_answer_is_left_for_later() -> None:
    found, session = capture(f"{time.time() - 900} {time.time() - 300}".encode())
    session.answers = False
    assert await found.look(may_act=True) == ""
    assert session.asked == []
    session.answers = True
    found._expect = 0.0
    assert "its time was over" in await found.look(may_act=True)


async def test_a_full_file_is_begun_anew_behind_the_same_filter() -> None:
    found, session = capture(f"{time.time() - 9} {time.time() + 300}".encode())
    session.host.size = 49 << 20
    assert "begun anew" in await found.look(may_act=True)
    (_, gone), (_, fresh) = session.asked
    assert gone["id"] == fresh["id"] == "colotui-dump0"
    assert (fresh["queue"], fresh["insert"], fresh["position"]) == ("rx", "behind", "id=redire1")

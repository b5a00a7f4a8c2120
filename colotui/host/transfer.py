"""Big files of the hosts: their digests, and a copy from one host straight to the other, off the cockpit's channel."""

from __future__ import annotations

import asyncio
import errno
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from colotui.errors import HostCallFailed
from colotui.host.answers import understood
from colotui.host.channel import Host
from colotui.host.session import Channel
from colotui.tasks import end

ProgressCall = Callable[[int, int], None]
"""Bytes that are behind us, and all of them."""

T = TypeVar("T")

#: Seconds without any progress after which a copy or a digest counts as stuck.
_STUCK = 60.0


@dataclass(frozen=True, slots=True)
class FileDigest:
    """SHA-256 of all bytes of a file (holes are zeros), as `sha256sum` tells it; the file as it was then."""

    digest: str
    size: int
    mtime: float


@dataclass(frozen=True, slots=True)
class Copied:
    """A file that was copied: its digest, and when each of the two was last written, by its host's clock."""

    digest: str
    size: int
    source_mtime: float
    target_mtime: float


async def file_digest(host: Host, path: str, progress: ProgressCall | None = None) -> FileDigest:
    """Read a file on its host. Raises HostCallFailed, EBUSY when it changes meanwhile."""
    channel, _ = await _named(host, path, host.stream("digest", path=path))
    try:
        told = await _named(host, path, _told(channel, progress, "digest"))
    finally:
        channel.close()
    with understood(host.name):
        return FileDigest(str(told["digest"]), int(told["size"]), float(told["mtime"]))


async def copy_file(
    source: Host,
    target: Host,
    path: str,
    *,
    bind: str,
    mode: int = 0o600,
    progress: ProgressCall | None = None,
    port: int = 0,
    replace: bool = False,
    target_path: str = "",
) -> Copied:
    """Copy `path` from `source` to `target`, which listens on its own address `bind` for it.

    It gets the same path there unless `target_path` says another; its folder must be there.

    It is written beside its place and gets its name only when the digests of both ends agree; with `replace` it
    takes the place of a file that is there, else EEXIST. Nothing of it stays when it is cancelled or fails: begin
    anew. Raises HostCallFailed (ENOSPC, EBUSY when the source changes, EBADMSG when the digests differ) or HostLost.
    """
    token = secrets.token_hex(32)
    place = target_path or path
    arriving, door = await _named(
        target,
        place,
        target.stream("receive", path=place, bind=bind, port=port, token=token, mode=mode, replace=replace),
    )
    leaving: Channel | None = None
    try:
        with understood(target.name):
            number = int(door["port"])
        sender, _ = await _named(source, path, source.stream("send", path=path, address=bind, port=number, token=token))
        leaving = sender
        sending = asyncio.create_task(_named(source, path, _told(sender, None, "digest")))
        taking = asyncio.create_task(_named(target, place, _told(arriving, progress, "digest")))
        sent, taken = await _both(sending, taking)
        with understood(source.name):
            digest, mtime = str(sent["digest"]), float(sent["mtime"])
        if taken.get("digest") != digest:
            raise HostCallFailed(
                target.name, f"{place} arrived with another digest than it left with.", errno.EBADMSG, "Copy it again."
            )
        await arriving.send(b"keep")
        kept = await _named(target, place, _told(arriving, None, "kept"))
        with understood(target.name):
            return Copied(digest, int(kept["size"]), mtime, float(kept["mtime"]))
    finally:
        arriving.close()
        if leaving is not None:
            leaving.close()


async def _both(
    sending: asyncio.Task[dict[str, Any]], taking: asyncio.Task[dict[str, Any]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What both ends told. Of two failures the one that has a cause of its own: the other only lost its partner."""
    try:
        await asyncio.wait([sending, taking], return_when=asyncio.FIRST_EXCEPTION)
        if any(task.done() and task.exception() for task in (sending, taking)):
            await asyncio.wait([sending, taking], timeout=1.0)
        errors = [task.exception() for task in (taking, sending) if task.done()]
        found = [error for error in errors if error is not None]
        partner = (errno.ECONNRESET, errno.EPIPE, errno.ETIMEDOUT)
        found.sort(key=lambda error: isinstance(error, HostCallFailed) and error.errno in partner)
        if found:
            raise found[0]
        return sending.result(), taking.result()
    finally:
        await end([sending, taking])


async def _told(channel: Channel, progress: ProgressCall | None, wanted: str) -> dict[str, Any]:
    """What the agent says in the piece that has `wanted`. HostCallFailed when it falls silent or ends before."""
    while True:
        try:
            async with asyncio.timeout(_STUCK):
                piece = await channel.receive()
        except TimeoutError:
            raise HostCallFailed(channel.host, f"no progress for {_STUCK:g} s.", errno.ETIMEDOUT, "Retry.") from None
        if piece is None:
            raise HostCallFailed(channel.host, "the stream ended too early.", errno.EPIPE, "Retry.")
        with understood(channel.host):
            head = dict(piece[0])
            if wanted in head:
                return head
            if progress is not None and "done" in head:
                progress(int(head["done"]), int(head["total"]))


async def _named(host: Host, path: str, call: Awaitable[T]) -> T:
    """A call whose error must name the file it is about."""
    try:
        return await call
    except HostCallFailed as error:
        text = error.what.removeprefix(f"{host.name}: ")
        if path not in text:
            text = f"{path}: {text}"
        raise HostCallFailed(host.name, text, error.errno, error.next_step) from None

"""Reads from a growing capture file what was captured around one moment, and tells what time that was."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Sequence
from dataclasses import dataclass

from colotui.engine.pairing import AROUND
from colotui.engine.qemu.pcap import HEADER, FileHeader, Frame, FrameReader
from colotui.errors import HostCallFailed
from colotui.host.channel import FileStat, Host
from colotui.model.facts import Missing
from colotui.model.packet import Captured

_READ = 16 << 20
"""Bytes of one file read to find the packets of a mismatch."""

_TRIES = 4
"""Places to begin that are tried."""

_READ_LIMIT = 10.0
"""Seconds a part of a file may take to arrive."""

_AT_ONCE = 128 << 20
"""Bytes a second a file is read with: as fast as the channel takes them."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The file was `size` bytes long when it was last written, at `at` by its host's clock.

    QEMU stamps packets with the guest's own clock, which stands still in every checkpoint: the marks tell what
    time it was.
    """

    size: int
    at: float


def settle_times(frames: Sequence[Frame], marks: Sequence[Mark], offset: float) -> list[Captured]:
    """The frames on the cockpit's clock; `offset`: the host's clock minus ours. Without a mark there are none."""
    errors: list[tuple[int, float]] = []
    index = -1
    for mark in marks:
        while index + 1 < len(frames) and frames[index + 1].end <= mark.size:
            index += 1
        if index >= 0:
            errors.append((mark.size, frames[index].at - mark.at))
    if not errors:
        return []
    settled = []
    at = 0
    for frame in frames:
        while at < len(errors) - 1 and errors[at][0] < frame.end:
            at += 1
        settled.append(Captured(frame.at - errors[at][1] - offset, frame.data, frame.length))
    return settled


async def read_around(
    host: Host, path: str, marks: Sequence[Mark], moment: float, offset: float
) -> list[Captured] | Missing:
    """What a capture file holds of the time around `moment` (the cockpit's clock), or why nothing can be said.

    `offset`: seconds of the host's clock minus ours. Raises HostError.
    """
    stat = (await host.stat([path]))[path]
    if not isinstance(stat, FileStat):
        return Missing(f"{host.name} has no capture file any more")
    known = [*marks, Mark(stat.size, stat.mtime)]
    starts, end = window(known, moment + offset)
    failed = f"too much was captured on {host.name} around it to be read"
    for start in starts:
        # A mark can be the size in the middle of a write, where no record begins: then from an earlier one.
        try:
            header = FileHeader.parse(await _bytes(host, path, 0, HEADER))
            data = await _bytes(host, path, start, end)
            frames = await asyncio.to_thread(FrameReader(header, start).feed, data)
        except ValueError as error:
            failed = f"the capture file of {host.name} cannot be read: {error}"
            continue
        return settle_times(frames, known, offset)
    return Missing(failed)


def window(marks: Sequence[Mark], moment: float) -> tuple[list[int], int]:
    """Where in the file to begin (several, the best first) and to end, to have what was written around `moment`.

    The more was written, the less time around it is taken; nowhere to begin when it is too much even so.
    """
    for around in (AROUND, AROUND / 4, AROUND / 16):
        starts = [HEADER, *(mark.size for mark in marks if mark.at < moment - around)]
        end = next((mark.size for mark in marks if mark.at > moment + around), marks[-1].size)
        if end - starts[-1] <= _READ:
            return [start for start in reversed(starts[-_TRIES:]) if end - start <= 2 * _READ], end
    return [], marks[-1].size


async def _bytes(host: Host, path: str, start: int, end: int) -> bytes:
    """Bytes of a file from `start` on, at most until `end`. Raises HostError."""
    parts: list[bytes] = []
    left = end - start
    if left <= 0:
        return b""
    try:
        async with asyncio.timeout(_READ_LIMIT), host.tail(path, start, _AT_ONCE) as pieces:
            async for piece in pieces:
                parts.append(piece[:left])
                left -= len(parts[-1])
                if left <= 0:
                    break
    except TimeoutError:
        text = f"{path} was not read within {_READ_LIMIT:g} s; it may have been begun anew."
        raise HostCallFailed(host.name, text, errno.ETIMEDOUT, "Ask again.") from None
    return b"".join(parts)

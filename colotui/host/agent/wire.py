"""Frames between cockpit and agent: two lengths, a JSON head, a binary body."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any, Dict, Tuple

# at run time, and Python 3.8 knows no dict[...]
Head = Dict[str, Any]
Frame = Tuple[Head, bytes]

LENGTHS = struct.Struct("!II")
MAX_HEAD = 4 << 20
MAX_BODY = 8 << 20
#: Bytes one side of a stream may send before the other has taken them.
WINDOW = 256 << 10
#: Largest body of one stream frame.
CHUNK = 64 << 10
#: What the agent prints before its first frame; a login shell may have printed anything before it.
MARK = b"\0colotui-agent-1\n"


class WireError(Exception):
    """The other side sent something that is no frame: the channel cannot go on."""


def pack(head: Head, body: bytes = b"") -> bytes:
    """One frame as bytes."""
    text = json.dumps(head, separators=(",", ":")).encode("ascii")
    if len(text) > MAX_HEAD or len(body) > MAX_BODY:
        raise WireError("frame too large")
    return LENGTHS.pack(len(text), len(body)) + text + body


def parse(text: bytes) -> Head:
    """The head of a frame."""
    try:
        head = json.loads(text.decode("ascii"))
    except ValueError as error:
        raise WireError("bad frame: " + str(error)) from None
    if not isinstance(head, dict):
        raise WireError("bad frame: no object")
    return head


def check(head_size: int, body_size: int) -> None:
    """Refuse sizes no honest peer sends, before memory is spent on them."""
    if head_size > MAX_HEAD or body_size > MAX_BODY:
        raise WireError("frame too large")


class Unpacker:
    """Bytes as they arrive -> frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Every frame that is complete with `data`."""
        self._buffer += data
        while True:
            frame = self._next()
            if frame is None:
                return
            yield frame

    def _next(self) -> Frame | None:
        if len(self._buffer) < LENGTHS.size:
            return None
        head_size, body_size = LENGTHS.unpack_from(self._buffer)
        check(head_size, body_size)
        middle = LENGTHS.size + head_size
        end = middle + body_size
        if len(self._buffer) < end:
            return None
        head = parse(bytes(self._buffer[LENGTHS.size : middle]))
        body = bytes(self._buffer[middle:end])
        del self._buffer[:end]
        return head, body

"""Reads a capture file (pcap, as QEMU's filter-dump writes it) in pieces of any size; the file is not trusted."""

from __future__ import annotations

import struct
from dataclasses import dataclass

HEADER = 24
"""Bytes of the file's own header."""

RECORD = 16
"""Bytes before each frame."""

LONGEST_FRAME = 1 << 18
"""No frame is longer; a record that says so is nonsense."""

_MAGICS = {
    b"\xd4\xc3\xb2\xa1": ("<", 1e-6),
    b"\xa1\xb2\xc3\xd4": (">", 1e-6),
    b"\x4d\x3c\xb2\xa1": ("<", 1e-9),
    b"\xa1\xb2\x3c\x4d": (">", 1e-9),
}
_ETHERNET = 1


@dataclass(frozen=True, slots=True)
class Frame:
    """One record. `at`: seconds as the file says, on whatever clock; `end`: the offset in the file after it."""

    at: float
    data: bytes
    length: int
    end: int


@dataclass(frozen=True, slots=True)
class FileHeader:
    """What the first 24 bytes of a capture say of the rest."""

    order: str
    tick: float
    longest: int

    @staticmethod
    def parse(data: bytes) -> FileHeader:
        """Read it. Raises ValueError when this is no capture of Ethernet frames."""
        if len(data) < HEADER or data[:4] not in _MAGICS:
            raise ValueError("this is no capture file")
        order, tick = _MAGICS[data[:4]]
        _magic, _major, _minor, _zone, _figures, longest, link = struct.unpack(f"{order}IHHiIII", data[:HEADER])
        if link & 0xFFFF != _ETHERNET:
            raise ValueError(f"it holds frames of kind {link & 0xFFFF}, not of Ethernet")
        return FileHeader(order, tick, min(longest or LONGEST_FRAME, LONGEST_FRAME))


class FrameReader:
    """Cuts records out of pieces of the file that follow each other from `offset` on, where a record begins."""

    def __init__(self, header: FileHeader, offset: int = HEADER) -> None:
        self._header = header
        self._unpack = struct.Struct(f"{header.order}IIII").unpack_from
        self._offset = offset
        self._rest = b""

    def feed(self, piece: bytes) -> list[Frame]:
        """The frames that are whole now. Raises ValueError on a record that no capture can hold."""
        data = self._rest + piece
        at = 0
        found: list[Frame] = []
        while len(data) - at >= RECORD:
            seconds, fraction, kept, length = self._unpack(data, at)
            moment = fraction * self._header.tick
            if kept > self._header.longest or kept > length or length > LONGEST_FRAME or moment >= 1.0:
                raise ValueError(f"no record begins at byte {self._offset + at}")
            if len(data) - at < RECORD + kept:
                break
            begin = at + RECORD
            at = begin + kept
            found.append(Frame(seconds + moment, data[begin:at], length, self._offset + at))
        self._rest = data[at:]
        self._offset += at
        return found

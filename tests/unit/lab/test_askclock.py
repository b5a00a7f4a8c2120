"""The question that each copy of a guest answers with another time."""

from __future__ import annotations

import struct

from colotui.lab.askclock import question


def test_a_timestamp_request_with_a_right_checksum() -> None:
    for number in (0, 1, 70_000):
        packet = question(number, 123_456)
        assert len(packet) == 20
        assert packet[:2] == b"\x0d\x00"
        total = sum(struct.unpack("!10H", packet))
        # The sum over a packet with its own checksum is all ones.
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        assert total == 0xFFFF

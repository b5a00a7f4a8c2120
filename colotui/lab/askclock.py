"""A client that asks a guest's kernel for its time (ICMP timestamp): two copies' clocks differ, so the replies do.

`python -m colotui.lab.askclock ADDRESS`, as root in the client's network. It costs the guest next to nothing, which
is the point: pages with random bytes make as many mismatches only on a machine that has time for them.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
import time

APART = 0.005
"""Seconds between two questions: about as long as a checkpoint, so that one comes soon after each."""

_REQUEST = 13


def question(number: int, sender: int) -> bytes:
    """An ICMP timestamp request (RFC 792) with its checksum."""
    rest = struct.pack("!HHIII", sender & 0xFFFF, number & 0xFFFF, 0, 0, 0)
    return struct.pack("!BBH", _REQUEST, 0, _checksum(bytes((_REQUEST, 0, 0, 0)) + rest)) + rest


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def main(address: str) -> None:
    """Ask until it is ended."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as asking:
        asking.connect((address, 0))
        asking.setblocking(False)
        number = 0
        while True:
            with contextlib.suppress(OSError):  # a full queue, or nobody there for a moment
                asking.send(question(number, os.getpid()))
            with contextlib.suppress(OSError):
                while asking.recv(2048):
                    pass
            number += 1
            time.sleep(APART)


if __name__ == "__main__":
    main(sys.argv[1])

"""Frames sent and seen on the NICs of a lab host: a sender and a capture that run there, told apart by their text."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from types import TracebackType

from colotui.lab.lab import Lab

ETHERTYPES = {"ip": 0x0800, "arp": 0x0806, "ipv6": 0x86DD}
_MARK = b"colotui-frame"

# Whole packets: a bridge on the way may throw away what is no valid IP.
_SEND = """
import socket, struct, sys
device, mark, kinds = sys.argv[1], sys.argv[2].encode().ljust(60, b"."), [int(kind) for kind in sys.argv[3:]]
def packet(kind):
    if kind == 0x0800:
        near, far = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(mark), 1, 0, 9, 253, 0) + near + far
        total = sum(struct.unpack("!10H", head))
        total = (total >> 16) + (total & 0xffff)
        return head[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xffff) + head[12:] + mark
    if kind == 0x86dd:
        near, far = (bytes([0xfe, 0x80, *bytes(13), last]) for last in (1, 2))
        return struct.pack("!IHBB", 6 << 28, len(mark), 59, 9) + near + far + mark
    return mark
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
    wire.bind((device, 0))
    for kind in kinds:
        wire.send(bytes.fromhex("020000000099020000000077") + kind.to_bytes(2, "big") + packet(kind))
"""

# Until its input ends, then until nothing came for a while: counts by device, direction and ethertype.
_CAPTURE = """
import json, select, socket, sys
mark, devices = sys.argv[1].encode(), sys.argv[2:]
wires = {}
for device in devices:
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    wire.bind((device, 3))
    wires[wire] = device
print("ready", flush=True)
found, open_ = {device: {} for device in devices}, True
while True:
    ready = select.select([*wires, *([sys.stdin] if open_ else [])], [], [], None if open_ else 0.4)[0]
    if not ready:
        break
    for one in ready:
        if one is sys.stdin:
            open_ = False
            continue
        frame, (_, _, kind, _, _) = one.recvfrom(4096)
        if mark in frame:
            key = ("out" if kind == 4 else "in") + " %04x" % int.from_bytes(frame[12:14], "big")
            counts = found[wires[one]]
            counts[key] = counts.get(key, 0) + 1
print(json.dumps(found))
"""


def send(lab: Lab, host: str, device: str, *kinds: int) -> None:
    """Send one frame of each ethertype out of a device."""
    argv = lab.host_argv(host, ["python3", "-c", _SEND, device, _MARK.decode(), *(str(kind) for kind in kinds)])
    subprocess.run(argv, check=True, timeout=20)


class Capture:
    """A capture on devices of a host, for `with`; `seen` has the counts after it: "in 0800" by device."""

    def __init__(self, lab: Lab, host: str, *devices: str) -> None:
        self._argv = lab.host_argv(host, ["python3", "-c", _CAPTURE, _MARK.decode(), *devices])
        self.seen: dict[str, Counter[str]] = {}

    def __enter__(self) -> Capture:
        self._process = subprocess.Popen(self._argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == "ready"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        told, _ = self._process.communicate(timeout=20)
        self.seen = {device: Counter(counts) for device, counts in json.loads(told).items()}


def each(direction: str, kinds: tuple[int, ...] = tuple(ETHERTYPES.values())) -> Counter[str]:
    """One frame of each kind in one direction."""
    return Counter({f"{direction} {kind:04x}": 1 for kind in kinds})

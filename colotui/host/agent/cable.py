"""The direct cable between two hosts, tested with raw frames of our own: one end watches and answers, one probes."""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from colotui.host.agent import wire
from colotui.host.agent.core import Call, Reply, stream_end, texts
from colotui.host.agent.prober import Probe
from colotui.host.agent.rawframes import (
    BURST,
    ECHO,
    HEAD,
    OURS,
    PING,
    SHOUT,
    arrived,
    decode,
    encode,
    look,
    name_of,
    program,
    send,
    tap,
)

#: Neither end goes on for longer than this many seconds, whatever the cockpit says or does not say.
LONGEST = 15.0
MAX_STRANGERS = 16
_MAX_NICS = 64
_MAX_TICKS = 2000


def relatives(nic: str) -> set[str]:
    """The devices a NIC is made of and those made of it (its VLANs, bridge, bond): they hear what it hears."""
    found: set[str] = set()
    for side in ("lower_", "upper_"):
        waiting = [nic]
        while waiting:
            try:
                names = os.listdir("/sys/class/net/" + waiting.pop())
            except OSError:
                continue
            fresh = {name[len(side) :] for name in names if name.startswith(side)} - found
            found |= fresh
            waiting += fresh
    return found


def steady(ticks: list[tuple[float, int]]) -> tuple[int, float]:
    """Frames and seconds of a burst without its first and last look, which it filled only in part."""
    if len(ticks) < 3:
        return 0, 0.0
    return sum(count for _, count in ticks[1:-1]), ticks[-2][0] - ticks[0][0]


class Watch:
    """What one end hears during a test: it answers pings, counts bursts and strangers, listens on other NICs."""

    def __init__(self, stack: ExitStack, nic: str, nonce: bytes, way: int, others: list[str]) -> None:
        self.nic = nic
        self.nonce = nonce
        self.way = way
        self.mac, self.mtu = look(nic)
        self.frames = 0
        self.strangers: set[bytes] = set()
        self.heard: set[str] = set()
        self.ticks: list[tuple[float, int]] = []
        self._buffer = bytearray(64)
        self._stack = stack
        self._ours = self._tap(nic, PING | SHOUT)
        self._burst = self._tap(nic, BURST)
        self._foreign = self._tap(nic, OURS, inverse=True)
        self._others: dict[int, tuple[str, socket.socket]] = {}
        for name in others:
            try:
                sock = self._tap(name, PING | SHOUT)
            except OSError as error:
                if error.errno != errno.ENODEV:  # one that went away hears nothing
                    raise
            else:
                self._others[sock.fileno()] = (name, sock)

    def _tap(self, nic: str, kinds: int, inverse: bool = False) -> socket.socket:
        return self._stack.enter_context(tap(nic, program(self.nonce, kinds, inverse), inverse))

    def run(self, ended: threading.Event, seconds: float) -> wire.Head:
        """Watch until `ended`, or for `seconds` at most; what was heard."""
        poll = select.poll()
        for handle in (self._ours.fileno(), self._foreign.fileno(), *self._others):
            poll.register(handle, select.POLLIN)
        began = looked = time.monotonic()
        while not ended.is_set() and looked - began < seconds:
            # a burst is looked at often, but not read: counting must not slow down what is counted
            bursting = self.ticks and looked - self.ticks[-1][0] < 0.05
            for handle, _ in poll.poll(2 if bursting else 20):
                if handle == self._ours.fileno():
                    self._answer()
                elif handle == self._foreign.fileno():
                    self._note()
                else:
                    self._listen(*self._others[handle])
            if time.monotonic() - looked >= 0.002:
                looked = time.monotonic()
                count = arrived(self._burst)
                if count and len(self.ticks) < _MAX_TICKS:
                    self.ticks.append((looked, count))
        frames, steadily = steady(self.ticks)
        return {
            "frames": self.frames,
            "burst": [frames, steadily, next((size for _, size in self._pieces(self._burst)), 0)],
            "foreign": arrived(self._foreign),
            "strangers": sorted(mac.hex(":") for mac in self.strangers),
            "heard": sorted(self.heard),
            "seconds": time.monotonic() - began,
        }

    def _pieces(self, sock: socket.socket) -> Iterator[tuple[bytes, int]]:
        """The beginning and the whole length of what waits in a socket, a bounded number of frames at a time."""
        for _ in range(64):
            try:
                size = sock.recv_into(self._buffer, 0, socket.MSG_TRUNC)
            except BlockingIOError:
                return
            yield bytes(self._buffer[:size]), size

    def _answer(self) -> None:
        for frame, size in self._pieces(self._ours):
            found = decode(frame, self.nonce)
            if found is None:
                continue
            source, kind, way, number, _ = found
            if way == self.way:  # what we sent comes back in: a loop
                self.heard.add(self.nic)
                continue
            self.frames += 1
            if kind == PING:
                send(self._ours, encode(source, self.mac, self.nonce, ECHO, way, number, size - HEAD))

    def _note(self) -> None:
        for frame, _ in self._pieces(self._foreign):
            source = frame[6:12]
            if len(source) == 6 and source != self.mac and len(self.strangers) < MAX_STRANGERS:
                self.strangers.add(source)

    def _listen(self, name: str, sock: socket.socket) -> None:
        try:
            for _ in self._pieces(sock):
                self.heard.add(name)
        except OSError as error:
            if error.errno != errno.ENETDOWN:  # one that is down hears nothing
                raise


def _request(call: Call) -> tuple[str, bytes, int, float]:
    nonce = bytes.fromhex(str(call.args.get("nonce")))
    way, seconds = call.args.get("way"), float(call.args.get("seconds", 0))
    if len(nonce) != 16 or way not in (0, 1) or not 0 < seconds <= LONGEST:
        raise ValueError("no such test of a cable")
    return name_of(call.args.get("nic")), nonce, way, seconds


def watch(call: Call) -> None:
    """Watch one end of the cable until the cockpit sends no more on this stream; then say what was heard."""
    nic, nonce, way, seconds = _request(call)
    others = {name_of(name) for name in texts(call.args.get("others"))} - relatives(nic) - {nic}
    ended = threading.Event()

    def wait() -> None:
        call.take()
        ended.set()

    with ExitStack() as stack:
        end = Watch(stack, nic, nonce, way, sorted(others)[:_MAX_NICS])
        call.reply({"mac": end.mac.hex(":"), "mtu": end.mtu})
        threading.Thread(target=wait, daemon=True).start()
        heard: wire.Head = {}
        why = (0, "")
        try:
            heard = end.run(ended, seconds)
        except OSError as error:
            why = (error.errno or errno.EIO, "%s: %s" % (nic, error.strerror or error))
    # the NICs are as they were before the cockpit hears of the end
    if heard:
        call.send(b"", heard)
    stream_end(call, why[1], why[0])
    call.cancel()  # frees the thread that waits for the cockpit


def probe(call: Call) -> Reply:
    """Send to the end that watches, for about `seconds`; what came back."""
    nic, nonce, way, seconds = _request(call)
    to = bytes.fromhex(str(call.args.get("to")).replace(":", ""))
    if len(to) != 6:
        raise ValueError("no hardware address")
    with tap(nic, program(nonce, ECHO)) as sock:
        return Probe(call.cancelled, sock, nic, nonce, way, to).run(seconds), b""


LONG: dict[str, Any] = {"cable_watch": watch, "cable_probe": probe}

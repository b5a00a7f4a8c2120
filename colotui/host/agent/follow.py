"""What is pushed without being asked again: followed files and samples."""

from __future__ import annotations

import errno
import os
import select
import stat
import time
from typing import Any

from colotui.host.agent import wire
from colotui.host.agent.core import Call, stream_end, text, texts
from colotui.host.agent.files import expand, read_many

_POLL = 0.06
#: A follower that fell so many seconds of its rate behind skips to the newest second.
_BEHIND = 3.0


class _Follower:
    """Where we are in a file that grows, is cut, or is replaced."""

    def __init__(self, call: Call, path: str, offset: int, rate: float) -> None:
        self.call = call
        self.path = path
        self.rate = rate
        self.handle: int | None = None
        self.position = 0
        self.start = offset
        self.identity = (0, 0)
        self.last = b"\n"
        self.lost = 0
        self.resets = 0

    def open(self) -> bool:
        """Open the file when it is there. Only the first file is begun at the wanted offset."""
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        except FileNotFoundError:
            self.start = 0  # what comes into being later is read from its first byte
            return False
        found = os.fstat(handle)
        if stat.S_ISDIR(found.st_mode):
            os.close(handle)
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        self.handle = handle
        self.identity = (found.st_dev, found.st_ino)
        self.position = found.st_size if self.start < 0 else min(self.start, found.st_size)
        self.start = 0
        return True

    def close(self) -> None:
        """Let the file go."""
        if self.handle is not None:
            os.close(self.handle)
            self.handle = None

    def emit(self, piece: bytes) -> bool:
        """Send a piece with the counters."""
        if piece:
            self.last = piece[-1:]
        return self.call.send(piece, {"lost": self.lost, "resets": self.resets, "at": self.position})

    def gap(self) -> bytes:
        """What must stand before text that does not continue the text before it."""
        return b"" if self.last == b"\n" else b"\n"

    def step(self) -> int:
        """Send what is new, up to the rate; how many bytes."""
        if self.handle is None and not self.open():
            return 0
        assert self.handle is not None
        size = os.fstat(self.handle).st_size
        if size < self.position:
            self.resets += 1
            self.position = 0
            if not self.emit(self.gap()):
                return 0
        if size == self.position:
            self._replaced()
            return 0
        if size - self.position > self.rate * _BEHIND:
            return self._skip(size)
        piece = os.pread(self.handle, int(min(wire.CHUNK, self.rate)), self.position)
        self.position += len(piece)
        if piece:
            self.emit(piece)
        return len(piece)

    def _skip(self, size: int) -> int:
        assert self.handle is not None
        target = size - int(self.rate)
        piece = os.pread(self.handle, wire.CHUNK, target)
        cut = piece.find(b"\n") + 1  # 0: no line ends here, so begin in the middle of one
        piece = piece[cut:]
        self.lost += target + cut - self.position
        self.position = target + cut + len(piece)
        self.emit(self.gap() + piece)
        return len(piece)

    def _replaced(self) -> None:
        try:
            found = os.stat(self.path)
        except OSError:
            return  # removed: the old one may still grow
        if (found.st_dev, found.st_ino) != self.identity:
            self.close()
            self.resets += 1
            self.start = 0
            self.emit(self.gap())


def tail(call: Call) -> None:
    """Follow a file."""
    path = text(call.args.get("path"))
    offset = int(call.args.get("offset", 0))
    rate = max(4096.0, float(call.args.get("rate", 2 << 20)))
    if _is_device(path):
        _records(call, path, offset)
        return
    follower = _Follower(call, path, offset, rate)
    try:
        follower.open()
        call.reply({"at": follower.position, "exists": follower.handle is not None})
        try:
            while not call.cancelled.is_set():
                began = time.monotonic()
                sent = follower.step()
                if sent:
                    # as long as these bytes may take at the wanted rate
                    call.cancelled.wait(max(0.0, sent / rate - (time.monotonic() - began)))
                else:
                    call.cancelled.wait(_POLL)
            stream_end(call)
        except OSError as error:
            stream_end(call, error.strerror or str(error), error.errno or errno.EIO)
    finally:
        follower.close()


def _is_device(path: str) -> bool:
    try:
        return stat.S_ISCHR(os.stat(path).st_mode)
    except OSError:
        return False


def _records(call: Call, path: str, offset: int) -> None:
    """Follow /dev/kmsg: one record a read, numbered, and the oldest are overwritten under a slow reader."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    lost = 0
    expected: int | None = None
    try:
        if offset < 0:
            os.lseek(handle, 0, os.SEEK_END)
    except OSError:
        os.close(handle)
        raise
    call.reply({})
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        while not call.cancelled.is_set():
            if not poll.poll(500):
                continue
            try:
                record = os.read(handle, 8192)
            except BlockingIOError:
                continue
            except BrokenPipeError:
                continue  # overwritten: the gap in the numbers says how many
            if not record:
                break
            number = record.split(b";", 1)[0].split(b",")[1:2]
            if number and number[0].isdigit():
                seen = int(number[0])
                if expected is not None and seen > expected:
                    lost += seen - expected
                expected = seen + 1
            if not call.send(record, {"lost": lost}):
                break
        stream_end(call)
    except OSError as error:
        stream_end(call, error.strerror or str(error), error.errno or errno.EIO)
    finally:
        os.close(handle)


def sample(call: Call) -> None:
    """Read paths and patterns every interval and push what changed."""
    paths = texts(call.args.get("paths", []))
    patterns = texts(call.args.get("globs", []))
    interval = max(0.05, float(call.args.get("interval", 1.0)))
    always = bool(call.args.get("always", True))
    limit = int(call.args.get("limit", 65536))
    call.reply({})
    before: dict[str, Any] = {}
    due = time.monotonic()
    while not call.cancelled.is_set():
        now = time.monotonic()
        if now < due:
            call.cancelled.wait(due - now)
            continue
        due = max(due + interval, now)  # a slow round moves the beat instead of piling up rounds
        if not call.has_credit:
            continue
        at, mono = time.time(), time.monotonic()
        answers, body = read_many(paths + expand(patterns), limit)
        answers, body, gone = _changes(before, answers, body)
        if (always or answers or gone) and not call.send(
            body, {"at": at, "mono": mono, "files": answers, "gone": gone}
        ):
            break
    stream_end(call)


def _changes(before: dict[str, Any], answers: list[list[Any]], body: bytes) -> tuple[list[list[Any]], bytes, list[str]]:
    """Only what differs from `before`, which is brought up to date."""
    fresh: list[list[Any]] = []
    parts: list[bytes] = []
    start = 0
    seen = set()
    for answer in answers:
        path, size = answer[0], answer[1]
        value: Any = size
        if size >= 0:
            value = body[start : start + size]
            start += size
        seen.add(path)
        if before.get(path) != value:
            before[path] = value
            fresh.append(answer)
            if size >= 0:
                parts.append(value)
    gone = [path for path in before if path not in seen]
    for path in gone:
        del before[path]
    return fresh, b"".join(parts), gone


LONG: dict[str, Any] = {"tail": tail, "sample": sample}

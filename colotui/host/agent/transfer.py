"""Big files: copied from one host straight to the other, and their digests."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import hmac
import os
import socket
import stat
import struct
import time
from typing import Any, Callable

from colotui.host.agent.core import Call, stream_end, text

#: Seconds without a byte after which the other end counts as lost.
SILENCE = 15.0
#: Seconds in which the sender has to come.
COMING = 20.0
_CHUNK = 1 << 20
#: Holes travel in pieces, so that an end that hashes a huge one is not taken for lost.
_HOLE = 16 << 20
#: Written through so often, the end has little left to save and the host's memory stays free for others.
_UNSAVED = 64 << 20
_ZEROS = bytes(_CHUNK)
_PERIOD = 0.2
_NONCE = 32
_PROOF = 32
_SIZES = struct.Struct("!QQ")  # length, bytes that are allocated
_FRAME = struct.Struct("!BQ")  # what follows, its length
_DATA, _GAP, _END = 1, 2, 3
_MAX_STRANGERS = 64


def _proof(token: bytes, role: bytes, nonces: bytes) -> bytes:
    """What only an end that holds the token can say. The token itself never travels between the hosts."""
    return hmac.new(token, role + nonces, hashlib.sha256).digest()


def _token(call: Call) -> bytes:
    token = bytes.fromhex(text(call.args.get("token")))
    if len(token) < 16:
        raise ValueError("the token is too short")
    return token


def _exactly(sock: socket.socket, view: memoryview) -> None:
    """Fill `view` from the socket."""
    while view:
        size = sock.recv_into(view)
        if not size:
            raise OSError(errno.ECONNRESET, "the other end left before the end of the file")
        view = view[size:]


def _take(sock: socket.socket, size: int) -> bytes:
    data = bytearray(size)
    _exactly(sock, memoryview(data))
    return bytes(data)


def _hash_zeros(digest: Any, size: int) -> None:
    while size > 0:
        digest.update(_ZEROS if size >= _CHUNK else _ZEROS[:size])
        size -= _CHUNK


def _open(path: str) -> int:
    """A regular file, open to be read whole."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is no regular file: " + path)
    return handle


def _same(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns, before.st_ino) == (after.st_size, after.st_mtime_ns, after.st_ino)


class _Progress:
    """Tells how far it is, a few times a second."""

    def __init__(self, call: Call, total: int) -> None:
        self._call = call
        self._total = total
        self._next = 0.0

    def at(self, done: int) -> None:
        """`done` bytes are behind us. OSError when nobody wants the rest."""
        if self._call.cancelled.is_set():
            raise OSError(errno.ECANCELED, "cancelled")
        now = time.monotonic()
        if now >= self._next or done >= self._total:
            self._next = now + _PERIOD
            self._call.send(b"", {"done": done, "total": self._total})


def walk(handle: int, size: int, data: Callable[[memoryview], None], gap: Callable[[int], None]) -> None:
    """A file from its first byte to its last: what is there to `data`, the length of each run of zeros to `gap`."""
    buffer = bytearray(_CHUNK)
    position = 0
    while position < size:
        try:
            start = min(os.lseek(handle, position, os.SEEK_DATA), size)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            start = size  # only a hole is left
        while position < start:
            step = min(_HOLE, start - position)
            gap(step)
            position += step
        if position >= size:
            return
        stop = min(os.lseek(handle, position, os.SEEK_HOLE), size)
        os.lseek(handle, position, os.SEEK_SET)
        while position < stop:
            view = memoryview(buffer)[: min(_CHUNK, stop - position)]
            count = os.readv(handle, [view])
            if not count:
                raise OSError(errno.EBUSY, "the file became shorter while it was read")
            view = view[:count]
            if view == memoryview(_ZEROS)[:count]:
                gap(count)
            else:
                data(view)
            position += count


def digest(call: Call) -> None:
    """SHA-256 of a file."""
    path = text(call.args.get("path"))
    handle = _open(path)
    try:
        before = os.fstat(handle)
        call.reply({"size": before.st_size})
        found = hashlib.sha256()
        progress = _Progress(call, before.st_size)
        done = [0]

        def count(size: int) -> None:
            done[0] += size
            progress.at(done[0])

        def data(view: memoryview) -> None:
            found.update(view)
            count(len(view))

        def gap(size: int) -> None:
            _hash_zeros(found, size)
            count(size)

        try:
            walk(handle, before.st_size, data, gap)
            if not _same(before, os.stat(path)):
                raise OSError(errno.EBUSY, path + " changed while it was read")
        except OSError as error:
            stream_end(call, error.strerror or str(error), error.errno or errno.EIO)
            return
        call.send(b"", {"digest": found.hexdigest(), "size": before.st_size, "mtime": before.st_mtime})
        stream_end(call)
    finally:
        os.close(handle)


def send(call: Call) -> None:
    """Connect to a host that waits for this file, and send it. Its digest is told at the end."""
    path, token = text(call.args.get("path")), _token(call)
    handle = _open(path)
    sock = None
    try:
        before = os.fstat(handle)
        sock = socket.create_connection((text(call.args.get("address")), int(call.args["port"])), timeout=5.0)
        peer = sock
        call.on_cancel(lambda: _shut(peer))
        sock.settimeout(SILENCE)
        theirs, ours = _take(sock, _NONCE), os.urandom(_NONCE)
        sock.sendall(ours + _proof(token, b"sender", theirs + ours))
        if not hmac.compare_digest(_take(sock, _PROOF), _proof(token, b"receiver", theirs + ours)):
            raise OSError(errno.EACCES, "whoever listens there is not the other host's agent")
        call.reply({"size": before.st_size})
        try:
            found = _send_all(sock, handle, before)
            if not _same(before, os.stat(path)):
                raise OSError(errno.EBUSY, path + " changed while it was read")
        except OSError as error:
            stream_end(call, _words(error), _code(error))
            return
        call.send(b"", {"digest": found, "mtime": before.st_mtime})
        stream_end(call)
    finally:
        os.close(handle)
        if sock is not None:
            sock.close()


def _send_all(sock: socket.socket, handle: int, before: os.stat_result) -> str:
    found = hashlib.sha256()

    def data(view: memoryview) -> None:
        sock.sendall(_FRAME.pack(_DATA, len(view)))
        sock.sendall(view)
        found.update(view)

    def gap(size: int) -> None:
        sock.sendall(_FRAME.pack(_GAP, size))
        _hash_zeros(found, size)

    sock.sendall(_SIZES.pack(before.st_size, min(before.st_size, before.st_blocks * 512)))
    walk(handle, before.st_size, data, gap)
    sock.sendall(_FRAME.pack(_END, 0))
    return found.hexdigest()


def _words(error: OSError) -> str:
    if isinstance(error, socket.timeout):
        return "the other end is silent for %d s" % SILENCE
    return error.strerror or str(error)


def _code(error: OSError) -> int:
    return errno.ETIMEDOUT if isinstance(error, socket.timeout) else error.errno or errno.EIO


def _shut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class _Part:
    """The file while it is not whole yet. Its lock keeps two receivers from writing into one."""

    def __init__(self, path: str, mode: int) -> None:
        self.path = path
        self.part = path + ".colotui-part"
        self._mode = mode
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        self.handle = os.open(self.part, flags, 0o600)
        if os.fstat(self.handle).st_nlink > 1:
            # an agent was killed just when the part had got its name: this is the whole file, not to be touched
            os.close(self.handle)
            os.unlink(self.part)
            self.handle = os.open(self.part, flags | os.O_EXCL, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(self.handle).st_mode):
                raise OSError(errno.EINVAL, "it is no regular file: " + self.part)
            fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not self._ours():
                raise BlockingIOError
            os.ftruncate(self.handle, 0)
        except BlockingIOError:
            os.close(self.handle)
            raise OSError(errno.EBUSY, "another copy of it is under way: " + self.part) from None
        except BaseException:
            os.close(self.handle)
            raise

    def _ours(self) -> bool:
        try:
            return os.path.samestat(os.stat(self.part, follow_symlinks=False), os.fstat(self.handle))
        except OSError:
            return False

    def room(self, size: int, needed: int) -> None:
        """Take on the file's length, when there is room for what it holds."""
        there = os.fstatvfs(self.handle)
        free = there.f_bavail * there.f_frsize
        if needed > free:
            raise OSError(errno.ENOSPC, "%s needs %d MiB, %d MiB are free" % (self.path, needed >> 20, free >> 20))
        os.ftruncate(self.handle, size)

    def become(self, replace: bool) -> None:
        """The part is whole: give it its name, for good."""
        os.fchmod(self.handle, self._mode)
        os.fsync(self.handle)
        if replace:
            os.rename(self.part, self.path)
        else:
            os.link(self.part, self.path)  # unlike a rename it never takes the place of a file
            os.unlink(self.part)
        folder = os.open(os.path.dirname(self.path) or "/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def remove(self) -> None:
        """Take the part away when it is still ours."""
        if self._ours():
            try:
                os.unlink(self.part)
            except OSError:
                pass


def receive(call: Call) -> None:
    """Wait for one sender that knows the token, and take its file. It gets its name when the cockpit says so."""
    path, token = text(call.args.get("path")), _token(call)
    replace = bool(call.args.get("replace"))
    if not path.startswith("/") or path.endswith("/"):
        raise ValueError("not a path of a file: %r" % (path,))
    if not replace and os.path.lexists(path):
        raise OSError(errno.EEXIST, path + " is there already")
    address = text(call.args.get("bind"))
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    part = None
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((address, int(call.args.get("port", 0))))
        door.listen(4)
        part = _Part(path, int(call.args.get("mode", 0o600)))
        call.on_cancel(lambda: _shut(door))
        # an agent that leaves has no time for a `finally`
        call.on_cancel(part.remove)
        call.reply({"port": door.getsockname()[1]})
        try:
            _receive(call, door, part, token, replace)
        except OSError as error:
            stream_end(call, _words(error), _code(error))
    finally:
        door.close()
        if part is not None:
            part.remove()
            os.close(part.handle)


def _receive(call: Call, door: socket.socket, part: _Part, token: bytes, replace: bool) -> None:
    sock = _admit(call, door, token)
    try:
        call.on_cancel(lambda: _shut(sock))
        found = _take_file(call, sock, part)
    finally:
        sock.close()
    call.send(b"", {"digest": found})
    # both digests are compared by the cockpit, through channels that nobody between the hosts can reach
    if call.take() != b"keep":
        raise OSError(errno.ECANCELED, "not wanted")
    part.become(replace)
    kept = os.stat(part.path)
    call.send(b"", {"kept": True, "size": kept.st_size, "mtime": kept.st_mtime})
    stream_end(call)


def _admit(call: Call, door: socket.socket, token: bytes) -> socket.socket:
    """The first that proves it knows the token; all others are sent away."""
    end = time.monotonic() + COMING
    for _ in range(_MAX_STRANGERS):
        door.settimeout(max(0.01, end - time.monotonic()))
        try:
            sock = door.accept()[0]
        except socket.timeout:
            break
        if call.cancelled.is_set():
            sock.close()
            raise OSError(errno.ECANCELED, "cancelled")
        try:
            sock.settimeout(2.0)
            ours = os.urandom(_NONCE)
            sock.sendall(ours)
            theirs, proof = _take(sock, _NONCE), _take(sock, _PROOF)
            if hmac.compare_digest(proof, _proof(token, b"sender", ours + theirs)):
                sock.sendall(_proof(token, b"receiver", ours + theirs))
                sock.settimeout(SILENCE)
                return sock
        except OSError:
            pass  # a stranger that says too little, or nothing
        sock.close()
    raise OSError(errno.ETIMEDOUT, "no sender that knows the token came within %d s" % COMING)


def _take_file(call: Call, sock: socket.socket, part: _Part) -> str:
    size, needed = _SIZES.unpack(_take(sock, _SIZES.size))
    part.room(size, needed)
    found = hashlib.sha256()
    progress = _Progress(call, size)
    buffer = memoryview(bytearray(_CHUNK))
    position = unsaved = 0
    while True:
        kind, length = _FRAME.unpack(_take(sock, _FRAME.size))
        if kind == _END:
            break
        if length > size - position or length > (_CHUNK if kind == _DATA else _HOLE) or kind not in (_DATA, _GAP):
            raise OSError(errno.EPROTO, "the sender does not keep to the protocol")
        if kind == _DATA:
            view = buffer[:length]
            _exactly(sock, view)
            found.update(view)
            _write_at(part.handle, view, position)
            unsaved += length
            if unsaved >= _UNSAVED:
                os.fdatasync(part.handle)
                unsaved = 0
        else:
            _hash_zeros(found, length)
        position += length
        progress.at(position)
    if position != size:
        raise OSError(errno.EPROTO, "the sender ended before the end of the file")
    progress.at(position)
    return found.hexdigest()


def _write_at(handle: int, view: memoryview, position: int) -> None:
    while view:
        count = os.pwrite(handle, view, position)
        view = view[count:]
        position += count


SHORT: dict[str, Any] = {}
LONG: dict[str, Any] = {"send": send, "receive": receive, "digest": digest}

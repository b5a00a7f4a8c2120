"""Files of the host: batch reads, listings, writes that return errno, locks."""

from __future__ import annotations

import errno
import fcntl
import glob as globbing
import os
import stat as modes
import time
from typing import Any

from colotui.host.agent import wire
from colotui.host.agent.core import Call, Reply, text, texts

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
#: All answers of one batch together; what lies beyond gets EFBIG and can be asked for again.
_BATCH = wire.MAX_BODY // 2
_MAX_NAMES = 20000


def slurp(path: str, limit: int) -> bytes:
    """Up to `limit` bytes of a file. Never waits for a writer; sizes in /proc are 0, so it reads to the end."""
    handle = os.open(path, _READ)
    try:
        parts: list[bytes] = []
        left = limit
        while left > 0:
            part = os.read(handle, min(left, 1 << 20))
            if not part:
                break
            parts.append(part)
            left -= len(part)
        return b"".join(parts)
    finally:
        os.close(handle)


def read_many(paths: list[str], limit: int) -> tuple[list[list[Any]], bytes]:
    """Every path as [path, length] or [path, -errno, text]; the contents one after the other."""
    answers: list[list[Any]] = []
    parts: list[bytes] = []
    size = 0
    for path in paths:
        try:
            data = slurp(path, min(limit, _BATCH))
            if size + len(data) > _BATCH:
                raise OSError(errno.EFBIG, "too much for one batch")
        except OSError as error:
            answers.append([path, -(error.errno or errno.EIO), error.strerror or ""])
            continue
        size += len(data)
        parts.append(data)
        answers.append([path, len(data)])
    return answers, b"".join(parts)


def expand(patterns: list[str]) -> list[str]:
    """The paths that match, sorted, each once."""
    found = set()
    for pattern in patterns:
        for path in globbing.iglob(pattern):
            found.add(path)
            if len(found) >= _MAX_NAMES:
                break
    return sorted(found)


def read(call: Call) -> Reply:
    """Read many files in one round trip."""
    answers, body = read_many(texts(call.args.get("paths")), int(call.args.get("limit", 65536)))
    return {"files": answers}, body


def end(call: Call) -> Reply:
    """The last bytes of one ordinary file. A link, a device or a pipe is refused before it is opened."""
    limit = max(0, min(int(call.args.get("limit", 65536)), _BATCH))
    mark = os.open(text(call.args.get("path")), os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(mark)
        if not modes.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not an ordinary file")
        handle = os.open("/proc/self/fd/%d" % mark, _READ)
    finally:
        os.close(mark)
    parts: list[bytes] = []
    with os.fdopen(handle, "rb", buffering=0) as file:
        start = max(0, found.st_size - limit)
        if start:
            file.seek(start)
        while limit > 0:
            part = file.read(min(limit, 1 << 20))
            if not part:
                break
            parts.append(part)
            limit -= len(part)
    return {"start": start}, b"".join(parts)


def listdir(call: Call) -> Reply:
    """Names in a directory, sorted."""
    return {"names": sorted(os.listdir(text(call.args.get("path"))))[:_MAX_NAMES]}, b""


def glob(call: Call) -> Reply:
    """Paths that match patterns."""
    return {"paths": expand(texts(call.args.get("patterns")))}, b""


def stat(call: Call) -> Reply:
    """Size, time, mode and kind of many paths."""
    answers: list[list[Any]] = []
    for path in texts(call.args.get("paths")):
        try:
            found = os.stat(path)
            answers.append([path, 0, found.st_size, found.st_mtime, found.st_mode, modes.S_ISDIR(found.st_mode)])
        except OSError as error:
            answers.append([path, error.errno or errno.EIO, error.strerror or ""])
    return {"stats": answers}, b""


def realpath(call: Call) -> Reply:
    """Where symbolic links lead; "" for what does not exist."""
    answers = []
    for path in texts(call.args.get("paths")):
        answers.append(os.path.realpath(path) if os.path.lexists(path) else "")
    return {"paths": answers}, b""


def _write_all(handle: int, data: bytes) -> None:
    # one write for what fits: sysfs and procfs take a value only as a whole
    view = memoryview(data)
    while True:
        done = os.write(handle, view)
        view = view[done:]
        if not view:
            return


def write(call: Call) -> Reply:
    """Write a file: in place (sysfs), or atomically with its directories when asked to create."""
    path = text(call.args.get("path"))
    mode = call.args.get("mode")
    if not call.args.get("create"):
        handle = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC | os.O_NOCTTY)
        try:
            _write_all(handle, call.body)
            if mode is not None:
                os.fchmod(handle, int(mode))
        finally:
            os.close(handle)
        return {}, b""
    make_dirs(os.path.dirname(path), 0o700)
    fresh = "%s.%d.%d.new" % (path, os.getpid(), time.monotonic_ns())
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            _write_all(handle, call.body)
            os.fchmod(handle, 0o600 if mode is None else int(mode))
            os.fsync(handle)
        finally:
            os.close(handle)
        os.rename(fresh, path)
    except BaseException:
        os.unlink(fresh)
        raise
    return {}, b""


def make_dirs(path: str, mode: int) -> None:
    """Make a directory and what is missing above it, all with `mode`. Existing ones stay as they are."""
    if not path or os.path.isdir(path):
        return
    make_dirs(os.path.dirname(path), mode)
    try:
        os.mkdir(path, mode)
        os.chmod(path, mode)  # the umask took bits away
    except FileExistsError:
        if not os.path.isdir(path):
            raise


def mkdir(call: Call) -> Reply:
    """Make a directory with its parents."""
    make_dirs(text(call.args.get("path")), int(call.args.get("mode", 0o700)))
    return {}, b""


def remove(call: Call) -> Reply:
    """Remove files. Missing ones are fine; directories are refused."""
    for path in texts(call.args.get("paths")):
        try:
            os.unlink(path)
        except FileNotFoundError:
            continue
    return {}, b""


def rmdir(call: Call) -> Reply:
    """Remove an empty directory; a missing one is fine."""
    try:
        os.rmdir(text(call.args.get("path")))
    except FileNotFoundError:
        pass
    return {}, b""


def take_lock(path: str) -> int:
    """An open file with its flock held; OSError EWOULDBLOCK when someone else has it.

    Asking who holds a lock takes it for a moment, so a refusal is believed only when it lasts. Whoever gives one back
    may remove its file: a lock on a file that is no longer there is none.
    """
    for attempt in range(8):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _same_file(handle, path):
                return handle
        except BlockingIOError:
            if attempt >= 3:
                os.close(handle)
                raise
            time.sleep(0.02)
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
    raise OSError(errno.EAGAIN, "the lock comes and goes")


def holder_text(path: str) -> str | None:
    """What the holder of a lock wrote into it; None when nobody holds it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return os.read(handle, 4096).decode("utf-8", "replace").strip()
        return None
    finally:
        os.close(handle)


def lock(call: Call) -> Reply:
    """Hold a lock until it is given back or the channel ends. Taking it twice is fine and renews the text."""
    path, words = text(call.args.get("path")), text(call.args.get("text"))
    agent = call.agent
    with agent.locks_lock:
        handle = agent.locks.get(path)
        if handle is not None and not _same_file(handle, path):
            os.close(agent.locks.pop(path))
            handle = None
        if handle is None:
            make_dirs(os.path.dirname(path), 0o700)
            try:
                handle = take_lock(path)
            except BlockingIOError:
                raise OSError(errno.EWOULDBLOCK, holder_text(path) or "someone who left no name") from None
            agent.locks[path] = handle
        os.ftruncate(handle, 0)
        os.pwrite(handle, words.encode(), 0)
    return {}, b""


def _same_file(handle: int, path: str) -> bool:
    try:
        there, ours = os.stat(path), os.fstat(handle)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)


def unlock(call: Call) -> Reply:
    """Give a lock back; with `remove` its file goes too, while it is still held."""
    path = text(call.args.get("path"))
    with call.agent.locks_lock:
        handle = call.agent.locks.pop(path, None)
        if handle is not None:
            os.ftruncate(handle, 0)
            if call.args.get("remove") and _same_file(handle, path):
                os.unlink(path)
            os.close(handle)
    return {"held": handle is not None}, b""


def holder(call: Call) -> Reply:
    """Who holds a lock."""
    return {"text": holder_text(text(call.args.get("path")))}, b""


SHORT: dict[str, Any] = {
    "read": read,
    "end": end,
    "listdir": listdir,
    "glob": glob,
    "stat": stat,
    "realpath": realpath,
    "write": write,
    "mkdir": mkdir,
    "remove": remove,
    "rmdir": rmdir,
    "lock": lock,
    "unlock": unlock,
    "holder": holder,
}

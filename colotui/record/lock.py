"""The lock of a recording: one writer at a time. It ends with its process, however that ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from types import TracebackType

from colotui.errors import RecordingError

_TRIES = 5


class Claim:
    """The right to write a recording; the lock is a file of its own beside it, held until `release`."""

    def __init__(self, path: Path, handle: int) -> None:
        self._path = path
        self._handle = handle

    @classmethod
    def on(cls, recording: Path) -> Claim | None:
        """Claim the recording at this path; None when somebody else has it. Raises RecordingError."""
        path = recording.with_name(f"{recording.name}.lock")
        for _ in range(_TRIES):
            try:
                handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            except OSError as error:
                raise RecordingError(str(path), f"cannot be made: {error.strerror}.", "Name another file.") from error
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(handle), path.lstat()):
                    return cls(path, handle)
            except BlockingIOError:
                os.close(handle)
                return None
            except FileNotFoundError:
                pass
            except OSError as error:
                os.close(handle)
                raise RecordingError(
                    str(path), f"cannot be locked: {error.strerror}.", "Name a file on another file system."
                ) from error
            # Whoever held it took it away between our two calls.
            os.close(handle)
        return None

    def release(self) -> None:
        """Let it go."""
        # Taken away while it is held: whoever opened it meanwhile sees that it is not the one that lies there.
        with contextlib.suppress(OSError):
            self._path.unlink()
        os.close(self._handle)

    def __enter__(self) -> Claim:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

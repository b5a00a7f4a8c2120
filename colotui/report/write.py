"""Writes a report whole or not at all, where only its owner reads it, and over nothing unless that was asked for."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from colotui.errors import ConfigError


def write(text: str, path: Path, *, over: bool = False) -> int:
    """Write `text` to `path` with mode 0600; its bytes. Raises ConfigError, and then leaves nothing behind.

    Without `over` an existing file, whatever it is, stays as it is.
    """
    data = text.encode("utf-8", "replace")
    part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        if not over and os.path.lexists(path):
            raise FileExistsError
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if over:
                part.replace(path)
            else:
                # A link is never made over a file that came to be meanwhile.
                os.link(part, path)
        finally:
            with contextlib.suppress(OSError):
                part.unlink()
    except FileExistsError as error:
        raise ConfigError(str(path), 0, "is there already.", "Name another file, or add --force.") from error
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(str(path), 0, f"cannot be written: {why}.", "Name another file.") from error
    return len(data)

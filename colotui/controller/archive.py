"""Packs a bundle into a .tar.gz that is the same for the same bundle, and writes it where only its owner reads it."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path

from colotui.errors import ConfigError
from colotui.model.bundle import Bundle, safe


def packed(bundle: Bundle) -> bytes:
    """The archive: plain files in one folder, in order, of nobody, with one time; no links, no devices."""
    out = io.BytesIO()
    made_at = int(bundle.made_at)
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=out, compresslevel=6, mtime=made_at) as squeezed,
        tarfile.open(fileobj=squeezed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for piece in bundle.pieces:
            path = f"{bundle.name}/{piece.path}"
            if not safe(path):
                raise ValueError(f"not a name for an archive: {path!r}")
            entry = tarfile.TarInfo(path)
            entry.size, entry.mtime, entry.mode = len(piece.data), made_at, 0o600
            archive.addfile(entry, io.BytesIO(piece.data))
    return out.getvalue()


def write(bundle: Bundle, path: Path) -> int:
    """Write the archive to `path`, a new file with mode 0600; its bytes.

    Raises ConfigError when there is such a file already or it cannot be written; then nothing is left of it.
    """
    data = packed(bundle)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _told(path, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _told(path, error) from error
    return len(data)


def _told(path: Path, error: OSError) -> ConfigError:
    return ConfigError(str(path), 0, f"cannot be written: {error.strerror}.", "Name another file.")

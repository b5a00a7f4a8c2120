"""Where the recording of a pair lies when nobody says otherwise."""

from __future__ import annotations

import zlib
from pathlib import Path

from colotui import paths
from colotui.errors import RecordingError
from colotui.model.pair import Pair
from colotui.model.recording import SUFFIX


def usual(pair: Pair) -> Path:
    """The file of `pair` in the state folder. Two pairs of one name, from other folders, have two files."""
    name = pair.name
    if pair.path:
        file = Path(pair.path).absolute()
        if paths.config_dir() not in (file.parent, file.parent.parent):
            name = f"{name}-{zlib.crc32(str(file).encode('utf-8', 'surrogateescape')):08x}"
    return paths.recordings_dir() / f"{name}{SUFFIX}"


def make_folder(path: Path) -> None:
    """Make the folder of a recording. Raises RecordingError."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise RecordingError(str(path), f"cannot be written: {error.strerror}.", "Name another file.") from error

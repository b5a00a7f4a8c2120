"""The list of the recordings of this machine: from when, how long, how large; one that cannot be read says why."""

from __future__ import annotations

import argparse
import contextlib
from dataclasses import dataclass
from pathlib import Path

from colotui import paths
from colotui.cli import codes
from colotui.cli.jsonview import document
from colotui.cli.session import term
from colotui.cli.term import clean
from colotui.errors import RecordingError
from colotui.model.quantity import size
from colotui.model.recording import SUFFIX
from colotui.record.recording import Recording
from colotui.replay.when import local


@dataclass(frozen=True, slots=True)
class Kept:
    """One recording: times in epoch s, `size` in bytes with what lies beside it; `why` it cannot be read, or ""."""

    path: str
    size: int
    pair: str = ""
    begin: float | None = None
    end: float | None = None
    incidents: int = 0
    why: str = ""


def print_list(args: argparse.Namespace) -> int:
    """All recordings of the state folder, the newest end last."""
    folder = paths.recordings_dir()
    found = sorted((_kept(path) for path in _files(folder)), key=lambda kept: kept.end or 0.0)
    if args.json:
        print(document(folder=str(folder), recordings=found))
        return codes.OK
    out = term(args)
    if not found:
        out.wrapped(f"There are no recordings in {folder}. The cockpit makes them, and so does `colotui record`.")
        out.wrapped("One to look at came along: colotui replay --example")
        return codes.OK
    names = [clean(Path(kept.path).name.removesuffix(SUFFIX), 40) for kept in found]
    wide = max(4, *(len(name) for name in names))
    out.line(f"{'name':<{wide}}  {'begins':<19}  {'length':>10}  {'size':>8}  incidents")
    for name, kept in zip(names, found, strict=True):
        if kept.begin is None or kept.end is None:
            out.wrapped(kept.why, wide + 2, name)
            continue
        length = _length(kept.end - kept.begin)
        out.line(f"{name:<{wide}}  {local(kept.begin)}  {length:>10}  {size(kept.size):>8}  {kept.incidents:>9}")
    out.line(f"They are in {clean(str(folder))}")
    return codes.OK


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIX) and path.is_file())
    except FileNotFoundError:
        return []
    except OSError as error:
        what = f"cannot be read: {error.strerror}."
        raise RecordingError(str(folder), what, "Name a recording yourself: colotui replay FILE") from error


def _kept(path: Path) -> Kept:
    whole = 0
    for part in (path, path.with_name(f"{path.name}-wal")):
        with contextlib.suppress(OSError):
            whole += part.stat().st_size
    try:
        with contextlib.closing(Recording.open(path)) as recording:
            incidents = len(recording.incidents())
            return Kept(str(path), whole, recording.pair.name, recording.begin, recording.end, incidents)
    except RecordingError as error:
        return Kept(str(path), whole, why=error.what.removeprefix(f"{path}: "))


def _length(seconds: float) -> str:
    """`4 d 02:10`, `02:10:05`."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"{days} d {hour:02d}:{minute:02d}" if days else f"{hour:02d}:{minute:02d}:{second:02d}"

"""A support bundle: files by their names in the archive, what each is and whence, and what could not be had.

Pure: whoever collects hands the bytes in, whoever writes takes them out. Nothing enters past the cleaning of secrets.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from colotui.model.quantity import size
from colotui.model.secrets import Cleaner
from colotui.model.text import plain

FILE_LIMIT = 4 << 20
"""Bytes of one file; of a longer one its end."""

LIMIT = 64 << 20
"""Bytes of all files together, before they are packed."""

FILES = 400
"""Files in one bundle."""

_HALF_LINE = 4096
"""Bytes that are dropped of a cut text in which no line ends."""

_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_BAD = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """One file: its path in the archive, what it is, where it was read, and its bytes.

    `left_out`: bytes before these that were too many.
    """

    path: str
    what: str
    source: str
    data: bytes
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Absent:
    """Something that could not be had, where it was looked for, and why not."""

    what: str
    source: str
    why: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """What an archive will hold. `made_at` in epoch seconds; the manifest is the first piece."""

    pair: str
    guest: str
    made_at: float
    pieces: tuple[Piece, ...]
    absent: tuple[Absent, ...] = ()

    @property
    def name(self) -> str:
        """Its folder, and without `.tar.gz` its file: `colotui-lab-web01-20261124-101500`."""
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(self.made_at))
        return f"colotui-{word(self.pair)}-{word(self.guest)}-{stamp}"

    @property
    def size(self) -> int:
        """Bytes before they are packed."""
        return sum(len(piece.data) for piece in self.pieces)


def word(text: str) -> str:
    """`text` as one part of a file name: letters, digits, dots, dashes; never "..", never empty."""
    return (_BAD.sub("_", text).lstrip(".-") or "_")[:32]


def safe(path: str) -> bool:
    """True for a relative path of plain words; nothing that leads out of the folder it is unpacked in."""
    parts = path.split("/")
    return len(parts) <= 6 and all(_WORD.fullmatch(part) for part in parts)


def assembled(
    pair: str, guest: str, made_at: float, pieces: Iterable[Piece], absent: Iterable[Absent], cleaner: Cleaner
) -> Bundle:
    """The bundle of `pieces`, in their order of importance: cleaned, bounded, sorted, the manifest before them."""
    kept: dict[str, Piece] = {}
    missing = list(absent)
    total = 0
    for piece in pieces:
        shown = plain(piece.path, 200)
        if not safe(piece.path):
            missing.append(Absent(piece.what, piece.source, f"its name `{shown}` is refused"))
        elif piece.path in kept or len(kept) >= FILES:
            why = "there is another one of that name" if piece.path in kept else f"there are {FILES} files already"
            missing.append(Absent(piece.what, piece.source, why))
        else:
            cut = max(0, len(piece.data) - FILE_LIMIT)
            data = cleaner.clean(_whole_lines(piece.data[cut:], cut or piece.left_out))[-FILE_LIMIT:]
            if total + len(data) > LIMIT:
                missing.append(Absent(piece.what, piece.source, f"the bundle would be larger than {size(LIMIT)}"))
                continue
            total += len(data)
            kept[piece.path] = replace(piece, data=data, left_out=piece.left_out + cut)
    missing = [Absent(one.what, cleaner.words(one.source), cleaner.words(one.why)) for one in missing]
    bundle = Bundle(pair, guest, made_at, tuple(kept[path] for path in sorted(kept)), tuple(missing))
    text = manifest(bundle)
    first = Piece(
        "MANIFEST.txt", "what each file is, and what could not be had", "colotui", cleaner.clean(text.encode())
    )
    return replace(bundle, pieces=(first, *bundle.pieces))


def _whole_lines(data: bytes, cut: int) -> bytes:
    """`data` without the half line it begins with when it was cut: half a secret could not be known for one."""
    if not cut:
        return data
    end = data.find(b"\n", 0, _HALF_LINE)
    return data[end + 1 if end >= 0 else _HALF_LINE :]


def manifest(bundle: Bundle) -> str:
    """The table of contents, in plain words."""
    stamp = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(bundle.made_at))
    lines = [
        f"Support bundle of guest {plain(bundle.guest)}, pair {plain(bundle.pair)}, made {stamp} by colotui.",
        "Nothing was changed on the hosts. Passwords, keys and credentials are masked as ***.",
        "Logs are as the hosts hold them, control characters included: look at them with `less`.",
        "",
        "What is here:",
    ]
    for piece in bundle.pieces:
        cut = f"; {size(piece.left_out)} before it left out" if piece.left_out else ""
        lines.append(f"  {piece.path}  {size(len(piece.data))}{cut}")
        lines.append(f"      {plain(piece.what)}; from {plain(piece.source, 300)}")
    lines += ["", "What could not be had:"]
    lines += [f"  {plain(one.what)} ({plain(one.source, 300)}): {plain(one.why, 400)}" for one in bundle.absent]
    if not bundle.absent:
        lines.append("  nothing is missing")
    return "\n".join(lines) + "\n"

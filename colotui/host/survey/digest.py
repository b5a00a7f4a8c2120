"""Run on the host by its python3: the SHA-256 of what a guest sees of a disk image, holes as zeros.

Arguments: qemu-img, format, path. Where the data lies in the file is asked of `qemu-img map`; then it is read from
there, 1 MiB at a time. Standard library only, Python 3.8 or newer; ends with one line on stderr when it cannot be done.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from typing import Any

_PIECE = 1 << 20
_MAP_LIMIT = 64 << 20


def extents(qemu_img: str, format_name: str, path: str) -> list[dict[str, Any]]:
    """The extents of the image in order, as `qemu-img map` tells them."""
    argv = [qemu_img, "map", "--output=json", "-U", "-f", format_name, path]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        told = process.stdout.read(_MAP_LIMIT + 1)
        if len(told) > _MAP_LIMIT:
            process.kill()
            sys.exit("the image lies in too many pieces")
    if process.returncode != 0:
        sys.exit(1)  # qemu-img said why
    found: list[dict[str, Any]] = json.loads(told)
    return found


def digest(pieces: list[dict[str, Any]], path: str) -> str:
    """The digest over all extents; exits with a sentence where one cannot be read in place."""
    summed = hashlib.sha256()
    zeros = bytes(_PIECE)
    at = 0
    files: dict[str, int] = {}
    try:
        for piece in pieces:
            start, left = int(piece["start"]), int(piece["length"])
            if start != at:
                sys.exit(f"qemu-img map leaves a gap at {at}")
            at += left
            if piece.get("zero") or not piece.get("data"):
                while left > 0:
                    summed.update(zeros[:left])
                    left -= _PIECE
                continue
            if piece.get("compressed") or "offset" not in piece:
                sys.exit("it is compressed or encrypted: its data cannot be read in place")
            name = str(piece.get("filename", path))
            if name not in files:
                files[name] = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
            offset = int(piece["offset"])
            while left > 0:
                part = os.pread(files[name], min(left, _PIECE), offset)
                if not part:  # a raw file whose last sector is not whole ends in zeros
                    part = zeros[: min(left, _PIECE)]
                summed.update(part)
                offset += len(part)
                left -= len(part)
    finally:
        for handle in files.values():
            os.close(handle)
    return summed.hexdigest()


if __name__ == "__main__":
    os.nice(10)
    print(digest(extents(*sys.argv[1:4]), sys.argv[3]))

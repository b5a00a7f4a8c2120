"""Writes the trace log of a busy QEMU to its output: so many lines or bytes a second, with the time of now."""

from __future__ import annotations

import fcntl
import re
import sys
import time
from math import gcd
from pathlib import Path

FIXTURE = Path(__file__).parents[1] / "fixtures" / "qemu" / "_cgi-bin_rand.trace"
_STAMP = re.compile(rb"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", re.MULTILINE)
_STEP = 0.02


def block_of(path: Path = FIXTURE) -> list[bytes]:
    """The lines of a real capture, `@` in the place of their times."""
    return [_STAMP.sub(b"@", line, count=1) for line in path.read_bytes().splitlines() if _STAMP.match(line)]


def stamp() -> bytes:
    """Now as QEMU writes it."""
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)).encode() + f".{int(now % 1 * 1e6):06d}Z".encode()


def main(what: str, rate: float, seconds: float) -> None:
    """Write at the rate until `seconds` have gone by, or the reader has gone."""
    source = block_of()
    step = max(1, int(rate * _STEP / (1 if what == "lines" else len(stamp()) + len(b"".join(source)) / len(source))))
    pieces = []
    for start in range(0, len(source) * step // gcd(len(source), step), step):
        lines = [source[(start + index) % len(source)] for index in range(step)]
        pieces.append(b"\n".join(lines) + b"\n")
        if len(pieces) * step > 40_000:
            break
    output = sys.stdout.buffer
    fcntl.fcntl(output, fcntl.F_SETPIPE_SZ, 1 << 20)  # the window of the channel, not the small one of a pipe
    number, written, begun = 0, 0.0, time.monotonic()
    while (gone := time.monotonic() - begun) < seconds:
        while gone * rate > written:
            piece = pieces[number % len(pieces)].replace(b"@", stamp())
            number += 1
            output.write(piece)
            written += step if what == "lines" else len(piece)
        output.flush()
        time.sleep(_STEP / 2)


if __name__ == "__main__":
    try:
        main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
    except BrokenPipeError:
        sys.exit(0)

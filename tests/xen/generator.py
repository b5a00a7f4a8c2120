"""Configurations, disks, rates and memory words made by chance: nearly right, broken in one place, and wild ones."""

from __future__ import annotations

import random
from collections.abc import Sequence

NAMES = ("name", "memory", "disk", "vif", "on_crash", "xen_platform_pci", "a", "b.c", "if", "for", "x0", "type")
NUMBERS = (
    "0",
    "1",
    "192",
    "0755",
    "08",
    "0x1f",
    "0xfx",
    "1abf",
    "0x",
    "99999999999999999999",
    "9223372036854775807",
    "9223372036854775808",
    "0777777777777777777777",
    "01777777777777777777777",
)
PIECES = (
    "a",
    "Z",
    " ",
    "\t",
    ",",
    "=",
    "#",
    "[",
    "]",
    ";",
    "é",
    "\udcff",
    "\v",
    "\f",
    "\r",
    "x y",
    "%s",
    "0",
    "12",
    "\\\\",
    "\\n",
    "\\t",
    "\\'",
    '\\"',
    "\\x41",
    "\\0",
    "\\012",
    "\\7 1",
    "\\1+2",
    "\\3-",
    "\\0123",
    "\\q",
    "\\é",
    "\\012345",
    "\\5\t9",
    "\\8",
    "+",
    "-",
    " 7",
    "0x10",
    "-5",
    "+3",
    " 010",
)
NOISE = (
    "\n",
    "\r",
    " ",
    "\t",
    "'",
    '"',
    "\\",
    "[",
    "]",
    ",",
    "=",
    ";",
    "+",
    "+=",
    "#",
    ".",
    "(",
    ")",
    "-",
    ":",
    "{",
    "}",
    "a",
    "Z",
    "_",
    "9",
    "f",
    "é",
    "\udc80",
    "\x01",
    "\x7f",
    "None",
    "True",
    "\\\n",
    "# x",
)

DISK_WORDS = (
    "format=raw",
    "format=",
    "format=qcow2",
    "format=vhd",
    "format=qed",
    "format=empty",
    "format=nope",
    "vdev=hda",
    "vdev=",
    "vdev=xvda",
    "access=rw",
    "access=r",
    "access=ro",
    "access=w",
    "access=",
    "access=z",
    "cdrom",
    "devtype=cdrom",
    "devtype=disk",
    "devtype=x",
    "backend=dom0",
    "backendtype=qdisk",
    "backendtype=phy",
    "backendtype=tap",
    "backendtype=standalone",
    "backendtype=",
    "script=a",
    "direct-io-safe",
    "discard",
    "no-discard",
    "colo",
    "no-colo",
    "colo-host=1.2.3.4",
    "colo-host=",
    "colo-port=9000",
    "colo-port=0",
    "colo-port= 7x",
    "colo-port=-5",
    "colo-port=4294967297",
    "colo-port=99999999999999999999",
    "colo-export=q",
    "active-disk=/a",
    "hidden-disk=/h",
    "target=/x",
    "target=/x,y",
    "target=",
    "filter=colo",
    "filter-params=1.2.3.4:9",
    "trusted",
    "untrusted",
    "specification=xen",
    "specification=virtio",
    "specification=",
    "raw:/a",
    "qcow:/a",
    "qcow2:/a",
    "vhd:/a",
    "tap:aio:/a",
    "tap2:/a",
    "tapdisk:/a",
    "aio:/a",
    "ioemu:/a",
    "file:/a",
    "phy:/dev/a",
    "iscsi:x",
    "nbd:x",
    "enbd:x",
    "drbd:x",
    "zzz:/a",
    "zzz:a",
    "/root/a.img",
    "raw",
    "qcow2",
    "hda",
    "hda:cdrom",
    "hdc:disk",
    "hda:tape",
    "w",
    "r",
    "",
    " ",
    "\t",
    "\n",
    "tap:colo:1.2.3.4:9|aio:/a",
    "foo=",
    "foo=b",
    "Foo=b",
    "coloo",
    "discardx",
    "a:b:c",
    "=",
    ":",
)
RATES = ("", "1", "0", "10", "018", "08", "007", "4294967295", "4294967296", "99999999999999999999999")
UNITS = ("B/s", "b/s", "KB/s", "Kb/s", "MB/s", "Gb/s", "GB/s", "kB/s", "B", "", "B/s ", "b/ss")
PERIODS = (
    "",
    "@",
    "@1s",
    "@20ms",
    "@50000us",
    "@0",
    "@08us",
    "@018ms",
    "@4294967295us",
    "@4295s",
    "@5",
    "@5x",
    "@1s@2s",
)
RDM = (
    "strategy=host",
    "strategy=none",
    "strategy=",
    "policy=strict",
    "policy=relaxed",
    "policy=x",
    "policy=",
    "policy",
    "",
    "strategy",
    "x=y",
    "policy=a=b",
    "policy=STRICT",
    "=host",
)


def text_value(rng: random.Random) -> str:
    quote = rng.choice("'\"")
    body = "".join(rng.choice(PIECES) for _ in range(rng.randrange(5)))
    return quote + body + quote


def value(rng: random.Random, depth: int = 0) -> str:
    kind = rng.random()
    if kind < 0.35:
        return rng.choice(NUMBERS)
    if kind < 0.7 or depth > 4:
        return text_value(rng)

    def blank() -> str:
        return rng.choice(("", "", " ", "\n", " # c\n", "\n\t"))

    items = [value(rng, depth + 1) + blank() for _ in range(rng.randrange(4))]
    tail = "," + blank() if items and rng.random() < 0.2 else ""
    return f"[{blank()}{(',' + blank()).join(items)}{tail}]"


def config(rng: random.Random) -> str:
    lines = []
    for _ in range(rng.randrange(1, 6)):
        sign = rng.choice(("=", "=", " = ", "\t=", "+=", " += "))
        end = rng.choice(("\n", "\n", "\n\n", ";", " ; ", " # comment = [\n", "\n# x\n"))
        lines.append(rng.choice(("", "", " ")) + rng.choice(NAMES) + sign + value(rng) + end)
    text = "".join(lines)
    return text if rng.random() < 0.8 else text.rstrip("\n; ")


def mutated(rng: random.Random, text: str) -> str:
    for _ in range(rng.randrange(1, 4)):
        place = rng.randrange(len(text) + 1)
        other = rng.randrange(len(text) + 1)
        low, high = sorted((place, min(other, place + 12)))
        kind = rng.randrange(4)
        if kind == 0:
            text = text[:place] + rng.choice(NOISE) + text[place:]
        elif kind == 1:
            text = text[:low] + text[high:]
        elif kind == 2:
            text = text[:low] + rng.choice(NOISE) + text[high:]
        else:
            text = text[:place] + text[low:high] + text[place:]
    return text


def one_config(rng: random.Random, real: Sequence[str]) -> str:
    kind = rng.random()
    if kind < 0.35:
        return config(rng)
    if kind < 0.8:
        return mutated(rng, config(rng))
    if kind < 0.95:
        return mutated(rng, rng.choice(real))
    return "".join(rng.choice(NOISE + PIECES) for _ in range(rng.randrange(20)))


def one_disk(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.25:
        words = [rng.choice(DISK_WORDS) for _ in range(rng.randrange(2, 6))]
        words += ["vdev=hda", "target=/x"]
    elif kind < 0.5:
        words = [
            rng.choice(("/a", "phy:/a", "tap:aio:/a", "", "qcow2:/a")),
            rng.choice(("", "raw", "hda", "hda:cdrom")),
            rng.choice(("hda", "hda:cdrom", "w", "")),
            rng.choice(("w", "r", "cdrom", "")),
        ]
    else:
        words = [rng.choice(DISK_WORDS) for _ in range(rng.randrange(1, 6))]
    text = rng.choice((",", ",", ", ", ",\n", ",\t")).join(words)
    return mutated(rng, text) if rng.random() < 0.25 else text


def one_rate(rng: random.Random) -> str:
    return rng.choice(RATES) + rng.choice(UNITS) + rng.choice(PERIODS)


def one_rdm(rng: random.Random) -> str:
    return ",".join(rng.choice(RDM) for _ in range(rng.randrange(1, 4)))

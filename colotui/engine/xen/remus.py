"""Reads what `xl remus` prints while it runs, and says what its end means and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from colotui.engine.xen.log import libxl_fact
from colotui.model.incident import Fact

LONGEST_LINE = 8192
"""Characters of a line; the rest of a longer one is dropped."""

_STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S{1,8} \[\d+\] ")
_READY = "migration target: Ready to receive domain."
_SUSPENDED = re.compile(r"xc: (?:progress|detail): Domain now suspended")
_SAVED = re.compile(r"xc: (?:progress|detail): Checkpointed save: (\d{1,12})/(\d{1,12}) +100%")
_PROCESSED = "xc: info: All records processed"
_FAILOVER = re.compile(r"migration target: (?:COLO|Remus) Failover for domain (\d{1,9})")


class Ending(StrEnum):
    """How a run of `xl remus` ended, or why it never began."""

    RUNNING = "running"
    NOT_BUILT = "libxl was built without COLO"
    NO_PROXY = "no kernel proxy"
    NO_BUFFER = "no network buffering"
    UNSAFE_NEEDED = "unsafe mode is needed"
    DISK = "a disk no checkpoint handles"
    INCOMING_LEFT = "a domain of a failed run is left"
    OPTIONS = "wrong options"
    NOT_PAUSED = "the guest was not paused"
    NO_ACKNOWLEDGE = "the guest has PV drivers"
    NO_KEYS = "the vif lacks its colo_ keys"
    COPY_CRASHED = "the copy on the secondary crashed"
    SECOND_CHECKPOINT = "the second checkpoint failed"
    STREAM = "the stream ended"
    DESTROYED = "the primary was destroyed"
    SECONDARY_LOST = "the secondary was lost"
    KILLED = "xl was killed"
    OTHER = "it ended for a reason it did not tell"


_ADVICE = {
    Ending.RUNNING: "",
    Ending.NOT_BUILT: "This Xen was built without libnl3. Use the qemu engine, or a Xen that was built with it.",
    Ending.NO_PROXY: "Without -p the comparison is a kernel module that no kernel has today: run it with -p.",
    Ending.NO_BUFFER: "This Xen was built without libnl3: Remus needs -F -n, and loses what a client was told last.",
    Ending.UNSAFE_NEEDED: "Give -F with -b, -n or -d: it is not safe, and says so.",
    Ending.DISK: "COLO: write the disk with backendtype=qdisk and all its colo words. Remus: DRBD, or -F -d.",
    Ending.INCOMING_LEFT: "Destroy the domain whose name ends with --incoming on the secondary, then run it again.",
    Ending.OPTIONS: "-c goes with -u and -p; not with -i, -b, -n or -d.",
    Ending.NOT_PAUSED: "Boot the guest, `xl pause` it, then run it again; destroy what is left on the secondary first.",
    Ending.NO_ACKNOWLEDGE: "Boot the guest with xen_nopv and xen_platform_pci=0.",
    Ending.NO_KEYS: "Add colo_checkpoint_host and the other colo_ keys to the vif; the guest must be created anew.",
    Ending.COPY_CRASHED: (
        "Read `xl dmesg` of the secondary. HVMLoader bug: boot the guest before it is paused. Triple fault: destroy "
        "what is left there and run it again."
    ),
    Ending.SECOND_CHECKPOINT: (
        "A libxl of 4.16 or later as released writes a record that its own other side cannot read. `xl resume` the "
        "guest on the primary; the copy on the secondary runs too: destroy one of them. Use a Xen with that mended."
    ),
    Ending.STREAM: "Look which copy runs; `xl resume` a primary that is left suspended. Two may be running.",
    Ending.DESTROYED: "The secondary takes over within about 12 s; then its packet filters must be removed.",
    Ending.SECONDARY_LOST: "The guest runs on, without network until the filter r2 is removed from its QEMU.",
    Ending.KILLED: "The secondary takes over although the primary runs: destroy one of the two at once.",
    Ending.OTHER: "Read its last lines, and /var/log/xen on both hosts.",
}

# the first that is found decides: the causes stand before what follows from them
_BY_FACT = (
    ("no-colo", Ending.NOT_BUILT),
    ("no-proxy", Ending.NO_PROXY),
    ("no-buffer", Ending.NO_BUFFER),
    ("unsafe-needed", Ending.UNSAFE_NEEDED),
    ("disk-unhandled", Ending.DISK),
    ("wrong-options", Ending.OPTIONS),
    ("incoming-left", Ending.INCOMING_LEFT),
    ("no-acknowledge", Ending.NO_ACKNOWLEDGE),
    ("not-paused", Ending.NOT_PAUSED),
    ("copy-crashed", Ending.COPY_CRASHED),
)


@dataclass
class RemusOutput:
    """Takes the output of `xl remus`, bytes as they come; that of the secondary is in it, through ssh.

    `saved` counts checkpoints the primary wrote, `processed` those the secondary took over (it tells at level info),
    `suspended` how often the guest was stopped; the copy at the start stops it once more than `saved`.
    """

    host: str
    ready: bool = False
    suspended: int = 0
    saved: int = 0
    processed: int = 0
    pages: int | None = None
    promoted: int | None = None
    last_line: str = ""
    _rest: bytes = b""
    _words: frozenset[str] = frozenset()

    def feed(self, data: bytes, at: float) -> list[Fact]:
        """The facts of the lines that are whole now."""
        # progress lines end with a carriage return where the output is a terminal
        *lines, self._rest = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        self._rest = self._rest[:LONGEST_LINE]
        return [fact for line in lines if (fact := self._line(line, at))]

    def close(self, at: float) -> list[Fact]:
        """The fact of a last line without its end."""
        rest, self._rest = self._rest, b""
        fact = self._line(rest, at)
        return [fact] if fact else []

    def _line(self, data: bytes, at: float) -> Fact | None:
        line = _STAMP.sub("", data[:LONGEST_LINE].decode("utf-8", "replace").strip())
        if not line:
            return None
        self.last_line = line[:200]
        if line == _READY:
            self.ready = True
        elif match := _SAVED.match(line):
            self.saved += 1
            self.pages = int(match[2])
        elif _SUSPENDED.match(line):
            self.suspended += 1
        elif line == _PROCESSED:
            self.processed += 1
        elif match := _FAILOVER.match(line):
            self.promoted = int(match[1])
        fact = libxl_fact(self.host, line, at)
        if fact is not None:
            crashed = fact.what == "suspend-failed" and "secondary vm" in fact.text
            self._words |= {"copy-crashed" if crashed else fact.what}
        return fact

    def ending(self, status: int | None) -> Ending:
        """What became of it; `status` as of a shell (128 + signal when it was killed), None while it runs."""
        if status is None:
            return Ending.RUNNING
        if "destroyed" in self._words:
            return Ending.DESTROYED
        if self.saved == 0:
            if status in (139, -11) or "crashed" in self._words:
                return Ending.NO_KEYS
            for word, ending in _BY_FACT:
                if word in self._words:
                    return ending
        if "stream-ended" in self._words:
            # what is written first at a checkpoint is counted before the answer that cannot be read
            return Ending.SECOND_CHECKPOINT if self.saved <= 1 else Ending.STREAM
        if "backup-failed" in self._words:
            return Ending.SECONDARY_LOST
        if status in (124, 129, 130, 137, 143, -1, -2, -9, -15):
            return Ending.KILLED
        return Ending.OTHER


def advice(ending: Ending) -> str:
    """What to do about an ending; "" while it runs."""
    return _ADVICE[ending]

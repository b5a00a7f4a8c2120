"""The replies both copies of a real guest sent when a client asked for random bytes, and the mismatch they made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from colotui.engine.pairing import pair
from colotui.engine.qemu.capturefile import Mark, settle_times
from colotui.engine.qemu.pcap import HEADER, FileHeader, FrameReader
from colotui.model.mismatch import Mismatch
from colotui.model.packet import Captured, CaptureView, PacketPair
from colotui.model.protection import Snapshot
from tests.ui import samples

FIXTURES = Path(__file__).parent.parent / "fixtures" / "qemu"
WRITTEN = {"replies-primary": 1795513625.5380502, "replies-secondary": 1795513625.5420501}
"""When each file was last written, by the host's clock."""

MISMATCH = Mismatch(1795513624.0912106, "tcp", "payload differs, 396 B", "10.77.1.10", "10.77.1.1", 396, 396, 0.1)


def replies(name: str) -> list[Captured]:
    """The packets of a capture file at their times."""
    data = (FIXTURES / f"{name}.pcap").read_bytes()
    frames = FrameReader(FileHeader.parse(data)).feed(data[HEADER:])
    return settle_times(frames, [Mark(len(data), WRITTEN[name])], 0.0)


def real_pair() -> PacketPair:
    """The two packets behind `MISMATCH`."""
    found = pair(MISMATCH, replies("replies-primary"), replies("replies-secondary"), 3.0)
    assert isinstance(found, PacketPair)
    return found


def shown_pair() -> PacketPair:
    """The same at the time of the first mismatch of the sample snapshots."""
    found = real_pair()
    assert found.primary is not None
    assert found.secondary is not None
    by = samples.MISMATCHES[-1].at - 0.004 - found.primary.at
    return replace(
        found,
        primary=replace(found.primary, at=found.primary.at + by),
        secondary=replace(found.secondary, at=found.secondary.at + by),
    )


def capturing(snapshot: Snapshot, **changes: object) -> Snapshot:
    """The snapshot with the capture switched on."""
    at = samples.NOW
    sizes = {"alpha": 1_210_000, "beta": 1_190_000}
    view = replace(CaptureView(at - 92.0, at + 508.0, at - 92.0, sizes), **changes)  # type: ignore[arg-type]
    return replace(snapshot, guests=(replace(snapshot.guests[0], capture=view), *snapshot.guests[1:]))

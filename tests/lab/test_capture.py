"""The packet capture on the real lab: both copies' packets of a mismatch, bounded, and gone when it is off."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from colotui.config import load
from colotui.engine.packets import decode
from colotui.engine.qemu import capture
from colotui.engine.qemu.pcap import HEADER, FileHeader, FrameReader
from colotui.errors import ActionRefused
from colotui.model.facts import Missing
from colotui.model.mismatch import Mismatch
from colotui.model.packet import PacketPair
from colotui.model.pair import DiskSpec, NicModel, NicSpec, ProbeKind, ProbeSpec
from colotui.model.plan import Action
from colotui.model.protection import Life, State
from tests.lab.drive import GUEST, Drive
from tests.lab.running import Lab

RUN = f"/run/colotui/{GUEST}"


@pytest.fixture
async def drive(lab: Lab) -> AsyncIterator[Drive]:
    """A controller on the lab's pair, brought to Protected before the test."""
    async with Drive(lab.pair_path) as drive:
        await drive.protected()
        yield drive


def left_on(lab: Lab, host: str) -> list[str]:
    """What a capture leaves on a host, looked up past everything colotui has."""
    mounts = subprocess.run(lab.host_argv(host, ["cat", "/proc/mounts"]), capture_output=True, text=True, check=True)
    found = [line for line in mounts.stdout.splitlines() if "/dump" in line]
    return found + ([f"{RUN}/dump"] if lab.path_on(host, f"{RUN}/dump").exists() else [])


async def dump_objects(drive: Drive, host: str) -> list[str]:
    """The dump objects of the QEMU on a host, asked of QEMU itself."""
    session = drive.controller._watches[GUEST].engine.session(host)
    return [item["name"] for item in await session.qmp("qom-list", path="/objects") if "dump" in item["type"]]


async def ask(lab: Lab, path: str, times: int = 4) -> None:
    """Ask the guest's service several times at once."""
    await asyncio.gather(*(asyncio.to_thread(lab.client.fetch, path) for _ in range(times)))


async def mismatches(lab: Lab, drive: Drive) -> list[Mismatch]:
    """Ask for random bytes until replies of the two copies differed in their payload."""
    before = drive.guest.mismatch_total
    for _ in range(60):
        await ask(lab, "/random")
        await asyncio.sleep(0.3)
        fresh = drive.guest.mismatch_total - before
        big = [m for m in list(drive.guest.mismatches)[-fresh:] if (m.primary_length or 0) > 200] if fresh else []
        if big:
            return big
    raise AssertionError("no reply of the two copies differed")


async def test_the_packets_of_a_mismatch(lab: Lab, drive: Drive) -> None:
    await drive.controller.capture(GUEST, True)
    view = await drive.until(lambda v: v.capture is not None and len(v.capture.sizes) == 2, 5, "both files are there")
    assert view.capture is not None
    assert view.capture.until - view.capture.since == capture.LASTS
    for mismatch in await mismatches(lab, drive):
        await asyncio.sleep(0.6)
        two = await drive.controller.packets(GUEST, mismatch)
        assert isinstance(two, PacketPair), two
        assert two.primary is not None
        assert two.secondary is not None
        print(f"{mismatch.what}: {1e3 * (two.primary.at - mismatch.at):.0f} ms, {two.differing_bytes} bytes differ")
        assert abs(two.primary.at - mismatch.at) < 0.5
        bodies = [payload.partition(b"\r\n\r\n")[2] for payload in (two.primary_payload, two.secondary_payload)]
        assert bodies[0] != bodies[1]
        assert all(len(body) > 200 for body in bodies)
    assert drive.guest.capture is not None
    assert all(size > 1000 for size in drive.guest.capture.sizes.values())
    old = replace(mismatch, at=view.capture.since - 60.0)
    assert isinstance(await drive.controller.packets(GUEST, old), Missing)
    await drive.controller.capture(GUEST, False)
    assert drive.guest.protection.state is State.PROTECTED
    for host in ("alpha", "beta"):
        assert left_on(lab, host) == []
        assert await dump_objects(drive, host) == []
    await drive.until(lambda v: v.capture is None, 5, "off is shown")
    assert isinstance(await drive.controller.packets(GUEST, mismatch), Missing)


async def test_it_ends_by_itself(lab: Lab, drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "LASTS", 4.0)
    await drive.controller.capture(GUEST, True)
    await drive.until(lambda v: v.capture is not None, 5, "it is on")
    await drive.until(lambda v: v.capture is None, 10, "its time is over")
    assert left_on(lab, "alpha") == left_on(lab, "beta") == []
    assert any("its time was over" in event.text for event in drive.controller.snapshot.events)


async def test_a_full_file_is_begun_anew(lab: Lab, drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "FULL", 20_000)
    await drive.controller.capture(GUEST, True)
    await ask(lab, "/", 40)
    view = await drive.until(
        lambda v: v.capture is not None and v.capture.kept_since > v.capture.since + 0.5, 10, "anew"
    )
    assert view.capture is not None
    await ask(lab, "/", 2)
    await drive.until(lambda v: v.capture is not None and 24 < max(v.capture.sizes.values(), default=0) < 20_000, 5)
    assert [await dump_objects(drive, host) for host in ("alpha", "beta")] == [["colotui-dump0"]] * 2
    await drive.controller.capture(GUEST, False)


async def test_a_full_file_system_ends_the_writing_and_nothing_else(
    lab: Lab, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture, "ROOM", 64 << 10)
    await drive.controller.capture(GUEST, True)
    for _ in range(8):
        await ask(lab, "/", 12)
    await drive.until(lambda v: v.capture is not None and "full" in v.capture.problem, 10, "it says that it is full")
    assert lab.path_on("alpha", f"{RUN}/dump/hn0.pcap").stat().st_size <= 64 << 10
    await drive.serving(5)
    assert drive.guest.protection.state is State.PROTECTED
    await drive.controller.capture(GUEST, False)
    assert left_on(lab, "alpha") == left_on(lab, "beta") == []


async def test_a_killed_cockpit_leaves_it_for_the_next(lab: Lab) -> None:
    async with Drive(lab.pair_path) as drive:
        await drive.protected()
    argv = [sys.executable, "-m", "tests.lab.capture_victim", lab.pair_path]
    victim = await asyncio.create_subprocess_exec(*argv)
    assert await victim.wait() == -signal.SIGKILL
    assert left_on(lab, "alpha") != []
    async with Drive(lab.pair_path, read_only=True) as watcher:
        view = await watcher.until(lambda v: v.capture is not None, 5, "it is found")
        assert view.capture is not None
        assert abs(view.capture.until - view.capture.since - capture.LASTS) < 1.0
        with pytest.raises(ActionRefused, match="read-only"):
            await watcher.controller.capture(GUEST, False)
    async with Drive(lab.pair_path) as drive:
        await drive.until(lambda v: v.capture is not None, 5, "it is found")
        (mismatch, *_) = await mismatches(lab, drive)
        await asyncio.sleep(0.6)
        assert isinstance(await drive.controller.packets(GUEST, mismatch), PacketPair)
        await drive.controller.capture(GUEST, False)
        assert left_on(lab, "alpha") == left_on(lab, "beta") == []


async def test_failover_with_the_capture_on(lab: Lab, drive: Drive) -> None:
    old, new = drive.primary, drive.secondary
    await drive.controller.capture(GUEST, True)
    await ask(lab, "/random")
    pid = lab.path_on(old, f"{RUN}/pid").read_text().strip()
    subprocess.run(lab.host_argv(old, ["kill", "-KILL", pid]), check=True)
    await drive.until(lambda v: v.copies[old].life is Life.DEAD, 5, "the death is seen")
    await drive.act(Action.FAILOVER)
    await drive.serving(5)
    assert drive.primary == new
    assert await dump_objects(drive, new) == []
    assert left_on(lab, old) == left_on(lab, new) == []
    with pytest.raises(ActionRefused, match="not protected"):
        await drive.controller.capture(GUEST, True)
    await drive.act(Action.REPROTECT)
    # A survivor that once was a secondary has its rewriter still: its packets are captured all the same.
    await drive.controller.capture(GUEST, True)
    (mismatch, *_) = await mismatches(lab, drive)
    await asyncio.sleep(0.6)
    two = await drive.controller.packets(GUEST, mismatch)
    assert isinstance(two, PacketPair), two
    assert two.differing_bytes


async def test_stop_and_switch_with_the_capture_on(lab: Lab, drive: Drive) -> None:
    await drive.controller.capture(GUEST, True)
    await drive.act(Action.STOP)
    assert await dump_objects(drive, drive.primary) == []
    assert left_on(lab, "alpha") == left_on(lab, "beta") == []
    await drive.act(Action.PROTECT)
    await drive.until_state(State.PROTECTED)
    await drive.controller.capture(GUEST, True)
    await drive.act(Action.SWITCH)
    assert await dump_objects(drive, drive.primary) == []
    assert left_on(lab, "alpha") == left_on(lab, "beta") == []
    await drive.act(Action.REPROTECT)


async def test_a_cockpit_that_ends_takes_its_capture_along(lab: Lab) -> None:
    async with Drive(lab.pair_path) as drive:
        await drive.protected()
        await drive.controller.capture(GUEST, True)
    assert left_on(lab, "alpha") == left_on(lab, "beta") == []


async def test_virtio_packets_have_no_header_of_their_own(lab: Lab) -> None:
    pair = load(lab.pair_path)
    first = pair.guests[0]
    address = lab.client.address + "2"
    second = replace(
        first,
        name="web03",
        nics=(NicSpec("00:16:4f:00:00:33", NicModel.VIRTIO),),
        disks=(DiskSpec("/var/lib/colotui/web03/disk0.qcow2", size=64 << 20),),
        append=first.append.replace(lab.client.address, address),
        base_port=first.base_port + 3000,
        probe=ProbeSpec(ProbeKind.PING, address),
    )
    async with Drive(replace(pair, guests=(first, second)), guest="web03") as drive:
        await drive.protected()
        await drive.serving()
        await drive.controller.capture("web03", True)
        url = f"http://{address}/"
        assert (await asyncio.to_thread(lab.client.curl, "-m", "5", url)).returncode == 0
        for host in ("alpha", "beta"):
            data = lab.path_on(host, "/run/colotui/web03/dump/hn0.pcap").read_bytes()
            said = [decode(frame.data) for frame in FrameReader(FileHeader.parse(data)).feed(data[HEADER:])]
            assert any(packet.protocol == "tcp" and packet.payload.startswith(b"HTTP/1") for packet in said)
        await drive.controller.capture("web03", False)
        for host in ("alpha", "beta"):
            pid = lab.path_on(host, "/run/colotui/web03/pid").read_text().strip()
            subprocess.run(lab.host_argv(host, ["kill", "-KILL", pid]), check=True)

"""Incidents on the real lab: the right one appears for a real fault and closes after it; a healthy pair has none."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from colotui.errors import ActionRefused
from colotui.model.incident import Confidence, Incident, Kind, Source
from colotui.model.plan import Action
from colotui.model.protection import GuestView
from tests.lab.client import Client, Counter, Download, Pinger
from tests.lab.drive import Drive
from tests.lab.running import Lab

HEALTHY_S = float(os.environ.get("COLOTUI_HEALTHY_S", "60"))
"""How long a healthy pair is watched for a false incident: shorter in each run, ten minutes by hand."""


@pytest.fixture
async def drive(lab: Lab) -> AsyncIterator[Drive]:
    """A controller on the lab's pair, brought to Protected before the test."""
    async with Drive(lab.pair_path) as drive:
        if drive.guest.copies[drive.secondary].damage:
            # A reset in lock-step can leave the secondary's memory wrong: what its incident recommends.
            await drive.act(Action.STOP)
        await drive.protected()
        await drive.until(lambda view: not any(i.open for i in view.incidents), 75.0, "nothing is open")
        yield drive


def found(view: GuestView, kind: Kind) -> Incident | None:
    """The open incident of a kind."""
    return next((i for i in view.incidents if i.open and i.now.kind is kind), None)


async def appears(drive: Drive, kind: Kind, limit: float = 10.0) -> Incident:
    """Wait for an open incident of a kind."""
    view = await drive.until(lambda view: found(view, kind) is not None, limit, f"{kind} opens")
    incident = found(view, kind)
    assert incident is not None
    assert incident.now.witnesses
    return incident


async def closes(drive: Drive, incident: Incident, limit: float = 15.0) -> Incident:
    """Wait until it is closed and still in the list."""
    view = await drive.until(
        lambda view: any(i.id == incident.id and not i.open for i in view.incidents), limit, f"{incident.id} closes"
    )
    return next(i for i in view.incidents if i.id == incident.id)


def pid_of(drive: Drive, host: str) -> int:
    """The pid of the copy's QEMU on its host."""
    pid = drive.guest.copies[host].pid
    assert pid is not None
    return pid


async def test_killed_primary(lab: Lab, drive: Drive) -> None:
    lost = drive.primary
    await lab_kill(lab, drive, lost, signal.SIGKILL)
    incident = await appears(drive, Kind.PRIMARY_DEAD)
    assert incident.now.confidence is Confidence.PROVEN
    assert incident.now.do is Action.FAILOVER
    assert {Source.EXIT, Source.QMP} <= {fact.source for fact in incident.now.witnesses}
    assert "signal 9" in incident.now.sentence
    with pytest.raises(ActionRefused):
        await drive.controller.prepare(drive.name, Action.REPROTECT)
    await drive.act(Action.FAILOVER)
    closed = await closes(drive, incident)
    assert "Fail over" in closed.closed_by


async def test_stopped_secondary(lab: Lab, drive: Drive) -> None:
    stopped = drive.secondary
    await lab_kill(lab, drive, stopped, signal.SIGSTOP)
    incident = await appears(drive, Kind.SECONDARY_HUNG)
    assert (incident.now.confidence, incident.now.do) == (Confidence.PROVEN, Action.FAILOVER)
    assert drive.controller.refusal(drive.name, Action.SWITCH) == incident.now.why_not
    await drive.act(Action.FAILOVER)
    await closes(drive, incident)


async def test_cut_forward_link(lab: Lab, drive: Drive) -> None:
    lab.cut("forward")
    try:
        incident = await appears(drive, Kind.FORWARD_CUT)
        assert incident.now.do is Action.FAILOVER
        assert "fencing" in incident.now.do_not
        assert drive.controller.refusal(drive.name, Action.SWITCH) == incident.now.why_not
        await drive.act(Action.FAILOVER)
    finally:
        lab.mend("forward")
    await closes(drive, incident)


async def test_triple_fault_of_the_guest(lab: Lab, drive: Drive) -> None:
    # The guest faults; its input is mirrored, so both copies do. QEMU's log on the primary tells it from a reboot.
    await asyncio.to_thread(lab.client.curl, "-m", "2", "-X", "POST", lab.client.url("/crash/triple-fault"))
    incident = await appears(drive, Kind.TRIPLE_FAULT)
    assert incident.now.confidence is Confidence.PROVEN
    assert {"RESET", "triple"} <= {fact.what for fact in incident.now.witnesses}
    assert found(drive.guest, Kind.GUEST_RESET) is None
    assert drive.controller.refusal(drive.name, Action.SWITCH) == incident.now.why_not
    await closes(drive, incident, 90.0)


async def test_reset_that_was_asked_for(lab: Lab, drive: Drive) -> None:
    await drive.serving()
    session = drive.controller._watches[drive.name].engine.session(drive.primary)
    await session.qmp("system_reset")
    incident = await appears(drive, Kind.GUEST_RESET)
    assert incident.now.confidence is Confidence.PROVEN
    assert found(drive.guest, Kind.TRIPLE_FAULT) is None
    await closes(drive, incident, 90.0)


async def test_healthy_under_mixed_load_has_no_incident(lab: Lab, drive: Drive, tmp_path: Path) -> None:
    seen: list[str] = []

    def note(view: GuestView) -> None:
        # A secondary whose kernel really failed is no false incident: QEMU does that on an overloaded machine.
        false = [i for i in view.incidents if i.open and i.now.kind is not Kind.SECONDARY_CORRUPT]
        seen.extend(f"{i.id} {i.now.kind}: {i.now.sentence}" for i in false)

    begun = drive.guest.stats.total, drive.guest.mismatch_total
    pinger, counter = Pinger(lab.client, tmp_path / "ping", 0.2), Counter(lab.client)
    pages = Pages(lab.client)
    loop = asyncio.get_running_loop()
    end = loop.time() + HEALTHY_S
    try:
        while loop.time() < end:
            download, begun_at = Download(lab.client, tmp_path / "big"), loop.time()
            while not download.ended:
                note(drive.guest)
                await asyncio.sleep(0.25)
                took = loop.time() - begun_at
                assert took < 90, (
                    f"a download hangs for {took:.0f} s",
                    drive.guest.protection,
                    drive.guest.probe,
                    seen,
                )
            download.finish(1)
    finally:
        pages.stop()
        numbers = counter.stop()
        pinger.stop()
    stats = drive.guest.stats.total - begun[0], drive.guest.mismatch_total - begun[1]
    told = f"{stats[0]} checkpoints, {stats[1]} mismatches, {len(numbers)} counters"
    print(f"{HEALTHY_S:.0f} s: {told}; {sorted(set(seen))}")
    assert not seen
    assert stats[0] > HEALTHY_S / 4
    assert numbers == sorted(numbers)


class Pages:
    """Fetches the guest's page again and again."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._client.fetch("/", limit=3.0)
            self._stop.wait(0.1)

    def stop(self) -> None:
        """End it."""
        self._stop.set()
        self._thread.join(10)


async def lab_kill(lab: Lab, drive: Drive, host: str, number: signal.Signals) -> None:
    """Send a signal to the copy's QEMU, past everything colotui has."""
    argv = lab.host_argv(host, ["kill", f"-{number.value}", str(pid_of(drive, host))])
    process = await asyncio.create_subprocess_exec(*argv)
    assert await process.wait() == 0

"""The main job on the real lab: protect, lose a copy in every way, carry on, lose nothing a client was told."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import re
import signal
import subprocess
import time
from collections import Counter as Counts
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from colotui.config import load
from colotui.errors import ActionRefused
from colotui.model.checkpoint import Cause
from colotui.model.pair import DiskSpec, NicModel, NicSpec, ProbeKind, ProbeSpec
from colotui.model.plan import Action
from colotui.model.protection import Life, State
from tests.lab.client import Counter, Download, Pinger
from tests.lab.drive import GUEST, Drive
from tests.lab.running import Lab

RUN = f"/run/colotui/{GUEST}"


@pytest.fixture
async def drive(lab: Lab) -> AsyncIterator[Drive]:
    """A controller on the lab's pair, brought to Protected before the test."""
    async with Drive(lab.pair_path) as drive:
        await drive.protected()
        yield drive


def trace_lines(lab: Lab, host: str) -> list[str]:
    """The primary's trace, read past everything colotui has."""
    argv = lab.host_argv(host, ["cat", f"{RUN}/trace.log"])
    return subprocess.run(argv, capture_output=True, text=True, errors="replace", check=True).stdout.splitlines()


def at_of(line: str) -> float:
    """When a line of the trace was written; 0 for a line without a time."""
    try:
        return datetime.fromisoformat(line.partition(" ")[0]).timestamp()
    except ValueError:
        return 0.0


def pauses(lines: list[str]) -> int:
    """Checkpoints by an independent count: stops that follow a request, once they ended."""
    text = "\n".join(line for line in lines if "checkpoint-request" in line or "colo_vm_state_change" in line)
    return len(re.findall(r"checkpoint-request.*\n.*'run' => 'stop'.*\n.*'stop' => 'run'", text))


async def quiet_moment(drive: Drive) -> float:
    """A moment well between two checkpoints that this cockpit saw: from there on all counts begin at nothing.

    One that comes to a running pair brings back only the end of its trace, and both clocks agree to milliseconds only.
    """
    log = drive.controller._watches[GUEST].engine.history
    begun = time.time()
    while time.time() < begun + 30:
        recent = [one.at for one in log.checkpoints.after(begun)]
        for one, following in itertools.pairwise(recent):
            if following - one > 0.3:
                return (one + following) / 2
        await asyncio.sleep(0.2)
    raise AssertionError("no two checkpoints were 0.3 s apart")


def forced(lines: list[str]) -> dict[str, int]:
    """Forced checkpoints by cause, by the rule of the document, written without the product's parser."""
    found: dict[str, int] = {}
    seen: list[str] = []
    for line in lines:
        if "'stop' => 'run'" in line:
            seen.clear()
        elif "checkpoint-request" in line:
            cause, protocol = "", ""
            for before in seen:
                if m := re.search(r"colo_compare_main : compare (\w+)", before):
                    protocol, cause = m.group(1), ""
                elif m := re.search(r"colo_compare_(udp|icmp)_miscompare", before):
                    protocol = m.group(1)
                elif "colo_compare_ip_info" in before:
                    cause = "tcp"
                elif "packet different" in before:
                    cause = protocol if protocol in ("udp", "icmp", "tcp") else "other"
                elif "old_packet_check_found" in before:
                    cause = "no twin"
                elif "tcp_info" in before or "packet same" in before or "has compared" in before:
                    cause = ""
            if cause:
                found[cause] = found.get(cause, 0) + 1
            seen.clear()
        elif "colo_compare" in line or "old_packet" in line:
            seen.append(line)
    return found


def kill(lab: Lab, drive: Drive, host: str, sig: int = signal.SIGKILL) -> float:
    """Send `sig` to the QEMU on `host` from outside; when."""
    pid = drive.guest.copies[host].pid
    subprocess.run(lab.host_argv(host, ["kill", f"-{sig}", str(pid)]), check=True)
    return time.time()


async def test_checkpoints_equal_the_trace(lab: Lab, drive: Drive) -> None:
    primary = drive.primary
    history = drive.controller._watches[GUEST].engine.history
    since = await quiet_moment(drive)
    await drive.until(lambda _view: len(history.checkpoints.after(since)) >= 20, 60, "20 checkpoints")
    # Both counts still grow, so they are taken until they meet on the same moment.
    for _ in range(40):
        counted = pauses([line for line in trace_lines(lab, primary) if at_of(line) > since])
        seen = len(history.checkpoints.after(since))
        if counted == seen:
            break
        await asyncio.sleep(0.2)
    assert counted == seen >= 20
    assert all(one.cause is not Cause.UNKNOWN for one in history.checkpoints.after(since)), "QMP alone told of one"


async def test_random_pages_are_mismatches_of_tcp(lab: Lab, drive: Drive) -> None:
    primary = drive.primary
    history = drive.controller._watches[GUEST].engine.history
    since = await quiet_moment(drive)
    end = time.time() + 8
    while time.time() < end:
        assert await asyncio.to_thread(lab.client.fetch, "/random")
    await asyncio.sleep(1.0)
    for _ in range(40):
        counted = forced([line for line in trace_lines(lab, primary) if at_of(line) > since])
        causes = Counts(one.cause.value for one in history.checkpoints.after(since) if one.cause.forced)
        mismatches = len(history.mismatches.after(since))
        if counted == causes and mismatches == sum(counted.values()):
            break
        await asyncio.sleep(0.2)
    assert counted == causes
    assert mismatches == sum(counted.values())
    assert counted["tcp"] > 5


async def test_killed_primary(lab: Lab, drive: Drive, tmp_path: Path) -> None:
    client = lab.client
    whole = client.curl(client.url("/big")).stdout
    digest = hashlib.sha256(whole).hexdigest()
    for round_trip in range(2):  # over, and back again
        downloads = [Download(client, tmp_path / f"big{round_trip}{i}", rate="300k") for i in range(4)]
        counter, pinger = Counter(client), Pinger(client, tmp_path / f"ping{round_trip}.log")
        await asyncio.sleep(3)
        old, new = drive.primary, drive.secondary
        moment = kill(lab, drive, old)
        view = await drive.until(lambda v, old=old: v.copies[old].life is Life.DEAD, 5, "the death is seen")
        assert view.protection.do_now is Action.FAILOVER
        assert "signal 9" in view.protection.headline
        progress = await drive.act(Action.FAILOVER)
        await drive.until_state(State.FAILED_OVER)
        assert drive.primary == new
        await asyncio.sleep(1.5)
        gap = pinger.gap_after(moment)
        since_enter = pinger.first_after(progress.started_at) - progress.started_at
        print(f"\nfailover {old} -> {new}: ping gap {gap * 1000:.0f} ms, from Enter {since_enter * 1000:.0f} ms")
        numbers = counter.stop()
        last = await asyncio.to_thread(client.fetch, "/counter")
        assert numbers == sorted(set(numbers)), "an acknowledged number came twice or went back"
        assert last is not None
        assert int(last) > max(numbers)
        ends = [await asyncio.to_thread(download.finish, 90) for download in downloads]
        pinger.stop()
        assert ends == [(0, digest)] * 4
        await drive.act(Action.REPROTECT)
        await drive.until_state(State.PROTECTED)


async def test_killed_secondary(lab: Lab, drive: Drive) -> None:
    primary, secondary = drive.primary, drive.secondary
    kill(lab, drive, secondary)
    await drive.until(lambda v: v.protection.do_now is Action.FAILOVER, 8, "a failover is recommended")
    plan = await drive.controller.prepare(GUEST, Action.FAILOVER)
    assert plan.to_host == primary
    await drive.act(Action.FAILOVER)
    await drive.until_state(State.FAILED_OVER)
    assert drive.primary == primary
    await drive.serving(5)


async def test_hung_secondary(lab: Lab, drive: Drive) -> None:
    primary, secondary = drive.primary, drive.secondary
    kill(lab, drive, secondary, signal.SIGSTOP)
    await drive.until(lambda v: v.copies[secondary].life is Life.HUNG, 8, "the hang is seen")
    await drive.act(Action.FAILOVER)
    await drive.serving(5)
    assert drive.primary == primary
    assert drive.guest.copies[secondary].life in (Life.DEAD, Life.ABSENT)


async def test_hung_primary_is_killed_before_the_promotion(lab: Lab, drive: Drive) -> None:
    primary, secondary = drive.primary, drive.secondary
    kill(lab, drive, primary, signal.SIGSTOP)
    await drive.until(lambda v: v.copies[primary].life is Life.HUNG, 8, "the hang is seen")
    await drive.act(Action.FAILOVER)
    await drive.until_state(State.FAILED_OVER)
    assert drive.primary == secondary
    assert drive.guest.copies[primary].life is Life.DEAD


async def test_planned_switch(lab: Lab, drive: Drive, tmp_path: Path) -> None:
    pinger = Pinger(lab.client, tmp_path / "ping.log")
    await asyncio.sleep(1)
    old, new = drive.primary, drive.secondary
    moment = time.time()
    await drive.act(Action.SWITCH)
    await drive.until_state(State.FAILED_OVER)
    await asyncio.sleep(1)
    print(f"\nswitch {old} -> {new}: ping gap {pinger.gap_after(moment) * 1000:.0f} ms")
    pinger.stop()
    assert drive.primary == new


async def test_cut_link(lab: Lab, drive: Drive) -> None:
    primary, secondary = drive.primary, drive.secondary
    lab.cut("forward")
    try:
        view = await drive.until(lambda v: v.protection.do_now is Action.FAILOVER, 15, "the cut is seen")
        assert view.protection.do_not == f"do not promote {secondary} without fencing {primary}"
        lab.cut(f"management-{primary}")
        try:
            await drive.until(lambda v: v.copies[primary].life is Life.UNREACHABLE, 8, "the host is not reached")
            plan = await drive.controller.prepare(GUEST, Action.FAILOVER)
            assert plan.attest
            with pytest.raises(ActionRefused):
                await drive.controller.run(plan)  # neither fence nor attestation: refused
            assert drive.guest.copies[secondary].role.value == "secondary"
        finally:
            lab.mend(f"management-{primary}")
        await drive.until(lambda v: v.copies[primary].life is Life.RUNNING, 15, "the host is back")
        await drive.act(Action.FAILOVER)
        assert drive.primary == primary
        await drive.serving(5)
    finally:
        lab.mend("forward")


async def test_second_cockpit_is_read_only(lab: Lab, drive: Drive) -> None:
    async with Drive(lab.pair_path) as other:
        assert "acts" in other.controller.snapshot.read_only
        assert other.guest.actions[Action.STOP] == "read-only"
        assert other.guest.protection.state is State.PROTECTED


async def test_stop_ends_protection_and_the_guest_runs_on(lab: Lab, drive: Drive) -> None:
    primary = drive.primary
    await drive.act(Action.STOP)
    await drive.until(lambda v: v.protection.do_now in (Action.PROTECT, Action.REPROTECT), 5, "plain")
    assert drive.primary == primary
    await drive.serving(5)
    await drive.act(Action.PROTECT)


async def test_plain_user_with_sudo(lab: Lab) -> None:
    async with Drive(lab.pair_path) as first:
        await first.protected()
    async with Drive(lab.pair_path) as drive:
        pair = drive.pair
        hosts = tuple(replace(spec, user="operator") for spec in pair.hosts)
    from colotui.controller.controller import PairController

    controller = PairController(replace(pair, hosts=(hosts[0], hosts[1])))
    await controller.start()
    try:
        snapshot = await controller.settled()
        assert snapshot.guests[0].protection.state is State.PROTECTED
        old = snapshot.guests[0].protection.primary
        plan = await controller.prepare(GUEST, Action.SWITCH)
        assert not (await controller.run(plan, plan.confirm)).failed
        plan = await controller.prepare(GUEST, Action.REPROTECT)
        assert not (await controller.run(plan)).failed
        assert controller.snapshot.guests[0].protection.primary != old
    finally:
        await controller.close()


async def test_second_guest_with_virtio(lab: Lab) -> None:
    pair = load(lab.pair_path)
    first = pair.guests[0]
    address = lab.client.address + "1"  # .10 -> .101
    second = replace(
        first,
        name="web02",
        nics=(NicSpec("00:16:4f:00:00:22", NicModel.VIRTIO),),
        disks=(DiskSpec("/var/lib/colotui/web02/disk0.qcow2", size=64 << 20),),
        append=first.append.replace(lab.client.address, address),
        base_port=first.base_port + 2000,
        probe=ProbeSpec(ProbeKind.PING, address),
    )
    async with Drive(replace(pair, guests=(first, second)), guest="web02") as drive:
        await drive.protected()
        old, new = drive.primary, drive.secondary
        kill(lab, drive, old)
        await drive.until(lambda v: v.copies[old].life is Life.DEAD, 5, "the death is seen")
        await drive.act(Action.FAILOVER)
        await drive.serving(5)
        assert drive.primary == new
        await drive.act(Action.REPROTECT)
        await drive.until_state(State.PROTECTED)
        # There is no other use for it: end both copies as the test began them.
        for host in (old, new):
            kill(lab, drive, host)


async def test_secondary_that_hangs_while_protecting(lab: Lab, drive: Drive) -> None:
    await drive.act(Action.STOP)
    primary, secondary = drive.primary, drive.pair.other(drive.primary).name
    plan = await drive.controller.prepare(GUEST, Action.PROTECT)
    steps = []
    for step in plan.steps:

        async def hang(apply: Callable[[], Awaitable[str]] = step.apply) -> str:
            drive_pid = lab.path_on(secondary, f"{RUN}/pid").read_text().strip()
            subprocess.run(lab.host_argv(secondary, ["kill", "-STOP", drive_pid]), check=True)
            return await apply()

        steps.append(replace(step, apply=hang) if step.key == "lockstep" else step)
    progress = await drive.controller.run(replace(plan, steps=tuple(steps)))
    assert "did not answer" in progress.failed
    await drive.serving(5)
    assert drive.primary == primary
    progress = await drive.controller.undo(GUEST)
    assert not progress.failed
    await drive.until(lambda v: v.copies[secondary].life in (Life.DEAD, Life.ABSENT), 5, "the hung copy is gone")
    await drive.serving(5)


CYCLES = int(os.environ.get("COLOTUI_CYCLES", "20"))


async def test_many_cycles(lab: Lab, drive: Drive) -> None:
    for cycle in range(CYCLES):
        old = drive.primary
        kill(lab, drive, old)
        await drive.until(lambda v, old=old: v.copies[old].life is Life.DEAD, 5, "the death is seen")
        await drive.act(Action.FAILOVER)
        await drive.act(Action.REPROTECT)
        await drive.until_state(State.PROTECTED)
        print(f"cycle {cycle + 1}: {old} -> {drive.primary}", flush=True)

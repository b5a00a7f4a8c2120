"""The steps of every action on a QEMU pair, in the order that was measured to work (qemu-colo.md)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from colotui.engine.qemu.primary import PrimaryOps
from colotui.engine.qemu.secondary import SecondaryOps, is_plugged, make_disk, plug, start_plain
from colotui.engine.qemu.session import CopySession, Record
from colotui.errors import ActionRefused, EngineError
from colotui.host.channel import ProcessInfo
from colotui.model.plan import Step

DOC = "docs/system/qemu-colo.rst"
MEASURED = "measured"


def start_steps(
    session: CopySession, binary: str, accel: str, bridge: str, record: Callable[[str], Record]
) -> list[Step]:
    """Start the guest plain and alone on one host."""
    host, wiring = session.name, session.wiring

    async def disks_there() -> bool:
        found = await session.host.stat([disk.spec.path for disk in wiring.disks])
        return all(not _is_error(found[disk.spec.path]) for disk in wiring.disks)

    async def make_disks() -> str:
        await session.host.mkdir(wiring.data_dir)
        found = await session.host.stat([disk.spec.path for disk in wiring.disks])
        made = [await make_disk(session.host, disk) for disk in wiring.disks if _is_error(found[disk.spec.path])]
        return "; ".join(made)

    async def runs() -> bool:
        return await session.look() is not None

    async def start() -> str:
        return await start_plain(session, binary, accel)

    async def quit_it() -> str:
        return await session.fence()

    async def note() -> str:
        await session.write_record(record("started"))
        return "noted"

    return [
        Step("disk", host, "disk", f"qemu-img create {wiring.disks[0].spec.path}" if wiring.disks else "no disk",
             "a guest starts from an image that is there", make_disks, check=disks_there, source=DOC),
        Step("start", host, "start", f"{binary} -accel {accel} … (plain: no COLO filter yet)",
             "an armed comparison without a secondary would hold every reply", start, check=runs, undo=quit_it,
             undo_command="quit", source=MEASURED, weighty=True),
        plug_step(session, bridge),
        Step("record", host, "note it", f"write {wiring.data_dir}/state",
             "after a reboot this disk is the one to start", note, source="colotui"),
    ]  # fmt: skip


def plug_step(session: CopySession, bridge: str) -> Step:
    """Put the copy's taps into the service bridge: without it a survivor would speak to nobody."""
    taps = [nic.tap for nic in session.wiring.nics]

    async def plugged() -> bool:
        return await is_plugged(session.host, taps, bridge)

    async def plug_in() -> str:
        await plug(session.host, taps, bridge)
        return f"{' '.join(taps)} in {bridge}"

    return Step("plug", session.name, "plug in", f"ip link set {' '.join(taps)} master {bridge} up",
                "so that the guest reaches its clients once it speaks", plug_in, check=plugged, source=DOC)  # fmt: skip


def secondary_steps(
    ops: SecondaryOps,
    binary: str,
    accel: str,
    bridge: str,
    address: str,
    peer: str,
    sizes: Callable[[], Awaitable[dict[int, int]]],
) -> list[Step]:
    """A fresh secondary at `address`, waiting for the primary at `peer` (both forward addresses)."""
    session, wiring = ops.session, ops.wiring
    host = session.name

    async def runs() -> bool:
        return await session.look() is not None

    async def images() -> str:
        return await ops.prepare_images(await sizes())

    async def images_ready() -> bool:
        # Under a running secondary the overlays are in use and must not be made anew.
        return await runs()

    async def start() -> str:
        return await ops.start(binary, accel, peer)

    async def fence() -> str:
        return await session.fence()

    async def export() -> str:
        return await ops.export(address)

    async def listen() -> str:
        return await ops.listen(address)

    paths = " ".join(disk.spec.path for disk in wiring.disks)
    return [
        Step("images", host, "images", f"qemu-img create {paths}{{,.active,.hidden}}",
             "the secondary writes into overlays that a checkpoint empties", images, check=images_ready,
             undo=ops.remove_overlays, undo_command="rm the overlays", source=DOC),
        Step("wait", host, "start", f"{binary} -accel {accel} … -incoming defer",
             "a second copy that waits for the first one's state", start, check=runs, undo=fence,
             undo_command="quit, else kill -9", source=DOC),
        plug_step(session, bridge),
        Step("export", host, "offer the disk",
             f"migrate-set-capabilities return-path x-colo; nbd-server-start {address}:{wiring.nbd_port}; "
             "nbd-server-add", "the primary's disk writes come here", export, check=ops.exported, source=DOC),
        Step("listen", host, "listen", f"migrate-incoming tcp:{address}:{wiring.migration_port}",
             "the RAM and every checkpoint come here, on the forward link only", listen, check=ops.listening,
             source=DOC),
    ]  # fmt: skip


def primary_steps(ops: PrimaryOps, twin: CopySession, address: str, peer: str) -> list[Step]:
    """Arm the running primary at `address` and enter the lock-step with the secondary at `peer`."""
    wiring, host = ops.wiring, ops.session.name

    async def chardevs() -> str:
        return await ops.add_chardevs(address)

    async def has_chardevs() -> bool:
        return set(wiring.primary_chardevs) <= set(await ops.chardevs())

    async def has_objects() -> bool:
        return set(wiring.primary_objects) <= await ops.objects()

    async def mirror() -> str:
        return await ops.mirror(peer)

    async def enter() -> str:
        return await ops.enter(peer, twin)

    async def disarm() -> str:
        return await ops.disarm(yank=True)

    async def running_lockstep() -> bool:
        running = bool((await ops.session.qmp("query-status")).get("running"))
        return await ops.in_lockstep() and running

    return [
        Step("chardevs", host, "open the links", f"chardev-add {' '.join(wiring.primary_chardevs)}",
             "the secondary fetches the client's packets and returns its replies here", chardevs, check=has_chardevs,
             undo=disarm, undo_command="chardev-remove", source=DOC),
        Step("filters", host, "arm", f"object-add {' '.join(reversed(wiring.primary_objects))} (filters off)",
             "the comparison stands ready, but nothing is held yet", ops.add_objects, check=has_objects, undo=disarm,
             undo_command="object-del", source=DOC),
        Step("links", host, "wait for the links", "query-chardev: mirror0 and compare1 connected",
             "starting without them costs the guest half a second", ops.wait_linked, check=ops.linked,
             source=MEASURED),
        Step("mirror", host, "copy the disk", f"drive-mirror colo-disk0 nbd://{peer}:{wiring.nbd_port}/parent0",
             "the guest runs meanwhile", mirror, check=ops.mirrored, undo=ops.cancel_mirror,
             undo_command="block-job-cancel", source=DOC),
        Step("lockstep", host, "enter the lock-step",
             "stop; block-job-cancel; drive_add replication; x-blockdev-change; filters on; "
             f"migrate tcp:{peer}:{wiring.migration_port}",
             "the guest stands still for about 0.2 s; on failure it is put back to running",
             enter, check=running_lockstep, undo=disarm,
             undo_command="yank; x-blockdev-change; drive_del; object-del; x-colo-lost-heartbeat; chardev-remove",
             source=MEASURED, weighty=True),
    ]  # fmt: skip


def record_step(session: CopySession, record: Callable[[], Record], title: str, why: str, key: str = "record") -> Step:
    """Write on the host, over reboots, who carries on: the higher generation is the newer disk."""

    async def so() -> bool:
        await session.look()
        wanted = record()
        return (session.record.generation, session.record.role) == (wanted.generation, wanted.role)

    async def write() -> str:
        wanted = record()
        await session.write_record(wanted)
        return f"generation {wanted.generation}, {wanted.role}"

    path = f"{session.wiring.data_dir}/state"
    return Step(key, session.name, title, f"write {path}", why, write, check=so, source="colotui")


def fence_step(session: CopySession, why: str, key: str = "fence") -> Step:
    """End the other copy so that it cannot speak; proven by its process being gone."""

    async def fence() -> str:
        return await session.fence()

    command = f"QMP quit, after 0.7 s kill -9; then no process with {session.wiring.run_dir}/pid"
    return Step(key, session.name, "fence", command, why, fence, weighty=True, cancel_before=True, source="colotui")


def gone_step(session: CopySession, gone: ProcessInfo) -> Step:
    """The fence of a copy whose process its own host has seen to end: nothing else of the guest may live there."""
    host, name = session.name, session.wiring.spec.name
    proven = True

    async def fence() -> str:
        nonlocal proven
        if not proven:
            return await session.fence()
        # What was seen proves this moment only: a retry later fences as every failover does.
        proven = False
        # The answer is also fresh: an exit that was told long ago, to a cockpit that slept, finds no channel here.
        others = await session.others(gone)
        if others:
            raise ActionRefused(
                f"{host}: QEMU {gone.pid} ended, but another QEMU of {name} runs there (pid {others[0]}).",
                "Nothing was promoted. Look at that process; retry ends it first, then promotes.",
            )
        return f"QEMU {gone.pid} ended, seen by {host} itself; no other of {name} there"

    command = f"watch_exit {gone.pid}: ended; then no process with {session.wiring.run_dir}/pid"
    return Step("fence", host, "fence", command, "never two live copies", fence, weighty=True, source="colotui")


POWER_OFF_LIMIT = 90.0
"""Seconds a guest gets to power off by itself once its power button was pressed."""


def power_off_step(session: CopySession, note: Callable[[str], None]) -> Step:
    """Press the guest's power button and wait until it has put its disks in order."""
    host = session.name

    async def off() -> bool:
        return await session.look() is None

    async def press() -> str:
        process = await session.look()
        if process is None:
            return "it was off already"
        await session.qmp("system_powerdown")
        for second in range(int(POWER_OFF_LIMIT)):
            if await session.ended(process, 1.0):
                await session.close()
                return f"the guest powered off ({session.exit or 'by itself'})"
            note(f"waiting for the guest, {second + 1} of {POWER_OFF_LIMIT:.0f} s")
        raise EngineError(
            f"{host}: the guest did not power off within {POWER_OFF_LIMIT:.0f} s.",
            "Shut it down from inside, then retry; a guest without ACPI never hears its power button.",
        )

    return Step("power-off", host, "power off", f"system_powerdown; the process ends, at most {POWER_OFF_LIMIT:.0f} s",
                "the guest puts its disks in order itself", press, check=off, weighty=True,
                source="QMP reference")  # fmt: skip


def attest_step(session: CopySession) -> Step:
    """The operator's word that a host which cannot be reached is off; refused when that host answers again."""
    host = session.name

    async def attested() -> str:
        if session.host.is_up:
            raise ActionRefused(
                f"{host} answers again: nothing has to be attested.", "Leave this plan and look at the pair anew."
            )
        return "attested by the operator"

    return Step(
        "fence", host, "fence", f"none possible: {host} cannot be reached; the operator attests that it is off",
        "never two live copies", attested, weighty=True, source="colotui",
    )  # fmt: skip


def promote_steps(ops: SecondaryOps, record: Callable[[], Record], *, cut_first: bool) -> list[Step]:
    """Let the secondary carry on alone. `cut_first` when its peer was not ended before our eyes.

    No step asks first whether it is already so: every question is silence for the client, and each of these
    calls says itself when there was nothing left to do.
    """
    host = ops.session.name

    async def own_the_disk() -> str:
        # Noted before the promotion: a cockpit that dies between the two leaves no survivor that looks too old.
        text, _none = await asyncio.gather(ops.stop_export(), ops.session.write_record(record()))
        return f"{text}, survivor noted"

    steps = [
        Step("stop-export", host, "own the disk", f"nbd-server-stop; write {ops.wiring.data_dir}/state",
             "the disk is its own from here on, and the one to start after a reboot",
             own_the_disk, cancel_before=False, source=DOC),
        Step("promote", host, "promote", "x-colo-lost-heartbeat; query-colo-status: mode none, at most 5 s",
             "the secondary carries on from the last checkpoint", ops.promote, weighty=True,
             cancel_before=False, source=DOC),
        Step("release", host, "release the replies", "object-del f2 f1; chardev-remove red1 red0",
             "no filter holds them any more; open connections live on the rewriter", ops.release,
             cancel_before=False, source=DOC),
    ]  # fmt: skip
    if cut_first:
        steps.insert(0, Step("yank", host, "cut the links", "exec-oob yank red0 red1 migration",
                             "a peer that is silent instead of gone would hang these commands", ops.cut_peer,
                             cancel_before=False, source=MEASURED))  # fmt: skip
    return steps


def disarm_step(ops: PrimaryOps) -> Step:
    """Take the remains of an earlier try out of the primary."""

    async def clean() -> bool:
        return not await ops.leftovers()

    async def disarm() -> str:
        return await ops.disarm(yank=True)

    return Step("disarm", ops.session.name, "take out remains", "yank; block-job-cancel; drive_del; object-del",
                "they belong to a secondary that is gone", disarm, check=clean, source="colotui")  # fmt: skip


def carry_on_steps(ops: PrimaryOps) -> list[Step]:
    """Let the primary carry on alone: first cut what could hang it, then take COLO out."""
    host, session = ops.session.name, ops.session

    async def plain() -> bool:
        copy = await session.observe()
        return not copy.armed and copy.speaks is True and not await ops.chardevs_left()

    async def disarm() -> str:
        return await ops.disarm(yank=False)

    return [
        Step("yank", host, "cut the links", "exec-oob yank mirror0 compare1 migration #block…",
             "with a hung peer or a cut link the next commands would hang this QEMU", ops.yank, check=plain,
             cancel_before=True, source=MEASURED),
        Step("release", host, "carry on alone",
             "x-blockdev-change del; drive_del; object-del comp0 iothread1 m0 redire0 redire1; "
             "x-colo-lost-heartbeat; chardev-remove",
             "until the comparison is gone every reply is held", disarm, check=plain, cancel_before=False,
             weighty=True, source=DOC),
    ]  # fmt: skip


def fresh_checkpoint_step(session: CopySession, checkpoints: Callable[[], int]) -> Step:
    """Ask for a checkpoint now, so that the secondary is as new as can be."""

    async def force() -> str:

        before = checkpoints()
        await session.qmp("migrate-set-parameters", **{"x-checkpoint-delay": 100})
        for _ in range(300):
            if checkpoints() > before:
                return "a checkpoint just ended"
            await asyncio.sleep(0.01)
        await session.qmp("migrate-set-parameters", **{"x-checkpoint-delay": session.wiring.spec.checkpoint_delay})
        raise EngineError(
            f"{session.name}: no checkpoint came within 3 s; the switch was not begun.",
            "Look at the forward link and the secondary; when one of them is lost, fail over.",
        )

    async def fenced() -> bool:
        return await session.look() is None

    return Step("checkpoint", session.name, "fresh checkpoint", "migrate-set-parameters x-checkpoint-delay 100",
                "the secondary then stands where the primary stands", force, check=fenced,
                source=MEASURED)  # fmt: skip


def _is_error(value: object) -> bool:
    from colotui.host.channel import ReadError

    return isinstance(value, ReadError)

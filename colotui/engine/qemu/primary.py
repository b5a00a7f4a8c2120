"""What is done to the primary's QEMU: arm it, bring the disk up to date, enter the lock-step, disarm it.

Every operation first looks what is already so: after a cockpit died in the middle, the same call goes on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from colotui.engine.qemu.session import CopySession
from colotui.engine.qemu.wiring import PRIMARY_TRACE, DiskWiring, NicWiring
from colotui.errors import EngineError, QmpRefused

LINK_LIMIT = 10.0
"""Seconds the secondary may take to connect to the mirror and compare ports (it tries once a second)."""

MIRROR_STALL = 15.0
"""Seconds without a byte after which the disk copy counts as stuck."""

LOCKSTEP_LIMIT = 60.0
"""Seconds the first synchronisation of the RAM may take while the guest stands still."""

MIGRATION_BANDWIDTH = 10**11
"""Bytes a second: no limit; QEMU's default of 128 MiB/s would double the time the guest stands still."""


class PrimaryOps:
    """Operations on the primary copy of one guest. `note` gets live remarks ("62 % of 256 MiB")."""

    def __init__(self, session: CopySession, note: Callable[[str], None]) -> None:
        self.session = session
        self.wiring = session.wiring
        self._note = note

    async def objects(self) -> set[str]:
        """Ids below /objects."""
        return {str(item["name"]) for item in await self.session.qmp("qom-list", path="/objects")}

    async def chardevs(self) -> dict[str, str]:
        """Chardev labels with their file names, which tell whether they are connected."""
        return {str(c["label"]): str(c["filename"]) for c in await self.session.qmp("query-chardev")}

    async def chardevs_left(self) -> bool:
        """Some chardev of an armed primary is still there."""
        return bool(set(self.wiring.primary_chardevs) & set(await self.chardevs()))

    async def add_chardevs(self, address: str) -> str:
        """Listen for the secondary at `address` (forward link), and wire the comparison over loopback."""
        have = await self.chardevs()
        added = 0
        for nic in self.wiring.nics:
            for label, host, port, server in _chardevs(nic, address):
                if label in have:
                    continue
                data: dict[str, object] = {
                    "addr": {"type": "inet", "data": {"host": host, "port": str(port)}},
                    "server": server,
                }
                if server:
                    data["wait"] = False
                await self.session.qmp("chardev-add", id=label, backend={"type": "socket", "data": data})
                added += 1
        return f"{added} chardevs added"

    async def add_objects(self) -> str:
        """Add filters (off) and the comparison; before the rewriter on a survivor that once was a secondary."""
        have = await self.objects()
        added = 0
        for nic in self.wiring.nics:
            rewriter = nic.name("rew0")
            place = {"insert": "before", "position": f"id={rewriter}"} if rewriter in have else {}
            for properties in _objects(nic, self.wiring.spec.compare_timeout, place):
                if properties["id"] in have:
                    continue
                await self.session.qmp("object-add", **properties)
                added += 1
        # A survivor was started as a secondary, without the log of resets. Naming a trace event keeps the traces on:
        # `log` sets the whole mask.
        await self.session.human(f"log cpu_reset,trace:{PRIMARY_TRACE[0]}")
        return f"{added} objects added, filters off"

    async def linked(self) -> bool:
        """The secondary is connected to every mirror and compare chardev."""
        names = await self.chardevs()
        return all(
            label in names and not names[label].startswith("disconnected:") for label in self.wiring.peer_chardevs
        )

    async def wait_linked(self) -> str:
        """Wait for the secondary's connections: starting without them costs the guest half a second."""
        begun = time.monotonic()
        while not await self.linked():
            if time.monotonic() - begun > LINK_LIMIT:
                raise EngineError(
                    f"{self.session.name}: the secondary did not connect within {LINK_LIMIT:g} s.",
                    "Look at the forward link and the firewall of both hosts, then retry.",
                )
            await asyncio.sleep(0.02)
        return f"connected after {(time.monotonic() - begun) * 1000:.0f} ms"

    async def jobs(self) -> dict[str, dict[str, Any]]:
        """Running block jobs by id."""
        return {str(job["device"]): job for job in await self.session.qmp("query-block-jobs")}

    async def mirrored(self) -> bool:
        """Every disk's mirror is ready, or its replication is already attached."""
        jobs = await self.jobs()
        return all(d.job in jobs and jobs[d.job].get("ready") for d in self.wiring.disks) or await self.in_lockstep()

    async def leftovers(self) -> bool:
        """Jobs or replication nodes of an earlier try are there."""
        nodes, jobs = await self.nodes(), await self.jobs()
        return any(disk.replication in nodes or disk.job in jobs for disk in self.wiring.disks)

    async def nodes(self) -> set[str]:
        """Block node names."""
        answer = await self.session.qmp("query-named-block-nodes", flat=True)
        return {str(node["node-name"]) for node in answer}

    async def mirror(self, peer: str) -> str:
        """Copy every disk to the secondary while the guest runs, until both are equal and stay so.

        Raises EngineError when nothing moved for `MIRROR_STALL` s: a secondary that hangs never says so itself.
        """
        begun = moved = time.monotonic()
        last = -1
        jobs = await self.jobs()
        for disk in self.wiring.disks:
            if disk.job not in jobs:
                target = f"nbd://{peer}:{self.wiring.nbd_port}/{disk.export}"
                job: dict[str, Any] = {"job-id": disk.job, "mode": "existing", "format": "raw", "sync": "full"}
                await self.session.qmp("drive-mirror", device=disk.device, target=target, **job)
        while True:
            jobs = await self.jobs()
            gone = [disk.job for disk in self.wiring.disks if disk.job not in jobs]
            if gone:
                raise EngineError(
                    f"{self.session.name}: the disk copy {gone[0]} ended before it was complete.",
                    "Look at the secondary's disk space and the forward link, then retry.",
                )
            length = sum(int(jobs[d.job]["len"]) for d in self.wiring.disks)
            done = sum(int(jobs[d.job]["offset"]) for d in self.wiring.disks)
            seconds = time.monotonic() - begun
            if done != last:
                last, moved = done, time.monotonic()
            elif time.monotonic() - moved > MIRROR_STALL:
                raise EngineError(
                    f"{self.session.name}: the disk copy has not moved for {MIRROR_STALL:g} s.",
                    "Look at the secondary and the forward link, then retry or undo.",
                )
            if all(jobs[d.job].get("ready") for d in self.wiring.disks):
                return f"{length >> 20} MiB equal after {seconds:.1f} s"
            rate = done / seconds if seconds > 0.2 else 0.0
            left = f", {(length - done) / rate:.0f} s to go" if rate else ""
            self._note(f"disk {done * 100 // max(length, 1)} % of {length >> 20} MiB{left}")
            await asyncio.sleep(0.05)

    async def cancel_mirror(self) -> str:
        """End the disk copies; the secondary's image is then worth nothing."""
        jobs = await self.jobs()
        if any(disk.job in jobs and not jobs[disk.job].get("ready") for disk in self.wiring.disks):
            await self.yank()  # a hung secondary would hold the job for ever
        for disk in self.wiring.disks:
            if disk.job in jobs:
                await self.session.qmp("block-job-cancel", device=disk.job, force=True)
        await self._jobs_end()
        return "disk copy ended"

    async def _jobs_end(self) -> None:
        names = {disk.job for disk in self.wiring.disks}
        begun = time.monotonic()
        while names & set(await self.jobs()):
            if time.monotonic() - begun > 10:
                raise EngineError(f"{self.session.name}: the disk copy does not end.", "Undo, then retry.")
            await asyncio.sleep(0.003)

    async def in_lockstep(self) -> bool:
        """COLO runs on this side (says nothing about the peer's health)."""
        return str((await self.session.qmp("query-migrate")).get("status")) == "colo"

    async def enter(self, peer: str, twin: CopySession) -> str:
        """Stop the guest, hand the disk over to replication, switch the filters on and migrate; COLO resumes it.

        On any failure the guest is put back to running, plain and unprotected, before the error is raised.
        """
        spec = self.wiring.spec
        capabilities = [{"capability": name, "state": True} for name in ("return-path", "x-colo", "events")]
        await self.session.qmp("migrate-set-capabilities", capabilities=capabilities)
        await self.session.qmp(
            "migrate-set-parameters",
            **{"x-checkpoint-delay": spec.checkpoint_delay, "max-bandwidth": MIGRATION_BANDWIDTH},
        )
        nodes, jobs = await self.nodes(), await self.jobs()
        attached = {disk.index for disk in self.wiring.disks if await self._child(disk) is not None}
        for disk in self.wiring.disks:
            if disk.index not in attached and not jobs.get(disk.job, {}).get("ready"):
                raise EngineError(
                    f"{self.session.name}: the copy of {disk.device} is not complete; the lock-step was not begun.",
                    "Undo, then protect again.",
                )
        # With a secondary that hangs the next calls would block this QEMU while its guest stands still.
        await twin.qmp("query-status", limit=2.0)
        self.session.stopped_at = self.session.resumed_at = None
        try:
            # QEMU runs what is sent together in order; every round trip saved is time the guest stands still.
            cancels = [
                self.session.qmp("block-job-cancel", device=disk.job) for disk in self.wiring.disks if disk.job in jobs
            ]
            await asyncio.gather(self.session.qmp("stop"), *cancels)
            await self._jobs_end()
            await asyncio.gather(*self._attach(peer, nodes, attached), *self._filters_on())
            await self.session.qmp("migrate", uri=f"tcp:{peer}:{self.wiring.migration_port}")
            await self._wait_lockstep(twin)
        except BaseException:
            await asyncio.shield(self.disarm(yank=True))
            raise
        stopped, resumed = self.session.stopped_at, self.session.resumed_at
        if stopped is None or resumed is None or resumed < stopped:
            return "in lock-step"
        return f"guest stopped {(resumed - stopped) * 1000:.0f} ms"

    def _filters_on(self) -> list[Coroutine[Any, Any, Any]]:
        return [
            self.session.qmp("qom-set", path=f"/objects/{name}", property="status", value="on")
            for name in self.wiring.primary_filters
        ]

    def _attach(self, peer: str, nodes: set[str], attached: set[int]) -> list[Coroutine[Any, Any, Any]]:
        calls: list[Coroutine[Any, Any, Any]] = []
        for disk in self.wiring.disks:
            if disk.replication not in nodes:
                calls.append(
                    self.session.human(
                        f"drive_add -n buddy driver=replication,mode=primary,file.driver=nbd,file.host={peer},"
                        f"file.port={self.wiring.nbd_port},file.export={disk.export},node-name={disk.replication}"
                    )
                )
            if disk.index not in attached:
                calls.append(self.session.qmp("x-blockdev-change", parent=disk.device, node=disk.replication))
        return calls

    async def _child(self, disk: DiskWiring) -> str | None:
        """The quorum's child that is the replication node; None when it is not attached."""
        for node in await self.session.qmp("query-named-block-nodes"):
            if node.get("drv") != "quorum":
                continue
            for child in node.get("children", ()):
                if child.get("node-name") == disk.replication:
                    return str(child["child"])
        return None

    async def _wait_lockstep(self, twin: CopySession) -> None:
        """Both sides in colo and the guest running again."""
        begun = time.monotonic()
        while True:
            mine, his = await asyncio.gather(
                self.session.qmp("query-migrate", limit=2.0), twin.qmp("query-migrate", limit=2.0)
            )
            states = (str(mine.get("status")), str(his.get("status")))
            for host, answer, state in zip((self.session.name, twin.name), (mine, his), states, strict=True):
                if state in ("failed", "cancelled", "completed"):
                    reason = str(answer.get("error-desc", "no reason given"))
                    raise EngineError(
                        f"{host}: the first synchronisation ended as `{state}`: {reason}",
                        "The guest runs on, unprotected. Look at both QEMUs' messages, then retry.",
                    )
            if states == ("colo", "colo") and (await self.session.qmp("query-status")).get("running"):
                return
            if time.monotonic() - begun > LOCKSTEP_LIMIT:
                raise EngineError(
                    f"the hosts did not reach the lock-step within {LOCKSTEP_LIMIT:g} s ({' / '.join(states)}).",
                    "The guest runs on, unprotected. Look at the forward link's speed, then retry.",
                )
            # COLO resumes the guest by itself; asking more often would only take CPU from it.
            await asyncio.sleep(0.02)

    async def yank(self) -> str:
        """Cut this side's links to the peer out of band: frees a QMP that hangs on a dead or silent peer."""
        return await yank(self.session, self.wiring.peer_chardevs)

    async def disarm(self, *, yank: bool) -> str:
        """Back to a plain guest, alone and speaking. Whatever part of COLO is there is taken out."""
        if yank:
            await self.yank()
        if set(await self.jobs()) & {disk.job for disk in self.wiring.disks}:
            await self.cancel_mirror()
        for disk in self.wiring.disks:
            await self.detach(disk)
        present = await self.objects()
        await self.delete_objects(name for name in self.wiring.primary_objects if name in present)
        await self.leave_lockstep()
        await self.delete_chardevs()
        await self.resume()
        return "plain and running"

    async def detach(self, disk: DiskWiring) -> None:
        """Take the replication node out of the quorum and drop it."""
        child = await self._child(disk)
        if child is not None:
            await self.session.qmp("x-blockdev-change", parent=disk.device, child=child)
        if disk.replication in await self.nodes():
            await self.session.human(f"drive_del {disk.replication}")

    async def delete_objects(self, names: Iterable[str]) -> None:
        """object-del each of `names`."""
        for name in names:
            await self.session.qmp("object-del", id=name)

    async def leave_lockstep(self) -> None:
        """End COLO on this side, or a migration that has not reached it yet."""
        status = str((await self.session.qmp("query-migrate")).get("status"))
        if status == "colo":
            await self.session.qmp("x-colo-lost-heartbeat")
            await wait_mode_none(self.session)
        elif status in ("setup", "active", "wait-unplug", "device", "pre-switchover"):
            await self.session.qmp("migrate_cancel")

    async def delete_chardevs(self) -> None:
        """Remove the chardevs of an armed primary that are there."""
        have = await self.chardevs()
        for label in self.wiring.primary_chardevs:
            if label in have:
                await self.session.qmp("chardev-remove", id=label)

    async def resume(self) -> None:
        """Make sure the guest runs."""
        for _ in range(200):
            status = await self.session.qmp("query-status")
            if status.get("running"):
                return
            if status.get("status") in ("paused", "postmigrate", "prelaunch", "finish-migrate", "colo"):
                try:
                    await self.session.qmp("cont")
                except QmpRefused as error:
                    if "finish-migrate" not in error.description and "migrat" not in error.description:
                        raise
            await asyncio.sleep(0.01)
        raise EngineError(f"{self.session.name}: the guest does not run again.", "Look at its state, then retry.")


async def yank(session: CopySession, chardevs: Iterable[str]) -> str:
    """Cut `chardevs`, the migration and every network disk of one QEMU, on its spare line, out of band."""
    wanted = set(chardevs)
    line = await session.spare()
    known = await line.execute("query-yank", limit=2.0, oob=True)
    instances = [
        item
        for item in known
        if item["type"] in ("migration", "block-node") or (item["type"] == "chardev" and item["id"] in wanted)
    ]
    if not instances:
        return "nothing to cut"
    await line.execute("yank", {"instances": instances}, limit=2.0, oob=True)
    return f"{len(instances)} links cut"


async def wait_mode_none(session: CopySession, limit: float = 5.0) -> None:
    """Wait until QEMU says it has left COLO. Raises EngineError after `limit` s."""
    begun = time.monotonic()
    while (await session.qmp("query-colo-status")).get("mode") != "none":
        if time.monotonic() - begun > limit:
            raise EngineError(
                f"{session.name}: QEMU is still in COLO {limit:g} s after it was told that the peer is lost.",
                "Look at its messages; retry sends it again.",
            )
        await asyncio.sleep(0.002)


def _chardevs(nic: NicWiring, address: str) -> tuple[tuple[str, str, int, bool], ...]:
    """Label, address, port, server: in the order upstream adds them."""
    compare, out = nic.local_ports
    return (
        (nic.name("mirror0"), address, nic.mirror_port, True),
        (nic.name("compare1"), address, nic.compare_port, True),
        (nic.name("compare0"), "127.0.0.1", compare, True),
        (nic.name("compare0-0"), "127.0.0.1", compare, False),
        (nic.name("compare_out"), "127.0.0.1", out, True),
        (nic.name("compare_out0"), "127.0.0.1", out, False),
    )


def _objects(nic: NicWiring, timeout: int, place: dict[str, str]) -> tuple[dict[str, Any], ...]:
    """The filters and the comparison of one NIC, in the order that makes the packets flow right."""
    filters: dict[str, Any] = {"netdev": nic.netdev, "status": "off", **place, **nic.vnet_hdr}
    return (
        {"qom-type": "filter-mirror", "id": nic.name("m0"), "queue": "tx", "outdev": nic.name("mirror0"), **filters},
        {"qom-type": "filter-redirector", "id": nic.name("redire0"), "queue": "rx", "indev": nic.name("compare_out"),
         **filters},
        {"qom-type": "filter-redirector", "id": nic.name("redire1"), "queue": "rx", "outdev": nic.name("compare0"),
         **filters},
        {"qom-type": "iothread", "id": nic.name("iothread1")},
        {"qom-type": "colo-compare", "id": nic.name("comp0"), "primary_in": nic.name("compare0-0"),
         "secondary_in": nic.name("compare1"), "outdev": nic.name("compare_out0"), "iothread": nic.name("iothread1"),
         "compare_timeout": timeout, **nic.vnet_hdr},
    )  # fmt: skip

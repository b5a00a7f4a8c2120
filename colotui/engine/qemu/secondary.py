"""What is done to the secondary's QEMU and its host: images, start, export, promotion."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from colotui.engine.qemu.cmdline import primary_argv, secondary_argv
from colotui.engine.qemu.primary import wait_mode_none, yank
from colotui.engine.qemu.session import CopySession
from colotui.engine.qemu.wiring import DiskWiring
from colotui.errors import EngineError, HostCallFailed, QmpGone, QmpRefused, QmpTimeout
from colotui.host.channel import Host, ReadError

START_LIMIT = 15.0
"""Seconds a QEMU may take from its start to its first answer (0.2-0.6 s measured, more on a busy machine)."""


async def image_size(host: Host, path: str, image_format: str) -> int | None:
    """Virtual size of an image in bytes; None when the file is not there. Raises EngineError when it is no image."""
    if isinstance((await host.stat([path]))[path], ReadError):
        return None
    result = await host.run(
        ["qemu-img", "info", "--force-share", "--output=json", "-f", image_format, path], timeout=20, check=False
    )
    if result.status != 0:
        last = (result.stderr.strip().splitlines() or ["qemu-img printed nothing"])[-1]
        raise EngineError(f"{host.name}: {path} is not a usable {image_format} image: {last}", "Mend or replace it.")
    return int(json.loads(result.stdout)["virtual-size"])


class SecondaryOps:
    """Operations on the copy that follows. `note` gets live remarks."""

    def __init__(self, session: CopySession, note: Callable[[str], None]) -> None:
        self.session = session
        self.host = session.host
        self.wiring = session.wiring
        self._note = note

    async def prepare_images(self, sizes: dict[int, int]) -> str:
        """Make the image (if there is none) and fresh overlays, all as long as the primary's disks."""
        made = []
        await self.host.mkdir(self.wiring.data_dir)
        for disk in self.wiring.disks:
            size = sizes[disk.index]
            have = await image_size(self.host, disk.spec.path, disk.spec.format)
            if have is not None and have != size:
                raise EngineError(
                    f"{self.host.name}: {disk.spec.path} has {have} bytes, the primary's disk {size}.",
                    "COLO needs equal lengths. Move that file away (protect makes a new one), then retry.",
                )
            if have is None:
                await self._create(disk.spec.path, disk.spec.format, size)
                made.append(disk.spec.path.rsplit("/", 1)[-1])
            for path in (disk.active, disk.hidden):
                await self._create(path, "qcow2", size)
        return f"{', '.join(made) or 'image kept'}; overlays made anew"

    async def _create(self, path: str, image_format: str, size: int) -> None:
        await self.host.run(["qemu-img", "create", "-q", "-f", image_format, path, str(size)], timeout=30)

    async def remove_overlays(self) -> str:
        """Remove the two overlay files of every disk."""
        await self.host.remove([path for disk in self.wiring.disks for path in (disk.active, disk.hidden)])
        return "overlays removed"

    async def start(self, binary: str, accel: str, peer: str) -> str:
        """Start the waiting QEMU."""
        return await launch(self.session, secondary_argv(self.wiring, binary, accel, peer))

    async def export(self, address: str) -> str:
        """Switch COLO on for the incoming side and offer every image to the primary."""
        capabilities = [{"capability": name, "state": True} for name in ("return-path", "x-colo", "events")]
        await self.session.qmp("migrate-set-capabilities", capabilities=capabilities)
        have = {str(e["id"]) for e in await self.session.qmp("query-block-exports")}
        if not have:
            try:
                await self.session.qmp(
                    "nbd-server-start",
                    addr={"type": "inet", "data": {"host": address, "port": str(self.wiring.nbd_port)}},
                )
            except QmpRefused as error:
                if "already" not in error.description:
                    raise
        for disk in self.wiring.disks:
            if disk.export not in have:
                await self.session.qmp("nbd-server-add", device=disk.export, writable=True)
        return f"{len(self.wiring.disks)} disk exported"

    async def exported(self) -> bool:
        """Every image is offered to the primary."""
        have = {str(e["id"]) for e in await self.session.qmp("query-block-exports")}
        return all(disk.export in have for disk in self.wiring.disks)

    async def listening(self) -> bool:
        """The migration port is open, or the migration already came."""
        answer = await self.session.qmp("query-migrate")
        return bool(answer.get("status", "none") != "none")

    async def listen(self, address: str) -> str:
        """Take the RAM and every checkpoint on the forward address."""
        await self.session.qmp("migrate-incoming", uri=f"tcp:{address}:{self.wiring.migration_port}")
        return f"port {self.wiring.migration_port} open on {address}"

    async def stop_export(self) -> str:
        """Stop taking the primary's disk writes; the image is ours from here on."""
        try:
            await self.session.qmp("nbd-server-stop")
        except QmpRefused as error:
            if "not running" not in error.description:
                raise
            return "no export left"
        return "export stopped"

    async def cut_peer(self) -> str:
        """Cut the links to a primary that may be silent for ever, out of band."""
        return await yank(self.session, self.wiring.secondary_chardevs)

    async def promoted(self) -> bool:
        """This copy was a secondary in COLO and has left it, running."""
        colo, status = await asyncio.gather(self.session.qmp("query-colo-status"), self.session.qmp("query-status"))
        return colo.get("mode") == "none" and colo.get("last-mode") == "secondary" and bool(status.get("running"))

    async def promote(self) -> str:
        """Carry on alone from the last checkpoint on."""
        try:
            await self.session.qmp("x-colo-lost-heartbeat")
        except QmpRefused:
            if not await self.promoted():
                raise
            return "it carried on alone already"
        await wait_mode_none(self.session)
        return "mode none: it carries on alone"

    async def release(self) -> str:
        """Let the replies go to the client: remove the redirectors and their chardevs, keep the rewriter."""
        gone = (
            *(self.session.qmp("object-del", id=name) for name in self.wiring.secondary_objects),
            *(self.session.qmp("chardev-remove", id=label) for label in self.wiring.secondary_chardevs),
        )
        # Sent together: QEMU runs them in order, and the client waits for the last filter to go.
        for answer in await asyncio.gather(*gone, return_exceptions=True):
            if isinstance(answer, BaseException) and "not found" not in str(answer):
                raise answer
        return "its replies go out"


async def start_plain(session: CopySession, binary: str, accel: str) -> str:
    """Start the guest alone on this host, without any COLO piece."""
    return await launch(session, primary_argv(session.wiring, binary, accel))


async def make_disk(host: Host, disk: DiskWiring) -> str:
    """Create an empty disk of the size the pair file gives."""
    if disk.spec.size is None:
        raise EngineError(
            f"{host.name}: {disk.spec.path} is not there and the pair file gives no size.",
            "Put the guest's image there, or give the disk a `size` to start with an empty one.",
        )
    await host.run(
        ["qemu-img", "create", "-q", "-f", disk.spec.format, disk.spec.path, str(disk.spec.size)], timeout=30
    )
    return f"{disk.spec.path} made, {disk.spec.size >> 20} MiB"


async def launch(session: CopySession, argv: list[str]) -> str:
    """Start QEMU detached from us and wait for its first answer.

    Raises EngineError with QEMU's own last words when it ended at once.
    """
    host, run = session.host, session.wiring.run_dir
    await host.mkdir(run)
    stray = await session.strays()
    if stray:
        raise EngineError(
            f"{host.name}: a QEMU of {session.wiring.spec.name} runs there already (pid {stray[0]}).",
            "End it on that host, then retry.",
        )
    old = [f"{run}/{name}" for name in ("exit", "pid", "stderr.log", "serial.log", "trace.log")]
    await host.remove(old)
    await host.spawn(argv, stdout=f"{run}/stderr.log", stderr=f"{run}/stderr.log", exit_file=f"{run}/exit")
    waited = 0.0
    while True:
        process = await session.look()
        if session.exit is not None:
            words = (await host.read([f"{run}/stderr.log"]))[f"{run}/stderr.log"]
            text = words.decode("utf-8", "replace").strip() if isinstance(words, bytes) else ""
            last = (text.splitlines() or ["it printed nothing"])[-1]
            raise EngineError(f"{host.name}: QEMU ended at once ({session.exit}): {last}", "Mend that, then retry.")
        if process is not None:
            try:
                await session.qmp("query-status", limit=START_LIMIT)
                break
            except (QmpGone, QmpTimeout, HostCallFailed):
                pass
        if waited > START_LIMIT:
            raise EngineError(f"{host.name}: QEMU did not answer within {START_LIMIT:g} s of its start.", "Undo.")
        await asyncio.sleep(0.03)
        waited += 0.03
    return f"pid {session.pid}"


async def is_plugged(host: Host, taps: list[str], bridge: str) -> bool:
    """Every tap is up and in `bridge`."""
    names = [f"/sys/class/net/{tap}/master/ifindex" for tap in taps]
    want = f"/sys/class/net/{bridge}/ifindex"
    flags = [f"/sys/class/net/{tap}/flags" for tap in taps]
    found = await host.read([want, *names, *flags])
    index = found[want]
    if not isinstance(index, bytes) or any(found[name] != index for name in names):
        return False
    return all(isinstance(f := found[flag], bytes) and int(f, 16) & 1 for flag in flags)


async def plug(host: Host, taps: list[str], bridge: str) -> None:
    """Put `taps` into `bridge` and bring them up. Raises EngineError when either is not there."""
    async with await host.netlink() as net:
        from pyroute2.netlink.exceptions import NetlinkError  # loaded by now, and only the part that routes

        for tap in taps:
            found = [await net.link_lookup(ifname=name) for name in (tap, bridge)]
            missing = next((name for name, index in zip((tap, bridge), found, strict=True) if not index), None)
            if missing is not None:
                raise EngineError(
                    f"{host.name}: there is no network device {missing} to join {tap} and {bridge}.",
                    "The pair file names the service bridge: make it, or mend the name, then retry.",
                )
            try:
                await net.link("set", index=found[0][0], master=found[1][0], state="up")
            except NetlinkError as error:
                raise EngineError(
                    f"{host.name}: {tap} cannot be put into {bridge}: {error}", "Retry, or undo."
                ) from error

"""Problems of the disks of a guest's configuration."""

from __future__ import annotations

from collections.abc import Iterator

from colotui.engine.xen.cfg import Text
from colotui.engine.xen.cfgdoc import Document
from colotui.engine.xen.disk import Disk, DiskError, parse_disk
from colotui.engine.xen.problem import Problem, addresses
from colotui.errors import ConfigError
from colotui.model.pair import HostSpec

_OLD_PREFIX = ("tap:colo:", "tap2:colo:", "tap:remus:", "tap2:remus:")


def problems(document: Document, classic: bool, primary: HostSpec, secondary: HostSpec) -> Iterator[Problem]:
    """Everything wrong with `disk`."""
    try:
        texts = document.texts("disk")
    except ConfigError as error:
        yield Problem(error.line, error.what.partition(": ")[2], "xl reads no disk from there on.", error.next_step)
        return
    disks: list[tuple[Text, Disk]] = []
    for text in texts:
        if text.text.startswith(_OLD_PREFIX):
            yield Problem(
                text.line,
                "the prefix of this disk is no COLO: xl takes what follows it for the name of a file.",
                "Only blktap2's own tools ever read it.",
                "Write the disk with filter=colo (classic) or colo (merged).",
            )
            continue
        try:
            disk = parse_disk(text.text, classic=classic)
        except DiskError as error:
            known = not classic and "filter" in str(error)
            cure = "Convert it to the merged form." if known else "Correct it; `xl create -n` says the same."
            yield Problem(text.line, f"xl refuses this disk: {error}.", "The guest cannot be created.", cure)
            continue
        if not disk.cdrom:
            disks.append((text, disk))
    if not texts:
        yield Problem(document.line("disk"), "the guest has no disk.", "COLO replicates disks.", "Write disk=[...].")
    yield from (_classic if classic else _merged)(disks, primary, secondary)


def _classic(disks: list[tuple[Text, Disk]], primary: HostSpec, secondary: HostSpec) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for text, disk in disks:
        if disk.filter != "colo":
            yield Problem(
                text.line,
                f"disk {disk.vdev} has no filter=colo.",
                "Its writes do not reach the secondary.",
                f"Add filter=colo,filter-params={secondary.address}:9000, with a port of its own.",
            )
            continue
        if disk.backendtype != "tap":
            yield Problem(
                text.line,
                f"disk {disk.vdev} is not of backendtype=tap.",
                "The filter is part of blktap2.",
                "Write backendtype=tap.",
            )
        host, colon, port = disk.filter_params.rpartition(":")
        if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
            yield Problem(
                text.line,
                f"filter-params of disk {disk.vdev} is not address:port.",
                "The disk connects there.",
                f"Write filter-params={secondary.address}:9000.",
            )
        elif host in (primary.forward.address, secondary.forward.address):
            yield Problem(
                text.line,
                f"filter-params of disk {disk.vdev} is the forward NIC's address {host}.",
                "tc hands all that comes in there to the guest; a connection over it cannot work.",
                f"Use another address of {secondary.name}.",
            )
        elif host == primary.address:
            yield Problem(
                text.line,
                f"filter-params of disk {disk.vdev} is an address of {primary.name}.",
                "It must be the secondary's.",
                f"Use an address of {secondary.name}.",
            )
        if disk.filter_params in seen:
            yield Problem(
                text.line,
                f"filter-params of disk {disk.vdev} is that of line {seen[disk.filter_params]}.",
                "Each disk has a connection of its own.",
                "Give it another port.",
            )
        seen.setdefault(disk.filter_params, text.line)
        if disk.format != "raw":
            yield Problem(
                text.line,
                f"disk {disk.vdev} is not raw.",
                "blktap2's filter replicates raw images.",
                "Convert the image with qemu-img.",
            )


def _merged(disks: list[tuple[Text, Disk]], primary: HostSpec, secondary: HostSpec) -> Iterator[Problem]:
    servers: dict[tuple[str, int], int] = {}
    used: dict[str, int] = {}
    for text, disk in disks:
        if not disk.colo:
            yield Problem(
                text.line,
                f"disk {disk.vdev} has no `colo`.",
                "Its writes do not reach the secondary.",
                "Add colo, colo-host, colo-port, colo-export, active-disk and hidden-disk before the target.",
            )
            continue
        missing = [
            name
            for name, value in (
                ("colo-host", disk.colo_host),
                ("colo-port", disk.colo_port > 0),
                ("colo-export", disk.colo_export),
                ("active-disk", disk.active_disk),
                ("hidden-disk", disk.hidden_disk),
            )
            if not value
        ]
        if missing:
            yield Problem(
                text.line,
                f"disk {disk.vdev} lacks {', '.join(missing)}.",
                "libxl then says that no checkpoint device handles it.",
                "Add them before the target.",
            )
        if disk.backendtype != "qdisk":
            yield Problem(
                text.line,
                f"disk {disk.vdev} is not of backendtype=qdisk.",
                "Only QEMU replicates a disk; any other is not handled by checkpoint.",
                "Write backendtype=qdisk.",
            )
        if disk.colo_port >= 65536:
            yield Problem(
                text.line, f"colo-port {disk.colo_port} is no port.", "NBD needs one.", "Give one below 65536."
            )
        if disk.colo_host in addresses(primary) - addresses(secondary):
            yield Problem(
                text.line,
                f"colo-host {disk.colo_host} is an address of {primary.name}.",
                "The NBD server runs on the secondary.",
                f"Use an address of {secondary.name}.",
            )
        servers.setdefault((disk.colo_host, disk.colo_port), text.line)
        for what, value in (("colo-export", disk.colo_export), ("file", disk.active_disk), ("file", disk.hidden_disk)):
            if value and f"{what} {value}" in used:
                yield Problem(
                    text.line,
                    f"{what} {value} is used twice (line {used[f'{what} {value}']}).",
                    "Each disk needs its own.",
                    "Give it another name.",
                )
            used[f"{what} {value}"] = text.line
        if disk.target in (disk.active_disk, disk.hidden_disk):
            yield Problem(
                text.line,
                f"disk {disk.vdev} has its own image as an overlay.",
                "The overlays are emptied at every checkpoint.",
                "Give the overlays files of their own.",
            )
    if len(servers) > 1:
        yield Problem(
            max(servers.values()),
            "the disks name different colo-host or colo-port.",
            "libxl starts one NBD server, for all disks.",
            "Give all disks the same; the export tells them apart.",
        )

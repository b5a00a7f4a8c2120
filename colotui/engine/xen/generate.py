"""A guest's xl configuration for today's Xen COLO, made from the pair file; and the COLO words of one disk or vif."""

from __future__ import annotations

from collections.abc import Mapping

from colotui.engine.xen.cfgdoc import Document, Plain
from colotui.engine.xen.colokeys import colo_keys
from colotui.errors import EngineUnfit
from colotui.host.survey.leftovers import OVERLAYS
from colotui.model.pair import GuestSpec, HostSpec, NicModel

_VDEVS = ("hda", "hdb", "hdc", "hdd")
_MIB = 1 << 20


def export_name(number: int) -> str:
    """The name of a disk's NBD export, counted from 0."""
    return f"qdisk{number + 1}"


def merged_disk(target: str, number: int, secondary: str, port: int) -> dict[str, str | None]:
    """The words of a disk that make QEMU replicate it to the address `secondary`; the overlays lie beside the disk."""
    beside = target.replace(",", "_")  # only a target may hold a comma
    return {
        "backendtype": "qdisk",
        "colo": "",
        "colo-host": secondary,
        "colo-port": str(port),
        "colo-export": export_name(number),
        "active-disk": beside + OVERLAYS[0],
        "hidden-disk": beside + OVERLAYS[1],
    }


def generate(
    guest: GuestSpec,
    primary: HostSpec,
    primary_address: str,
    secondary_address: str,
    settings: Mapping[str, Plain] | None = None,
) -> Document:
    """The configuration of `guest` with COLO from `primary_address` to `secondary_address`.

    `settings` are further ones, or other values for those made here. Raises EngineUnfit for a guest that Xen COLO
    cannot run, with the reason.
    """
    _fit(guest, primary_address, secondary_address)
    values: dict[str, Plain] = {
        "name": guest.name,
        "type": "hvm",
        "memory": guest.memory // _MIB,
        "vcpus": guest.cpus,
        "xen_platform_pci": 0,
        "serial": "pty",
        "vga": "none",
        "vnc": 0,
        "sdl": 0,
        "nographic": 1,
        # a guest that xl restarts by itself would leave its copy behind on the other host
        "on_reboot": "preserve",
        "on_crash": "preserve",
    }
    if guest.kernel:
        words = guest.append.split()
        values["kernel"] = guest.kernel
        if guest.initrd:
            values["ramdisk"] = guest.initrd
        values["cmdline"] = guest.append if "xen_nopv" in words else f"{guest.append} xen_nopv".strip()
    if guest.extra:
        values["device_model_args"] = list(guest.extra)
    nic = guest.nics[0]
    vif = {"mac": nic.mac, "bridge": primary.bridge, "model": "e1000", "forwarddev": primary.forward.nic}
    vif |= colo_keys(primary_address, guest.base_port)
    values["vif"] = [",".join(f"{key}={value}" for key, value in vif.items())]
    values["disk"] = [
        _disk(disk.path, disk.format, number, secondary_address, guest.base_port)
        for number, disk in enumerate(guest.disks)
    ]
    values |= settings or {}
    document = Document("")
    for name, value in values.items():
        document = document.with_value(name, value)
    return document


def _disk(path: str, form: str, number: int, secondary: str, port: int) -> str:
    words = [f"format={form}", "devtype=disk", "access=rw", f"vdev={_VDEVS[number]}"]
    words += [f"{key}={value}" if value else key for key, value in merged_disk(path, number, secondary, port).items()]
    return ",".join([*words, f"target={path}"])


def _fit(guest: GuestSpec, *addresses: str) -> None:
    if len(guest.nics) != 1:
        raise EngineUnfit(
            f"{guest.name} has {len(guest.nics)} NICs: Xen COLO compares the packets of exactly one.",
            "Give the guest one NIC, or use the qemu engine.",
        )
    if guest.nics[0].model is not NicModel.E1000:
        raise EngineUnfit(
            f"{guest.name} has a {guest.nics[0].model} NIC: COLO on Xen was proven with e1000 only.",
            "Give the guest an e1000, or use the qemu engine.",
        )
    if not 0 < len(guest.disks) <= len(_VDEVS):
        raise EngineUnfit(
            f"{guest.name} has {len(guest.disks)} disks: the emulated controller has room for one to {len(_VDEVS)}.",
            "Give the guest fewer disks, or use the qemu engine.",
        )
    if guest.memory < _MIB:
        raise EngineUnfit(f"{guest.name} has less than 1 MiB of memory.", "Correct it in the pair file.")
    for word in (*addresses, guest.nics[0].mac, *(disk.path for disk in guest.disks)):
        if not word or set(word) & set(",\n\0"):
            raise EngineUnfit(
                f"{guest.name}: xl's configuration cannot hold {word!r} in a list.",
                "Choose a name without commas and line ends.",
            )

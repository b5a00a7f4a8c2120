"""Changes to a user's own configuration: the merged form of COLO and the classic one, as patches that keep the rest."""

from __future__ import annotations

from dataclasses import dataclass

from colotui.engine.xen.cfgdoc import Document
from colotui.engine.xen.colokeys import colo_keys
from colotui.engine.xen.disk import DiskError, parse_disk
from colotui.engine.xen.disktext import changed
from colotui.engine.xen.generate import merged_disk
from colotui.engine.xen.vif import Vif, VifError, parse_vif
from colotui.errors import ConfigError
from colotui.model.pair import HostSpec


@dataclass(frozen=True, slots=True)
class Lost:
    """Something of the old form that the new one has no place for. `line` is of the old file."""

    line: int
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Conversion:
    """The new document, what could not be kept, and what a person must still do."""

    document: Document
    lost: tuple[Lost, ...]
    left: tuple[str, ...]


def to_merged(
    document: Document, primary: HostSpec, primary_address: str, secondary_address: str, base_port: int = 9000
) -> Conversion:
    """The configuration for the COLO that is part of Xen, with `xl remus -c -p`, from a classic or a plain one.

    Raises ConfigError for a disk or vif that cannot be read, or has no target to lay overlays beside.
    """
    lost: list[Lost] = []
    left: list[str] = []
    new = _guest(document, left)
    for number, item in enumerate(document.texts("disk")):
        try:
            disk = parse_disk(item.text, classic=True)
            if disk.cdrom:
                continue
            values = merged_disk(disk.target or "", number, secondary_address, base_port)
            values |= {"filter": None, "filter-params": None, "no-colo": None}
            text = changed(item.text, values, classic=True)
        except DiskError as error:
            raise ConfigError(document.path, item.line, f"this disk cannot be converted: {error}.", _CORRECT) from None
        if not disk.target or ":" in disk.target:
            raise ConfigError(document.path, item.line, "this disk's target is no path of an image.", _CORRECT)
        new = _put(new, "disk", number, text)
        left.append(
            f"Make the overlays of {disk.vdev} on the secondary, as large as the disk: {values['active-disk']} and "
            f"{values['hidden-disk']}."
        )
        if disk.filter_params:
            lost.append(
                Lost(
                    item.line,
                    f"filter-params={disk.filter_params} of {disk.vdev}",
                    f"All disks share one NBD server, at {secondary_address}:{base_port}; the export tells them apart.",
                )
            )
        if disk.filter == "colo" or disk.backendtype == "tap":
            lost.append(
                Lost(
                    item.line,
                    f"backendtype=tap and its filter of {disk.vdev}",
                    "blktap2 is not part of Xen any more: QEMU replicates the disk (qdisk).",
                )
            )
    vifs = document.texts("vif")
    for number, item in enumerate(vifs):
        vif = _vif(document, item.text, item.line)
        if vif.get("model") not in ("", "e1000"):
            lost.append(Lost(item.line, f"model={vif.get('model')}", "COLO on Xen was proven with e1000 only."))
        if number:
            lost.append(
                Lost(
                    item.line,
                    f"the comparison of vif {number + 1}",
                    "libxl gives its packet filters fixed names: QEMU can compare one vif. The guest must have one.",
                )
            )
            continue
        if vif.get("forwarddev"):
            lost.append(
                Lost(
                    item.line,
                    f"the work of forwarddev={vif.get('forwarddev')}",
                    "With -p QEMU sends the packets to compare over sockets; the word stays, for the kernel's proxy.",
                )
            )
        values_of_vif = {"model": "e1000"} | colo_keys(primary_address, base_port)
        if not vif.get("forwarddev"):
            values_of_vif["forwarddev"] = primary.forward.nic
        new = _put(new, "vif", number, vif.with_values(values_of_vif).text)
    for name in ("device_model_override", "device_model_version"):
        if document.line(name) and document.string(name) != "qemu-xen":
            lost.append(Lost(document.line(name), name, "It names another device model; Xen's own has the filters."))
            new = new.without(name)
    return Conversion(new, tuple(lost), tuple(left))


def to_classic(
    document: Document, primary: HostSpec, secondary: HostSpec, first_port: int = 9000, nics: tuple[str, ...] = ()
) -> Conversion:
    """The configuration as the seed has it, from a plain one: for the Xen of classic COLO only.

    `nics`: the directly connected NIC of each vif, when there is more than the pair's one. Raises ConfigError.
    """
    left: list[str] = []
    new = _guest(document, left)
    for number, item in enumerate(document.texts("disk")):
        values = {
            "backendtype": "tap", "filter": "colo", "filter-params": f"{secondary.address}:{first_port + number}",
        }  # fmt: skip
        try:
            disk = parse_disk(item.text, classic=True)
            if disk.cdrom:
                continue
            text = changed(item.text, values, classic=True)
        except DiskError as error:
            raise ConfigError(document.path, item.line, f"this disk cannot be changed: {error}.", _CORRECT) from None
        new = _put(new, "disk", number, text)
        left.append(f"Copy the image of {disk.vdev} to {secondary.name}: {disk.target}.")
    for number, item in enumerate(document.texts("vif")):
        vif = _vif(document, item.text, item.line)
        nic = nics[number] if number < len(nics) else primary.forward.nic
        new = _put(new, "vif", number, vif.with_values({"model": "e1000", "forwarddev": nic}).text)
    return Conversion(new, (), tuple(left))


_CORRECT = "Correct it first; `xl create -n` shows what xl makes of it."


def _guest(document: Document, left: list[str]) -> Document:
    new = document
    # which of the two names says it is the user's choice
    kinds = [name for name in ("type", "builder") if document.line(name)]
    for name in kinds or ["type"]:
        if document.string(name) != "hvm":
            new = new.with_value(name, "hvm")
            left.append("Install the guest as an HVM guest: a disk of a PV guest may not boot as one.")
    if _number(document, "xen_platform_pci") != 0:
        new = new.with_value("xen_platform_pci", 0)
    if not document.line("kernel"):
        left.append("Add xen_nopv to the kernel's command line inside the guest.")
        return new
    name = "cmdline" if document.line("cmdline") else "extra" if document.line("extra") else "cmdline"
    words = document.string(name) or ""
    return new if "xen_nopv" in words.split() else new.with_value(name, f"{words} xen_nopv".strip())


def _number(document: Document, name: str) -> int | None:
    try:
        return document.number(name)
    except ConfigError:
        return None


def _put(document: Document, name: str, number: int, text: str) -> Document:
    item = document.texts(name)[number]
    return document if item.text == text else document.with_text(item, text)


def _vif(document: Document, text: str, line: int) -> Vif:
    try:
        return parse_vif(text)
    except VifError as error:
        raise ConfigError(document.path, line, f"this vif cannot be changed: {error}.", _CORRECT) from None

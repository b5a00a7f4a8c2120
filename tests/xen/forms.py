"""What our parsers make of a text, in the form libxl tells it: to be compared."""

from __future__ import annotations

from colotui.engine.xen.cfg import Items, Text
from colotui.engine.xen.cfgdoc import Document
from colotui.engine.xen.disk import Disk
from colotui.errors import ConfigError


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def plain(document: Document, name: str) -> object:
    def of(item: Text | Items) -> object:
        return encoded(item.text) if isinstance(item, Text) else [of(inner) for inner in item.items]

    parts = document.parts(name)
    if isinstance(parts[0].value, Text):
        return encoded(document.string(name) or "")
    return [of(item) for item in document.items(name)]


def number(document: Document, name: str) -> int | None:
    try:
        return document.number(name)
    except ConfigError:
        return None


def disk_form(disk: Disk) -> dict[str, object]:
    """As libxl writes a disk in JSON: only what is not the default."""
    named = {
        "backend_domname": disk.backend, "script": disk.script, "backend": disk.backendtype,
        "specification": disk.specification, "colo_host": disk.colo_host, "colo_export": disk.colo_export,
        "active_disk": disk.active_disk, "hidden_disk": disk.hidden_disk, "format": disk.format,
        "colo_port": disk.colo_port, "removable": int(disk.cdrom), "is_cdrom": int(disk.cdrom),
        "readwrite": int(disk.writable), "direct_io_safe": disk.direct_io_safe,
    }  # fmt: skip
    form = {key: value for key, value in named.items() if value}
    form |= {"pdev_path": disk.target, "vdev": disk.vdev}
    for key, flag in (("colo_enable", disk.colo), ("discard_enable", disk.discard), ("trusted", disk.trusted)):
        form[key] = None if flag is None else str(flag)
    return {key: value for key, value in form.items() if value is not None}

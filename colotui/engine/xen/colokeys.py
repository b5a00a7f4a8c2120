"""The keys of a vif that QEMU's packet filters are made from; no manual lists them, and all follow from one address."""

from __future__ import annotations

from collections.abc import Mapping

_PORTS = {"compare_pri_in": 1, "mirror": 3, "compare_sec_in": 4, "redirector": 5, "notify": 9}
"""Ports as distances from the guest's first one; the disk's NBD server has the first itself."""

_SOCKETS = (
    # socket, its name in QEMU, its port
    ("mirror", "mirror0", "mirror"),
    ("compare_pri_in", "compare0", "compare_pri_in"),
    ("compare_sec_in", "compare1", "compare_sec_in"),
    ("compare_notify", "notify0", "notify"),
    ("redirector0", "compare_out", "redirector"),
    ("redirector1", "compare0c", "compare_pri_in"),
    ("redirector2", "compare_out0", "redirector"),
)
_SECONDARY_SOCKETS = (
    ("sec_redirector0", "red0", "mirror"),
    ("sec_redirector1", "red1", "compare_sec_in"),
)
_PRIMARY_FILTERS = {
    "colo_filter_mirror_queue": "tx",
    "colo_filter_mirror_outdev": "mirror0",
    "colo_filter_redirector0_queue": "rx",
    "colo_filter_redirector0_indev": "compare_out",
    "colo_filter_redirector1_queue": "rx",
    "colo_filter_redirector1_outdev": "compare0c",
    "colo_compare_pri_in": "compare0",
    "colo_compare_sec_in": "compare1",
    "colo_compare_out": "compare_out0",
    "colo_compare_notify_dev": "notify0",
}
_SECONDARY_FILTERS = {
    "colo_filter_sec_redirector0_queue": "tx",
    "colo_filter_sec_redirector0_indev": "red0",
    "colo_filter_sec_redirector1_queue": "rx",
    "colo_filter_sec_redirector1_outdev": "red1",
    "colo_filter_sec_rewriter0_queue": "all",
}
UNUSED = (
    "colo_filter_redirector0_outdev", "colo_filter_redirector1_indev", "colo_filter_sec_redirector0_outdev",
    "colo_filter_sec_redirector1_indev",
)  # fmt: skip
"""Keys xl reads too, that the filters do without."""


def colo_keys(primary: str, base_port: int) -> dict[str, str]:
    """All keys for a guest whose primary is at the address `primary`, in the order of the filters.

    Every socket is on the primary: the secondary's two connect to it.
    """
    ports = {name: str(base_port + distance) for name, distance in _PORTS.items()}
    found: dict[str, str] = {}
    for sockets, filters in ((_SOCKETS, _PRIMARY_FILTERS), (_SECONDARY_SOCKETS, _SECONDARY_FILTERS)):
        for socket, name, port in sockets:
            found[f"colo_sock_{socket}_id"] = name
            found[f"colo_sock_{socket}_ip"] = primary
            found[f"colo_sock_{socket}_port"] = ports[port]
        found |= filters
    found["colo_checkpoint_host"] = primary
    found["colo_checkpoint_port"] = ports["notify"]
    return found


KNOWN: tuple[str, ...] = (*colo_keys("", 0), *UNUSED)
"""Every key that begins with `colo_`."""


def base_port_of(values: Mapping[str, str]) -> int | None:
    """The guest's first port, by its checkpoint port; None when there is none."""
    text = values.get("colo_checkpoint_port", "")
    return int(text) - _PORTS["notify"] if text.isascii() and text.isdigit() and len(text) < 6 else None

"""Debian's libxlutil through ctypes: what xl itself makes of a configuration. Needs neither Xen nor root."""

from __future__ import annotations

import ctypes as c
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

PACKAGES = (
    "libxenmisc4.20", "libxenmisc4.17", "libxencall1", "libxendevicemodel1", "libxenevtchn1", "libxenforeignmemory1",
    "libxengnttab1", "libxenhypfs1", "libxenstore4", "libxentoolcore1", "libxentoollog1", "libyajl2", "libnl-3-200",
)  # fmt: skip


class _List(c.Structure):
    pass


class _Setting(c.Structure):
    pass


_Setting._fields_ = [
    ("next", c.POINTER(_Setting)),
    ("name", c.c_char_p),
    ("value", c.c_void_p),
    ("op", c.c_int),
    ("line", c.c_int),
]


class _Config(c.Structure):
    _fields_ = [("settings", c.POINTER(_Setting)), ("report", c.c_void_p), ("source", c.c_char_p)]


@dataclass(frozen=True)
class Read:
    """What xl read: by name the value (bytes, or a list of such), the line, whether the last one was `+=`."""

    values: dict[bytes, object]
    lines: dict[bytes, int]
    adds: dict[bytes, bool]
    numbers: dict[bytes, int | None]


class Xlu:
    """The library of one folder with the packages' files."""

    def __init__(self, folder: Path) -> None:
        waiting = sorted(folder.rglob("lib*.so.*"))
        waiting = [path for path in waiting if "fsimage" not in path.name]
        self._kept: list[c.CDLL] = []
        found: dict[str, c.CDLL] = {}
        while waiting:
            left = []
            for path in waiting:
                try:
                    found[path.name] = c.CDLL(str(path), mode=c.RTLD_GLOBAL)
                except OSError:
                    left.append(path)
            if len(left) == len(waiting):
                break
            waiting = left
        name = next(name for name in found if name.startswith("libxlutil.so."))
        self.version = name.removeprefix("libxlutil.so.")
        self._xlu = found[name]
        self._light = next(lib for name, lib in found.items() if name.startswith("libxenlight.so."))
        self._libc = c.CDLL(None)
        self._libc.fopen.restype = c.c_void_p
        self._libc.free.argtypes = [c.c_void_p]
        self._null = self._libc.fopen(b"/dev/null", b"w")
        x = self._xlu
        x.xlu_cfg_init.restype = c.POINTER(_Config)
        x.xlu_cfg_init.argtypes = [c.c_void_p, c.c_char_p]
        x.xlu_cfg_readdata.argtypes = [c.POINTER(_Config), c.c_char_p, c.c_int]
        x.xlu_cfg_destroy.argtypes = [c.POINTER(_Config)]
        x.xlu_cfg_value_type.argtypes = [c.c_void_p]
        x.xlu_cfg_value_get_string.argtypes = [c.c_void_p, c.c_void_p, c.POINTER(c.c_char_p), c.c_int]
        x.xlu_cfg_value_get_list.argtypes = [c.c_void_p, c.c_void_p, c.POINTER(c.c_void_p), c.c_int]
        x.xlu_cfg_get_listitem2.restype = c.c_void_p
        x.xlu_cfg_get_listitem2.argtypes = [c.c_void_p, c.c_int]
        x.xlu_cfg_get_long.argtypes = [c.c_void_p, c.c_char_p, c.POINTER(c.c_long), c.c_int]
        x.xlu_disk_parse.argtypes = [c.c_void_p, c.c_int, c.POINTER(c.c_char_p), c.c_void_p]
        x.xlu_rdm_parse.argtypes = [c.c_void_p, c.c_void_p, c.c_char_p]
        x.xlu_vif_parse_rate.argtypes = [c.c_void_p, c.c_char_p, c.c_void_p]
        light = self._light
        for kind in ("disk", "nic"):
            getattr(light, f"libxl_device_{kind}_init").argtypes = [c.c_void_p]
            getattr(light, f"libxl_device_{kind}_dispose").argtypes = [c.c_void_p]
            getattr(light, f"libxl_device_{kind}_to_json").argtypes = [c.c_void_p, c.c_void_p]
            getattr(light, f"libxl_device_{kind}_to_json").restype = c.c_void_p

    def read(self, data: bytes) -> Read | None:
        """What xl reads; None when it refuses."""
        config = self._xlu.xlu_cfg_init(self._null, b"oracle")
        try:
            if self._xlu.xlu_cfg_readdata(config, data, len(data)):
                return None
            read = Read({}, {}, {}, {})
            node = config.contents.settings
            while node:
                one = node.contents
                if one.name not in read.values:
                    read.values[one.name] = self._value(config, one.value)
                    read.lines[one.name] = one.line
                    read.adds[one.name] = bool(one.op)
                    number = c.c_long()
                    failed = self._xlu.xlu_cfg_get_long(config, one.name, c.byref(number), 1)
                    read.numbers[one.name] = None if failed else number.value
                node = one.next
            return read
        finally:
            self._xlu.xlu_cfg_destroy(config)

    def _value(self, config: object, value: int) -> object:
        text = c.c_char_p()
        if not self._xlu.xlu_cfg_value_get_string(config, value, c.byref(text), 1):
            return text.value
        items = c.c_void_p()
        self._xlu.xlu_cfg_value_get_list(config, value, c.byref(items), 1)
        found = []
        while item := self._xlu.xlu_cfg_get_listitem2(items, len(found)):
            found.append(self._value(config, item))
        return found

    def _device(self, kind: str, parse: object) -> dict[str, object] | None:
        space = c.create_string_buffer(4096)
        light = self._light
        getattr(light, f"libxl_device_{kind}_init")(space)
        config = self._xlu.xlu_cfg_init(self._null, b"oracle")
        try:
            if parse(config, space):  # type: ignore[operator]
                return None
            told = getattr(light, f"libxl_device_{kind}_to_json")(None, space)
            if not told:
                raise RuntimeError("libxl writes no JSON")
            text = c.string_at(told)
            self._libc.free(told)
            return dict(json.loads(text.decode("utf-8", "surrogateescape"), strict=False))
        finally:
            self._xlu.xlu_cfg_destroy(config)
            getattr(light, f"libxl_device_{kind}_dispose")(space)

    def disk(self, spec: bytes) -> dict[str, object] | None:
        """What xl makes of a disk; None when it refuses."""
        specs = (c.c_char_p * 1)(spec)
        return self._device("disk", lambda config, space: self._xlu.xlu_disk_parse(config, 1, specs, space))

    def rate(self, spec: bytes) -> tuple[int, int] | None:
        """Bytes for each interval, and the interval in µs; None when xl refuses."""
        c.set_errno(0)
        found = self._device("nic", lambda config, space: self._xlu.xlu_vif_parse_rate(config, spec, space))
        if found is None:
            return None
        return int(str(found.get("rate_bytes_per_interval", 0))), int(str(found.get("rate_interval_usecs", 0)))

    def rdm(self, spec: bytes) -> tuple[int, int] | None:
        """Strategy and policy as libxl numbers them; None when xl refuses."""
        space = (c.c_int * 16)()
        config = self._xlu.xlu_cfg_init(self._null, b"oracle")
        try:
            failed = self._xlu.xlu_rdm_parse(config, space, spec)
            return None if failed else (space[0], space[1])
        finally:
            self._xlu.xlu_cfg_destroy(config)


def fetch(folder: Path) -> Path | None:
    """The folder with libxlutil: $COLOTUI_XLU, else the packages unpacked into `folder`; None when there is no way."""
    if given := os.environ.get("COLOTUI_XLU"):
        return Path(given)
    folder.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        if package.startswith("libxenmisc") and list(folder.rglob("libxlutil.so.*")):
            continue
        try:
            subprocess.run(["apt-get", "download", package], cwd=folder, capture_output=True, check=False, timeout=120)
        except OSError:
            return None
        for deb in folder.glob("*.deb"):
            subprocess.run(["dpkg", "-x", str(deb), str(folder)], check=True, timeout=120)
            deb.unlink()
    return folder if list(folder.rglob("libxlutil.so.*")) else None

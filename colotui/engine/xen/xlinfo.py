"""What `xl info`, `xl list` and `xl list -l` print, as values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from colotui.errors import EngineError
from colotui.host.parsers import number
from colotui.model.versions import parse_version

INCOMING = "--incoming"
"""What the name of a domain that is being received ends with, until a failover renames it: the sign of a secondary."""

LONGEST = 8 << 20
"""Bytes of a `list -l` at most."""

_MOST = 4096
_ROW = re.compile(
    r"(\S.{0,127}?) +(\d{1,9}) +(\d{1,12}) +(\d{1,6})\s+([-r][-b][-p][-s][-rscwS?][-d]) +(\d{1,12}\.\d)(?:\s.*)?"
)
_LOG_LEVELS = {"none": 0, "error": 1, "warning": 2, "info": 3, "debug": 4, "all": 4}
_REASONS = {"r": "reboot", "s": "suspend", "c": "crash", "w": "watchdog", "S": "soft reset", "-": "poweroff"}


@dataclass(frozen=True, slots=True)
class XenInfo:
    """`xl info`. `values` are all lines; memory in MiB."""

    values: Mapping[str, str]

    @property
    def version(self) -> str:
        """The hypervisor's version, "4.20.4-pre"; "" when it does not tell."""
        return self.values.get("xen_version", "")

    @property
    def numbers(self) -> tuple[int, ...] | None:
        """The version as numbers."""
        return parse_version(self.version) if self.version else None

    @property
    def hvm(self) -> bool:
        """True when HVM guests can run."""
        return "hvm" in self.values.get("virt_caps", "").split() or "hvm-" in self.values.get("xen_caps", "")

    @property
    def free_mib(self) -> int | None:
        """Memory no domain has."""
        return number(self.values.get("free_memory", ""))

    @property
    def options(self) -> dict[str, str]:
        """The hypervisor's command line; the last of a name counts."""
        words = self.values.get("xen_commandline", "").split()
        return {name: value for name, _, value in (word.partition("=") for word in words)}

    @property
    def shows_old_triple_fault(self) -> bool:
        """Whether `xl dmesg` shows what a guest's triple fault says in a Xen of classic COLO (level INFO, guest).

        A newer Xen says it as an error, which the default shows. With "none/all" the second word is for rate-limited
        messages, and counts too.
        """
        level = self.options.get("guest_loglvl", "")
        return any(_LOG_LEVELS.get(word, 0) >= _LOG_LEVELS["info"] for word in level.split("/"))


def parse_info(text: str) -> XenInfo:
    """The lines `name : value`; others are skipped."""
    found: dict[str, str] = {}
    for line in text[:65536].splitlines()[:500]:
        name, colon, value = line.partition(":")
        if colon and re.fullmatch(r"[a-z][a-z0-9_]{1,40} *", name):
            found[name.strip()] = value.strip()
    return XenInfo(found)


@dataclass(frozen=True, slots=True)
class DomainRow:
    """One line of `xl list`. `state` is its six letters; memory in MiB, time in s of CPU."""

    name: str
    domid: int
    memory: int
    cpus: int
    state: str
    seconds: float

    @property
    def incoming(self) -> bool:
        """True for a domain that is being received: a secondary, or what a failed run left."""
        return self.name.endswith(INCOMING)

    @property
    def guest(self) -> str:
        """The guest's name, on the secondary too."""
        return self.name.removesuffix(INCOMING)

    @property
    def paused(self) -> bool:
        """True when the domain is paused."""
        return self.state[2] == "p"

    @property
    def shut(self) -> str:
        """Why the domain is shut down ("suspend" in the middle of a checkpoint); "" for one that is not."""
        return _REASONS.get(self.state[4], "unknown") if self.state[3] == "s" else ""


def parse_list(text: str) -> tuple[DomainRow, ...]:
    """The domains of `xl list`, with or without -v; lines that are none are skipped."""
    found: list[DomainRow] = []
    for line in text.splitlines():
        match = _ROW.fullmatch(line.rstrip()[:400])
        if match is not None and len(found) < _MOST:
            name, domid, memory, cpus, state, seconds = match.groups()
            found.append(DomainRow(name, int(domid), int(memory), int(cpus), state, float(seconds)))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class DomainConfig:
    """One domain of `xl list -l`: its disks and NICs as libxl names their parts."""

    name: str
    domid: int
    type: str
    disks: tuple[Mapping[str, Any], ...]
    nics: tuple[Mapping[str, Any], ...]
    build: Mapping[str, Any]

    @property
    def colo_disks(self) -> tuple[Mapping[str, Any], ...]:
        """The disks that are replicated."""
        return tuple(disk for disk in self.disks if disk.get("colo_enable") == "True")

    @property
    def secondary(self) -> bool:
        """True when its disks were made to receive: a secondary, or one promoted since."""
        return any(disk.get("colo_restore_enable") == "True" for disk in self.disks)

    @property
    def has_filters(self) -> bool:
        """True when its first NIC names the checkpoint's address: QEMU was started with the packet filters."""
        return bool(self.nics and self.nics[0].get("colo_checkpoint_host"))


def parse_list_long(text: str) -> tuple[DomainConfig, ...]:
    """The domains of `xl list -l`. Raises EngineError when that is not what it printed."""
    if len(text) > LONGEST:
        raise _no_list(f"more than {LONGEST} bytes")
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise _no_list("no JSON") from None
    if not isinstance(told, list):
        raise _no_list("no list of domains")
    found: list[DomainConfig] = []
    for one in told[:_MOST]:
        config = _table(_table(one).get("config"))
        first = _table(config.get("c_info"))
        domid, name = _table(one).get("domid"), first.get("name")
        if not isinstance(domid, int) or isinstance(domid, bool) or not isinstance(name, str):
            raise _no_list("a domain without number or name")
        found.append(
            DomainConfig(
                name,
                domid,
                str(first.get("type", "")),
                _tables(config.get("disks")),
                _tables(config.get("nics")),
                _table(config.get("b_info")),
            )
        )
    return tuple(found)


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _tables(value: object) -> tuple[Mapping[str, Any], ...]:
    return tuple(_table(one) for one in value[:64]) if isinstance(value, list) else ()


def _no_list(what: str) -> EngineError:
    return EngineError(f"`xl list -l` printed {what}.", "Run it on the host and look at what it says.")

"""A disk of an xl guest configuration: its parameters as xl's own lexer takes them, today's and the classic ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

LONGEST = 8192
"""Characters of one disk at most."""

_FORMATS = {"": "raw", "raw": "raw", "qcow": "qcow", "qcow2": "qcow2", "vhd": "vhd", "empty": "empty", "qed": "qed"}
_BACKENDS = ("phy", "tap", "qdisk", "standalone")
_ATOI = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]{1,30})")


class DiskError(ValueError):
    """xl refuses this disk; the text says why."""


@dataclass(slots=True)
class Disk:
    """A disk as xl understands it. None and "": not given. `filter` and `filter_params` exist in classic COLO only."""

    target: str | None = None
    vdev: str | None = None
    format: str = ""
    backendtype: str = ""
    backend: str = ""
    script: str = ""
    specification: str = ""
    writable: bool = True
    cdrom: bool = False
    direct_io_safe: bool = False
    discard: bool | None = None
    trusted: bool | None = None
    grant_usage: bool | None = None
    colo: bool | None = None
    colo_host: str = ""
    colo_port: int = 0
    colo_export: str = ""
    active_disk: str = ""
    hidden_disk: str = ""
    filter: str = ""
    filter_params: str = ""
    prefixed: bool = False
    _access_set: bool = field(default=False, repr=False, compare=False)


def parse_disk(text: str, *, classic: bool = False) -> Disk:
    """What xl makes of the string. `classic`: the xl of classic COLO, which knows `filter=` and `filter-params=`.

    Raises DiskError where xl would refuse it.
    """
    if len(text) > LONGEST:
        raise DiskError(f"it is longer than {LONGEST} characters")
    disk = Disk()
    place = 0
    while place < len(text):
        place += _step(text, place, disk, classic)
    disk.format = disk.format or "raw"
    if disk.cdrom:
        disk.writable = False
        if not disk.target:
            disk.format = "empty"
    if disk.vdev is None:
        raise DiskError("no vdev is given")
    if disk.target is None and not disk.cdrom:
        raise DiskError("no target is given")
    return disk


def _step(text: str, place: int, disk: Disk, classic: bool) -> int:
    """Take one word, by the rule that covers most (of equal ones the first); how many characters it took."""
    best: tuple[int, int, _Act, str] | None = None
    for pattern, act, ahead, only_classic in _RULES:
        if only_classic and not classic:
            continue
        found = pattern.match(text, place)
        if found is None or found.end() == place:
            continue
        taken = (found.end(1) if ahead else found.end()) - place
        if best is None or found.end() - place > best[0]:
            best = (found.end() - place, taken, act, text[place : place + taken])
    if best is None:
        if place == len(text) - 1:  # xl finds the end before it has complained about a single last character
            return 1
        raise DiskError(f"bad syntax at `{text[place : place + 40]}`")
    _, taken, act, word = best
    act(disk, word)
    return taken


_Act = Callable[[Disk, str], None]


def _value(word: str) -> str:
    return word.partition("=")[2].removesuffix(",")


def _set(disk: Disk, name: str, value: str) -> None:
    if getattr(disk, name):  # xl does not mind when it was empty before
        raise DiskError(f"{name.replace('_', '-')} is given twice")
    setattr(disk, name, value)


def _keep(name: str) -> _Act:
    return lambda disk, word: _set(disk, name, _value(word))


def _flag(name: str, value: bool) -> _Act:
    return lambda disk, word: setattr(disk, name, value)


def _choose(disk: Disk, name: str, value: str) -> None:
    if getattr(disk, name) not in ("", value):
        raise DiskError(f"{name} is given twice")
    setattr(disk, name, value)


def _format(disk: Disk, value: str) -> None:
    if value not in _FORMATS:
        raise DiskError(f"unknown format `{value}`")
    _choose(disk, "format", _FORMATS[value])


def _backendtype(disk: Disk, word: str) -> None:
    if _value(word) not in _BACKENDS:
        raise DiskError(f"unknown backendtype `{_value(word)}`")
    _choose(disk, "backendtype", _value(word))


def _specification(disk: Disk, word: str) -> None:
    if _value(word) not in ("xen", "virtio"):
        raise DiskError(f"unknown specification `{_value(word)}`")
    _choose(disk, "specification", _value(word))


def _access(disk: Disk, value: str) -> None:
    if value not in ("r", "ro", "rw", "w", ""):
        raise DiskError(f"unknown access `{value}`")
    disk.writable = value not in ("r", "ro")


def _port(disk: Disk, word: str) -> None:
    found = _ATOI.match(_value(word))
    port = int(found[1]) if found else 0
    port = max(-(1 << 63), min((1 << 63) - 1, port)) & 0xFFFFFFFF
    if not port:
        raise DiskError("colo-port is no number")
    disk.colo_port = port - (port >> 31 << 32)


def _prefix(disk: Disk, word: str) -> None:
    disk.prefixed = True
    if word in ("raw:", "qcow:", "qcow2:", "vhd:"):
        _format(disk, word[:-1])
    elif word in ("iscsi:", "nbd:", "enbd:", "drbd:"):
        _set(disk, "script", f"block-{word[:-1]}")


def _refuse(why: str) -> _Act:
    def act(disk: Disk, word: str) -> None:
        raise DiskError(f"{why} `{word}`")

    return act


def _vdev_and_type(disk: Disk, word: str) -> bool:
    name, colon, kind = word.rpartition(":")
    if not colon:
        return False
    _set(disk, "vdev", name)
    if kind not in ("cdrom", "disk"):
        raise DiskError(f"unknown type `{kind}`")
    disk.cdrom = kind == "cdrom"
    return True


def _positional(disk: Disk, word: str) -> None:
    word = word.removesuffix(",")
    if disk.target is None:
        disk.target = word
    elif not disk.prefixed and not disk.format:
        if not disk.target and _vdev_and_type(disk, word):
            disk.format = "empty"
        else:
            _format(disk, word)
    elif disk.vdev is None:
        if not _vdev_and_type(disk, word):
            disk.vdev = word
    elif not disk._access_set:
        disk._access_set = True
        _access(disk, word)
    else:
        raise DiskError(f"too many values without a name at `{word}`")


def _rules() -> list[tuple[re.Pattern[str], _Act, bool, bool]]:
    """Patterns in xl's order. `ahead`: only group 1 is taken, the rest decides which rule wins."""
    plain: list[tuple[str, _Act]] = [
        (r"format=[^,]*,?", lambda disk, word: _format(disk, _value(word))),
        (r"cdrom,?", _flag("cdrom", True)),
        (r"devtype=cdrom,?", _flag("cdrom", True)),
        (r"devtype=disk,?", _flag("cdrom", False)),
        (r"devtype=[^,]*,?", _refuse("unknown type")),
        (r"access=[^,]*,?", lambda disk, word: _access(disk, _value(word))),
        (r"backend=[^,]*,?", _keep("backend")),
        (r"backendtype=[^,]*,?", _backendtype),
        (r"specification=[^,]*,?", _specification),
        (r"vdev=[^,]*,?", _keep("vdev")),
        (r"script=[^,]*,?", _keep("script")),
        (r"direct-io-safe,?", _flag("direct_io_safe", True)),
        (r"discard,?", _flag("discard", True)),
        (r"no-discard,?", _flag("discard", False)),
        (r"colo,?", _flag("colo", True)),
        (r"no-colo,?", _flag("colo", False)),
        (r"colo-host=[^,]*,?", _keep("colo_host")),
        (r"colo-port=[^,]*,?", _port),
        (r"colo-export=[^,]*,?", _keep("colo_export")),
        (r"active-disk=[^,]*,?", _keep("active_disk")),
        (r"hidden-disk=[^,]*,?", _keep("hidden_disk")),
        (r"trusted,?", _flag("trusted", True)),
        (r"untrusted,?", _flag("trusted", False)),
        (r"grant_usage=1,?", _flag("grant_usage", True)),
        (r"grant_usage=0,?", _flag("grant_usage", False)),
    ]
    classic: list[tuple[str, _Act]] = [
        (r"filter=[^,]*,?", _keep("filter")),
        (r"filter-params=[^,]*,?", _keep("filter_params")),
    ]
    found: list[tuple[re.Pattern[str], _Act, bool, bool]] = [
        (re.compile(r"([ \t\n]+)(?:[^ \t\n].*)?"), lambda disk, word: None, True, False)
    ]
    found += [(re.compile(pattern), act, False, False) for pattern, act in plain]
    found += [(re.compile(pattern), act, False, True) for pattern, act in classic]
    found += [
        (re.compile(r"target=.*"), _keep("target"), False, False),
        (re.compile(r"[a-z][-a-z0-9]*=[^,],?"), _refuse("unknown parameter"), False, False),
        (re.compile(r"((?:raw|qcow2?|vhd):).*"), _prefix, True, False),
        (re.compile(r"((?:iscsi|e?nbd|drbd):).*"), _prefix, True, False),
        (re.compile(r"((?:tapdisk|tap2?|aio|ioemu|file|phy):).*"), _prefix, True, False),
        (re.compile(r"([a-z][a-z0-9]*:)(?:[^a-z0-9].*)?"), _refuse("unknown prefix"), True, False),
        (re.compile(r"[^=,]*,|[^=,]+,?"), _positional, False, False),
    ]
    return found


_RULES = _rules()

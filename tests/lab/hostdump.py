"""All of a lab host that a set-up may change, so that what was before and what is after an undo can be compared.

Left out, because it moves by itself or cannot be chosen: device indexes, counters and timers; the queueing discipline
of a device that is down (the kernel chooses one at its first "up" and shows it from then on); neighbours and learned
MAC addresses; times and owners of files, sizes of folders; the ends of TCP's own sysctls that the kernel counts up
(`_VOLATILE_SYSCTLS`); what apt and the shell note of their use (`_VOLATILE_FILES`).
"""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

from colotui.lab.lab import Lab

_VOLATILE_LINK = ("ifindex", "link_index", "link", "link_netnsid", "stats", "stats64")
_VOLATILE_BRIDGE = ("timer", "root_id", "bridge_id", "designated", "topology", "fdb_n", "tc_detected", "message_age")
_VOLATILE_SYSCTLS = ("fs/", "kernel/")
_VOLATILE_FILES = ("/root/.bash_history", "/var/lib/apt/lists", "/run/colotui/ssh")

_READ = r"""
import hashlib, json, os, stat, sys
volatile = json.loads(sys.argv[1])
sysctls, files = {}, {}
for top in ("net/core", "net/ipv4", "net/ipv6", "net/bridge"):
    for folder, _, names in os.walk("/proc/sys/" + top):
        for name in names:
            path = os.path.join(folder, name)
            try:
                with open(path) as text:
                    sysctls[path[len("/proc/sys/"):]] = text.read().strip()
            except OSError as error:
                sysctls[path[len("/proc/sys/"):]] = "errno %d" % error.errno
def add(path, deep):
    if path in volatile:
        return
    seen = os.lstat(path)
    said = [stat.filemode(seen.st_mode)]
    if stat.S_ISLNK(seen.st_mode):
        said.append(os.readlink(path))
    elif stat.S_ISREG(seen.st_mode) and deep:
        digest = hashlib.sha256()
        with open(path, "rb") as data:
            for part in iter(lambda: data.read(1 << 20), b""):
                digest.update(part)
        said += [seen.st_size, digest.hexdigest()]
    files[path] = said
    if stat.S_ISDIR(seen.st_mode):
        for name in sorted(os.listdir(path)):
            add(os.path.join(path, name), deep)
for top in ("/etc", "/var/lib", "/root"):
    add(top, True)
add("/usr/local", False)
for name in sorted(os.listdir("/run")):
    if name.startswith("colotui"):
        add("/run/" + name, True)
print(json.dumps({"sysctls": sysctls, "files": files}))
"""


def dump(lab: Lab, host: str) -> dict[str, Any]:
    """Links, addresses, routes and rules of all tables, qdiscs, filters, bridge ports, sysctls and files."""
    _wait_settled(lab, host)
    links = {link["ifname"]: _still(link) for link in _asked(lab, host, "ip", "-j", "-d", "link", "show")}
    read = lab.host_argv(host, ["python3", "-I", "-c", _READ, json.dumps(_VOLATILE_FILES)])
    found: dict[str, Any] = json.loads(subprocess.run(read, check=True, capture_output=True).stdout)
    sysctls = {name: value for name, value in found["sysctls"].items() if not name.startswith(_VOLATILE_SYSCTLS)}
    return {
        "links": links,
        "addresses": {
            link["ifname"]: link["addr_info"] for link in _asked(lab, host, "ip", "-j", "addr", "show") if link
        },
        "routes": {
            family: _sorted(_asked(lab, host, "ip", family, "-j", "-d", "route", "show", "table", "all"))
            for family in ("-4", "-6")
        },
        "rules": {family: _asked(lab, host, "ip", family, "-j", "rule", "show") for family in ("-4", "-6")},
        "ports": [_still(port) for port in _asked(lab, host, "bridge", "-j", "-d", "link", "show")],
        "qdiscs": _sorted(
            [qdisc for qdisc in _asked(lab, host, "tc", "-j", "qdisc", "show") if "UP" in links[qdisc["dev"]]["flags"]]
        ),
        "filters": {
            f"{name} {side}".strip(): shown
            for name in links
            for side in ("", "ingress", "egress")
            if (shown := _asked(lab, host, "tc", "-j", "filter", "show", "dev", name, *([side] if side else [])))
        },
        "sysctls": sysctls,
        "files": found["files"],
    }


def _wait_settled(lab: Lab, host: str) -> None:
    """Until IPv6 has made sure of its addresses: the kernel does that in its own time."""
    for _ in range(50):
        shown = _asked(lab, host, "ip", "-j", "addr", "show", "tentative")
        if not any(link.get("addr_info") for link in shown):
            return
        time.sleep(0.1)


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Each value that is not the same, by the way to it; empty when both are equal."""
    found: list[str] = []
    _compare("", before, after, found)
    return found


def _compare(place: str, before: Any, after: Any, found: list[str]) -> None:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            _compare(f"{place}.{key}", before.get(key), after.get(key), found)
    elif before != after:
        found.append(f"{place}: {before!r} -> {after!r}")


def _asked(lab: Lab, host: str, *argv: str) -> list[Any]:
    said = subprocess.run(lab.host_argv(host, list(argv)), capture_output=True, text=True, check=False).stdout.strip()
    shown: list[Any] = json.loads(said) if said else []
    return [one for one in shown if one]


def _still(link: dict[str, Any]) -> dict[str, Any]:
    """A link without what moves by itself, also in what it says of its kind and its bridge."""
    still: dict[str, Any] = {}
    for key, value in link.items():
        if key in _VOLATILE_LINK or any(part in key for part in _VOLATILE_BRIDGE):
            continue
        still[key] = _still(value) if isinstance(value, dict) else value
    if "UP" not in link.get("flags", ["UP"]):
        still.pop("qdisc", None)
    return still


def _sorted(shown: list[Any]) -> list[Any]:
    return sorted(shown, key=lambda one: json.dumps(one, sort_keys=True))

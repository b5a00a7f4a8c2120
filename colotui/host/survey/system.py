"""The host itself: release, CPU, programs, sysctls, who keeps the clock, and what refuses packets."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from colotui.errors import CommandFailed, HostCallFailed
from colotui.host import parsers
from colotui.host.agent.processes import PATH
from colotui.host.channel import FileStat, Host, ReadError
from colotui.model.facts import Missing

PROGRAMS = (
    "qemu-system-x86_64", "qemu-img", "nl-qdisc-list", "ifconfig", "ethtool", "tc", "ip", "modprobe", "depmod", "xl",
    "chronyd", "chronyc", "ntpd", "timedatectl", "irqbalance", "ssh", "nft", "iptables", "dpkg-query", "rpm", "apt-get",
    "systemctl", "sysctl",
)  # fmt: skip
"""What is looked for in the folders of the system's programs."""

SYSCTLS = (
    "net.core.rmem_max",
    "net.core.wmem_max",
    "net.core.rmem_default",
    "net.core.wmem_default",
    "net.bridge.bridge-nf-call-iptables",
)

TIME_SERVICES = ("chronyd", "ntpd", "systemd-timesyncd", "ptp4l", "phc2sys")
_SETTINGS = (
    "/etc/modules-load.d/*colotui*",
    "/etc/modprobe.d/*colotui*",
    "/etc/sysctl.d/*colotui*",
    "/etc/systemd/system/*colotui*",
    "/etc/udev/rules.d/*colotui*",
    "/etc/init.d/*colotui*",
    "/etc/colotui/*",
    "/usr/local/lib/colotui/*",
    "/usr/local/sbin/*colotui*",
)
_AGENT_MODULES = ("sch_colo", "nf_conntrack_colo", "xt_PMYCOLO", "xt_SECCOLO")
_REFUSING = ("drop", "reject")


def os_release(text: bytes) -> tuple[str, str]:
    """ID and VERSION_CODENAME of /etc/os-release (VERSION_ID where there is no codename); "" for what is not there."""
    found: dict[str, str] = {}
    for line in parsers.decode(text).splitlines():
        name, equals, value = line.partition("=")
        if equals:
            found[name.strip()] = value.strip().strip("\"'")
    return found.get("ID", "")[:64], (found.get("VERSION_CODENAME") or found.get("VERSION_ID", ""))[:64]


def cpu_info(text: bytes) -> tuple[str, frozenset[str], int]:
    """Model and flags of the first processor in /proc/cpuinfo, and how many processors there are."""
    model, flags, count = "", frozenset[str](), 0
    for line in parsers.decode(text).splitlines():
        name, colon, value = line.partition(":")
        if not colon:
            continue
        match name.strip():
            case "processor":
                count += 1
            case "model name" if not model:
                model = value.strip()[:128]
            case "flags" if not flags:
                flags = frozenset(value.split())
    return model, flags, count


async def programs(host: Host) -> dict[str, str]:
    """The path of each of `PROGRAMS`, "" for what is not there."""
    folders = PATH.split(":")
    stats = await host.stat([f"{folder}/{name}" for name in PROGRAMS for folder in folders])
    found: dict[str, str] = {}
    for name in PROGRAMS:
        paths = (f"{folder}/{name}" for folder in folders)
        found[name] = next((path for path in paths if _runs(stats.get(path))), "")
    return found


def _runs(found: FileStat | ReadError | None) -> bool:
    return isinstance(found, FileStat) and not found.is_dir and bool(found.mode & 0o111)


async def sysctls(host: Host) -> dict[str, str]:
    """The values of `SYSCTLS`; those this kernel lacks are left out."""
    paths = {name: "/proc/sys/" + name.replace(".", "/") for name in SYSCTLS}
    files = await host.read(list(paths.values()), limit=256)
    return {
        name: parsers.decode(data).strip() for name, path in paths.items() if isinstance(data := files[path], bytes)
    }


async def settings(host: Host) -> dict[str, str]:
    """The files of colotui that keep what was set over a reboot, with their texts."""
    paths = await host.glob(_SETTINGS)
    files = await host.read(paths, limit=65536)
    return {path: parsers.decode(data) for path, data in files.items() if isinstance(data, bytes)}


async def services(host: Host) -> tuple[str, str]:
    """The program that keeps the clock, and how irqbalance runs ("systemd service", "process"); "" for none."""
    names = {name[:15]: name for name in (*TIME_SERVICES, "irqbalance")}
    found = await host.named_processes(list(names))
    time_service = next((name for name in TIME_SERVICES if found.get(name[:15])), "")
    pids = found.get("irqbalance", ())
    if not pids:
        return time_service, ""
    group = (await host.read([f"/proc/{pids[0]}/cgroup"], limit=4096)).popitem()[1]
    ours = isinstance(group, bytes) and b"irqbalance.service" in group
    return time_service, "systemd service" if ours else "process"


async def machine_types(host: Host, qemu: str) -> frozenset[str]:
    """The machine types a QEMU knows; empty when it does not tell."""
    if not qemu:
        return frozenset()
    try:
        result = await host.run([qemu, "-machine", "help"], timeout=10)
    except (CommandFailed, HostCallFailed):
        return frozenset()
    lines = result.stdout.splitlines()[1:2000]
    return frozenset(words[0][:64] for line in lines if (words := line.split()))


async def free_bytes(host: Host, folders: Iterable[str]) -> int | None:
    """The least number of bytes that is free in the file systems of `folders`, whether these exist yet or not."""
    chains = [_ancestors(folder) for folder in folders]
    stats = await host.stat(list(dict.fromkeys(path for chain in chains for path in chain)))
    there = {next((path for path in chain if isinstance(stats[path], FileStat)), "/") for chain in chains}
    if not there:
        return None
    try:
        result = await host.run(["stat", "-f", "-c", "%a %S", "--", *sorted(there)], timeout=10)
    except (CommandFailed, HostCallFailed):
        return None
    return least_free(result.stdout)


def least_free(text: str) -> int | None:
    """The least product of "blocks size" lines; None without any."""
    pairs = [line.split() for line in text.splitlines()]
    numbers = [(parsers.number(words[0]), parsers.number(words[1])) for words in pairs if len(words) == 2]
    return min((blocks * size for blocks, size in numbers if blocks is not None and size is not None), default=None)


def _ancestors(path: str) -> list[str]:
    """A folder and all above it, the deepest first."""
    found = []
    while path.startswith("/") and path != "/":
        found.append(path)
        path = path.rpartition("/")[0] or "/"
    return [*found, "/"]


async def firewall(host: Host, found: Mapping[str, str]) -> str | Missing:
    """What refuses packets that come in, in a few words; "" for nothing. `found`: paths of programs."""
    problem = ""
    if found.get("nft"):
        try:
            result = await host.run([found["nft"], "-j", "list", "ruleset"], timeout=10)
            return nft_refusals(result.stdout)
        except (CommandFailed, HostCallFailed) as error:
            problem = error.what.removeprefix(f"{host.name}: ")
    if found.get("iptables"):
        try:
            result = await host.run([found["iptables"], "-S", "INPUT"], timeout=10)
            return iptables_refusals(result.stdout)
        except (CommandFailed, HostCallFailed) as error:
            problem = error.what.removeprefix(f"{host.name}: ")
    return Missing(problem or "neither nft nor iptables is there to ask")


def nft_refusals(text: str) -> str | Missing:
    """The chains of an nft ruleset (JSON) that take packets for this host and refuse some."""
    try:
        entries = [entry for entry in json.loads(text)["nftables"] if isinstance(entry, dict)]
    except (ValueError, KeyError, TypeError):
        return Missing("nft's answer makes no sense")
    chains: dict[tuple[str, str, str], str] = {}
    for entry in entries:
        chain = entry.get("chain")
        if isinstance(chain, dict) and chain.get("hook") == "input":
            chains[_chain(chain, "name")] = str(chain.get("policy", "accept"))
    refusing = {key: f"policy {policy}" for key, policy in chains.items() if policy in _REFUSING}
    for entry in entries:
        rule = entry.get("rule")
        if isinstance(rule, dict) and (key := _chain(rule, "chain")) in chains:
            verdict = next((word for word in _REFUSING if _mentions(rule.get("expr"), word)), "")
            if verdict:
                refusing.setdefault(key, f"a rule says {verdict}")
    return ", ".join(f"nft {family} {table} {name}: {how}" for (family, table, name), how in refusing.items())[:400]


def _chain(thing: Mapping[str, Any], name: str) -> tuple[str, str, str]:
    return str(thing.get("family", "")), str(thing.get("table", "")), str(thing.get(name, ""))


def _mentions(expressions: object, word: str) -> bool:
    return isinstance(expressions, list) and any(isinstance(one, dict) and word in one for one in expressions)


def iptables_refusals(text: str) -> str:
    """The same from `iptables -S INPUT`."""
    for line in text.splitlines():
        words = line.split()
        if words[:3] == ["-P", "INPUT", "DROP"]:
            return "iptables INPUT: policy DROP"
        if words[:2] == ["-A", "INPUT"] and words[-2:-1] == ["-j"] and words[-1] in ("DROP", "REJECT"):
            return f"iptables INPUT: a rule says {words[-1]}"
    return ""


def agent_modules(proc_modules: bytes) -> tuple[str, ...]:
    """Modules of COLO's kernel agents in /proc/modules, in the order they were loaded (the newest is listed first)."""
    names = [line.split()[0] for line in parsers.decode(proc_modules).splitlines() if line.split()]
    return tuple(name for name in reversed(names) if name.startswith(_AGENT_MODULES))


async def xen(host: Host, found: Mapping[str, str]) -> tuple[str, str]:
    """The package `xl` came from ("no package" when built by hand, "" without xl), and the running Xen's version."""
    xl = found.get("xl", "")
    if not xl:
        return "", ""
    owner = ""
    for query in (("dpkg-query", "-S"), ("rpm", "-qf")):
        if found.get(query[0]) and not owner:
            with contextlib.suppress(CommandFailed, HostCallFailed):
                told = (await host.run([found[query[0]], query[1], xl], timeout=10)).stdout
                owner = first_package(told)
    version = ""
    with contextlib.suppress(CommandFailed, HostCallFailed):
        version = xen_version((await host.run([xl, "info"], timeout=5)).stdout.splitlines())
    return owner or "no package", version


def first_package(text: str) -> str:
    """The package in the answer of dpkg-query -S ("xen-utils: /usr/sbin/xl") or rpm -qf ("xen-tools-4.17")."""
    for line in text.splitlines():
        if line and not line.startswith(("diversion ", "file ")):
            return line.partition(": ")[0].partition(",")[0].strip()[:100]
    return ""


def xen_version(lines: Sequence[str]) -> str:
    """The version in the lines of `xl info`; "" when they do not tell (this kernel does not run on Xen)."""
    for line in lines:
        name, colon, value = line.partition(":")
        if colon and name.strip() == "xen_version":
            return value.strip()[:64]
    return ""

"""apt on a host: what is installed, what a command would do, and a command that goes on when the cockpit does not."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from colotui.errors import CommandFailed, HostCallFailed, HostError
from colotui.host.channel import Host
from colotui.setup.site import Site
from colotui.tasks import end

LIMIT = 600.0
"""Seconds one command of apt may take."""

GET = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get")
OPTIONS = (
    "-q", "-y", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=120", "-o", "APT::Get::AutomaticRemove=false",
    "-o", "APT::Keep-Downloaded-Packages=false", "-o", "Dpkg::Options::=--force-confdef",
    "-o", "Dpkg::Options::=--force-confold",
)  # fmt: skip
_WORK = "/run/colotui-apt"
_SAID, _EXIT, _PID = f"{_WORK}/said", f"{_WORK}/exit", f"{_WORK}/pid"
_QUERY = "-f=${Package}\t${Architecture}\t${Version}\t${db:Status-Abbrev}\n"


@dataclass(frozen=True, slots=True)
class Package:
    """One package dpkg knows. `installed` False: only its settings are left."""

    version: str
    installed: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What a command would do: packages that come, that get another version (with the old one), and that go."""

    comes: tuple[str, ...]
    replaced: Mapping[str, str]
    goes: tuple[str, ...]


async def packages(host: Host) -> dict[str, Package]:
    """Every package dpkg knows, by its name as apt prints it. Raises CommandFailed."""
    native = (await host.run(["dpkg", "--print-architecture"])).stdout.strip()
    return parse_packages((await host.run(["dpkg-query", "-W", _QUERY], timeout=30)).stdout, native)


def parse_packages(told: str, native: str) -> dict[str, Package]:
    """The answer of dpkg-query."""
    found = {}
    for line in told.splitlines():
        fields = line.split("\t")
        if len(fields) != 4 or len(fields[3]) < 2 or fields[3][1] == "n":
            continue
        name, architecture, version, status = fields
        full = name if architecture in (native, "all") else f"{name}:{architecture}"
        found[full] = Package(version, status[1] != "c")
    return found


async def simulate(host: Host, argv: Sequence[str]) -> Change:
    """What `apt-get ARGV` would do. Raises CommandFailed when it would fail."""
    result = await host.run(["apt-get", "-s", *OPTIONS, *argv], timeout=120)
    return parse_change(result.stdout)


def parse_change(told: str) -> Change:
    """The answer of `apt-get -s`."""
    comes, goes = [], []
    replaced = {}
    for line in told.splitlines():
        words = line.split()
        if len(words) < 2:
            continue
        if words[0] == "Inst":
            if len(words) > 2 and words[2].startswith("["):
                replaced[words[1]] = words[2].strip("[]")
            else:
                comes.append(words[1])
        elif words[0] in ("Remv", "Purg"):
            goes.append(words[1])
    return Change(tuple(comes), replaced, tuple(dict.fromkeys(goes)))


async def candidate(host: Host, package: str) -> str:
    """The version apt would install, without its epoch; "" when there is none."""
    told = await host.run(["apt-cache", "policy", package], timeout=30, check=False)
    for line in told.stdout.splitlines():
        name, _, value = line.strip().partition(":")
        if name == "Candidate" and "(none)" not in value:
            return value.strip().partition(":")[2] or value.strip()
    return ""


async def get(site: Site, argv: Sequence[str]) -> None:
    """Run `apt-get ARGV`; what it says is shown as it comes. Raises CommandFailed.

    It goes on when the channel ends: a dpkg that is killed half-way leaves a system that has to be mended. One that
    an earlier cockpit left running is waited for.
    """
    await follow(site, [*GET, *OPTIONS, *argv])


async def follow(site: Site, argv: Sequence[str]) -> None:
    """Run any such command, see `get`."""
    host = site.host
    await host.mkdir(_WORK)
    try:
        await _wait_for_earlier(site)
        await host.remove([_SAID, _EXIT, _PID])
        pid = await host.spawn(argv, stdout=_SAID, stderr=_SAID, exit_file=_EXIT)
        process = await host.process(pid)
        if process is not None:
            await host.write(_PID, f"{pid} {process.start_time}".encode(), mode=0o600, create=True)
        showing = asyncio.create_task(_show(site))
        try:
            await _ended(host, pid, process.start_time if process else None, tuple(argv))
        finally:
            await end([showing])
        await _judge(host, tuple(argv))
    finally:
        with contextlib.suppress(HostError):  # it may still run, for another cockpit to wait for
            if await _living(host) is None:
                await host.remove([_SAID, _EXIT, _PID])
                await host.rmdir(_WORK)


async def _show(site: Site) -> None:
    rest = ""
    async for piece in site.host.tail(_SAID):
        *lines, rest = (rest + piece.decode("utf-8", "replace")).split("\n")
        for line in lines:
            text = "".join(sign if sign.isprintable() else " " for sign in line).strip()
            if text:
                site.note(text[:120])


async def _living(host: Host) -> tuple[int, int] | None:
    """The command that runs there: its pid and start time."""
    words = (await host.read([_PID]))[_PID]
    found = words.split() if isinstance(words, bytes) else []
    if len(found) != 2 or not all(word.isdigit() for word in found):
        return None
    pid, start = int(found[0]), int(found[1])
    process = await host.process(pid)
    return (pid, start) if process is not None and process.start_time == start else None


async def _wait_for_earlier(site: Site) -> None:
    earlier = await _living(site.host)
    if earlier is not None:
        site.note("waiting for the apt that an earlier set-up began")
        await _ended(site.host, *earlier, ("apt-get",))
    if isinstance((await site.host.read([_PID]))[_PID], bytes):
        # Its supervisor writes how it ended a moment later: that must not pass for how ours ended.
        await _told(site.host)


async def _ended(host: Host, pid: int, start: int | None, argv: tuple[str, ...]) -> None:
    try:
        async with asyncio.timeout(LIMIT):
            await host.watch_exit(pid, start_time=start)
    except TimeoutError:
        await host.kill(pid, signal.SIGTERM, start_time=start)
        raise CommandFailed(host.name, argv, None, await _last(host)) from None


async def _told(host: Host) -> bytes | None:
    """What the supervisor wrote about the end, a moment after it; None when it wrote nothing within 2 s."""
    until = time.monotonic() + 2.0
    while time.monotonic() < until:
        told = (await host.read([_EXIT]))[_EXIT]
        if isinstance(told, bytes):
            return told
        await asyncio.sleep(0.02)
    return None


async def _judge(host: Host, argv: tuple[str, ...]) -> None:
    told = await _told(host)
    if told is None:
        raise HostCallFailed(host.name, "apt ended and nobody knows how.", errno.ECHILD, "Retry.")
    status = int(told.split()[0]) if told.split()[:1] and told.split()[0].isdigit() else 255
    if status:
        raise CommandFailed(host.name, argv[2:] if argv[:2] == GET[:2] else argv, status, await _last(host))


async def _last(host: Host) -> str:
    """The line that says what went wrong, last."""
    said = (await host.read([_SAID], limit=1 << 20))[_SAID]
    lines = said.decode("utf-8", "replace").strip().splitlines() if isinstance(said, bytes) else []
    errors = [line for line in lines if line.startswith("E: ")]
    return "\n".join([*lines[-20:], *errors[:1]])

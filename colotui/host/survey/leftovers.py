"""What a failed run left on a host: files of dead copies, overlays, cut-off plans, ifb devices, Xen's suspend files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from colotui.errors import CommandFailed, HostCallFailed
from colotui.host import parsers
from colotui.host.channel import Host, ProcessInfo, ReadError
from colotui.model.pair import GuestSpec
from colotui.model.survey import GuestCopy, Leftover, LeftoverKind

RUN = "/run/colotui"
"""Where the files of the running copies lie, a folder for each guest."""

OVERLAYS = (".active", ".hidden")
"""What is added to a disk's path for a secondary's two overlays."""

_PATTERNS = (f"{RUN}/*/pid", f"{RUN}/*/plan.json", "/var/lib/xen/suspend_*")
_GUEST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_INCOMING = "--incoming"
_MOST = 64


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The files of one guest under `RUN`.

    `process` is the one its pid file names, if it is that QEMU; one that ended by itself has taken its pid file away.
    `plan`: there is the marker of a plan. `acting`: a cockpit holds the guest's lock, so that the plan may be running.
    """

    guest: str
    path: str
    pid_file: bool
    process: ProcessInfo | None
    plan: bool
    acting: bool


async def run_folders(host: Host) -> tuple[tuple[RunFolder, ...], tuple[str, ...]]:
    """The guests' run folders, and the suspend files of Xen. Raises HostError."""
    paths = await host.glob(_PATTERNS)
    suspended = tuple(path for path in paths if not path.startswith(RUN))[:_MOST]
    names = sorted({guest for path in paths if path.startswith(f"{RUN}/") and (guest := _guest_of(path))})[:_MOST]
    files = await host.read([f"{RUN}/{name}/{file}" for name in names for file in ("pid", "plan.json")], limit=65536)
    found = []
    for name in names:
        pid_file = f"{RUN}/{name}/pid"
        pid = _pid(files[pid_file])
        process = await host.process(pid) if pid else None
        # The number may have gone to another program since: ours names its pid file on its command line.
        if process is not None and pid_file not in process.cmdline:
            process = None
        plan = isinstance(files[f"{RUN}/{name}/plan.json"], bytes)
        acting = plan and await _held(host, name)
        found.append(RunFolder(name, f"{RUN}/{name}", isinstance(files[pid_file], bytes), process, plan, acting))
    return tuple(found), suspended


def _guest_of(path: str) -> str:
    name = path.removeprefix(f"{RUN}/").partition("/")[0]
    return name if _GUEST.fullmatch(name) else ""


def _pid(data: bytes | ReadError) -> int:
    number = parsers.number(parsers.decode(data)) if isinstance(data, bytes) else None
    return number if number is not None and 0 < number < 1 << 22 else 0


async def _held(host: Host, guest: str) -> bool:
    try:
        return await host.holder(f"{RUN}/{guest}/lock") is not None
    except HostCallFailed:
        return False


def copies(folders: Sequence[RunFolder], guests: Iterable[str]) -> tuple[GuestCopy, ...]:
    """The running copies of these guests."""
    wanted = set(guests)
    return tuple(
        GuestCopy(folder.guest, folder.process.pid, folder.process.rss)
        for folder in folders
        if folder.process is not None and folder.guest in wanted
    )


async def overlays(host: Host, guests: Sequence[GuestSpec]) -> dict[str, str]:
    """The overlay files that exist beside the guests' disks, with their guest."""
    owner = {disk.path + tail: guest.name for guest in guests for disk in guest.disks for tail in OVERLAYS}
    stats = await host.stat(list(owner))
    return {path: guest for path, guest in owner.items() if not isinstance(stats[path], ReadError)}


async def incoming(host: Host, xl: str) -> tuple[str, ...]:
    """Half-received Xen domains; none where there is no xl, or no Xen runs below it."""
    if not xl:
        return ()
    try:
        told = (await host.run([xl, "list"], timeout=5)).stdout
    except (CommandFailed, HostCallFailed):
        return ()
    return incoming_domains(told)


def incoming_domains(told: str) -> tuple[str, ...]:
    """The names in `xl list` that end in --incoming."""
    names = [line.split()[0] for line in told.splitlines()[1:] if line.split()]
    return tuple(name for name in names if name.endswith(_INCOMING))[:_MOST]


def file_leftovers(
    folders: Sequence[RunFolder], found_overlays: Mapping[str, str], suspended: Sequence[str], domains: Sequence[str]
) -> tuple[Leftover, ...]:
    """What of all this belongs to nothing that runs. A plan that was cut off counts while its copy runs, too."""
    alive = {folder.guest for folder in folders if folder.process is not None}
    found = [
        Leftover(LeftoverKind.RUN_FOLDER, folder.path, folder.guest)
        for folder in folders
        if folder.pid_file and folder.process is None
    ]
    found += [
        Leftover(LeftoverKind.PLAN, f"{folder.path}/plan.json", folder.guest)
        for folder in folders
        if folder.plan and not folder.acting
    ]
    found += [
        Leftover(LeftoverKind.OVERLAY, path, guest) for path, guest in found_overlays.items() if guest not in alive
    ]
    found += [Leftover(LeftoverKind.SUSPEND_FILE, path) for path in suspended]
    found += [Leftover(LeftoverKind.INCOMING, name, name.removesuffix(_INCOMING)) for name in domains]
    return tuple(found)

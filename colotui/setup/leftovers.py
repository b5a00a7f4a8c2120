"""What a failed run left on a host is removed: files of dead copies, suspend files, half-received domains."""

from __future__ import annotations

import errno
import re
import shlex
from collections.abc import Iterable

from colotui.engine.qemu.wiring import Wiring, run_dir
from colotui.errors import HostCallFailed
from colotui.host.channel import ReadError
from colotui.model.pair import GuestSpec
from colotui.model.plan import Step
from colotui.model.setup import Wanted
from colotui.model.survey import Leftover, LeftoverKind
from colotui.setup.copies import carried_on_last, domains, incoming, refuse_while_guest_runs
from colotui.setup.site import SEED, Site

KEY = "leftovers"
KINDS = (
    LeftoverKind.RUN_FOLDER,
    LeftoverKind.PLAN,
    LeftoverKind.OVERLAY,
    LeftoverKind.SUSPEND_FILE,
    LeftoverKind.INCOMING,
)
_SUSPEND = re.compile(r"/var/lib/xen/suspend_[A-Za-z0-9._-]{1,200}")


async def steps(site: Site, wanted: Wanted) -> list[Step]:
    """One step when the survey found something of these kinds that is the pair's; else none."""
    found = [left for left in site.survey.leftovers if ours(left, site.pair.guests)]
    alive = {copy.guest for copy in site.survey.copies}
    found = [left for left in found if left.guest not in alive]
    return [_step(site, found)] if found else []


def ours(left: Leftover, guests: Iterable[GuestSpec]) -> bool:
    """Is this exactly what a run of one of these guests leaves? What a host says is a path is not believed."""
    guest = next((spec for spec in guests if spec.name == left.guest), None)
    if left.kind is LeftoverKind.SUSPEND_FILE:
        return _SUSPEND.fullmatch(left.what) is not None
    if guest is None:
        return False
    if left.kind is LeftoverKind.RUN_FOLDER:
        return left.what == run_dir(guest.name)
    if left.kind is LeftoverKind.PLAN:
        return left.what == f"{run_dir(guest.name)}/plan.json"
    if left.kind is LeftoverKind.OVERLAY:
        return left.what in [path for disk in Wiring(guest).disks for path in (disk.active, disk.hidden)]
    return left.kind is LeftoverKind.INCOMING and left.what == incoming(guest.name)


async def empty_run_folder(site: Site, guest: str) -> int:
    """Remove the files of a guest's dead copies and their folder; how many. HostCallFailed when a lock is held."""
    folder = run_dir(guest)
    if await site.host.holder(f"{folder}/lock") is not None:
        raise HostCallFailed(
            site.name, f"another cockpit holds {folder}/lock.", errno.EBUSY, "End that cockpit, then try again."
        )
    try:
        names = await site.host.listdir(folder)
    except HostCallFailed as error:
        if error.errno == errno.ENOENT:
            return 0
        raise
    await site.host.remove([f"{folder}/{name}" for name in names])
    await site.host.rmdir(folder)
    return len(names)


def _step(site: Site, found: list[Leftover]) -> Step:
    guests = {guest.name: guest for guest in site.pair.guests}

    async def left() -> tuple[list[Leftover], list[Leftover]]:
        """What is still there: what may go, and what is kept."""
        paths = [one.what for one in found if one.kind is not LeftoverKind.INCOMING]
        stats = await site.host.stat(paths)
        names = await domains(site.host) if any(one.kind is LeftoverKind.INCOMING for one in found) else ()
        there = [
            one
            for one in found
            if (one.what in names if one.kind is LeftoverKind.INCOMING else not isinstance(stats[one.what], ReadError))
        ]
        newest = {name for name in guests if await carried_on_last(site.host, name)}
        kept = [one for one in there if one.kind is LeftoverKind.OVERLAY and one.guest in newest]
        return [one for one in there if one not in kept], kept

    async def check() -> bool:
        return not (await left())[0]

    async def apply() -> str:
        going, kept = await left()
        for name in {one.guest for one in going if one.guest and one.kind is not LeftoverKind.INCOMING}:
            await refuse_while_guest_runs(site, guests[name], "its files are not removed")
        for one in going:
            if one.kind is LeftoverKind.INCOMING:
                await site.host.run(["xl", "destroy", one.what], timeout=30)
            elif one.kind is LeftoverKind.RUN_FOLDER:
                await empty_run_folder(site, one.guest)
            else:
                await site.host.remove([one.what])
        text = f"{len(going)} removed"
        if kept:
            text += (
                f"; {' '.join(one.what for one in kept)} kept: the guest ran here last, they may hold its last writes"
            )
        return text

    words = "; ".join(" ".join(_argv(one)) for one in found)
    return Step(
        KEY, site.name, "leftovers", words,
        "remains of a failed run keep the next one from starting; they are removed for good, there is no undo",
        apply, check=check, source=f"{SEED}, Trouble shooting", weighty=True,
        script=tuple(line for one in found for line in _lines(one)),
    )  # fmt: skip


def _argv(one: Leftover) -> list[str]:
    if one.kind is LeftoverKind.INCOMING:
        return ["xl", "destroy", one.what]
    return ["rm", "-rf" if one.kind is LeftoverKind.RUN_FOLDER else "-f", one.what]


def _lines(one: Leftover) -> list[str]:
    """The same by hand; only while no copy of the guest runs."""
    line = shlex.join(_argv(one))
    if one.kind is LeftoverKind.SUSPEND_FILE:
        return [line]
    if one.kind is LeftoverKind.INCOMING:
        return [f"! xl list {shlex.quote(one.what)} >/dev/null 2>&1 || {line}"]
    # the process of a copy is called after its guest
    return [f"pgrep -x {shlex.quote(f'colotui-{one.guest}'[:15])} >/dev/null || {line}"]

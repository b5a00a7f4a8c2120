"""The guest's folder on a host, and what colotui itself put into it, taken away again."""

from __future__ import annotations

import posixpath
import stat
from collections.abc import Mapping
from typing import Any

from colotui.engine.qemu.wiring import Wiring, data_dir, run_dir
from colotui.errors import ActionRefused
from colotui.host.channel import FileStat, ReadError
from colotui.model.pair import GuestSpec
from colotui.model.plan import Step
from colotui.model.setup import Wanted
from colotui.setup import keptfiles
from colotui.setup.copies import carried_on_last, refuse_while_guest_runs
from colotui.setup.leftovers import empty_run_folder
from colotui.setup.site import Site, kept_step

KEY = "folder"
_RUN = "/run/colotui"
_KVM = f"{_RUN}/kvm"
"""What was found out about KVM on this host, kept until the next boot."""


async def steps(site: Site, wanted: Wanted) -> list[Step]:
    """One step for each guest of the pair."""
    return [_step(site, guest) for guest in site.pair.guests]


def _step(site: Site, guest: GuestSpec) -> Step:
    host, folder, run, wiring = site.host, data_dir(guest.name), run_dir(guest.name), Wiring(guest)
    images = [disk.spec.path for disk in wiring.disks]
    inside = f"{folder}/state"

    async def check() -> bool:
        found = (await host.stat([folder]))[folder]
        return isinstance(found, FileStat) and found.is_dir and stat.S_IMODE(found.mode) == 0o700

    async def before() -> Mapping[str, Any]:
        stats = await host.stat([folder, *images, run, _RUN, _KVM])
        there = {path: not isinstance(found, ReadError) for path, found in stats.items()}
        found = stats[folder]
        return {
            "folders": await keptfiles.missing_folders(host, [inside, *images]),
            "mode": stat.S_IMODE(found.mode) if isinstance(found, FileStat) else None,
            "images": [path for path in images if there[path]],
            "run": [path for path in (run, _RUN, _KVM) if there[path]],
        }

    async def apply() -> str:
        await host.mkdir(folder)
        await host.run(["chmod", "0700", folder])
        return f"{folder} is root's alone"

    async def restore(was: Mapping[str, Any]) -> str:
        await refuse_while_guest_runs(site, guest, "what it stands on is not taken away")
        made = [path for path in images if path not in was["images"]]
        stats = await host.stat(made)
        made = [path for path in made if not isinstance(stats[path], ReadError)]
        if made and await carried_on_last(host, guest.name):
            raise ActionRefused(
                f"{site.name}: {guest.name} ran here last: {' '.join(made)} is its newest disk and is not removed.",
                f"Let it run on {site.peer.name} once (protect, then switch), or move that file away, then undo again.",
            )
        ours = [inside, f"{folder}/plan.json"]
        ours += [path for disk in wiring.disks for path in (disk.active, disk.hidden)]
        # the record goes last: without it nobody could tell any more how old the image beside it is
        await host.remove([*made, *(path for path in ours if path != inside), inside])
        await empty_run_folder(site, guest.name)
        if _KVM not in was["run"]:
            await host.remove([_KVM])
        if _RUN not in was["run"]:
            await keptfiles.remove_folders(host, [_RUN], [_KVM])
        if was["mode"] is not None:
            await host.run(["chmod", f"{int(was['mode']):04o}", folder])
        await keptfiles.remove_folders(host, was["folders"], [inside, *images])
        return f"{' '.join(posixpath.basename(path) for path in made)} removed" if made else "as it was"

    return kept_step(
        site, KEY, f"folder of {guest.name}", f"mkdir -m 0700 {folder}",
        "the guest's disk and its state lie there, for root alone", check=check, apply=apply, before=before,
        restore=restore, script=(f"mkdir -p {folder}", f"chmod 0700 {folder}"),
        undo_command=f"rm what colotui put into {folder} and {run}; rmdir", source="design: truth lives on the hosts",
        durable=True, ledger_key=f"{KEY}-{guest.name}",
    )  # fmt: skip

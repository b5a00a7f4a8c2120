"""The guest's disk image on the other host: copied straight over the direct link, and compared byte by byte."""

from __future__ import annotations

import asyncio
import json
import math
import posixpath
import shlex
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from colotui.errors import ActionRefused
from colotui.host.channel import FileStat, ReadError
from colotui.host.transfer import Copied, copy_file, file_digest
from colotui.model.pair import EngineKind, GuestSpec
from colotui.model.plan import Step
from colotui.model.protection import Role
from colotui.model.setup import Wanted
from colotui.setup import keptfiles
from colotui.setup.copies import carried_on_last, record, refuse_while_guest_runs, running
from colotui.setup.ledger import FOLDER
from colotui.setup.site import SEED, Site, kept_step

KEY = "image"


async def image_steps(site_from: Site, site_to: Site, wanted: Wanted) -> list[Step]:
    """One step for each disk whose image `site_from` has, on the other host.

    A running guest of the qemu engine has none: protect copies its disk while it runs. What an earlier set-up
    copied, either way, has a step that is already so, for its undo.
    """
    steps: list[Step] = []
    for guest in site_from.pair.guests:
        alive = any(copy.guest == guest.name for site in (site_from, site_to) for copy in site.survey.copies)
        for index in range(len(guest.disks)):
            there = _Image(site_from, site_to, guest, index)
            if wanted.image_from == site_from.name and not (alive and guest.engine is EngineKind.QEMU):
                steps.append(there.step(alive=alive))
            elif await there.known():
                steps.append(there.step(alive=alive, done=True))
            back = _Image(site_to, site_from, guest, index)
            if await back.known():
                steps.append(back.step(alive=alive, done=True))
    return steps


class _Image:
    """One disk of one guest, on its way from one host to the other."""

    def __init__(self, source: Site, target: Site, guest: GuestSpec, index: int) -> None:
        self.source = source
        self.target = target
        self.guest = guest
        self.path = guest.disks[index].path
        self.kept = f"{KEY}-{guest.name}-{index}"
        self.note = f"{FOLDER}/{self.kept}.copied"

    async def known(self) -> bool:
        """An earlier set-up has copied it here."""
        return await self.target.ledger.recall(self.kept) is not None

    def step(self, *, alive: bool, done: bool = False) -> Step:
        """The step; `done`: it was made by an earlier set-up and is not to be made again."""
        survey = next((image for image in self.target.survey.images if image.path == self.path), None)
        replaces = survey is not None and survey.exists
        peer = self.source
        why = "both copies must start from the same disk"
        if replaces:
            why += "; an older image that lies there is replaced for good"
        if alive:
            why += f"; {self.guest.name} must not run meanwhile"
        if done:
            why = f"an earlier set-up copied it from {peer.name}: nothing is done, it can be taken back"

        async def so() -> bool:
            return True

        return kept_step(
            self.target, KEY, f"image of {self.guest.name}",
            f"copy {self.path} from {peer.name} to {self.target.spec.forward.address}, SHA-256 on both sides", why,
            check=so if done else self.check, apply=self.apply, before=self.before, restore=self.restore,
            script=() if done else self.script(), undo_command=f"rm {self.path}", source=f"{SEED}, step 3.3",
            durable=True, ledger_key=self.kept, weighty=replaces and not done,
        )  # fmt: skip

    def script(self) -> tuple[str, ...]:
        """By hand, on the target."""
        spec = self.source.spec
        host = spec.forward.address if spec.is_local else spec.address
        path, part = shlex.quote(self.path), shlex.quote(f"{self.path}.part")
        origin = shlex.quote(f"{spec.user}@{f'[{host}]' if ':' in host else host}:{self.path}")
        return (
            f"# needs SSH from here to {self.source.name}, and the guest stopped on both; an image that is there stays",
            f"(umask 077 && mkdir -p {shlex.quote(posixpath.dirname(self.path))})",
            f"[ -e {path} ] || {{ scp -P {spec.port} {origin} {part} && chmod 600 {part} && mv {part} {path}; }}",
        )  # fmt: skip

    async def check(self) -> bool:
        """The same bytes on both hosts; of a guest that runs nothing can be said."""
        sites = (self.source, self.target)
        if any([await running(site.host, self.guest) for site in sites]):
            return False
        here, there = await self._stats()
        if not isinstance(here, FileStat) or not isinstance(there, FileStat) or here.size != there.size:
            return False
        if await self._untouched(here, there):
            return True
        first, second = await asyncio.gather(*(file_digest(site.host, self.path) for site in sites))
        return first.digest == second.digest

    async def before(self) -> Mapping[str, Any]:
        """Whether there was an image, and which folders were missing. Refuses as `apply` does: nothing is kept then."""
        await self._refuse()
        there = (await self.target.host.stat([self.path]))[self.path]
        folders = await keptfiles.missing_folders(self.target.host, [self.path])
        return {"existed": not isinstance(there, ReadError), "folders": folders}

    async def apply(self) -> str:
        """Copy it. Raises ActionRefused when the guest runs, or when what lies there may be the newer one."""
        there = await self._refuse()
        await self.target.host.mkdir(posixpath.dirname(self.path))
        # what was noted of an earlier copy is true no more from here on
        await self.target.host.remove([self.note])
        replace = isinstance(there, FileStat)
        done = await copy_file(
            self.source.host, self.target.host, self.path, bind=self.target.spec.forward.address,
            replace=replace, progress=self._progress,
        )  # fmt: skip
        await self.target.host.write(self.note, json.dumps(asdict(done)).encode(), mode=0o600, create=True)
        return f"{_size(done.size)}, SHA-256 {done.digest[:12]}… on both"

    def _progress(self, done: int, total: int) -> None:
        percent = 100 if not total else math.floor(100 * done / total)
        self.target.note(f"{percent} % of {_size(total)}")

    async def _stats(self) -> tuple[FileStat | ReadError, FileStat | ReadError]:
        here, there = await asyncio.gather(*(s.host.stat([self.path]) for s in (self.source, self.target)))
        return here[self.path], there[self.path]

    async def _noted(self) -> Copied | None:
        """What was noted after a copy of ours; None when there was none, or the note is damaged."""
        found = (await self.target.host.read([self.note]))[self.note]
        if isinstance(found, ReadError):
            return None
        try:
            told = json.loads(found)
            return Copied(
                str(told["digest"]), int(told["size"]), float(told["source_mtime"]), float(told["target_mtime"])
            )
        except (ValueError, KeyError, TypeError):
            return None

    async def _untouched(self, here: FileStat, there: FileStat) -> bool:
        """Neither was written since we copied the one to the other."""
        noted = await self._noted()
        return noted is not None and (noted.size, noted.source_mtime) == (here.size, here.mtime) and _is(noted, there)

    async def _refuse(self) -> FileStat | ReadError:
        """What lies on the target, when it may be replaced. Raises ActionRefused otherwise."""
        source, target, path = self.source, self.target, self.path
        for site in (source, target):
            await refuse_while_guest_runs(site, self.guest, "its disk is not copied")
        here, there = await self._stats()
        if isinstance(here, ReadError):
            raise ActionRefused(
                f"{source.name}: {path}: {here.text}.", "Put the guest's image there, or choose the other host."
            )
        ours = await record(source.host, self.guest.name)
        if ours.generation < 0:
            raise ActionRefused(
                f"{source.name}: {path} is a half-copied disk ({ours.why}).", "Copy from the other host instead."
            )
        if isinstance(there, ReadError) or _is(await self._noted(), there):
            return there
        theirs = await record(target.host, self.guest.name)
        older = theirs.generation < ours.generation or (
            theirs.generation == ours.generation
            and (theirs.role, ours.role) == (Role.SECONDARY.value, Role.PRIMARY.value)
        )
        if not older:
            raise ActionRefused(
                f"{target.name}: {path} differs from that of {source.name}, and nothing says that it is older.",
                f"It may be the newest copy of {self.guest.name}: move it away, or choose {target.name} to copy from.",
            )
        return there

    async def restore(self, was: Mapping[str, Any]) -> str:
        """Remove the copy that was made here."""
        host = self.target.host
        await refuse_while_guest_runs(self.target, self.guest, "its disk is not removed")
        there = (await host.stat([self.path]))[self.path]
        if isinstance(there, FileStat) and not was["existed"]:
            if await carried_on_last(host, self.guest.name):
                raise ActionRefused(
                    f"{self.target.name}: {self.guest.name} ran here last: {self.path} is its newest disk.",
                    f"Let it run on {self.source.name} once (protect, then switch), or move that file away.",
                )
            noted, kept = await self._noted(), await record(host, self.guest.name)
            if noted is not None and not _is(noted, there) and not kept.role:
                raise ActionRefused(
                    f"{self.target.name}: {self.path} is not the copy that was made here, and not written by a guest.",
                    "Move that file away, then undo again.",
                )
            await host.remove([self.path])
        await host.remove([self.note, f"{self.path}.colotui-part"])
        await keptfiles.remove_folders(host, was["folders"], [self.path])
        return "the image that was replaced cannot be put back" if was["existed"] else f"{self.path} removed"


def _is(noted: Copied | None, there: FileStat) -> bool:
    """It is our own copy, and nothing has been written to it since."""
    return noted is not None and (noted.size, noted.target_mtime) == (there.size, there.mtime)


def _size(size: int) -> str:
    return f"{size / (1 << 20):.0f} MiB"

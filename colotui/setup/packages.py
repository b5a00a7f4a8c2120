"""A QEMU that can do COLO, and the programs classic COLO calls, from the host's own distribution."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from colotui.errors import ActionRefused, EngineUnfit
from colotui.host.agent.processes import PATH
from colotui.host.channel import ReadError
from colotui.host.programs import QemuFinder
from colotui.model.distributions import BACKPORTED, PROGRAMS, why_not
from colotui.model.facts import QemuFacts
from colotui.model.plan import Step
from colotui.model.setup import Wanted
from colotui.model.versions import colo_problem
from colotui.setup import apt, aptsources, keptfiles
from colotui.setup.copies import refuse_while_running
from colotui.setup.ledger import FOLDER
from colotui.setup.site import SEED, Site, kept_step

QEMU_KEY = "qemu"
PROGRAMS_KEY = "programs"
QEMU_PACKAGES = ("qemu-system-x86", "qemu-utils")
_SOURCE_FILES = (aptsources.LIST, aptsources.SOURCES)


async def steps(site: Site, wanted: Wanted) -> list[Step]:
    """QEMU where the distribution has one that can do COLO; the programs of classic COLO where they are wanted."""
    return [*await qemu_steps(site, wanted), *await program_steps(site, wanted)]


async def qemu_steps(site: Site, wanted: Wanted) -> list[Step]:
    """One step, or none where the distribution has no such QEMU: then `why_not` has the reason."""
    if site.survey.system == "debian" and site.survey.release == BACKPORTED:
        suite = f"{BACKPORTED}-backports"
    elif not why_not(site.survey) or not colo_problem(await apt.candidate(site.host, QEMU_PACKAGES[0])):
        suite = ""
    else:
        return []
    files = await _apt_files(site)
    found = aptsources.backports(files, BACKPORTED) if suite else None
    write = () if found is None or found.there else ((found.path, found.text),)

    async def fit() -> bool:
        qemu = await QemuFinder(site.host).read()
        return isinstance(qemu, QemuFacts) and not qemu.problem and await _missing(site, ("qemu-img",)) == ()

    async def ready() -> None:
        if suite and found is None:
            raise ActionRefused(
                f"{site.name}: apt has no entry for Debian {BACKPORTED} main, so no mirror to take backports of.",
                "Put the distribution's own entry into /etc/apt/sources.list, then plan again.",
            )

    async def proof() -> str:
        qemu = await QemuFinder(site.host).read()
        if not isinstance(qemu, QemuFacts) or qemu.problem:
            what = f"{qemu.path} {qemu.version}: {qemu.problem}" if isinstance(qemu, QemuFacts) else qemu.why
            raise EngineUnfit(f"{site.name}: the QEMU that is found now cannot do COLO: {what}", "Undo, or remove it.")
        return f"QEMU {qemu.version}"

    install = _Install(
        site, QEMU_KEY, "QEMU that can do COLO", QEMU_PACKAGES, suite, write,
        "COLO is broken in most QEMU releases: they hang, or copy without protecting",
        "model.versions: measured with QEMU 5.2 to 11.1", fit, ready, proof,
    )  # fmt: skip
    return [install.step()]


async def program_steps(site: Site, wanted: Wanted) -> list[Step]:
    """One step where classic COLO is wanted, a program of it is missing, and there is apt."""
    if not wanted.wiring or await _missing(site, ("apt-get",)):
        return []
    known = await site.ledger.recall(PROGRAMS_KEY) is not None
    names = tuple(PROGRAMS[program] for program in await _missing(site, tuple(PROGRAMS)))
    if not names and not known:
        return []

    async def fit() -> bool:
        return await _missing(site, tuple(PROGRAMS)) == ()

    async def ready() -> None:
        return None

    async def proof() -> str:
        if left := await _missing(site, tuple(PROGRAMS)):
            raise EngineUnfit(f"{site.name}: {' '.join(left)} is still not there.", "Install it by hand.")
        return " ".join(PROGRAMS)

    install = _Install(
        site, PROGRAMS_KEY, "programs of classic COLO", names or tuple(PROGRAMS.values()), "", (),
        "Xen's scripts for COLO call nl-qdisc-list, ifconfig, ethtool and tc", f"{SEED}, Dom0 requirements",
        fit, ready, proof,
    )  # fmt: skip
    return [install.step()]


async def _apt_files(site: Site) -> dict[str, str]:
    paths = await site.host.glob([f"{aptsources.FOLDER}/*.list", f"{aptsources.FOLDER}/*.sources"])
    paths = ["/etc/apt/sources.list", *(path for path in paths if path not in _SOURCE_FILES)]
    found = await site.host.read(paths)
    return {path: data.decode("utf-8", "replace") for path, data in found.items() if isinstance(data, bytes)}


async def _missing(site: Site, programs: Sequence[str]) -> tuple[str, ...]:
    """Those that are in none of the folders of the system's programs."""
    folders = PATH.split(":")
    stats = await site.host.stat([f"{folder}/{name}" for name in programs for folder in folders])
    return tuple(
        name for name in programs if all(isinstance(stats[f"{folder}/{name}"], ReadError) for folder in folders)
    )


@dataclass(frozen=True, slots=True)
class _Install:
    """Packages that come by apt, and go again exactly."""

    site: Site
    key: str
    title: str
    names: tuple[str, ...]
    suite: str
    write: tuple[tuple[str, str], ...]
    why: str
    source: str
    fit: Callable[[], Awaitable[bool]]
    ready: Callable[[], Awaitable[None]]
    proof: Callable[[], Awaitable[str]]

    @property
    def note(self) -> str:
        """Where it is kept which packages came."""
        return f"{FOLDER}/{self.key}.packages"

    @property
    def argv(self) -> list[str]:
        """What apt-get is told."""
        suite = ["-t", self.suite] if self.suite else []
        return ["install", "-y", "--no-install-recommends", *suite, *self.names]

    def step(self) -> Step:
        """The step."""
        words = [f"write {path}" for path, _ in self.write] + ["apt-get update", f"apt-get {' '.join(self.argv)}"]
        script = []
        for path, text in self.write:
            quoted = " ".join("'" + line.replace("'", "'\\''") + "'" for line in text.splitlines())
            script.append(f"printf '%s\\n' {quoted} >{path}")
        script += ["apt-get -q update", f"DEBIAN_FRONTEND=noninteractive apt-get -q {' '.join(self.argv)}"]
        return kept_step(
            self.site, self.key, self.title, "; ".join(words), self.why, check=self.fit, apply=self.apply,
            before=self.before, restore=self.restore, script=tuple(script),
            undo_command="apt-get purge exactly the packages that came; the sources as they were",
            source=self.source, durable=True,
        )  # fmt: skip

    async def before(self) -> Mapping[str, Any]:
        """Every package with its version, and the sources. Refuses as `apply` does: nothing is kept then."""
        await self._refuse()
        known = await apt.packages(self.site.host)
        kept = await keptfiles.look(self.site.host, _SOURCE_FILES)
        return {**kept, "packages": {name: [one.version, one.installed] for name, one in known.items()}}

    async def _refuse(self) -> None:
        await self.ready()
        await refuse_while_running(self.site, "the programs it runs on are not changed")

    async def apply(self) -> str:
        """Install them."""
        site = self.site
        await self._refuse()
        for path, text in self.write:
            await site.host.write(path, text.encode(), mode=0o644, create=True)
        await apt.follow(site, ["env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--configure", "-a"])
        await apt.get(site, ["update"])
        change = await apt.simulate(site.host, self.argv)
        if change.goes:
            raise ActionRefused(
                f"{site.name}: apt would remove {' '.join(change.goes)} for {' '.join(self.names)}.",
                "Look at it with `apt-get -s` there and install it by hand; nothing was installed.",
            )
        came, replaced = await self._came()
        # before anything comes: a cockpit that dies meanwhile leaves an undo that knows what to take away
        told = {"came": sorted({*came, *change.comes}), "replaced": {**change.replaced, **replaced}}
        await site.host.write(self.note, json.dumps(told).encode(), mode=0o600, create=True)
        await apt.get(site, self.argv)
        text = await self.proof()
        return f"{text}; {len(change.comes)} packages came, {len(change.replaced)} were replaced"

    async def _came(self) -> tuple[list[str], dict[str, str]]:
        """What an earlier run of this step noted."""
        found = (await self.site.host.read([self.note], limit=1 << 20))[self.note]
        if isinstance(found, ReadError):
            return [], {}
        try:
            told = json.loads(found)
            return [str(name) for name in told["came"]], {str(k): str(v) for k, v in told["replaced"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            return [], {}

    async def restore(self, was: Mapping[str, Any]) -> str:
        """Take away exactly what came and was not there before."""
        site = self.site
        await refuse_while_running(site, "the programs it runs on are not removed")
        came, replaced = await self._came()
        before: Mapping[str, Any] = was["packages"]
        now = await apt.packages(site.host)
        going = [name for name in came if name in now and not (name in before and before[name][1])]
        if going:
            # settings that were left of an older installation stay
            argv = ["purge", *(name for name in going if name not in before)]
            kept = ["remove", *(name for name in going if name in before and now[name].installed)]
            orders = [one for one in (kept, argv) if len(one) > 1]
            for order in orders:
                others = set((await apt.simulate(site.host, order)).goes) - set(going)
                if others:
                    raise ActionRefused(
                        f"{site.name}: {' '.join(sorted(others))} needs what this step installed.",
                        "Remove these packages first, or leave QEMU there.",
                    )
            for order in orders:
                await apt.get(site, order)
        await keptfiles.put_back(site.host, was, _SOURCE_FILES)
        await site.host.remove([self.note])
        text = f"{len(going)} packages removed"
        stays = [f"{name} (was {version})" for name, version in sorted(replaced.items()) if name in now]
        return f"{text}; replaced versions cannot be put back: {', '.join(stays)}" if stays else text

"""Kernel modules: loaded now and at every boot, the ifb devices' number with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from colotui.errors import ActionRefused, CommandFailed
from colotui.host.modules import PLAIN, PURPOSES, ModuleReader
from colotui.model.facts import Module, ModuleState
from colotui.model.pair import EngineKind
from colotui.model.plan import Step
from colotui.model.setup import Wanted
from colotui.setup import keptfiles
from colotui.setup.site import SEED, Site, kept_step

KEY = "modules"
LOAD_FILE = "/etc/modules-load.d/colotui.conf"
OPTIONS_FILE = "/etc/modprobe.d/colotui.conf"
_FILES = (LOAD_FILE, OPTIONS_FILE)
_ONLY_SCRIPTS = ("cls_basic", "cls_tcindex", "blktap2")
"""Only the Xen scripts of 2014 want them: what stands in for each is said by ModuleReader."""


def wanted_names(site: Site, wanted: Wanted) -> tuple[str, ...]:
    """The modules that the guests of the pair and what is wanted call for."""
    classic = wanted.ifb or wanted.wiring or any(guest.engine is EngineKind.XEN for guest in site.pair.guests)
    return (*PLAIN, *(PURPOSES if classic else ()))


def ifbs(site: Site) -> int:
    """How many ifb devices the module is to make: two for each guest NIC, at least two."""
    return max(2, 2 * sum(len(guest.nics) for guest in site.pair.guests))


def load_text(names: Sequence[str]) -> str:
    """The file that systemd-modules-load (or the init script of kmod) reads at boot."""
    return "".join(f"{line}\n" for line in ("# Made by colotui: what COLO needs, loaded at every boot.", *names))


def options_text(number: int) -> str:
    """The file modprobe reads."""
    return f"# Made by colotui: two ifb devices for each guest NIC.\noptions ifb numifbs={number}\n"


async def steps(site: Site, wanted: Wanted) -> list[Step]:
    """One step, or none where the kernel has all of it built in. What Linux no longer has is named, never asked for."""
    names = wanted_names(site, wanted)
    reader = ModuleReader(site.host, names)
    kernel = site.host.info.kernel
    found = await reader.read(kernel)
    load = [module.name for module in found if module.state in (ModuleState.LOADED, ModuleState.LOADABLE)]
    missing = absent(found)
    if not load and not missing and await site.ledger.recall(KEY) is None:
        return []
    return [_step(site, wanted, reader, load, found)]


def absent(found: Sequence[Module]) -> tuple[str, ...]:
    """The modules that are needed and that this kernel cannot have."""
    return tuple(
        module.name for module in found if module.state is ModuleState.MISSING and module.name not in _ONLY_SCRIPTS
    )


def _step(site: Site, wanted: Wanted, reader: ModuleReader, load: list[str], found: Sequence[Module]) -> Step:
    host, number = site.host, ifbs(site)
    texts: dict[str, str] = {}
    if wanted.keep and load:
        texts[LOAD_FILE] = load_text(load)
        if "ifb" in load:
            texts[OPTIONS_FILE] = options_text(number)

    async def loadable() -> list[str]:
        modules = await reader.read(host.info.kernel)
        return [module.name for module in modules if module.state is ModuleState.LOADABLE]

    async def check() -> bool:
        modules = await reader.read(host.info.kernel)
        if absent(modules) or any(module.state is ModuleState.LOADABLE for module in modules):
            return False
        files = await host.read(list(texts))
        return all(files[path] == text.encode() for path, text in texts.items())

    async def before() -> Mapping[str, Any]:
        # of all, not only of those wanted now: a later run that wants more keeps to what the first one found
        modules = await ModuleReader(host, (*PLAIN, *PURPOSES)).read(host.info.kernel)
        kept = await keptfiles.look(host, _FILES)
        return {**kept, "loaded": [module.name for module in modules if module.state is ModuleState.LOADED]}

    async def apply() -> str:
        for path, text in texts.items():
            await host.mkdir(path.rpartition("/")[0], 0o755)
            await host.write(path, text.encode(), mode=0o644, create=True)
        loaded = await loadable()
        for name in loaded:
            await host.run(_modprobe(name, number), timeout=30)
        modules = await reader.read(host.info.kernel)
        if left := [module.name for module in modules if module.state is ModuleState.LOADABLE]:
            argv = tuple(_modprobe(left[0], number))
            raise CommandFailed(site.name, argv, 0, f"{' '.join(left)} is not in /proc/modules afterwards")
        if lost := absent(modules):
            raise ActionRefused(
                f"{site.name}: the kernel {host.info.kernel} has no {' and no '.join(lost)}.",
                "Boot a kernel that has them (Debian: linux-image-amd64), or leave ifb and the tc wiring out.",
            )
        return f"loaded {' '.join(loaded)}" if loaded else "all loaded"

    async def restore(was: Mapping[str, Any]) -> str:
        await keptfiles.put_back(host, was, _FILES)
        in_use = []
        before_us = {str(name) for name in was["loaded"]}
        for module in reversed(await reader.read(host.info.kernel)):
            if module.state is not ModuleState.LOADED or module.name in before_us:
                continue
            result = await host.run(["modprobe", "-r", module.name], timeout=30, check=False)
            if result.status != 0:
                in_use.append(module.name)
        return f"{' '.join(in_use)} stays loaded: in use" if in_use else "as it was"

    now = [name for name in load if name not in _loaded(found)]
    commands = [" ".join(_modprobe(name, number)) for name in now] + [f"write {path}" for path in texts]
    remarks = [f"{module.name}: {module.note}" for module in found if not module.ready and module.name not in load]
    why = "taps, bridge and the packets' way through tc need them, also after a reboot"
    if remarks:
        why += f" ({'; '.join(remarks)})"
    return kept_step(
        site, KEY, "kernel modules", "; ".join(commands) or f"none can be loaded: {' '.join(absent(found))} is missing",
        why, check=check, apply=apply, before=before, restore=restore, script=_script(load, number, texts),
        undo_command="modprobe -r what was loaded; the files as they were", source=f"{SEED}, Dom0 requirements; step 6",
        durable=True,
    )  # fmt: skip


def _loaded(found: Sequence[Module]) -> frozenset[str]:
    return frozenset(module.name for module in found if module.state is ModuleState.LOADED)


def _modprobe(name: str, number: int) -> list[str]:
    return ["modprobe", name, f"numifbs={number}"] if name == "ifb" else ["modprobe", name]


def _script(load: Sequence[str], number: int, texts: Mapping[str, str]) -> tuple[str, ...]:
    lines = [" ".join(_modprobe(name, number)) for name in load]
    for path, text in texts.items():
        folder = path.rpartition("/")[0]
        quoted = " ".join(f"'{line}'" for line in text.splitlines())
        lines += [
            f"mkdir -p {folder}",
            f"printf '%s\\n' {quoted} >{path}.new",
            f"chmod 644 {path}.new",
            f"mv {path}.new {path}",
        ]
    return tuple(lines)

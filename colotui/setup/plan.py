"""The whole set-up as one plan for both hosts, and the plan that takes it back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from colotui.errors import ActionRefused, UsageError
from colotui.model.pair import EngineKind, Pair
from colotui.model.plan import Action, Line, Plan, Step
from colotui.model.setup import Wanted
from colotui.model.survey import HostSurvey
from colotui.setup import (
    bridge,
    clock,
    folders,
    forward,
    guestsysctls,
    ifb,
    images,
    irqs,
    keep,
    leftovers,
    modules,
    offloads,
    packages,
    sockets,
    tcwiring,
)
from colotui.setup.site import Site

STEP_KEYS = (
    "qemu",
    "programs",
    "modules",
    "leftovers",
    "ifb-leaks",
    "forward-up",
    "forward-address",
    "quickack",
    "bridge",
    "sockets",
    "offloads",
    "irqbalance",
    "irq",
    "rps",
    "ifb",
    "wiring",
    "clock",
    "keep",
    "folder",
    "image",
    "guest-sysctls",
)
"""The keys of all steps, in the order they are run: what --only takes, and what a finding names as its cure."""

TUNING = frozenset(
    {"quickack", "sockets", "offloads", "irqbalance", "irq", "rps", "clock", "keep", "guest-sysctls", "leftovers"}
)
"""Steps that may be taken back under a running guest: it goes on without them, only slower."""

TITLE = "Set up"


async def build(sites: tuple[Site, Site], wanted: Wanted, only: Sequence[str] = ()) -> Plan:
    """The steps of both hosts, host by host, then those that need both. Raises ActionRefused for what would do harm."""
    if wanted.wiring and any(guest.engine is EngineKind.QEMU for guest in sites[0].pair.guests):
        raise ActionRefused(
            "the wiring of classic COLO takes every packet of the forward NIC: the qemu engine's own links would stop.",
            "Leave the wiring out; the qemu engine copies and compares packets inside QEMU.",
        )
    every = await all_steps(sites, {site.name: wanted for site in sites})
    steps = [step for step in every if not only or _asked(step, only)]
    pair = sites[0].pair
    names = " and ".join(site.name for site in sites)
    changed = sorted({step.host for step in steps})
    left_out = [text for site in sites for text in await tcwiring.unwired(site, wanted)]
    lines = [
        Line("What it does", f"makes {names} fit for {_guests(pair)}; no guest is started or stopped."),
        Line("What it changes", f"only {' and '.join(changed) or 'nothing'}; what was there before is kept there."),
        Line("Undo", "every step that can be taken back has its undo: colotui setup --undo"),
        *(Line("Left out", text) for text in left_out),
    ]
    return Plan(Action.SETUP, "", f"{TITLE} {names}", tuple(steps), tuple(lines))


def check_keys(only: Iterable[str], pair: Pair) -> None:
    """Raises UsageError for what is neither a step nor HOST:STEP."""
    hosts = [spec.name for spec in pair.hosts]
    for word in only:
        host, colon, key = word.rpartition(":")
        if key not in STEP_KEYS or (colon and host not in hosts):
            raise UsageError(
                f"there is no set-up step `{word}`.",
                f"A step, or HOST:STEP with one of the hosts {' and '.join(hosts)}. Steps: {', '.join(STEP_KEYS)}.",
            )


def _asked(step: Step, only: Sequence[str]) -> bool:
    return step.key in only or f"{step.host}:{step.key}" in only


async def all_steps(sites: tuple[Site, Site], wanted: Mapping[str, Wanted]) -> list[Step]:
    """Every step that makes sense, in the order of STEP_KEYS for each host. `wanted` by host name."""
    mtu = _common_mtu(sites)
    steps: list[Step] = []
    for site in sites:
        mine = await _host_steps(site, wanted[site.name], mtu)
        if wanted[site.name].keep:
            mine.append(keep.keep_step(site, mine))
        steps += [*mine, *await folders.steps(site, wanted[site.name])]
    first, second = sites
    chosen = wanted[first.name]
    if chosen.image_from:
        source, target = (first, second) if first.name == chosen.image_from else (second, first)
        steps += await images.image_steps(source, target, chosen)
    for site in sites:
        steps += await guestsysctls.steps(site, wanted[site.name])
    return steps


async def _host_steps(site: Site, wanted: Wanted, mtu: int | None) -> list[Step]:
    """The steps that one host needs by itself."""
    return [
        *await packages.steps(site, wanted),
        *await modules.steps(site, wanted),
        *await leftovers.steps(site, wanted),
        *await ifb.free_leaked_steps(site, wanted),
        *await forward.forward_steps(site, wanted, mtu=mtu),
        *await bridge.steps(site, wanted),
        *await sockets.steps(site, wanted),
        *await offloads.steps(site, wanted),
        *await irqs.irq_steps(site, wanted),
        *await ifb.ifb_steps(site, wanted),
        *await tcwiring.wiring_steps(site, wanted),
        *await clock.steps(site, wanted),
    ]


def _common_mtu(sites: tuple[Site, Site]) -> int | None:
    """The MTU both forward NICs can have: the smaller one of what they have now."""
    found = [nic.mtu for site in sites if (nic := site.survey.nic(site.spec.forward.nic)) is not None]
    return min(found) if len(found) == len(sites) else None


def image_source(pair: Pair, surveys: Mapping[str, HostSurvey]) -> str:
    """The only host that has every disk image of the pair's guests; "" when that is none, or both."""
    paths = {disk.path for guest in pair.guests for disk in guest.disks}
    holders = [
        name
        for name, survey in surveys.items()
        if paths and paths <= {image.path for image in survey.images if image.exists}
    ]
    return holders[0] if len(holders) == 1 else ""


async def build_undo(sites: tuple[Site, Site], only: Sequence[str] = ()) -> Plan:
    """Takes back, last step first, all that was kept on the hosts. What no step knows any more is named in a line.

    Where the settings are made again at every boot, what was before them is put back whatever was booted since.
    """
    everything = Wanted(ifb=True, wiring=True, offloads_off=True, image_from=sites[0].name)
    known = await all_steps(
        sites, {site.name: replace(everything, keep=keep.BOOT in site.survey.settings) for site in sites}
    )
    kept = {site.name: set(await site.ledger.keys()) for site in sites}
    steps: list[Step] = []
    for step in reversed(known):
        if step.undo is None or step.kept not in kept[step.host]:
            continue
        kept[step.host].discard(step.kept)
        if only and not _asked(step, only):
            continue
        steps.append(
            replace(
                step,
                title=f"undo: {step.title}",
                command=step.undo_command,
                why=f"takes back: {step.command}",
                apply=step.undo,
                check=None,
                undo=None,
                script=(),
            )
        )
    lines = [Line("What it does", "puts back what was there before the set-up, as it was kept on each host.")]
    for name, rest in kept.items():
        if rest and not only:
            lines.append(Line("Left", f"{name}: {', '.join(sorted(rest))} was set up by another pair file or version."))
    names = " and ".join(site.name for site in sites)
    return Plan(Action.UNDO, "", f"Undo the set-up of {names}", tuple(steps), tuple(lines))


def _guests(pair: Pair) -> str:
    return " and ".join(guest.name for guest in pair.guests)

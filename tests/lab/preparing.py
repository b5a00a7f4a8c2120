"""One host of a lab as a set-up step sees it: connected, with its ledger, and what little a survey must say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from colotui.config import load
from colotui.host.channel import Host
from colotui.model.facts import Missing
from colotui.model.plan import Step
from colotui.model.survey import HostSurvey
from colotui.setup.ledger import Ledger
from colotui.setup.site import Site


def survey(host: str, *, systemd: bool = False) -> HostSurvey:
    """A survey that found nothing: steps that look for themselves do not need more."""
    nothing = Missing("not looked for")
    return HostSurvey(
        host=host,
        taken_at=0.0,
        kernel="",
        system="debian",
        release="trixie",
        systemd=systemd,
        cpu_model="",
        cpu_flags=frozenset(),
        cpus=2,
        kvm=False,
        nics=nothing,
        ifbs=nothing,
        programs={},
        sysctls={},
        images=(),
        leftovers=(),
        listeners=nothing,
    )


@asynccontextmanager
async def site_on(pair_path: str, name: str, *, systemd: bool = False, **changes: object) -> AsyncIterator[Site]:
    """The host connected; `changes` are what its entry in the pair file says otherwise (service_nic="eth2")."""
    pair = load(pair_path)
    spec = replace(pair.host(name), **changes)  # type: ignore[arg-type]
    pair = replace(pair, hosts=tuple(spec if one.name == name else one for one in pair.hosts))  # type: ignore[arg-type]
    host = Host(spec)
    await host.connect()
    try:
        yield Site(pair, spec, host, survey(name, systemd=systemd), Ledger(host))
    finally:
        await host.close()


async def checked(steps: Sequence[Step]) -> dict[str, bool]:
    """What the check of each step says now."""
    return {step.key: bool(step.check and await step.check()) for step in steps}


async def applied(steps: Sequence[Step]) -> dict[str, str]:
    """Apply each step that is not so already; what it said."""
    return {step.key: await step.apply() for step in steps if not (step.check and await step.check())}


async def undone(steps: Sequence[Step]) -> dict[str, str]:
    """Undo all steps, the last one first; what each said."""
    return {step.key: await step.undo() for step in reversed(steps) if step.undo}

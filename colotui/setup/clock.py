"""The hosts' dates: the same within a second, kept so by a time service where one is installed."""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from colotui.errors import HostCallFailed
from colotui.host.channel import ReadError
from colotui.model.plan import Step
from colotui.model.setup import Wanted
from colotui.setup.site import SEED, Site, kept_step

KEY = "clock"
LIMIT_MS = 1000.0
"""How far a host's clock may be from the cockpit's, and so from its peer's."""
_SETTLE = 15.0
"""Seconds a time service gets to put the clock right after its start."""
_WHY = "checkpoints, logs and the guest's time cannot be compared across hosts whose dates differ"
_SOURCE = f"{SEED}, Performance 3"


@dataclass(frozen=True, slots=True)
class Service:
    """A time service: its process (as the kernel keeps its name, at most 15 bytes) and its systemd unit."""

    process: str
    unit: str


SERVICES = (
    Service("chronyd", "chrony.service"),
    Service("chronyd", "chronyd.service"),
    Service("ntpd", "ntpsec.service"),
    Service("ntpd", "ntp.service"),
    Service("ntpd", "ntpd.service"),
    Service("ntpd", "openntpd.service"),
    Service("systemd-timesyn", "systemd-timesyncd.service"),
)
_UNIT_FOLDERS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")


async def steps(site: Site, wanted: Wanted) -> list[Step]:
    """One step: start the time service that is installed, else set the clock once."""
    if not wanted.clock:
        return []
    service = await installed(site)
    return [_set_once_step(site) if service is None else _service_step(site, service)]


async def installed(site: Site) -> Service | None:
    """The time service of this host that systemd can start; the running one first."""
    if not site.survey.systemd:
        return None
    units = [f"{folder}/{service.unit}" for service in SERVICES for folder in _UNIT_FOLDERS]
    stats = await site.host.stat(units)
    there = [
        service
        for service in SERVICES
        if any(not isinstance(stats[f"{folder}/{service.unit}"], ReadError) for folder in _UNIT_FOLDERS)
    ]
    running = await site.host.named_processes([service.process for service in SERVICES])
    return next((service for service in there if running.get(service.process)), there[0] if there else None)


async def right(site: Site) -> bool:
    """The host's clock is within the limit of the cockpit's."""
    return abs((await site.host.clock()).offset_ms) <= LIMIT_MS


async def set_once(site: Site) -> str:
    """Set the host's clock from the cockpit's, and look whether it took it."""
    reading = await site.host.clock()
    await site.host.run(_date_argv(time.time() + reading.rtt_ms / 2e3), timeout=10)
    now = await site.host.clock()
    if abs(now.offset_ms) > LIMIT_MS:
        raise HostCallFailed(
            site.name, f"its clock is still {now.offset_ms / 1e3:+.1f} s off.", errno.EIO,
            "Something else sets it: look for a second time service, or at the hypervisor below.",
        )  # fmt: skip
    return f"it was {reading.offset_ms / 1e3:+.1f} s off"


def _date_argv(at: float) -> list[str]:
    return ["date", "-u", "-s", f"@{at:.6f}"]


def _set_once_step(site: Site) -> Step:
    async def check() -> bool:
        return await right(site)

    async def apply() -> str:
        return f"{await set_once(site)}; it will drift: install a time service (Debian: apt install chrony)"

    peer = site.peer
    login = f"-p {peer.port} {peer.user}@{peer.address}" if not peer.is_local else peer.forward.address
    return Step(
        KEY, site.name, "clock", "date -u -s @<the cockpit's time>",
        f"{_WHY}; no time service is installed here, so it will drift again", apply, check=check, source=_SOURCE,
        script=(
            f"# install a time service (Debian: chrony) on both hosts; else, once, from {peer.name}:",
            f'date -u -s "@$(ssh {login} date +%s.%N)"',
        ),
    )  # fmt: skip


def _service_step(site: Site, service: Service) -> Step:
    host, unit = site.host, service.unit

    async def runs() -> bool:
        return bool((await host.named_processes([service.process])).get(service.process))

    async def check() -> bool:
        return await right(site) and await runs()

    async def before() -> Mapping[str, Any]:
        return {
            "unit": unit,
            "enabled": await _says("is-enabled", "enabled"),
            "active": await _says("is-active", "active"),
        }

    async def _says(question: str, yes: str) -> bool:
        return (await host.run(["systemctl", question, unit], check=False)).stdout.strip() == yes

    async def apply() -> str:
        text = f"{unit} runs"
        if not await runs():
            await host.run(["systemctl", "enable", "--now", unit], timeout=60)
            text = f"{unit} started"
        end = time.monotonic() + _SETTLE
        while not await right(site):
            if time.monotonic() >= end:
                return f"{text}; {await set_once(site)}, set once: {unit} did not put it right within {_SETTLE:g} s"
            site.note(f"waiting for {unit} to put the clock right")
            await asyncio.sleep(0.5)
        if not await runs():
            raise HostCallFailed(
                site.name, f"{unit} does not stay running.", errno.EIO, f"Look at `systemctl status {unit}` there."
            )
        return text

    async def restore(was: Mapping[str, Any]) -> str:
        if not was["active"]:
            await host.run(["systemctl", "stop", unit], timeout=60)
        if not was["enabled"]:
            await host.run(["systemctl", "disable", unit], timeout=60)
        return f"{unit} as it was; a clock that was put right stays so"

    return kept_step(
        site, KEY, "clock", f"systemctl enable --now {unit}", _WHY, check=check, apply=apply, before=before,
        restore=restore, script=(f"systemctl enable --now {unit}",), undo_command=f"systemctl disable --now {unit}",
        source=_SOURCE, durable=True,
    )  # fmt: skip

"""irqbalance off: it moves the NICs' interrupts together again after they were put on CPUs of their own."""

from __future__ import annotations

import asyncio
import errno
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from colotui.errors import HostCallFailed
from colotui.host.channel import Host, ProcessInfo, ReadError
from colotui.model.plan import Step
from colotui.model.setup import Wanted
from colotui.setup.site import SEED, Site, kept_step

KEY = "irqbalance"
_NAME = "irqbalance"
_UNIT = f"{_NAME}.service"
_SYSTEMD = "/run/systemd/system"
_END_LIMIT = 5.0
_SYSTEMCTL_LIMIT = 30.0

_BY_SERVICE = f"systemctl disable --now {_UNIT}"
# Waits until it is gone, 5 s at most: what is run next must not find it dying.
_BY_SIGNAL = (
    f'for f in /proc/[0-9]*/comm; do if [ "$(cat "$f" 2>/dev/null)" = {_NAME} ]; then p=${{f%/comm}}; '
    'kill "${p##*/}" || true; n=0; while [ -e "$f" ] && [ "$n" -lt 50 ]; do sleep 0.1; n=$((n + 1)); done; fi; done'
)


@dataclass(frozen=True, slots=True)
class Service:
    """The service of systemd: does it run, and how is it enabled ("enabled", "enabled-runtime", "disabled", ...)."""

    active: bool
    enabled: str

    @property
    def comes_back(self) -> bool:
        """True when a boot would start it."""
        return self.enabled in ("enabled", "enabled-runtime")


async def steps(site: Site, wanted: Wanted) -> list[Step]:
    """One step where it runs, or would after a boot; and where an earlier set-up has stopped it."""
    service = await find_service(site.host)
    runs = bool(await find_processes(site.host)) or (service is not None and (service.active or service.comes_back))
    if not runs and KEY not in await site.ledger.keys():
        return []
    return [_step(site, by_service=service is not None, keep=wanted.keep)]


def _step(site: Site, *, by_service: bool, keep: bool) -> Step:
    host = site.host

    async def check() -> bool:
        service = await find_service(host)
        asleep = service is None or not (service.active or service.comes_back)
        return asleep and not await find_processes(host)

    async def before() -> Mapping[str, Any]:
        service = await find_service(host)
        if service is not None and service.active:
            return {"active": True, "enabled": service.enabled, "argv": []}
        argv = [list(found.cmdline) for found in await find_processes(host)]
        return {"active": False, "enabled": service.enabled if service else "", "argv": argv}

    async def apply() -> str:
        service = await find_service(host)
        if service is not None and (service.active or service.comes_back):
            await host.run(["systemctl", "disable", "--now", _UNIT], _SYSTEMCTL_LIMIT)
        for found in await find_processes(host):
            await _end(host, found)
        if await find_processes(host):
            raise HostCallFailed(
                site.name,
                f"{_NAME} runs again: something on that host starts it anew.",
                errno.EBUSY,
                "Take it out of that host's init, then retry.",
            )
        return "does not run"

    async def restore(was: Mapping[str, Any]) -> str:
        texts: list[str] = []
        if was["enabled"] in ("enabled", "enabled-runtime"):
            how = ["--runtime"] if was["enabled"] == "enabled-runtime" else []
            await host.run(["systemctl", "enable", *how, _UNIT], _SYSTEMCTL_LIMIT)
            texts.append("enabled")
        if was["active"]:
            await host.run(["systemctl", "start", _UNIT], _SYSTEMCTL_LIMIT)
            texts.append("started")
        running = [list(found.cmdline) for found in await find_processes(host)]
        for argv in was["argv"]:
            if argv and argv not in running:
                await host.spawn(argv, stdout="/dev/null", stderr="/dev/null")
                texts.append(f"started `{' '.join(argv)}`")
        return " and ".join(texts) or "ran already"

    back = f"systemctl enable --now {_UNIT}, as far as it was" if by_service else f"{_NAME}, as it was started"
    return kept_step(
        site, KEY, "irqbalance off", _BY_SERVICE if by_service else f"kill -TERM $(pidof {_NAME})",
        "it would move the NICs' interrupts together again after each got a CPU of its own",
        check=check, apply=apply, before=before, restore=restore,
        script=(_BY_SERVICE if by_service else _BY_SIGNAL,),
        undo_command=back, source=f"{SEED}, Performance 3", at_boot=not by_service, durable=keep or by_service,
    )  # fmt: skip


async def find_service(host: Host) -> Service | None:
    """The service; None without systemd, or when it knows no such service."""
    if isinstance((await host.stat([_SYSTEMD]))[_SYSTEMD], ReadError):
        return None
    shown = await host.run(["systemctl", "show", _UNIT, "--property=LoadState,ActiveState,UnitFileState"])
    facts = dict(line.partition("=")[::2] for line in shown.stdout.splitlines())
    if facts.get("LoadState") != "loaded":
        return None
    return Service(facts.get("ActiveState") in ("active", "activating", "reloading"), facts.get("UnitFileState", ""))


async def find_processes(host: Host) -> list[ProcessInfo]:
    """Every irqbalance that runs as root. Others cannot move an interrupt, and undo must not start them as root."""
    pids = (await host.named_processes([_NAME])).get(_NAME, ())
    texts = await host.read([f"/proc/{pid}/status" for pid in pids])
    found: list[ProcessInfo] = []
    for pid in pids:
        status = texts[f"/proc/{pid}/status"]
        if not isinstance(status, bytes) or not _is_root(status):
            continue
        info = await host.process(pid)
        if info is not None:
            found.append(info)
    return found


def _is_root(status: bytes) -> bool:
    for line in status.splitlines():
        if line.startswith(b"Uid:"):
            return line.split()[1:] == [b"0"] * 4
    return False


async def _end(host: Host, process: ProcessInfo) -> None:
    await host.kill(process.pid, signal.SIGTERM, start_time=process.start_time)
    try:
        await asyncio.wait_for(host.watch_exit(process.pid, start_time=process.start_time), _END_LIMIT)
    except TimeoutError:
        raise HostCallFailed(
            host.name,
            f"{_NAME} (pid {process.pid}) does not end within {_END_LIMIT:g} s of SIGTERM.",
            errno.EBUSY,
            f"End it there by hand (kill -KILL {process.pid}), then retry.",
        ) from None

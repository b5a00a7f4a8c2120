"""Whether a copy of a guest lives on a host, asked at this moment: what it stands on is not touched then."""

from __future__ import annotations

from colotui.engine.qemu.session import CopySession, Record
from colotui.engine.qemu.wiring import Wiring, data_dir
from colotui.errors import ActionRefused, CommandFailed
from colotui.host.channel import Host
from colotui.model.pair import EngineKind, GuestSpec
from colotui.model.protection import Role
from colotui.setup.site import Site

_NO_COMMAND = 127


async def running(host: Host, guest: GuestSpec) -> str:
    """What lives of the guest on this host ("QEMU 4711"); "" when nothing does. Raises HostError."""
    session = CopySession(host, Wiring(guest), lambda *_: None)
    process = await session.look()
    pids = [process.pid] if process is not None else await session.strays()
    if pids:
        return f"QEMU {pids[0]}"
    if guest.engine is EngineKind.XEN:
        for name in await domains(host):
            if name in (guest.name, incoming(guest.name)):
                return f"the domain {name}"
    return ""


async def domains(host: Host) -> tuple[str, ...]:
    """The names of the Xen domains; none where there is no xl. CommandFailed when xl cannot tell."""
    result = await host.run(["xl", "list"], timeout=15, check=False)
    if result.status == _NO_COMMAND:
        return ()
    if result.status != 0:
        raise CommandFailed(host.name, ("xl", "list"), result.status, result.stderr or result.stdout)
    return tuple(line.split()[0] for line in result.stdout.splitlines()[1:] if line.strip())


def incoming(guest: str) -> str:
    """How xl calls a domain that is still being received."""
    return f"{guest}--incoming"


async def refuse_while_running(site: Site, what: str) -> None:
    """Raises ActionRefused while a copy of any guest of the pair lives on this host."""
    for guest in site.pair.guests:
        await refuse_while_guest_runs(site, guest, what)


async def refuse_while_guest_runs(site: Site, guest: GuestSpec, what: str) -> None:
    """Raises ActionRefused while a copy of `guest` lives on this host."""
    found = await running(site.host, guest)
    if found:
        raise ActionRefused(
            f"{site.name}: {found} runs {guest.name}: {what} now.",
            "Stop the guest there first (colotui stop, then shut it down), then try again.",
        )


async def record(host: Host, guest: str) -> Record:
    """What the host keeps of the guest over reboots; the empty record when it keeps nothing."""
    path = f"{data_dir(guest)}/state"
    return Record.parse((await host.read([path]))[path])


async def carried_on_last(host: Host, guest: str) -> bool:
    """The host's record says that the guest ran here last: its disk is the newest, perhaps the only good one."""
    return (await record(host, guest)).role == Role.PRIMARY.value

"""The TCP settings the guest needs, as a file that is ready to be put into it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from colotui.engine.qemu.wiring import data_dir
from colotui.model.pair import GuestSpec
from colotui.model.plan import Step
from colotui.model.setup import Wanted
from colotui.setup import keptfiles
from colotui.setup.site import SEED, Site, kept_step

KEY = "guest-sysctls"
NAME = "60-colo-guest.conf"
SETTINGS = ("net.ipv4.tcp_sack=0", "net.ipv4.tcp_dsack=0", "net.ipv4.tcp_timestamps=0")


def text(guest: str) -> str:
    """The file as sysctl reads it."""
    lines = (
        f"# For the guest {guest}, not for this host: COLO compares the replies of two copies, and these TCP options",
        "# make equal replies differ. Put it into the guest, then run `sysctl --system` there:",
        f"#   scp {path(guest)} root@{guest}:/etc/sysctl.d/{NAME}",
        *SETTINGS,
    )
    return "".join(f"{line}\n" for line in lines)


def path(guest: str) -> str:
    """Where the file lies on the host."""
    return f"{data_dir(guest)}/{NAME}"


async def steps(site: Site, wanted: Wanted) -> list[Step]:
    """One step for each guest, on the host the guest starts on, and wherever an earlier set-up put the file."""
    starts_here = site.name == (wanted.image_from or site.pair.hosts[0].name)
    found = []
    for guest in site.pair.guests:
        if wanted.guest_sysctls and (starts_here or await site.ledger.recall(_kept(guest)) is not None):
            found.append(_step(site, guest))
    return found


def _kept(guest: GuestSpec) -> str:
    return f"{KEY}-{guest.name}"


def _step(site: Site, guest: GuestSpec) -> Step:
    host, place, content = site.host, path(guest.name), text(guest.name)

    async def check() -> bool:
        return (await host.read([place]))[place] == content.encode()

    async def before() -> Mapping[str, Any]:
        return await keptfiles.look(host, [place])

    async def apply() -> str:
        await host.write(place, content.encode(), mode=0o644, create=True)
        return f"put {place} into the guest's /etc/sysctl.d"

    async def restore(was: Mapping[str, Any]) -> str:
        await keptfiles.put_back(host, was, [place])
        return "removed" if was["files"][place] is None else "as it was"

    quoted = " ".join(f"'{line}'" for line in content.splitlines())
    return kept_step(
        site, KEY, f"TCP settings for {guest.name}", f"write {place}",
        "with these TCP options on, equal replies of the two copies look different and force checkpoints",
        check=check, apply=apply, before=before, restore=restore,
        script=(f"mkdir -p -m 700 {data_dir(guest.name)}", f"printf '%s\\n' {quoted} >{place}", f"chmod 644 {place}"),
        undo_command=f"rm {place}", source=f"{SEED}, Performance 2", durable=True, ledger_key=_kept(guest),
    )  # fmt: skip

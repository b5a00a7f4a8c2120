"""A change to the addresses that the operator's own session runs over: it undoes itself unless it is confirmed."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import time
from collections.abc import Sequence

from colotui.errors import HostCallFailed, HostError, HostLost
from colotui.host.channel import Host, ReadError
from colotui.setup.site import Site

FOLDER = "/run/colotui-guard"
SECONDS = 15
"""How long the host waits for a session that gets through before it undoes the change."""
_GRACE = 5

# $1 the folder with the commands for `ip`, $2 how many seconds to wait. Whoever makes the folder "decided" first has
# decided: the cockpit that it stays, this script that it goes back.
SCRIPT = """cd "$1" || exit 1
clean() { rm -f forth back state said && rmdir decided && cd / && rmdir "$1"; }
if ! ip -batch forth; then
    ip -force -batch back
    echo failed >state
    exit 1
fi
echo moved >state
read -r now rest </proc/uptime
end=$((${now%.*} + $2))
while [ "${now%.*}" -lt "$end" ]; do
    [ ! -d decided ] || { clean "$1"; exit 0; }
    sleep 0.2 || sleep 1
    read -r now rest </proc/uptime
done
! mkdir decided || ip -force -batch back
clean "$1"
"""


async def guarded(site: Site, what: str, forth: Sequence[str], back: Sequence[str]) -> None:
    """Run the `ip` commands `forth` on the host in one go. They stay only if a new session gets through afterwards.

    Otherwise, also when this process dies, the host runs `back`, of which what has nothing to do is passed over.
    Raises HostCallFailed when it was undone.
    """
    await settle(site)
    host = site.host
    await host.mkdir(FOLDER)
    for name, lines in (("forth", forth), ("back", back)):
        text = "".join(f"{line}\n" for line in lines)
        await host.write(f"{FOLDER}/{name}", text.encode(), mode=0o600, create=True)
    said = f"{FOLDER}/said"
    argv = ["/bin/sh", "-c", SCRIPT, "guard", FOLDER, str(SECONDS)]
    with contextlib.suppress(HostLost):  # the answer may be what the change cut off: the host knows how it went
        await host.spawn(argv, stdout=said, stderr=said)
    await _confirm(site, what)
    await _wait_gone(site)


async def pending(host: Host) -> bool:
    """Whether such a change is under way, or was left unclean: then nothing that is seen now may stay."""
    return not isinstance((await host.stat([FOLDER]))[FOLDER], ReadError)


async def settle(site: Site) -> None:
    """Wait until a change that another, perhaps killed, cockpit began has gone back; remove what is left of it."""
    for _ in range(int((SECONDS + _GRACE) / 0.2)):
        if not await pending(site.host) or await _state(site.host) == "failed":
            break
        site.note("waiting for an earlier change of the addresses to go back")
        await asyncio.sleep(0.2)
    await _clean(site.host)


async def _confirm(site: Site, what: str) -> None:
    """Say that the change stays, through a session that was opened after it."""
    end = time.monotonic() + SECONDS + _GRACE
    seen = False
    why = "its host did not answer"
    while time.monotonic() < end:
        fresh = Host(site.spec)
        try:
            await fresh.connect()
            state = await _state(fresh)
            if state == "failed":
                words = await _last_words(fresh)
                await _clean(fresh)
                raise HostCallFailed(
                    site.name, f"{what}: {words}", errno.EIO, "All is as it was before. Retry, or undo."
                )
            if state == "" and seen:
                break
            if state == "moved" and seen:
                if (await fresh.run(["mkdir", f"{FOLDER}/decided"], check=False)).status == 0:
                    return
                break
            seen = seen or state == "moved"
        except HostCallFailed:
            raise
        except HostError as error:
            why = error.what
        finally:
            await fresh.close()
        await asyncio.sleep(0.05)
    raise HostCallFailed(
        site.name, f"{what} was taken back by the host itself: no new session got through in {SECONDS} s ({why}).",
        errno.ETIMEDOUT, "Do it on the host's console or in its own network configuration.",
    )  # fmt: skip


async def _wait_gone(site: Site) -> None:
    for _ in range(50):
        with contextlib.suppress(HostLost):  # the old session may notice only now that it was cut off
            if not site.host.is_up:
                await site.host.connect()
            if not await pending(site.host):
                return
        await asyncio.sleep(0.1)
    await _clean(site.host)


async def _state(host: Host) -> str:
    found = (await host.read([f"{FOLDER}/state"]))[f"{FOLDER}/state"]
    return found.decode("ascii", "replace").strip() if isinstance(found, bytes) else ""


async def _last_words(host: Host) -> str:
    found = (await host.read([f"{FOLDER}/said"]))[f"{FOLDER}/said"]
    lines = found.decode("utf-8", "replace").strip().splitlines() if isinstance(found, bytes) else []
    return lines[0] if lines else "`ip` refused it and said nothing"


async def _clean(host: Host) -> None:
    await host.remove([f"{FOLDER}/{name}" for name in ("forth", "back", "state", "said")])
    for path in (f"{FOLDER}/decided", FOLDER):
        await host.rmdir(path)

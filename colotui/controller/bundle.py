"""Collects a support bundle of one guest: both hosts side by side and this cockpit's own view; changes nothing."""

from __future__ import annotations

import asyncio
import platform
import sys
import time
from collections.abc import Callable, Mapping
from importlib import metadata

from colotui import __version__, config, paths
from colotui.controller.bundlehost import Found, HostCollector
from colotui.controller.examining import examine
from colotui.engine.qemu.session import CopySession
from colotui.errors import ActionRefused
from colotui.host.channel import Host
from colotui.model.bundle import FILE_LIMIT, Absent, Bundle, Piece, assembled
from colotui.model.incident import Incident
from colotui.model.jsonform import document
from colotui.model.pair import Pair
from colotui.model.protection import Copy, GuestView, Life, LinkState, Snapshot
from colotui.model.secrets import cleaner_of, without_secrets

_EXAMINE_LIMIT = 20.0
"""Seconds the examination of both hosts may take."""

_LIBRARIES = ("textual", "asyncssh", "pyroute2", "psutil", "pyyaml", "qemu.qmp", "msgspec", "platformdirs")


async def collect(
    pair: Pair,
    guest: str,
    hosts: Mapping[str, Host],
    session: Callable[[str], CopySession],
    snapshot: Snapshot,
    incident: str = "",
) -> Bundle:
    """The bundle of `guest`, cleaned of secrets. `session`: its copy on the host of that name.

    `incident` is the id of the one it is about. Raises ActionRefused when there is none of that id; a host that
    cannot be reached, or anything else that cannot be had, is said in the manifest.
    """
    view = next(one for one in snapshot.guests if one.name == guest)
    about = _incident(view, incident)
    links = {one.spec.name: one.why for one in snapshot.hosts if one.link is not LinkState.UP}
    examined, *told = await asyncio.gather(
        _findings(pair, hosts, links),
        *(_of_host(host, view, session(name), links.get(name, "")) for name, host in hosts.items()),
    )
    own = await asyncio.to_thread(_own, pair, snapshot, view, about)
    parts = (own, examined, *told)
    pieces = [piece for part in parts for piece in part.pieces]
    absent = [one for part in parts for one in part.absent]
    # Masking reads every byte several times: the screen goes on meanwhile.
    return await asyncio.to_thread(assembled, pair.name, guest, time.time(), pieces, absent, cleaner_of(pair))


def _incident(view: GuestView, wanted: str) -> Incident | None:
    if not wanted:
        return next(iter(view.incidents), None)
    for one in view.incidents:
        if one.id == wanted:
            return one
    there = ", ".join(one.id for one in view.incidents[:8]) or "none"
    raise ActionRefused(f"{view.name} has no incident `{wanted[:40]}`.", f"There: {there}. Nothing was written.")


async def _of_host(host: Host, view: GuestView, session: CopySession, why: str) -> Found:
    copy = view.copies.get(host.name)
    collector = HostCollector(host, view.name, session, _pid(copy))
    if host.is_up:
        return await collector.collect()
    reason = why or "the host is not connected"
    collector.found.absent.append(Absent("everything of this host", host.name, reason))
    collector.transcript()
    return collector.found


def _pid(copy: Copy | None) -> int | None:
    return copy.pid if copy is not None and copy.life not in (Life.ABSENT, Life.DEAD) else None


async def _findings(pair: Pair, hosts: Mapping[str, Host], links: Mapping[str, str]) -> Found:
    """What `colotui check` finds, and all it was judged from."""
    found = Found()
    if not any(host.is_up for host in hosts.values()):
        found.absent.append(Absent("findings, facts and surveys", "both hosts", "no host is connected"))
        return found
    try:
        async with asyncio.timeout(_EXAMINE_LIMIT):
            look = await examine(hosts, pair, links=links)
    except TimeoutError:
        why = f"it took longer than {_EXAMINE_LIMIT:g} s"
        found.absent.append(Absent("findings, facts and surveys", "both hosts", why))
        return found
    text = document(taken_at=look.at, findings=look.findings)
    found.pieces.append(Piece("findings.json", "what `colotui check` finds", "both hosts", text.encode()))
    for name in hosts:
        for what, facts in (("facts", look.facts.get(name)), ("survey", look.surveys.get(name))):
            if facts is None:
                found.absent.append(Absent(what, name, links.get(name) or "the host did not tell"))
            else:
                told = document(**{what: facts}).encode()
                found.pieces.append(Piece(f"hosts/{name}/{what}.json", f"{what} of the host", name, told))
    return found


def _own(pair: Pair, snapshot: Snapshot, view: GuestView, about: Incident | None) -> Found:
    """What this machine knows: blocking reads, for a thread."""
    found = Found()
    yaml = config.dump(without_secrets(pair))
    found.pieces.append(Piece("pair.yaml", "the pair file without secrets", "the pair file", yaml.encode()))
    found.pieces.append(Piece("versions.txt", "versions of colotui and what it runs on", "here", _versions().encode()))
    if about is not None:
        text = document(incident=about)
        found.pieces.append(Piece("incident.json", f"the incident {about.id}", "this cockpit", text.encode()))
    else:
        found.absent.append(Absent("the incident", "this cockpit", f"none of {view.name} is known here"))
    text = document(snapshot=snapshot)
    found.pieces.append(Piece("snapshot.json", "all that the cockpit knows", "this cockpit", text.encode()))
    path = paths.logs_dir() / "colotui.log"
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            left_out = max(0, size - FILE_LIMIT)
            file.seek(left_out)
            data = file.read(FILE_LIMIT)
    except OSError as error:
        found.absent.append(Absent("colotui's own log", str(path), error.strerror or str(error)))
    else:
        found.pieces.append(Piece("colotui.log", "colotui's own log", str(path), data, left_out))
    return found


def _versions() -> str:
    lines = [f"colotui {__version__}", f"python {platform.python_version()}", f"system {platform.platform()}"]
    for name in _LIBRARIES:
        try:
            lines.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            lines.append(f"{name} not installed as a package")
    lines.append(f"encoding {sys.getfilesystemencoding()}")
    return "\n".join(lines) + "\n"

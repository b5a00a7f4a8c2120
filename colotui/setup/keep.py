"""What was set must survive a reboot: one script that the host runs at every boot, by systemd or by /etc/rc.local."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from typing import Any

from colotui.errors import HostCallFailed
from colotui.host.channel import Host, ReadError
from colotui.model.plan import Step
from colotui.setup import keptfiles
from colotui.setup.site import Site, kept_step

FOLDER = "/etc/colotui"
BOOT = f"{FOLDER}/boot.sh"
SERVICE = "colotui-host.service"
UNIT = f"/etc/systemd/system/{SERVICE}"
_ENABLED = f"/etc/systemd/system/multi-user.target.wants/{SERVICE}"
RC_LOCAL = "/etc/rc.local"
_SYSTEMD = "/run/systemd/system"
_MARK = "# colotui: `colotui setup --undo --only keep` takes this line out"
RC_LINE = f"[ ! -x {BOOT} ] || {BOOT} || true {_MARK}"
_END = "END_OF_COLOTUI"
_EMPTY = "#!/bin/sh\n"
_LIMIT = 1 << 18

UNIT_TEXT = f"""# Made by colotui: sets again at every boot what its set-up set on this host ({BOOT}).
# `colotui setup --undo --only keep` takes it away, or: systemctl disable {SERVICE}; rm {UNIT}
[Unit]
Description=What colotui set on this host for fault tolerance
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh {BOOT}

[Install]
WantedBy=multi-user.target
"""


def boot_text(pair: str, steps: Sequence[Step]) -> str:
    """The script: each step's own lines on their own, so that one that fails does not keep the others from running."""
    lines = [
        "#!/bin/sh",
        f"# Made by colotui for the pair {pair}: sets again at every boot what its set-up set on this host.",
        f"# `colotui setup --undo --only keep` takes it away; by hand: remove this file, and {UNIT}",
        f"# (systemctl disable {SERVICE}) or the line with {BOOT} in {RC_LOCAL}.",
        "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "failed=",
    ]
    for step in steps:
        lines += [
            "",
            f"# {step.title}",
            "(",
            "set -eu",
            *step.script,
            ")",
            f'[ $? -eq 0 ] || failed="$failed {step.key}"',
        ]
    lines += ["", '[ -z "$failed" ] || { echo "colotui: not set at boot:$failed" >&2; exit 1; }']
    return "\n".join(lines) + "\n"


def keep_step(site: Site, steps: Sequence[Step]) -> Step:
    """The step that keeps what `steps` set on this host: the lines of those that must run at every boot.

    `steps` may be those of both hosts; only those of this one count.
    """
    text = boot_text(site.pair.name, [one for one in steps if one.host == site.name and one.at_boot and one.script])
    hook = _Systemd(site) if site.survey.systemd else _RcLocal(site)

    async def check() -> bool:
        return await _file(site.host, BOOT) == (text, 0o755) and await hook.is_set()

    async def before() -> Mapping[str, Any]:
        return {**await keptfiles.look(site.host, [BOOT, await hook.path()]), **await hook.before()}

    async def apply() -> str:
        await site.host.mkdir(FOLDER, 0o755)
        await site.host.write(BOOT, text.encode(), mode=0o755, create=True)
        return f"{BOOT}, run by {await hook.set()}"

    async def restore(was: Mapping[str, Any]) -> str:
        whole = await hook.unset(was)
        await keptfiles.put_back(site.host, was, [BOOT, *([await hook.path()] if whole else [])])
        return f"{BOOT} as it was, and no longer run by colotui"

    script = (
        f"mkdir -p -m 755 {FOLDER}", f"cat >{BOOT}.new <<'{_END}'", *text.splitlines(), _END,
        f"chmod 755 {BOOT}.new", f"mv {BOOT}.new {BOOT}", *hook.script,
    )  # fmt: skip
    return kept_step(
        site, "keep", "keep over a reboot", f"write {BOOT}; {hook.command}",
        "links, routes, interrupts and ifb devices are as before after a boot, and protection would be slow or refused",
        check=check, apply=apply, before=before, restore=restore, script=script,
        undo_command=f"rm {BOOT}; {hook.undo_command}", source="design: what was set survives a reboot", durable=True,
    )  # fmt: skip


class _Systemd:
    """A unit of its own, enabled by its link. `--root=/`: the running manager need not know of it before a boot."""

    command = f"write {UNIT}; systemctl --root=/ enable {SERVICE}"
    undo_command = f"systemctl --root=/ disable {SERVICE}; rm {UNIT}"
    script = (f"cat >{UNIT} <<'{_END}'", *UNIT_TEXT.splitlines(), _END, f"systemctl -q --root=/ enable {SERVICE}")

    def __init__(self, site: Site) -> None:
        self._host = site.host

    async def is_set(self) -> bool:
        return await _file(self._host, UNIT) == (UNIT_TEXT, 0o644) and await self._enabled()

    async def _enabled(self) -> bool:
        return not isinstance((await self._host.stat([_ENABLED]))[_ENABLED], ReadError)

    async def path(self) -> str:
        return UNIT

    async def before(self) -> dict[str, Any]:
        return {"enabled": await self._enabled()}

    async def set(self) -> str:
        await self._host.write(UNIT, UNIT_TEXT.encode(), mode=0o644, create=True)
        await self._host.run(["systemctl", "-q", "--root=/", "enable", SERVICE])
        return SERVICE

    async def unset(self, was: Mapping[str, Any]) -> bool:
        """Take the link out; True: the file of `path` is to be put back whole."""
        if not was.get("enabled") and await self._enabled():
            await self._host.run(["systemctl", "-q", "--root=/", "disable", SERVICE])
        return True


class _RcLocal:
    """One marked line in /etc/rc.local."""

    command = f"add a line to {RC_LOCAL}"
    undo_command = f"take the line out of {RC_LOCAL}"
    script = (
        f"[ -e {RC_LOCAL} ] || printf '%s\\n' '#!/bin/sh' >{RC_LOCAL}",
        f"if ! grep -qxF '{RC_LINE}' {RC_LOCAL}; then",
        f"  if [ \"$(tail -n 1 {RC_LOCAL})\" = 'exit 0' ]; then",
        f"    sed -i '$i {RC_LINE}' {RC_LOCAL}",
        f"  else printf '%s\\n' '{RC_LINE}' >>{RC_LOCAL}; fi",
        "fi",
        f"chmod 755 {RC_LOCAL}",
    )

    def __init__(self, site: Site) -> None:
        self._site = site
        self._host = site.host

    async def is_set(self) -> bool:
        found = await _file(self._host, await self.path())
        return found is not None and RC_LINE in found[0].splitlines() and bool(found[1] & 0o100)

    async def path(self) -> str:
        # some distributions have a link there: what it leads to is the file
        return (await self._host.realpath([RC_LOCAL]))[0] or RC_LOCAL

    async def before(self) -> dict[str, Any]:
        found = await _file(self._host, await self.path())
        if found is not None and not found[1] & 0o100 and not _idle(found[0]):
            raise HostCallFailed(
                self._site.name, f"{RC_LOCAL} is there but not executable, so that nothing runs it.", errno.EACCES,
                "Making it run would run its other lines too: empty it, or make it executable, then retry.",
            )  # fmt: skip
        return {"rc": with_line(found[0] if found else _EMPTY)}

    async def set(self) -> str:
        path = await self.path()
        found = await _file(self._host, path)
        await self._write(path, with_line(found[0] if found else _EMPTY), (found[1] | 0o111) if found else 0o755)
        return RC_LOCAL

    async def unset(self, was: Mapping[str, Any]) -> bool:
        """Take our line out where the file was changed since; True: nobody did, it is to be put back whole."""
        path = await self.path()
        found = await _file(self._host, path)
        if found is None or RC_LINE not in found[0].splitlines():
            return False
        if found[0] == was.get("rc"):
            return True
        await self._write(path, without_line(found[0]), found[1])
        return False

    async def _write(self, path: str, text: str, mode: int) -> None:
        await self._host.write(path, text.encode(errors="surrogateescape"), mode=mode, create=True)


def with_line(text: str) -> str:
    """The text of rc.local with our line: before a closing `exit 0`, else at its end. Once, however often."""
    lines = text.splitlines()
    if RC_LINE in lines:
        return text
    lines.insert(len(lines) - 1 if lines and lines[-1] == "exit 0" else len(lines), RC_LINE)
    return "\n".join(lines) + "\n"


def without_line(text: str) -> str:
    """The text without our line, all else as it is."""
    return "".join(line for line in text.splitlines(keepends=True) if line.rstrip("\n") != RC_LINE)


def _idle(text: str) -> bool:
    return all(
        not line.strip() or line.lstrip().startswith("#") or line.strip() == "exit 0" for line in text.splitlines()
    )


async def _file(host: Host, path: str) -> tuple[str, int] | None:
    """Text and mode of a file; None when there is none."""
    found, stat = (await host.read([path], limit=_LIMIT))[path], (await host.stat([path]))[path]
    if isinstance(found, ReadError) or isinstance(stat, ReadError):
        return None
    return found.decode(errors="surrogateescape"), stat.mode & 0o7777

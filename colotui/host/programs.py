"""The QEMU of a host: found, asked for its version, remembered until the file changes."""

from __future__ import annotations

import re

from colotui.errors import CommandFailed, HostCallFailed
from colotui.host.channel import FileStat, Host
from colotui.model.facts import Missing, QemuFacts
from colotui.model.versions import colo_problem

_FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
PLACES = (*(f"{folder}/qemu-system-x86_64" for folder in _FOLDERS), "/usr/libexec/qemu-kvm")
_VERSION = re.compile(r"version (\d+(?:\.\d+){1,3})")


def qemu_version(output: str) -> str | None:
    """The version in what `--version` prints."""
    found = _VERSION.search(output)
    return found[1] if found else None


class QemuFinder:
    """Runs `--version` only when the file is new."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._seen: tuple[str, FileStat] | None = None
        self._facts: QemuFacts | Missing = Missing("not read yet")

    async def read(self) -> QemuFacts | Missing:
        """The first QEMU in the usual places."""
        stats = await self._host.stat(PLACES)
        for path in PLACES:
            found = stats[path]
            if not isinstance(found, FileStat) or found.is_dir or not found.mode & 0o111:
                continue
            if self._seen != (path, found):
                self._facts = await self._ask(path)
                self._seen = (path, found) if isinstance(self._facts, QemuFacts) else None
            return self._facts
        self._seen = None
        self._facts = Missing("no qemu-system-x86_64")
        return self._facts

    async def _ask(self, path: str) -> QemuFacts | Missing:
        try:
            result = await self._host.run([path, "--version"], timeout=10)
        except (CommandFailed, HostCallFailed) as error:
            return Missing(error.what.removeprefix(f"{self._host.name}: "))
        version = qemu_version(result.stdout)
        if version is None:
            return Missing(f"{path} does not tell its version")
        return QemuFacts(path, version, colo_problem(version))

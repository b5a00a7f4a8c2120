"""Which host keys are trusted, and how a new one comes to be: only by the operator's word."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from asyncssh import SSHKey
from asyncssh.known_hosts import SSHKnownHosts

from colotui import paths
from colotui.errors import HostKeyUnknown
from colotui.model.pair import HostSpec

_SSH_PORT = 22


def files_of(spec: HostSpec) -> list[Path]:
    """The files that may vouch for a host; the last one is where an accepted key goes."""
    if spec.known_hosts:
        return [Path(spec.known_hosts).expanduser()]
    return [Path("~/.ssh/known_hosts").expanduser(), paths.known_hosts()]


class KnownHosts(SSHKnownHosts):
    """Known hosts, read line by line so that one odd line does not void the rest.

    Matched as OpenSSH does: by the name asked for, not by the address it leads to; and an entry without a port vouches
    for port 22 alone, since other ports of one address may be other machines.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        super().__init__()
        for file in files:
            try:
                lines = file.read_text("utf-8", "replace").splitlines()
            except OSError:
                continue
            for line in lines:
                try:
                    self.load(line)
                except ValueError:
                    continue

    def match(self, host: str, addr: str, port: int | None) -> Any:
        """The keys for exactly this host and port."""
        return self._match(host, "", port if port != _SSH_PORT else None)

    def knows(self, host: str, port: int) -> bool:
        """True when some key is on record, whichever."""
        return any(self.match(host, "", port))


def line_of(host: str, port: int, key: SSHKey) -> str:
    """The known_hosts line that would vouch for `key`."""
    name = host if port == _SSH_PORT else f"[{host}]:{port}"
    kind, text, *_ = key.export_public_key("openssh").decode("ascii").split()
    return f"{name} {kind} {text}"


def accept(error: HostKeyUnknown) -> None:
    """Write down the key the operator has compared and accepted."""
    file = Path(error.known_hosts)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        before = file.read_bytes()
    except FileNotFoundError:
        before = b""
    line = error.key_line.encode()
    if line in before.splitlines():
        return
    gap = b"" if not before or before.endswith(b"\n") else b"\n"
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, gap + line + b"\n")
    finally:
        os.close(handle)

"""Socket buffers large enough for a checkpoint: the kernel's limits raised, never lowered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from colotui.host.channel import ReadError
from colotui.host.parsers import decode, number
from colotui.model.plan import Step
from colotui.model.setup import Wanted
from colotui.setup.site import Site, kept_step

WANTED = 1_000_000
"""Bytes, for both directions."""

FOLDER = "/proc/sys/net/core"
_NAMES = ("rmem_max", "wmem_max")
_MAY_WRITE = 0o200


async def steps(site: Site, wanted: Wanted) -> list[Step]:
    """The step that raises the limits; none where the host has no limits of its own (a network namespace)."""
    paths = [f"{FOLDER}/{name}" for name in _NAMES]
    found = await site.host.stat(paths)
    if any(isinstance(stat := found[path], ReadError) or not stat.mode & _MAY_WRITE for path in paths):
        return []

    async def read() -> dict[str, int]:
        texts = await site.host.read(paths)
        values = {}
        for name, path in zip(_NAMES, paths, strict=True):
            text = texts[path]
            value = number(decode(text)) if isinstance(text, bytes) else None
            if value is not None:
                values[name] = value
        return values

    async def check() -> bool:
        now = await read()
        return all(now.get(name, 0) >= WANTED for name in _NAMES)

    async def before() -> Mapping[str, Any]:
        return await read()

    async def apply() -> str:
        now = await read()
        low = [name for name in _NAMES if now.get(name, 0) < WANTED]
        for name in low:
            await site.host.write(f"{FOLDER}/{name}", f"{WANTED}\n".encode())
        return f"{' and '.join(low) or 'nothing'} raised to {WANTED}"

    async def restore(was: Mapping[str, Any]) -> str:
        for name in _NAMES:
            if name in was:
                await site.host.write(f"{FOLDER}/{name}", f"{int(was[name])}\n".encode())
        return ", ".join(f"net.core.{name} {was[name]}" for name in _NAMES if name in was)

    script = tuple(
        f'[ "$(sysctl -n net.core.{name})" -ge {WANTED} ] || sysctl -q -w net.core.{name}={WANTED}' for name in _NAMES
    )
    command = "sysctl -w " + " ".join(f"net.core.{name}={WANTED}" for name in _NAMES) + ", where they are lower"
    return [
        kept_step(
            site, "sockets", "socket buffers", command,
            "a checkpoint is sent in one burst, and small buffers make the guest stand still longer",
            check=check, apply=apply, before=before, restore=restore, script=script,
            undo_command="sysctl -w with the values from before", source="configuration-tips", at_boot=True,
            durable=wanted.keep,
        )
    ]  # fmt: skip

"""Files of a host as they were before a step wrote them, and the folders it made for them: put back exactly."""

from __future__ import annotations

import base64
import binascii
import contextlib
import errno
import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

from colotui.errors import HostCallFailed
from colotui.host.channel import Host, ReadError

_LIMIT = 1 << 18


async def look(host: Host, paths: Sequence[str]) -> dict[str, Any]:
    """What lies at `paths` now, JSON-able: texts, modes, and which of their folders are missing."""
    found = await host.read(paths, limit=_LIMIT + 1)
    stats = await host.stat(paths)
    files: dict[str, Any] = {}
    for path in paths:
        data, stat = found[path], stats[path]
        if isinstance(data, ReadError) or isinstance(stat, ReadError):
            wrong = data if isinstance(data, ReadError) else stat
            if isinstance(wrong, ReadError) and wrong.errno not in (errno.ENOENT, errno.ENOTDIR):
                raise HostCallFailed(host.name, f"{path}: {wrong.text}", wrong.errno, "Look at that file.")
            files[path] = None
            continue
        if len(data) > _LIMIT:
            raise HostCallFailed(host.name, f"{path} is too long to be kept.", errno.EFBIG, "Look at that file.")
        files[path] = {"data": base64.b64encode(data).decode(), "mode": stat.mode & 0o7777}
    return {"files": files, "folders": await missing_folders(host, paths)}


async def missing_folders(host: Host, paths: Sequence[str]) -> list[str]:
    """The folders above `paths` that are not there, the outermost first."""
    parents: dict[str, None] = {}
    for path in paths:
        above = []
        while (path := posixpath.dirname(path)) != "/":
            above.append(path)
        parents.update(dict.fromkeys(reversed(above)))
    stats = await host.stat(list(parents))
    return [path for path in parents if isinstance(stats[path], ReadError)]


async def put_back(host: Host, kept: Mapping[str, Any], paths: Sequence[str]) -> None:
    """Make the files at `paths` what `look` found. Only these: what was kept came back from the host.

    Folders that were made for them go too, when they are empty. HostCallFailed when what was kept is damaged.
    """
    for path in paths:
        was = kept["files"].get(path)
        if was is None:
            await host.remove([path])
            continue
        try:
            data = base64.b64decode(was["data"], validate=True)
        except (binascii.Error, ValueError, TypeError, KeyError):
            raise HostCallFailed(
                host.name, f"what {path} was is not known any more.", errno.EBADMSG, "Put it back by hand."
            ) from None
        await host.write(path, data, mode=int(was["mode"]), create=True)
    await remove_folders(host, kept["folders"], paths)


async def remove_folders(host: Host, made: Sequence[object], paths: Sequence[str]) -> None:
    """Remove the folders of `made` that lie above one of `paths`, the innermost first, as far as they are empty."""
    for folder in reversed([str(one) for one in made]):
        if any(path.startswith(f"{folder}/") for path in paths):
            with contextlib.suppress(HostCallFailed):  # somebody else's files lie there too
                await host.rmdir(folder)

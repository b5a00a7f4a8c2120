"""The guests' disk images on a host: format and length as qemu-img tells them, and a digest of the guest's data."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from colotui.errors import CommandFailed, HostCallFailed
from colotui.host.channel import FileStat, Host
from colotui.model.pair import DiskSpec
from colotui.model.survey import Image

DIGEST_LIMIT = 3600.0
"""Seconds one image may take to be read through."""

_SCRIPT = Path(__file__).with_name("digest.py")


async def read_images(host: Host, disks: Sequence[DiskSpec], *, digests: bool) -> tuple[Image, ...]:
    """Every disk's image. `digests` reads them through, which takes as long as that takes. Raises HostLost."""
    return tuple(
        await asyncio.gather(*(read_image(host, disk.path, digest_as=disk.format if digests else "") for disk in disks))
    )


async def read_image(host: Host, path: str, *, digest_as: str = "") -> Image:
    """One image. `digest_as`: read it through as an image of that format. Raises HostLost."""
    if not path.startswith("/"):
        return Image(path, exists=False, problem="no absolute path")
    if not isinstance((await host.stat([path]))[path], FileStat):
        return Image(path, exists=False)
    try:
        told = (await host.run(["qemu-img", "info", "--output=json", "-U", "--", path], timeout=15)).stdout
        image = described(path, told)
        if digest_as and not image.problem:
            return await _with_digest(host, image, digest_as)
    except CommandFailed as error:
        if error.status == 127:
            return Image(path, exists=True, problem="no qemu-img to look into it")
        return Image(path, exists=True, problem=_last_line(error.output))
    except HostCallFailed as error:
        return Image(path, exists=True, problem=error.what.removeprefix(f"{host.name}: ")[:200])
    return image


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["qemu-img said nothing"])[-1][:200]


def described(path: str, told: str) -> Image:
    """What `qemu-img info --output=json` said of an image."""
    try:
        answer = json.loads(told)
        return Image(
            path,
            exists=True,
            format=str(answer["format"])[:16],
            length=int(answer["virtual-size"]),
            allocated=int(answer["actual-size"]) if "actual-size" in answer else None,
        )
    except (ValueError, KeyError, TypeError):
        return Image(path, exists=True, problem="qemu-img's answer makes no sense")


async def _with_digest(host: Host, image: Image, format_name: str) -> Image:
    # Read as the pair file says: a guest can write into a raw disk what looks like another format.
    script = _SCRIPT.read_text("utf-8")
    argv = ["/usr/bin/python3", "-I", "-S", "-c", script, "qemu-img", format_name, image.path]
    result = await host.run(argv, timeout=DIGEST_LIMIT, check=False)
    words = result.stdout.split()
    if result.status == 0 and len(words) == 1 and len(words[0]) == 64:
        return replace(image, digest=words[0])
    return replace(image, problem=_last_line(result.stderr))

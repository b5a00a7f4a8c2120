"""`colotui ocf`: the resource agent for Pacemaker, printed or put in its place, and what it asks."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import tempfile
from importlib import resources
from pathlib import Path

from colotui.cli import codes
from colotui.cli.jsonview import document
from colotui.cli.ocfstate import standing
from colotui.cli.session import guest_name, host_name, load, opened, program, term, view_of
from colotui.errors import ActionRefused, HostUnreachable, UsageError
from colotui.model.pair import Pair
from colotui.model.protection import LinkState

SIGN = b"# colotui resource agent:"
"""The line by which a file is known to be ours: only such a one is replaced."""

_HEAD = 512


def command(args: argparse.Namespace) -> int:
    """Print, install, or look."""
    if args.print_:
        print(agent().decode(), end="")
        return codes.OK
    if args.ocf_command == "install":
        return _install(args)
    if args.ocf_command == "look":
        pair = load(args)
        guest, host = guest_name(pair, args.guest), host_name(pair, args.host)
        return codes.OK if args.check else asyncio.run(_look(args, pair, guest, host))
    raise UsageError("`colotui ocf` does nothing by itself.", "See it with --print, or place it: colotui ocf install")


def agent() -> bytes:
    """The agent as it was shipped."""
    return resources.files("colotui").joinpath("data", "ocf", "colotui").read_bytes()


async def _look(args: argparse.Namespace, pair: Pair, guest: str, host: str) -> int:
    async with opened(pair, read_only=True) as (_, snapshot):
        own = snapshot.host(host)
        if own.link is not LinkState.UP:
            raise HostUnreachable(host, own.why or "it was not reached in time.")
        words = standing(view_of(snapshot, guest), host)
    if args.json:
        print(document(guest=guest, host=host, **words))
    else:
        for key, value in words.items():
            print(f"{key}={value}")
    return codes.OK


def _install(args: argparse.Namespace) -> int:
    wanted = agent()
    path = Path(args.path)
    try:
        path = path / "colotui" if path.is_dir() else path
        there = _there(path)
        if there is not None and there != wanted and SIGN not in there[:_HEAD]:
            raise ActionRefused(
                f"{path} is there and is no agent of colotui.",
                "Nothing was changed. Move it away, or give another PATH.",
            )
        changed = there != wanted
        if changed:
            _put(path, wanted)
        else:
            path.chmod(0o755)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{path} cannot be written: {reason}.", "Run it as root, or give another PATH.") from None
    what = "written" if changed else "already so"
    own = program()
    hint = "" if shutil.which("colotui") or own == "colotui" else f"Set the agent's parameter binary={own}"
    if args.json:
        print(document(path=path, changed=changed))
    else:
        out = term(args)
        out.wrapped(f"{path}: {what}.")
        if hint:
            out.wrapped(hint)
    return codes.OK


def _there(path: Path) -> bytes | None:
    """What lies at `path`; None for nothing. Whatever is no plain file is not ours: b"" then."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        return b""
    return path.read_bytes() if path.exists() else None


def _put(path: Path, body: bytes) -> None:
    """Put it there in one go, for Pacemaker may call it at any moment. Raises OSError."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".colotui.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
        temporary.chmod(0o755)
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise

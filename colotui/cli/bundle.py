"""`colotui bundle`: collect a support bundle, list what is in it and what is missing, ask, write it."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path

from colotui.cli import codes
from colotui.cli.asking import Asker
from colotui.cli.jsonview import document
from colotui.cli.session import guest_name, load, opened, term
from colotui.cli.term import Term, clean
from colotui.errors import ActionRefused
from colotui.model.bundle import Absent, Bundle, Piece
from colotui.model.pair import Pair
from colotui.model.quantity import size


def command(args: argparse.Namespace) -> int:
    """Collect, list, confirm, write."""
    pair = load(args)
    guest = guest_name(pair, args.guest)
    if args.json and not (args.yes or args.list):
        raise ActionRefused("--json asks nothing.", "Add --list to see what it would hold, or --yes to write it.")
    return asyncio.run(_bundle(args, pair, guest))


async def _bundle(args: argparse.Namespace, pair: Pair, guest: str) -> int:
    out = term(args)
    if not args.json:
        out.transient(f"collecting from {' and '.join(host.name for host in pair.hosts)} …")
    async with opened(pair, read_only=True) as (controller, _):
        bundle = await controller.bundle(guest, args.incident)
    path = Path(args.output) if args.output else Path.cwd() / f"{bundle.name}.tar.gz"
    if not args.json:
        print_bundle(bundle, out)
    written = 0
    if not args.list:
        if not args.yes:
            await _confirm(path, out)
        # Imported last: whoever only lists does not need it.
        from colotui.controller.archive import write

        written = await asyncio.to_thread(write, bundle, path)
    if args.json:
        files = [{"path": p.path, "what": p.what, "source": p.source, "size": len(p.data)} for p in bundle.pieces]
        target = str(path) if written else None
        print(document(guest=guest, file=target, written=written, files=files, absent=bundle.absent))
    elif written:
        # On one line, however long: a path is copied.
        out.line(f"Written: {clean(str(path))}")
        out.line(f"It has {size(written)}. Look into it before you send it.")
    else:
        out.line("Nothing was written.")
    return codes.OK


async def _confirm(path: Path, out: Term) -> None:
    asker = Asker()
    if not asker.possible:
        raise ActionRefused("there is nobody to ask.", "Look at --list, then add --yes.")
    out.flush()
    answer = await asker.ask(f"Enter to write {clean(str(path))}, n to leave: ")
    if answer.lower() not in ("", "y", "yes"):
        raise ActionRefused("not confirmed.", "Nothing was written.")


def print_bundle(bundle: Bundle, out: Term) -> None:
    """What it holds, from where and how large; then what could not be had, and why."""
    out.line(out.paint(f"Support bundle of {clean(bundle.guest)}, without secrets", "strong"))
    _pieces(bundle.pieces, out)
    out.line(f"  {size(bundle.size):>9}  in {len(bundle.pieces)} files, before they are packed")
    if bundle.absent:
        out.line()
        out.line(out.paint("Could not be had", "strong"))
        _absent(bundle.absent, out)
    out.line()


def _pieces(pieces: Sequence[Piece], out: Term) -> None:
    for piece in pieces:
        cut = f", the last {size(len(piece.data))} of it" if piece.left_out else ""
        out.line(f"  {size(len(piece.data)):>9}  {clean(piece.path)}")
        out.wrapped(f"{piece.what}{cut}; from {piece.source}", 13)


def _absent(absent: Sequence[Absent], out: Term) -> None:
    for one in absent:
        out.wrapped(f"{one.what}; from {one.source}: {one.why}", 4, "  -")

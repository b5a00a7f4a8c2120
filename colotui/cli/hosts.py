"""`colotui hosts accept NAME`: show the key a host presents, and trust it once the operator says so."""

from __future__ import annotations

import argparse
import asyncio

from colotui.cli import codes
from colotui.cli.asking import Asker
from colotui.cli.jsonview import document
from colotui.cli.session import host_name, load, term
from colotui.cli.term import Term
from colotui.errors import ActionRefused, HostError, HostKeyUnknown, UsageError
from colotui.model.pair import HostSpec


def command(args: argparse.Namespace) -> int:
    """Accept the key of one host."""
    pair = load(args)
    spec = pair.host(host_name(pair, args.name))
    if args.read_only:
        raise ActionRefused("--read-only was given: no key is accepted.")
    if args.json and not args.fingerprint:
        raise UsageError("--json asks nothing.", "Give the fingerprint you expect: --fingerprint SHA256:...")
    return asyncio.run(_accept(args, spec, term(args)))


async def _accept(args: argparse.Namespace, spec: HostSpec, out: Term) -> int:
    unknown = None if spec.is_local else await unknown_key(spec)
    if unknown is None:
        return _done(args, spec, out, "it is this machine: no key is needed" if spec.is_local else "its key is known")
    if not args.json:
        out.line(f"{spec.name} ({spec.address}, port {spec.port}) shows the key")
        out.line(f"  {unknown.fingerprint}")
    if args.fingerprint:
        if args.fingerprint.strip() != unknown.fingerprint:
            raise ActionRefused(
                f"{spec.name} shows {unknown.fingerprint}, not the fingerprint you gave.",
                "Nothing was accepted. Somebody may answer in its place: look at the host's own console.",
            )
    else:
        await _ask(spec, out)
    _write(spec, unknown)
    return _done(args, spec, out, f"accepted, written to {unknown.known_hosts}", unknown)


async def _ask(spec: HostSpec, out: Term) -> None:
    asker = Asker()
    if not asker.possible:
        raise ActionRefused("there is nobody to ask.", "Give the fingerprint you expect: --fingerprint SHA256:...")
    out.wrapped("Compare it with what the host itself says: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub")
    out.flush()
    answer = await asker.ask(f"type {spec.name} to accept it: ")
    if answer != spec.name:
        raise ActionRefused("not confirmed.", "Nothing was accepted.")


async def unknown_key(spec: HostSpec) -> HostKeyUnknown | None:
    """The key `spec` shows when it is not trusted yet, None when it is. Raises HostError for everything else."""
    from colotui.host.channel import Host

    host = Host(spec)
    try:
        await host.connect()
    except HostKeyUnknown as unknown:
        return unknown
    finally:
        await host.close()
    return None


def _write(spec: HostSpec, unknown: HostKeyUnknown) -> None:
    from colotui.host.channel import accept_host_key

    try:
        accept_host_key(unknown)
    except OSError as error:
        reason = error.strerror or str(error)
        raise HostError(spec.name, f"the key cannot be written to {unknown.known_hosts}: {reason}.") from None


def _done(args: argparse.Namespace, spec: HostSpec, out: Term, what: str, unknown: HostKeyUnknown | None = None) -> int:
    if args.json:
        shown = unknown.fingerprint if unknown else None
        print(document(host=spec.name, accepted=unknown is not None, fingerprint=shown, what=what))
    else:
        out.wrapped(f"{spec.name}: {what}.")
    return codes.OK

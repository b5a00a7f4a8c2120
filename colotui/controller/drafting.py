"""A draft of a pair: kept between runs of the set-up, judged, and turned into a pair file."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from colotui import config
from colotui.config import values
from colotui.config.values import Bad
from colotui.errors import ConfigError
from colotui.model.pair import DiskSpec, ForwardSpec, GuestSpec, HostSpec, NicSpec, Pair, ProbeSpec
from colotui.model.setup import Draft, GuestDraft, HostDraft

_NAME = "setup-draft.json"


def draft_path(state_dir: Path) -> Path:
    """Where the draft is kept on this machine."""
    return state_dir / _NAME


def load(path: Path) -> Draft | None:
    """The draft that an earlier set-up left behind; None when there is none, or it cannot be read any more."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Draft)
    except (OSError, msgspec.MsgspecError):
        return None


def keep(path: Path, draft: Draft) -> None:
    """Keep a draft. Raises ConfigError when this machine does not take it."""
    fresh = path.with_suffix(".new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh.write_bytes(msgspec.json.encode(draft))
        fresh.chmod(0o600)
        fresh.rename(path)
    except OSError as error:
        raise ConfigError(
            str(path), 0, f"cannot be written: {error.strerror}.", "What you chose is not kept; make room there."
        ) from error


def put_away(path: Path) -> None:
    """The draft has become a pair file."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def provisional(draft: Draft) -> Pair:
    """The draft as a pair, whatever is missing still empty: good enough to look at the hosts."""
    first, second = draft.hosts
    return Pair(draft.name, (_host(first), _host(second)), (_guest(draft.guest),))


def problems(draft: Draft) -> tuple[str, ...]:
    """What keeps the draft from being a pair file, in sentences; empty when it is one."""
    missing = [
        f"{host.name or 'a host'}: {what} is not chosen yet."
        for host in draft.hosts
        for what, value in (
            ("its address", host.address),
            ("the NIC that faces the clients", host.service_nic),
            ("the forward NIC", host.forward_nic),
            ("the address of the forward NIC", host.forward_address),
        )
        if not value
    ]
    guest = draft.guest
    missing += [
        f"{guest.name or 'the guest'}: {what} is not given yet."
        for what, value in (("its disk", guest.disk), ("its MAC address", guest.mac))
        if not value
    ]
    found = missing or [_sentence(error) for error in config.check_text(config.dump(provisional(draft)))]
    with contextlib.suppress(Bad):
        if guest.probe:
            values.probe(guest.probe)
        return tuple(found)
    return (*found, f"{guest.name}: `{guest.probe}` is no probe: http://ADDRESS/, tcp://ADDRESS:PORT, ping://ADDRESS.")


def pair_of(draft: Draft) -> Pair | None:
    """The pair; None while `problems` has any."""
    return None if problems(draft) else config.loads(config.dump(provisional(draft)))


def write_pair(draft: Draft, path: Path) -> Path:
    """Write the pair file, never over another one: a taken name gets a number. Returns where it is.

    Raises ConfigError while the draft has problems, or when it cannot be written.
    """
    wrong = problems(draft)
    if wrong:
        raise ConfigError(str(path), 0, wrong[0], "Go back to that page.")
    text = "# Written by `colotui setup`; edit it as you like, then: colotui config check\n"
    text += config.dump(provisional(draft))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists() and path.read_text() == text:
            return path
        number = 2
        target = path
        while target.exists():
            target = path.with_stem(f"{path.stem}-{number}")
            number += 1
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(text)
            out.flush()
            os.fsync(handle)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), 0, f"cannot be written: {error}.", "Make room there, then try again.") from error
    return target


def _sentence(error: ConfigError) -> str:
    place = f"{error.path}:{error.line}: " if error.line else f"{error.path}: "
    return f"{error.what.removeprefix(place)} {error.next_step}".strip()


def _host(host: HostDraft) -> HostSpec:
    address, _, prefix = host.forward_address.partition("/")
    return HostSpec(
        name=host.name,
        address=host.address,
        forward=ForwardSpec(host.forward_nic, address, int(prefix) if prefix.isdecimal() else 24),
        bridge=host.bridge,
        user=host.user,
        port=host.port,
        key=host.key or None,
        known_hosts=host.known_hosts or None,
        service_nic=host.service_nic or None,
    )


def _guest(guest: GuestDraft) -> GuestSpec:
    probe: ProbeSpec | None = None
    with contextlib.suppress(Bad):
        probe = values.probe(guest.probe) if guest.probe else None
    return GuestSpec(
        name=guest.name,
        memory=guest.memory,
        disks=(DiskSpec(guest.disk, guest.disk_format, guest.disk_size),) if guest.disk else (),
        nics=(NicSpec(guest.mac, guest.nic_model),) if guest.mac else (),
        engine=guest.engine,
        cpus=guest.cpus,
        accel=guest.accel,
        kernel=guest.kernel or None,
        initrd=guest.initrd or None,
        append=guest.append,
        base_port=guest.base_port,
        checkpoint_delay=guest.checkpoint_delay,
        probe=probe,
    )

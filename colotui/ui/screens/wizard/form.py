"""The items of each page: what of the draft they show, and what a typed text or the space bar makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from colotui.config import values
from colotui.model.pair import Accel, EngineKind, NicModel
from colotui.model.setup import Draft, HostDraft, Look, Reached, Wanted
from colotui.ui.paint.wizard.hosts import FIELDS
from colotui.ui.paint.wizard.tuning import TOGGLES
from colotui.ui.paint.wizard.view import Item, Kind, Page

Reading = Callable[[str], Any]


def _optional(read: Reading) -> Reading:
    return lambda text: read(text) if text else ""


@dataclass(frozen=True, slots=True)
class _Field:
    """A typed field: its label, how its text is read, what stands in it while it is empty."""

    label: str
    read: Reading
    hint: str = ""


_HOST: Mapping[str, _Field] = {
    "name": _Field("name", values.name, "a short name"),
    "address": _Field("address", values.address, "IP address, name or local"),
    "user": _Field("user", values.user, "root"),
    "port": _Field("port", lambda text: values.number(text, 1, 65535), "22"),
    "key": _Field("key file", _optional(values.line_of_text), "those of your ssh"),
    "bridge": _Field("bridge", values.nic, "br0"),
    "forward_address": _Field("forward address", lambda text: _address(text), "10.78.0.1/24"),
}
_GUEST: Mapping[str, _Field] = {
    "name": _Field("name", values.name),
    "memory": _Field("memory", values.size, "512 MiB"),
    "cpus": _Field("cpus", lambda text: values.number(text, 1, 64), "1"),
    "mac": _Field("mac", _optional(values.mac), "52:54:00:…"),
    "probe": _Field("probe", lambda text: _probe(text), "http://… tcp://… ping://…"),
    "disk": _Field("disk", _optional(values.host_path), "/var/lib/colotui/…"),
    "disk_size": _Field("disk size", lambda text: values.size(text) if text else None, "only to make one"),
    "kernel": _Field("kernel", _optional(values.host_path), "only to boot without its disk"),
    "initrd": _Field("initrd", _optional(values.host_path)),
    "append": _Field("append", values.line_of_text, "the kernel's command line"),
}
_CHOICES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "guest.accel": ("accel", tuple(Accel)),
    "guest.disk_format": ("format", ("qcow2", "raw")),
    "guest.nic_model": ("nic model", tuple(NicModel)),
}
_TOGGLES: Mapping[str, tuple[str, str]] = {
    "wanted.ifb": ("ifb pairs", "two ifb devices for each guest NIC, claimed for this guest"),
    "wanted.wiring": ("tc wiring", "the packets of both copies go through tc and those ifb devices"),
    "wanted.irqs": ("interrupts", "each NIC's interrupt gets a cpu of its own, none of them cpu 0"),
    "wanted.quickack": ("quickack", "acknowledge at once on the forward net: a checkpoint took 45 ms without, 7 with"),
    "wanted.offloads_off": ("offloads off", "no NIC joins or splits packets before they are compared"),
    "wanted.clock": ("clock", "both hosts keep the same time"),
    "wanted.keep": ("keep over a boot", "all this is set again when a host boots"),
    "wanted.guest_sysctls": ("guest's tcp", "shows the lines that turn off sack, dsack and timestamps in the guest"),
}


def _address(text: str) -> str:
    spec = values.forward("eth0", text)
    return f"{spec.address}/{spec.prefix}"


def _probe(text: str) -> str:
    if text:
        values.probe(text)
    return text


def items(page: Page, draft: Draft, look: Look | None, reached: tuple[Reached | None, ...]) -> tuple[Item, ...]:
    """What can be changed on a page, in the order of the cursor."""
    match page:
        case Page.HOSTS:
            return _hosts(draft, reached)
        case Page.ENGINE:
            return (Item("engine", Kind.CHOICE, "engine", draft.guest.engine.value, hint="space changes it"),)
        case Page.NETWORK:
            return tuple(item for place in (0, 1) for item in _network(draft, look, place))
        case Page.MODULES:
            return tuple(_toggle(draft, key) for key in ("wanted.ifb", "wanted.wiring"))
        case Page.TUNING:
            return tuple(_toggle(draft, key) for key in TOGGLES)
        case Page.GUEST:
            return _guest(draft)
    return ()


def _hosts(draft: Draft, reached: tuple[Reached | None, ...]) -> tuple[Item, ...]:
    out: list[Item] = []
    for place in (0, 1):
        out += [_host_field(draft, place, name) for name in FIELDS]
        answer = reached[place]
        if answer is not None and not answer.ok and answer.fingerprint:
            out.append(Item(f"ask.{place}", Kind.CHOICE, "accept", answer.fingerprint, place))
    return tuple(out)


def _host_field(draft: Draft, place: int, name: str) -> Item:
    field = _HOST[name]
    value = str(getattr(draft.hosts[place], name))
    hint = field.hint.replace("10.78.0.1", "10.78.0.2") if place else field.hint
    return Item(f"host.{place}.{name}", Kind.TEXT, field.label, value, place, hint)


def _network(draft: Draft, look: Look | None, place: int) -> list[Item]:
    host = draft.hosts[place]
    nics = look.nics(host.name) if look is not None else ()
    out = [Item(f"nic.{place}.{nic.name}", Kind.NIC, nic.name, _use(host, nic.name), place) for nic in nics]
    return [*out, _host_field(draft, place, "bridge"), _host_field(draft, place, "forward_address")] if look else out


def _use(host: HostDraft, nic: str) -> str:
    return "forward" if nic == host.forward_nic else "clients" if nic == host.service_nic else ""


def _toggle(draft: Draft, key: str) -> Item:
    label, hint = _TOGGLES[key]
    on = bool(getattr(draft.wanted, key.partition(".")[2]))
    return Item(key, Kind.TOGGLE, label, "on" if on else "off", hint=hint)


def _guest(draft: Draft) -> tuple[Item, ...]:
    order = ("name", "memory", "cpus", "accel", "mac", "nic_model", "probe")
    right = ("disk", "disk_format", "disk_size", "", "kernel", "initrd", "append")
    out = [_guest_item(draft, name) for name in order]
    for name in right:
        if name:
            out.append(_guest_item(draft, name))
            continue
        source = draft.wanted.image_from
        out.append(Item("wanted.image_from", Kind.CHOICE, "copy from", source or "nowhere", hint="space changes it"))
    return (*out, _toggle(draft, "wanted.guest_sysctls"))


def _guest_item(draft: Draft, name: str) -> Item:
    key, value = f"guest.{name}", getattr(draft.guest, name)
    if key in _CHOICES:
        return Item(key, Kind.CHOICE, _CHOICES[key][0], str(value), hint="space changes it")
    field = _GUEST[name]
    if name in ("memory", "disk_size"):
        value = "" if value is None else size_words(value)
    return Item(key, Kind.TEXT, field.label, str(value), hint=field.hint)


def size_words(size: int) -> str:
    """A size as the pair file has it, exactly: `512 MiB`."""
    for unit, factor in (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size and size % factor == 0:
            return f"{size // factor} {unit}"
    return f"{size} B"


def take(draft: Draft, key: str, text: str) -> Draft:
    """The draft with a typed text in it. Raises values.Bad with what is allowed."""
    kind, _, rest = key.partition(".")
    text = text.strip()
    if kind == "host":
        place, _, name = rest.partition(".")
        here = int(place)
        value = _HOST[name].read(text)
        if name == "name" and value == draft.hosts[1 - here].name:
            raise values.Bad("both hosts have that name")
        hosts = list(draft.hosts)
        hosts[here] = replace(hosts[here], **{name: value})
        wanted = draft.wanted
        if name == "name" and wanted.image_from == draft.hosts[here].name:
            wanted = replace(wanted, image_from=value)
        return replace(draft, hosts=(hosts[0], hosts[1]), wanted=wanted)
    before = draft.guest
    spec = replace(before, **{rest: _GUEST[rest].read(text)})
    if rest == "name" and before.disk == disk_path(before.name, before.disk_format):
        spec = replace(spec, disk=disk_path(spec.name, spec.disk_format))
    return replace(draft, guest=spec)


def turn(draft: Draft, key: str) -> Draft:
    """The draft after the space bar on an item: the next choice, on or off, the next use of a NIC."""
    kind, _, rest = key.partition(".")
    if key == "engine":
        engine = EngineKind.XEN if draft.guest.engine is EngineKind.QEMU else EngineKind.QEMU
        plain = Wanted.for_engine(engine)
        wanted = replace(draft.wanted, ifb=plain.ifb, wiring=plain.wiring, offloads_off=plain.offloads_off)
        return replace(draft, guest=replace(draft.guest, engine=engine), wanted=wanted)
    if kind == "nic":
        place, _, name = rest.partition(".")
        return _turned(draft, int(place), name)
    if key == "wanted.image_from":
        names = ["", *(host.name for host in draft.hosts)]
        here = names.index(draft.wanted.image_from) if draft.wanted.image_from in names else 0
        return replace(draft, wanted=replace(draft.wanted, image_from=names[(here + 1) % len(names)]))
    if kind == "wanted":
        wanted = replace(draft.wanted, **_of(rest, not getattr(draft.wanted, rest)))
        if rest == "wiring" and wanted.wiring:
            wanted = replace(wanted, ifb=True)
        if rest == "ifb" and not wanted.ifb:
            wanted = replace(wanted, wiring=False)
        return replace(draft, wanted=wanted)
    if key in _CHOICES:
        choices = _CHOICES[key][1]
        now = str(getattr(draft.guest, rest))
        following = choices[(choices.index(now) + 1) % len(choices)] if now in choices else choices[0]
        spec = replace(draft.guest, **_of(rest, following))
        if rest == "disk_format" and spec.disk == disk_path(spec.name, now):
            spec = replace(spec, disk=disk_path(spec.name, spec.disk_format))
        return replace(draft, guest=spec)
    return draft


def disk_path(guest: str, disk_format: str) -> str:
    """Where a guest's disk is proposed to lie, on both hosts."""
    return f"/var/lib/colotui/{guest}/disk0.{disk_format}"


def _of(name: str, value: object) -> dict[str, Any]:
    """One field for `replace`, whose name is known only here."""
    return {name: value}


def _turned(draft: Draft, place: int, nic: str) -> Draft:
    """— → clients → forward → —. A NIC without a use takes one that is free first, so that none is lost by accident."""
    host = draft.hosts[place]
    service, forward = host.service_nic, host.forward_nic
    match _use(host, nic):
        case "" if service and not forward:
            forward = nic
        case "":
            service = nic
        case "clients":
            service, forward = "", nic
        case _:
            forward = ""
    hosts = list(draft.hosts)
    hosts[place] = replace(host, service_nic=service, forward_nic=forward)
    return replace(draft, hosts=(hosts[0], hosts[1]))

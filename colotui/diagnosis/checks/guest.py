"""Rules for the guest itself: what kind of machine it is, its devices, and the TCP options it uses."""

from __future__ import annotations

from collections.abc import Iterator

from colotui.diagnosis.checks.scene import MEASURED, SEED, Question, Scene
from colotui.model.check import Finding, Topic
from colotui.model.facts import Missing
from colotui.model.pair import GuestSpec, NicModel
from colotui.model.quantity import listing

_XEN_RULES = (
    ("guest-hvm", "HVM without PV", "A guest with PV drivers does not acknowledge the suspend of a checkpoint.",
     "Guest requirements", "Install the guest as a physical machine (SUSE), or boot a kernel with xen_nopv."),
    ("guest-platform-pci", "xen_platform_pci", "With the platform device the guest would switch to PV drivers.",
     "step 3.1", "Put xen_platform_pci=0 into the guest's config file."),
    ("guest-nic-model", "NIC model", "COLO copies the packets of an emulated NIC.",
     "step 5.2", "Write model=e1000 into the guest's vif."),
    ("guest-forwarddev", "forwarddev", "The Xen scripts send the guest's packets to the other host by it.",
     "step 5.2", "Write forwarddev= with the pair's forward NIC into the guest's vif."),
    ("guest-filter-params", "filter-params", "Each disk is replicated over a connection of its own.", "step 5.1",
     "Give each disk other filter-params: the secondary's address (never the forward NIC's), a port of its own."),
    ("guest-device-model", "device model", "Only qemu-xen can give COLO the state of the devices.", "step 2",
     'Leave device_model_version at "qemu-xen"; "qemu-xen-traditional" is not supported.'),
)  # fmt: skip

_TCP = (("guest-tcp-sack", "tcp_sack"), ("guest-tcp-timestamps", "tcp_timestamps"), ("guest-tcp-dsack", "tcp_dsack"))


def findings(scene: Scene) -> Iterator[Finding]:
    """All of this module."""
    for guest in scene.qemu_guests:
        yield _machine(scene, guest)
        yield _nics(scene, guest)
    for guest in scene.xen_guests:
        for key, text, why, source, advice in _XEN_RULES:
            ask = Question(_key(scene, guest, key), "", text, why, Topic.GUEST, f"{SEED}, {source}")
            yield ask.unknown(f"the config file of {guest.name} is not read", advice=advice)
    for guest in scene.pair.guests:
        yield from _tcp(scene, guest)


def _key(scene: Scene, guest: GuestSpec, key: str) -> str:
    return key if len(scene.pair.guests) == 1 else f"{key}:{guest.name}"


def _machine(scene: Scene, guest: GuestSpec) -> Finding:
    ask = Question(
        _key(scene, guest, "guest-hvm"),
        "",
        "full machine",
        "COLO copies a whole machine; a guest that talks past its devices cannot be compared.",
        Topic.GUEST,
        f"{SEED}, Guest requirements",
    )
    return ask.ok(f"{guest.name} is a machine of QEMU, without any part of Xen")


def _nics(scene: Scene, guest: GuestSpec) -> Finding:
    ask = Question(
        _key(scene, guest, "guest-nic-model"),
        "",
        "NIC model",
        "COLO was measured with these models alone.",
        Topic.GUEST,
        f"{SEED}, step 5.2; {MEASURED}",
    )
    models = {nic.model for nic in guest.nics}
    told = listing(f"{nic.model.value} {nic.mac}" for nic in guest.nics) or "no NIC chosen yet"
    if not guest.nics:
        return ask.bad(told, advice="Give the guest a NIC: without one there is nothing to compare.")
    if len(models) > 1:
        return ask.warning(
            told, advice=f"Use one model for all NICs, {NicModel.E1000.value} or {NicModel.VIRTIO.value}."
        )
    return ask.ok(told)


def _tcp(scene: Scene, guest: GuestSpec) -> Iterator[Finding]:
    """The classic agent compares TCP headers, options and all; QEMU's comparison looks at the data alone."""
    classic = guest in scene.xen_guests
    seen = scene.tcp.get(guest.name, Missing("not tried"))
    for key, name in _TCP:
        why = "Timestamps and selective acknowledgements differ between two copies that run alike: the kernel agent " \
              "compares them and forces a checkpoint each time." if classic else \
              "QEMU's comparison looks at the data of a TCP stream, not at its options."  # fmt: skip
        ask = Question(_key(scene, guest, key), "", name, why, Topic.GUEST, f"{SEED}, Performance 2")
        told, on = _option(name, seen)
        if not classic:
            yield ask.ok(f"{told} (the qemu engine does not care)")
        elif on:
            yield ask.warning(told, "guest-sysctls")
        elif on is None:
            yield ask.unknown(told, "guest-sysctls")
        else:
            yield ask.ok(told)


def _option(name: str, seen: object) -> tuple[str, bool | None]:
    """What was seen of one option, and whether it is on; None where it is not known."""
    if isinstance(seen, Missing):
        return seen.why, None
    if name == "tcp_dsack":
        return "no connection tells from outside", None
    on = getattr(seen, name.removeprefix("tcp_"))
    if on is None:
        return f"this machine has {name} off itself, so it is not seen", None
    return f"the guest {'agrees to it' if on else 'does not agree to it'}", bool(on)

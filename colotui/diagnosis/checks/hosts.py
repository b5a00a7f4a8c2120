"""The hosts themselves: reached, with enough memory and disk space, and ssh between them where the engine needs it."""

from __future__ import annotations

from collections.abc import Iterator

from colotui.diagnosis.checks.scene import MEASURED, SEED, Question, Scene
from colotui.model.check import Finding, Topic
from colotui.model.pair import EngineKind, HostSpec
from colotui.model.quantity import millis, size
from colotui.model.survey import HostSurvey

_OVERLAY = 1 << 30
"""Bytes that the overlays of one disk may need between two checkpoints, at most the disk's own length."""


def findings(scene: Scene) -> Iterator[Finding]:
    """All of this module."""
    for spec in scene.pair.hosts:
        yield _reach(scene, spec)
        yield _address(spec)
        yield _ssh(scene, spec)
    yield from _memory(scene)
    for spec, survey in scene.places():
        yield _space(scene, spec, survey)


def _reach(scene: Scene, spec: HostSpec) -> Finding:
    ask = Question(
        "reach", spec.name, "host reached", "Everything else is asked over this channel.", Topic.HOSTS, "colotui"
    )
    why = scene.links.get(spec.name, "not tried")
    if why:
        return ask.unknown(why, advice=f"Make {spec.name} reachable by SSH as the pair file says, then check again.")
    rtt = scene.facts[spec.name].rtt_ms if spec.name in scene.facts else None
    return ask.ok("the agent answers" + (f" in {millis(rtt)} ms" if rtt is not None else ""))


def _address(spec: HostSpec) -> Finding:
    ask = Question(
        "addresses",
        spec.name,
        "address",
        "The direct cable is for COLO alone; the operator's way and that "
        "of `xl remus` go by another NIC, so that one cut does not silence both.",
        Topic.NETWORK,
        f"{SEED}, step 7",
    )
    if spec.address and spec.address == spec.forward.address:
        return ask.bad(
            f"{spec.address} is the forward address too",
            advice=f"Give {spec.name} an `address` in the pair file that is not on {spec.forward.nic}.",
        )
    return ask.ok(f"{spec.address or 'none yet'}, forward address {spec.forward.address or 'none yet'}")


def _ssh(scene: Scene, spec: HostSpec) -> Finding:
    peer = scene.pair.other(spec.name).name
    ask = Question(
        "ssh",
        spec.name,
        f"SSH to {peer}",
        "`xl remus` on the primary reaches the secondary by ssh, and after a failover the other way round.",
        Topic.HOSTS,
        f"{SEED}, step 7",
    )
    if not scene.classic:
        return ask.ok("not needed: the qemu engine's copies meet on the forward link, the cockpit reaches both hosts")
    why = (scene.ssh or {}).get(spec.name)
    if why is None:
        return ask.unknown("not tried", advice=f"On {spec.name} try: ssh -o BatchMode=yes root@{peer} true")
    if why:
        return ask.bad(
            why, advice=f"Put root's public key of {spec.name} into root's authorized_keys on {peer}, and its host key "
            f"into known_hosts of {spec.name}."
        )  # fmt: skip
    return ask.ok(f"root logs in on {peer} without a password")


def _memory(scene: Scene) -> Iterator[Finding]:
    """A QEMU secondary keeps the guest's memory twice. Which host is the secondary changes with each failover."""
    once = sum(guest.memory for guest in scene.pair.guests)
    twice = sum(guest.memory * (2 if guest.engine is EngineKind.QEMU else 1) for guest in scene.pair.guests)
    free = {
        spec.name: scene.facts[spec.name].memory_available + sum(copy.rss for copy in survey.copies)
        for spec, survey in scene.places()
        if spec.name in scene.facts
    }
    for name, have in free.items():
        ask = Question(
            "memory",
            name,
            "memory",
            "A QEMU secondary keeps the guest's memory twice; without it the host kills a copy in the middle of work.",
            Topic.HOSTS,
            "docs/COLO-FT.txt of QEMU; measured",
        )
        told = f"{size(have)} free or held by the guests' copies, {size(twice)} needed"
        peer = free.get(scene.pair.other(name).name)
        if have >= twice:
            yield ask.ok(told)
        elif have >= once and peer is not None and peer >= twice:
            yield ask.warning(
                f"{told} for a secondary; {size(once)} are enough for the primary",
                advice=f"Start the guests on {name}; after a failover it cannot be their secondary until it has more.",
            )
        else:
            yield ask.bad(told, advice=f"Free memory on {name}, or give the guests less.")


def _space(scene: Scene, spec: HostSpec, survey: HostSurvey) -> Finding:
    ask = Question(
        "space",
        spec.name,
        "disk space",
        "A secondary whose disk is full ends: its overlays take what both copies write between two checkpoints.",
        Topic.GUEST,
        MEASURED,
    )
    there = {image.path: image for image in survey.images if image.exists}
    need = 0
    for guest in scene.pair.guests:
        for disk in guest.disks:
            length = _length(scene, disk.path) or disk.size or 0
            need += min(length, _OVERLAY) + (0 if disk.path in there else length)
    if survey.free_bytes is None:
        return ask.unknown("what is free could not be read", advice=f"On {spec.name}: df /var/lib/colotui")
    told = f"{size(survey.free_bytes)} free, {size(need)} wanted for overlays and images that are not there yet"
    if survey.free_bytes < need:
        return ask.warning(told, advice=f"Make room where the guests' disks lie on {spec.name}.")
    return ask.ok(told)


def _length(scene: Scene, path: str) -> int | None:
    lengths = [image.length for one in scene.surveys.values() for image in one.images if image.path == path]
    return next((length for length in lengths if length is not None), None)

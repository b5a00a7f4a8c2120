"""The guests' disk images: on both hosts, of one format, one length and one content."""

from __future__ import annotations

from collections.abc import Iterator

from colotui.diagnosis.checks.scene import SEED, Question, Scene
from colotui.model.check import Finding, Topic
from colotui.model.pair import DiskSpec, EngineKind, GuestSpec
from colotui.model.survey import HostSurvey, Image

_SOURCE = f"{SEED}, step 3.3"


def findings(scene: Scene) -> Iterator[Finding]:
    """All of this module."""
    for guest in scene.pair.guests:
        for number, disk in enumerate(guest.disks):
            tail = "" if number == 0 and len(scene.pair.guests) == 1 else f":{guest.name}-{number}"
            found = {
                spec.name: next((one for one in survey.images if one.path == disk.path), Image(disk.path, exists=False))
                for spec, survey in scene.places()
            }
            for spec, survey in scene.places():
                yield _image(scene, guest, disk, survey, found, f"image{tail}", spec.name)
            there = {name: image for name, image in found.items() if image.exists}
            if len(there) == 2:
                yield _length(there, f"image-length{tail}", scene)
                yield _content(guest, there, f"image-content{tail}", scene)


def _image(
    scene: Scene, guest: GuestSpec, disk: DiskSpec, survey: HostSurvey, found: dict[str, Image], key: str, host: str
) -> Finding:
    qemu = guest.engine is EngineKind.QEMU
    why = "Both copies need the guest's disk, at the same path. "
    why += "Protecting mirrors all of it." if qemu else "Nothing copies it: COLO sends only what is written later."
    ask = Question(key, host, "disk image", why, Topic.GUEST, _SOURCE)
    image = found[host]
    if image.exists:
        if image.problem and image.length is None:
            return ask.bad(f"{image.path}: {image.problem}", advice=f"On {host}: qemu-img check {image.path}")
        if image.format != disk.format:
            return ask.bad(
                f"{image.path} is {image.format}, the pair file says {disk.format}",
                advice="Correct `format` in the pair file, or convert the image with qemu-img.",
            )
        return ask.ok(f"{image.path}: {image.format}, {image.length} bytes")
    elsewhere = [name for name, one in found.items() if one.exists]
    if elsewhere:
        told = f"{image.path} is not there, it is on {elsewhere[0]}"
        if qemu:
            return ask.warning(f"{told}; protecting makes an empty one and fills it first", "image")
        return ask.bad(told, "image")
    told = f"{image.path} is not there"
    if disk.size is not None and qemu:
        return ask.warning(f"{told}: the first start makes an empty one of {disk.size} bytes",
                           advice="Put the guest's disk there, unless the guest is to be installed anew.")  # fmt: skip
    return ask.bad(told, advice=f"Put the guest's disk there on the host that is to run it first ({host} or its peer).")


def _length(found: dict[str, Image], key: str, scene: Scene) -> Finding:
    ask = Question(
        key,
        "",
        "same length",
        "The secondary's disk must be as long as the primary's, to the byte.",
        Topic.GUEST,
        "docs/COLO-FT.txt of QEMU",
    )
    lengths = {name: image.length for name, image in found.items()}
    told = ", ".join(f"{'not known' if value is None else value} on {name}" for name, value in lengths.items())
    if None in lengths.values():
        return ask.unknown(told, advice="See what was said of the images.")
    if len(set(lengths.values())) == 1:
        return ask.ok(f"{told} bytes" if len(set(lengths)) == 1 else told)
    cure = "image" if scene.wanted.image_from else ""
    return ask.bad(
        told, cure, "" if cure else "Move the wrong one away, then copy the right one: colotui setup --only image"
    )


def _content(guest: GuestSpec, found: dict[str, Image], key: str, scene: Scene) -> Finding:
    ask = Question(
        key,
        "",
        "same content",
        "A secondary that begins with another disk differs from its primary from the first read on.",
        Topic.GUEST,
        _SOURCE,
    )
    mirrored = guest.engine is EngineKind.QEMU
    running = scene.running(guest.name)
    digests = {name: image.digest for name, image in found.items()}
    if running:
        return ask.ok(f"not compared: a copy runs on {' and '.join(running)} and writes")
    if not all(digests.values()):
        problems = [f"{name}: {image.problem}" for name, image in found.items() if image.problem]
        if problems:
            return ask.unknown("; ".join(problems), advice="Compare them by hand, with the guest off.")
        if mirrored:
            return ask.ok("not compared: protecting first mirrors the primary's disk onto the other")
        return ask.unknown("not compared", advice="Compare them with the guest off: colotui check --digests")
    told = ", ".join(f"{digest[:12]}… on {name}" for name, digest in digests.items())
    if len(set(digests.values())) == 1:
        return ask.ok(f"SHA-256 {told}")
    if mirrored:
        return ask.warning(f"SHA-256 {told}; protecting mirrors the primary's disk onto the other first", "image")
    return ask.bad(f"SHA-256 {told}", "image")

"""Guest: what the machine is, where its disk lies on each host, and what it must not do."""

from __future__ import annotations

from colotui.model.check import Topic
from colotui.model.survey import Image
from colotui.ui.format import lasting, size_binary
from colotui.ui.glyphs import BAD, GOOD
from colotui.ui.paint.canvas import Span
from colotui.ui.paint.wizard.findings import paint_added, paint_findings
from colotui.ui.paint.wizard.leaf import Leaf, paint_item, waiting
from colotui.ui.paint.wizard.view import WizardView

LEFT = ("guest.name", "guest.memory", "guest.cpus", "guest.accel", "guest.mac", "guest.nic_model", "guest.probe")
RIGHT = ("guest.disk", "guest.disk_format", "guest.disk_size", "wanted.image_from", "guest.kernel", "guest.initrd",
         "guest.append")  # fmt: skip
_LABEL = 11


def paint(leaf: Leaf, view: WizardView) -> None:
    """Two columns of fields, the images, the rules."""
    leaf.question(
        "What is the guest?",
        "Both hosts run it from the same description, so its disk has one path and one length on both.",
    )
    gap = 4 if leaf.width >= 100 else 2
    half = (leaf.width - gap) // 2
    row = leaf.row()
    for left, right in zip(LEFT, RIGHT, strict=True):
        ends = (
            paint_item(leaf, view, left, 0, row, _LABEL, half),
            paint_item(leaf, view, right, half + gap, row, _LABEL, half),
        )
        row = max(ends)
    row = paint_item(leaf, view, "wanted.guest_sysctls", 0, row + 1, 18, leaf.width)
    leaf.at(row - 1)
    if view.draft.guest.disk:
        _images(leaf, view)
    waiting(leaf, view, "look", "checking the guest's rules")
    paint_findings(leaf, view, Topic.GUEST)
    paint_added(leaf, view, Topic.GUEST)


def _images(leaf: Leaf, view: WizardView) -> None:
    leaf.row()
    leaf.heading("Its disk", view.draft.guest.disk)
    for place, host in enumerate(view.hosts):
        row = leaf.row()
        leaf.put(0, [(host.name, "bold")], 14, row=row)
        seconds, failed = view.since(f"image-{place}"), view.failed.get(f"image-{place}", "")
        image = view.images.get(place)
        if seconds is not None:
            spans: list[Span] = [("◐ ", "accent-bold"), ("looking …", "muted"), (f" {lasting(seconds)}", "low")]
            leaf.put(15, spans, row=row)
        elif failed:
            leaf.put(15, [(BAD, "error-bold")], row=row)
            leaf.place(17, row, failed, "base", leaf.width - 17)
        elif image is None:
            leaf.put(15, [("not looked at yet", "low")], row=row)
        else:
            sign, text, style = image_words(view, host.name, image)
            leaf.put(15, [sign], row=row)
            leaf.place(17, row, text, style, leaf.width - 17)


def image_words(view: WizardView, host: str, image: Image) -> tuple[Span, str, str]:
    """What lies on a host, and what will be done about it."""
    source = view.draft.wanted.image_from
    if image.problem:
        return (BAD, "error-bold"), image.problem, "base"
    if not image.exists:
        if source and source != host:
            return ("○", "muted"), f"not there: it is copied from {source}", "muted"
        if view.draft.guest.disk_size is not None:
            return ("○", "muted"), "not there: an empty one is made", "muted"
        return ("○", "muted"), "not there: say its size, or which host has it", "warn"
    parts = [image.format]
    if image.length is not None:
        value, unit = size_binary(float(image.length))
        parts.append(f"{value} {unit} for the guest")
    if image.allocated is not None:
        value, unit = size_binary(float(image.allocated))
        parts.append(f"{value} {unit} on the disk")
    if source and source != host:
        parts.append(f"is replaced by that of {source}")
    return (GOOD, "muted"), ", ".join(part for part in parts if part), "base"


def fact(view: WizardView) -> str:
    """The guest's name, for the list of pages."""
    return view.draft.guest.name

"""The incidents in the top line: the key that shows them, and those of which the band does not speak already."""

from __future__ import annotations

from colotui.model.incident import Incident
from colotui.model.protection import GuestView, Severity, State
from colotui.ui.format import plural
from colotui.ui.glyphs import WARN
from colotui.ui.paint.canvas import Span, width_of
from colotui.ui.paint.scene import Scene

LOUDNESS = (Severity.OK, Severity.WORKING, Severity.WARNING, Severity.ERROR)


def open_ones(view: GuestView) -> list[Incident]:
    """The open incidents, the newest first."""
    return [incident for incident in view.incidents if incident.open]


def worst(incidents: list[Incident]) -> Incident | None:
    """The loudest; of equally loud ones the first."""
    return max(incidents, key=lambda incident: LOUDNESS.index(incident.now.severity), default=None)


def told(view: GuestView) -> Incident | None:
    """The open incident of which the top line speaks: in its words, or of how the copies stand because of it."""
    said, found = view.protection, open_ones(view)
    for incident in found:
        if incident.now.sentence.rstrip(".") == said.headline:
            return incident
    loudest = worst(found)
    if loudest is None or said.severity not in (Severity.WARNING, Severity.ERROR):
        return None
    # That a guest runs alone is said of a choice, not of an incident; of a red band or an unknown state it is one.
    because = said.severity is Severity.ERROR or said.state is State.UNKNOWN
    return loudest if because and LOUDNESS.index(loudest.now.severity) >= LOUDNESS.index(said.severity) else None


def short_id(incident: Incident) -> str:
    """The id without the guest's name, which the screen says anyway."""
    return incident.id.removeprefix(f"{incident.guest}-")


def strip_group(scene: Scene) -> list[Span]:
    """The amber group of the quiet strip: `▲ i 2 incidents`; of a single one its kind. Empty when all is said."""
    said = told(scene.guest)
    rest = [incident for incident in open_ones(scene.guest) if incident is not said]
    if not rest:
        return []
    words = rest[0].now.kind.value if len(rest) == 1 else plural(len(rest), "incident")
    return [(f"{WARN} ", "warn-bold"), (scene.key("incidents", "i"), "strong"), (f" {words}", "warn-bold")]


def band_group(scene: Scene, style: str, room: int) -> list[Span]:
    """The key in the band with as many words as fit into `room` cells; empty when nothing is open or nothing fits."""
    found = open_ones(scene.guest)
    if not found:
        return []
    said = told(scene.guest)
    rest = len(found) - (said is not None)
    key: Span = (f" {scene.key('incidents', 'i')} ", f"{style}-key")
    forms: list[list[Span]] = []
    if said is None:
        words = found[0].now.kind.value if rest == 1 else plural(rest, "incident")
        forms.append([key, (f"  {words}", f"{style}-bold")])
    else:
        more = f", {rest} more open" if rest else ""
        lines = plural(len(said.now.witnesses), "line")
        forms.append([("why  ", style), key, (f"  incident {short_id(said)}, {lines} of evidence{more}", style)])
        forms.append([("why  ", style), key, (f"  incident {short_id(said)}{more}", style)])
        forms.append([("why ", style), key])
    forms.append([key])
    return next((spans for spans in forms if width_of(spans) <= room), [])

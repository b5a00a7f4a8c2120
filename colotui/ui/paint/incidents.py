"""The incident screen below its band: left the open and the past ones, right the chosen one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from colotui.model.incident import Incident
from colotui.model.protection import Severity
from colotui.ui.format import day_or_clock, duration, lasting
from colotui.ui.paint.canvas import Canvas, Line, Span, width_of
from colotui.ui.paint.footer import paint_footer
from colotui.ui.paint.incidentbadge import open_ones, short_id, told, worst
from colotui.ui.paint.incidentsheet import incident_line, incident_sheet, lasted, sign
from colotui.ui.paint.scene import Scene, pane_title
from colotui.ui.paint.sheet import Sheet, wrapped
from colotui.ui.paint.state import PaneState

BESIDE = 100
"""Columns from which on list and incident stand beside each other."""

_MARGIN = 2
_WITH_TIMES = 46
_AIRY = 34
_WATCHED = (
    "both QEMUs (process, monitor, trace, last words), the checkpoints and the disks, the forward link and the "
    "service network, modules and interrupts, kernel logs and clocks"
)


@dataclass(slots=True)
class IncidentsState:
    """Which incident is chosen (by its id: the list grows above it), and how far list and page are scrolled.

    `single`: on a small terminal the chosen one is shown in place of the list.
    """

    chosen: str = ""
    single: bool = False
    listed: PaneState = field(default_factory=PaneState)
    scrolled: PaneState = field(default_factory=PaneState)

    def entries(self, scene: Scene) -> list[Incident]:
        """Those that pass the filter: open ones first, newest first."""
        return [entry for entry in scene.guest.incidents if self.listed.matches(incident_line(entry))]

    def settle(self, scene: Scene) -> Incident | None:
        """The chosen incident: first the one that the band speaks of; the cursor follows it through the list."""
        entries = self.entries(scene)
        if not self.chosen and entries:
            first = told(scene.guest) or worst(open_ones(scene.guest)) or entries[0]
            self.choose(first if first in entries else entries[0])
        here = next((index for index, entry in enumerate(entries) if entry.id == self.chosen), None)
        self.listed.count = len(entries)
        self.listed.cursor = here if here is not None else max(0, min(self.listed.cursor, len(entries) - 1))
        return entries[self.listed.cursor] if entries else None

    def choose(self, entry: Incident) -> None:
        """Choose it, and show it from its top."""
        if entry.id != self.chosen:
            self.chosen, self.scrolled = entry.id, PaneState()


def beside(width: int) -> bool:
    """True when a terminal of this width has room for list and incident at once."""
    return width >= BESIDE


def list_width(width: int) -> int:
    """The cells of the list, its margin included."""
    if not beside(width):
        return width
    return 38 if width < 140 else min(62, 52 + (width - 140) // 10)


def paint_incidents(scene: Scene, width: int, height: int, state: IncidentsState) -> list[Line]:
    """All rows below the band: a gap, list and incident, a gap, the keys."""
    chosen = state.settle(scene)
    inner = max(1, height - 3)
    canvas = Canvas(width, inner)
    name, below = "incidents", 0
    if not scene.guest.incidents:
        _nothing(scene, canvas)
    elif beside(width):
        split = list_width(width)
        _list(scene, canvas, split, state)
        for row in range(inner):
            canvas.put(split + 1, row, "│", "hairline")
        below = _page(scene, canvas, split + 4, chosen, state)
    elif state.single and chosen is not None:
        name = "incident"
        below = _page(scene, canvas, 1, chosen, state)
    else:
        _list(scene, canvas, width, state)
        name = "incident-list"
    runnable = chosen is not None and chosen.open and chosen.now.do is not None
    if name != "incident-list" and (runnable or (chosen is not None and scene.replay)):
        name += "-plan"
    blank = Canvas(width, 1).lines()
    return [*blank, *scene.finish(canvas), *blank, *paint_footer(scene, name, width, below)][:height]


def _nothing(scene: Scene, canvas: Canvas) -> None:
    canvas.put(_MARGIN, 0, "incidents", "bold")
    service = ", and the guest's service" if scene.guest.spec.probe is not None else ""
    text = f"None since this cockpit began to watch. Watched: {_WATCHED}{service}."
    for row, line in enumerate(wrapped(text, canvas.width - 2 * _MARGIN), start=2):
        canvas.put(_MARGIN, row, line, "muted", canvas.width - 2 * _MARGIN)


def _list(scene: Scene, canvas: Canvas, end: int, state: IncidentsState) -> None:
    entries = state.entries(scene)
    opened = len(open_ones(scene.guest))
    past = len(scene.guest.incidents) - opened
    key, query = scene.key("filter", "/"), state.listed.query
    note: Span = (f"{key} {query}"[:20], "accent-bold") if query else (f"{key} filter", "low")
    counts = f"{opened} open  {past} past"
    stop = end if beside(canvas.width) else end - _MARGIN
    title_room = stop - _MARGIN - len("incidents") - 2 - len(counts) - 3
    right = (note,) if query or width_of([note]) <= title_room else ()
    pane_title(canvas, 0, _MARGIN, stop, "", "incidents", note=counts, right=right, focused=True)
    if not entries:
        canvas.put(_MARGIN, 2, f"nothing matches {query}", "low", stop - _MARGIN)
        return
    gap = 1 if entries[0].open and not entries[-1].open else 0
    state.listed.settle(len(entries), canvas.height - 2 - gap)
    digits = min(4, max(len(short_id(entry)) for entry in entries))
    top, y = state.listed.top, 2
    for index, entry in enumerate(entries[top : top + state.listed.room], start=top):
        if gap and not entry.open and index > top and entries[index - 1].open:
            y += 1
        _entry(scene, canvas, y, entry, stop, digits, lit=index == state.listed.cursor)
        y += 1


def _entry(scene: Scene, canvas: Canvas, y: int, entry: Incident, stop: int, digits: int, *, lit: bool) -> None:
    """One row: sign, number (`digits` cells), when it began, what it is, for how long."""
    ground = "@cursor-background" if lit else ""
    roomy = stop >= _WITH_TIMES
    if lit:
        canvas.fill(_MARGIN - 1, y, stop - _MARGIN + 1, " ", f"base{ground}")
    glyph, glyph_style = sign(entry)
    x = canvas.put(_MARGIN, y, glyph, glyph_style + ground) + 1
    x += digits + 1
    canvas.right(x, y, [(short_id(entry), f"low{ground}")], digits)
    x += 2 if roomy else 1
    if roomy:
        canvas.put(x, y, day_or_clock(entry.now.since, scene.now), f"muted{ground}")
        x += 10
    for_how_long = lasting(lasted(entry, scene.now)) if entry.open else duration(lasted(entry, scene.now))
    word = ("open " if entry.open else "took ") if roomy else ""
    loud = "error" if entry.now.severity is Severity.ERROR else "warn"
    style = (loud if entry.open else "muted") + ground
    end = canvas.right(stop - 1, y, [(f"{word}{for_how_long}", style)], max(0, stop - x - 8))
    canvas.put(x, y, entry.now.kind.value, ("strong" if entry.open else "base") + ground, max(0, end - x - 1))


def _page(scene: Scene, canvas: Canvas, x: int, chosen: Incident | None, state: IncidentsState) -> int:
    """Draw the chosen one from cell `x` on; how many of its rows lie below the window."""
    if chosen is None:
        canvas.put(x, 0, f"no incident matches {state.listed.query}", "low")
        return 0
    width = canvas.width - x - _MARGIN
    sheet = page_sheet(scene, chosen, width, canvas.height)
    state.scrolled.settle(max(1, len(sheet) - canvas.height + 1), 1)
    sheet.draw(canvas, 0, state.scrolled.cursor, canvas.height, x=x)
    return max(0, len(sheet) - canvas.height - state.scrolled.cursor)


def page_sheet(scene: Scene, chosen: Incident, width: int, height: int) -> Sheet:
    """The page of an incident for a window of that size: with gaps and in the order of events when there is room."""
    return incident_sheet(scene, chosen, width, airy=height >= _AIRY)


def entry_at(entries: Sequence[Incident], state: IncidentsState, row: int) -> Incident | None:
    """The incident on a row of the list, counted from the list's title; for the mouse."""
    y = 2
    for index, entry in enumerate(entries[state.listed.top :][: state.listed.room], start=state.listed.top):
        if not entry.open and index > state.listed.top and entries[index - 1].open:
            y += 1
        if y == row:
            return entry
        y += 1
    return None

"""The whole screen of the guided set-up: strip, list of pages, the page itself and the keys, at every size."""

from __future__ import annotations

from dataclasses import dataclass

from colotui.ui.format import clock, fine_duration, lasting
from colotui.ui.glyphs import GOOD, WARN, to_ascii
from colotui.ui.layout import Form, layout_for
from colotui.ui.paint.canvas import Canvas, Line, Span, fitted, width_of
from colotui.ui.paint.sheet import wrapped
from colotui.ui.paint.wizard.leaf import Leaf, Spot
from colotui.ui.paint.wizard.pages import PAINTERS, Entry, entries, next_word
from colotui.ui.paint.wizard.steps import failed, unfinished
from colotui.ui.paint.wizard.view import PAGES, KeyHint, Page, WizardView

_STAYS = "Leave any time: what is done stays on the hosts and is found again."


@dataclass(frozen=True, slots=True)
class Painted:
    """The screen as lines, what can be clicked, and the scroll it really has with the highest possible."""

    lines: list[Line]
    spots: tuple[Spot, ...]
    scroll: int
    highest: int
    page_rows: int


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where things lie. The page takes columns `x` to `end` and rows `top` to `bottom`; `list_end` 0: no list."""

    strip: int
    x: int
    end: int
    top: int
    bottom: int
    list_end: int = 0
    spacing: int = 1


def _grid(width: int, height: int, form: Form) -> _Grid:
    if form is Form.WIDE:
        return _Grid(3, 35, width - 3, 5, height - 2, 29, 2)
    if form is Form.FOLDED:
        return _Grid(2, 25, width - 2, 3, height - 2, 21)
    return _Grid(2, 2, width - 2, 3, height - 2)


def paint_wizard(view: WizardView, width: int, height: int, *, follow: bool = True) -> Painted:
    """The screen. `follow`: the row with the cursor is brought into sight."""
    form = layout_for(width, height).form
    canvas = Canvas(width, height)
    if form is Form.TINY:
        _tiny(canvas, view)
        return Painted(_finished(canvas, view), (), 0, 0, 1)
    grid = _grid(width, height, form)
    spots: list[Spot] = []
    _strip(canvas, view, grid)
    if grid.list_end:
        _list(canvas, view, grid, spots)
    else:
        _line_of_pages(canvas, view, spots)
    leaf = Leaf(grid.end - grid.x)
    _unreached(leaf, view)
    PAINTERS[view.page](leaf, view)
    if form is Form.WIDE and not (view.progress is not None and view.page is Page.RUN and unfinished(view.progress)):
        _buttons(leaf, view)
    room = grid.bottom - grid.top
    highest = max(0, len(leaf) - room)
    scroll = min(view.scroll, highest)
    row = leaf.focus_row
    if follow and row is not None and not scroll <= row < scroll + room:
        scroll = min(highest, max(0, row - room // 2))
    leaf.draw(canvas, grid.top, scroll, room, x=grid.x)
    spots += [
        Spot(spot.row - scroll + grid.top, spot.x + grid.x, spot.end + grid.x, spot.name)
        for spot in leaf.spots
        if scroll <= spot.row < scroll + room
    ]
    if highest:
        shown = f" rows {scroll + 1} to {min(len(leaf), scroll + room)} of {len(leaf)}, pgup pgdn "
        canvas.right(grid.end, grid.bottom, [(shown, "low")])
    _keys(canvas, view, spots)
    return Painted(_finished(canvas, view), tuple(spots), scroll, highest, room)


def _finished(canvas: Canvas, view: WizardView) -> list[Line]:
    lines = canvas.lines()
    if not view.ascii_only:
        return lines
    return [tuple((to_ascii(text), style) for text, style in line) for line in lines]


def _tiny(canvas: Canvas, view: WizardView) -> None:
    canvas.put(0, 0, f"{view.page.number + 1}/{len(PAGES)} {view.page.value}", "strong")
    canvas.put(0, 1, f"{canvas.width}x{canvas.height}: the set-up wants 80x24", "base")


def _strip(canvas: Canvas, view: WizardView, grid: _Grid) -> None:
    """What this is, for which pair, what has been changed, and the time."""
    rows = 3 if grid.strip == 3 else 1
    for row in range(rows):
        canvas.ground(row, "surface")
    row = 1 if rows == 3 else 0
    margin = 2
    left, right = view.hosts
    end = canvas.right(canvas.width - margin, row, [(clock(view.wall), "muted")])
    said: Span = (view.remark, "warn") if view.remark else changed(view)
    who: list[Span] = [("Set up a pair", "strong"), ("   ", "base"), (view.draft.guest.name, "base")]
    who += [("   ", "base"), (f"{left.name} = {right.name}", "muted")]
    end -= 6 if canvas.width >= 140 else 3
    room = max(20, end - margin - width_of([said]) - 3)
    at = canvas.spans(margin, row, fitted(who, room), room)
    canvas.right(end, row, [said], max(0, end - at - 3))


def changed(view: WizardView) -> Span:
    """What has been done to the hosts so far."""
    progress = view.progress
    looking = min(
        (since for what in ("look", "plan", "states") if (since := view.since(what)) is not None), default=None
    )
    if progress is None and looking is not None:
        return f"◐ looking … {lasting(looking)}", "muted"
    if progress is None and view.resumed:
        return "nothing changed since it was opened again", "muted"
    if progress is None:
        return "nothing has been changed yet", "muted"
    count = len(progress.steps)
    if progress.running:
        word = "taking it back" if progress.undoing else f"step {min(progress.current + 1, count)} of {count}"
        return f"{word}, {fine_duration(view.wall - progress.started_at)}", "accent-bold"
    if failed(progress):
        return f"stopped at step {min(progress.current + 1, count)} of {count}", "error-bold"
    return ("taken back" if progress.undoing else f"all {count} steps are done"), "muted"


def _sign(view: WizardView, entry: Entry) -> Span:
    if entry.page is view.page:
        return "●", "focus"
    if entry.done:
        return GOOD, "muted"
    if entry.page.number < view.furthest:
        return WARN, "warn"
    return "○", "low"


def _list(canvas: Canvas, view: WizardView, grid: _Grid, spots: list[Spot]) -> None:
    """The pages, one under the other, with a short fact; below them that leaving costs nothing."""
    wide = grid.spacing == 2
    margin = 2
    row = grid.top
    rail = grid.list_end + (2 if wide else 1)
    for y in range(grid.top - 1, canvas.height - 2):
        canvas.put(rail, y, "│", "hairline")
    for entry in entries(view):
        if entry.page is view.page:
            canvas.fill(margin, row, grid.list_end - margin, " ", "base@cursor-background")
        ground = "@cursor-background" if entry.page is view.page else ""
        sign, style = _sign(view, entry)
        canvas.put(margin + 1, row, sign, "strong" + ground if ground else style)
        ink = "strong" if entry.page is view.page else "base" if entry.done else "muted"
        at = canvas.put(margin + (4 if wide else 3), row, entry.page.value, ink + ground)
        if entry.fact and wide:
            canvas.right(grid.list_end - 1, row, [(entry.fact, "muted" + ground)], max(0, grid.list_end - 2 - at))
        if entry.reachable:
            spots.append(Spot(row, margin, grid.list_end, f"page:{entry.page.value}"))
        row += grid.spacing
    row += 1
    for line in wrapped(_STAYS, grid.list_end - margin - 2):
        if row < canvas.height - 2:
            canvas.put(margin + 1, row, line, "muted" if wide else "low")
        row += 1


def _line_of_pages(canvas: Canvas, view: WizardView, spots: list[Spot]) -> None:
    """One line instead of the list: which page of how many, and a sign for each."""
    at = canvas.put(2, 1, view.page.value, "strong")
    canvas.put(at + 2, 1, f"page {view.page.number + 1} of {len(PAGES)}", "muted")
    listed = entries(view)
    x = canvas.width - 2 - 2 * len(listed)
    for entry in listed:
        canvas.put(x, 1, *_sign(view, entry))
        if entry.reachable:
            spots.append(Spot(1, x, x + 2, f"page:{entry.page.value}"))
        x += 2


def _unreached(leaf: Leaf, view: WizardView) -> None:
    """On a page that shows something of the hosts: which of them does not answer, and where that is mended."""
    if view.page is Page.HOSTS or view.page.number >= Page.RUN.number or view.both_reached():
        return
    for place, host in enumerate(view.hosts):
        reached = view.reached[place]
        seconds = view.since(f"reach-{place}")
        if reached is not None and reached.ok:
            continue
        row = leaf.row()
        if seconds is not None:
            leaf.put(
                0, [("◐ ", "accent-bold"), (f"connecting to {host.name} …", "muted"), (f" {lasting(seconds)}", "low")]
            )
            continue
        why = reached.problem if reached is not None else ""
        why = why or ("its key has to be compared" if reached is not None else "it was not asked yet")
        leaf.put(0, [(WARN, "warn-bold")], row=row)
        leaf.place(
            2, row, f"{host.name} is not reached: {why}. The page “hosts and keys” mends it.", "base", leaf.width - 2
        )
    leaf.row()


def _buttons(leaf: Leaf, view: WizardView) -> None:
    leaf.row()
    leaf.row()
    x = 0
    if view.page is not Page.HOSTS:
        leaf.put(x, [("  Back  ", "base@panel")])
        leaf.spot(x, x + 8, "do:back")
        x += 11
    word = f"  {next_word(view)}  "
    leaf.put(x, [(word, "recommended")])
    leaf.spot(x, x + len(word), "do:next")
    x += len(word) + 6
    leaf.put(x, [("Leave", "muted")])
    leaf.spot(x, x + 5, "do:leave")


def _keys(canvas: Canvas, view: WizardView, spots: list[Spot]) -> None:
    """The keys that work now; help is pinned at the right and never dropped."""
    y = canvas.height - 1
    canvas.ground(y, "surface")
    margin = 2
    gap = 3 if canvas.width >= 120 else 2
    end = canvas.width - margin
    pinned = [hint for hint in view.keys if hint.name == "help"]
    if pinned:
        wide = len(pinned[0].key) + 1 + len(pinned[0].word)
        end = _key(canvas, pinned[0], canvas.width - margin - wide, y, spots) - 2
    x = margin
    for hint in view.keys:
        wide = width_of([(hint.key, ""), (hint.word, "")]) + 1
        if hint.name != "help" and x + wide <= end:
            _key(canvas, hint, x, y, spots)
            x += wide + gap


def _key(canvas: Canvas, hint: KeyHint, x: int, y: int, spots: list[Spot]) -> int:
    at = canvas.put(x, y, hint.key, "strong")
    at = canvas.put(at + 1, y, hint.word, "muted")
    spots.append(Spot(y, x, at, f"do:{hint.name}"))
    return x

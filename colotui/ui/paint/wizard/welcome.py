"""The welcome: what colotui is in a sentence, and the ways on while there is no pair yet."""

from __future__ import annotations

from colotui.model.setup import Draft
from colotui.ui.glyphs import to_ascii
from colotui.ui.layout import Form, layout_for
from colotui.ui.paint.canvas import Canvas, Line
from colotui.ui.paint.sheet import Sheet, wrapped
from colotui.ui.paint.wizard.leaf import Spot

LAB = "sudo colotui lab"
CHOICES = ("Set up a pair", "Try the lab on this machine")
_TEXTS = (
    "Leads from two addresses to a protected guest. Nothing is changed before you have read the plan and run it.",
    "Two small hosts and a guest inside this machine, a few hundred MiB, to try every action without risk.",
)
_WHAT = "Two hosts run one virtual machine in lock-step. When one of them dies, the other goes on."


def paint_welcome(
    width: int, height: int, *, chosen: int, draft: Draft | None, waiting: bool, remark: str, ascii_only: bool
) -> tuple[list[Line], tuple[Spot, ...]]:
    """The screen, and what can be clicked."""
    canvas = Canvas(width, height)
    spots: list[Spot] = []
    if layout_for(width, height).form is Form.TINY:
        canvas.put(0, 0, "colotui", "strong")
        canvas.put(0, 1, f"{width}x{height}: the welcome wants 80x24", "base")
    else:
        _page(canvas, spots, chosen, draft, remark, waiting=waiting)
    lines = canvas.lines()
    if ascii_only:
        lines = [tuple((to_ascii(text), style) for text, style in line) for line in lines]
    return lines, tuple(spots)


def _page(canvas: Canvas, spots: list[Spot], chosen: int, draft: Draft | None, remark: str, *, waiting: bool) -> None:
    wide = min(96, canvas.width - 10)
    x = 8 if canvas.width >= 100 else 4
    y = 7 if canvas.height >= 40 else 3
    canvas.put(x, y, "colotui", "strong")
    y += 1
    for line in wrapped(_WHAT, wide):
        canvas.put(x, y, line, "muted")
        y += 1
    y += 2 if canvas.height >= 30 else 1
    if waiting:
        canvas.spans(x, y, [("◐ ", "accent-bold"), ("reading what was chosen before …", "muted")])
        return
    for index, title in enumerate(CHOICES):
        sheet = Sheet(wide)
        sheet.row()
        here = index == chosen
        left_off = draft is not None and bool(draft.page) and index == 0
        text = f"Go on with the set-up of {draft.guest.name}" if left_off and draft is not None else title
        ground = "@cursor-background" if here else ""
        sheet.put(0, [(" " * wide, f"base{ground}")])
        sheet.put(1, [(str(index + 1), "muted" + ground)])
        sheet.put(4, [(text, ("strong" if here else "bold") + ground)])
        sheet.row()
        if left_off and draft is not None:
            sheet.text(4, f"It was left at the page “{draft.page}”. What was done is found again.", "muted", wide - 4)
        else:
            sheet.text(4, _TEXTS[index], "muted", wide - 4)
        if index == 1:
            sheet.row()
            sheet.put(4, [(LAB, "bold"), (f"     {remark}" if remark else "", "muted")])
        sheet.draw(canvas, y, 0, len(sheet), x=x)
        spots += [Spot(row, x, x + wide, str(index)) for row in range(y, y + len(sheet))]
        y += len(sheet) + 1
    bottom = canvas.height - 1
    canvas.ground(bottom, "surface")
    at = 2 if canvas.width >= 90 else 1
    for key, word in (("enter", "take it" if chosen == 0 else "copy the command"), ("↑ ↓", "choose"), ("q", "quit")):
        at = canvas.put(at, bottom, key, "strong")
        at = canvas.put(at + 1, bottom, word, "muted") + 3

"""The support bundle before it is written: what it holds, from where, how large, and what could not be had."""

from __future__ import annotations

from dataclasses import dataclass

from colotui.model.bundle import Bundle
from colotui.model.quantity import size
from colotui.ui.glyphs import to_ascii
from colotui.ui.paint.canvas import Canvas, Line
from colotui.ui.paint.sheet import Sheet

_SIZE = 12
_NAME = 15


@dataclass(frozen=True, slots=True)
class BundleView:
    """What the screen knows. `bundle` None: still being collected, or `refused` says why there is none."""

    guest: str
    hosts: tuple[str, ...]
    bundle: Bundle | None = None
    refused: str = ""
    target: str = ""
    written: bool = False
    writing: bool = False
    remark: str = ""
    scroll: int = 0


def paint_bundle(view: BundleView, width: int, height: int, *, ascii_only: bool) -> tuple[list[Line], int]:
    """The box, and the highest scroll it can have."""
    canvas = Canvas(width, height, "surface")
    sheet = bundle_sheet(view, width - 2)
    room = max(1, height - 5)
    highest = max(0, len(sheet) - room)
    scroll = min(view.scroll, highest)
    sheet.draw(canvas, 1, scroll, room, x=1)
    _frame(canvas, view)
    if highest:
        shown = f" {scroll + 1}–{min(len(sheet), scroll + room)} of {len(sheet)} rows, ↑ ↓ "
        canvas.right(width - 3, height - 1, [(shown, "muted")])
    _footer(canvas, view, height - 2)
    lines = canvas.lines()
    if ascii_only:
        lines = [tuple((to_ascii(text), style) for text, style in line) for line in lines]
    return lines, highest


def bundle_sheet(view: BundleView, width: int) -> Sheet:
    """The scrolled part."""
    sheet = Sheet(width)
    sheet.row()
    bundle = view.bundle
    if bundle is None:
        sheet.row()
        text = view.refused or f"Collecting from {' and '.join(view.hosts)}; nothing is changed there."
        sheet.text(2, text, "error" if view.refused else "muted", width - 4)
        return sheet
    sheet.row()
    text = "Nothing was changed on the hosts. Passwords, keys and credentials are masked."
    sheet.text(2, text, "muted", width - 4)
    sheet.row()
    names = max((len(piece.path) for piece in bundle.pieces), default=0)
    column = _NAME + min(names, max(16, width // 2 - _NAME)) + 2
    for piece in bundle.pieces:
        sheet.row()
        sheet.right(_SIZE, [(size(len(piece.data)), "base")], _SIZE - 1)
        sheet.put(_NAME, [(piece.path, "base")], column - _NAME - 1)
        cut = f", the last {size(len(piece.data))}" if piece.left_out else ""
        sheet.put(column, [(f"{piece.what}{cut}", "muted"), (f"  {piece.source}", "low")], width - column - 2)
    if bundle.absent:
        sheet.row()
        sheet.row()
        sheet.put(2, [("Could not be had", "bold")])
    for one in bundle.absent:
        sheet.row()
        sheet.text(4, f"{one.what} ({one.source}): {one.why}", "base", width - 6)
    return sheet


def _frame(canvas: Canvas, view: BundleView) -> None:
    width, height = canvas.width, canvas.height
    canvas.put(0, 0, "┌" + "─" * (width - 2) + "┐", "frame-primary")
    for row in range(1, height - 1):
        canvas.put(0, row, "│", "frame-primary")
        canvas.put(width - 1, row, "│", "frame-primary")
    canvas.put(0, height - 1, "└" + "─" * (width - 2) + "┘", "frame-primary")
    end = width - 3
    if view.bundle is not None:
        files = f" {len(view.bundle.pieces)} files, {size(view.bundle.size)} "
        end = canvas.right(end, 0, [(files, "muted")], width // 2)
    canvas.put(3, 0, f" Support bundle of {view.guest} ", "strong", max(0, end - 5))


def _footer(canvas: Canvas, view: BundleView, y: int) -> None:
    x, end = 3, canvas.width - 3
    if view.remark:
        canvas.put(x, y - 1, view.remark, "base", end - x)
    ready = view.bundle is not None and not view.written and not view.writing
    if ready:
        x = canvas.put(x, y, " Enter ", "recommended")
        x = canvas.put(x + 1, y, f"write {view.target}", "muted", max(0, end - x - 16)) + 3
    elif view.written:
        x = canvas.put(x, y, "y", "strong")
        x = canvas.put(x + 1, y, "copy its name", "muted") + 3
    x = canvas.put(x, y, "esc", "strong", max(0, end - x))
    canvas.put(x + 1, y, "back" if view.written else "leave", "muted", max(0, end - x - 1))

"""One page as rows that know what lies where: fields, choices and toggles, each of which can be clicked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from colotui.ui.format import lasting
from colotui.ui.glyphs import BAD, GOOD, WARN
from colotui.ui.paint.canvas import Span, cells_of, clip, width_of
from colotui.ui.paint.sheet import Sheet, wrapped
from colotui.ui.paint.wizard.view import Item, Kind, WizardView

CURSOR = "@cursor-background"


@dataclass(frozen=True, slots=True)
class Spot:
    """Cells of a row that can be clicked, and what that means."""

    row: int
    x: int
    end: int
    name: str


class Leaf(Sheet):
    """A sheet that remembers its spots and the row that must be in sight."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.spots: list[Spot] = []
        self.focus_row: int | None = None

    def spot(self, x: int, end: int, name: str, row: int | None = None) -> None:
        """Cells `x` to `end` of the last (or that) row answer to a click."""
        self.spots.append(Spot(len(self) - 1 if row is None else row, x, end, name))

    def at(self, row: int) -> int:
        """Make sure that `row` exists."""
        while row >= len(self):
            self.row()
        return row

    def place(self, x: int, row: int, text: str, style: str, width: int) -> int:
        """Text from `row` on, wrapped; the row after it."""
        if width < 1:
            return row
        for line in wrapped(text, width):
            self.put(x, [(line, style)], width, row=self.at(row))
            row += 1
        return row

    def heading(self, title: str, note: str = "", tail: Sequence[Span] = ()) -> None:
        """`Cable test   eth1 ⇄ eth1 ─────`: a title on a row, a hairline below."""
        self.row()
        spans: list[Span] = [(title, "strong")]
        if note:
            spans += [("   ", "base"), (note, "muted")]
        self.put(0, spans, self.width - width_of(tail) - 2)
        if tail:
            self.right(self.width, tail)
        self.rule(0, self.width)

    def question(self, title: str, text: str) -> None:
        """What the page asks, and one sentence that says why."""
        self.row()
        self.text(0, title, "strong", self.width)
        self.row()
        self.text(0, text, "muted", self.width)
        self.row()


def waiting(leaf: Leaf, view: WizardView, what: str, words: str) -> bool:
    """`looking … 3 s` on a row of its own while something is under way, or why it failed. True when it said so."""
    seconds = view.since(what)
    if seconds is not None:
        leaf.row()
        leaf.put(0, [("◐ ", "accent-bold"), (words + " …", "muted"), (f" {lasting(seconds)}", "low")])
        return True
    if what in view.failed:
        leaf.row()
        row = leaf.place(2, len(leaf) - 1, view.failed[what], "base", leaf.width - 2)
        leaf.put(0, [(BAD, "error-bold")], row=row - len(wrapped(view.failed[what], leaf.width - 2)))
        return True
    return False


def mark(ok: bool | None, *, bad: bool = False) -> Span:
    """✔ so, ✘ not so, ▲ a warning; blank when it cannot be said."""
    if ok is None:
        return (" ", "low")
    return (GOOD, "muted") if ok else (BAD, "error-bold") if bad else (WARN, "warn-bold")


def is_focused(view: WizardView, item: Item | None) -> bool:
    """The cursor is on `item`."""
    return item is not None and view.focused is not None and view.focused.key == item.key


def paint_item(leaf: Leaf, view: WizardView, key: str, x: int, row: int, label: int, width: int) -> int:
    """Label and value of an item from cell `x`, `label` cells for the label; the row after it."""
    item = view.item(key)
    if item is None:
        return row
    leaf.at(row)
    focused = is_focused(view, item)
    if focused:
        leaf.focus_row = row
    leaf.put(x, [(item.label, "focus" if focused else "muted")], label - 1, row=row)
    leaf.spot(x, x + width, f"item:{key}", row)
    if item.kind is Kind.TEXT:
        leaf.put(x + label, _field(view, item, width - label), row=row)
    elif item.kind is Kind.TOGGLE:
        _toggle(leaf, item, x + label, row, width - label, focused=focused)
    else:
        _choice(leaf, item, x + label, row, width - label, focused=focused)
    if key in view.wrong:
        return leaf.place(x + label, row + 1, view.wrong[key], "warn", width - label)
    return row + 1


def _field(view: WizardView, item: Item, width: int) -> list[Span]:
    """The value on `panel`; with the cursor in it the part round the cursor."""
    text = view.raw.get(item.key, item.value)
    inner = width - 2
    # In brackets, so that it is no value where colours do not tell.
    shown_hint = f"({item.hint})" if item.hint else ""
    if not is_focused(view, item):
        ink, shown = ("base", text) if text else ("low", shown_hint)
        cells = clip(cells_of(shown), inner)
        return [(" " + "".join(cells) + " " * (inner - len(cells) + 1), f"{ink}@panel")]
    editor = view.editor
    at = editor.at if editor is not None else len(text)
    text = editor.text if editor is not None else text
    if not view.typing:
        cells = clip(cells_of(text or shown_hint), inner)
        ink = "strong" if text else "low"
        return [(" " + "".join(cells) + " " * (inner - len(cells) + 1), f"{ink}{CURSOR}")]
    before, after = cells_of(text[:at]), cells_of(text[at:])
    hint = cells_of(shown_hint) if not text else ()
    skip = max(0, len(before) - inner + min(len(after), 3) + 1)
    left = ("…", *before[skip + 1 :]) if skip else before
    under, rest = (after[0], after[1:]) if after else (" ", hint)
    room = inner - len(left) - 1
    tail = clip(rest, room)
    blanks = " " * (room - len(tail) + 1)
    return [
        (" " + "".join(left), "strong@panel"),
        (under or " ", "caret"),
        ("".join(tail), "strong@panel" if after else "low@panel"),
        (blanks, "base@panel"),
    ]


def _choice(leaf: Leaf, item: Item, x: int, row: int, width: int, *, focused: bool) -> None:
    ground = CURSOR if focused else ""
    spans: list[Span] = [(f" {item.value} ", f"{'strong' if focused else 'bold'}{ground}")]
    if item.hint and focused:
        spans += [("  ", "base"), (item.hint, "low")]
    leaf.put(x, spans, width, row=row)


def _toggle(leaf: Leaf, item: Item, x: int, row: int, width: int, *, focused: bool) -> None:
    on = item.value == "on"
    ground = CURSOR if focused else ""
    sign: Span = ("● on ", f"accent-bold{ground}") if on else ("○ off", f"muted{ground}")
    leaf.put(x, [(" ", f"base{ground}"), sign, (" ", f"base{ground}")], 7, row=row)
    leaf.place(x + 9, row, item.hint, "muted", width - 9)

"""The other guests beside the one on the screen: a tab each where there is room, else those that suffer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from colotui.ui.fleet import Rank, Standing
from colotui.ui.format import plural
from colotui.ui.glyphs import UNKNOWN, WARN, state_glyph
from colotui.ui.paint.canvas import Span, cells_of, clip, width_of
from colotui.ui.paint.scene import Scene

_LONGEST_NAME = 24
_SHOWN_OTHERS = 2
_INK = {
    Rank.NOT_SERVED: "error-bold",
    Rank.UNKNOWN: "warn-bold",
    Rank.NOT_PROTECTED: "warn",
    Rank.WARNING: "warn",
}


def sign_of(row: Standing) -> str:
    """The sign of the state of one guest; ▲ where it is protected with a warning."""
    if row.rank is Rank.WARNING:
        return WARN
    if row.rank is Rank.ASKING:
        return "◐"
    if row.view is None:
        return UNKNOWN
    return state_glyph(row.view.protection.state, row.view.protection.severity)


def ink_of(row: Standing) -> str:
    """The style of that sign: what is fine stays grey."""
    return _INK.get(row.rank, "muted")


def tab_spans(scene: Scene, room: int) -> list[Span]:
    """`1 ✘ db  2 ● web01  … 62 more`: numbered as in the list; the shown one always has its place."""
    rows = list(scene.tabs)
    names = Counter(row.name for row in rows)
    here = next((index for index, row in enumerate(rows) if _is_shown(scene, row)), 0)
    made = [_tab(row, index, names, shown=index == here) for index, row in enumerate(rows[: max(room // 5, 1)])]
    last = [] if here < len(made) else [_tab(rows[here], here, names, shown=True)]
    count = len(made)
    while count > 1 and _taken(made[:count], last, len(rows) - count - len(last)) > room:
        count -= 1
        if here == count:
            last = [made[here]]
    spans: list[Span] = []
    for tab in (*made[:count], *last):
        spans += [*([("   ", "low")] if spans else []), *tab]
    rest = len(rows) - count - len(last)
    return [*spans, (f"   … {rest} more", "low")] if rest > 0 else spans


def _is_shown(scene: Scene, row: Standing) -> bool:
    return row.key == (scene.place, scene.guest.name)


def _tab(row: Standing, index: int, names: Counter[str], *, shown: bool) -> list[Span]:
    name = row.name if names[row.name] < 2 else f"{row.pair}/{row.name}"
    name = "".join(clip(cells_of(name), _LONGEST_NAME))
    style = "picked" if shown else ink_of(row) if row.needs_you else "muted"
    number: list[Span] = [(f"{index + 1} ", "low")] if index < 9 else []
    return [*number, (f"{sign_of(row)} ", ink_of(row)), (name, style)]


def _taken(made: Sequence[list[Span]], last: Sequence[list[Span]], rest: int) -> int:
    tabs = [*made, *last]
    more = len(f"   … {rest} more") if rest > 0 else 0
    return sum(width_of(tab) for tab in tabs) + 3 * (len(tabs) - 1) + more


def other_guests(scene: Scene, room: int, style: str) -> list[Span]:
    """A guest that is not on the screen but suffers must still be seen: by name, the rest as a number."""
    others = [row for row in scene.tabs if not _is_shown(scene, row)]
    loud = [row for row in others if row.needs_you or row.rank is Rank.WARNING]
    if not loud:
        return [(plural(len(others), "other guest"), style)]
    for count in range(min(_SHOWN_OTHERS, len(loud)), 0, -1):
        spans: list[Span] = []
        for row in loud[:count]:
            ground = "badge-dead" if row.rank is Rank.NOT_SERVED else "badge-warn"
            spans += [*([(" ", style)] if spans else []), (f" {sign_of(row)} {_short(row.name)} ", ground)]
        if len(loud) > count:
            spans.append((f" +{len(loud) - count}", f"{style}-bold" if style.endswith("band") else style))
        if width_of(spans) <= room:
            return spans
    return [
        (
            f" {sign_of(loud[0])} {plural(len(loud), 'other')} ",
            "badge-dead" if loud[0].rank is Rank.NOT_SERVED else "badge-warn",
        )
    ]


def _short(name: str) -> str:
    return "".join(clip(cells_of(name), 16))

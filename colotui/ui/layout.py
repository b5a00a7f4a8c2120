"""How the cockpit folds: which form fits a terminal, and how many rows each part gets in it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Form(StrEnum):
    """The four forms, from the most room to the least."""

    WIDE = "wide"
    FOLDED = "folded"
    TABBED = "tabbed"
    TINY = "tiny"


@dataclass(frozen=True, slots=True)
class Layout:
    """Rows of each part, its gap above included in none; `graph_width` is the left of the two middle panes."""

    form: Form
    top: int
    ladder: int
    hosts: int
    checkpoints: int
    mismatches: int
    events: int
    graph_width: int


def layout_for(width: int, height: int) -> Layout:
    """The layout of a terminal. The middle grows with the room: first the graph, then the events."""
    if width >= 140 and height >= 42:
        return _wide(width, height)
    if width >= 100 and height >= 28:
        return _folded(width, height)
    if width >= 80 and height >= 24:
        return _tabbed(width, height)
    return Layout(Form.TINY, height, 0, 0, 0, 0, 0, 0)


def _wide(width: int, height: int) -> Layout:
    # top 3, ladder 11, keys 1 and five gaps; hosts, middle and events share the rest.
    spare = height - 3 - 11 - 1 - 5 - (10 + 9 + 7)
    hosts, middle, events = 10, 9, 7
    if spare < 0:
        events -= min(3, -spare)
        hosts -= max(0, -spare - 3)
    else:
        grow = min((spare + 1) // 2, 10)
        middle, events = middle + grow, events + spare - grow
    return Layout(Form.WIDE, 3, 11, hosts, middle, middle, events, (width - 4) * 58 // 100 + 2)


def _folded(width: int, height: int) -> Layout:
    spare = height - 2 - 1 - 5 - (10 + 6 + 7) + 1
    hosts, middle, events = 10, 6, 7
    if spare < 0:
        events -= min(2, -spare)
    else:
        hosts += min(3, spare)
        spare -= min(3, spare)
        grow = min((spare + 1) // 2, 8)
        middle, events = middle + grow, events + spare - grow
    return Layout(Form.FOLDED, 2, 0, hosts, middle, middle, events, (width - 4) * 6 // 10)


def _tabbed(width: int, height: int) -> Layout:
    spare = height - 24
    hosts = 7 + min(2, spare)
    spare -= hosts - 7
    mismatches = 4 + spare // 3
    return Layout(Form.TABBED, 2, 0, hosts, 2, mismatches, 4 + spare - spare // 3, width)

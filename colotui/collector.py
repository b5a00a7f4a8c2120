"""How Python looks for garbage in a program that should start at once and then cost little while it watches."""

from __future__ import annotations

import gc

_YOUNG_OBJECTS = 30_000


def starting() -> None:
    """Before the imports: what is made while a program starts is kept, looking through it delays the first picture."""
    gc.set_threshold(_YOUNG_OBJECTS, 10, 10)


def started() -> None:
    """All is loaded: what is there now is never looked through again."""
    gc.freeze()

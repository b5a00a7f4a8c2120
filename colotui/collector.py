"""How Python looks for garbage in a program that should start at once and then cost little while it watches."""

from __future__ import annotations

import gc

# More than the cockpit has made by its first picture: nothing is looked through before that.
_YOUNG_AT_START = 150_000
# Few, so that what refers to itself does not pile up: a MiB of it would. It costs little, all else is frozen.
_YOUNG_OBJECTS = 5_000


def starting() -> None:
    """Before the imports: what is made while a program starts is kept, looking through it delays the first picture."""
    gc.set_threshold(_YOUNG_AT_START, 10, 10)


def started() -> None:
    """All is loaded: what is there now is never looked through again."""
    gc.set_threshold(_YOUNG_OBJECTS, 10, 10)
    gc.freeze()

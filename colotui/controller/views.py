"""The views of all guests, each made again only when something of it changed or it has grown old."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from colotui.model.protection import GuestView


class Views:
    """`make(name)` builds the view of a guest. A view stands for `age` seconds at most, so that no figure stops.

    Whoever changes what a view shows says so with `changed`; what nobody tells of is seen when the age is over.
    """

    def __init__(self, names: Iterable[str], make: Callable[[str], GuestView], age: float) -> None:
        self._names = tuple(names)
        self._make = make
        self._age = age
        self._kept: dict[str, tuple[float, GuestView]] = {}

    def changed(self, name: str = "") -> None:
        """The view of `name` is out of date; without a name all are."""
        if name:
            self._kept.pop(name, None)
        else:
            self._kept.clear()

    def all(self) -> tuple[GuestView, ...]:
        """Every guest's view, in their order."""
        now = time.monotonic()
        for name in self._names:
            kept = self._kept.get(name)
            if kept is None or now - kept[0] >= self._age:
                self._kept[name] = (now, self._make(name))
        return tuple(self._kept[name][1] for name in self._names)

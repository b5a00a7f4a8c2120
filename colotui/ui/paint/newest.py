"""A log the other way round: newest first, all of it or chosen places, without a copy of what is not looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, overload

T = TypeVar("T")


class NewestFirst(Sequence[T]):
    """`rows` (oldest first) read from its end; `places` (rising) chooses some of them."""

    __slots__ = ("_places", "_rows")

    def __init__(self, rows: Sequence[T], places: Sequence[int] | None = None) -> None:
        self._rows = rows
        self._places = range(len(rows)) if places is None else places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(index)
        return self._rows[self._places[len(self._places) - 1 - place]]

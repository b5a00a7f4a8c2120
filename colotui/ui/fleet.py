"""Every pair the cockpit watches, each for itself, and how every guest stands among all of them, the worst first."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import PurePath
from typing import Any, TypeVar

from colotui.controller.base import Controller
from colotui.errors import ColotuiError, ConfigError
from colotui.model.protection import GuestView, HostView, LinkState, Severity, Snapshot, State
from colotui.model.text import plain

log = logging.getLogger(__name__)

T = TypeVar("T")

Source = tuple[str, Callable[[], Controller]]
"""What to call a pair until its file is read, and what makes its controller (called in a thread)."""


class Rank(IntEnum):
    """How badly a guest needs somebody, the worst first. ASKING: its hosts have not answered for the first time."""

    NOT_SERVED = 0
    UNKNOWN = 1
    NOT_PROTECTED = 2
    ASKING = 3
    SYNCING = 4
    WARNING = 5
    PROTECTED = 6


def rank_of(snapshot: Snapshot, view: GuestView) -> Rank:
    """Where a guest stands. An error is always the worst, whatever the state is called."""
    said = view.protection
    if said.severity is Severity.ERROR:
        return Rank.NOT_SERVED
    if said.state is State.UNKNOWN:
        asking = any(host.link is LinkState.CONNECTING for host in snapshot.hosts)
        return Rank.ASKING if asking else Rank.UNKNOWN
    if said.severity is Severity.WORKING:
        return Rank.SYNCING
    if said.state is State.PROTECTED:
        return Rank.WARNING if said.severity is Severity.WARNING else Rank.PROTECTED
    return Rank.NOT_PROTECTED


Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one guest stands. `place` is its pair's in the fleet, `at` the moment of the snapshot.

    Without a `view` it stands for a whole pair that cannot be watched, or not yet: `why` says the reason,
    `brief` without the folder of its file.
    """

    place: int
    pair: str
    guest: str
    rank: Rank
    view: GuestView | None = None
    why: str = ""
    brief: str = ""
    at: float = 0.0
    hosts: tuple[HostView, ...] = ()

    @property
    def key(self) -> Key:
        """What tells it from every other one."""
        return (self.place, self.guest)

    @property
    def name(self) -> str:
        """The guest's name; the pair's when there is no guest to name."""
        return self.guest or self.pair

    @property
    def needs_you(self) -> bool:
        """True when somebody should look: not served, not known, or without a second copy."""
        return self.rank <= Rank.NOT_PROTECTED


class Watched:
    """One pair: what makes its controller, the controller, its newest snapshot, or why there is none."""

    def __init__(self, name: str, make: Callable[[], Controller] | None, controller: Controller | None = None) -> None:
        self.name = name
        self.make = make
        self.controller = controller
        self.snapshot: Snapshot | None = controller.snapshot if controller is not None else None
        self.failure: ColotuiError | None = None
        self._leave: Callable[[], None] | None = None

    @property
    def connected(self) -> Controller:
        """The controller; only screens that a snapshot has opened ask for it. Raises ColotuiError without one."""
        if self.controller is None:
            raise ColotuiError("Not connected yet.", "Wait for the first snapshot.")
        return self.controller

    async def begin(self, arrived: Callable[[Snapshot], None]) -> None:
        """Make the controller, listen to it and start it. Raises ColotuiError when that cannot be; try it again."""
        if self._leave is not None:
            return
        self.failure = None
        if self.controller is None and self.make is not None:
            self.controller = await self._tried(asyncio.to_thread(self.make))
        if self.controller is not None:
            self._leave = self.controller.subscribe(arrived)
            arrived(self.controller.snapshot)
            await self._tried(self.controller.start())

    async def _tried(self, step: Coroutine[Any, Any, T]) -> T:
        try:
            return await step
        except ColotuiError as error:
            await self._failed(error)
            raise
        except Exception as error:
            # A fault of ours in one pair must not take the others off the screen: it is logged and said in its row.
            log.exception("watching %s", self.name)
            what = f"{self.name}: a fault inside colotui: {type(error).__name__}: {plain(str(error), 200)}"
            failure = ColotuiError(what, "The traceback is in colotui's log.")
            await self._failed(failure)
            raise failure from error

    async def _failed(self, error: ColotuiError) -> None:
        with contextlib.suppress(ColotuiError):
            await self.close()
        self.failure, self.snapshot = error, None

    async def close(self) -> None:
        """End the listening and the controller; protection goes on."""
        if self._leave is not None:
            self._leave()
            self._leave = None
        controller, self.controller = self.controller, None
        if controller is not None:
            await controller.close()


def news_in_words(rows: Sequence[Standing], keys: Mapping[str, str]) -> str:
    """What got worse, in one remark: of one guest the headline, of several their names and how many more."""
    first, *others = rows
    key = keys.get("overview", "o")
    if not others and first.view is not None:
        said = first.view.protection
        return f"{first.name}: {said.state.value}. {said.headline}. {key} opens the list"
    names = ", ".join(row.name for row in rows[:3])
    more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
    return f"{names}{more} need you. {key} opens the list"


class Fleet:
    """The watched pairs in their order, and all their guests with the worst first. Never empty."""

    def __init__(self, pairs: Sequence[Watched]) -> None:
        self.pairs = list(pairs)
        self._standings: tuple[Standing, ...] | None = None
        self._ranks: dict[Key, Rank] = {}
        self._news: set[Key] = set()

    @property
    def standings(self) -> tuple[Standing, ...]:
        """Every guest, and every pair without one; the worst first, else in the order of the files."""
        if self._standings is None:
            rows = [row for place, pair in enumerate(self.pairs) for row in self._rows(place, pair)]
            self._standings = tuple(sorted(rows, key=lambda row: row.rank))
        return self._standings

    def _rows(self, place: int, pair: Watched) -> list[Standing]:
        label = self._label(pair)
        snapshot = pair.snapshot
        if pair.failure is not None:
            brief = str(pair.failure)
            if isinstance(pair.failure, ConfigError):
                # The folder would take the room of the reason.
                brief = brief.replace(pair.failure.path, PurePath(pair.failure.path).name)
            return [Standing(place, label, "", Rank.UNKNOWN, why=str(pair.failure), brief=brief)]
        if snapshot is None:
            return [Standing(place, label, "", Rank.ASKING, why="reading the pair file")]
        if not snapshot.guests:
            return [Standing(place, label, "", Rank.ASKING, why="the pair file names no guest")]
        return [
            Standing(place, label, view.name, rank_of(snapshot, view), view, at=snapshot.at, hosts=snapshot.hosts)
            for view in snapshot.guests
        ]

    def _label(self, pair: Watched) -> str:
        """The pair's name; with that of its file where another pair has the same name."""
        if pair.snapshot is None:
            return pair.name
        name = pair.snapshot.pair
        same = sum(other.snapshot is not None and other.snapshot.pair == name for other in self.pairs)
        return name if same < 2 or pair.name == name else f"{name} ({pair.name})"

    def take(self, pair: Watched, snapshot: Snapshot) -> None:
        """The newest snapshot of a pair."""
        pair.snapshot = snapshot
        self._standings = None
        place = self.pairs.index(pair)
        for view in snapshot.guests:
            key, rank = (place, view.name), rank_of(snapshot, view)
            before = self._ranks.get(key, Rank.ASKING)
            self._ranks[key] = rank
            if rank > Rank.NOT_PROTECTED:
                self._news.discard(key)
            elif rank < before and before is not Rank.ASKING:
                self._news.add(key)

    def forget(self) -> None:
        """Something other than a snapshot changed: order the guests anew."""
        self._standings = None

    @property
    def has_news(self) -> bool:
        """True when a guest got worse and nobody was told."""
        return bool(self._news)

    def news(self) -> list[Standing]:
        """The guests that got worse since it was asked last and are still bad; each is told once."""
        told, self._news = self._news, set()
        return [row for row in self.standings if row.key in told and row.needs_you]

    @property
    def acting(self) -> str:
        """The title of a plan that runs on any pair, or ""."""
        for pair in self.pairs:
            for view in pair.snapshot.guests if pair.snapshot is not None else ():
                if view.progress is not None and view.progress.running:
                    return view.progress.title
        return ""

    async def close(self, limit: float) -> bool:
        """Close every pair at the same time; False when one did not end well within `limit` seconds."""
        ends = await asyncio.gather(
            *(asyncio.wait_for(pair.close(), limit) for pair in self.pairs), return_exceptions=True
        )
        for end in ends:
            if isinstance(end, BaseException) and not isinstance(end, TimeoutError | ColotuiError):
                raise end
        return not any(ends)

"""What the guided set-up asks of the hosts, each in a worker of its own: nothing of it holds up a key."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from colotui.controller.preparing import Preparing
from colotui.errors import ColotuiError
from colotui.model.plan import Plan, Progress, StepState
from colotui.model.setup import Draft, Look, Reached
from colotui.model.survey import Image
from colotui.model.text import plain
from colotui.ui.screens.wizard import proposals

Job = Callable[[], Awaitable[None]]
Identity = tuple[str, str, str, int, str, str]


class Work:
    """Runs what is asked for, remembers what is under way and what went wrong.

    `begin` puts a coroutine into a worker, `changed` paints anew, `arrived` hears the name of each job that ended.
    """

    def __init__(
        self,
        setup: Preparing,
        begin: Callable[[Coroutine[Any, Any, None]], object],
        wall: Callable[[], float],
        changed: Callable[[], None],
        arrived: Callable[[str], None],
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.setup = setup
        self.busy: dict[str, float] = {}
        self.failed: dict[str, str] = {}
        self.plan: Plan | None = None
        self.states: Mapping[int, StepState] = {}
        self.images: dict[int, Image] = {}
        self.pair_path: Path | None = None
        self._begin, self._wall, self._changed, self._arrived = begin, wall, changed, arrived
        self._random = random
        self._again: dict[str, Job] = {}
        self._reached_as: dict[int, Identity] = {}
        self._looked_for: Draft | None = None

    # -- jobs -------------------------------------------------------------------------------------

    def start(self, what: str, job: Job) -> None:
        """Run `job`; while the same is under way it is run once more afterwards instead."""
        if what in self.busy:
            self._again[what] = job
            return
        self.busy[what] = self._wall()
        self.failed.pop(what, None)
        self._begin(self._run(what, job))

    async def _run(self, what: str, job: Job) -> None:
        try:
            await job()
        except ColotuiError as error:
            self.failed[what] = plain(str(error), 600)
        except Exception as error:  # the operator must hear of it; a traceback would take the screen away
            self.failed[what] = f"Internal error: {type(error).__name__}: {plain(str(error), 200)}"
        finally:
            self.busy.pop(what, None)
        again = self._again.pop(what, None)
        if again is not None:
            self.start(what, again)
        else:
            self._arrived(what)
        self._changed()

    # -- the draft and the hosts ------------------------------------------------------------------

    @property
    def draft(self) -> Draft:
        """What has been chosen so far."""
        return self.setup.draft

    def change(self, draft: Draft) -> None:
        """Keep a new draft, if it is one."""
        if draft != self.setup.draft:
            try:
                self.setup.change(draft)
            except ColotuiError as error:
                self.failed["draft"] = plain(str(error), 300)

    def identity(self, place: int) -> Identity:
        """What decides where a host is reached: when it changes, the old answer is none."""
        host = self.draft.hosts[place]
        return (host.name, host.address, host.user, host.port, host.key, host.known_hosts)

    @property
    def reached(self) -> tuple[Reached | None, Reached | None]:
        """The newest answers that still hold for the draft."""
        found = self.setup.reached
        first, second = (
            found[place] if self._reached_as.get(place) == self.identity(place) else None for place in (0, 1)
        )
        return first, second

    def both_reached(self) -> bool:
        """Both hosts answer as the draft has them."""
        return all(reached is not None and reached.ok for reached in self.reached)

    def reach(self, place: int, fingerprint: str = "") -> None:
        """Connect to a host; with `fingerprint` its key is accepted first."""

        async def job() -> None:
            wanted = self.identity(place)
            if fingerprint:
                await self.setup.accept(place, fingerprint)
            else:
                await self.setup.reach(place)
            self._reached_as[place] = wanted

        self.start(f"reach-{place}", job)

    @property
    def look(self) -> Look | None:
        """What the last look found."""
        return self.setup.seen

    def look_anew(self, *, even_if_fresh: bool = True) -> None:
        """Look at both hosts, propose what is empty, then make the plan anew."""
        if not self.both_reached() or (not even_if_fresh and self._looked_for == essence(self.draft)):
            return

        async def job() -> None:
            wanted = essence(self.draft)
            look = await self.setup.look()
            self.change(proposals.guest(proposals.network(self.draft, look), self._random))
            self._looked_for = wanted
            if essence(self.draft) != wanted:
                await self.setup.look()
                self._looked_for = essence(self.draft)
            self.make_plan()

        self.start("look", job)

    def test_cable(self) -> None:
        """Test the cable, then look, so that what was found is judged."""

        async def job() -> None:
            await self.setup.test_cable()
            self.look_anew()

        self.start("cable", job)

    def find_images(self) -> None:
        """What lies at the disk's path on both hosts."""
        path = self.draft.guest.disk
        if not path or not self.both_reached():
            return
        for place in (0, 1):
            self.start(f"image-{place}", self._image_job(place))

    def _image_job(self, place: int) -> Job:
        async def job() -> None:
            self.images.pop(place, None)
            self.images[place] = await self.setup.image(place, self.draft.guest.disk)

        return job

    # -- the plan ---------------------------------------------------------------------------------

    def make_plan(self) -> None:
        """The plan for the draft as it is, and which of its steps are already so."""

        async def job() -> None:
            try:
                self.plan = await self.setup.plan()
            except ColotuiError:
                self.plan, self.states = None, {}
                raise
            self.states = {}
            self.start("states", compare)

        async def compare() -> None:
            if self.plan is not None:
                self.states = dict(await self.setup.states(self.plan))

        self.start("plan", job)

    def problems(self) -> tuple[str, ...]:
        """What still keeps the draft from being a pair file."""
        return self.setup.problems()

    def ended(self, outcome: Progress | ColotuiError) -> bool:
        """A run has ended. True when all went well and the pair file is written."""
        if isinstance(outcome, ColotuiError):
            self.failed["run"] = plain(str(outcome), 600)
            return False
        if outcome.failed or outcome.cancelled or outcome.undoing:
            return False
        self.failed.pop("write", None)
        try:
            self.pair_path = self.setup.write_pair()
        except ColotuiError as error:
            self.failed["write"] = plain(str(error), 600)
            return False
        return True


def essence(draft: Draft) -> Draft:
    """A draft without the place where it was left."""
    return replace(draft, page="")

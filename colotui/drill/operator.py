"""An operator that acts through the same controller the cockpit uses: waits for states, runs plans, protects."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType

from colotui.controller.controller import PairController
from colotui.errors import ActionRefused
from colotui.model.incident import Incident, Kind
from colotui.model.pair import Pair
from colotui.model.plan import Action, Progress
from colotui.model.protection import GuestView, LinkState, Role, Severity, State

PROTECT_LIMIT = 90.0
"""Seconds in which a lab that is broken in any of our ways must be Protected again."""

_WAYS_BACK = (Action.START, Action.REPROTECT, Action.PROTECT, Action.FAILOVER, Action.UNDO)
"""What may bring a pair nearer to Protected where no incident advises anything, the most useful first."""


class Operator:
    """One guest of one pair, for `async with`."""

    def __init__(self, pair: Pair, guest: str) -> None:
        self._pair, self._guest = pair, guest
        self.controller = PairController(pair)

    async def __aenter__(self) -> Operator:
        await self.controller.start()
        await self.controller.settled()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.controller.close()

    @property
    def view(self) -> GuestView:
        """The newest view of the guest."""
        return next(view for view in self.controller.snapshot.guests if view.name == self._guest)

    def open_incident(self, kind: Kind) -> Incident | None:
        """The open incident of a kind."""
        return next((i for i in self.view.incidents if i.open and i.now.kind is kind), None)

    async def until(self, wanted: Callable[[], bool], limit: float) -> bool:
        """Wait, `limit` s at most; whether it came."""
        loop = asyncio.get_running_loop()
        last = loop.time() + limit
        while not wanted():
            if loop.time() > last:
                return False
            await asyncio.sleep(0.02)
        return True

    async def act(self, action: Action) -> Progress:
        """Prepare an action and run it, confirmed. A failed step does not raise: the progress says so."""
        plan = await self.controller.prepare(self._guest, action)
        return await self.controller.run(plan, plan.confirm)

    async def protect(self) -> None:
        """Bring the guest to Protected from whatever it is. Raises ActionRefused when that does not come about."""
        loop = asyncio.get_running_loop()
        last = loop.time() + PROTECT_LIMIT
        said = ""
        while not self._well():
            if loop.time() > last:
                now = self.view.protection.headline
                raise ActionRefused(
                    f"{self._guest} did not come to Protected within {PROTECT_LIMIT:.0f} s: {said or now}.",
                    "See `colotui status`; the lab can be made anew: colotui lab down, colotui lab up.",
                )
            action = self._way_back()
            if action is None:
                await asyncio.sleep(0.2)
                continue
            try:
                said = (await self.act(action)).failed
            except ActionRefused as error:
                said = error.what  # it changed between the look and the plan
                await asyncio.sleep(0.5)
            if action is Action.START:
                await self.until(lambda: self.view.probe is not None and self.view.probe.ok, 30.0)

    def _well(self) -> bool:
        protection = self.view.protection
        return protection.state is State.PROTECTED and protection.severity is Severity.OK

    def _way_back(self) -> Action | None:
        if any(host.link is not LinkState.UP for host in self.controller.snapshot.hosts):
            return None
        advised = [incident.now.do for incident in self.view.incidents if incident.open]
        # A copy that is known to be damaged goes, also where the incident that told of it is over.
        hurt = {copy.role for copy in self.view.copies.values() if copy.damage}
        damaged = [Action.STOP] if Role.SECONDARY in hurt else [Action.SWITCH] if Role.PRIMARY in hurt else []
        wanted = (*(action for action in advised if action is not None), *_WAYS_BACK, *damaged)
        return next((action for action in wanted if self.view.actions.get(action) is None), None)

"""Drives a pair as an operator would, through the same controller the cockpit uses."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from types import TracebackType

from colotui.config import load
from colotui.controller.controller import PairController
from colotui.model.incident import Kind
from colotui.model.pair import Pair
from colotui.model.plan import Action, Progress
from colotui.model.protection import GuestView, State

GUEST = "web01"


class Drive:
    """A controller on a pair file, for `async with`."""

    def __init__(self, pair: str | Pair, *, guest: str = GUEST, read_only: bool = False) -> None:
        self.pair: Pair = load(pair) if isinstance(pair, str) else pair
        self.name = guest
        self.controller = PairController(self.pair, read_only=read_only)

    async def __aenter__(self) -> Drive:
        await self.controller.start()
        await self.controller.settled()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.controller.close()

    @property
    def guest(self) -> GuestView:
        """The newest view of the guest."""
        return next(view for view in self.controller.snapshot.guests if view.name == self.name)

    @property
    def primary(self) -> str:
        """The host that speaks now."""
        return self.guest.protection.primary

    @property
    def secondary(self) -> str:
        """The other one."""
        return self.pair.other(self.primary).name

    async def act(self, action: Action, to: str = "") -> Progress:
        """Prepare and run one action; asserts that it ended well."""
        plan = await self.controller.prepare(self.name, action, to)
        progress = await self.controller.run(plan, plan.confirm)
        assert not progress.failed, (progress.title, progress.failed, [(s.title, s.state) for s in progress.steps])
        return progress

    async def until(self, wanted: Callable[[GuestView], bool], limit: float = 15.0, what: str = "") -> GuestView:
        """Wait until the view is as wanted."""
        for _ in range(int(limit / 0.05)):
            if wanted(self.guest):
                return self.guest
            await asyncio.sleep(0.05)
        raise AssertionError(f"not within {limit} s: {what}; now {self.guest.protection} {dict(self.guest.copies)}")

    async def until_state(self, state: State, limit: float = 15.0) -> GuestView:
        """Wait for a state of protection."""
        return await self.until(lambda view: view.protection.state is state, limit, state.value)

    async def protected(self) -> None:
        """Bring the pair to Protected from whatever it is.

        QEMU's own fault on an overloaded machine: a secondary's kernel fails alone. It is dropped and made anew, as
        an operator would do who reads the incident.
        """
        for _ in range(2):
            with contextlib.suppress(AssertionError):
                await self._protected()
                return
            named = any(one.open and one.now.kind is Kind.SECONDARY_CORRUPT for one in self.guest.incidents)
            assert named or any(copy.damage for copy in self.guest.copies.values()), self.guest.protection
            print(f"a corrupt secondary is made anew: {self.guest.protection.headline}")
            await self.act(Action.STOP if self.guest.actions[Action.STOP] is None else Action.FAILOVER)
        await self._protected()

    async def _protected(self) -> None:
        view = self.guest
        if view.actions[Action.START] is None:
            await self.act(Action.START)
            await self.serving()
        if self.guest.protection.state is not State.PROTECTED:
            action = Action.REPROTECT if self.guest.actions[Action.REPROTECT] is None else Action.PROTECT
            await self.act(action)
        await self.until_state(State.PROTECTED)

    async def serving(self, limit: float = 60.0) -> None:
        """Wait until the guest's service answers."""
        await self.until(lambda view: view.probe is not None and view.probe.ok, limit, "the service answers")

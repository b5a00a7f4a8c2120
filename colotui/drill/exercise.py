"""One drill from a protected pair to a protected pair: break it, watch, check the advice, obey it, mend, and score."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from colotui.drill.breaker import Breaker, Seats
from colotui.drill.client import Client
from colotui.drill.operator import Operator
from colotui.drill.score import NAMED_WITHIN, Score
from colotui.drill.table import Drill, Refused
from colotui.errors import ActionRefused
from colotui.model.incident import Incident
from colotui.model.pair import GuestSpec, Pair
from colotui.model.plan import Action
from colotui.model.protection import Severity, Snapshot

NAME_LIMIT = 25.0
"""Seconds after the break in which the right incident may still come; what comes after 5 s of its witness is late."""

SERVED_LIMIT = 60.0
"""Seconds in which the client must be served again: a guest that boots under TCG beside other work takes a while."""

QUIET_BEFORE = 1.0
"""Seconds the client is served before the break."""

REFUSED_CODE = 65
"""The exit code of a refused action on the command line."""

Elsewhere = Callable[[Action, str], Awaitable[int]]
"""Tries an action on the command line (`to` names the survivor, or ""): its exit code."""


class _Watch:
    """When the cockpit first showed that something is wrong. Times in epoch seconds; 0: not yet."""

    def __init__(self, operator: Operator, drill: Drill) -> None:
        self._operator, self._drill = operator, drill
        self._known = {incident.id for incident in operator.view.incidents}
        self.broken_at = self.noticed_at = self.named_at = 0.0

    def __call__(self, snapshot: Snapshot) -> None:
        if not self.broken_at:
            return
        now, view = time.time(), self._operator.view
        fresh = [incident for incident in view.incidents if incident.open and incident.id not in self._known]
        loud = any(e.at >= self.broken_at and e.severity is not Severity.OK for e in snapshot.events)
        if not self.noticed_at and (fresh or loud or view.protection.severity is not Severity.OK):
            self.noticed_at = now
        if not self.named_at and any(incident.now.kind is self._drill.kind for incident in fresh):
            self.named_at = now


class Exercise:
    """One run of one drill on a lab's pair."""

    def __init__(
        self, pair: Pair, spec: GuestSpec, breaker: Breaker, drill: Drill, elsewhere: Elsewhere | None = None
    ) -> None:
        self._pair, self._spec, self._breaker, self._drill = pair, spec, breaker, drill
        self._elsewhere = elsewhere
        self._wrong: list[str] = []
        self._score = Score(drill.name, drill.text, drill.kind)

    async def run(self) -> Score:
        """Do it all; the lab is Protected again afterwards. Raises ColotuiError when the lab cannot be used at all."""
        async with contextlib.AsyncExitStack() as stack:
            operator = await stack.enter_async_context(Operator(self._pair, self._spec.name))
            await operator.protect()
            protection = operator.view.protection
            seats = Seats(protection.primary, self._pair.other(protection.primary).name)
            try:
                operator = await self._broken(operator, stack, seats)
            finally:
                if self._drill.mends is not None:
                    await asyncio.to_thread(self._drill.mends, self._breaker, seats)
            try:
                await operator.protect()
            except ActionRefused as error:
                self._wrong.append(error.what)
        return replace(self._score, wrong=tuple(self._wrong))

    async def _broken(self, operator: Operator, stack: contextlib.AsyncExitStack, seats: Seats) -> Operator:
        if not await operator.until(lambda: operator.open_incident(self._drill.kind) is None, NAME_LIMIT):
            raise ActionRefused(f"`{self._drill.kind.value}` is open already.", "Wait until it is closed.")
        async with Client(self._spec) as client:
            if not await client.answered(SERVED_LIMIT):
                raise ActionRefused(f"{self._spec.name}'s service gives no number.", "See `colotui lab console`.")
            await asyncio.sleep(QUIET_BEFORE)
            watch = _Watch(operator, self._drill)
            leave = operator.controller.subscribe(watch)
            watch.broken_at = time.time()
            await asyncio.to_thread(self._drill.breaks, self._breaker, seats)
            named = await operator.until(lambda: watch.named_at > 0.0, NAME_LIMIT)
            leave()
            self._timed(watch)
            if named:
                await self._advised(operator, watch)
                await self._refusals(operator, seats)
                if self._elsewhere is not None and self._drill.refused:
                    operator = await self._from_elsewhere(operator, stack, seats)
                await self._act(operator, client, seats)
            else:
                there = ", ".join(i.now.kind.value for i in operator.view.incidents if i.open) or "none"
                self._wrong.append(f"`{self._drill.kind.value}` did not open; open: {there}")
                # The client is helped all the same, by whatever the cockpit does recommend.
                await self._mended(operator, seats)
            await self._served(client, watch.broken_at)
        return operator

    def _timed(self, watch: _Watch) -> None:
        def since(at: float) -> float | None:
            return (at - watch.broken_at) * 1000.0 if at else None

        self._score = replace(self._score, noticed_ms=since(watch.noticed_at), named_ms=since(watch.named_at))

    async def _advised(self, operator: Operator, watch: _Watch) -> None:
        """The recommendation, which may take a look more than the name."""

        def right() -> bool:
            incident = operator.open_incident(self._drill.kind)
            return incident is not None and incident.now.do in self._drill.do

        await operator.until(right, 2.0)
        incident = operator.open_incident(self._drill.kind)
        if incident is None:
            self._wrong.append("the incident closed before anything was done")
            return
        # A silence is dated from the last answer before it: no witness of the break is older than the break.
        witness = (watch.named_at - max(incident.now.since, watch.broken_at)) * 1000.0
        self._score = replace(
            self._score, witness_ms=witness, sentence=incident.now.sentence, do=incident.now.do
        )  # fmt: skip
        if witness > NAMED_WITHIN * 1000.0:
            self._wrong.append(f"named {witness / 1000.0:.1f} s after its first witness ({_first(incident)})")
        if incident.now.do not in self._drill.do:
            wanted = " or ".join(action.value if action else "no plan" for action in self._drill.do)
            is_now = incident.now.do.value if incident.now.do else "no plan"
            self._wrong.append(f"recommends {is_now}, not {wanted}")

    async def _refusals(self, operator: Operator, seats: Seats) -> None:
        """What must be refused, asked of the cockpit's controller; nothing that is not refused is run."""
        for refused in self._drill.refused:
            to = seats.secondary if refused.onto_secondary else ""
            words = _words(refused, to)
            try:
                plan = await operator.controller.prepare(self._spec.name, refused.action, to)
                if not refused.unattested:
                    self._wrong.append(f"{words} is not refused")
                elif not plan.attest or not plan.confirm:
                    self._wrong.append(f"{words}: the plan asks for no attestation")
                else:
                    await operator.controller.run(plan)
            except ActionRefused as error:
                what = f"{words}: {error.what.removeprefix(f'{self._spec.name}: ')}"
                self._score = replace(self._score, refused=(*self._score.refused, what))

    async def _from_elsewhere(self, operator: Operator, stack: contextlib.AsyncExitStack, seats: Seats) -> Operator:
        """The first one from the command line, which needs the lock: this cockpit is closed for it and opened anew."""
        assert self._elsewhere is not None
        await operator.controller.close()
        refused = self._drill.refused[0]
        to = seats.secondary if refused.onto_secondary else ""
        code = await self._elsewhere(refused.action, to)
        if code != REFUSED_CODE:
            self._wrong.append(f"the command line's {_words(refused, to)} ended with {code}, not {REFUSED_CODE}")
        fresh = await stack.enter_async_context(Operator(self._pair, self._spec.name))
        # What heals by itself may be over by now: then there is nothing left to name.
        healing = self._drill.heals or (self._drill.hand is None and self._drill.do == (None,))
        if not healing and not await fresh.until(lambda: self._present(fresh) is not None, NAME_LIMIT):
            self._wrong.append("a cockpit that is opened now does not name it")
        return fresh

    async def _act(self, operator: Operator, client: Client, seats: Seats) -> None:
        begun = time.time()
        incident = self._present(operator)
        action = incident.now.do if incident is not None else self._score.do
        if action is not None:
            try:
                progress = await operator.act(action)
            except ActionRefused as error:
                self._wrong.append(f"the recommended {action.value} is refused: {error.what}")
                return
            if progress.failed:
                self._wrong.append(f"{progress.title}: {progress.failed}")
            self._score = replace(self._score, did=progress.title)
        else:
            self._score = replace(self._score, did=self._drill.hand_text)
            if self._drill.hand is not None:
                await asyncio.to_thread(self._drill.hand, self._breaker, seats)
        if await client.answered(SERVED_LIMIT):
            self._score = replace(self._score, acted_ms=(time.time() - begun) * 1000.0)

    def _present(self, operator: Operator) -> Incident | None:
        """The drill's incident, or what has become of it."""
        there = (operator.open_incident(kind) for kind in (self._drill.kind, *self._drill.later))
        return next((incident for incident in there if incident is not None), None)

    async def _mended(self, operator: Operator, seats: Seats) -> None:
        for hand in (self._drill.hand, self._drill.mends):
            if hand is not None:
                await asyncio.to_thread(hand, self._breaker, seats)
        with contextlib.suppress(ActionRefused):
            await operator.protect()

    async def _served(self, client: Client, broken_at: float) -> None:
        if not await client.answered(SERVED_LIMIT):
            self._wrong.append("the client is not served")
        await asyncio.sleep(0.3)  # a ping more, so that the end of the silence is seen
        gap = client.silence(broken_at)
        self._score = replace(
            self._score, gap_ms=gap * 1000.0 if gap is not None else None, acknowledged=len(client.numbers)
        )  # fmt: skip
        if client.broken_promises:
            shown = ", ".join(map(str, client.broken_promises[:5]))
            self._wrong.append(f"acknowledged numbers were lost: {shown} came again")


def _words(refused: Refused, to: str) -> str:
    if refused.unattested:
        return f"{refused.action.value} without an attestation"
    return f"{refused.action.value} --to {to}" if to else refused.action.value


def _first(incident: Incident) -> str:
    witness = incident.now.witnesses[0]
    return f"{witness.source.value} {witness.what}"

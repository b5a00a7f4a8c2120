"""What the wizard and `colotui setup` may ask while a pair is being set up. Tests stand in behind the same contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from colotui.model.cable import CableReport
from colotui.model.pair import Pair
from colotui.model.plan import Plan, Progress, StepState
from colotui.model.setup import Draft, Look, Reached
from colotui.model.survey import Image


class Preparing(Protocol):
    """Two hosts that become a pair. All calls belong to one asyncio loop; every call may raise a ColotuiError.

    Nothing changes a host but `run` and `undo`.
    """

    @property
    def draft(self) -> Draft:
        """What has been chosen so far; the draft that was left behind by an earlier run, when there is one."""
        ...

    def change(self, draft: Draft) -> None:
        """Take a new draft, and keep it for whoever goes on with it."""
        ...

    def problems(self) -> tuple[str, ...]:
        """What still keeps the draft from being a pair file, in sentences; empty when it is one."""
        ...

    async def reach(self, place: int) -> Reached:
        """Connect to host 0 or 1 as the draft has it. Never raises for a host that cannot be reached: it says so."""
        ...

    async def accept(self, place: int, fingerprint: str) -> Reached:
        """Accept the key with this fingerprint, which the operator has compared, and connect."""
        ...

    @property
    def reached(self) -> tuple[Reached | None, Reached | None]:
        """The newest answer of `reach` for both hosts; None before the first."""
        ...

    async def look(self) -> Look:
        """Look at both hosts anew: facts, survey, every check that can be made with what is chosen."""
        ...

    @property
    def seen(self) -> Look | None:
        """What the last look found."""
        ...

    async def test_cable(self) -> CableReport:
        """Test the chosen forward NICs frame by frame, about 2 s; the report is in `seen.cable` too."""
        ...

    async def image(self, place: int, path: str) -> Image:
        """What lies at `path` on a host: format and length as qemu-img tells them."""
        ...

    async def plan(self, only: tuple[str, ...] = ()) -> Plan:
        """The whole set-up as one plan for both hosts; with `only` just the steps with these keys."""
        ...

    async def undo_plan(self, only: tuple[str, ...] = ()) -> Plan:
        """A plan that takes back what set-ups have changed. Under a running guest only tuning steps named by `only`."""
        ...

    async def states(self, plan: Plan) -> Mapping[int, StepState]:
        """By index, which steps of a plan are already so. Changes nothing."""
        ...

    async def run(self, plan: Plan) -> Progress:
        """Run a plan of ours; `progress` follows it. A failed step does not raise."""
        ...

    async def retry(self) -> Progress:
        """Go on with the plan that failed."""
        ...

    async def undo(self) -> Progress:
        """Take back what the failed plan did, last step first."""
        ...

    def cancel(self) -> str | None:
        """Ask the running plan to stop at the next safe point; the reason when it has none left."""
        ...

    @property
    def progress(self) -> Progress | None:
        """The running or last plan."""
        ...

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` whenever something here changed; the returned function ends that."""
        ...

    def write_pair(self) -> Path:
        """Write the pair file; where it is. The draft is put away. Raises ConfigError while `problems` has any."""
        ...

    @property
    def pair(self) -> Pair | None:
        """The pair as far as it is complete; None while `problems` has any."""
        ...

    async def close(self) -> None:
        """End the channels; a running plan first comes to its next safe point."""
        ...

"""The contract of an engine: observe the copies of one guest, and give the steps of each action."""

from __future__ import annotations

from typing import Protocol

from colotui.host.answers import ProcessInfo
from colotui.model.plan import Step
from colotui.model.protection import Copy, Stream


class Engine(Protocol):
    """One guest on one pair. Steps are built from the state as it is; nothing runs until a plan does."""

    async def observe(self, host: str) -> Copy:
        """The copy on `host` now. Trouble of the hypervisor is in the answer; raises only HostError."""
        ...

    def streams(self, primary: str) -> tuple[Stream, ...]:
        """What flows between the hosts, named as this engine names it."""
        ...

    async def start_steps(self, host: str) -> tuple[Step, ...]:
        """Start the guest alone on `host`."""
        ...

    async def protect_steps(self, primary: str, secondary: str) -> tuple[Step, ...]:
        """Give the copy on `primary` a new secondary and bring both into lock-step."""
        ...

    async def promote_steps(
        self, survivor: str, lost: str, attested: bool, gone: ProcessInfo | None = None
    ) -> tuple[Step, ...]:
        """Fence `lost`, then let the secondary on `survivor` carry on alone.

        `gone`: the process of the lost copy, which its own host has just seen to end; nothing is left to kill then.
        """
        ...

    async def carry_on_steps(self, survivor: str, lost: str) -> tuple[Step, ...]:
        """Let the primary on `survivor` carry on alone without its secondary."""
        ...

    async def switch_steps(self, primary: str, secondary: str) -> tuple[Step, ...]:
        """Planned: a fresh checkpoint, fence the old primary, promote the secondary."""
        ...

    async def shutdown_steps(self, host: str) -> tuple[Step, ...]:
        """Let the guest that runs alone on `host` power off, and end its copy."""
        ...

    async def close(self) -> None:
        """End every connection; the guest notices nothing."""
        ...

"""What a screen or the CLI may ask of a controller. Replay and tests stand in behind the same contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from colotui.model.protection import Snapshot

if TYPE_CHECKING:  # the first picture must not wait for what only these signatures name
    from colotui.model.bundle import Bundle
    from colotui.model.facts import Missing
    from colotui.model.mismatch import Mismatch
    from colotui.model.packet import PacketPair
    from colotui.model.plan import Action, Plan, Progress

Listener = Callable[[Snapshot], None]


class Controller(Protocol):
    """One pair, watched and acted upon. All calls belong to the asyncio loop it was started on."""

    @property
    def snapshot(self) -> Snapshot:
        """The newest snapshot; the first one is there before any host has answered."""
        ...

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every new snapshot, on the loop; the returned function ends that."""
        ...

    async def start(self) -> None:
        """Begin to connect and watch. Returns at once; hosts come up in the snapshots."""
        ...

    async def close(self) -> None:
        """End the watching and the channels. Protection goes on without us."""
        ...

    def refusal(self, guest: str, action: Action) -> str | None:
        """Why `action` is not allowed now, in a few words; None when it is."""
        ...

    async def prepare(self, guest: str, action: Action, to: str = "") -> Plan:
        """The plan of `action` from the state as it is now; `to` names the host to survive or to start on.

        Changes nothing.

        Raises ActionRefused with the reason, LockHeld, or a HostError/EngineError when looking failed.
        """
        ...

    async def run(self, plan: Plan, typed: str = "") -> Progress:
        """Run `plan` to its end; progress appears in the snapshots meanwhile.

        `typed` must equal `plan.confirm` where that is set. A failed step does not raise: the returned
        Progress says so, and `retry` or `undo` may follow. Raises ActionRefused when another plan runs.
        """
        ...

    async def retry(self, guest: str) -> Progress:
        """Go on with the plan that failed, from its failed step."""
        ...

    async def undo(self, guest: str) -> Progress:
        """Take back what the failed or half-run plan did, in reverse order."""
        ...

    def leave(self, guest: str) -> None:
        """Put the ended plan away; what it did stands."""
        ...

    def cancel(self, guest: str) -> str | None:
        """Ask the running plan to stop at the next safe point; the reason when it has none left."""
        ...

    async def capture(self, guest: str, on: bool) -> None:
        """Switch the capture of both copies' replies on or off; it ends by itself after a time.

        Raises ActionRefused (not protected, read-only, a plan runs), LockHeld, or a HostError/EngineError.
        """
        ...

    async def packets(self, guest: str, mismatch: Mismatch) -> PacketPair | Missing:
        """The two packets behind a mismatch from the capture, or why there are none. Raises HostError."""
        ...

    async def arm(self, guest: str, on: bool) -> None:
        """Arm or disarm the failover of a guest: once the primary's host sees its QEMU end, the secondary is promoted.

        Arming raises ActionRefused (not protected, read-only, a plan runs, a second QEMU of the guest), LockHeld,
        or a HostError/EngineError. Disarming never fails.
        """
        ...

    async def bundle(self, guest: str, incident: str = "") -> Bundle:
        """A support bundle of `guest`, in memory, without secrets; some seconds. Changes nothing, needs no lock.

        Raises ActionRefused when it has no incident of that id; what cannot be had is said in its manifest.
        """
        ...

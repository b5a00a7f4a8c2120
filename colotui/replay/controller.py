"""Stands in for the controller of a live pair: publishes what was recorded when its time comes, and refuses to act."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from colotui.controller.base import Listener
from colotui.errors import ActionRefused, ColotuiError
from colotui.model.facts import Missing
from colotui.model.protection import Severity, Snapshot
from colotui.model.recording import MarkKind
from colotui.replay.marks import Mark, Marks
from colotui.replay.recorded import Recorded
from colotui.replay.transport import Landing, Transport
from colotui.replay.when import Span, day, local

if TYPE_CHECKING:
    from colotui.model.bundle import Bundle
    from colotui.model.mismatch import Mismatch
    from colotui.model.packet import PacketPair
    from colotui.model.plan import Action, Plan, Progress

_LEAST_PERIOD = 0.1
_SHARE = 4.0
_NO_PACKETS = "the packets themselves are not in a recording, only that they differed"


class ReplayController:
    """Implements controller.base.Controller on a recording. `now()` is what a screen takes for the time of day.

    `troubled` is called with the error when a part of the file cannot be read while it plays; the replay then stands.
    Raises RecordingError when the first frame cannot be read.
    """

    def __init__(
        self,
        recording: Recorded,
        *,
        at: float | None = None,
        speed: float = 1.0,
        playing: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.recording = recording
        self.reason = f"this is a recording of {day(recording.begin)}: nothing can be done here"
        self.transport = Transport(recording.begin, recording.end, recording.gaps, monotonic=monotonic)
        self.transport.be_at_speed(speed)
        self.landed = self.transport.seek(recording.begin if at is None else at)
        self.troubled: Callable[[ColotuiError], None] = lambda _: None
        self._monotonic = monotonic
        self._marks = Marks(recording)
        self._cost = 0.0
        self._snapshot = self._read(self.landed.moment)
        self._listeners: list[Listener] = []
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self.incidents = [
            (incident.opened_at, incident.now.severity is Severity.ERROR) for _, incident in recording.incidents()
        ]
        self.actions: Sequence[float] = self._marks.of(MarkKind.ACTION)
        if playing and not self.transport.ended:
            self.transport.play()

    # -- the clock --------------------------------------------------------------------------------

    def now(self) -> float:
        """The moment that is shown, as epoch s."""
        return self.transport.moment

    @property
    def span(self) -> Span:
        """Where one stands in the recording."""
        return Span(self.recording.begin, self.recording.end, self.transport.moment)

    def toggle(self) -> None:
        """Play, or stand; at its end from the beginning again."""
        if self.transport.playing:
            self.transport.pause()
        else:
            self.transport.play()
        self._show()

    def change_speed(self, by: int) -> bool:
        """Faster (1) or slower (-1); False at the ends of the scale."""
        changed = self.transport.change_speed(by)
        self._changed.set()
        return changed

    def seek(self, moment: float) -> Landing:
        """Show another moment. Raises RecordingError when it cannot be read; then nothing has changed."""
        before = self.transport.moment
        landing = self.transport.seek(moment)
        try:
            self._show()
        except ColotuiError:
            self.transport.seek(before)
            raise
        return landing

    def jump(self, kind: MarkKind, direction: int) -> Mark | None:
        """Show the next (1) or the previous (-1) mark of a kind; None when there is none. Raises as `seek`."""
        mark = self._marks.beside(kind, direction, self.transport.moment, self.transport.speed)
        if mark is not None:
            self.seek(mark.seen)
        return mark

    def named(self, mark: Mark) -> str:
        """What a mark is, in a few words: `incident 2 of 5: primary process dead (web01), 2026-11-24 14:03:20`."""
        what = f"{mark.kind.value} {mark.number} of {mark.count}"
        if mark.kind is MarkKind.INCIDENT:
            found = (
                f"{incident.now.kind.value} ({guest})"
                for guest, incident in self.recording.incidents()
                if incident.opened_at == mark.at
            )
            what += "".join(f": {words}" for words in list(found)[:1])
        elif mark.kind is MarkKind.ACTION:
            what += "".join(f": {run.title}" for run in self.recording.actions() if run.begun == mark.at)
        return f"{what}, {local(mark.at)}"

    # -- watching ---------------------------------------------------------------------------------

    @property
    def snapshot(self) -> Snapshot:
        """The frame of the present moment."""
        return self._snapshot

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """See Controller."""
        self._listeners.append(listener)

        def leave() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return leave

    async def start(self) -> None:
        """Begin to publish frames as their time comes."""
        if self._task is None:
            self._task = asyncio.create_task(self._play(), name="replay")

    async def close(self) -> None:
        """End it and let the file go."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self.recording.close()

    async def _play(self) -> None:
        while True:
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._wait()):
                    await self._changed.wait()
                    continue
            try:
                self._show()
            except ColotuiError as error:
                self.transport.pause()
                self.troubled(error)

    def _wait(self) -> float | None:
        """Seconds until the next frame is due; None while time stands."""
        transport = self.transport
        if not transport.playing:
            return None
        try:
            due = self.recording.after(transport.moment)
        except ColotuiError:
            due = None  # told when the frame itself is read
        # Fast forward leaves frames out, so that reading them never takes more than a part of the time.
        return max(_LEAST_PERIOD, _SHARE * self._cost, transport.until(transport.end if due is None else due))

    def _show(self) -> None:
        """Publish the frame of the present moment, once."""
        self._changed.set()
        shown = self._read(self.transport.moment)
        if shown is self._snapshot or shown.at == self._snapshot.at:
            return
        self._snapshot = shown
        for listener in list(self._listeners):
            listener(shown)

    def _read(self, moment: float) -> Snapshot:
        begun = self._monotonic()
        found = self.recording.at(moment)
        self._cost = self._monotonic() - begun
        return found

    # -- acting: nothing of it --------------------------------------------------------------------

    def _refused(self) -> ActionRefused:
        return ActionRefused(f"{self.reason}.", "Open the cockpit on the pair itself: colotui -c FILE")

    def refusal(self, guest: str, action: Action) -> str | None:
        """See Controller."""
        return self.reason

    async def prepare(self, guest: str, action: Action, to: str = "") -> Plan:
        """Raises ActionRefused."""
        raise self._refused()

    async def run(self, plan: Plan, typed: str = "") -> Progress:
        """Raises ActionRefused."""
        raise self._refused()

    async def retry(self, guest: str) -> Progress:
        """Raises ActionRefused."""
        raise self._refused()

    async def undo(self, guest: str) -> Progress:
        """Raises ActionRefused."""
        raise self._refused()

    def leave(self, guest: str) -> None:
        """Nothing: what was recorded stays."""

    def cancel(self, guest: str) -> str | None:
        """See Controller."""
        return self.reason

    async def capture(self, guest: str, on: bool) -> None:
        """Raises ActionRefused."""
        raise self._refused()

    async def packets(self, guest: str, mismatch: Mismatch) -> PacketPair | Missing:
        """Why there are none."""
        return Missing(_NO_PACKETS)

    async def arm(self, guest: str, on: bool) -> None:
        """Raises ActionRefused."""
        raise self._refused()

    async def bundle(self, guest: str, incident: str = "") -> Bundle:
        """Raises ActionRefused."""
        raise self._refused()

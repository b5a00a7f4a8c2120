"""The recorders of the pairs that one cockpit watches: they begin with it, end with it, and never hold it up."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from colotui.model.protection import Event, Severity, Snapshot

if TYPE_CHECKING:
    from colotui.cli.session import OneShot
    from colotui.model.pair import Pair
    from colotui.record.recorder import Recorder


class Recorders:
    """`say` gives the operator a remark; it is set before the first pair is attached."""

    def __init__(self, *, wanted: bool) -> None:
        self.say: Callable[[str], None] = lambda _: None
        self._wanted = wanted
        self._recorders: list[Recorder] = []

    def attach(self, pair: Pair, controller: OneShot) -> None:
        """Record what `controller` will see. Called in a thread, before the controller is started."""
        if not self._wanted:
            return
        # Imported here: the first picture does not wait for the database's library.
        from colotui.record import place
        from colotui.record.recorder import Recorder

        recorder = Recorder(place.usual(pair), pair)
        told = False

        def take(snapshot: Snapshot) -> None:
            nonlocal told
            recorder.take(snapshot)
            if recorder.failure is not None and not told:
                told = True
                text, detail = "this cockpit does not record any more", str(recorder.failure)
                controller.remark(Event(time.time(), "colotui", text, detail, Severity.WARNING))
                self.say(f"{text}: {detail}")

        controller.subscribe(take)
        self._recorders.append(recorder)
        recorder.start()

    def lines(self) -> list[str]:
        """How each recording stands, in words."""
        return [recorder.in_words() for recorder in self._recorders]

    def close(self) -> None:
        """Write what was taken, and end."""
        for recorder in self._recorders:
            recorder.close()

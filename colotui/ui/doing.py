"""Actions under way: run in the background, never cancelled by the screen that asked for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from colotui.errors import ColotuiError
from colotui.model.plan import Progress
from colotui.model.text import plain
from colotui.ui.format import fine_duration

Outcome = Progress | ColotuiError


class Doing:
    """Holds the tasks, so that none is lost and quitting can ask whether one still runs."""

    def __init__(self, afterwards: Callable[[], None]) -> None:
        self._afterwards = afterwards
        self._tasks: set[asyncio.Task[None]] = set()

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def begin(self, work: Coroutine[Any, Any, Progress], done: Callable[[Outcome], None]) -> None:
        """Run `work` to its end and hand its outcome to `done`, whatever it is."""
        task = asyncio.create_task(self._run(work, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, work: Coroutine[Any, Any, Progress], done: Callable[[Outcome], None]) -> None:
        try:
            outcome: Outcome = await work
        except ColotuiError as error:
            outcome = error
        except Exception as error:  # the operator must hear of it; a traceback would take the screen away
            outcome = ColotuiError(f"Internal error: {type(error).__name__}: {plain(str(error), 200)}")
        done(outcome)
        self._afterwards()

    def drop(self) -> None:
        """The cockpit ends: what is half done stays so, and the next cockpit finds it."""
        for task in list(self._tasks):
            task.cancel()


def in_words(outcome: Outcome) -> tuple[str, bool]:
    """An outcome in a sentence, and whether it is bad."""
    if isinstance(outcome, ColotuiError):
        return str(outcome), True
    if outcome.failed or outcome.cancelled:
        return f"{outcome.title}: {outcome.failed or 'stopped'}. v opens it", True
    return (
        f"{outcome.title}: done in {fine_duration((outcome.ended_at or outcome.started_at) - outcome.started_at)}",
        False,
    )

"""Ends asyncio tasks for certain: a cancellation that got lost is sent again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN = 0.2
"""Seconds after which a task that still runs is cancelled again.

`asyncio.wait_for` of Python 3.11 swallows a cancellation that meets the end of what it waits for; a task in
a loop then runs on, and whoever awaits it waits for ever (seen: `colotui status` hung once in about 30 runs).
"""


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel `tasks` until all have ended. What they raised is not raised again: they were to end."""
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=AGAIN)
        for task in done:
            if not task.cancelled():
                task.exception()

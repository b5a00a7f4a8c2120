"""When a headless app has nothing to do: asked of the event loop and the screen, not guessed from a clock."""

from __future__ import annotations

import asyncio
from typing import Any

from textual._context import active_app
from textual.app import App, ScreenStackError

_TURNS = 2000
_ROUNDS = 50


async def _nothing_ready() -> None:
    """Give way until no callback is ready; what waits for a time or for a thread is not waited for."""
    loop = asyncio.get_running_loop()
    for _ in range(_TURNS):
        await asyncio.sleep(0)
        if not getattr(loop, "_ready"):  # noqa: B009  (private: typeshed does not know it)
            return


def _painted(app: App[Any]) -> bool:
    """What timers would do within the next 16 ms: take a new size, lay out, paint, call back. False: nothing to do."""
    if app._resize_event is not None:
        app._check_resize()
        return True
    try:
        screen = app.screen
    except ScreenStackError:
        return False
    waiting = (
        screen._layout_required or screen._scroll_required or screen._repaint_required or screen._recompose_required
    )
    if not (waiting or screen._dirty_widgets or screen._callbacks) or app._batch_count:
        return False
    screen._on_timer_update()
    return True


async def wait_for_idle(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
    """In place of Textual's own of that name, which sleeps 20 ms at least and more while another process is busy."""
    app = active_app.get(None)
    for _ in range(_ROUNDS):
        await _nothing_ready()
        if app is None or not _painted(app):
            return

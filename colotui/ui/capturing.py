"""What the keys ask of the packet capture: switch it, and find the packets of a mismatch; errors become words."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

from colotui.controller.base import Controller
from colotui.errors import ColotuiError
from colotui.model.text import plain

if TYPE_CHECKING:
    from colotui.ui.app import CockpitApp

T = TypeVar("T")


async def answered(work: Awaitable[T]) -> T | ColotuiError:
    """What `work` gives, or why it did not."""
    try:
        return await work
    except ColotuiError as error:
        return error
    except Exception as error:  # the operator must hear of it; a traceback would take the screen away
        return ColotuiError(f"Internal error: {type(error).__name__}: {plain(str(error), 200)}")


def toggle_capture(app: CockpitApp) -> None:
    """Switch the capture of the shown guest on or off, and say what came of it."""
    scene = app.scene(live=True)
    if scene is None:
        app.say("not connected yet")
    elif app.refusal():
        app.say(f"packet capture: {app.refusal()}")
    else:
        on = scene.guest.capture is None
        app.run_worker(_switch(app, app.connected, scene.guest.name, on=on), name="capture")


async def _switch(app: CockpitApp, controller: Controller, guest: str, *, on: bool) -> None:
    outcome = await answered(controller.capture(guest, on))
    if isinstance(outcome, ColotuiError):
        app.say(str(outcome), bad=True)
    else:
        app.say("packet capture on: mismatches from now on have their packets" if on else "packet capture off")
    app.redraw()

"""What the tests of the screens share."""

from __future__ import annotations

import pytest
import textual.app
import textual.pilot
from textual.widgets import Input

from tests.ui.idle import wait_for_idle


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures must not depend on who runs the tests, nor the time they take on what else the machine does."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    # The palette's cursor blinks by the clock.
    monkeypatch.setattr(Input.cursor_blink, "_default", False)
    monkeypatch.setattr(textual.app, "wait_for_idle", wait_for_idle)
    monkeypatch.setattr(textual.pilot, "wait_for_idle", wait_for_idle)

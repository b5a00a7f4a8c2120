"""The screens as they were approved: the main states at the three sizes, the ritual, and the themes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from colotui.ui.app import CockpitApp
from tests.ui import samples
from tests.ui.fake import FakeController

SIZES = {"160x46": (160, 46), "100x30": (100, 30), "80x24": (80, 24)}


def app(name: str, **options: Any) -> CockpitApp:
    return CockpitApp(FakeController(samples.STATES[name]()), now=lambda: samples.NOW, **options)


@pytest.mark.parametrize("size", sorted(SIZES))
@pytest.mark.parametrize("name", ["protected", "incident", "unknown", "syncing", "failed-over"])
def test_state(snap_compare: Callable[..., bool], name: str, size: str) -> None:
    assert snap_compare(app(name), terminal_size=SIZES[size])


@pytest.mark.parametrize("size", sorted(SIZES))
def test_ritual(snap_compare: Callable[..., bool], size: str) -> None:
    assert snap_compare(app("incident"), terminal_size=SIZES[size], press=["f", *"web0"])


@pytest.mark.parametrize("theme", ["light", "high-contrast", "colour-blind-safe", "sixteen"])
def test_theme(snap_compare: Callable[..., bool], theme: str) -> None:
    assert snap_compare(app("incident", theme=theme), terminal_size=(100, 30))


def test_tiny(snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(app("incident"), terminal_size=(20, 5))


def test_help(snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(app("protected"), terminal_size=(160, 46), press=["question_mark"])


def test_ascii(snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(app("incident", ascii_only=True), terminal_size=(100, 30))


def test_no_colour(snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(app("incident"), terminal_size=(100, 30))

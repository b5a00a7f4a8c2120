"""The places on this machine where colotui keeps things."""

from __future__ import annotations

from pathlib import Path

import platformdirs

_NAME = "colotui"


def config_dir() -> Path:
    """What the user writes: pair.yaml, pairs/, themes/, keymap."""
    return platformdirs.user_config_path(_NAME)


def state_dir() -> Path:
    """What colotui remembers on this machine: accepted host keys, debug logs."""
    return platformdirs.user_state_path(_NAME)


def cache_dir() -> Path:
    """What can be made again at any time."""
    return platformdirs.user_cache_path(_NAME)


def known_hosts() -> Path:
    """The host keys the operator accepted."""
    return state_dir() / "known_hosts"


def logs_dir() -> Path:
    """Debug logs: what went wrong inside colotui itself."""
    return state_dir() / "logs"


def recordings_dir() -> Path:
    """What the flight recorder keeps: one file for each pair."""
    return state_dir() / "recordings"


def example_recording() -> Path:
    """The recording that came with colotui."""
    return Path(__file__).resolve().parent / "data" / "example.colorec"


def shipped_themes_dir() -> Path:
    """The themes that came with colotui: in the wheel, or in the checkout of an editable install."""
    package = Path(__file__).resolve().parent
    inside = package / "themes"
    return inside if inside.is_dir() else package.parent / "themes"


def user_themes_dir() -> Path:
    """The user's own themes."""
    return config_dir() / "themes"

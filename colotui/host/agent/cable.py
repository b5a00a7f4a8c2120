"""The direct cable between two hosts, tested with raw frames of our own."""

from __future__ import annotations

from typing import Any

SHORT: dict[str, Any] = {}
LONG: dict[str, Any] = {}

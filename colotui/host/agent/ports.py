"""TCP ports of the host: what can be opened there, and what can be reached from there."""

from __future__ import annotations

from typing import Any

SHORT: dict[str, Any] = {}
LONG: dict[str, Any] = {}

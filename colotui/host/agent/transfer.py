"""Big files, copied from one host straight to the other."""

from __future__ import annotations

from typing import Any

SHORT: dict[str, Any] = {}
LONG: dict[str, Any] = {}

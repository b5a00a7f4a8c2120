"""Offloads of a NIC, read and set with the ioctls of ethtool."""

from __future__ import annotations

from typing import Any

SHORT: dict[str, Any] = {}
LONG: dict[str, Any] = {}

"""A support bundle, the way two real hosts would give it. For tests only."""

from __future__ import annotations

from colotui.model.bundle import Absent, Bundle, Piece, assembled
from colotui.model.secrets import Cleaner
from tests.ui import samples


def bundle(count: int = 3) -> Bundle:
    pieces = [Piece(f"hosts/alpha/run/log{n:02}", "what it said", f"alpha:/x{n}", b"x" * 2048) for n in range(count)]
    absent = [Absent("everything of this host", "beta", "beta: no answer within 3 s.\x1b[2J")]
    return assembled("lab", "web01", samples.NOW, pieces, absent, Cleaner({}))

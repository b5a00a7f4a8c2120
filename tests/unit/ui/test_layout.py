"""Folding: every row of every terminal is given out exactly once, and the order of loss is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colotui.ui.layout import Form, layout_for


@pytest.mark.parametrize(
    ("width", "height", "form"),
    [
        (160, 46, Form.WIDE),
        (200, 60, Form.WIDE),
        (140, 42, Form.WIDE),
        (160, 30, Form.FOLDED),
        (120, 40, Form.FOLDED),
        (100, 30, Form.FOLDED),
        (99, 30, Form.TABBED),
        (80, 24, Form.TABBED),
        (79, 24, Form.TINY),
        (80, 23, Form.TINY),
        (20, 5, Form.TINY),
        (1, 1, Form.TINY),
    ],
)
def test_forms(width: int, height: int, form: Form) -> None:
    assert layout_for(width, height).form is form


@given(st.integers(1, 300), st.integers(1, 120))
def test_the_rows_add_up(width: int, height: int) -> None:
    layout = layout_for(width, height)
    used = {
        Form.WIDE: layout.top + layout.ladder + layout.hosts + layout.checkpoints + layout.events + 1 + 5,
        Form.FOLDED: layout.top + layout.hosts + layout.checkpoints + layout.events + 1 + 4,
        Form.TABBED: layout.top + layout.hosts + layout.checkpoints + layout.mismatches + layout.events + 1 + 4,
        Form.TINY: layout.top,
    }[layout.form]
    assert used == height
    if layout.form is not Form.TINY:
        assert layout.hosts >= 7
        assert layout.events >= 4
        assert layout.mismatches >= 4
        assert layout.graph_width <= width

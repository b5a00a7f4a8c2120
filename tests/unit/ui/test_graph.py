"""The graph puts each checkpoint where it belongs, on a steady scale."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from colotui.model.checkpoint import Cause, Checkpoint
from colotui.model.past import CheckpointLog
from colotui.ui.paint.fullcheckpoints import histogram
from colotui.ui.paint.graph import Bin, beyond, bins, blocks, braille, nice_ceiling, position, scale_of


def test_bins_hold_the_longest_pause_and_whether_one_was_forced() -> None:
    now = 10_000.5
    made = [
        Checkpoint(now - 298, Cause.PERIODIC, 5.0),
        Checkpoint(now - 1.2, Cause.PERIODIC, 6.0),
        Checkpoint(now - 1.1, Cause.TCP, 9.0),
        Checkpoint(now - 0.1, Cause.PERIODIC, None),
    ]
    found = bins(CheckpointLog.of(made), now, 150)
    assert len(found) == 150
    assert found[0] == Bin(5.0, False)
    assert Bin(9.0, True) in found[-2:]
    assert bins(CheckpointLog.of([Checkpoint(now - 900, Cause.TCP, 1.0)]), now, 150) == [Bin()] * 150


def test_a_checkpoint_of_a_clock_that_runs_ahead_is_left_out() -> None:
    assert bins(CheckpointLog.of([Checkpoint(1000.0, Cause.TCP, 1.0)]), 900.0, 10) == [Bin()] * 10
    assert position(1000.0, 900.0, 10) is None
    assert position(900.0, 900.0, 10) == 9


def test_scale_is_round() -> None:
    assert nice_ceiling(25.6) == 30
    assert nice_ceiling(6.8) == 8
    assert nice_ceiling(700) == 800
    assert nice_ceiling(0) == 10
    assert scale_of([Bin(3.0)]) == 10
    assert scale_of([]) == 10


def test_braille_and_blocks() -> None:
    samples = [Bin(10.0), Bin(5.0, True), Bin(), Bin(0.1)]
    rows = braille(samples, 2, 10.0)
    assert [len(row) for row in rows] == [2, 2]
    assert rows[0][0] == (chr(0x2800 + 0x47), True)
    assert rows[0][1][0] == " "
    assert rows[1][1] == (chr(0x2880), False)
    assert "".join(char for char, _ in blocks(samples, 10.0)) == "█▄ ▁"


@given(st.lists(st.one_of(st.none(), st.floats(0, 5000)), max_size=40), st.integers(1, 8))
def test_no_sample_leaves_the_graph(pauses: list[float | None], rows: int) -> None:
    samples = [Bin(pause) for pause in pauses]
    lines = braille(samples, rows, scale_of(samples))
    assert len(lines) == rows
    assert all(len(line) == len(samples) // 2 for line in lines)


def test_histogram_leaves_out_empty_ends() -> None:
    assert histogram([6.0, 7.0, 45.0]) == [("5–10 ms", 2), ("10–20 ms", 0), ("20–50 ms", 1)]
    assert histogram([]) == []


def test_one_giant_does_not_dwarf_the_rest() -> None:
    samples = [Bin(7.0)] * 30 + [Bin(769.0)]
    full = scale_of(samples)
    assert full == 10
    assert beyond(samples[-1], full)
    assert not beyond(samples[0], full)
    assert scale_of([Bin(7.0), Bin(769.0)]) == 800


def test_the_first_checkpoint_is_left_out() -> None:
    made = [Checkpoint(100.0, Cause.FIRST, 500.0), Checkpoint(101.0, Cause.PERIODIC, 7.0)]
    assert max(sample.pause_ms or 0 for sample in bins(CheckpointLog.of(made), 102.0, 20)) == 7.0

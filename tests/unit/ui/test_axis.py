"""The time axis: zoom, scroll, hold, labels; and what the panes make of it."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from colotui.model.checkpoint import Cause, Checkpoint
from colotui.model.mismatch import Mismatch
from colotui.model.past import CheckpointLog, MismatchLog
from colotui.ui.paint.axis import ZOOMS, TimeAxis
from colotui.ui.paint.canvas import Line, text_of
from colotui.ui.paint.checkpoints import paint_checkpoint_line, paint_checkpoints
from colotui.ui.paint.choosing import checkpoint_text, chosen_text, step_to_forced
from colotui.ui.paint.lists import filtered_mismatches, paint_mismatches
from colotui.ui.paint.scene import Scene
from colotui.ui.paint.state import PaneState
from tests.ui import samples

NOW = samples.NOW


def hour() -> CheckpointLog:
    """An hour and a half at one a second, a tcp mismatch every minute, one pause of 80 ms 31 minutes ago."""
    made = []
    for place in range(5400):
        at = NOW - 5400 + place
        pause = 80.0 if place == 5400 - 31 * 60 else 6.0 + place % 3
        made.append(Checkpoint(at, Cause.TCP if place % 60 == 0 else Cause.PERIODIC, pause, 300))
    return CheckpointLog.of(made)


def scene_of(axis: TimeAxis | None = None, **changes: object) -> Scene:
    snapshot = samples.protected()
    log = hour()
    guest = replace(snapshot.guests[0], checkpoints=log, stats=log.figures(len(log), NOW, 60.0))
    scene = Scene(replace(snapshot, guests=(guest,)), guest, NOW, NOW, axis=axis or TimeAxis())
    for name, value in changes.items():
        setattr(scene, name, value)
    return scene


def words(lines: list[Line]) -> str:
    return "\n".join(text_of(line) for line in lines)


def test_zoom_has_ends() -> None:
    axis = TimeAxis()
    assert axis.zoom(1, NOW)
    assert axis.window_s == 60
    assert not axis.zoom(1, NOW)
    for wanted in (300, 900, 3600):
        assert axis.zoom(-1, NOW)
        assert axis.window_s == wanted
    assert not axis.zoom(-1, NOW)
    assert not axis.held


def test_scrolling_back_holds_and_scrolling_on_lets_go() -> None:
    axis = TimeAxis()
    assert not axis.scroll(1, NOW, NOW - 3600)
    assert axis.scroll(-1, NOW, NOW - 3600)
    assert (axis.left(NOW), axis.right(NOW)) == (NOW - 375, NOW - 75)
    later = NOW + 100
    assert axis.right(later) == NOW - 75
    assert axis.scroll(1, later, NOW - 3600)
    assert axis.right(later) == NOW
    assert axis.held
    assert axis.scroll(1, NOW + 10, NOW - 3600)
    assert not axis.held


def test_it_stops_at_the_oldest() -> None:
    axis = TimeAxis()
    assert not axis.scroll(-1, NOW, NOW - 100)
    assert not axis.scroll(-1, NOW, None)
    for _ in range(9):
        axis.scroll(-1, NOW, NOW - 600)
    assert axis.left(NOW) == NOW - 600
    axis.back()
    axis.to_oldest(NOW, NOW - 600)
    assert axis.left(NOW) == NOW - 600
    axis.to_oldest(NOW, NOW - 10)
    assert not axis.held


def test_zooming_a_held_axis_keeps_its_middle() -> None:
    axis = TimeAxis(300.0, NOW - 1000)
    axis.zoom(1, NOW)
    assert axis.left(NOW) + 30 == NOW - 1150
    axis.zoom(-1, NOW)
    assert axis.right(NOW) == NOW - 1000
    axis.zoom(-1, NOW)
    axis.zoom(-1, NOW)
    assert not axis.held


@given(st.sampled_from(ZOOMS), st.floats(0, 7000), st.floats(0, 7000))
def test_reach_shows_the_moment(window: float, ago: float, held_ago: float) -> None:
    axis = TimeAxis(window, NOW - held_ago if held_ago > 1 else None)
    axis.reach(NOW - ago, NOW)
    assert axis.left(NOW) - 1e-3 <= NOW - ago <= axis.right(NOW) + 1e-3


@pytest.mark.parametrize("window", ZOOMS)
def test_labels(window: float) -> None:
    live = TimeAxis(window)
    texts = [tick.text for tick in live.ticks(NOW)]
    assert texts[-1] == "now"
    assert texts[0] == {60.0: "−60 s", 300.0: "−5 min", 900.0: "−15 min", 3600.0: "−60 min"}[window]
    held = TimeAxis(window, NOW - 1860)
    for tick in held.ticks(NOW):
        assert 0 <= tick.share <= 1
        at = time.localtime(held.left(NOW) + tick.share * window + 0.01)
        assert tick.text == time.strftime("%H:%M:%S" if window < 300 else "%H:%M", at)


def test_a_held_pane_says_what_it_shows() -> None:
    axis = TimeAxis(300.0, NOW - 31 * 60 + 60)
    shown = words(paint_checkpoints(scene_of(axis), 93, 9, PaneState()))
    assert f"{axis.label(NOW)}" in shown
    assert "30 min ago" in shown
    assert "80" in shown
    assert "now" not in shown
    assert "300 in this time" in shown
    live = words(paint_checkpoints(scene_of(), 93, 9, PaneState()))
    assert "last 5 min" in live
    assert "80 ms" not in live
    assert "last 1 h" in words(paint_checkpoints(scene_of(TimeAxis(3600.0)), 93, 9, PaneState()))
    line = words(paint_checkpoint_line(scene_of(axis), 80, 2, PaneState()))
    assert axis.label(NOW) in line


def test_time_without_checkpoints() -> None:
    axis = TimeAxis(60.0, NOW - 5500)
    assert "no checkpoint in this time" in words(paint_checkpoints(scene_of(axis), 93, 9, PaneState()))
    assert "no checkpoint in this time" in words(paint_checkpoint_line(scene_of(axis), 80, 2, PaneState()))


@pytest.mark.parametrize("width", [1, 5, 12, 30, 58, 80, 93, 160, 300])
@pytest.mark.parametrize("axis", [TimeAxis(window, end) for window in ZOOMS for end in (None, NOW - 2000)])
def test_any_size(width: int, axis: TimeAxis) -> None:
    for height in (1, 2, 3, 6, 9, 20):
        scene = scene_of(axis, selected_at=NOW - 600, focused="checkpoints")
        for painter in (paint_checkpoints, paint_checkpoint_line):
            lines = painter(scene, width, height, PaneState())
            assert {cell_len(text_of(line)) for line in lines} == {width}
            scene.ascii_only = not scene.ascii_only


def test_what_is_chosen_lights_or_says_which_way_it_lies() -> None:
    def axis_row(axis: TimeAxis, at: float) -> Line:
        return paint_checkpoints(scene_of(axis, selected_at=at), 93, 9, PaneState())[6]

    assert ("◆", "focus") in axis_row(TimeAxis(), NOW - 60)
    assert ("◀", "focus") in axis_row(TimeAxis(), NOW - 600)
    assert ("▶", "focus") in axis_row(TimeAxis(300.0, NOW - 2000), NOW - 600)


def test_steps_from_one_forced_checkpoint_to_the_next() -> None:
    scene = scene_of()
    newest = step_to_forced(scene, None, 1)
    assert newest == NOW - 60
    assert step_to_forced(scene, newest, 1) == NOW - 120
    assert step_to_forced(scene, newest, 3) == NOW - 240
    assert step_to_forced(scene, newest, -1) == newest
    assert step_to_forced(scene, newest, 1_000_000) == NOW - 5400
    assert step_to_forced(scene, NOW - 5400, 1) == NOW - 5400
    assert step_to_forced(scene, newest, -1_000_000) == newest
    assert chosen_text(scene, newest).endswith("tcp  pause 6.0 ms  300 pages")
    assert chosen_text(scene, NOW - 60.5) == ""
    assert chosen_text(scene, None) == ""
    assert checkpoint_text(Checkpoint(NOW, Cause.FIRST)).endswith("first")


def test_the_mismatch_of_the_chosen_checkpoint_lights_and_is_scrolled_to() -> None:
    log = MismatchLog.of(Mismatch(NOW - 60 * place - 0.002, "tcp", f"length {place} ≠ 1") for place in range(90))
    base = scene_of()
    guest = replace(base.guest, mismatches=log)
    scene = replace(base, guest=guest, focused="checkpoints", selected_at=NOW - 60 * 40)
    lines = paint_mismatches(scene, 60, 6, PaneState())
    lit = [text_of(line) for line in lines if any("cursor-background" in style for _, style in line)]
    assert len(lit) == 1
    assert "length 40 ≠ 1" in lit[0]
    scene.selected_at = NOW - 60 * 40 - 30
    lines = paint_mismatches(scene, 60, 6, PaneState())
    assert not any("cursor-background" in style for line in lines for _, style in line)


def test_a_filter_searches_new_mismatches_only() -> None:
    def entry(place: int) -> Mismatch:
        return Mismatch(NOW - 1000 + place, "tcp" if place % 2 else "udp", f"n{place}")

    items = [entry(place) for place in range(20)]
    base = scene_of()
    searched: list[str] = []

    class Counting(PaneState):
        def matches(self, text: str) -> bool:
            searched.append(text)
            return super().matches(text)

    from colotui.model.timeline import Recorder

    recorder = Recorder(MismatchLog)
    for item in items:
        recorder.add(item)
    state = Counting(query="udp")
    scene = replace(base, guest=replace(base.guest, mismatches=recorder.log))
    assert [found.what for found in filtered_mismatches(scene, state)][:2] == ["n18", "n16"]
    recorder.add(entry(20))
    scene = replace(base, guest=replace(base.guest, mismatches=recorder.log))
    searched.clear()
    assert [found.what for found in filtered_mismatches(scene, state)][:2] == ["n20", "n18"]
    assert len(searched) == 1
    state.query = "tcp"
    assert len(filtered_mismatches(scene, state)) == 10
    assert len(searched) == 22
    state.query = ""
    assert len(filtered_mismatches(scene, state)) == 21

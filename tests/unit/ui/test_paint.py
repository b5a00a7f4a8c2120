"""Every painter, in every state, at many sizes: lines of the exact width, and the words that matter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.cells import cell_len

from colotui.model.facts import LinkFacts, Module, ModuleState, NicIrqs, QemuFacts
from colotui.model.pair import EngineKind
from colotui.model.plan import Action
from colotui.model.protection import Life, LinkState, Protection, Severity, Snapshot, State
from colotui.ui.layout import Form, layout_for
from colotui.ui.paint.canvas import Line, text_of
from colotui.ui.paint.checkpoints import paint_checkpoint_line, paint_checkpoints
from colotui.ui.paint.fullhosts import hosts_sheet
from colotui.ui.paint.hosts import paint_hosts, paint_hosts_folded, paint_hosts_tabbed
from colotui.ui.paint.keys import paint_keys
from colotui.ui.paint.ladder import paint_ladder
from colotui.ui.paint.lists import paint_events, paint_mismatches, short_pair
from colotui.ui.paint.scene import Scene
from colotui.ui.paint.state import PaneState
from colotui.ui.paint.tiny import paint_tiny
from colotui.ui.paint.top import paint_top
from colotui.ui.paint.waiting import paint_waiting
from tests.ui import fleetsamples, samples

SIZES = (
    (160, 46),
    (140, 42),
    (220, 70),
    (120, 40),
    (100, 30),
    (100, 28),
    (99, 30),
    (80, 24),
    (60, 20),
    (20, 5),
    (1, 1),
)


def scene_of(snapshot: Snapshot, **changes: object) -> Scene:
    scene = Scene(snapshot, snapshot.guests[0], samples.NOW, samples.NOW)
    for name, value in changes.items():
        setattr(scene, name, value)
    return scene


def screen(scene: Scene, width: int, height: int) -> list[Line]:
    """All of the cockpit at a size, as one list of lines; gaps left out."""
    layout = layout_for(width, height)
    if layout.form is Form.TINY:
        return paint_tiny(scene, width, height)
    hosts = {Form.WIDE: paint_hosts, Form.FOLDED: paint_hosts_folded, Form.TABBED: paint_hosts_tabbed}[layout.form]
    lines = paint_top(scene, width, layout.top)
    if layout.ladder:
        lines += paint_ladder(scene, width, layout.ladder)
    lines += hosts(scene, width, layout.hosts, PaneState())
    graph = paint_checkpoint_line if layout.form is Form.TABBED else paint_checkpoints
    lines += [_fill(line, width) for line in graph(scene, layout.graph_width, layout.checkpoints, PaneState())]
    rest = width if layout.form is Form.TABBED else width - layout.graph_width - 3
    lines += [_fill(line, width) for line in paint_mismatches(scene, rest, layout.mismatches, PaneState())]
    return lines + paint_events(scene, width, layout.events, PaneState()) + paint_keys(scene, width)


def _fill(line: Line, width: int) -> Line:
    return (*line, (" " * (width - cell_len(text_of(line))), "base"))


def words(lines: list[Line]) -> str:
    return "\n".join(text_of(line) for line in lines)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", sorted(samples.STATES))
def test_every_line_has_the_width_of_the_terminal(name: str, size: tuple[int, int]) -> None:
    for ascii_only in (False, True):
        lines = screen(scene_of(samples.STATES[name](), ascii_only=ascii_only), *size)
        assert {cell_len(text_of(line)) for line in lines} == {size[0]}
        if ascii_only:
            assert words(lines).isascii()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_hostile_strings_stay_in_their_cells(text: str, size: tuple[int, int]) -> None:
    scene = scene_of(samples.hostile(text))
    lines = screen(scene, *size)
    shown = words(lines)
    assert all(cell_len(text_of(line)) == size[0] for line in lines)
    assert not any(ord(char) < 32 and char != "\n" for char in shown)
    hosts_sheet(scene, size[0], PaneState()).lines()


@pytest.mark.parametrize("size", [size for size in SIZES if size[0] >= 20])
def test_state_role_and_recommended_key_are_never_dropped(size: tuple[int, int]) -> None:
    shown = words(screen(scene_of(samples.incident()), *size))
    assert "NOT PROTECTED" in shown
    assert "alpha" in shown
    assert "f" in shown
    if size[0] >= 80 and size[1] >= 24:
        assert "PRIMARY, DEAD" in shown
        assert "Do now" in shown
        assert "do not restart" in shown
        assert "13 s" in shown
        assert "can be promoted" in shown
        assert "? help" in shown


def test_the_band_takes_the_rows_of_the_strip() -> None:
    for height in (2, 3):
        calm = paint_top(scene_of(samples.protected()), 160, height)
        loud = paint_top(scene_of(samples.incident()), 160, height)
        assert len(calm) == len(loud) == height


def test_a_calm_screen_has_at_most_two_filled_things() -> None:
    lines = screen(scene_of(samples.protected()), 160, 46)
    filled = [text for line in lines for text, style in line if style.partition("@")[0] in ("pill", "badge-primary")]
    assert filled == [" ● PROTECTED ", " PRIMARY "]
    others = {style.partition("@")[0] for line in lines for _, style in line}
    assert not others & {"badge-dead", "recommended", "error", "error-bold", "ok", "ok-bold"}


def test_a_live_number_does_not_outlive_its_source() -> None:
    shown = words(paint_ladder(scene_of(samples.incident()), 160))
    assert "pkt/s" not in shown
    assert shown.count("✘ closed") == 4
    assert "13 s old" in shown


def test_streams_of_a_silent_primary_do_not_run_on() -> None:
    snapshot = samples.unknown()
    guest = replace(snapshot.guests[0], streams=samples.STREAMS)
    shown = words(paint_ladder(scene_of(replace(snapshot, guests=(guest,))), 160))
    assert "▶" not in shown
    assert "118" not in shown
    assert shown.count("not known") >= 4


def test_stale_facts_dim_and_say_how_old() -> None:
    scene = scene_of(samples.unknown())
    lines = paint_hosts(scene, 160, 10, PaneState())
    assert "alpha: values 9 s old" in words(lines)
    assert words(lines).count("9 s old") == 1 + 9
    assert "can be promoted" not in words(paint_ladder(scene, 160))
    assert "no answer for 9 s" in words(paint_ladder(scene, 160))


def test_a_missing_value_says_why() -> None:
    shown = words(paint_hosts(scene_of(samples.absent()), 160, 10, PaneState()))
    for why in ("module ifb is not loaded", "/run is not readable", "not measured yet", "eth0: not read"):
        assert why in shown


def test_warnings_are_amber_with_their_sign() -> None:
    alpha = samples.facts(
        "alpha",
        modules=(Module("cls_u32", ModuleState.MISSING, "chooses packets", "apt install linux-modules-extra"),),
        clock_offset_ms=1900.0,
        memory_available=10 * samples.MIB,
        nic_irqs=(NicIrqs("eth0", (), "2"), NicIrqs("eth1", ())),
        forward=LinkFacts("eth1", False, quickack=False),
        qemu=QemuFacts("/usr/bin/q", "10.0.2", "its COLO is broken"),
    )
    snapshot = replace(samples.protected(), hosts=samples.host_views(alpha=alpha))
    guest = snapshot.guests[0]
    copies = {**guest.copies, "alpha": replace(guest.copies["alpha"], version="")}
    grey = scene_of(replace(snapshot, guests=(replace(guest, copies=copies),)))
    assert "cls_u32 missing, not needed for QEMU" in words(paint_hosts(grey, 160, 10, PaneState()))
    xen = replace(guest.spec, engine=EngineKind.XEN)
    scene = scene_of(replace(snapshot, guests=(replace(guest, copies=copies, spec=xen),)))
    shown = words(paint_hosts(scene, 160, 10, PaneState()))
    for text in ("▲ cls_u32 missing", "+1900 ms", "▲ 10 MiB of 2 GiB free", "rps → cpu2", "no irq, rps off", "40 ms"):
        assert text in shown, text
    ladder = words(paint_ladder(scene, 160))
    assert "✘ down on alpha" in ladder
    assert "QEMU 10.0.2   ▲ its COLO" in ladder


@pytest.mark.parametrize(
    ("life", "word"),
    [
        (Life.HUNG, "PRIMARY, HUNG"),
        (Life.DEAD, "PRIMARY, DEAD"),
        (Life.UNREACHABLE, "? PRIMARY"),
        (Life.ABSENT, "no copy"),
        (Life.PAUSED, "paused"),
        (Life.RUNNING, "PRIMARY"),
    ],
)
def test_each_life_has_its_words(life: Life, word: str) -> None:
    snapshot = samples.incident()
    guest = snapshot.guests[0]
    copy = samples.primary(life=life, silent_since=samples.NOW - 5)
    snapshot = replace(snapshot, guests=(replace(guest, copies={**guest.copies, "alpha": copy}),))
    for size in ((160, 46), (100, 30), (80, 24)):
        assert word in words(screen(scene_of(snapshot), *size))


def test_what_died_before_the_survivor_carried_on_is_grey() -> None:
    lines = paint_ladder(scene_of(samples.failed_over()), 160)
    assert "gone" in words(lines)
    assert "not in lock-step" in words(lines)
    assert not {style for line in lines for _, style in line} & {"error", "error-bold", "badge-dead", "link-cut"}


def test_roles_move_with_the_primary() -> None:
    snapshot = samples.protected()
    said = replace(snapshot.guests[0].protection, primary="beta", secondary="alpha")
    copies = {"alpha": samples.secondary("alpha"), "beta": samples.primary("beta")}
    snapshot = replace(snapshot, guests=(replace(snapshot.guests[0], protection=said, copies=copies),))
    lines = paint_ladder(scene_of(snapshot), 160)
    rung = text_of(lines[4])
    assert "◀══" in rung
    assert rung.index("SECONDARY") < rung.index("PRIMARY ", rung.index("SECONDARY") + 9)
    assert "replies held" in text_of(lines[2])[:60]


def test_frozen_shows_when_the_truth_has_changed() -> None:
    live = samples.incident().guests[0].protection
    scene = scene_of(samples.protected(), frozen=True, live=live, wall=samples.NOW + 48)
    shown = words(paint_top(scene, 160, 3))
    assert "FROZEN" in shown
    assert "48 s ago" in shown
    assert "NOW: NOT PROTECTED" in shown
    assert "PROTECTED" in shown
    same = scene_of(samples.protected(), frozen=True, live=scene.protection, wall=samples.NOW + 48)
    assert "NOW:" not in words(paint_top(same, 160, 3))


def test_read_only_says_who_acts_and_disables_the_keys() -> None:
    scene = scene_of(replace(samples.protected(), read_only="root@ops1 acts, since 11:58"))
    assert "READ-ONLY   root@ops1 acts, since 11:58" in words(paint_top(scene, 160, 3))
    assert "w switch: read-only" in words(paint_keys(scene, 160))


def test_another_guest_that_suffers_is_seen() -> None:
    snapshot = samples.protected()
    bad = replace(samples.incident().guests[0], spec=replace(samples.GUEST, name="db01"))
    both = replace(snapshot, guests=(snapshot.guests[0], bad))
    scene = scene_of(both, tabs=fleetsamples.standings(both))
    for height in (2, 3):
        assert "✘ db01" in words(paint_top(scene, 160, height))


def test_keys_follow_the_state() -> None:
    assert words(paint_keys(scene_of(samples.incident()), 160)).startswith("  f fail over…   r re-protect: after f")
    assert words(paint_keys(scene_of(samples.failed_over()), 160)).strip().startswith("r re-protect…")
    assert words(paint_keys(scene_of(samples.absent()), 160)).strip().startswith("S start guest…")
    assert words(paint_keys(scene_of(samples.syncing()), 160)).strip().startswith("v view the plan")
    half = replace(samples.absent().guests[0], half_run="protect", actions=samples.actions(undo=None))
    assert "u undo…" in words(paint_keys(scene_of(samples.snapshot(half)), 160))
    moved = scene_of(samples.incident(), keys={"failover": "F9", "help": "F1"})
    shown = words(paint_keys(moved, 80))
    assert "F9 fail over…" in shown
    assert "F1 help" in shown


def test_plain_not_protected_is_calm_when_the_controller_is() -> None:
    said = Protection(State.NOT_PROTECTED, Severity.OK, "web01 runs on alpha", primary="alpha")
    shown = words(paint_top(scene_of(samples.snapshot(samples.view(said))), 160, 3))
    assert "○ NOT PROTECTED" in shown


def test_lists_filter_and_scroll() -> None:
    scene = scene_of(samples.protected(), focused="events")
    state = PaneState(query="pause")
    shown = words(paint_events(scene, 160, 8, state))
    assert "irqbalance" not in shown
    assert "/ pause" in shown
    assert "of 3" in shown
    state.query = "!pause"
    assert "irqbalance" in words(paint_events(scene, 160, 8, state))
    state.query = "nothing like it"
    assert "nothing matches" in words(paint_events(scene, 160, 8, state))
    state = PaneState()
    paint_mismatches(scene, 60, 4, state)
    state.move(6)
    shown = words(paint_mismatches(scene, 60, 4, state))
    assert state.top == 4
    assert "length 104 ≠ 79" not in shown
    state.move(-99)
    assert (state.cursor, state.top, state.following) == (0, 0, True)


def test_a_cursor_stays_on_its_entry() -> None:
    state = PaneState(cursor=2, count=9, room=4, following=False)
    state.shifted(3)
    state.settle(12, 4)
    assert state.cursor == 5
    state = PaneState(cursor=0, count=9, room=4)
    state.shifted(3)
    assert state.cursor == 0


def test_addresses_are_shortened_only_within_one_network() -> None:
    assert short_pair("10.77.0.10", "10.77.0.1") == ".10 → .1"
    assert short_pair("10.77.0.10", "10.78.0.1") == "10.77.0.10 → 10.78.0.1"
    assert short_pair("", "") == ""
    assert short_pair("fe80::1", "") == "fe80::1 → ?"


def test_the_chosen_mismatch_lights_in_the_graph() -> None:
    scene = scene_of(samples.protected(), selected_at=samples.NOW - 60)
    lines = paint_checkpoints(scene, 96, 9, PaneState())
    assert any(style == "focus" and text == "◆" for text, style in lines[6])


def test_waiting_and_tiny() -> None:
    assert "reading the pair file" in words(paint_waiting(80, 3, "reading the pair file"))
    assert words(paint_waiting(80, 1, "x", ascii_only=True)).isascii()
    frozen = scene_of(samples.protected(), frozen=True, wall=samples.NOW + 5)
    assert "FROZEN 5 s ago" in words(paint_tiny(frozen, 30, 6))
    old = scene_of(samples.protected(), now=samples.NOW + 60)
    assert "old" in words(paint_tiny(old, 30, 6))


def test_a_host_going_down_while_the_other_reports() -> None:
    snapshot = samples.unknown()
    both = tuple(replace(view, link=LinkState.DOWN, why="no route to host") for view in snapshot.hosts)
    for size in SIZES:
        screen(scene_of(replace(snapshot, hosts=both)), *size)


@pytest.mark.parametrize("painter", [paint_hosts, paint_hosts_folded, paint_hosts_tabbed])
def test_hosts_at_any_height(painter: Callable[..., list[Line]]) -> None:
    for height in range(1, 30):
        assert len(painter(scene_of(samples.protected(), focused="hosts"), 100, height, PaneState())) == height


def test_an_action_the_controller_does_not_name_is_disabled() -> None:
    guest = replace(samples.protected().guests[0], actions={Action.PROTECT: None})
    shown = words(paint_keys(scene_of(samples.snapshot(guest)), 200))
    assert "w switch: not known yet" in shown

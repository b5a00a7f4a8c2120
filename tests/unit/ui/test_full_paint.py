"""The pages in full, in every state and at many sizes: exact widths, nothing cut, and the words that matter."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from colotui.model.checkpoint import Cause, Checkpoint
from colotui.model.facts import IfbDevice, IfbPair, Irq, LinkFacts, Missing, Module, ModuleState, NicIrqs, QemuFacts
from colotui.model.pair import EngineKind, NicSpec
from colotui.model.past import CheckpointLog
from colotui.model.protection import Snapshot
from colotui.ui.paint.axis import ZOOMS, TimeAxis
from colotui.ui.paint.canvas import Line, text_of, width_of
from colotui.ui.paint.flow import flow
from colotui.ui.paint.footer import paint_footer
from colotui.ui.paint.fullcheckpoints import checkpoints_page, histogram, shares
from colotui.ui.paint.fullhosts import hosts_sheet
from colotui.ui.paint.fullwiring import wiring_page
from colotui.ui.paint.pagetitle import paint_page_title
from colotui.ui.paint.scene import Scene
from colotui.ui.paint.state import PaneState
from tests.ui import samples

WIDTHS = (1, 20, 60, 76, 96, 109, 110, 119, 120, 156, 300)


def scene_of(snapshot: Snapshot, **changes: object) -> Scene:
    scene = Scene(snapshot, snapshot.guests[0], samples.NOW, samples.NOW)
    for name, value in changes.items():
        setattr(scene, name, value)
    return scene


def words(lines: list[Line]) -> str:
    return "\n".join(text_of(line).rstrip() for line in lines)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", sorted(samples.STATES))
def test_every_page_at_every_width(name: str, width: int) -> None:
    scene = scene_of(samples.STATES[name]())
    for engine in EngineKind:
        scene.guest = replace(scene.guest, spec=replace(scene.guest.spec, engine=engine))
        pages = [hosts_sheet(scene, width, PaneState()).lines(), wiring_page(scene, width).lines()]
        pages += [checkpoints_page(scene, width, height).lines() for height in (1, 5, 12, 17, 23, 38, 60)]
        for pane in ("hosts", "wiring", "checkpoints"):
            pages += [paint_page_title(scene, pane, width, PaneState(query="x")), paint_footer(scene, pane, width, 3)]
        for lines in pages:
            assert {cell_len(text_of(line)) for line in lines} <= {width}


@pytest.mark.parametrize("width", [60, 160])
@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_hostile_strings(text: str, width: int) -> None:
    snapshot = samples.hostile(text)
    bad = samples.facts(
        "beta",
        kernel=text,
        modules=(Module(text, ModuleState.MISSING, text, text),),
        ifbs=(IfbDevice(text, 1, True, 1, 1, 0, text, (text,)),),
        ifb_pairs=(IfbPair(text, text, text, True),),
        nic_irqs=(NicIrqs(text, (Irq(1, text, text, text),), text, (text,)),),
        forward=LinkFacts(text, True, text, 1500, 1000, (text,)),
        bridge=Missing(text),
        qemu=QemuFacts(text, text, text),
    )
    hosts = (snapshot.hosts[0], replace(snapshot.hosts[1], facts=bad))
    scene = scene_of(replace(snapshot, hosts=hosts))
    for lines in (hosts_sheet(scene, width, PaneState()).lines(), wiring_page(scene, width).lines()):
        assert all(cell_len(text_of(line)) == width for line in lines)
        assert not any(ord(char) < 32 for line in lines for char in text_of(line))


def test_hosts_side_by_side_and_below_each_other() -> None:
    scene = scene_of(samples.protected())
    wide = hosts_sheet(scene, 156, PaneState()).lines()
    assert any("alpha" in text_of(line) and "beta" in text_of(line) for line in wide)
    for title in ("modules", "interrupts", "links"):
        assert sum(text_of(line).split() == [title, title] for line in wide) == 1, title
    narrow = words(hosts_sheet(scene, 76, PaneState()).lines())
    assert narrow.index("alpha") < narrow.index("ifb devices") < narrow.index("beta")
    for text in ("gone from Linux", "u32 serves", "irq 24", "wanted on cpu0-1", "lands on cpu1", "shared with eth1"):
        assert text in narrow
    for text in ("10.78.0.1/24", "1 Gb/s", "1.9 MB/s", "400 pkt/s", "+1.1 ms", "quickack", "fed by web01-net0"):
        assert text in narrow


def test_a_pending_interrupt_and_a_missing_module_are_marked() -> None:
    alpha = samples.facts(
        "alpha",
        nic_irqs=(NicIrqs("eth0", (Irq(24, "eth0-rx", "1", "0"), Irq(25, "eth0-tx", "1", ""))),),
        modules=(Module("cls_u32", ModuleState.MISSING, "chooses packets", "flower serves"),),
    )
    scene = scene_of(replace(samples.protected(), hosts=samples.host_views(alpha=alpha)))
    shown = words(hosts_sheet(scene, 76, PaneState()).lines())
    assert "▲ pending" in shown
    assert "not known where it lands" in shown
    assert "chooses packets   flower serves" in shown
    assert "▲ cls_u32" not in shown
    scene.guest = replace(scene.guest, spec=replace(scene.guest.spec, engine=EngineKind.XEN))
    assert "▲ cls_u32" in words(hosts_sheet(scene, 76, PaneState()).lines())


def test_hosts_filter() -> None:
    scene = scene_of(samples.protected())
    shown = words(hosts_sheet(scene, 156, PaneState(query="irq 24")).lines())
    assert "eth0-rx" in shown
    assert "kernel" not in shown
    assert "modules" not in shown
    assert "kernel" not in words(hosts_sheet(scene, 156, PaneState(query="!kernel")).lines())
    assert "cls_u32" in words(hosts_sheet(scene, 156, PaneState(query="modules")).lines())
    assert "nothing matches zzz" in words(hosts_sheet(scene, 156, PaneState(query="zzz")).lines())


def test_stale_and_missing_hosts_say_so() -> None:
    shown = words(hosts_sheet(scene_of(samples.unknown()), 156, PaneState()).lines())
    assert "all of this is 9 s old" in shown
    assert "no answer on port 22" in shown
    assert "no facts yet" in words(hosts_sheet(scene_of(samples.cut_off()), 76, PaneState()).lines())
    absent = words(hosts_sheet(scene_of(samples.absent()), 76, PaneState()).lines())
    for why in ("no qemu-system-x86_64", "module ifb is not loaded", "/run is not readable", "not measured yet"):
        assert why in absent


@given(st.lists(st.tuples(st.text("ab 宽", max_size=30), st.sampled_from(["x", "y"])), max_size=8), st.integers(4, 40))
def test_flow_loses_nothing(spans: list[tuple[str, str]], width: int) -> None:
    rows = flow(spans, width)
    assert all(width_of(row) <= width for row in rows)
    bare = "".join(text for row in rows for text, _ in row).replace(" ", "")
    assert bare == "".join(text for text, _ in spans).replace(" ", "")


def test_flow_keeps_what_belongs_together() -> None:
    spans = [("out ", "m"), ("1.9", "s"), (" MB/s   ", "l"), ("in ", "m"), ("200", "s"), (" kB/s", "l")]
    texts = ["".join(text for text, _ in row) for row in flow(spans, 14)]
    assert texts == ["out 1.9 MB/s", "in 200 kB/s"]


def test_wiring_of_the_engine_that_needs_no_ifb() -> None:
    shown = words(wiring_page(scene_of(samples.protected()), 156).lines())
    for text in ("input copy :9003", "118 pkt/s", "replies :9004", "96 pkt/s", "br0 up", "it needs no ifb"):
        assert text in shown, text
    assert "copies what clients send" in shown
    assert "not used by this engine" in shown
    assert "one is compared" not in shown
    assert "disk writes" not in shown
    narrow = words(wiring_page(scene_of(samples.protected()), 76).lines())
    assert "input copy :9003" in narrow
    assert "118 pkt/s" in narrow


def test_wiring_follows_the_state() -> None:
    shown = words(wiring_page(scene_of(samples.incident()), 156).lines())
    assert shown.count("✘ closed") == 2
    assert "pkt/s" not in shown.partition("ifb pair")[0]
    assert "PRIMARY, DEAD" in shown
    assert "not in lock-step" in words(wiring_page(scene_of(samples.two_live()), 156).lines())
    snapshot = samples.protected()
    two = replace(samples.GUEST, nics=(*samples.GUEST.nics, NicSpec("00:16:4f:00:00:12")))
    shown = words(
        wiring_page(scene_of(replace(snapshot, guests=(replace(snapshot.guests[0], spec=two),))), 156).lines()
    )
    assert "NIC 2 of web01   00:16:4f:00:00:12" in shown
    assert "the streams of this NIC are not measured" in shown


def test_wiring_of_ifb_pairs() -> None:
    scene = scene_of(samples.protected())
    scene.guest = replace(scene.guest, spec=replace(scene.guest.spec, engine=EngineKind.XEN))
    shown = words(wiring_page(scene, 156).lines())
    for text in ("ifb pair of net0 on alpha", "what the guest sends", "ifb0 up", "120 934 in", "ifb1 up", "eth1 ──"):
        assert text in shown, text
    assert "what comes from beta" in shown
    assert "one is compared with the other" in shown
    assert "needs no ifb" not in shown
    loose = samples.facts("alpha", ifb_pairs=(), ifbs=(IfbDevice("ifb7", 9, False, 0, 0, 0),))
    scene = scene_of(replace(samples.protected(), hosts=samples.host_views(alpha=loose)))
    assert "ifb7 in no pair" in words(wiring_page(scene, 156).lines())
    unfed = samples.facts("alpha", ifbs=(IfbDevice("ifb0", 9, False, 0, 0, 3),))
    scene = scene_of(replace(samples.protected(), hosts=samples.host_views(alpha=unfed)))
    shown = words(wiring_page(scene, 156).lines())
    assert "nothing feeds it" in shown
    assert "✘ down" in shown
    assert "3 dropped" in shown
    assert "— not read" in shown
    assert "module ifb is not loaded" in words(wiring_page(scene_of(samples.absent()), 156).lines())


def test_checkpoints_page_counts_what_the_axis_shows() -> None:
    made = [
        Checkpoint(samples.NOW - place, Cause.TCP if place < 30 else Cause.PERIODIC, 6.0 + place)
        for place in range(3000)
    ]
    snapshot = samples.protected()
    guest = replace(snapshot.guests[0], checkpoints=CheckpointLog.of(made))
    for window, count in zip(ZOOMS, (60, 300, 900, 3000), strict=True):
        scene = scene_of(replace(snapshot, guests=(guest,)), axis=TimeAxis(window))
        lines = words(checkpoints_page(scene, 156, 38).lines())
        row = next(line for line in lines.splitlines() if " all " in line)
        assert abs(int(row.split("all")[1].split("forced")[0].replace(" ", "")) - count) <= 1
    scene = scene_of(replace(snapshot, guests=(guest,)), axis=TimeAxis(60.0, samples.NOW - 1000))
    lines = words(checkpoints_page(scene, 156, 38).lines())
    assert "forced 0" in lines
    assert "≥ 1000 ms" in lines
    assert "tcp" not in lines.partition("mismatches")[0]
    empty = scene_of(samples.absent())
    assert "no checkpoint in this time" in words(checkpoints_page(empty, 156, 38).lines())


def test_a_chosen_checkpoint_is_named() -> None:
    snapshot = samples.protected()
    at = snapshot.guests[0].checkpoints[-5].at
    shown = words(checkpoints_page(scene_of(snapshot, selected_at=at), 96, 23).lines())
    assert "chosen  12:04:27.000  periodic" in shown
    assert "no longer kept" in words(checkpoints_page(scene_of(snapshot, selected_at=1.0), 96, 23).lines())


@given(st.lists(st.floats(0, 5000), max_size=60))
def test_histogram_counts_every_pause_once(pauses: list[float]) -> None:
    classes = histogram(sorted(pauses))
    assert sum(count for _, count in classes) == len(pauses)
    assert not classes or (classes[0][1] and classes[-1][1])


def test_shares_are_sorted_and_whole() -> None:
    log = samples.protected().guests[0].checkpoints
    found = shares(log)
    assert sum(share.count for share in found) == len(log)
    assert [share.count for share in found] == sorted((share.count for share in found), reverse=True)
    assert found[0].cause is Cause.PERIODIC


def test_the_footer_follows_the_keymap_and_says_what_is_below() -> None:
    scene = scene_of(samples.protected(), keys={"zoom-in": "F7", "earlier": "[ h ←"})
    shown = words(paint_footer(scene, "checkpoints", 100))
    assert "F7" in shown
    assert "[ " in shown
    assert "↓ 1 row more" in words(paint_footer(scene, "hosts", 80, 1))

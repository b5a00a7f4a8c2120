"""The pages of the guided set-up at every size, the field that is typed in, and what the draft makes of keys."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from rich.cells import cell_len

from colotui.config import values
from colotui.model.check import Topic
from colotui.model.pair import EngineKind
from colotui.model.plan import StepState
from colotui.model.setup import Draft, Reached
from colotui.ui.paint.canvas import text_of
from colotui.ui.paint.wizard.cable import rows_of
from colotui.ui.paint.wizard.findings import added_by, unmended
from colotui.ui.paint.wizard.frame import changed, paint_wizard
from colotui.ui.paint.wizard.pages import complete, entries, may_open
from colotui.ui.paint.wizard.view import PAGES, KeyHint, Page, WizardView
from colotui.ui.paint.wizard.welcome import paint_welcome
from colotui.ui.screens.wizard import form, proposals
from colotui.ui.screens.wizard.running import hosts_of
from colotui.ui.widgets.field import Editor
from tests.ui import samples
from tests.ui import wizardsamples as ws

SIZES = ((160, 46), (140, 42), (100, 30), (80, 24), (300, 90), (40, 10), (20, 5), (1, 1))
BOTH = (ws.reached(0), ws.reached(1))


def view(page: Page, **changes: object) -> WizardView:
    look = ws.look()
    base = WizardView(
        page, ws.CHOSEN, ws.NOW, PAGES.index(page), form.items(page, ws.CHOSEN, look, BOTH), 0, reached=BOTH, look=look,
        plan=ws.plan(), states=ws.STATES, images={0: ws.image(0), 1: ws.image(1)},
        keys=(KeyHint("next", "enter", "next"), KeyHint("help", "?", "help")),
    )  # fmt: skip
    return replace(base, **changes)  # type: ignore[arg-type]


def shown(seen: WizardView, size: tuple[int, int] = (160, 46)) -> str:
    return "\n".join(text_of(line) for line in paint_wizard(seen, *size).lines)


def variants(page: Page) -> list[WizardView]:
    asked = Reached(False, fingerprint=ws.KEY_ALPHA)
    cut = "x" * 300
    return [
        view(page),
        view(page, look=None, plan=None),
        view(page, look=None, reached=(None, asked), plan=None),
        view(
            page, reached=(Reached(False, problem=cut), None), busy={"look": ws.NOW - 3, "plan": ws.NOW, "cable": 0.0}
        ),
        view(page, failed={"look": cut, "plan": cut, "cable": cut, "image-0": cut, "write": cut, "controller": cut}),
        view(page, busy={"reach-0": ws.NOW - 2, "image-1": ws.NOW}, problems=(cut, "the guest has no disk")),
        view(page, progress=ws.progress(4), typing=True, editor=Editor.of(cut), wrong={"guest.name": cut}),
        view(page, progress=ws.progress(5, failed=cut), remark=cut),
        view(page, progress=ws.progress(11, ended=True), pair_path=ws.PAIR_FILE, guest=samples.protected().guests[0]),
        view(page, progress=ws.progress(0, ended=True, undoing=True), drilled=True, guest=samples.incident().guests[0]),
        view(page, focus=len(form.items(page, ws.CHOSEN, ws.look(), BOTH)) - 1, scroll=10_000),
    ]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_at_every_size(page: Page) -> None:
    for seen, size, ascii_only in itertools.product(variants(page), SIZES, (False, True)):
        painted = paint_wizard(replace(seen, ascii_only=ascii_only), *size)
        assert len(painted.lines) == size[1]
        assert {cell_len(text_of(line)) for line in painted.lines} == {size[0]}
        assert 0 <= painted.scroll <= painted.highest
        for spot in painted.spots:
            assert 0 <= spot.row < size[1]
            assert 0 <= spot.x < spot.end
        if ascii_only:
            assert "".join(text_of(line) for line in painted.lines).isascii()


@pytest.mark.parametrize("size", [(160, 46), (100, 30), (80, 24)])
@pytest.mark.parametrize("page", PAGES)
def test_the_cursor_is_always_in_sight(page: Page, size: tuple[int, int]) -> None:
    items = form.items(page, ws.CHOSEN, ws.look(), BOTH)
    for index, item in enumerate(items):
        painted = paint_wizard(view(page, focus=index), *size)
        assert any(spot.name == f"item:{item.key}" for spot in painted.spots), item.key


def test_the_network_page_says_what_is_wanted() -> None:
    text = shown(view(Page.NETWORK))
    for words in ("alpha → beta", "0.31 ms", "< 1 ms", "> 500 Mb/s", "1500 B", "9000 B", "3 pkt/s", "● forward"):
        assert words in text
    assert "This page adds 2 steps to the plan, 11 in all so far." in text
    assert "on beta" in text


def test_the_cable_table_judges_each_way() -> None:
    look = replace(ws.look(), cable=ws.cable(there=ws.way("alpha", "beta", seen=False, lost=200, rate_mbps=None)))
    found = {row.name: row for row in rows_of(view(Page.NETWORK, look=look), look.cable or ws.cable())}
    assert found["same cable"].good == (False, True)
    assert found["lost frames"].good == (False, True)
    assert found["rate"].good == (None, True)
    assert found["gro"].there == "off"
    assert found["gro"].good == (True, False)
    assert "✘" in shown(view(Page.NETWORK, look=look))
    broken = replace(ws.look(), cable=ws.cable(error="eth1 of beta is down", there=None, back=None))
    assert "eth1 of beta is down" in shown(view(Page.NETWORK, look=broken))
    other = replace(ws.look(), cable=ws.cable(elsewhere=("eth0 of beta",)))
    assert "it is no cable but a switch" in shown(view(Page.NETWORK, look=other))
    stale = replace(ws.look(), cable=ws.cable(nics=("eth1", "eth2")))
    assert "was not tested yet" in shown(view(Page.NETWORK, look=stale))


def test_a_version_that_cannot_work_names_the_one_that_does() -> None:
    text = shown(view(Page.ENGINE))
    assert "QEMU 10.0.2" in text
    assert "install QEMU 10.2 or later on beta" in text
    assert [finding.key for finding in unmended(view(Page.ENGINE))] == ["version"]
    assert not complete(view(Page.NETWORK), Page.ENGINE)
    assert "no step mends it" in shown(view(Page.REVIEW))


def test_what_is_already_so_is_marked_in_the_review() -> None:
    seen = view(Page.REVIEW, states={0: StepState.ALREADY})
    assert shown(seen).count("is so") == 1
    assert added_by(seen, Topic.NETWORK) == 2
    assert "10 steps will change the two hosts" in shown(view(Page.RUN, states={0: StepState.ALREADY}))
    every = dict.fromkeys(range(len(ws.STEPS)), StepState.ALREADY)
    assert "Both hosts are as the plan wants them" in shown(view(Page.RUN, states=every))


def test_which_pages_may_be_opened() -> None:
    seen = view(Page.ENGINE)
    assert may_open(seen, Page.NETWORK)
    assert not may_open(seen, Page.MODULES)
    assert not may_open(replace(seen, reached=(None, ws.reached(1))), Page.NETWORK)
    assert not may_open(view(Page.REVIEW, problems=("x",)), Page.RUN)
    assert not may_open(view(Page.RUN), Page.PROTECTION)
    assert may_open(view(Page.RUN, pair_path="x"), Page.PROTECTION)
    running = view(Page.RUN, progress=ws.progress(3))
    assert [entry.page for entry in entries(running) if entry.reachable] == [Page.RUN]


def test_what_was_changed_is_said_in_the_strip() -> None:
    assert changed(view(Page.ENGINE))[0] == "nothing has been changed yet"
    assert changed(view(Page.RUN, progress=ws.progress(3)))[0].startswith("step 4 of 11")
    assert changed(view(Page.RUN, progress=ws.progress(5, failed="x")))[0] == "stopped at step 6 of 11"
    assert "looking" in changed(view(Page.ENGINE, busy={"look": ws.NOW - 3}))[0]


def test_a_key_is_shown_whole() -> None:
    seen = view(Page.HOSTS, reached=(Reached(False, fingerprint=ws.KEY_ALPHA), None))
    for size in ((160, 46), (100, 30), (80, 24)):
        assert ws.KEY_ALPHA[:24] in shown(seen, size)
        assert ws.KEY_ALPHA[-10:] in shown(seen, size)


def test_a_long_text_shows_the_part_round_the_cursor() -> None:
    text = "/srv/" + "a" * 100 + "-end"
    items = form.items(Page.GUEST, ws.CHOSEN, None, BOTH)
    disk = next(index for index, item in enumerate(items) if item.key == "guest.disk")
    seen = view(Page.GUEST, focus=disk, typing=True, editor=Editor.of(text))
    assert "aaa-end" in shown(seen, (80, 24))
    assert "/srv/aaa" in shown(replace(seen, editor=Editor(text, 0)), (80, 24))


@pytest.mark.parametrize(
    ("keys", "text", "at"),
    [
        (["backspace"], "a b", 3),
        (["home", "delete"], " b.c", 0),
        (["left", "left", "right"], "a b.", -1),
    ],
)
def test_editing_moves(keys: list[str], text: str, at: int) -> None:
    editor = Editor.of("a b.")
    if keys[0] == "home":
        editor = Editor.of("a b.c")
    for key in keys:
        pressed = editor.pressed(key)
        assert pressed is not None
        editor = pressed
    assert editor.text == text
    if at >= 0:
        assert editor.at == at
    assert editor.pressed("f5") is None


def test_what_is_typed_is_clean_and_bounded() -> None:
    assert Editor.of("").typed("a\x1b[31mb\nc").text == "ab c"
    assert len(Editor.of("").typed("x" * 9000).text) == 500
    assert Editor.of("one two.three").pressed("ctrl+w") == Editor("one two.", 8)
    assert Editor("abc", 1).pressed("ctrl+u") == Editor("bc", 0)
    assert Editor("abc", 1).pressed("ctrl+k") == Editor("a", 1)


def test_a_nic_keeps_its_use_until_it_is_taken_on_purpose() -> None:
    draft = Draft()
    for key in ("nic.0.eth0", "nic.0.eth1"):
        draft = form.turn(draft, key)
    assert (draft.hosts[0].service_nic, draft.hosts[0].forward_nic) == ("eth0", "eth1")
    draft = form.turn(draft, "nic.0.eth0")
    assert (draft.hosts[0].service_nic, draft.hosts[0].forward_nic) == ("", "eth0")
    draft = form.turn(draft, "nic.0.eth0")
    assert (draft.hosts[0].service_nic, draft.hosts[0].forward_nic) == ("", "")


def test_the_engine_brings_its_wiring() -> None:
    xen = form.turn(Draft(), "engine")
    assert xen.guest.engine is EngineKind.XEN
    assert xen.wanted.wiring
    assert not form.turn(xen, "engine").wanted.ifb


def test_texts_are_read_as_the_pair_file_reads_them() -> None:
    assert form.take(Draft(), "guest.memory", "1.5 GiB").guest.memory == 3 << 29
    assert form.take(ws.CHOSEN, "guest.disk_size", "").guest.disk_size is None
    assert form.take(ws.CHOSEN, "guest.name", "db").guest.disk == "/var/lib/colotui/db/disk0.qcow2"
    renamed = form.take(replace(ws.CHOSEN, wanted=replace(ws.CHOSEN.wanted, image_from="beta")), "host.1.name", "b2")
    assert renamed.wanted.image_from == "b2"
    for key, text in (("host.0.name", "beta"), ("host.0.forward_address", "10.78.0.1"), ("host.0.bridge", "br 0"),
                      ("guest.disk", "disk.raw"), ("guest.cpus", "0"), ("guest.probe", "ftp://x"),
                      ("host.0.key", "a\x1bb")):  # fmt: skip
        with pytest.raises(values.Bad):
            form.take(ws.CHOSEN, key, text)
    assert form.size_words(1536 << 20) == "1536 MiB"
    assert form.size_words(5) == "5 B"


def test_addresses_in_use_are_not_proposed() -> None:
    look = ws.look()
    empty = Draft()
    first = proposals.network(empty, look)
    assert [host.forward_address for host in first.hosts] == ["10.78.0.1/24", "10.78.0.2/24"]
    used = replace(ws.survey("beta"), nics=(ws.nic("eth9", "e1000", addresses=("10.78.0.7/16", "fe80::1/64", "x")),))
    moved = proposals.network(empty, replace(look, surveys={**look.surveys, "beta": used}))
    assert [host.forward_address for host in moved.hosts] == ["10.79.0.1/24", "10.79.0.2/24"]
    alpha, beta = empty.hosts
    half = replace(empty, hosts=(alpha, replace(beta, forward_address="192.168.9.1/30")))
    assert proposals.network(half, look).hosts[0].forward_address == "192.168.9.2/30"
    half = replace(empty, hosts=(replace(alpha, forward_address="192.168.9.1/30"), beta))
    assert proposals.network(half, look).hosts[1].forward_address == "192.168.9.2/30"


def test_a_mac_and_a_disk_are_proposed_once() -> None:
    draft = proposals.guest(Draft(), lambda count: bytes(range(count)))
    assert draft.guest.mac == "52:54:00:00:01:02"
    assert draft.guest.disk == "/var/lib/colotui/web01/disk0.qcow2"
    assert proposals.guest(draft, lambda count: b"\xff" * count) == draft
    assert form.turn(draft, "guest.disk_format").guest.disk.endswith("disk0.raw")


def test_the_script_knows_how_the_hosts_are_reached() -> None:
    spec = hosts_of(ws.CHOSEN)["beta"]
    assert (spec.address, spec.forward.nic, spec.forward.address) == ("10.77.0.3", "eth1", "10.78.0.2")


def test_the_welcome_at_every_size() -> None:
    for size, chosen, draft, waiting in itertools.product(SIZES, (0, 1), (None, ws.at_page("network")), (False, True)):
        lines, _ = paint_welcome(*size, chosen=chosen, draft=draft, waiting=waiting, remark="copied", ascii_only=True)
        assert {cell_len(text_of(line)) for line in lines} == {size[0]}

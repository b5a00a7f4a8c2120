"""The guided set-up as a person goes through it: from two addresses to a protected guest and a drill."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual import events

from colotui.errors import ConfigError, HostCallFailed
from colotui.model.pair import Accel, EngineKind
from colotui.model.plan import Action
from colotui.model.setup import Reached
from colotui.ui.paint.wizard.view import PAGES
from tests.ui import samples
from tests.ui import wizardsamples as ws
from tests.ui.fakesetup import FakePreparing
from tests.ui.wizarddriver import Guided, guided


def at(page: str) -> FakePreparing:
    fake = FakePreparing(ws.at_page(page))
    fake.tested = True
    return fake


async def test_from_two_addresses_to_a_protected_guest_and_a_drill() -> None:
    fake = FakePreparing()
    fake.answers[0] = Reached(False, fingerprint=ws.KEY_ALPHA)
    async with guided(fake) as wizard:
        assert "Which two hosts" in wizard.shown()
        await wizard.type("10.77.0.2")
        await wizard.press("enter")
        assert ws.KEY_ALPHA in wizard.shown()
        assert wizard.called("accept") == 0
        await wizard.press("y")
        assert ("accept", 0, ws.KEY_ALPHA) in fake.calls
        assert "reached" in wizard.shown()
        await wizard.press("enter")
        await wizard.type("10.77.0.3")
        await wizard.press("enter")
        assert fake.draft.hosts[1].address == "10.77.0.3"
        assert ("reach", 1, "10.77.0.3") in fake.calls
        await wizard.press("enter")
        assert wizard.page == "engine"
        assert "QEMU 10.0.2" in wizard.shown()
        assert "install QEMU 10.2 or later on beta" in wizard.shown()

        await wizard.press("enter")
        assert wizard.page == "network"
        assert fake.draft.hosts[0].forward_address == "10.78.0.1/24"
        assert fake.draft.hosts[1].forward_address == "10.78.0.2/24"
        await wizard.press("t")
        assert "choose the forward NIC of both hosts first" in wizard.shown()
        for _ in range(2):
            await wizard.press("space", "down", "space", "up", "tab")
        for host in fake.draft.hosts:
            assert (host.service_nic, host.forward_nic) == ("eth0", "eth1")
        await wizard.press("t")
        assert wizard.called("cable") == 1
        for words in ("0.31 ms", "941 Mb/s", "9000 B", "plan: ip link set eth1 mtu 1500", "nothing, you decide"):
            assert words in wizard.shown()

        for page in ("modules and ifb", "irq and clock", "guest"):
            await wizard.press("enter")
            assert wizard.page == page
        assert fake.draft.guest.mac.startswith("52:54:00:")
        assert "4 GiB for the guest" in wizard.shown()
        await wizard.press("enter")
        assert wizard.page == "review"
        assert "is so" in wizard.shown()
        assert wizard.called("run") == 0
        await wizard.press("enter")
        assert wizard.page == "run"
        assert wizard.called("run") == 0
        await wizard.press("enter")
        assert wizard.called("run") == 1
        assert f"written: {ws.PAIR_FILE}" in wizard.shown()
        assert len(wizard.controllers) == 1
        assert wizard.controllers[0].started

        await wizard.press("enter")
        assert wizard.page == "first protection"
        assert ws.PAIR_FILE in wizard.shown()
        await _protect(wizard)
        await _drill(wizard)


async def _protect(wizard: Guided) -> None:
    controller = wizard.controllers[0]
    controller.prepared = replace(samples.protect_plan(), confirm="")
    controller.publish(samples.absent())
    await wizard.press("enter")
    assert wizard.top == "PlanScreen"
    assert ("prepare", "web01", "start") in controller.calls
    await wizard.press("enter")
    started = samples.absent()
    guest = replace(started.guests[0], actions={**started.guests[0].actions, Action.PROTECT: None})
    controller.publish(replace(started, guests=(guest,)))
    await wizard.press("enter")
    wizard.app.redraw()
    await wizard.settle()
    assert wizard.top == "PlanScreen"
    assert ("prepare", "web01", "protect") in controller.calls
    controller.publish(samples.protected())
    await wizard.press("escape")
    assert wizard.top == "WizardScreen"
    assert "PROTECTED" in wizard.shown()


async def _drill(wizard: Guided) -> None:
    controller = wizard.controllers[0]
    await wizard.press("enter")
    assert wizard.page == "drill"
    await wizard.press("enter")
    assert wizard.top == "PlanScreen"
    assert ("prepare", "web01", "switch") in controller.calls
    protected = samples.protected()
    guest = protected.guests[0]
    moved = replace(guest, protection=replace(guest.protection, primary="beta", secondary="alpha"))
    controller.publish(replace(protected, guests=(moved,)))
    await wizard.press("escape")
    assert "The drill is done" in wizard.shown()
    await wizard.press("enter")
    assert wizard.top == "CockpitScreen"
    assert "PROTECTED" in wizard.shown()


async def test_a_field_takes_letters_that_are_keys_elsewhere() -> None:
    async with guided() as wizard:
        await wizard.press("tab", "tab", "tab", "tab", "tab")
        assert wizard.wizard.session.focused is not None
        assert wizard.wizard.session.focused.key == "host.1.address"
        await wizard.type("btvxy.example?")
        assert wizard.page == "hosts and keys"
        assert wizard.top == "WizardScreen"
        assert "btvxy.example?" in wizard.shown()
        await wizard.press("enter")
        assert "is no address" in wizard.shown()
        assert wizard.called("reach") == 0
        await wizard.press("backspace", "enter")
        assert wizard.fake.draft.hosts[1].address == "btvxy.example"
        assert ("reach", 1, "btvxy.example") in wizard.fake.calls


async def test_editing_keys_and_paste() -> None:
    async with guided() as wizard:
        wizard.app.screen.post_message(events.Paste("10.0.0.5\nx\x1b[31m"))
        await wizard.settle()
        await wizard.press("ctrl+w", "home", "delete", "1", "end", "backspace", "backspace", "left", "right", "7")
        await wizard.press("down")
        assert wizard.fake.draft.hosts[0].address == "10.0.0.7"
        await wizard.press("up", "ctrl+u", "x", "ctrl+a", "ctrl+k", "l", "o", "c", "a", "l", "tab")
        assert wizard.fake.draft.hosts[0].address == "local"


async def test_leaving_a_complete_host_connects_and_a_wrong_port_is_said() -> None:
    async with guided() as wizard:
        await wizard.type("10.77.0.2")
        await wizard.press("down", "down", "ctrl+u", "9", "9", "9", "9", "9", "down")
        assert "out of range" in wizard.shown()
        await wizard.press("up", "ctrl+u", "2", "2", "0", "0", "down")
        assert wizard.called("reach") == 0
        await wizard.press("down")
        assert ("reach", 0, "10.77.0.2") in wizard.fake.calls
        assert wizard.fake.draft.hosts[0].port == 2200


async def test_a_changed_address_is_a_new_question() -> None:
    async with guided(FakePreparing(ws.CHOSEN)) as wizard:
        await wizard.press("enter")
        assert wizard.shown().count("✔ reached") == 2
        await wizard.press("down", "ctrl+u", "h", "tab")
        assert wizard.shown().count("✔ reached") == 1


async def test_a_changed_key_and_a_dead_host_are_said_and_go_no_further() -> None:
    fake = FakePreparing(ws.CHOSEN)
    fake.answers[0] = Reached(False, problem="alpha: its host key has changed.", next_step="Never accept it unseen.")
    fake.answers[1] = Reached(False, problem="beta: connection refused.", next_step="Is sshd running?")
    async with guided(fake) as wizard:
        await wizard.press("enter")
        assert "its host key has changed" in wizard.shown()
        assert "Is sshd running?" in wizard.shown()
        await wizard.press("escape", "y")
        assert wizard.called("accept") == 0
        await wizard.press("enter")
        assert wizard.page == "hosts and keys"
        assert wizard.called("reach") == 4
        await wizard.click_on("engine")
        assert wizard.page == "hosts and keys"


async def test_both_keys_are_asked_for_one_after_the_other() -> None:
    fake = FakePreparing(ws.CHOSEN)
    fake.answers = {0: Reached(False, fingerprint=ws.KEY_ALPHA), 1: Reached(False, fingerprint=ws.KEY_BETA)}
    async with guided(fake) as wizard:
        await wizard.press("enter", "enter")
        assert wizard.called("accept") == 0
        await wizard.press("y", "y")
        assert [call for call in fake.calls if call[0] == "accept"] == [
            ("accept", 0, ws.KEY_ALPHA),
            ("accept", 1, ws.KEY_BETA),
        ]
        await wizard.press("enter")
        assert wizard.page == "engine"


async def test_a_slow_look_is_said_and_holds_nothing_up() -> None:
    clock = [ws.NOW]
    fake = FakePreparing(ws.CHOSEN)
    async with guided(fake, now=lambda: clock[0]) as wizard:
        await wizard.press("enter")
        fake.gate.clear()
        await wizard.press("enter")
        clock[0] += 3
        wizard.app.redraw()
        assert "asking both hosts … 3 s" in wizard.shown()
        await wizard.press("enter", "b", "b")
        assert wizard.page == "hosts and keys"
        fake.gate.set()
        await wizard.settle()
        await wizard.press("escape", "enter")
        assert "QEMU 11.1.3" in wizard.shown()


async def test_a_look_that_fails_is_said_and_can_be_repeated() -> None:
    fake = FakePreparing(ws.CHOSEN)
    fake.raises["look"] = HostCallFailed("beta", "the agent ended.", 5, "Connect again.")
    async with guided(fake) as wizard:
        await wizard.press("enter", "enter")
        assert "the agent ended" in wizard.shown()
        await wizard.press("enter")
        assert "the agent ended" in wizard.shown()
        fake.raises.clear()
        await wizard.press("t")
        assert "eth0" in wizard.shown()


async def test_switches_and_choices_change_the_draft() -> None:
    async with guided(at("engine")) as wizard:
        await wizard.press("space")
        assert wizard.fake.draft.guest.engine is EngineKind.XEN
        assert wizard.fake.draft.wanted.ifb
        await wizard.press("space", "enter", "enter")
        assert not wizard.fake.draft.wanted.ifb
        await wizard.press("down", "space")
        assert wizard.fake.draft.wanted.wiring
        assert wizard.fake.draft.wanted.ifb
        await wizard.press("up", "space")
        assert not wizard.fake.draft.wanted.wiring
        await wizard.press("enter")
        before = wizard.fake.draft.wanted
        for _ in range(5):
            await wizard.press("space", "down")
        after = wizard.fake.draft.wanted
        for name in ("irqs", "quickack", "offloads_off", "clock", "keep"):
            assert getattr(after, name) is not getattr(before, name), name
        await wizard.click_on("each NIC's interrupt")
        assert wizard.fake.draft.wanted.irqs is before.irqs


async def test_the_guest_page() -> None:
    async with guided(at("guest")) as wizard:
        await wizard.press("ctrl+u")
        await wizard.type("db-1")
        await wizard.press("down", "ctrl+u")
        await wizard.type("2 GB")
        await wizard.press("down")
        assert "is not a unit" in wizard.shown()
        await wizard.press("enter")
        assert wizard.page == "guest"
        await wizard.press("up", "ctrl+u")
        await wizard.type("2 GiB")
        await wizard.press("down", "ctrl+u", "4", "down", "space", "down", "ctrl+u")
        assert wizard.fake.draft.guest.accel is Accel.KVM
        await wizard.type("01:00:00:00:00:01")
        await wizard.press("down")
        assert "multicast" in wizard.shown()
        await wizard.press("up", "ctrl+u")
        await wizard.type("52:54:00:AA:bb:cc")
        await wizard.press("down", "space", "down", "ctrl+u")
        await wizard.type("ping://10.77.0.10")
        await wizard.press("down", "ctrl+u")
        await wizard.type("/srv/db.qcow2")
        await wizard.press("down", "space", "down", "ctrl+u", "down", "space", "space", "down")
        guest = wizard.fake.draft.guest
        assert (guest.name, guest.memory, guest.cpus) == ("db-1", 2 << 30, 4)
        assert (guest.mac, guest.probe, guest.disk) == ("52:54:00:aa:bb:cc", "ping://10.77.0.10", "/srv/db.qcow2")
        assert (guest.disk_format, guest.disk_size) == ("raw", None)
        assert wizard.fake.draft.wanted.image_from == "beta"
        assert ("image", 1, "/srv/db.qcow2") in wizard.fake.calls


async def test_what_is_missing_stops_at_the_review() -> None:
    draft = replace(ws.CHOSEN, hosts=(replace(ws.CHOSEN.hosts[0], forward_nic=""), ws.CHOSEN.hosts[1]))
    async with guided(FakePreparing(ws.at_page("review", draft))) as wizard:
        assert "alpha has no forward NIC" in wizard.shown()
        assert "▲  network" in wizard.shown()
        await wizard.press("enter")
        assert wizard.page == "review"
        assert "still missing" in wizard.shown()


async def test_the_plan_so_far_the_script_and_the_copy(tmp_path: Path) -> None:
    async with guided(at("network"), export_folder=tmp_path) as wizard:
        await wizard.press("v")
        assert wizard.top == "SoFarScreen"
        assert "The plan so far: 11 steps" in wizard.shown()
        await wizard.press("down", "pageup", "escape", "x")
        script = tmp_path / "colotui-setup-web01.sh"
        assert "ethtool -K eth1 gro off" in script.read_text()
        assert "root@10.77.0.3" in script.read_text()
        await wizard.click_on("guest")
        assert wizard.page == "network"
        wizard.wizard.session.furthest = 6
        wizard.app.redraw()
        await wizard.click_on("review")
        assert wizard.page == "review"
        await wizard.press("c")
        assert "qemu-img create" in wizard.app.clipboard


async def test_a_script_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    async with guided(at("network"), export_folder=tmp_path / "gone") as wizard:
        await wizard.press("x")
        assert "not written" in wizard.shown()


async def test_a_failed_step_is_retried() -> None:
    fake = at("review")
    fake.fail_at = 5
    async with guided(fake) as wizard:
        await wizard.press("enter", "enter")
        assert "Failed at step 6 of 11" in wizard.shown()
        assert "Cannot change gro: not supported" in wizard.shown()
        assert wizard.called("write_pair") == 0
        await wizard.press("enter")
        assert wizard.page == "run"
        await wizard.press("r")
        assert "written:" in wizard.shown()
        assert wizard.called("write_pair") == 1


async def test_a_failed_plan_is_undone_or_left_so() -> None:
    for key in ("u", "l"):
        fake = at("review")
        fake.fail_at = 5
        async with guided(fake) as wizard:
            await wizard.press("enter", "enter", key)
            if key == "u":
                assert "Taken back" in wizard.shown()
                await wizard.press("enter")
            assert wizard.page == "review"
            assert wizard.called("write_pair") == 0
            await wizard.press("enter", "enter")
            assert "written:" in wizard.shown()


async def test_while_a_plan_runs_it_can_be_stopped_but_not_left() -> None:
    fake = at("review")
    fake.hold_at = 3
    async with guided(fake) as wizard:
        await wizard.press("enter")
        fake.gate.clear()
        await wizard.press("enter")
        assert "Step 4 of 11" in wizard.shown()
        assert "3 of 4 GiB" in wizard.shown()
        await wizard.press("escape", "b", "enter")
        assert wizard.page == "run"
        fake.cancel_reason = "the disk is half copied"
        await wizard.press("s")
        assert "half copied" in wizard.shown()
        fake.cancel_reason = None
        await wizard.press("s")
        assert "stops at the next safe point" in wizard.shown()
        await wizard.press("ctrl+q")
        assert wizard.top == "AskScreen"
        await wizard.press("escape")
        fake.gate.set()
        await wizard.settle()
        assert "written:" in wizard.shown()


async def test_a_pair_file_that_cannot_be_written_is_said_and_tried_again() -> None:
    fake = at("review")
    fake.raises["write_pair"] = ConfigError(ws.PAIR_FILE, 0, "cannot be written: no space")
    async with guided(fake) as wizard:
        await wizard.press("enter", "enter")
        assert "no space" in wizard.shown()
        fake.raises.clear()
        await wizard.press("enter")
        assert "written:" in wizard.shown()
        assert len(wizard.controllers) == 1


async def test_leaving_and_resuming() -> None:
    fake = at("irq and clock")
    async with guided(fake) as wizard:
        assert wizard.page == "irq and clock"
        assert wizard.called("reach") == 2
        assert "irq 31 on cpu 0" in wizard.shown()
        await wizard.press("b", "b")
        await wizard.press("escape")
        assert not wizard.app.is_running
    assert fake.draft.page == "network"
    assert fake.closed
    assert "start colotui again" in wizard.app.farewell
    again = FakePreparing(fake.draft)
    async with guided(again) as wizard:
        assert wizard.page == "network"
        assert "opened again" in wizard.shown()


async def test_resuming_with_a_host_that_is_gone() -> None:
    fake = at("modules and ifb")
    fake.answers[1] = Reached(False, problem="no answer from 10.77.0.3")
    async with guided(fake) as wizard:
        assert "beta is not reached: no answer from 10.77.0.3" in wizard.shown()
        await wizard.press("enter", "t")
        assert wizard.page == "modules and ifb"
        assert "both hosts must answer first" in wizard.shown()
        await wizard.click_on("hosts and keys")
        assert wizard.page == "hosts and keys"


async def test_pages_and_buttons_can_be_clicked() -> None:
    async with guided(at("network")) as wizard:
        await wizard.click_on("Next: modules and ifb")
        assert wizard.page == "modules and ifb"
        await wizard.click_on("Back")
        assert wizard.page == "network"
        await wizard.click_on("engine")
        assert wizard.page == "engine"
        await wizard.click_on("first protection")
        assert wizard.page == "engine"
        await wizard.click_on("network")
        await wizard.click_on("eth2")
        await wizard.click_on("eth2")
        assert wizard.fake.draft.hosts[0].service_nic == "eth2"
        await wizard.click_on("the plan so far")
        assert wizard.top == "SoFarScreen"
        await wizard.press("v")
        await wizard.click_on("Leave")
        assert not wizard.app.is_running


async def test_every_page_is_reached_and_no_key_breaks_it() -> None:
    keys = [
        "space", "tab", "shift+tab", "down", "up", "pagedown", "pageup", "y", "r", "u", "l", "s", "o", "c", "T", "m",
    ]  # fmt: skip
    for page in PAGES:
        async with guided(at(page.value)) as wizard:
            await wizard.press(*keys)
            await wizard.press("escape", "question_mark")
            if wizard.app.is_running:
                assert wizard.top == "WizardHelp"
                assert "Test the cable again" in wizard.shown() or wizard.app.size.height < 40
                await wizard.press("escape")


async def test_the_controller_that_cannot_be_made_is_said() -> None:
    fake = at("review")
    async with guided(fake) as wizard:
        real = wizard.app._make
        wizard.app._make = lambda path: (_ for _ in ()).throw(ConfigError(str(path), 3, "a line is wrong"))
        await wizard.press("enter", "enter", "enter")
        assert "a line is wrong" in wizard.shown()
        wizard.app._make = real
        await wizard.press("enter")
        assert len(wizard.controllers) == 1
        assert "a line is wrong" not in wizard.shown()


@pytest.mark.parametrize("key", ["o", "escape"])
async def test_after_the_pair_is_written_the_cockpit_lies_below(key: str) -> None:
    async with guided(at("review"), snapshot=samples.protected) as wizard:
        await wizard.press("enter", "enter", "enter", key)
        assert wizard.top == "CockpitScreen"
        assert wizard.app.is_running
        assert "PROTECTED" in wizard.shown()

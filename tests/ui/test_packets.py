"""The packets of a mismatch on the screen, and the keys of the capture."""

from __future__ import annotations

from dataclasses import replace

import pytest

from colotui.errors import ActionRefused, HostLost
from colotui.model.facts import Missing
from colotui.model.packet import Captured, Field, PacketPair
from colotui.model.protection import Snapshot
from colotui.ui.paint.canvas import text_of
from colotui.ui.paint.packets import packets_sheet
from tests.ui import packetsamples, samples
from tests.ui.driver import Driven, driven

SIZES = {"160x46": (160, 46), "100x30": (100, 30), "80x24": (80, 24)}
OPEN = ("3", "enter", "enter")


def capturing(**changes: object) -> Snapshot:
    return packetsamples.capturing(samples.protected(), **changes)


async def opened(drive: Driven, found: object) -> None:
    drive.fake.found = found  # type: ignore[assignment]
    await drive.press(*OPEN)
    await drive.pilot.pause()


async def test_both_packets_field_by_field() -> None:
    async with driven(capturing()) as drive:
        await opened(drive, packetsamples.shown_pair())
        assert drive.screen_name == "PacketsScreen"
        assert drive.fake.calls == [("packets", "web01", "length 104 ≠ 79")]
        shown = drive.shown("packets-page")
        (checksum,) = [line for line in shown.splitlines() if "checksum" in line and "≠" in line]
        assert "0x2c3e" in checksum
        assert "0xd09a" in checksum
        assert "244 of 342 bytes differ" in shown
        assert "fd5" in shown
        assert "capture on since 12:02:59" in shown
        assert "ends by itself at 12:12:59, in 8 min" in shown
        await drive.press("G")
        assert "0150" in drive.shown("packets-page")
        await drive.press("g", "j", "k", "pagedown", "pageup", "y")
        assert "0xd09a" in drive.app.clipboard
        await drive.press("escape")
        assert drive.screen_name == "FullScreen"
        await drive.press("escape")
        assert drive.screen_name == "CockpitScreen"


async def test_the_next_and_the_previous_mismatch() -> None:
    async with driven(capturing()) as drive:
        await opened(drive, packetsamples.shown_pair())
        await drive.press("e")
        assert drive.fake.calls[-1] == ("packets", "web01", "payload differs, 60 B")
        await drive.press("E")
        assert drive.fake.calls[-1] == ("packets", "web01", "length 104 ≠ 79")
        await drive.press("E")
        assert "no more mismatches that way" in drive.said()


async def test_a_new_mismatch_does_not_change_the_one_that_is_open() -> None:
    async with driven(capturing()) as drive:
        await opened(drive, packetsamples.shown_pair())
        guest = drive.fake.snapshot.guests[0]
        newer = replace(guest.mismatches[-1], at=samples.NOW, what="newer")
        log = type(guest.mismatches).of([*guest.mismatches, newer])
        drive.fake.publish(replace(drive.fake.snapshot, guests=(replace(guest, mismatches=log),)))
        drive.app.redraw()
        await drive.pilot.pause()
        assert "length 104 ≠ 79   10.77" in drive.shown("packets-page")
        assert len(drive.fake.calls) == 1


async def test_while_they_are_looked_for() -> None:
    async with driven(capturing()) as drive:
        drive.fake.gate.clear()
        await opened(drive, packetsamples.shown_pair())
        assert "looking for the packets" in drive.shown("packets-page")
        drive.fake.gate.set()
        await drive.pilot.pause()
        await drive.pilot.pause()
        assert "bytes differ" in drive.shown("packets-page")


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Missing("no packet was captured around it"), "— no packet was captured around it"),
        (HostLost("alpha", "the channel ended."), "▲ alpha: the channel ended."),
    ],
)
async def test_why_there_are_none(found: object, text: str) -> None:
    async with driven(capturing()) as drive:
        await opened(drive, found)
        assert text in drive.shown("packets-page")


async def test_off_says_which_key_switches_it_on() -> None:
    async with driven(samples.protected()) as drive:
        await drive.press("3", "enter")
        line = "no packets were captured: c switches the capture on for the next ones"
        assert line in drive.shown("full-page")
        await drive.press("c")
        await drive.pilot.pause()
        assert drive.fake.calls == [("capture", "web01", "on")]
        assert "capture on since" in drive.shown("full-page")
        assert "packet capture on" in drive.said()
        await drive.press("c")
        await drive.pilot.pause()
        assert drive.fake.calls[-1] == ("capture", "web01", "off")
        assert line in drive.shown("full-page")


async def test_the_key_in_the_cockpit_and_in_the_packets() -> None:
    async with driven(samples.protected()) as drive:
        await drive.press("c")
        await drive.pilot.pause()
        assert drive.fake.calls == [("capture", "web01", "on")]
        await opened(drive, Missing("none"))
        await drive.press("c")
        await drive.pilot.pause()
        assert drive.fake.calls[-1] == ("capture", "web01", "off")


async def test_a_refusal_is_said() -> None:
    async with driven(samples.protected()) as drive:
        drive.fake.capture_refused = ActionRefused("web01 is not protected.", "Protect it.")
        await drive.press("c")
        await drive.pilot.pause()
        assert "web01 is not protected. Protect it." in drive.said()


async def test_read_only_asks_nobody() -> None:
    async with driven(replace(samples.protected(), read_only="ann@desk acts")) as drive:
        await drive.press("c")
        await drive.pilot.pause()
        assert "read-only: ann@desk acts" in drive.said()
        assert drive.fake.calls == []


async def test_the_keymap_moves_the_key_everywhere() -> None:
    async with driven(samples.protected(), keymap={"capture": "f6"}) as drive:
        await drive.press("3", "enter")
        assert "f6 switches the capture on" in drive.shown("full-page")
        await drive.press("c")
        assert drive.fake.calls == []
        await drive.press("f6")
        await drive.pilot.pause()
        assert drive.fake.calls == [("capture", "web01", "on")]


async def test_any_size_and_back() -> None:
    async with driven(capturing()) as drive:
        await opened(drive, packetsamples.shown_pair())
        for size in ((20, 5), (80, 24), (100, 30), (139, 60), (160, 46), (300, 80), (1, 1), (100, 30)):
            await drive.pilot.resize_terminal(*size)
            await drive.pilot.pause()
        assert "bytes differ" in drive.shown("packets-page")


def hostile_pair() -> PacketPair:
    bad = "[@click=app.quit]x[/]\x1b]0;owned\x07\u202e\u200b漢字é" * 9
    mine = Captured(samples.NOW, bytes(range(256)), 256)
    fields = tuple(Field(bad, bad, bad, bad[::-1], True) for _ in range(20))
    return PacketPair(mine, mine, fields, bytes(range(256)), bytes(range(255, -1, -1)), ((0, 256), (90, 9000)), bad)


@pytest.mark.parametrize("size", sorted(SIZES))
async def test_hostile_packets_are_only_text(size: str) -> None:
    snapshot = capturing(problem="\x1b[2J[/bold]" * 40)
    async with driven(snapshot, SIZES[size]) as drive:
        await opened(drive, hostile_pair())
        for key in ("G", "g", "j", "y"):
            await drive.press(key)
            shown = drive.shown()
            assert "\x1b" not in shown
            assert "\u202e" not in shown
        assert drive.app.is_running
        assert "\x1b" not in drive.app.clipboard


async def test_every_width_holds_its_lines() -> None:
    async with driven(capturing()) as drive:
        scene = drive.app.scene()
        assert scene is not None
        entry = scene.guest.mismatches[-1]
        alone = replace(packetsamples.shown_pair(), secondary=None, secondary_payload=b"", differences=(), note="alone")
        for found in (packetsamples.shown_pair(), alone, hostile_pair(), Missing("x" * 300), None):
            for width in (40, 76, 89, 90, 96, 104, 138, 250):
                for line in packets_sheet(scene, entry, found, width).lines():
                    assert len(text_of(line)) <= width

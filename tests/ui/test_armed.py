"""The armed failover on the screen: its badge at every size, its key with the question, the palette, the reasons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from colotui.errors import ActionRefused
from colotui.model.protection import Armed, Snapshot
from colotui.ui.commands import CockpitCommands
from tests.ui import samples
from tests.ui.driver import Driven, driven

ARMED = Armed(samples.NOW - 60, "operator@desk")
BLIND = Armed(samples.NOW - 60, "operator@desk", able=False, why="alpha cannot be seen: it will not act")
SIZES = [(160, 46), (100, 30), (80, 24)]


def with_armed(snapshot: Snapshot, armed: Armed | None = ARMED, refusal: str | None = None) -> Snapshot:
    guest = replace(snapshot.guests[0], armed=armed, arm_refusal=refusal)
    return replace(snapshot, guests=(guest,))


@pytest.mark.parametrize("size", [*SIZES, (50, 12)])
async def test_armed_is_seen_at_every_size(size: tuple[int, int]) -> None:
    async with driven(with_armed(samples.protected()), size) as cockpit:
        assert "ARMED" in cockpit.shown("top")
    async with driven(samples.protected(), size) as cockpit:
        assert "ARMED" not in cockpit.shown("top")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["protected", "unknown", "incident"])
async def test_why_it_would_not_act_is_said_beside_the_state(size: tuple[int, int], name: str) -> None:
    snapshot = getattr(samples, name)()
    async with driven(with_armed(snapshot, BLIND), size) as cockpit:
        top = cockpit.shown("top")
        assert "ARMED ▲" in top
        assert "alpha cannot be seen" in top
        assert snapshot.guests[0].protection.state.value.upper() in top
        if size[0] >= 140:
            assert "it will not act" in top


async def test_in_ascii_it_is_ascii() -> None:
    async with driven(with_armed(samples.protected(), BLIND), ascii_only=True) as cockpit:
        assert "ARMED !" in cockpit.shown("top")
        assert cockpit.shown("top").isascii()


async def test_the_key_asks_and_says_what_it_never_does() -> None:
    async with driven(with_armed(samples.protected(), None), (80, 24)) as cockpit:
        await cockpit.press("a")
        assert cockpit.screen_name == "AskScreen"
        words = " ".join(cockpit.shown("ask-box").replace("│", " ").split())
        for part in ("alpha itself reports", "beta is promoted at once", "never acts on silence", "y arm it"):
            assert part in words
        await cockpit.press("enter")
        assert cockpit.screen_name == "CockpitScreen"
        assert not cockpit.fake.calls
        await cockpit.press("a", "y")
        assert cockpit.fake.calls == [("arm", "web01", "on")]
        assert "web01: the failover is armed" in cockpit.said()
        assert "ARMED" in cockpit.shown("top")
        await cockpit.press("a")  # taking it back needs no question
        assert cockpit.fake.calls[-1] == ("arm", "web01", "off")
        assert "ARMED" not in cockpit.shown("top")


async def test_what_cannot_be_armed_says_why() -> None:
    async with driven(with_armed(samples.failed_over(), None, "not protected")) as cockpit:
        await cockpit.press("a")
        assert cockpit.screen_name == "CockpitScreen"
        assert "armed failover: not protected" in cockpit.said()
        assert not cockpit.fake.calls


async def test_read_only_cannot_arm() -> None:
    watched = replace(with_armed(samples.protected(), None, "read-only"), read_only="ann@desk acts")
    async with driven(watched) as cockpit:
        await cockpit.press("a")
        assert "armed failover: read-only: ann@desk acts" in cockpit.said()
        assert not cockpit.fake.calls


async def test_a_refusal_is_told() -> None:
    async with driven(with_armed(samples.protected(), None)) as cockpit:

        async def refuse(guest: str, on: bool) -> None:
            raise ActionRefused(f"{guest}: a second QEMU of it runs on alpha (pid 7).")

        cockpit.fake.arm = refuse  # type: ignore[method-assign]
        await cockpit.press("a", "y")
        assert "a second QEMU of it runs on alpha" in cockpit.said()


def palette_entry(cockpit: Driven) -> tuple[str, str]:
    entries = CockpitCommands(cockpit.app.screen)._entries()
    return next((name, why) for name, why, _run in entries if "Arm the failover" in name)


async def test_the_palette_lists_it_with_its_reason() -> None:
    async with driven(with_armed(samples.protected(), None)) as cockpit:
        name, why = palette_entry(cockpit)
        assert name.startswith("a ")
        assert why == ""
    async with driven(with_armed(samples.failed_over(), None, "not protected")) as cockpit:
        assert palette_entry(cockpit)[1] == "not now: not protected"

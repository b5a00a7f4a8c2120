"""Hostile words in every text that a host can fill, on every screen: nothing comes of them but their letters."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from colotui.model.facts import Missing
from colotui.model.protection import Armed, Exit, Snapshot
from colotui.model.text import plain
from tests.ui import incidentsamples, packetsamples, samples, scenes
from tests.ui.fake import FakeController
from tests.ui.poison import poisoned, texts_of
from tests.ui.scenes import Running, Stage, cockpit, fleet, running
from tests.ui.strips import Row, rows_of, text_of, unclean

TEXTS = {
    "markup": "x [red]not red[/] [b",
    "a click": "x [@click=app.quit]quit[/]",
    "a path": "x path [/dev/sda] \\[x]",
    "colour": "x \x1b[31mred\x1b[0m\x9b32m C1",
    "title": "x \x1b]0;title\x07 and \x1bPdcs\x1b\\ after",
    "turned round": "x a\u202eb\u2066c\u200f d\u061c",
    "controls": "x nul\0 bell\x07 back\b\b del\x7f tab\tend",
    "half a character": "x a\ud800b\udfffc",
    "zero width": "x a\u200bb\ufeffc\u00add",
    "marks": "x e\u0301\u0301\u0301\u0301\u0301\u0301 z\u0335\u0335a\u0300",
}
SEEN_WHOLE = ("markup", "a click", "a path")
"""Every character of these is shown. Those that are left out of the others may still take room in a column."""

SIZES = ((160, 46), (80, 24))


def tame(text: str) -> str:
    """Harmless words that must look the same."""
    kept = "".join(char for char in plain(text) if not unicodedata.combining(char))
    return kept.translate(str.maketrans("[]", "{}"))


def rich() -> Snapshot:
    """The killed primary, and everything else that can be said of a guest."""
    base = packetsamples.capturing(incidentsamples.killed())
    guest = replace(
        base.guests[0],
        progress=samples.progress(failed=4),
        armed=Armed(samples.NOW - 9, "operator@desk", able=False, why="beta is older"),
        arm_refusal="not now",
        actions={**samples.TROUBLE, samples.Action.STOP: "no"},
    )
    ended = replace(samples.progress(ended=True), results=samples.failover_plan().lines)
    other = replace(scenes.fs.named(guest, "web02"), progress=ended)
    missing: dict[str, Any] = dict.fromkeys(("ifbs", "irqbalance", "forward", "bridge", "qemu"), Missing("cannot"))
    beta = samples.facts("beta", ifb_pairs=(), **missing)
    return replace(base, guests=(guest, other), hosts=samples.host_views(beta=beta), read_only="")


def calm() -> Snapshot:
    """The same while protected."""
    base, shown = rich(), samples.protected()
    return replace(shown, guests=tuple(replace(view, incidents=base.guests[0].incidents) for view in shown.guests))


def _finding(fake: FakeController) -> None:
    fake.found = packetsamples.shown_pair()


def _listing(fake: FakeController) -> None:
    fake.bundled = scenes.bundle(4)


STAGES = [
    Stage("cockpit", cockpit(rich)),
    Stage("calm", cockpit(calm), ("4", "j")),
    Stage("hosts", cockpit(rich), ("1", "enter")),
    Stage("wiring", cockpit(calm), ("W",)),
    Stage("checkpoints", cockpit(rich), ("2", "enter")),
    Stage("mismatches", cockpit(rich), ("3", "enter")),
    Stage("packets", cockpit(rich, _finding), ("3", "enter", "enter")),
    Stage("events", cockpit(rich), ("4", "enter")),
    Stage("incidents", cockpit(rich), ("i",)),
    Stage("past incident", cockpit(rich), ("i", "G")),
    Stage("ritual", cockpit(calm), ("w",)),
    Stage("failed plan", cockpit(rich), ("v",)),
    Stage("ended plan", cockpit(rich), ("n", "v")),
    Stage("bundle", cockpit(rich, _listing), ("B",)),
    Stage("list", fleet(rich, lambda: scenes.fs.pair("shop", db="protected"))),
    Stage("palette", cockpit(rich), ("colon",)),
]


def test_every_text_of_a_snapshot_is_tried() -> None:
    found: set[tuple[str, str]] = set()
    for snapshot in (rich(), calm()):
        poisoned(snapshot, str.upper, found)
    assert found == texts_of(Snapshot)


def _say(run: Running, base: Snapshot, said: Callable[[str], str]) -> None:
    """Everything that the screen shows, with other words."""
    fake = next(pair.controller for pair in run.app.fleet.pairs if isinstance(pair.controller, FakeController))
    fake.publish(poisoned(base, said))
    screen = run.app.screen
    kept = getattr(screen, "kept", None)
    if kept is None:
        kept = screen.kept = {  # type: ignore[attr-defined]
            name: value for name in ("plan", "found", "view") if is_dataclass(value := getattr(screen, name, None))
        }
    for name, value in kept.items():
        setattr(screen, name, poisoned(value, said))
    run.app.redraw()


async def _rows(run: Running, base: Snapshot, said: Callable[[str], str]) -> list[Row]:
    _say(run, base, said)
    await run.pilot.pause()
    rows = rows_of(run.app)
    for row in rows:
        assert row[-1].end == run.app.size.width
        assert not unclean(text_of(row))
        assert not any(run.look.meta for run in row)
    assert len(rows) == run.app.size.height
    return rows


def _as_tame(rows: list[Row]) -> list[Row]:
    # What shines through below a question is painted with the next tick only; it has its own stage.
    return [tuple(replace(run, text=tame(run.text)) for run in row if not run.under) for row in rows]


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
async def test_nothing_comes_of_it_but_its_letters(stage: Stage) -> None:
    async with running(stage) as run:
        base = next(pair.snapshot for pair in run.app.fleet.pairs if pair.snapshot is not None)
        for size in SIZES:
            await run.resize(size)
            for name, text in TEXTS.items():
                wanted = _as_tame(await _rows(run, base, lambda _, text=text: tame(text)))  # type: ignore[misc]
                shown = _as_tame(await _rows(run, base, lambda _, text=text: text))  # type: ignore[misc]
                assert len(wanted) == len(shown)
                for y, (one, other) in enumerate(zip(wanted, shown, strict=True) if name in SEEN_WHOLE else ()):
                    assert one == other, f"{name} at {size}, row {y}:\n  {text_of(one)}\n  {text_of(other)}"


LONG = (
    "宽字符 wide 宽" * 3,
    "x" * 10_000,
    "宽" * 1_000,
    "line\nbreak\r\nagain\vand\x85and\u2028and\u2029end",
    "\n" * 500,
)


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
async def test_wide_long_and_broken_words_stay_in_their_place(stage: Stage) -> None:
    async with running(stage) as run:
        base = next(pair.snapshot for pair in run.app.fleet.pairs if pair.snapshot is not None)
        for size in ((80, 24), (20, 5)):
            await run.resize(size)
            for text in LONG:
                await _rows(run, base, lambda _, text=text: text)  # type: ignore[misc]
                run.app.say(text)
        await _rows(run, base, str)
        run.app.copy_to_clipboard("".join(TEXTS.values()))
        assert not unclean(run.app.clipboard.replace("\n", ""))


def test_the_exit_of_a_process_has_no_words() -> None:
    """If it ever gets some, they must be tried above."""
    assert not [field.name for field in fields(Exit) if field.type == "str"]

"""Every screen in every state, at every size and in every theme, as it was approved; in ASCII, without colour."""

from __future__ import annotations

import pytest
from textual.command import CommandPalette

from colotui.ui.theme import NO_COLOUR
from tests.ui.approved import FOLDER, compare, drawn
from tests.ui.scenes import STAGES, Running, running
from tests.ui.strips import Row, rows_of, text_of, unclean
from tests.ui.stylenames import COLUMNS, PLAIN, table

SIZES = {"160x46": (160, 46), "100x30": (100, 30), "80x24": (80, 24), "200x60": (200, 60), "20x5": (20, 5)}
ASCII_SIZE = "100x30"
LARGE = "200x60"
Pictures = dict[str, dict[str, list[Row]]]


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("update_snapshots"))


async def taken(run: Running, size: str) -> list[Row]:
    await run.resize(SIZES[size])
    rows = rows_of(run.app)
    width, height = SIZES[size]
    assert len(rows) == height
    for row in rows:
        assert row[-1].end == width, text_of(row)
        assert not unclean(text_of(row))
    return rows


async def in_every_theme(run: Running, pictures: Pictures) -> None:
    """Each theme at each size; that the next theme gives the same text shows that no size leaves a trace."""
    for theme in (column for column in COLUMNS if column != PLAIN):
        run.app.use_theme(theme)
        await run.pilot.pause()
        for size in pictures:
            pictures[size][theme] = await taken(run, size)
    run.app.use_theme(COLUMNS[0])
    await run.pilot.pause()
    first = next(iter(pictures))
    assert await taken(run, first) == pictures[first][COLUMNS[0]], "not the same after other sizes and themes"


async def in_ascii(run: Running) -> list[Row]:
    """The present size in ASCII: no sign is left."""
    run.app.ascii_only = True
    run.app.set_class(True, "-ascii")
    run.app.redraw()
    await run.pilot.pause()
    rows = rows_of(run.app)
    run.app.ascii_only = False
    run.app.set_class(False, "-ascii")
    for row in rows:
        assert text_of(row).isascii(), text_of(row)
    return rows


@pytest.mark.parametrize("name", STAGES)
async def test_picture(name: str, update: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures: Pictures = {size: {} for size in SIZES if STAGES[name].grows or size != LARGE}
    async with running(STAGES[name]) as run:
        await in_every_theme(run, pictures)
    monkeypatch.setenv("NO_COLOR", "1")
    async with running(STAGES[name]) as run:
        assert run.app.theme == run.app.themes_found[NO_COLOUR].name
        for size in list(pictures):
            pictures[size][PLAIN] = await taken(run, size)
            if isinstance(run.app.screen, CommandPalette):
                continue  # its words are made when it opens: see below
            in_signs = await in_ascii(run)
            if size == ASCII_SIZE:
                pictures[f"{ASCII_SIZE} in ASCII"] = {PLAIN: in_signs}
            run.app.redraw()
    if f"{ASCII_SIZE} in ASCII" not in pictures:
        async with running(STAGES[name], SIZES[ASCII_SIZE], ascii_only=True) as run:
            pictures[f"{ASCII_SIZE} in ASCII"] = {PLAIN: await in_ascii(run)}
    compare(name, drawn(pictures), update=update)


def test_the_looks_of_every_style_in_every_theme(update: bool) -> None:
    compare("styles", table(), update=update)


def test_no_picture_is_left_over() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {*STAGES, "styles"}

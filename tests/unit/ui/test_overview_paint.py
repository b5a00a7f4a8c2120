"""The list of guests as painted: what is kept at each size, what is said instead of numbers, hostile text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from colotui.ui.fleet import Rank, Standing
from colotui.ui.paint.canvas import Line, cells_of, text_of
from colotui.ui.paint.columns import Board, placed_columns, row_text
from colotui.ui.paint.overview import paint_list, paint_tiny_list
from colotui.ui.paint.overviewtop import paint_detail, paint_overview_keys, paint_overview_top
from colotui.ui.paint.scene import Scene
from colotui.ui.paint.state import PaneState
from colotui.ui.paint.tabs import other_guests, tab_spans
from tests.ui import fleetsamples as fs
from tests.ui import samples

ROWS = (
    *fs.standings(fs.lab(), fs.shop())[:2],
    Standing(2, "shop-eu", "", Rank.UNKNOWN, why=str(fs.BROKEN)),
    *fs.standings(fs.lab(), fs.shop())[2:],
)


def board(rows: Sequence[Standing] = ROWS, query: str = "", **changes: object) -> Board:
    state = PaneState(query=query)
    made = Board(rows, [row for row in rows if state.matches(row_text(row))], samples.NOW, state)
    return replace(made, **changes)  # type: ignore[arg-type]


def words(lines: list[Line]) -> str:
    return "\n".join(text_of(line) for line in lines)


def row_of(lines: list[Line], name: str) -> str:
    return next(text_of(line) for line in lines if f" {name} " in text_of(line))


@pytest.mark.parametrize("width", [300, 160, 140, 120, 100, 90, 80])
def test_state_guest_and_key_are_always_there(width: int) -> None:
    shown = paint_list(board(), width, 20)
    for line in shown:
        assert len(cells_of(text_of(line))) == width
    text = row_of(shown, "db")
    assert "✘ Not protected" in text
    assert "f fail over" in text
    assert "? Unknown" in words(shown)
    assert "enter retry" in words(shown)
    assert "r re-protect" in words(shown)


def test_columns_drop_in_their_order() -> None:
    orders = [[column.name for column, _, _ in placed_columns(board(), width)] for width in range(160, 40, -1)]
    sizes = [len(order) for order in orders]
    assert sizes == sorted(sizes, reverse=True)
    assert len(orders[0]) == 10
    assert orders[-1] == ["state", "guest", "key"]
    gone = [next(iter(set(a) - set(b))) for a, b in pairwise(orders) if len(a) > len(b)]
    assert gone == ["mism/min", "p95 ms", "ckpt/s", "service", "hosts", "pair", "for"]


def test_the_pair_is_not_named_when_there_is_one() -> None:
    alone = board(fs.standings(fs.lab()))
    assert "pair" not in [column.name for column, _, _ in placed_columns(alone, 156)]


def test_no_number_outlives_its_lock_step() -> None:
    shown = paint_list(board(), 160, 20)
    assert "silent: QEMU on alpha was killed (signal 9)" in row_of(shown, "db")
    assert "✘ silent 13 s" in row_of(shown, "db")
    assert "11.8" in row_of(shown, "cache")
    narrow = paint_list(board(), 112, 20)
    assert "1.0" not in row_of(narrow, "db")
    old = [replace(row, at=samples.NOW - 20) for row in fs.standings(fs.lab())]
    text = row_of(paint_list(board(old), 160, 20), "cache")
    assert "20 s old" in text
    assert "11.8" not in text


def test_why_a_pair_is_not_watched() -> None:
    assert "shop.yaml:7: there is no key `hots` in a pair. Did you mean `hosts`?" in words(paint_list(board(), 160, 20))
    made = board()
    made.state.cursor = 2
    assert "Did you mean `hosts`?" in " ".join(words(paint_detail(made, 80, 2)).split())


def test_the_top_counts() -> None:
    shown = words(paint_overview_top(board(), 160, 3))
    assert "✘ 4 of 7 need you   1 not served   2 not known   1 not protected   1 syncing" in shown
    assert "db is silent: QEMU on alpha was killed (signal 9)" in shown
    assert "Do now   1   open db" in shown
    for width in (160, 100, 80, 40, 20):
        for line in paint_overview_top(board(), width, 2):
            assert len(cells_of(text_of(line))) == width
    assert "it hides the worst" in words(paint_overview_top(board(query="!db"), 100, 2))
    well = board(fs.standings(fs.pair("a", x="protected", y="warning")))
    assert "● ALL 2 PROTECTED    1 protected with a warning" in words(paint_overview_top(well, 160, 3))
    busy = board(fs.standings(fs.pair("a", x="protected", y="syncing")))
    assert "◐ 2 GUESTS    1 syncing   1 protected" in words(paint_overview_top(busy, 160, 3))
    one = board(fs.standings(fs.pair("a", x="absent")))
    assert "○ 1 of 1 needs you" in words(paint_overview_top(one, 160, 3))


def test_read_only_and_plans_in_the_key_column() -> None:
    shown = paint_list(board(read_only={1: "other acts"}), 160, 20)
    line = next(line for line in shown if " db " in text_of(line))
    assert any("f fail over" in text and style.startswith("low") for text, style in line)
    assert "step 5 of 9" in row_of(shown, "mail")


def test_filter_and_nothing() -> None:
    shown = words(paint_list(board(query="fail over"), 160, 20))
    assert "2 of 7" in shown
    assert "mail" not in shown
    assert "nothing matches zzz" in words(paint_list(board(query="zzz"), 160, 20))
    assert words(paint_detail(board(query="zzz"), 80, 2)).strip() == ""


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (5, 40), (60, 3)])
def test_tiny(size: tuple[int, int]) -> None:
    shown = paint_tiny_list(board(), *size)
    assert len(shown) == size[1]
    for line in shown:
        assert len(cells_of(text_of(line))) == size[0]
    if size[0] == 20:
        assert "4 of 7 need you" in words(shown)
        assert "✘ db" in words(shown)


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_hostile_text(text: str) -> None:
    view = samples.hostile(text).guests[0]
    said = replace(view.protection, primary=text, secondary=text)
    row = Standing(0, text, text, Rank.NOT_SERVED, replace(view, protection=said), at=samples.NOW)
    made = board([row, Standing(1, text, "", Rank.UNKNOWN, why=text)])
    for width, height in ((160, 46), (80, 24)):
        parts = [paint_list(made, width, height), paint_overview_top(made, width, 3), paint_detail(made, width, 2)]
        for line in (line for part in parts for line in part):
            assert len(cells_of(text_of(line))) == width
            assert not set(text_of(line)) & set("\x1b\x9b\u202e\n\r\t")


def test_ascii() -> None:
    made = board(ascii_only=True)
    lines = [*paint_list(made, 160, 20), *paint_overview_top(made, 160, 3), *paint_overview_keys(made, 80)]
    assert words(lines).isascii()


def scene(guest: str, rows: Sequence[Standing] = ROWS) -> Scene:
    row = next(row for row in rows if row.guest == guest and row.view is not None)
    assert row.view is not None
    return Scene(samples.protected(), row.view, samples.NOW, samples.NOW, tabs=rows, place=row.place)


def test_tabs() -> None:
    shown = "".join(text for text, _ in tab_spans(scene("mail"), 156))
    assert shown == "1 ✘ db   2 ? queue   3 ? shop-eu   4 ○ shop/web01   5 ◐ mail   6 ▲ cache   7 ● lab/web01"
    spans = tab_spans(scene("mail"), 156)
    assert ("mail", "picked") in spans
    assert ("✘ ", "error-bold") in spans
    assert ("db", "error-bold") in spans


@pytest.mark.parametrize("guest", ["vm00", "vm05", "vm31", "vm63"])
def test_many_tabs_keep_the_shown_one_and_the_worst(guest: str) -> None:
    rows = fs.standings(fs.many(64))
    for room in (156, 120, 96):
        shown = "".join(text for text, _ in tab_spans(scene(guest, rows), room))
        assert len(shown) <= room
        assert shown.startswith("1 ✘ vm62   2 ✘ vm63")
        assert f" {guest}" in shown
        more = int(shown.split("… ")[1].split()[0])
        assert more + shown.count("vm") == 64


def test_others_beside_a_band() -> None:
    spans = other_guests(scene("mail"), 50, "error-band")
    assert "".join(text for text, _ in spans) == " ✘ db   ? queue  +3"
    assert "".join(text for text, _ in other_guests(scene("mail"), 12, "muted")) == " ✘ db  +4"
    calm = fs.standings(fs.many(3, bad=0))
    assert other_guests(scene("vm00", calm), 30, "muted") == [("2 other guests", "muted")]

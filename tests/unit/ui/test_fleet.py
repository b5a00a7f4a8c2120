"""The fleet: order, names, news, pairs that fail, and closing."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from colotui.errors import ColotuiError, HostUnreachable
from colotui.model.protection import Snapshot
from colotui.ui.fleet import Fleet, Rank, Watched, news_in_words
from tests.ui import fleetsamples as fs
from tests.ui import samples
from tests.ui.fake import FakeController


def fleet(*snapshots: Snapshot) -> Fleet:
    return Fleet([Watched(f"file{i}", None, FakeController(one)) for i, one in enumerate(snapshots)])


def names(one: Fleet) -> list[str]:
    return [row.name for row in one.standings]


def test_the_worst_first_and_stable_within() -> None:
    both = fleet(fs.lab(), fs.shop())
    assert names(both) == ["db", "queue", "web01", "mail", "cache", "web01"]
    assert [row.rank for row in both.standings] == sorted(row.rank for row in both.standings)
    assert [row.needs_you for row in both.standings] == [True, True, True, False, False, False]
    same = fleet(fs.pair("a", z="incident", a="incident"), fs.pair("b", m="incident"))
    assert names(same) == ["z", "a", "m"]


@pytest.mark.parametrize(
    ("state", "rank"),
    [
        ("incident", Rank.NOT_SERVED),
        ("two-live", Rank.NOT_SERVED),
        ("mute", Rank.NOT_SERVED),
        ("unknown", Rank.UNKNOWN),
        ("cut-off", Rank.UNKNOWN),
        ("absent", Rank.NOT_PROTECTED),
        ("failed-over", Rank.NOT_PROTECTED),
        ("connecting", Rank.ASKING),
        ("syncing", Rank.SYNCING),
        ("warning", Rank.WARNING),
        ("protected", Rank.PROTECTED),
    ],
)
def test_ranks(state: str, rank: Rank) -> None:
    assert fleet(samples.STATES[state]()).standings[0].rank is rank


def test_pairs_of_one_name_are_told_apart_by_their_files() -> None:
    one = fleet(fs.pair("lab", a="protected"), fs.pair("lab", b="protected"), fs.pair("shop", c="protected"))
    assert [row.pair for row in one.standings] == ["lab (file0)", "lab (file1)", "shop"]


def test_a_guest_that_gets_worse_is_news_once() -> None:
    one = fleet(fs.lab())
    pair = one.pairs[0]
    one.take(pair, fs.lab())
    assert not one.has_news
    one.take(pair, fs.pair("lab", web01="protected", cache="incident", mail="syncing"))
    assert one.has_news
    one.take(pair, fs.pair("lab", web01="protected", cache="incident", mail="syncing"))
    assert [row.name for row in one.news()] == ["cache"]
    assert one.news() == []
    one.take(pair, fs.pair("lab", web01="failed-over", cache="failed-over", mail="protected"))
    assert [row.name for row in one.news()] == ["web01"], "cache got better, if not well"
    one.take(pair, fs.pair("lab", web01="incident", cache="protected", mail="protected"))
    one.take(pair, fs.lab())
    assert one.news() == [], "it was over before anybody could be told"


def test_what_is_bad_from_the_beginning_is_no_news() -> None:
    one = Fleet([Watched("x", None)])
    one.take(one.pairs[0], samples.connecting())
    one.take(one.pairs[0], samples.incident())
    assert not one.has_news


def test_news_in_words() -> None:
    rows = fs.standings(fs.shop())
    assert news_in_words(rows[:1], {}) == (
        "db: Not protected. db is silent: QEMU on alpha was killed (signal 9). o opens the list"
    )
    assert news_in_words(rows, {"overview": "f9"}) == "db, queue, web01 need you. f9 opens the list"
    more = fs.standings(fs.many(5, bad=5))
    assert news_in_words(more, {}).startswith("vm00, vm01, vm02 and 2 more need you.")


async def test_a_pair_that_cannot_be_made_says_why_and_can_be_tried_again() -> None:
    good = FakeController(fs.lab())
    answers = [fs.fails(), fs.fails(ZeroDivisionError("by \x1b[31mzero")), lambda: good]  # type: ignore[arg-type]
    one = Fleet([Watched("shop", lambda: answers.pop(0)())])
    pair = one.pairs[0]
    assert one.standings[0].rank is Rank.ASKING
    for words in ("shop.yaml:7: there is no key `hots`", "a fault inside colotui: ZeroDivisionError: by zero"):
        with pytest.raises(ColotuiError):
            await pair.begin(lambda snapshot: one.take(pair, snapshot))
        one.forget()
        (row,) = one.standings
        assert row.rank is Rank.UNKNOWN
        assert row.needs_you
        assert words in row.why
    await pair.begin(lambda snapshot: one.take(pair, snapshot))
    await pair.begin(lambda snapshot: one.take(pair, snapshot))
    assert names(one) == ["mail", "cache", "web01"]
    assert good.started
    assert len(good._listeners) == 1


async def test_a_pair_that_cannot_be_started_is_closed() -> None:
    class Refuses(FakeController):
        async def start(self) -> None:
            raise HostUnreachable("alpha", "no answer.")

    bad = Refuses(fs.lab())
    pair = Watched("lab", lambda: bad)
    with pytest.raises(HostUnreachable):
        await pair.begin(lambda _snapshot: None)
    assert bad.closed
    assert not bad._listeners
    with pytest.raises(ColotuiError, match="Not connected yet"):
        pair.connected  # noqa: B018


async def test_closing_one_does_not_wait_for_another() -> None:
    class Hangs(FakeController):
        async def close(self) -> None:
            await asyncio.sleep(60)

    good = FakeController(fs.lab())
    one = Fleet([Watched("a", None, Hangs(fs.lab())), Watched("b", None, good)])
    assert not await one.close(0.05)
    assert good.closed
    assert await one.close(0.05), "closed twice: nothing is left"


def test_a_plan_on_any_pair_counts() -> None:
    busy = replace(fs.guest("protected", "x"), progress=samples.progress(running=2))
    one = fleet(fs.lab(), replace(fs.shop(), guests=(busy,)))
    assert one.acting == "Protect web01 on beta"
    one = fleet(fs.pair("a", a="protected"))
    assert one.acting == ""


def test_a_pair_without_a_guest() -> None:
    one = fleet(replace(fs.lab(), guests=()))
    assert one.standings[0].why == "the pair file names no guest"

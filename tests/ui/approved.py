"""Pictures as text files: the rows of each size, below each row its styles by name, and odd looks in a legend.

    |  ● PROTECTED   web01 runs on alpha
    :2 pill 15 base 17 strong

A style reaches from its cell to the next one's; what comes before is `base`. The looks themselves stand in styles.txt,
a column a theme: one text serves all themes, because every look is looked up in all of them at once.
"""

from __future__ import annotations

import difflib
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.ui.strips import Look, Row, Run, text_of
from tests.ui.stylenames import COLUMNS, PLAIN, THEMES, blank_look, ground_names, named

FOLDER = Path(__file__).parent / "approved"
Taken = Mapping[str, Sequence[Row]]
"""The rows of one size, by column."""

_ANSI = tuple(name for name in COLUMNS if name == PLAIN or THEMES[name].ansi)
_SHOWN = 60


class Legend:
    """Looks that no style of the painters has: those of Textual's own widgets. Named by their default colours."""

    def __init__(self) -> None:
        self.odd: dict[str, str] = {}

    def name(self, looks: Sequence[Look | None]) -> str:
        """The name of a look in all columns."""
        known = named().get(tuple(looks))
        return known or self._odd([str(look) for look in looks if look is not None], str(looks[0]))

    def blank(self, looks: Sequence[Look | None]) -> str:
        """The name of a ground in all columns."""
        grounds = [blank_look(look) for look in looks]
        known = ground_names().get(tuple(grounds))
        return known or self._odd([str(ground) for ground in grounds if ground is not None], f"{grounds[0]}")

    def _odd(self, looks: list[str], first: str) -> str:
        whole = " | ".join(looks)
        name = f"{first.replace(' ', '_')}.{zlib.crc32(whole.encode()) % 4096:03x}"
        self.odd[name] = whole
        return name


def drawn(sizes: Mapping[str, Taken]) -> str:
    """The file of one stage."""
    legend, out = Legend(), []
    for size, taken in sizes.items():
        out.append(f"== {size}")
        if len(taken) == 1:
            # Without colours and signs: there is only the text.
            rows = [(text_of(row).rstrip(), "") for row in next(iter(taken.values()))]
        else:
            rows = [_row(each, legend, f"{size}, row {y}") for y, each in enumerate(_by_row(taken))]
        last = max((index for index, (text, styles) in enumerate(rows) if text or styles), default=-1)
        for text, styles in rows[: last + 1]:
            out.append(f"|{text}")
            out += [f":{styles}"] if styles else []
    if legend.odd:
        out.append("== other looks: " + " | ".join(COLUMNS))
        out += [f"{name} = {looks}" for name, looks in sorted(legend.odd.items())]
    return "\n".join(out) + "\n"


def _by_row(taken: Taken) -> list[dict[str, Row]]:
    counts = {column: len(rows) for column, rows in taken.items()}
    assert len(set(counts.values())) == 1, f"not as many rows in every theme: {counts}"
    return [{column: rows[y] for column, rows in taken.items()} for y in range(next(iter(counts.values())))]


def _row(row: Mapping[str, Row], legend: Legend, where: str) -> tuple[str, str]:
    """Text and styles of one row, in all columns."""
    first = row[COLUMNS[0]]
    text = text_of(first)
    hidden = _hidden(first)
    for column, runs in row.items():
        shown, wanted = text_of(runs), hidden if column in _ANSI else text
        assert shown == wanted, f"{where}: another text in {column}:\n  {wanted}\n  {shown}"
    starts = sorted({run.start for runs in row.values() for run in runs})
    pieces: list[tuple[int, str]] = []
    places = dict.fromkeys(row, 0)
    before: tuple[str | None, ...] = ()
    for start in starts:
        for column, runs in row.items():
            while runs[places[column]].end <= start:
                places[column] += 1
        here = {column: runs[places[column]] for column, runs in row.items()}
        looks = [None if run.under and column in _ANSI else run.look for column, run in _all(here)]
        grounds = tuple(blank_look(look) for look in looks)
        if here[COLUMNS[0]].blank:
            if grounds == before:
                continue
            name = legend.blank(looks)
        else:
            name = legend.name(looks)
        before = grounds
        if not pieces or pieces[-1][1] != name:
            pieces.append((start, name))
    if pieces[0] == (0, "base"):
        del pieces[0]
    return text.rstrip(), " ".join(f"{start} {name}" for start, name in pieces)


def _all(here: Mapping[str, Run]) -> list[tuple[str, Run]]:
    return [(column, here[column]) for column in COLUMNS]


def _hidden(row: Row) -> str:
    """The text of a row where what lies under a question or a plan is not shown at all."""
    return "".join(" " * (run.end - run.start) if run.under else run.text for run in row)


def compare(name: str, text: str, *, update: bool) -> None:
    """Fail with a diff unless `text` is what was approved; `update` approves it."""
    path = FOLDER / f"{name}.txt"
    if update:
        FOLDER.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return
    how = "Look at it; to approve it: pytest tests/ui/test_every_picture.py --snapshot-update"
    if not path.exists():
        pytest.fail(f"{path.name} was never approved. {how}", pytrace=False)
    old = path.read_text(encoding="utf-8")
    if old == text:
        return
    lines = list(difflib.unified_diff(old.splitlines(), text.splitlines(), "approved", "now", n=1, lineterm=""))
    sizes = _where(old, text)
    more = f"\n… {len(lines) - _SHOWN} more lines" if len(lines) > _SHOWN else ""
    pytest.fail(f"{name} differs at {sizes}. {how}\n" + "\n".join(lines[:_SHOWN]) + more, pytrace=False)


def parts(text: str) -> dict[str, list[str]]:
    """The lines of each size of a file, and of its legend."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("== "):
            found[line[3:]] = []
        else:
            found[list(found)[-1]].append(line)
    return found


def _where(old: str, new: str) -> str:
    before, now = parts(old), parts(new)
    return ", ".join(name for name in dict.fromkeys([*before, *now]) if before.get(name) != now.get(name))

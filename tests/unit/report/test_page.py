"""The HTML: says what the recording says, loads nothing, runs nothing, and can be read by everybody."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
import yaml

from colotui import paths
from colotui.model.incident import Confidence
from colotui.model.past import CheckpointLog, MismatchLog
from colotui.report.content import Content
from colotui.report.gather import gathered
from colotui.report.page import html
from colotui.report.style import DARK, LIGHT
from colotui.report.window import window_of
from colotui.ui.format import clock_ms
from tests.ui import samples
from tests.unit.report import story
from tests.unit.report.reading import Page, leads_outside


def content(recording: story.Story | None = None, words: str = "last") -> Content:
    recording = recording or story.killed()
    return gathered(recording, window_of(words, recording), "lab.colorec", made_at=story.END)  # type: ignore[arg-type]


def page(recording: story.Story | None = None, words: str = "last") -> Page:
    return Page(html(content(recording, words)))


def test_it_leads_nowhere_and_is_whole() -> None:
    assert leads_outside(page()) == []


def test_the_headline_says_it_in_one_sentence() -> None:
    assert (
        "The primary's QEMU on alpha was killed (signal 9); its client had no answer for 7.5 s; "
        "`Fail over web01 to beta` was done in 0.54 s; at the end: failed over "
        "(web01 runs alone on beta, not protected)."
    ) in page().text


def test_times_are_to_the_millisecond_with_their_zone() -> None:
    text = page().text
    for at in (story.SILENT, story.ANSWERED, story.PRESSED, story.DIED + 0.011, story.DIED + 8.9):
        assert clock_ms(at) in text
    assert "local time, " in text
    times = page().all("time")
    assert all("T" in each["datetime"] and each["datetime"][-6] in "+-" for each in times)


def test_evidence_advice_steps_and_commands() -> None:
    text = page().text
    for words in (
        "ended by signal 9", "Can't receive COLO message: Input/output error", "+324 ms", "colotui failover web01",
        "Do not start alpha's QEMU again first.", "protect, reprotect. The primary is dead: first let one copy serve.",
        "x-colo-lost-heartbeat", "migration failed as it should, guest running", "7.5 s, seen by the probe",
        "6.12.57+deb13-amd64", "11.1.3", "irqbalance started",
    ):  # fmt: skip
        assert words in text, words


def test_what_one_row_says_no_other_says_again() -> None:
    rows = content().rows
    assert len({(row.at, row.what) for row in rows}) == len(rows)
    said = Counter(row.what for row in rows)
    assert said["Fail over web01 to beta"] == 1
    assert not any(row.what.startswith(("incident web01-3", "failover web01")) for row in rows)
    assert [row.at for row in rows] == sorted(row.at for row in rows)


def test_who_ran_an_action_is_said_as_recorded() -> None:
    recording = story.killed()
    recording.past = [replace(one, source="colotui") if one.source == "operator" else one for one in recording.past]
    assert {row.who for row in content(recording).rows if row.sort == "action"} == {"colotui"}


def test_plots_have_titles_descriptions_and_ids_of_their_own() -> None:
    found = page()
    pictures = found.all("svg")
    assert len(pictures) == 2 * 6
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for picture in pictures:
        assert picture["role"] == "img"
        assert all(name in ids for name in picture["aria-labelledby"].split())
    assert all(each.get("scope") in ("col", "row") for each in found.all("th"))


def test_a_hole_in_the_recording_is_hatched_and_said() -> None:
    recording = story.killed()
    recording.gaps = ((story.DIED - 60, story.DIED - 40),)
    found = page(recording)
    assert found.all("pattern")
    assert "Nobody recorded from" in found.text
    assert not page().all("pattern")


MARKUP = (
    "</style></title><script>alert(1)</script>",
    "\"' onload=x <img src=//x>",
    "&lt;b&gt; -->",
    "url(http://x) ]]> </svg>",
)


@pytest.mark.parametrize("text", [*samples.HOSTILE, *MARKUP])
def test_strings_from_elsewhere_stay_text(text: str) -> None:
    found = page(story.spoiled(text))
    assert leads_outside(found) == []
    plain = page()
    assert {tag for tag, _ in found.elements} == {tag for tag, _ in plain.elements}
    assert not any((ord(each) < 32 and each != "\n") or each in "\x9b\u202e\u2066" for each in "".join(found.words))


def test_markup_in_a_string_is_shown_as_it_is() -> None:
    assert '<b>bold</b> & "quoted"' in page(story.spoiled('<b>bold</b> & "quoted"')).text


def test_what_is_not_known_is_said() -> None:
    recording = story.killed()
    recording.found = [
        story.incident(now=replace(story.incident().now, confidence=Confidence.LIKELY, settle="a core"), closed_at=None)
    ]
    recording.runs = [story.run(ended=None)]
    text = page(recording).text
    assert "is likely, not proven. What would settle it: a core." in text
    assert "(likely, not proven)" in text
    assert "still open" in text
    assert "The end of `Fail over web01 to beta` was not recorded." in text


def test_an_empty_stretch_is_a_report_too() -> None:
    recording = story.killed()
    recording.found, recording.runs, recording.past = [], [], []
    recording.log, recording.differing = CheckpointLog(), MismatchLog()
    recording.frames = [
        replace(frame, guests=(replace(frame.guests[0], probe=None),)) for frame in recording.frames[:99]
    ]
    found = page(recording, "..")
    assert leads_outside(found) == []
    for words in (
        "had no incident",
        "whether its clients were answered is not known",
        "No action was run",
        "No pause is known",
    ):
        assert words in found.text


def test_a_long_stretch_reads_a_bounded_number_of_frames() -> None:
    recording = story.killed()
    frame = recording.frames[0]
    recording.frames = [story.at(frame, story.BEGIN + number) for number in range(20_000)]
    recording.reads = 0
    content(recording, "..")
    assert recording.reads < 1300


def test_the_colours_are_the_themes() -> None:
    for name, colours in (("light", LIGHT), ("dark", DARK)):
        theme = yaml.safe_load((paths.shipped_themes_dir() / f"{name}.yaml").read_text())
        known = {**theme, **theme["variables"]}
        assert {key: known[key] for key in colours} == colours


def _light(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colours", [LIGHT, DARK, LIGHT | {"background": "#ffffff"}], ids=["light", "dark", "paper"])
def test_every_text_can_be_read(colours: dict[str, str]) -> None:
    pairs = [
        (ink, ground)
        for ink in ("foreground", "text-strong", "text-muted", "text-low", "error", "warning", "accent")
        for ground in ("background", "surface")
    ]
    pairs += [(f"band-{kind}-text", f"band-{kind}-background") for kind in ("error", "warning", "working")]
    pairs += [("pill-ok-text", "pill-ok-background"), ("role-primary-text", "role-primary"), ("text-strong", "panel")]
    for ink, ground in pairs:
        high, low = sorted((_light(colours[ink]), _light(colours[ground])), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, ground)

"""The test of the cable: what was measured each way, what is wanted, and whether it is so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from colotui.model.cable import CableReport, Way
from colotui.model.facts import Missing
from colotui.ui.format import MISSING, fine_duration, number
from colotui.ui.glyphs import BAD, GOOD, WARN
from colotui.ui.paint.canvas import Span
from colotui.ui.paint.wizard.leaf import Leaf, waiting
from colotui.ui.paint.wizard.view import WizardView

# What a direct cable gives with room to spare. A checkpoint waits for several round trips, so the latency counts most.
P50_MS, P99_MS, RATE_MBPS = 1.0, 5.0, 500.0


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. Both values with their unit, what is wanted, and which of the ways has it."""

    name: str
    there: str
    back: str
    unit: str
    wanted: str
    good: tuple[bool | None, bool | None]
    grave: bool = False


def paint_cable(leaf: Leaf, view: WizardView) -> None:
    """The newest report; what to do before there is one."""
    left, right = view.hosts
    report = view.look.cable if view.look is not None else None
    nics = (left.forward_nic, right.forward_nic)
    if report is not None and report.nics != nics:
        report = None
    if view.since("cable") is not None:
        leaf.heading("Cable test", f"{nics[0]} ⇄ {nics[1]}")
        waiting(leaf, view, "cable", "sending frames both ways")
        return
    if "cable" in view.failed:
        leaf.heading("Cable test", f"{nics[0]} ⇄ {nics[1]}")
        waiting(leaf, view, "cable", "")
        return
    if report is None:
        leaf.heading("Cable test")
        leaf.row()
        if all(nics):
            words = f"{nics[0]} ⇄ {nics[1]} was not tested yet: t sends frames both ways, 2 s."
        else:
            words = "Choose the forward NIC of both hosts first: space changes the use of a NIC."
        leaf.text(0, words, "muted", leaf.width)
        return
    _report(leaf, view, report)


def _report(leaf: Leaf, view: WizardView, report: CableReport) -> None:
    sent = max((way.sent for way in (report.there, report.back) if way is not None), default=0)
    note = f"{report.nics[0]} ⇄ {report.nics[1]}, {fine_duration(report.seconds)}, {sent} frames each way"
    leaf.heading("Cable test", note)
    if report.error:
        at = leaf.row()
        leaf.put(0, [(BAD, "error-bold")], row=at)
        leaf.place(2, at, report.error, "base", leaf.width - 2)
        return
    names = [host.name for host in view.hosts]
    wide = leaf.width >= 90
    ends = (28, 48) if wide else (leaf.width * 36 // 100, leaf.width * 60 // 100)
    wanted = ends[1] + (16 if wide else 8)
    tick = wanted + (14 if wide else 12)
    leaf.row()
    for end, first, second in ((ends[0], names[0], names[1]), (ends[1], names[1], names[0])):
        leaf.right(end + 6, [(f"{first[:9]} → {second[:9]}" if wide else f"→ {second[:9]}", "muted")])
    leaf.put(wanted, [("wanted", "muted")])
    for line in rows_of(view, report):
        _row(leaf, line, ends, wanted, tick)
    if report.elsewhere:
        at = leaf.row()
        leaf.put(0, [(BAD, "error-bold")], row=at)
        text = "it is no cable but a switch: the frames arrived too on " + ", ".join(report.elsewhere)
        leaf.place(2, at, text, "base", leaf.width - 2)


def _row(leaf: Leaf, row: Row, ends: tuple[int, int], wanted: int, tick: int) -> None:
    leaf.row()
    leaf.put(0, [(row.name, "muted")], 16)
    worst = False if False in row.good else None if None in row.good else True
    alarm = "error-bold" if row.grave else "warn-bold"
    for end, text, good in ((ends[0], row.there, row.good[0]), (ends[1], row.back, row.good[1])):
        measured = text[:1].isdigit()
        style = alarm if good is False else "low" if text == MISSING else "strong" if measured else "base"
        leaf.right(end, [(text, style)])
        if measured and row.unit:
            leaf.put(end + 1, [(row.unit, "muted")], 7)
    leaf.put(wanted, [(row.wanted, "muted")], tick - wanted - 1)
    sign: Span = (BAD if row.grave else WARN, alarm) if worst is False else (GOOD, "muted")
    if worst is not None:
        leaf.put(tick, [sign])


def rows_of(view: WizardView, report: CableReport) -> list[Row]:
    """The lines of the table."""
    ways = (report.there, report.back)

    def row(
        name: str, unit: str, wanted: str, value: Callable[[Way], str], good: Callable[[Way], bool | None], **more: bool
    ) -> Row:
        texts = [value(way) if way is not None else MISSING for way in ways]
        marks = (good(ways[0]) if ways[0] else None, good(ways[1]) if ways[1] else None)
        return Row(name, texts[0], texts[1], unit, wanted, marks, **more)

    longest = {way.largest for way in ways if way is not None}
    smallest = min((size for size in longest if size is not None), default=None)
    return [
        row("same cable", "", "seen", lambda w: "seen" if w.seen else "not seen", lambda w: w.seen, grave=True),
        row("lost frames", "", "0", lambda w: str(w.lost), lambda w: w.lost == 0),
        row("latency p50", "ms", f"< {P50_MS:g} ms", lambda w: fine(w.latency_p50_ms),
            lambda w: below(w.latency_p50_ms, P50_MS)),
        row("latency p99", "ms", f"< {P99_MS:g} ms", lambda w: fine(w.latency_p99_ms),
            lambda w: below(w.latency_p99_ms, P99_MS)),
        row("rate", "Mb/s", f"> {RATE_MBPS:g} Mb/s", lambda w: number(w.rate_mbps),
            lambda w: None if w.rate_mbps is None else w.rate_mbps > RATE_MBPS),
        row("largest frame", "B", "equal", lambda w: MISSING if w.largest is None else str(w.largest),
            lambda w: None if w.largest is None else w.largest == smallest),
        row("other traffic", "pkt/s", "0 pkt/s", lambda w: number(w.foreign_per_s).removesuffix(".0"),
            lambda w: w.foreign_per_s == 0 and not w.strangers),
        gro(view),
    ]  # fmt: skip


def fine(milliseconds: float | None) -> str:
    """A short latency with the digits that tell a cable from a switch: `0.31`."""
    return f"{milliseconds:.2f}" if milliseconds is not None and 0 <= milliseconds < 9.995 else number(milliseconds)


def below(value: float | None, limit: float) -> bool | None:
    """True when `value` is below `limit`, None when it was not measured."""
    return None if value is None else value < limit


def gro(view: WizardView) -> Row:
    """Whether the forward NICs join packets before they are compared."""
    texts: list[str] = []
    good: list[bool | None] = []
    for host in view.hosts:
        survey = view.look.surveys.get(host.name) if view.look is not None else None
        nic = survey.nic(host.forward_nic) if survey is not None else None
        known = nic is not None and not isinstance(nic.offloads, Missing)
        on = nic is not None and not isinstance(nic.offloads, Missing) and "gro" in nic.offloads
        texts.append(("on" if on else "off") if known else MISSING)
        good.append((not on) if known else None)
    return Row("gro", texts[0], texts[1], "", "off", (good[0], good[1]))

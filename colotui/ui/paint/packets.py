"""Both packets of a mismatch decoded side by side, one under the other where there is no room; the capture line."""

from __future__ import annotations

from collections.abc import Iterator

from colotui.model.facts import Missing
from colotui.model.mismatch import Mismatch
from colotui.model.packet import Captured, Field, PacketPair
from colotui.ui.format import clock, clock_ms, lasting, number, plural, signed, size_bytes
from colotui.ui.glyphs import BINDS, FORCED, WARN
from colotui.ui.paint.canvas import Span, fitted
from colotui.ui.paint.scene import Scene
from colotui.ui.paint.sheet import Sheet

DIFFERS = "≠"
SIDE_BY_SIDE = 90
"""Cells from which on the packets stand beside each other."""

ALL_FIELDS = 100
"""Cells from which on every field is shown; below only those that tell the packet, and those that differ."""

_BLANK: Span = ("  ", "base")
_BEGUN_ANEW = 5.0
_LAYER, _NAME = 9, 15
_LABEL = _LAYER + _NAME + 1
_GAP = 3
_OFFSET = 6
_CONTEXT = 1
_EQUAL_SHOWN = 12
_TELLING = frozenset(
    ("from", "to", "from port", "to port", "seq", "ack", "flags", "payload", "what", "id", "sequence", "first line")
)
_FEWEST = frozenset(("from port", "to port", "flags", "what", "sequence"))

Found = PacketPair | Missing | str | None
"""The packets, why there are none, what went wrong when they were asked for, or None while that goes on."""


def capture_spans(scene: Scene, width: int) -> list[Span]:
    """Since when packets are captured, how many bytes, until when; or that they are not, and the key."""
    key: Span = (scene.key("capture", "c"), "strong")
    capture = scene.guest.capture
    if capture is None:
        words = " switches the capture on for the next ones"
        return [("○ no packets were captured: ", "muted"), key, (words, "muted")]
    gap: Span = ("   ", "base")
    spans: list[Span] = [("● ", "accent-bold"), ("capture on", "bold"), (f" since {clock(capture.since)}", "muted")]
    if capture.problem:
        return [*spans, gap, key, (" off", "muted"), gap, (f"{WARN} {capture.problem}", "warn")]
    if capture.kept_since - capture.since > _BEGUN_ANEW and width >= 140:
        spans.append((f", the oldest packet is of {clock(capture.kept_since)}", "muted"))
    names = (scene.left.spec.name, scene.right.spec.name)
    sizes = [(name, capture.sizes[name]) for name in names if name in capture.sizes]
    if width < 110 and sizes:
        sizes = [("", max(size for _, size in sizes))]
    for name, size in sizes:
        value, unit = size_bytes(size)
        spans += [gap, (f"{name} " if name else "", "muted"), (value, "strong"), (f" {unit}", "low")]
    left = lasting(max(0.0, capture.until - scene.now))
    until = f"ends by itself at {clock(capture.until)}, in {left}" if width >= 90 else f"ends by itself in {left}"
    return [*spans, gap, (until, "muted"), gap, key, (" off", "muted")]


def packets_sheet(scene: Scene, entry: Mismatch, found: Found, width: int) -> Sheet:
    """What is known of the packets of one mismatch, as a page of `width` cells."""
    sheet = Sheet(width)
    sheet.row()
    sheet.put(0, fitted(_headline(entry), width), width)
    sheet.row()
    if not isinstance(found, PacketPair):
        sheet.row()
        _nothing(sheet, found, width)
        return sheet
    if found.note:
        sheet.row()
        sheet.text(0, f"{found.note[0].upper()}{found.note[1:]}.", "muted", width)
        sheet.row()
    beside = width >= SIDE_BY_SIDE
    _heads(scene, sheet, found, width, beside=beside)
    _fields(sheet, found, width, beside=beside)
    _payload(sheet, found, width, beside=beside)
    return sheet


def _headline(entry: Mismatch) -> list[Span]:
    spans: list[Span] = [
        (clock_ms(entry.at), "muted"),
        (f"  {entry.protocol or '—'}  ", "base"),
        (entry.what, "strong"),
    ]
    if entry.source or entry.destination:
        spans += [_BLANK, (f" {entry.source} {BINDS} {entry.destination}", "muted")]
    if entry.forced_ms is not None:
        spans += [
            _BLANK,
            (f" {FORCED} ", "forced"),
            (f"forced a checkpoint after {number(entry.forced_ms)} ms", "muted"),
        ]
    return spans


def _nothing(sheet: Sheet, found: Missing | str | None, width: int) -> None:
    if found is None:
        sheet.put(0, [("looking for the packets …", "muted")], width)
        return
    if isinstance(found, str):
        sheet.text(0, f"{WARN} {found}", "warn", width)
        return
    sheet.text(0, f"— {found.why}", "low", width)


def _columns(width: int) -> tuple[int, int]:
    """Where the second value begins, and how wide each is."""
    each = (width - _LABEL - _GAP) // 2
    return _LABEL + each + _GAP, each


def _heads(scene: Scene, sheet: Sheet, found: PacketPair, width: int, *, beside: bool) -> None:
    said = scene.protection
    second, each = _columns(width) if beside else (width // 2, width // 2)
    sheet.row()
    left = _head("primary", said.primary, found.primary, None)
    right = _head("secondary", said.secondary, found.secondary, found.primary)
    sheet.put(_LABEL if beside else 0, fitted(left, each), each)
    sheet.put(second, fitted(right, each), each)
    sheet.rule(0, width)


def _head(role: str, host: str, packet: Captured | None, before: Captured | None) -> list[Span]:
    spans: list[Span] = [(role, "bold"), (f" {host}" if host else "", "name")]
    if packet is None:
        return [*spans, _BLANK, ("no packet", "low")]
    spans += [_BLANK, (clock_ms(packet.at), "muted")]
    if before is not None:
        spans += [_BLANK, (f"{signed((packet.at - before.at) * 1000.0)} ms", "low")]
    return spans


def _fields(sheet: Sheet, found: PacketPair, width: int, *, beside: bool) -> None:
    second, each = _columns(width)
    telling = _TELLING if beside else _FEWEST
    shown = [field for field in found.fields if width >= ALL_FIELDS or field.differs or _tells(field, telling)]
    layer = ""
    for field in shown:
        sheet.row()
        if field.layer != layer:
            layer = field.layer
            sheet.put(0, [(layer, "bold")], _LAYER)
        sheet.put(_LAYER, [(field.name, "strong" if field.differs else "muted")], _NAME)
        style = "picked" if field.differs else "base"
        if beside:
            sheet.put(_LABEL, [_value(field.primary, style)], each)
            sheet.put(second - 2, [(DIFFERS if field.differs else " ", "strong")], 1)
            sheet.put(second, [_value(field.secondary, style if field.differs else "muted")], each)
            continue
        if not field.differs:
            sheet.put(_LABEL, [_value(field.primary or field.secondary, "base")], width - _LABEL)
            continue
        sheet.put(_LABEL - 2, [(DIFFERS, "strong")], 1)
        sheet.put(_LABEL, [("primary    ", "low"), _value(field.primary, style)], width - _LABEL)
        sheet.row()
        sheet.put(_LABEL, [("secondary  ", "low"), _value(field.secondary, style)], width - _LABEL)
    sheet.row()


def _tells(field: Field, telling: frozenset[str]) -> bool:
    return field.layer != "ethernet" and field.name in telling


def _value(text: str, style: str) -> Span:
    return (text, style) if text else ("—", "low")


def _payload(sheet: Sheet, found: PacketPair, width: int, *, beside: bool) -> None:
    first, second = found.primary_payload, found.secondary_payload
    sheet.row()
    sheet.put(0, [("payload", "bold")], _LABEL - 1)
    longest = max(len(first), len(second))
    if not longest:
        sheet.put(_LABEL, [("none in either packet: what differs is above", "low")], width - _LABEL)
        return
    if found.secondary is None or found.primary is None:
        words: list[Span] = [(f"{plural(longest, 'byte')}, of one copy only", "muted")]
    elif not found.differences:
        words = [(f"{plural(longest, 'byte')}, equal in both", "muted")]
    else:
        words = [(f"{found.differing_bytes}", "strong"), (f" of {plural(longest, 'byte')} differ", "muted")]
    sheet.put(_LABEL, words, width - _LABEL)
    count = 16 if not beside or (width - _OFFSET - _GAP) // 2 >= 4 * 16 + 1 else 8
    marks = _marks(found, longest)
    for start, stop in _rows(marks, longest, count):
        sheet.row()
        if stop - start > count:
            sheet.put(_OFFSET, [(f"… {plural(stop - start, 'byte')} that are equal", "low")], width - _OFFSET)
            continue
        sheet.put(0, [(f"{start:04x}", "low")], _OFFSET - 1)
        _bytes(sheet, found, marks, start, count, width, beside=beside)


def _bytes(
    sheet: Sheet, found: PacketPair, marks: bytearray, start: int, count: int, width: int, *, beside: bool
) -> None:
    """One row of both payloads; below each other only where they differ."""
    differs = any(marks[start : start + count])
    sides = [found.primary_payload, found.secondary_payload]
    if not beside:
        shown = sides if differs else [sides[0] or sides[1]]
        for index, side in enumerate(shown):
            if index:
                sheet.row()
            sheet.put(_OFFSET - 2, [(DIFFERS if differs and not index else " ", "strong")], 1)
            sheet.put(_OFFSET, _dump(side, marks, start, count))
        return
    second = min(_columns(width)[0], width - 4 * count - 1)
    sheet.put(_OFFSET, _dump(sides[0], marks, start, count))
    sheet.put(second - 2, [(DIFFERS if differs else " ", "strong")], 1)
    sheet.put(second, _dump(sides[1], marks, start, count))


def _dump(data: bytes, marks: bytearray, start: int, count: int) -> list[Span]:
    """`count` bytes as hexadecimal, then as text, those that differ marked."""
    codes: list[Span] = []
    text: list[Span] = []
    for index in range(start, start + count):
        style = "picked" if index < len(marks) and marks[index] else "muted"
        there = index < len(data)
        codes += [(f"{data[index]:02x}" if there else "  ", style if there else "muted"), (" ", "muted")]
        char = chr(data[index]) if there and 32 <= data[index] < 127 else "·" if there else " "
        text.append((char, style if there else "muted"))
    return [*codes, (" ", "muted"), *text]


def _marks(found: PacketPair, longest: int) -> bytearray:
    marks = bytearray(longest)
    for first, after in found.differences:
        marks[first:after] = b"\1" * (min(after, longest) - first)
    return marks


def _rows(marks: bytearray, longest: int, count: int) -> Iterator[tuple[int, int]]:
    """The rows to show as (first byte, after the last one); a longer stretch stands for equal rows left out."""
    rows = range(0, longest, count)
    wanted = {row for row in rows if any(marks[row : row + count])}
    if wanted:
        around = range(-_CONTEXT * count, (_CONTEXT + 1) * count, count)
        wanted = {row + by for row in wanted for by in around}
    else:
        wanted = set(rows[:_EQUAL_SHOWN])
    left_out: int | None = None
    for row in rows:
        if row in wanted:
            if left_out is not None:
                yield left_out, row
                left_out = None
            yield row, min(row + count, longest)
        elif left_out is None:
            left_out = row
    if left_out is not None:
        yield left_out, longest

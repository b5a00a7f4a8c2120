"""Finds the two packets of a mismatch among what both copies sent, and says where they differ."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from colotui.engine.packets import SYN, Decoded, decode
from colotui.model.facts import Missing
from colotui.model.mismatch import Mismatch
from colotui.model.packet import Captured, Field, PacketPair

AROUND = 2.0
"""Seconds before and after a packet's moment in which it and its twin are looked for."""

_TRIED = 400
"""Packets of the primary, the nearest in time, that are tried."""

_LATE = 0.05
"""Seconds by which the clock of a capture may run behind that of the comparison."""

_WRONG_LENGTH, _SAME = 1.0, 0.25
"""Seconds a pair of packets counts as farther away: for a length the comparison did not tell, for being equal."""

_RANGES = 2048
"""Ranges of differing bytes kept of one payload."""

_NAMED = ("tcp", "udp", "icmp")


@dataclass(frozen=True, slots=True)
class _Packet:
    """A captured frame with what it says."""

    captured: Captured
    said: Decoded


def without_twin(mismatch: Mismatch) -> bool:
    """The comparison gave up waiting for the second packet: it names no protocol."""
    return mismatch.protocol in ("", "—")


def pair(
    mismatch: Mismatch, primary: Sequence[Captured], secondary: Sequence[Captured], waited: float
) -> PacketPair | Missing:
    """The packets behind `mismatch`, or why there are none. All times are on one clock.

    `waited`: seconds after which the comparison gives a packet up that has no twin.
    """
    moment = mismatch.at - waited if without_twin(mismatch) else mismatch.at
    first, second = _near(moment, primary), _near(moment, secondary)
    fitting = sorted(
        (packet for packet in first if _fits(mismatch, packet.said)),
        key=lambda packet: abs(packet.captured.at - moment),
    )[:_TRIED]
    if not fitting:
        return Missing(f"none of the {len(first)} packets that the primary sent within {AROUND:g} s of it fits")
    fitting.sort(key=lambda packet: packet.captured.at)
    both = zip(fitting, _twins(fitting, second, mismatch.at), strict=True)
    mine, twin = min(both, key=lambda two: _rank(mismatch, moment, *two))
    return compare(mine.captured, twin.captured if twin is not None else None)


def _near(moment: float, packets: Iterable[Captured]) -> list[_Packet]:
    near = (_Packet(packet, decode(packet.data)) for packet in packets if abs(packet.at - moment) <= AROUND)
    return [packet for packet in near if packet.said.protocol != "arp"]  # ARP passes without being compared


def _fits(mismatch: Mismatch, said: Decoded) -> bool:
    if mismatch.protocol in _NAMED and said.protocol != mismatch.protocol:
        return False
    if mismatch.protocol == "other" and said.protocol in _NAMED:
        return False
    wanted = (mismatch.source, mismatch.destination)
    return not any(wanted) or wanted == (said.source, said.destination)


def _rank(mismatch: Mismatch, moment: float, mine: _Packet, twin: _Packet | None) -> float:
    """The smallest is the best: seconds away, and seconds added for what does not look like this mismatch."""
    away = abs(mine.captured.at - moment)
    if without_twin(mismatch) is not (twin is None):
        away += 2 * AROUND
    if twin is None:
        return away
    told = ((mismatch.primary_length, mine), (mismatch.secondary_length, twin))
    away += sum(_WRONG_LENGTH for length, packet in told if length not in (None, packet.captured.length))
    first, second = mine.said, twin.said
    if (first.payload, first.padding) == (second.payload, second.padding):
        away += _SAME
        # Without a payload that differs it can be what one copy has acknowledged and the other has not yet.
        if (first.flags, first.acknowledged) == (second.flags, second.acknowledged):
            away += _SAME
    return away


def _twins(mine: list[_Packet], theirs: list[_Packet], at: float) -> list[_Packet | None]:
    streams: dict[object, list[_Packet]] = defaultdict(list)
    for packet in theirs:
        streams[packet.said.stream].append(packet)
    ordered = _in_order(mine, streams)
    found: list[_Packet | None] = []
    for index, packet in enumerate(mine):
        others = streams.get(packet.said.stream, [])
        if packet.said.protocol == "tcp":
            found.append(_tcp_twin(packet, others, at))
        elif packet.said.echo is not None:
            same = [other for other in others if other.said.echo == packet.said.echo]
            found.append(_nearest(same, packet.captured.at))
        else:
            found.append(ordered.get(index))
    return found


def _tcp_twin(mine: _Packet, others: list[_Packet], at: float) -> _Packet | None:
    """The secondary's packet with the same bytes of the stream. Its numbers are the primary's: they were rewritten.

    The first packet of a connection still has its own number. Of several it is one that was there when the
    comparison looked: after the checkpoint the secondary sends what the primary sent.
    """
    said = mine.said
    if said.flags & SYN:
        return _nearest([other for other in others if other.said.flags & SYN], mine.captured.at)
    rest = [other for other in others if not other.said.flags & SYN]
    same = [other for other in rest if other.said.sequence == said.sequence]
    alike = [other for other in same if bool(other.said.payload) == bool(said.payload)]
    if not alike and said.payload:
        alike = [other for other in rest if _overlap(said, other.said)]
    before = [other for other in alike if other.captured.at <= at + _LATE]
    return _nearest(before or alike, mine.captured.at)


def _shift(mine: Decoded, other: Decoded) -> int:
    """How many bytes later in the stream the other one begins; sequence numbers wrap around."""
    return (other.sequence - mine.sequence + (1 << 31)) % (1 << 32) - (1 << 31)


def _overlap(mine: Decoded, other: Decoded) -> bool:
    shift = _shift(mine, other)
    return shift < len(mine.payload) and -shift < len(other.payload)


def _in_order(mine: list[_Packet], streams: dict[object, list[_Packet]]) -> dict[int, _Packet]:
    """UDP and the rest have no numbers: equal ones belong together, what is left does so in the order of sending."""
    found: dict[int, _Packet] = {}
    for stream in {packet.said.stream for packet in mine if packet.said.protocol != "tcp"}:
        equal: dict[bytes, deque[_Packet]] = defaultdict(deque)
        others = streams.get(stream, [])
        for other in others:
            equal[other.said.payload].append(other)
        left: list[int] = []
        used: set[int] = set()
        for index, packet in enumerate(mine):
            if packet.said.stream != stream:
                continue
            queue = equal.get(packet.said.payload)
            if queue:
                found[index] = queue.popleft()
                used.add(id(found[index]))
            else:
                left.append(index)
        found.update(zip(left, (other for other in others if id(other) not in used), strict=False))
    return found


def _nearest(packets: Sequence[_Packet], at: float) -> _Packet | None:
    return min(packets, key=lambda packet: abs(packet.captured.at - at), default=None)


def compare(primary: Captured, secondary: Captured | None) -> PacketPair:
    """Both packets field by field, and the bytes of the payload that differ."""
    mine = decode(primary.data)
    if secondary is None:
        fields = tuple(Field(layer, name, value, "", False) for layer, name, value in mine.fields)
        note = "the secondary sent no packet that belongs to it; it may have come later, or differ in every way"
        return PacketPair(primary, None, fields, mine.payload, note=note)
    other = decode(secondary.data)
    notes = [_cut_note(name, packet) for name, packet in (("primary", primary), ("secondary", secondary))]
    first, second = mine.payload, other.payload
    shift = _shift(mine, other) if mine.protocol == "tcp" and not mine.flags & SYN else 0
    if shift and _overlap(mine, other):
        begin = max(shift, 0)
        first, second = first[begin:], second[begin - shift :]
        notes.append(f"the copies cut the stream into packets differently: shown from byte {begin} of the primary's on")
    return PacketPair(
        primary,
        secondary,
        _side_by_side(mine, other),
        first,
        second,
        differences(first, second),
        "; ".join(note for note in notes if note),
    )


def _cut_note(whose: str, packet: Captured) -> str:
    missing = packet.length - len(packet.data)
    return f"the last {missing} bytes of the {whose}'s were not captured" if missing > 0 else ""


def _side_by_side(mine: Decoded, other: Decoded) -> tuple[Field, ...]:
    """The fields of both in the order of the packets; one that is there several times is counted."""
    left, right = _numbered(mine), _numbered(other)
    order = list(left)
    for key in right:
        if key not in left:
            # It takes its place after the field it follows in its own packet.
            before = [known for known in order if known[0] == key[0]]
            order.insert(order.index(before[-1]) + 1 if before else len(order), key)
    return tuple(
        Field(key[0], key[1], left.get(key, ""), right.get(key, ""), left.get(key) != right.get(key)) for key in order
    )


def _numbered(packet: Decoded) -> dict[tuple[str, str, int], str]:
    found: dict[tuple[str, str, int], str] = {}
    for layer, name, value in packet.fields:
        number = 0
        while (layer, name, number) in found:
            number += 1
        found[layer, name, number] = value
    return found


def differences(first: bytes, second: bytes) -> tuple[tuple[int, int], ...]:
    """The ranges (first, after the last) in which two byte strings differ; what one lacks differs."""
    ranges: list[tuple[int, int]] = []
    for index, (a, b) in enumerate(zip_longest(first, second)):
        if a == b:
            continue
        if ranges and ranges[-1][1] == index:
            ranges[-1] = (ranges[-1][0], index + 1)
        elif len(ranges) == _RANGES:
            ranges[-1] = (ranges[-1][0], max(len(first), len(second)))  # the rest as one: it is all over the place
            break
        else:
            ranges.append((index, index + 1))
    return tuple(ranges)

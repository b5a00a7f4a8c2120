"""Decoding of packets, and finding the two behind a mismatch."""

from __future__ import annotations

import socket
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colotui.engine.packets import decode
from colotui.engine.pairing import compare, differences, pair
from colotui.model.facts import Missing
from colotui.model.mismatch import Mismatch
from colotui.model.packet import Captured, PacketPair
from tests.ui.packetsamples import MISMATCH, real_pair, replies

AT = 1000.0


def ip(protocol: int, body: bytes, *, ident: int = 1, padding: bytes = b"") -> bytes:
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), ident, 0, 64, protocol, 0)
    ends = socket.inet_aton("10.0.0.2") + socket.inet_aton("10.0.0.1")
    return b"\2" * 12 + b"\x08\x00" + header + ends + body + padding


def tcp(sequence: int, payload: bytes = b"", *, ack: int = 7, flags: int = 0x18, **more: object) -> bytes:
    return ip(6, struct.pack("!HHIIBBHHH", 80, 4000, sequence, ack, 0x50, flags, 100, 0, 0) + payload, **more)  # type: ignore[arg-type]


def udp(payload: bytes) -> bytes:
    return ip(17, struct.pack("!HHHH", 53, 4000, 8 + len(payload), 0) + payload)


def ping(number: int, payload: bytes) -> bytes:
    return ip(1, struct.pack("!BBHHH", 0, 0, 0, 9, number) + payload)


def sent(*frames: tuple[float, bytes]) -> list[Captured]:
    return [Captured(AT + later, data, len(data)) for later, data in frames]


def found(mismatch: Mismatch, mine: list[Captured], theirs: list[Captured]) -> PacketPair:
    result = pair(mismatch, mine, theirs, 3.0)
    assert isinstance(result, PacketPair), result
    return result


def values(data: bytes) -> dict[tuple[str, str], str]:
    return {(layer, name): value for layer, name, value in decode(data).fields}


def test_the_real_mismatch_has_two_different_bodies() -> None:
    two = real_pair()
    assert two.primary is not None
    assert two.secondary is not None
    assert abs(two.primary.at - MISMATCH.at) < 0.05
    assert abs(two.secondary.at - MISMATCH.at) < 0.05
    assert two.primary_payload[:85] == two.secondary_payload[:85]
    assert two.primary_payload[:15] == b"HTTP/1.1 200 OK"
    assert two.differences[0][0] == 85
    assert two.differing_bytes == 244
    assert [field.name for field in two.fields if field.differs] == ["checksum"]
    named = {(field.layer, field.name): field.primary for field in two.fields}
    assert named["http", "Content-Length"] == "257"
    assert named["tcp", "flags"] == "psh ack"


def test_the_rewriter_has_made_the_numbers_equal() -> None:
    numbers = [{decode(p.data).sequence for p in replies(f"replies-{who}")} for who in ("primary", "secondary")]
    assert len(numbers[0] & numbers[1]) >= 8


def test_tcp_twins_are_those_of_the_same_bytes() -> None:
    mine = sent((0, tcp(1000, b"abc")), (0.1, tcp(1003, b"defg")), (0.2, tcp(1007, b"x")))
    theirs = sent((0, tcp(1000, b"abc")), (0.1, tcp(1003, b"deFg")), (0.2, tcp(1007, b"x")))
    two = found(Mismatch(AT + 0.1, "tcp", "", "10.0.0.2", "10.0.0.1", 58, 58), mine, theirs)
    assert (two.primary_payload, two.secondary_payload, two.differences) == (b"defg", b"deFg", ((2, 3),))


def test_copies_that_cut_the_stream_differently() -> None:
    mine, theirs = sent((0, tcp(2**32 - 2, b"abcdef"))), sent((0, tcp(1, b"dEf")))
    two = found(Mismatch(AT, "tcp", ""), mine, theirs)
    assert (two.primary_payload, two.secondary_payload, two.differences) == (b"def", b"dEf", ((1, 2),))
    assert "from byte 3" in two.note


def test_after_the_checkpoint_the_secondary_sends_what_the_primary_sent() -> None:
    theirs = sent((-0.01, tcp(1000, b"other")), (0.06, tcp(1000, b"first")))
    two = found(Mismatch(AT, "tcp", ""), sent((0.0, tcp(1000, b"first"))), theirs)
    assert two.secondary_payload == b"other"


def test_a_difference_of_what_was_acknowledged() -> None:
    mine = sent((-0.2, tcp(5, ack=10, flags=0x10)), (0.0, tcp(6, ack=11, flags=0x10)))
    theirs = sent((-0.2, tcp(5, ack=11, flags=0x10)), (0.0, tcp(6, ack=11, flags=0x10)))
    two = found(Mismatch(AT, "tcp", "", primary_length=54, secondary_length=54), mine, theirs)
    assert [field.name for field in two.fields if field.differs] == ["ack"]


def test_the_first_packets_of_a_connection_have_their_own_numbers() -> None:
    mine, theirs = sent((0, tcp(1000, flags=0x12))), sent((0, tcp(77000, flags=0x12)))
    two = found(Mismatch(AT, "tcp", ""), mine, theirs)
    assert two.secondary is not None
    assert [(field.name, field.differs) for field in two.fields if field.name == "seq"] == [("seq", True)]


def test_udp_in_the_order_of_sending() -> None:
    mine = sent((0.00, udp(b"a")), (0.01, udp(b"1")), (0.02, udp(b"b")), (0.03, udp(b"2")))
    theirs = sent((0.00, udp(b"b")), (0.01, udp(b"7")), (0.02, udp(b"a")), (0.03, udp(b"8")))
    two = found(Mismatch(AT + 0.03, "udp", ""), mine, theirs)
    assert (two.primary_payload, two.secondary_payload) == (b"2", b"8")


def test_pings_by_their_number() -> None:
    mine = sent((0, ping(1, b"x")), (0.02, ping(2, b"y")))
    theirs = sent((0.01, ping(2, b"z")), (0.03, ping(1, b"x")))
    two = found(Mismatch(AT + 0.02, "icmp", ""), mine, theirs)
    assert (two.primary_payload, two.secondary_payload) == (b"y", b"z")


def test_a_packet_without_its_twin() -> None:
    mine = sent((-3.0, udp(b"lonely")), (-2.9, udp(b"fine")))
    two = found(Mismatch(AT, "—", "no twin in time"), mine, sent((-2.9, udp(b"fine"))))
    assert two.primary_payload == b"lonely"
    assert two.secondary is None
    assert "the secondary sent no packet" in two.note


def test_why_there_is_none() -> None:
    for mismatch in (
        Mismatch(AT, "tcp", ""),
        Mismatch(AT, "udp", "", "10.9.9.9", "10.0.0.1"),
        Mismatch(AT + 9, "udp", ""),
    ):
        why = pair(mismatch, sent((0, udp(b"x"))), [], 3.0)
        assert isinstance(why, Missing)
        assert "packets that the primary sent" in why.why


def test_padding_is_told_from_the_payload() -> None:
    two = compare(*sent((0, tcp(1, padding=b"\0" * 6)), (0, tcp(1, padding=b"\0\1\0\0\0\0"))))
    assert two.primary_payload == b""
    assert [field.name for field in two.fields if field.differs] == ["padding"]


def test_a_packet_that_was_cut() -> None:
    whole = sent((0, udp(b"abcdefgh")))[0]
    two = compare(replace(whole, length=9000), whole)
    assert f"the last {9000 - len(whole.data)} bytes of the primary's were not captured" in two.note


def test_arp_and_ipv6_and_options() -> None:
    arp = (
        b"\xff" * 12
        + b"\x08\x06"
        + struct.pack("!HHBBH", 1, 0x800, 6, 4, 2)
        + b"\1" * 6
        + bytes(4)
        + b"\2" * 6
        + bytes(4)
    )
    assert values(arp)["arp", "what"] == "reply"
    ping6 = struct.pack("!BBHHH", 129, 0, 0, 3, 4)
    six = b"\2" * 12 + b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(ping6), 58, 64) + b"\xfe" * 32 + ping6
    assert decode(six).echo == (129, 3, 4)
    options = struct.pack("!HHIIBBHHH", 80, 1, 1, 1, 0x80, 2, 9, 0, 0) + b"\2\4\5\xb4\1\3\3\7\4\2\0\0"
    said = values(ip(6, options))
    assert (said["tcp", "mss"], said["tcp", "window scale"], said["tcp", "sack ok"]) == ("1460", "7", "yes")
    assert "nonsense" in values(ip(6, options[:20] + b"\2\x63" + bytes(10)))["tcp", "options"]


@given(st.binary(max_size=200), st.sampled_from((b"\x08\x00", b"\x86\xdd", b"\x08\x06", b"\x81\x00")))
def test_any_bytes_are_decoded(data: bytes, kind: bytes) -> None:
    for frame in (data, b"\2" * 12 + kind + data, ip(6, data), ip(17, data), ip(1, data)):
        for layer, name, value in decode(frame).fields:
            assert layer
            assert name
            assert value.isprintable() or value == ""


@given(st.lists(st.binary(max_size=80), max_size=8), st.lists(st.binary(max_size=80), max_size=8))
def test_any_two_captures_are_paired(mine: list[bytes], theirs: list[bytes]) -> None:
    for protocol in ("tcp", "udp", "icmp", "other", "—"):
        left = sent(*((0.0, ip(6, data)) for data in mine), *((-3.0, data) for data in mine))
        right = sent(*((0.0, ip(6, data)) for data in theirs), *((-3.0, data) for data in theirs))
        assert isinstance(pair(Mismatch(AT, protocol, ""), left, right, 3.0), PacketPair | Missing)


@pytest.mark.parametrize(
    ("first", "second", "ranges"),
    [(b"", b"", ()), (b"abc", b"abc", ()), (b"abc", b"aXYd", ((1, 4),)), (b"a", b"", ((0, 1),))],
)
def test_differences(first: bytes, second: bytes, ranges: tuple[tuple[int, int], ...]) -> None:
    assert differences(first, second) == ranges


def test_differences_are_bounded() -> None:
    ranges = differences(b"ab" * 9000, b"aX" * 9000)
    assert len(ranges) == 2048
    assert ranges[-1][1] == 18000

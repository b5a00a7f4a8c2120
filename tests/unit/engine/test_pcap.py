"""The reader of capture files: pieces of any size, files of any content."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colotui.engine.qemu.capturefile import Mark, settle_times, window
from colotui.engine.qemu.pcap import HEADER, FileHeader, Frame, FrameReader
from tests.ui.packetsamples import FIXTURES, replies

DATA = (FIXTURES / "replies-primary.pcap").read_bytes()


def frames(data: bytes) -> list[Frame]:
    return FrameReader(FileHeader.parse(data)).feed(data[HEADER:])


def test_the_file_of_a_real_qemu() -> None:
    header = FileHeader.parse(DATA)
    assert (header.order, header.longest) == ("<", 9216)
    found = frames(DATA)
    assert found[-1].end == len(DATA)
    assert [len(frame.data) for frame in found][:4] == [60, 62, 60, 396]
    assert all(frame.length == len(frame.data) for frame in found)


@given(st.lists(st.integers(1, 700), max_size=12))
def test_pieces_of_any_size(sizes: list[int]) -> None:
    reader = FrameReader(FileHeader.parse(DATA))
    at, found = HEADER, []
    for size in [*sizes, len(DATA)]:
        found += reader.feed(DATA[at : at + size])
        at += size
    assert found == frames(DATA)


def test_a_reader_that_begins_at_a_later_record() -> None:
    whole = frames(DATA)
    begin = whole[2].end
    assert FrameReader(FileHeader.parse(DATA), begin).feed(DATA[begin:]) == whole[3:]


def test_big_endian_and_nanoseconds() -> None:
    data = struct.pack(">IHHiIIIIIII", 0xA1B23C4D, 2, 4, 0, 0, 0, 1, 5, 500_000_000, 2, 9) + b"ab"
    assert frames(data) == [Frame(5.5, b"ab", 9, len(data))]


def test_what_is_no_capture() -> None:
    for data in (b"", b"\xd4\xc3\xb2\xa1", b"x" * 40):
        with pytest.raises(ValueError, match="no capture file"):
            FileHeader.parse(data)
    with pytest.raises(ValueError, match="of kind 101"):
        FileHeader.parse(DATA[:20] + struct.pack("<I", 101))


def test_a_record_that_is_none_names_its_place() -> None:
    with pytest.raises(ValueError, match="at byte 24"):
        FrameReader(FileHeader.parse(DATA)).feed(b"\xff" * 16)


@given(st.binary(max_size=4000))
def test_no_file_does_worse_than_a_value_error(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        frames(data)
    with contextlib.suppress(ValueError):
        frames(DATA[:HEADER] + data)


@given(st.integers(0, len(DATA) - 1), st.integers(0, 255))
def test_a_byte_that_was_changed(at: int, value: int) -> None:
    with contextlib.suppress(ValueError):
        frames(DATA[:at] + bytes([value]) + DATA[at + 1 :])


def test_times_are_those_of_the_writing() -> None:
    """QEMU's stamps of this file are 156 s ahead: its guest had run so long when the capture began."""
    found = replies("replies-primary")
    assert found[-1].at == pytest.approx(1795513625.538, abs=0.001)
    assert frames(DATA)[-1].at - found[-1].at == pytest.approx(156.2, abs=0.05)


def test_each_frame_is_timed_by_the_next_mark() -> None:
    # The guest stood still for 2 s between the frames: its own clock did not go on.
    early, late = Frame(100.0, b"", 0, 50), Frame(101.0, b"", 0, 80)
    settled = settle_times([early, late], [Mark(50, 1000.0), Mark(80, 1003.0)], offset=10.0)
    assert [captured.at for captured in settled] == [990.0, 993.0]
    assert settle_times([early], [Mark(40, 1000.0)], 0.0) == []
    assert settle_times([], [Mark(40, 1000.0)], 0.0) == []


def test_only_what_was_written_around_the_moment_is_read() -> None:
    marks = [Mark(1000 * index, float(index)) for index in range(1, 101)]
    starts, end = window(marks, 50.5)
    assert starts[0] == 48000
    assert end == 53000
    assert starts == sorted(starts, reverse=True)
    assert window(marks[:1], 0.5) == ([HEADER], 1000)
    fast = [Mark(index << 20, index / 10) for index in range(1, 200)]
    starts, end = window(fast, 10.0)
    assert (starts[0], end) == (94 << 20, 106 << 20)  # half a second before it and after it
    assert window([Mark(1 << 30, 5.0)], 5.0) == ([], 1 << 30)

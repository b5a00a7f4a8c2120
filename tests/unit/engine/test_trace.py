"""The trace parser against real captures of QEMU 11.1.3."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colotui.engine.qemu.trace import TraceParser
from colotui.model.checkpoint import Cause, Checkpoint
from colotui.model.mismatch import Mismatch

FIXTURES = Path(__file__).parents[2] / "fixtures" / "qemu"


def parse(name: str, size: int = 1 << 20) -> tuple[list[Checkpoint], list[Mismatch]]:
    parser, items = TraceParser(), []
    data = (FIXTURES / f"{name}.trace").read_bytes()
    for start in range(0, len(data), size):
        items += parser.feed(data[start : start + size])
    return [i for i in items if isinstance(i, Checkpoint)], [i for i in items if isinstance(i, Mismatch)]


def independent_forced(name: str) -> int:
    """Forced checkpoints counted another way: walk back from each request to the last comparison line."""
    lines = (FIXTURES / f"{name}.trace").read_text(errors="replace").splitlines()
    lines = [line for line in lines if re.search(r"colo_compare_|old_packet|checkpoint-request|'stop' => 'run'", line)]
    forced = 0
    for index, line in enumerate(lines):
        if "checkpoint-request" not in line:
            continue
        for before in reversed(lines[:index]):
            if "unsupported packet" in before or "miscompare" in before or "payload size" in before:
                continue
            if "packet different" in before or "old_packet" in before or "ip_info" in before:
                forced += 1
            break
    return forced


@pytest.mark.parametrize("name", ["_cgi-bin_rand", "udp_rand", "udp_len", "failover-primary"])
def test_mismatches_equal_an_independent_count(name: str) -> None:
    _checkpoints, mismatches = parse(name)
    assert len(mismatches) == independent_forced(name) > 0


def test_http_with_random_body_is_tcp() -> None:
    checkpoints, mismatches = parse("_cgi-bin_rand")
    assert {c.cause for c in checkpoints} == {Cause.TCP}
    assert all(m.protocol == "tcp" and m.source == "10.77.0.10" and m.destination == "10.77.0.1" for m in mismatches)
    assert "length 115 ≠ 141" in {m.what for m in mismatches}
    assert all(30 < (c.pause_ms or 0) < 120 for c in checkpoints)


def test_udp_mismatches_say_length_or_payload() -> None:
    assert [m.what for m in parse("udp_rand")[1]].count("payload differs, 60 B") >= 40
    assert [m.what for m in parse("udp_len")[1]].count("payload lengths differ") >= 40


def test_checkpoint_counts_and_pages() -> None:
    checkpoints, mismatches = parse("broad")
    assert [c.cause for c in checkpoints] == [Cause.FIRST, Cause.PERIODIC]
    assert [c.pages for c in checkpoints] == [348, 55]
    assert not mismatches


@pytest.mark.parametrize("size", [1, 7, 100, 4096])
def test_pieces_of_any_size_give_the_same(size: int) -> None:
    assert parse("udp_rand", size) == parse("udp_rand")


def test_old_format_with_thread_and_epoch() -> None:
    lines = (
        b"7@1795420272.100000:colo_send_message Send 'checkpoint-request' message\n"
        b"7@1795420272.101000:colo_vm_state_change Change 'run' => 'stop'\n"
        b"7@1795420272.108000:colo_vm_state_change Change 'stop' => 'run'\n"
    )
    (checkpoint,) = TraceParser().feed(lines)
    assert isinstance(checkpoint, Checkpoint)
    assert checkpoint.at == pytest.approx(1795420272.101)
    assert checkpoint.pause_ms == pytest.approx(7.0, abs=0.01)


@given(st.binary(max_size=2000))
def test_garbage_never_raises(data: bytes) -> None:
    TraceParser().feed(data + b"\n")


def test_memory_stays_bounded_without_a_newline() -> None:
    parser = TraceParser()
    for _ in range(50):
        parser.feed(b"x" * 65536)
    assert len(parser._rest) <= 65536

"""What QEMU and its guest say becomes facts; whatever else they say does no harm."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colotui.engine.qemu.cmdline import primary_argv, secondary_argv
from colotui.engine.qemu.trace import CpuReset, TraceParser
from colotui.engine.qemu.wiring import Wiring
from colotui.engine.qemu.witness import CONSOLE_RE, LONGEST, console_words, qmp_fact, stderr_fact
from colotui.model.incident import Source
from tests.unit.diagnosis.cases import NOW, SPEC


@pytest.mark.parametrize(
    ("event", "what", "text", "value"),
    [
        ({"event": "RESET", "data": {"guest": True, "reason": "guest-reset"}}, "RESET", "guest-reset", None),
        ({"event": "COLO_EXIT", "data": {"mode": "primary", "reason": "error"}}, "COLO_EXIT", "primary error", None),
        ({"event": "BLOCK_IO_ERROR", "data": {"device": "d", "operation": "write", "reason": "full", "nospace": True}},
         "BLOCK_IO_ERROR", "d write full", 1.0),
        ({"event": "MIGRATION", "data": {"status": "failed"}}, "MIGRATION", "failed", None),
    ],
)  # fmt: skip
def test_events(event: dict[str, Any], what: str, text: str, value: float | None) -> None:
    fact = qmp_fact("alpha", event, NOW)
    assert fact is not None
    assert (fact.what, fact.text, fact.value, fact.source) == (what, text, value, Source.QMP)


@pytest.mark.parametrize("event", [{"event": "STOP"}, {"event": "RESUME"}, {"event": "MIGRATION", "data": []}, {}])
def test_events_that_are_no_facts(event: dict[str, Any]) -> None:
    assert qmp_fact("alpha", event, NOW) is None


@given(st.text(max_size=400))
def test_any_line_is_a_bounded_fact(line: str) -> None:
    fact = stderr_fact("alpha", line, NOW)
    assert len(fact.text) <= LONGEST
    assert fact.at <= NOW


def test_a_line_bears_its_own_time() -> None:
    line = "2026-11-23T08:04:59.557920Z qemu-system-x86_64: invalid runstate transition: 'io-error' -> 'colo'"
    fact = stderr_fact("beta", line, 2e9, offset=1.0)
    assert (fact.what, round(fact.at, 5)) == ("runstate", 1795421098.55792)
    assert stderr_fact("beta", "2026-99-23T08:04:59.557920Z qemu: x", NOW).at == NOW


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"[ 9.88] Kernel panic - not syncing: sysrq triggered crash\r\n", "panic"),
        (b"[ 8.63] BUG: kernel NULL pointer dereference, address: 0\r\n", "oops"),
        (b"[ 10.6] reboot: Restarting system\r\n", "goes-down"),
        (b"[ 0.00] Linux version 6.1.0-56-amd64 (x)\r\n", "boot"),
    ],
)
def test_words_on_the_console(text: bytes, what: str) -> None:
    match = CONSOLE_RE.search(text)
    assert match is not None
    assert console_words(match)[0] == what


def test_cpu_resets_and_unended_checkpoints_in_the_log() -> None:
    parser = TraceParser()
    log = (
        b"2026-11-23T07:54:20.461449Z colo_vm_state_change Change 'stop' => 'run'\n"
        b"2026-11-23T07:54:20.766260Z Triple fault\nCPU Reset (CPU 0)\nEAX=00000000 EBX=00000000\n"
    )
    items = [item for item in parser.feed(log) if isinstance(item, CpuReset)]
    assert [item.triple for item in items] == [True, False]
    assert items[0].at > 1.79e9
    assert parser.unended is None
    parser.feed(
        b"2026-11-23T07:54:21.000000Z colo_send_message Send 'checkpoint-request' message\n"
        b"2026-11-23T07:54:21.010000Z colo_vm_state_change Change 'run' => 'stop'\n"
        b"2026-11-23T07:54:21.020000Z colo_receive_message Receive 'vmstate-loaded' message\n"
    )
    assert parser.unended is not None
    assert "vmstate-loaded" in parser.unended.last
    parser.feed(b"2026-11-23T07:54:21.050000Z colo_vm_state_change Change 'stop' => 'run'\n")
    assert parser.unended is None


def test_only_a_primary_logs_resets() -> None:
    wiring = Wiring(SPEC)
    assert "cpu_reset" in primary_argv(wiring, "qemu", "tcg")
    assert "cpu_reset" not in secondary_argv(wiring, "qemu", "tcg", "10.0.0.1")

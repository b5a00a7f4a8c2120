"""The memory of what was said over QMP: bounded, without values, deeds not pushed out by looks."""

from __future__ import annotations

from colotui.engine.qemu.transcript import KEPT, Transcript, as_text


def test_looks_do_not_push_out_deeds() -> None:
    transcript = Transcript()
    transcript.command(0.0, "x-colo-lost-heartbeat", None, 3.0, "ok")
    for number in range(3 * KEPT):
        transcript.command(1.0 + number, "query-status", None, 0.4, "ok")
        transcript.event(1.5 + number, "STOP")
    found = transcript.newest()
    assert found[0].what == "x-colo-lost-heartbeat"
    assert len(found) == KEPT + 1


def test_deeds_are_bounded_and_in_order() -> None:
    transcript = Transcript()
    for number in range(3 * KEPT):
        transcript.command(float(number), "migrate", None, 1.0, "ok")
    found = transcript.newest()
    assert len(found) == KEPT
    assert [one.at for one in found] == sorted(one.at for one in found)
    assert found[-1].at == 3 * KEPT - 1


def test_only_what_a_command_is_about_is_kept() -> None:
    transcript = Transcript()
    transcript.command(1.0, "object-add", {"qom-type": "secret", "id": "s0", "data": "hunter2"}, 1.0, "ok")
    transcript.command(2.0, "human-monitor-command", {"command-line": "drive_add 0 password=hunter2"}, 1.0, "ok")
    transcript.command(3.0, "qom-get", {"path": "/objects/m0", "property": "status"}, 5000.0, "no answer\x1b[31m")
    transcript.event(4.0, "COLO_EXIT")
    text = as_text(transcript.newest())
    assert "hunter2" not in text
    assert "\x1b" not in text
    lines = text.splitlines()
    assert lines[0].endswith("object-add id=s0 qom-type=secret: ok")
    assert lines[1].endswith("human-monitor-command drive_add: ok")
    assert "5000.0 ms  qom-get path=/objects/m0 property=status: no answer" in lines[2]
    assert lines[3].endswith("COLO_EXIT: event")

"""`colotui record`, and the recorder that runs with the cockpit."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from colotui.cli.recorders import Recorders
from colotui.model.protection import Event, Severity, Snapshot
from colotui.record.recorder import Stand
from colotui.record.recording import Recording
from tests.unit.cli.conftest import Colotui
from tests.unit.cli.test_cockpit import START, Terminal
from tests.unit.record.same import wait
from tests.unit.record.taking import PAIR, SAMPLES


def ending(number: int) -> None:
    """Send this process a signal once it waits for one."""
    before = signal.getsignal(number)

    def send() -> None:
        wait(lambda: signal.getsignal(number) is not before)
        time.sleep(0.2)
        if signal.getsignal(number) is not before:
            os.kill(os.getpid(), number)

    threading.Thread(target=send, daemon=True).start()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_until_it_is_ended(colotui: Callable[..., Colotui], number: int) -> None:
    run = colotui(snapshot=SAMPLES[0])
    ending(number)
    ran = run("record")
    assert (ran.code, ran.err) == (0, "")
    assert run.controller.read_only
    (path,) = (run.home / "XDG_STATE_HOME/colotui/recordings").iterdir()
    assert path.name == f"{run.pair.name}.colorec"
    assert f"recording into {path}" in ran.out.replace("\n", " ")
    assert "snapshots recorded" in ran.out


def test_into_a_named_file(colotui: Callable[..., Colotui], tmp_path: Path) -> None:
    run = colotui(snapshot=SAMPLES[0])
    ending(signal.SIGTERM)
    assert run("record", "-o", str(tmp_path / "x.colorec"), "--keep-days", "1", "--keep-size", "10M").code == 0
    assert (tmp_path / "x.colorec").stat().st_mode & 0o777 == 0o600


def test_where_it_cannot_be_written(colotui: Callable[..., Colotui]) -> None:
    ran = colotui()("record", "-o", "/proc/none/x.colorec")
    assert ran.code == 74
    assert "cannot be written" in ran.err


def test_a_wrong_size_is_said_before_anything_is_made(colotui: Callable[..., Colotui], tmp_path: Path) -> None:
    ran = colotui()("record", "-o", str(tmp_path / "x.colorec"), "--keep-size", "much")
    assert ran.code == 64
    assert not (tmp_path / "x.colorec").exists()


class Heard:
    """A controller, as far as a recorder needs one."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[Snapshot], None]] = []
        self.remarks: list[Event] = []

    def subscribe(self, listener: Callable[[Snapshot], None]) -> None:
        self.listeners.append(listener)

    def remark(self, event: Event) -> None:
        self.remarks.append(event)


def test_the_cockpit_says_once_that_it_does_not_record_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "colotui").write_text("a file where the folder should be")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    recorders, controller, said = Recorders(wanted=True), Heard(), list[str]()
    recorders.say = said.append
    recorders.attach(PAIR, controller)  # type: ignore[arg-type]
    wait(lambda: recorders._recorders[0].failure is not None)
    for _ in range(3):
        controller.listeners[0](SAMPLES[0])
    (event,) = controller.remarks
    assert event.severity is Severity.WARNING
    assert event.text == "this cockpit does not record any more"
    assert "cannot be written" in event.detail
    assert len(said) == 1
    assert recorders.lines()[0].startswith("not recording: ")
    recorders.close()


def test_without_the_wish_nothing_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    recorders, controller = Recorders(wanted=False), Heard()
    recorders.attach(PAIR, controller)  # type: ignore[arg-type]
    assert not controller.listeners
    assert not recorders.lines()
    recorders.close()
    assert not list(tmp_path.iterdir())


def test_two_cockpits_on_one_pair_have_one_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    first, second = Recorders(wanted=True), Recorders(wanted=True)
    controller = Heard()
    first.attach(PAIR, controller)  # type: ignore[arg-type]
    wait(lambda: first._recorders[0].stand is Stand.RECORDING)
    second.attach(PAIR, controller)  # type: ignore[arg-type]
    wait(lambda: second._recorders[0].stand is Stand.BUSY)
    for listener in controller.listeners:
        listener(replace(SAMPLES[0], at=time.time()))
    assert not controller.remarks
    assert second.lines()[0].startswith("another cockpit records this pair into ")
    second.close()
    first.close()
    (path,) = (tmp_path / "colotui/recordings").iterdir()
    Recording.open(path).close()


@pytest.mark.parametrize("words", [(), ("--no-record",)])
def test_a_cockpit_on_a_terminal_records(tmp_path: Path, words: tuple[str, ...]) -> None:
    from tests.unit.config.pairs import FULL

    file = tmp_path / "pair.yaml"
    file.write_text(FULL.replace("10.79.0.2", "127.0.0.1").replace("port: 22", "port: 1"))
    terminal = Terminal(START, "-c", str(file), *words, home=tmp_path)
    terminal.read_until(b"web01")
    time.sleep(0.8)
    os.write(terminal.end, b"q")
    assert terminal.ended() == 0
    kept = list(tmp_path.glob("XDG_STATE_HOME/colotui/recordings/*"))
    if words:
        assert not kept
    else:
        (path,) = kept
        recording = Recording.open(path)
        assert recording.at(recording.end).guests[0].name == "web01"
        recording.close()


def test_json_lines(colotui: Callable[..., Colotui]) -> None:
    run = colotui(snapshot=SAMPLES[0])
    ending(signal.SIGTERM)
    ran = run("--json", "record")
    assert ran.code == 0
    assert all(line.startswith('{"version": 1, "at": ') for line in ran.out.splitlines())
    assert SAMPLES[0].guests[0].protection.state.value in ran.out

"""Failures of the system's tools become one sentence."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from colotui.errors import LabError
from colotui.lab import build, osrun, wires
from colotui.lab.layout import Net
from colotui.lab.show import Bar


def test_output_comes_back() -> None:
    assert osrun.run(["/bin/sh", "-c", "cat; echo b"], what="x", text="a\n") == "a\nb\n"


def test_the_last_line_says_why() -> None:
    script = "echo first >&2; echo 'mount: no' >&2; echo '  dmesg(1) may have more information' >&2; exit 3"
    with pytest.raises(LabError, match=r"^mounting: mount: no$"):
        osrun.run(["/bin/sh", "-c", script], what="mounting")


def test_a_silent_failure_says_so() -> None:
    with pytest.raises(LabError, match="it ended with status 4 and said nothing"):
        osrun.run(["/bin/sh", "-c", "exit 4"], what="x")


def test_a_hanging_tool_is_ended() -> None:
    with pytest.raises(LabError, match=r"did not end within 0\.2 s"):
        osrun.run(["/bin/sleep", "9"], what="x", timeout=0.2)


def test_a_missing_tool_is_named_with_its_package() -> None:
    with pytest.raises(LabError, match="Install the package debootstrap"):
        raise osrun.missing("debootstrap")


def test_without_apt_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osrun, "has", lambda command: command == "ip")
    with pytest.raises(LabError, match="`nsenter` is not on this machine"):
        osrun.need(["ip", "nsenter"], lambda _: None)


def test_with_apt_it_is_installed_after_saying_so(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"apt-get"}
    said: list[str] = []

    def install(argv: list[str], **_: object) -> str:
        if "install" in argv:
            assert argv[-1] == "debootstrap"
            there.add("debootstrap")
        return ""

    monkeypatch.setattr(osrun, "has", lambda command: command in there)
    monkeypatch.setattr(osrun, "run", install)
    osrun.need(["debootstrap"], said.append)
    assert said == ["installing debootstrap on this machine (apt-get)"]


def test_a_long_command_is_followed_and_logged(tmp_path: Path) -> None:
    lines: list[str] = []
    log = tmp_path / "log"
    osrun.follow(["/bin/sh", "-c", "echo one; echo two >&2"], what="x", log=log, line=lines.append)
    assert sorted(lines) == ["one", "two"]
    assert sorted(log.read_text().split()) == ["one", "two"]
    with pytest.raises(LabError, match="x: no such package"):
        osrun.follow(["/bin/sh", "-c", "echo E: no such package; echo bye; exit 1"], what="x", log=log, line=print)


@pytest.mark.parametrize(
    ("route", "free"),
    [
        ('{"dst":"10.77.0.0/24","dev":"x"}', False),
        ('{"dst":"10.0.0.0/8","dev":"vpn"}', False),
        ('{"dst":"10.79.0.7","dev":"x"}', False),
        ('{"dst":"10.78.0.0/24","dev":"x"}', True),
        ('{"dst":"default","gateway":"192.0.2.1","dev":"x"}', True),
        ('{"dst":"192.168.0.0/16"}', True),
    ],
)
def test_networks_in_use_are_seen(monkeypatch: pytest.MonkeyPatch, route: str, free: bool) -> None:
    monkeypatch.setattr(osrun, "run", lambda *_, **__: f"[{route}]")
    assert (wires.in_use(Net()) is None) is free


@pytest.mark.parametrize(
    ("system", "machine", "uid", "said"),
    [
        ("Darwin", "arm64", 0, "this is arm64 Darwin"),
        ("Linux", "aarch64", 0, "x86-64 Linux"),
        ("Linux", "x86_64", 1000, "needs root"),
    ],
)
def test_a_machine_that_can_have_no_lab(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, uid: int, said: str
) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("os.geteuid", lambda: uid)
    with pytest.raises(LabError, match=said):
        build.check_machine()


def test_progress_without_a_terminal_is_a_line_now_and_then() -> None:
    out = io.StringIO()
    with Bar(out) as bar:
        for part in range(101):
            bar("unpacking", part / 100)
    lines = out.getvalue().splitlines()
    assert len(lines) == 11
    assert "\x1b" not in out.getvalue()
    assert lines[-1].startswith("lab: 100%")


def test_nothing_to_do_shows_nothing() -> None:
    out = io.StringIO()
    with Bar(out) as bar:
        bar("ready", 1.0)
    assert out.getvalue() == ""
    assert sys.stderr is not out

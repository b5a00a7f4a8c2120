"""The front: where options may stand, what no pair file gets, faults of our own, and what is imported for what."""

from __future__ import annotations

import argparse
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from colotui import __version__, config
from colotui.cli import codes, hosts
from colotui.errors import HostKeyChanged, HostKeyUnknown
from tests.unit.cli.conftest import Colotui
from tests.unit.config.pairs import FULL

Make = Callable[..., Colotui]
ROOT = Path(__file__).parents[3]


def run(*words: str, code: str = "", env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-c", code] if code else [sys.executable, "-m", "colotui"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
    return subprocess.run(
        [*argv, *words], env=environ, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False
    )


def test_options_stand_before_or_after_the_command(colotui: Make, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(FULL)
    cli = colotui(None)
    for words in (("-c", str(other), "status", "--json"), ("--json", "status", "-c", str(other))):
        assert cli(*words).json["version"] == 1


def test_both_ways_of_naming_a_pair_are_too_many(colotui: Make) -> None:
    assert colotui()("-c", "x", "status", "-p", "y").code == 64


def test_without_a_pair_file(colotui: Make) -> None:
    cli = colotui(None)
    for words in ((), ("status",), ("failover",), ("hosts", "accept", "alpha")):
        result = cli(*words)
        assert result.code == 64
        text = " ".join((result.out + result.err).split())
        assert "There is no pair file yet." in text or "there is no pair file yet." in text
        assert "colotui config check" in text
        assert "lab" in text


def test_the_cockpit_needs_a_terminal(colotui: Make) -> None:
    result = colotui()()
    assert result.code == 64
    assert "needs a terminal" in result.err


def test_a_wrong_command_line_is_not_mistaken_for_a_state(colotui: Make) -> None:
    cli = colotui()
    for words in (("nonsense",), ("failover", "--nonsense"), ("hosts",), ("config",)):
        result = cli(*words)
        assert result.code == 64
        assert "--help" in result.err


def test_the_help_holds_every_exit_code(colotui: Make) -> None:
    result = colotui()("--help")
    assert result.code == 0
    for code, text in codes.TABLE:
        assert f"{code:>5}  {text}" in result.out


def test_a_fault_of_our_own_is_one_sentence_and_a_log(colotui: Make) -> None:
    cli = colotui(crash=ZeroDivisionError("by \x1b[31mzero"))
    result = cli("status")
    assert result.code == 70
    log = cli.home / "XDG_STATE_HOME" / "colotui" / "logs" / "colotui.log"
    assert result.err.splitlines() == [
        "colotui: a fault inside colotui: ZeroDivisionError: by zero",
        f"  The traceback is in {log}.",
    ]
    assert "Traceback" in log.read_text()
    assert "Traceback" in cli("status", "--debug").err
    assert cli("status", "--json").json["error"]["exit_code"] == 70


def test_a_log_that_cannot_be_written_is_said(colotui: Make) -> None:
    cli = colotui(crash=ZeroDivisionError())
    (cli.home / "XDG_STATE_HOME").write_text("in the way")
    result = cli("status")
    assert result.code == 70
    assert "No log could be written" in result.err
    assert "Traceback" not in result.err


def test_paths(colotui: Make) -> None:
    cli = colotui()
    result = cli("paths", "--json").json["paths"]
    assert result["pair file"] == {"path": str(cli.home / "XDG_CONFIG_HOME/colotui/pair.yaml"), "exists": True}
    assert result["known hosts"]["exists"] is False
    assert set(result) >= {"config", "state", "cache", "logs", "own themes", "shipped themes"}
    assert "(not there)" in cli("paths").out
    assert not (cli.home / "XDG_STATE_HOME").exists()


def test_config_check(colotui: Make, tmp_path: Path) -> None:
    cli = colotui()
    assert "good. Pair lab: hosts alpha and beta; guest web01." in " ".join(cli("config", "check").out.split())
    bad = tmp_path / "bad.yaml"
    bad.write_text(FULL.replace("port: 22", "port: x").replace("cpus: 1", "cpus: x"))
    result = cli("config", "check", str(bad))
    assert result.code == 64
    assert f"{bad}:5:" in result.out
    assert "2 problems." in result.out
    found = cli("config", "check", str(bad), "--json").json
    assert [problem["line"] for problem in found["problems"]] == [5, 18]


UNKNOWN = HostKeyUnknown("alpha", "SHA256:abc", "10.79.0.2 ssh-ed25519 AAAA", "/state/known_hosts")


@pytest.mark.parametrize(
    ("words", "answers", "code", "written"),
    [
        ((), ["alpha"], 0, True),
        ((), ["y"], 65, False),
        ((), None, 65, False),
        (("--fingerprint", "SHA256:abc"), None, 0, True),
        (("--fingerprint", "SHA256:abd"), ["alpha"], 65, False),
        (("--json",), ["alpha"], 64, False),
        (("--read-only",), ["alpha"], 65, False),
        (("--json", "--fingerprint", "SHA256:abc"), None, 0, True),
    ],
)
def test_a_host_key_is_accepted_on_the_operators_word_only(
    colotui: Make,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    answers: list[str] | None,
    code: int,
    written: bool,
) -> None:
    accepted: list[HostKeyUnknown] = []

    async def unknown_key(_spec: object) -> HostKeyUnknown:
        return UNKNOWN

    monkeypatch.setattr(hosts, "unknown_key", unknown_key)
    monkeypatch.setattr("colotui.host.channel.accept_host_key", accepted.append)
    result = colotui(answers=answers)("hosts", "accept", "alpha", *words)
    assert result.code == code
    assert accepted == ([UNKNOWN] if written else [])
    if "--json" not in words and "--read-only" not in words:
        assert "SHA256:abc" in result.out


def test_a_key_that_is_known_changed_or_not_needed(colotui: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    async def known(_spec: object) -> None:
        return None

    async def changed(_spec: object) -> None:
        raise HostKeyChanged("alpha", "its key has changed.")

    cli = colotui(FULL.replace("10.79.0.3", "local"))
    monkeypatch.setattr(hosts, "unknown_key", known)
    assert "its key is known" in cli("hosts", "accept", "alpha").out
    assert "no key is needed" in cli("hosts", "accept", "beta").out
    monkeypatch.setattr(hosts, "unknown_key", changed)
    assert cli("hosts", "accept", "alpha").code == 69
    assert cli("hosts", "accept", "gamma").code == 64


def test_the_version_needs_next_to_nothing() -> None:
    result = run("--version")
    assert (result.returncode, result.stdout) == (0, f"colotui {__version__}\n")


SPY = """
import sys
from colotui.cli import main
code = main(sys.argv[1:])
heavy = {"textual", "asyncssh", "pyroute2", "psutil", "qemu.qmp", "rich"} & set(sys.modules)
print(",".join(sorted(heavy)), file=sys.stderr)
"""


@pytest.mark.parametrize("words", [("paths",), ("config", "check"), ("status",)])
def test_what_needs_no_host_loads_no_library_for_it(words: tuple[str, ...], tmp_path: Path) -> None:
    result = run(*words, code=SPY, env={"XDG_CONFIG_HOME": str(tmp_path)})
    assert result.stderr.splitlines()[-1] == ""


def test_the_screen_is_not_loaded_for_a_command_on_hosts() -> None:
    code = "import sys, colotui.cli.act, colotui.cli.status, colotui.cli.check, colotui.cli.hosts\n"
    code += "import colotui.controller.controller\nprint('textual' in sys.modules)"
    result = run(code=code)
    assert result.stdout == "False\n", result.stderr


def test_a_reader_that_goes_away_is_no_fault(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    process = subprocess.run(
        [sys.executable, "-m", "colotui", "paths"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(tmp_path)},
        stdout=write,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(write)
    assert (process.returncode, process.stderr) == (codes.BROKEN_PIPE, b"")


ASK = """
import asyncio
from colotui.cli.asking import Asker
from colotui.errors import ActionRefused
try:
    print("got", repr(asyncio.run(Asker().ask("type web01: "))))
except ActionRefused:
    print("got nothing")
except KeyboardInterrupt:
    print("got interrupted")
"""


@pytest.mark.parametrize(
    ("typed", "seen"), [("web01\n", "got 'web01'"), ("\x04", "got nothing"), ("\x03", "got inter")]
)
def test_a_question_on_a_real_terminal(typed: str, seen: str) -> None:
    ours, theirs = pty.openpty()
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", f"import os, fcntl, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n{ASK}"],
        env=environ, stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while b"type web01: " not in shown:
        shown += os.read(ours, 1024)
    os.write(ours, typed.encode())
    try:
        while True:
            more = os.read(ours, 1024)
            if not more:
                break
            shown += more
    except OSError:
        pass
    process.wait(timeout=20)
    os.close(ours)
    assert seen in shown.decode()


def test_the_readme_has_the_same_exit_codes() -> None:
    text = (ROOT / "README.md").read_text()
    for code, meaning in codes.TABLE:
        assert f"| {code} | {meaning} |" in text


def test_the_pair_file_of_the_readme_is_one() -> None:
    text = (ROOT / "README.md").read_text().split("```yaml\n")[1].split("```")[0]
    assert config.loads(text).guests[0].name == "web01"


def test_the_lab_gets_the_command_line_and_a_way_to_the_cockpit(colotui: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []

    def run_lab(args: argparse.Namespace, cockpit: Callable[[str], int]) -> int:
        seen.append(args.lab_command)
        return cockpit(str(ROOT / "no-such-pair.yaml"))

    monkeypatch.setattr("colotui.lab.cli.run", run_lab)
    result = colotui(None)("lab", "status")
    assert seen == ["status"]
    assert (result.code, "no such file" in result.err) == (64, True)

"""`colotui` on a real terminal: it opens, leaves with q, and a fault in the screen is a sentence, not a page."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.unit.config.pairs import FULL

ROOT = Path(__file__).parents[3]
START = "import sys; from colotui.cli import main; sys.exit(main(sys.argv[1:]))"
FAULT = (
    "import colotui.ui.app as ui\ndef redraw(self): raise ZeroDivisionError('boom')\nui.CockpitApp.redraw = redraw\n"
)


class Terminal:
    """colotui on a pseudo terminal of 100x30."""

    def __init__(self, code: str, *words: str, home: Path) -> None:
        self.seen = b""
        self.pid, self.end = pty.fork()
        if self.pid == 0:
            for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
                os.environ[variable] = str(home / variable)
            os.environ.update(TERM="xterm-256color", PYTHONPATH=str(ROOT))
            os.execv(sys.executable, [sys.executable, "-c", code, *words])
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))

    def read_until(self, words: bytes, limit: float = 20.0) -> None:
        """Read until `words` appear, or the program ends."""
        until = time.monotonic() + limit
        while words not in self.seen and time.monotonic() < until:
            if select.select([self.end], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.end, 65536)
                except OSError:
                    return

    def ended(self, limit: float = 20.0) -> int:
        """The exit code."""
        self.read_until(b"\0never\0", limit)
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.end)
        return code


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    file = tmp_path / "pair.yaml"
    # Nothing listens on port 1 of this machine: both hosts answer at once that they are not there.
    text = FULL.replace("10.79.0.2", "127.0.0.1").replace("10.79.0.3", "127.0.0.2").replace("10.77.0.10", "127.0.0.1:1")
    file.write_text(
        text.replace("port: 22", "port: 1").replace("    address: 127.0.0.2", "    address: 127.0.0.2\n    port: 1")
    )
    return file


def test_it_opens_and_leaves(pair: Path, tmp_path: Path) -> None:
    terminal = Terminal(START, "-c", str(pair), home=tmp_path)
    terminal.read_until(b"web01")
    time.sleep(0.5)
    os.write(terminal.end, b"q")
    assert terminal.ended() == 0
    assert b"Traceback" not in terminal.seen


def test_a_fault_in_the_screen_is_one_sentence(pair: Path, tmp_path: Path) -> None:
    terminal = Terminal(FAULT + START, "-c", str(pair), home=tmp_path)
    assert terminal.ended() == 70
    last = terminal.seen.decode().rsplit("\x1b", 1)[1]
    log = tmp_path / "XDG_STATE_HOME" / "colotui" / "logs" / "colotui.log"
    assert "the cockpit ended by a fault of its own; protection goes on without it." in last
    assert str(log) in last
    assert "Traceback" not in terminal.seen.decode()
    assert "ZeroDivisionError: boom" in log.read_text()
    assert "\x1b" not in log.read_text()


def test_an_unknown_theme_is_a_sentence(pair: Path, tmp_path: Path) -> None:
    terminal = Terminal(START, "-c", str(pair), "--theme", "nope", home=tmp_path)
    assert terminal.ended() == 64
    assert b"nope" in terminal.seen
    assert b"Traceback" not in terminal.seen


def test_a_wrong_keymap_is_a_sentence_with_its_line(pair: Path, tmp_path: Path) -> None:
    folder = tmp_path / "XDG_CONFIG_HOME" / "colotui"
    folder.mkdir(parents=True)
    (folder / "keymap.yaml").write_text("failover: f5\nfailovr: f6\n")
    terminal = Terminal(START, "-c", str(pair), home=tmp_path)
    assert terminal.ended() == 64
    assert b"keymap.yaml:2: the keymap has no key `failovr`." in b" ".join(terminal.seen.split())

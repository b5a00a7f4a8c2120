"""What the operator reads when something goes wrong: one sentence and the next step; tracebacks go to a log file."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import sys
import traceback
from io import TextIOWrapper
from pathlib import Path

from colotui import paths
from colotui.cli import codes
from colotui.errors import ColotuiError
from colotui.model.text import plain

_LOG = "colotui.log"


class _LogFile(logging.handlers.RotatingFileHandler):
    """The log file; its folder is made with the first line, so that nothing is written when nothing goes wrong."""

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return super()._open()


def log_to_file(debug: bool) -> None:
    """Send all logging into the log file, never to the terminal."""
    handler = _LogFile(paths.logs_dir() / _LOG, maxBytes=1 << 20, backupCount=3, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _LogFile)]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if debug else logging.WARNING)
    # A full disk must not turn into tracebacks on the operator's terminal.
    logging.raiseExceptions = False


def told(error: ColotuiError, as_json: bool) -> int:
    """Say `error` and return its exit code."""
    if as_json:
        from colotui.cli.jsonview import document

        print(
            document(
                error={
                    "kind": type(error).__name__,
                    "what": error.what,
                    "next_step": error.next_step,
                    "exit_code": error.exit_code,
                }
            )
        )
    else:
        say(f"colotui: {error.what}")
        if error.next_step:
            say(f"  {error.next_step}")
    return error.exit_code


def unexpected(error: BaseException, *, debug: bool, as_json: bool) -> int:
    """A fault of colotui itself: one sentence, and where the traceback lies."""
    what = f"a fault inside colotui: {type(error).__name__}: {plain(str(error), 200)}"
    return fault(what, "".join(traceback.format_exception(error)), debug=debug, as_json=as_json)


def fault(what: str, trace: str, *, debug: bool, as_json: bool = False) -> int:
    """Say `what`; its `trace` goes into the log, and onto the terminal with `debug`."""
    log = paths.logs_dir() / _LOG
    logging.getLogger("colotui").error("%s\n%s", what, trace)
    where = f"The traceback is in {log}." if log.is_file() else f"No log could be written to {log}."
    told(ColotuiError(what, where), as_json)
    if debug:
        with contextlib.suppress(OSError):
            sys.stderr.write(trace)
    return codes.INTERNAL


def say(text: str) -> None:
    """One line to the error output."""
    shown = f"{text[: len(text) - len(text.lstrip())]}{plain(text.strip())}"
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    with contextlib.suppress(OSError):
        sys.stderr.write(shown.encode(encoding, "replace").decode(encoding) + "\n")
        sys.stderr.flush()

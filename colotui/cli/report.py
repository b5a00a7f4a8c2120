"""`colotui report`: what happened around an incident or in a stretch of time, from a recording, as one file."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from pathlib import Path

from colotui.cli import codes
from colotui.cli.session import load, term
from colotui.cli.term import clean
from colotui.errors import RecordingError, UsageError
from colotui.model.bundle import word
from colotui.model.quantity import size
from colotui.record.place import usual
from colotui.record.recording import Recording
from colotui.report.content import Content, Window
from colotui.report.gather import gathered
from colotui.report.headline import headline
from colotui.report.window import window_of
from colotui.report.write import write

_STDOUT = "-"


def command(args: argparse.Namespace) -> int:
    """Read the recording, write the report, say where it is and what it says."""
    if args.json and args.output == _STDOUT:
        raise UsageError("--json and -o - both want the output.", "Leave one of them out.")
    path = _recording(args)
    with contextlib.closing(Recording.open(path)) as recording:
        window = window_of(args.what, recording)
        content = gathered(recording, window, path.name)
    form = args.format or ("md" if str(args.output or "").endswith((".md", ".markdown")) else "html")
    text = _text(content, form)
    if args.output == _STDOUT:
        sys.stdout.write(text)
        return codes.OK
    target = Path(args.output) if args.output else Path.cwd() / f"{_name(content, window)}.{form}"
    written = write(text, target, over=args.force)
    sentences = [headline(content, part) for part in content.parts]
    if args.json:
        from colotui.cli.jsonview import document

        about = window.about.id if window.about is not None else None
        print(document(file=str(target), size=written, begin=window.low, end=window.high, incident=about,
                       sentences=sentences))  # fmt: skip
        return codes.OK
    out = term(args)
    for sentence in sentences:
        out.wrapped(sentence)
    # On one line, however long: a path is copied.
    out.line(f"Written: {clean(str(target))} ({size(written)})")
    return codes.OK


def _recording(args: argparse.Namespace) -> Path:
    if args.example or args.recording:
        from colotui.cli.replay import recording_file

        return recording_file(argparse.Namespace(file=args.recording, example=args.example))
    path = usual(load(args))
    if not path.is_file():
        raise RecordingError(
            str(path), "nothing was recorded of this pair yet.", "The cockpit records, and so does `colotui record`; "
            "or name another file: --recording FILE, or --example."
        )  # fmt: skip
    return path


def _text(content: Content, form: str) -> str:
    if form == "md":
        from colotui.report.markdown import markdown

        return markdown(content)
    from colotui.report.page import html

    return html(content)


def _name(content: Content, window: Window) -> str:
    """Its file without the ending: `colotui-report-web01-3-20261124-120418`."""
    about = content.pair.name if window.about is None else window.about.id
    begin = window.low if window.about is None else window.about.now.since
    return f"colotui-report-{word(about)}-{time.strftime('%Y%m%d-%H%M%S', time.localtime(begin))}"

"""`colotui replay`: a recording in the cockpit, as JSON lines, or the list of all there are."""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from colotui import paths
from colotui.cli import codes
from colotui.cli.session import guest_name, term
from colotui.cli.term import clean
from colotui.errors import RecordingError, UsageError
from colotui.model.recording import SUFFIX
from colotui.model.text import plain
from colotui.record.recording import Recording
from colotui.replay.transport import SPEEDS, Transport
from colotui.replay.when import Span, local, moment_of

if TYPE_CHECKING:
    from colotui.replay.transport import Landing

_SPEED = re.compile(r"(?:1/([248])|([0-9]+(?:\.[0-9]+)?))x?")
_FLUSHED = 64


def command(args: argparse.Namespace) -> int:
    """Play, print or list."""
    if args.list:
        from colotui.cli.recordings import print_list

        return print_list(args)
    if not args.json and (args.from_ or args.to):
        raise UsageError("--from and --to are for --json.", "In the cockpit: --at TIME.")
    if args.json and (args.at or args.speed):
        raise UsageError("--at and --speed are for the cockpit.", "With --json: --from TIME and --to TIME.")
    with contextlib.closing(Recording.open(recording_file(args))) as recording:
        return _export(args, recording) if args.json else _play(args, recording)


def recording_file(args: argparse.Namespace) -> Path:
    """The file that is meant: a path, or the name of one that the recorder keeps. Raises UsageError, RecordingError."""
    if args.example:
        if args.file:
            raise UsageError("either FILE or --example.", "The example is a file of its own.")
        example = paths.example_recording()
        if not example.is_file():
            raise RecordingError(
                str(example), "the example did not come with this installation.", "Install colotui again, or record: "
                "colotui record"
            )  # fmt: skip
        return example
    if not args.file:
        raise UsageError("which recording?", "Name a FILE, or use --example; --list shows those of this machine.")
    name = str(args.file)
    path = Path(name)
    if not path.exists() and path.name == name:
        kept = paths.recordings_dir() / (name if name.endswith(SUFFIX) else name + SUFFIX)
        if kept.is_file():
            return kept
    if path.is_dir():
        raise RecordingError(clean(name), "this is a folder, not a recording.", "Name the file in it.")
    return path


def _play(args: argparse.Namespace, recording: Recording) -> int:
    guest = guest_name(recording.pair, args.guest) if args.guest else ""
    at = _moment(args.at, recording) if args.at else None
    speed = speed_of(args.speed) if args.speed else 1.0
    # Imported last: a wrong file is said at once, not after the screen's library has loaded.
    from colotui.cli.cockpit import at_terminal, keymap, run_app, take_no_color

    if not at_terminal():
        raise UsageError("a replay needs a terminal.", "Without one: colotui replay FILE --json")
    take_no_color(args)
    from colotui.replay.controller import ReplayController
    from colotui.ui.replayapp import ReplayApp

    app = ReplayApp(
        ReplayController(recording, at=at, speed=speed),
        theme=args.theme,
        theme_folder=paths.user_themes_dir(),
        ascii_only=term(args).ascii,
        guest=guest,
        keymap=keymap(),
    )
    return run_app(args, app)


def _moment(text: str, recording: Recording) -> float:
    """A time on the command line: `+5m` counts from the beginning, `-5m` from the end."""
    back = text.strip()[:1] in ("-", "−")
    now = recording.end if back else recording.begin
    return moment_of(text, Span(recording.begin, recording.end, now))


def speed_of(text: str) -> float:
    """`1/4`, `0.5`, `8x` as recorded seconds in one second. Raises UsageError."""
    found = _SPEED.fullmatch(text.strip().lower())
    speed = 0.0 if found is None else 1.0 / float(found[1]) if found[1] else float(found[2])
    if not SPEEDS[0] <= speed <= SPEEDS[-1]:
        raise UsageError(f"`{plain(text, 20)}` is no speed.", "Give a number from 1/4 to 64.")
    return speed


def _export(args: argparse.Namespace, recording: Recording) -> int:
    from colotui.cli.status import exit_code
    from colotui.replay.export import lines

    if args.guest:
        raise UsageError("--guest is for the cockpit.", "With --json every guest is printed.")
    low = _edge(args.from_, recording, recording.begin)
    high = _edge(args.to, recording, recording.end)
    if low > high:
        raise UsageError("--from is later than --to.", f"The recording is from {_extent(recording)}.")
    for number, line in enumerate(lines(recording, low, high, exit_code)):
        sys.stdout.write(line + "\n")
        if number % _FLUSHED == 0:
            # Whoever reads a part of it and goes must end us, not wait for all.
            sys.stdout.flush()
    return codes.OK


def _edge(text: str | None, recording: Recording, default: float) -> float:
    if not text:
        return default
    landing = _landed(_moment(text, recording), recording)
    if landing.why:
        from colotui.cli.failure import say

        say(f"colotui: {landing.why}; printed up to there.")
    return landing.moment


def _landed(moment: float, recording: Recording) -> Landing:
    return Transport(recording.begin, recording.end).landing(moment)


def _extent(recording: Recording) -> str:
    return f"{local(recording.begin)} to {local(recording.end)}"

"""A recording as JSON lines, in the order of time: what it is, the snapshots, and each row of the past once."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace

from colotui.model.jsonform import VERSION, value
from colotui.model.past import CheckpointLog, MismatchLog
from colotui.model.protection import Snapshot
from colotui.replay.recorded import Recorded

_FRAMES = 60


def lines(recording: Recorded, low: float, high: float, exit_code: Callable[[Snapshot], int]) -> Iterator[str]:
    """Each line is one JSON object with its `type` and its time `at`, from `low` to `high` (epoch s, both included).

    The first is the recording itself, the second the snapshot that held at `low`. A snapshot has the form that
    `status --json` gives, `exit_code` included, but for its events, checkpoints and mismatches: those are lines of
    their own. Nothing is held in memory but a minute of it.
    """
    about = {
        "pair": recording.pair,
        "begin": recording.begin,
        "end": recording.end,
        "gaps": recording.gaps,
        "versions": recording.versions,
    }
    yield _line("recording", low, recording=about)
    frame = low
    yield _snapshot(recording, low, exit_code)
    since = low
    while True:
        frames: list[float] = []
        following = recording.after(frame)
        while following is not None and following <= high and len(frames) < _FRAMES:
            frame = following
            frames.append(frame)
            following = recording.after(frame)
        until = math.nextafter(frames[-1] if frames else high, math.inf)
        # A snapshot is made when its turn comes: many at once would be much.
        found: list[tuple[float, str]] = [*_rows(recording, since, until), *((at, "") for at in frames)]
        for at, text in sorted(found, key=lambda entry: entry[0]):
            yield text or _snapshot(recording, at, exit_code)
        if not frames:
            return
        since = until


def _rows(recording: Recorded, low: float, high: float) -> Iterator[tuple[float, str]]:
    for spec in recording.pair.guests:
        name = spec.name
        for checkpoint in recording.checkpoints(name, low, high):
            yield checkpoint.at, _line("checkpoint", checkpoint.at, guest=name, checkpoint=checkpoint)
        for mismatch in recording.mismatches(name, low, high):
            yield mismatch.at, _line("mismatch", mismatch.at, guest=name, mismatch=mismatch)
    for event in recording.events(low, high):
        yield event.at, _line("event", event.at, event=event)


def _snapshot(recording: Recorded, at: float, exit_code: Callable[[Snapshot], int]) -> str:
    whole = recording.at(at)
    guests = tuple(replace(view, checkpoints=CheckpointLog(), mismatches=MismatchLog()) for view in whole.guests)
    shown = replace(whole, guests=guests, events=())
    return _line("snapshot", whole.at, exit_code=exit_code(whole), snapshot=shown)


def _line(kind: str, at: float, **parts: object) -> str:
    """One line. ASCII only, so that no terminal obeys it."""
    return json.dumps({"version": VERSION, "type": kind, "at": value(at), **{k: value(v) for k, v in parts.items()}})

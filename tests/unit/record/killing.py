"""Kills a process that records, and says how much of what it was given is lost."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from colotui.record.recording import Recording


def kill(path: Path, after: float) -> float:
    """Kill a process that records into `path` after so many seconds; how many before the kill are not in the file."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.unit.record.victim", str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(after)
    os.kill(process.pid, signal.SIGKILL)
    killed = time.monotonic()
    words = [line.split() for line in process.stdout if line.endswith("\n")]
    process.wait()
    process.stdout.close()
    # In the order in which they were given: when (monotonic), and the time of the snapshot.
    given = [(float(when), float(at)) for when, at in words]
    end = 0.0
    if committed(path):
        recording = Recording.open(path)
        end = recording.end
        recording.close()
    missing = [when for when, at in given if at > end]
    return killed - missing[0] if missing else 0.0


def committed(path: Path) -> bool:
    """Whether anything is in the file."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        found = db.execute("SELECT (SELECT count(*) FROM live) + (SELECT count(*) FROM minute)").fetchone()
    db.close()
    return bool(found[0])

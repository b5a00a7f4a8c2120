"""What the lab shows: a progress line while it builds, and how it stands."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType
from typing import TextIO

from colotui.lab.lab import LabState
from colotui.lab.layout import DEFAULT_NAME, HOSTS

_WIDTH = 24


class Bar:
    """Progress: one line that changes on a terminal, a line now and then elsewhere. For `with`."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._live = self._out.isatty()
        self._begun = time.monotonic()
        self._shown = ""
        self._tenth = -1
        self._last = 0.0

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live and self._shown:
            self._out.write("\r\x1b[K")
            self._out.flush()

    def __call__(self, text: str, part: float) -> None:
        """Say what is being done."""
        seconds = time.monotonic() - self._begun
        if part >= 1.0 and not self._shown:
            return  # there was nothing to do
        if not self._live:
            if int(part * 10) > self._tenth:
                self._tenth = int(part * 10)
                self._out.write(f"lab: {part:4.0%} {seconds:4.0f} s  {text}\n")
                self._out.flush()
                self._shown = text
            return
        now = time.monotonic()
        if now - self._last < 0.05 and part < 1.0:
            return
        self._last = now
        full = round(part * _WIDTH)
        line = f"lab  {'#' * full}{'.' * (_WIDTH - full)} {part:4.0%} {seconds:4.0f} s  {text}"
        self._shown = line
        self._out.write("\r" + line[: shutil.get_terminal_size((80, 24)).columns - 1] + "\x1b[K")
        self._out.flush()


def describe(state: LabState, name: str) -> str:
    """How the lab stands, for a person."""
    call = "colotui lab" if name == DEFAULT_NAME else f"colotui lab --name {name}"
    cut = ", ".join(state.cut) or "none"
    lines = [f"The lab {state.name} is up{' (bare)' if state.bare else ''}. Pair file: {state.pair}"]
    for host in HOSTS:
        found = state.hosts[host]
        lines.append(f"  {host:<6} {'on ' if found.on else 'off'}  {found.address}")
    lines += [
        f"  client      {state.net.service(1)}, guest {state.net.guest}, cut links: {cut}",
        f"  cockpit     colotui -c {state.pair}",
        f"  take down   {call} down",
    ]
    return "\n".join(lines)

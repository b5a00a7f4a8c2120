"""Starts the agent on the host: all operations by name, stdin to stdout."""

from __future__ import annotations

import os
import sys
import threading
from typing import BinaryIO

from colotui.host.agent import cable, ethtool, files, follow, ports, processes, streams, transfer
from colotui.host.agent.core import Agent, Operation


def main(source: BinaryIO) -> None:
    """Serve the cockpit at the other end of `source` and stdout until it is gone."""
    # frames own the real stdout; whatever prints by accident must not break them
    sink = os.dup(1)
    os.set_inheritable(sink, False)
    os.dup2(2, 1)
    os.chdir("/")
    threading.stack_size(512 << 10)
    sys.setswitchinterval(0.002)
    short: dict[str, Operation] = {}
    long: dict[str, Operation] = {}
    for module in (files, processes, streams, follow, ethtool, ports, cable, transfer):
        short.update(getattr(module, "SHORT", {}))
        long.update(getattr(module, "LONG", {}))
    Agent(source, sink, short, long).serve()

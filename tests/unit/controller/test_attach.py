"""A cockpit that comes to a running pair: what it has not read yet proves nothing."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from colotui.controller.guest import GuestWatch
from colotui.host.channel import Host
from colotui.model.checkpoint import Cause, Checkpoint
from colotui.model.incident import Kind
from tests.unit.diagnosis.cases import PRIMARY, SECONDARY
from tests.unit.diagnosis.checksample import pair


async def test_old_end_of_a_half_read_log_is_no_stalled_lockstep() -> None:
    now = time.time()
    two = pair()
    hosts = {spec.name: Host(spec) for spec in two.hosts}
    watch = GuestWatch(two, two.guests[0], hosts, lambda _event: None, lambda: None)
    watch.copies = {copy.host: replace(copy, seen_at=now) for copy in (PRIMARY, SECONDARY)}
    for event in watch.asked.values():
        event.set()
    log: Any = SimpleNamespace(caught_up=asyncio.Event(), trace=SimpleNamespace(unended=None))
    watch.engine._watchers["alpha"] = (77, log)
    watch.engine.history.trace([Checkpoint(now - 300.0, Cause.PERIODIC, 9.0, 40)])
    half = watch.evidence()
    assert half.last_checkpoint is None
    assert not half.stalled
    assert not any(found.kind is Kind.STALLED for found in half.incidents)
    log.caught_up.set()
    read = watch.evidence()
    assert read.stalled
    assert any(found.kind is Kind.STALLED for found in read.incidents)

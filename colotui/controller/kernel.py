"""Follows the kernel log of a host and hands on the lines that may explain an incident, and how many were lost."""

from __future__ import annotations

import time
from collections.abc import Callable

from colotui.errors import HostError
from colotui.host import kmsg
from colotui.host.channel import Host
from colotui.model.incident import Fact, Source

PATH = "/dev/kmsg"


async def follow(host: Host, witness: Callable[[Fact], None]) -> None:
    """Follow from now on until the channel ends or the task is cancelled. Without the right to read it: say so once.

    Only new records are read, so the time of reading is the time of the line.
    """
    lost = 0
    try:
        async with host.tail(PATH, -1) as tail:
            async for data in tail:
                now = time.time()
                if tail.lost > lost:
                    missed, lost = tail.lost - lost, tail.lost
                    words = f"{missed} records were overwritten before they could be read"
                    witness(Fact(now, host.name, Source.KERNEL, "lost", words, float(missed)))
                record = kmsg.parse(data)
                if record is not None and record.what:
                    witness(Fact(now, host.name, Source.KERNEL, record.what, record.text))
    except HostError as error:
        witness(Fact(time.time(), host.name, Source.KERNEL, "unread", error.what))

"""The second witness: can each host reach the other over the forward link, asked from the host itself."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Mapping

from colotui.errors import HostError
from colotui.host.channel import Host
from colotui.model.pair import Pair
from colotui.model.protection import HOST_TO_HOST, Witness

PERIOD = 2.0
"""Seconds between two questions: one small packet each way."""

_RTT = re.compile(r"time=(\d{1,9}(?:\.\d{1,9})?) ms")


class ForwardWatch:
    """Pings the peer's forward address from each host. `witnesses` by the host that asked."""

    def __init__(self, pair: Pair, hosts: Mapping[str, Host]) -> None:
        self._pair = pair
        self._hosts = hosts
        self.witnesses: dict[str, Witness] = {}

    async def follow(self, name: str) -> None:
        """Ask from `name` until the channel ends or the task is cancelled."""
        spec, peer = self._pair.host(name), self._pair.other(name)
        argv = ["ping", "-n", "-c", "1", "-W", "1", "-I", spec.forward.nic, peer.forward.address]
        with contextlib.suppress(HostError):
            while True:
                result = await self._hosts[name].run(argv, timeout=4, check=False)
                match = _RTT.search(result.stdout)
                if match:
                    text, verdict = f"{peer.name} answers over {spec.forward.nic} in {match.group(1)} ms", True
                else:
                    text, verdict = f"{peer.name} does not answer over {spec.forward.nic}", False
                rtt = float(match.group(1)) if match else None
                self.witnesses[name] = Witness(HOST_TO_HOST, name, text, verdict, time.time(), rtt)
                await asyncio.sleep(PERIOD)

"""One host that is being prepared, and how a step on it is made: check, remember, apply, undo."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from colotui.errors import HostCallFailed
from colotui.host.channel import Host, load_netlink
from colotui.model.pair import HostSpec, Pair
from colotui.model.plan import Step
from colotui.model.survey import HostSurvey
from colotui.setup.ledger import Ledger

SEED = "seed.txt"

Before = Callable[[], Awaitable[Mapping[str, Any]]]
Restore = Callable[[Mapping[str, Any]], Awaitable[str]]
Note = Callable[[str], None]


@dataclass(slots=True)
class Site:
    """One host of `pair`, reached through `host`. `survey` is what was found there when the plan was made.

    Steps look anew when they run: the survey only says which steps make sense. `note` shows a live remark
    ("62 % of 256 MiB") while a step runs.
    """

    pair: Pair
    spec: HostSpec
    host: Host
    survey: HostSurvey
    ledger: Ledger
    note: Note = field(default=lambda _text: None)

    @property
    def name(self) -> str:
        """The host's name in the pair file."""
        return self.spec.name

    @property
    def peer(self) -> HostSpec:
        """The other host."""
        return self.pair.other(self.name)

    @contextlib.asynccontextmanager
    async def net(self, what: str) -> AsyncIterator[Any]:
        """pyroute2 on that host. The kernel's refusal becomes HostCallFailed that says `what` was refused."""
        await load_netlink()
        from pyroute2.netlink.exceptions import NetlinkError

        try:
            async with await self.host.netlink() as net:
                yield net
        except NetlinkError as error:
            why = os.strerror(error.code) if error.code else str(error)
            raise HostCallFailed(self.name, f"{what}: {why}", error.code or 5, "Retry, or undo.") from error


def kept_step(
    site: Site,
    key: str,
    title: str,
    command: str,
    why: str,
    *,
    check: Callable[[], Awaitable[bool]],
    apply: Callable[[], Awaitable[str]],
    before: Before,
    restore: Restore,
    script: tuple[str, ...],
    undo_command: str,
    source: str,
    at_boot: bool = False,
    durable: bool = False,
    ledger_key: str = "",
    weighty: bool = False,
) -> Step:
    """A step whose undo puts back what `before` found, on whatever run: that is kept on the host first.

    `script` are the shell lines that do the same by hand, as root, and may be run twice. `at_boot`: these lines
    must run again after every boot. `durable`: what it sets outlives a reboot, so its undo does too; of the others
    nothing is left after one. `restore` may be called again after it was cut off half-way, and must then end the same.
    """
    name = ledger_key or key

    async def do() -> str:
        await site.ledger.remember(name, await before())
        return await apply()

    async def undo() -> str:
        entry = await site.ledger.recall(name)
        if entry is None:
            return "nothing was changed here"
        text = "gone with the last boot"
        if entry.same_boot or durable:
            text = await restore(entry.before)
        await site.ledger.forget(name)
        return text

    return Step(key, site.name, title, command, why, do, check=check, undo=undo, undo_command=undo_command,
                source=source, weighty=weighty, script=script, at_boot=at_boot, kept=name)  # fmt: skip

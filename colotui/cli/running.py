"""While a plan runs: Ctrl-C and the end of the terminal ask it to stop at a safe point, they do not cut it off."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator

from colotui.cli import failure
from colotui.cli.term import Term

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def stopping_safely(cancel: Callable[[], str | None], out: Term) -> Iterator[None]:
    """`cancel` asks the plan to stop; the reason why it cannot, or None."""

    def asked() -> None:
        out.flush()
        reason = cancel()
        failure.say(f"colotui: it goes on: {reason}." if reason else "colotui: it stops at the next safe point.")

    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, asked)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)

"""A cockpit that switches the packet capture on and is then killed: python -m tests.lab.capture_victim PAIR."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from tests.lab.drive import GUEST, Drive


async def main(path: str) -> None:
    """Switch it on and die without a word."""
    async with Drive(path) as drive:
        await drive.controller.capture(GUEST, True)
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
